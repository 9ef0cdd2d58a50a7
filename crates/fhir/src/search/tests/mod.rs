//! Search as a whole: the tables, each kind of parameter, queries, and properties.

mod kinds;
mod properties;
mod queries;
mod samples;
mod tables;

use super::{Clause, Fault, Limits, Search, extract, matches, parse};
use crate::ResourceType;
use crate::json::{self, Node};

/// 2024-01-01T00:00:00Z
const NOW: i64 = 1_704_067_200_000_000;

fn node(text: &str) -> Node<'_> {
    json::parse(text.as_bytes(), &json::Limits::default()).unwrap()
}

fn query<'q>(rt: ResourceType, pairs: &[(&'q str, &'q str)]) -> Result<Search, Vec<Fault>> {
    parse(rt, pairs.iter().copied(), &Limits::at(NOW))
}

fn clause(rt: ResourceType, name: &str, value: &str) -> Clause {
    let search = query(rt, &[(name, value)]).unwrap_or_else(|f| panic!("{name}={value}: {f:?}"));
    search.clauses.into_iter().next().unwrap()
}

/// Does the resource match `name=value`?
fn hits(resource: &str, name: &str, value: &str) -> bool {
    let root = node(resource);
    let rt = ResourceType::parse(root.text("resourceType").unwrap()).unwrap();
    matches(&clause(rt, name, value), &root, &extract(rt, &root))
}

/// Checks `name=value` lines against one resource: the first group must match, the second must not.
fn check(resource: &str, yes: &[&str], no: &[&str]) {
    for (lines, expected) in [(yes, true), (no, false)] {
        for line in lines {
            let (name, value) = line.split_once('=').unwrap();
            assert_eq!(hits(resource, name, value), expected, "{line}");
        }
    }
}
