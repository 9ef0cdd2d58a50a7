//! Search: what a resource is found by, what a query asks, and whether the two agree.
//!
//! Semantics: <https://hl7.org/fhir/R4/search.html>. Parameters: every R4 SearchParameter, compiled by
//! `cargo xtask gen` into walks through JSON members. The store turns [`extract`]ed values into tokens, a parsed
//! [`Search`] into the same tokens, and asks [`matches`] about whatever its index cannot answer exactly.
//!
//! Where the specification leaves a choice:
//! - codes are compared case-sensitively, whatever their system says;
//! - dates and times without a zone are UTC;
//! - references are compared as written: an absolute URL is not mapped to a local id;
//! - quantities are compared in the unit they were recorded in, without conversion;
//! - `:missing` asks for a value search can use: what [`extract`] leaves out is missing.

mod date;
mod extract;
mod fault;
mod limits;
mod matching;
mod number;
mod query;
mod reads;
mod sort;
#[rustfmt::skip]
#[path = "../generated/search_params.rs"]
mod tables;
mod table;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use date::{Range, range};
pub use extract::{Found, Indexed, Target, extract};
pub use fault::Fault;
pub use limits::Limits;
pub use matching::{matches, matches_predicate};
pub use query::{Clause, Modifier, Search, SortKey, Subject, Summary, Total, parse, parse_known};
pub use reads::reads;
pub use sort::{SortValue, sort_key};
pub use table::{Component, Kind, Param, PathId};
pub use text::normalize;
pub use value::{Comparison, NumberQuery, Predicate, Reference, System};

use crate::ResourceType;

/// The parameters of a type: its own, then those of every resource (`_profile`, `_tag`, ...).
/// `_id` and `_lastUpdated` are no parameters here but clauses of their own ([`Subject`]).
pub fn params(rt: ResourceType) -> impl Iterator<Item = &'static Param> {
    table::of(rt).params.iter().chain(tables::COMMON.params)
}

/// The parameter `code` of a type.
pub fn param(rt: ResourceType, code: &str) -> Option<&'static Param> {
    let among =
        |params: &'static [Param]| params.binary_search_by(|p| p.code.cmp(code)).ok().map(|i| &params[i]);
    among(table::of(rt).params).or_else(|| among(tables::COMMON.params))
}

/// The paths that date a resource clinically, by preference: the first that has a value counts (a Condition's onset,
/// else when it was recorded). Rule: what R4's `date` parameter reads, except for the types in the generator's table
/// (`xtask/src/gen/search.rs`). Empty for types that happen at no time (Patient, Organization).
pub fn clinical_date(rt: ResourceType) -> &'static [PathId] {
    table::of(rt).dates
}
