//! Decides whether a resource satisfies a clause.

use rust_decimal::Decimal;

use super::extract::{read, target, walk};
use super::table::{Component, Kind, Param};
use super::value::{Comparison, NumberQuery, Predicate, Reference, System};
use super::{Clause, Found, Indexed, Modifier, Range, Subject, Target, date, normalize};
use crate::ResourceType;
use crate::json::Node;

/// Does the resource `root`, with the values [`super::extract`] found in it, satisfy the clause?
///
/// `_id` and `_lastUpdated` are judged on the body (`id`, `meta.lastUpdated`); a store that keeps them outside it
/// answers those clauses itself.
pub fn matches(clause: &Clause, root: &Node<'_>, found: &[Found<'_>]) -> bool {
    let any = |test: &dyn Fn(&Predicate) -> bool| clause.any.iter().any(test);
    match clause.param {
        Subject::Id => any(&|p| matches!(p, Predicate::Id(id) if root.text("id") == Some(id))),
        Subject::LastUpdated => {
            let updated = root.get("meta").and_then(|m| m.text("lastUpdated")).and_then(date::range);
            updated.is_some_and(|range| any(&|p| one(None, p, &Indexed::Date(range), &[])))
        }
        Subject::Param(param) if param.kind == Kind::Composite => any(&|p| composite(param, p, root)),
        Subject::Param(param) => {
            let values = || found.iter().filter(|f| param.paths.contains(&f.path)).map(|f| &f.value);
            match clause.modifier {
                Some(Modifier::Missing) => {
                    let present = values().any(|v| leads(v, param.targets));
                    any(&|p| matches!(p, Predicate::Missing(missing) if *missing != present))
                }
                Some(Modifier::Not) => !any(&|p| values().any(|v| one(None, p, v, param.targets))),
                modifier => any(&|p| values().any(|v| one(modifier, p, v, param.targets))),
            }
        }
    }
}

/// Does one value satisfy one alternative of the clause? [`Modifier::Not`] and [`Modifier::Missing`] are about all
/// values of a resource and not decided here; nor are composites.
pub fn matches_predicate(
    param: &Param,
    modifier: Option<Modifier>,
    predicate: &Predicate,
    value: &Indexed<'_>,
) -> bool {
    one(modifier, predicate, value, param.targets)
}

/// Is there an element whose parts satisfy the predicates one by one?
fn composite(param: &'static Param, predicate: &Predicate, root: &Node<'_>) -> bool {
    let Predicate::Composite(predicates) = predicate else { return false };
    let mut matched = false;
    walk(&param.elements, root, &mut |_, element| {
        matched = matched
            || param
                .components
                .iter()
                .zip(predicates)
                .all(|(part, p)| component(part, p, if part.absolute { root } else { element }));
    });
    matched
}

fn component(part: &'static Component, predicate: &Predicate, start: &Node<'_>) -> bool {
    let mut matched = false;
    walk(&part.level, start, &mut |emit, node| {
        read(emit.form, node, &mut |value| matched = matched || one(None, predicate, &value, part.targets));
    });
    matched
}

fn one(
    modifier: Option<Modifier>,
    predicate: &Predicate,
    value: &Indexed<'_>,
    targets: &[ResourceType],
) -> bool {
    match (predicate, value) {
        (Predicate::Token { system, code }, Indexed::Token { system: s, code: c, .. }) => {
            token(system, code.as_deref(), s.as_deref(), c.as_deref())
        }
        (
            Predicate::Token { system, code },
            Indexed::Reference(Target::Logical { system: s, value: v, .. }),
        ) => leads(value, targets) && token(system, code.as_deref(), *s, Some(v)),
        (
            Predicate::OfType { system, code, value },
            Indexed::TypedIdentifier { system: s, code: c, value: v },
        ) => s.unwrap_or_default() == system && c == code && v == value,
        (Predicate::Text(asked), Indexed::Token { text, .. }) => {
            text.is_some_and(|t| normalize(t).starts_with(&normalize(asked)))
        }
        (Predicate::Text(asked), Indexed::String(text)) => match modifier {
            Some(Modifier::Exact) => asked == text,
            Some(Modifier::Contains) => normalize(text).contains(&normalize(asked)),
            _ => normalize(text).starts_with(&normalize(asked)),
        },
        (Predicate::Date { comparison, range }, Indexed::Date(value)) => dates(*comparison, *range, *value),
        (Predicate::Reference(asked), Indexed::Reference(target)) => {
            reference(asked, target) && leads(value, targets)
        }
        (Predicate::Number(asked), Indexed::Number { low, high }) => numbers(asked, *low, *high),
        (
            Predicate::Quantity { number, system, unit },
            Indexed::Quantity { low, high, system: s, code, unit: u },
        ) => {
            let same_system = system.as_deref().is_none_or(|system| *s == Some(system));
            let same_unit = unit
                .as_deref()
                .is_none_or(|unit| *code == Some(unit) || (system.is_none() && *u == Some(unit)));
            same_system && same_unit && numbers(number, *low, *high)
        }
        (Predicate::Uri(asked), Indexed::Uri(uri)) => match modifier {
            Some(Modifier::Below) => uri.starts_with(asked.as_str()),
            Some(Modifier::Above) => asked.starts_with(uri),
            _ => asked == uri,
        },
        _ => false,
    }
}

fn token(asked: &System, code: Option<&str>, system: Option<&str>, value: Option<&str>) -> bool {
    let same_system = match asked {
        System::Any => true,
        System::None => system.is_none(),
        System::Is(asked) => system == Some(asked),
    };
    same_system && (code.is_none() || code == value)
}

/// May the reference lead to one of the types? Other values always may. A URL tells its type by its last but one
/// segment, if it tells it at all.
fn leads(value: &Indexed<'_>, targets: &[ResourceType]) -> bool {
    let Indexed::Reference(target) = value else { return true };
    let rtype = match target {
        Target::Local { rtype, .. } => Some(*rtype),
        Target::Logical { rtype, .. } => *rtype,
        Target::Url(url) => tail_type(url),
        Target::Urn(_) => None,
    };
    rtype.is_none_or(|rt| targets.contains(&rt))
}

/// The type in `https://host/base/Type/id`.
fn tail_type(url: &str) -> Option<ResourceType> {
    let mut end = url.split('|').next().unwrap_or(url);
    if let Some((before, _)) = end.split_once("/_history/") {
        end = before;
    }
    let (rest, id) = end.rsplit_once('/')?;
    let (_, name) = rest.rsplit_once('/')?;
    ResourceType::parse(name)
        .filter(|_| matches!(target(&format!("{name}/{id}")), Some(Target::Local { .. })))
}

fn reference(asked: &Reference, found: &Target<'_>) -> bool {
    match (asked, found) {
        (Reference::Id { types, id }, Target::Local { rtype, id: found }) => {
            types.contains(rtype) && id == found
        }
        (Reference::Url(asked), Target::Url(url) | Target::Urn(url)) => asked == url,
        _ => false,
    }
}

/// Compares ranges: <https://hl7.org/fhir/R4/search.html#prefix>.
fn dates(comparison: Comparison, asked: Range, value: Range) -> bool {
    let equal = asked.contains(value);
    match comparison {
        Comparison::Eq => equal,
        Comparison::Ne => !equal,
        Comparison::Gt => value.high > asked.high,
        Comparison::Lt => value.low < asked.low,
        Comparison::Ge => equal || value.high > asked.high,
        Comparison::Le => equal || value.low < asked.low,
        Comparison::Sa => value.low >= asked.high,
        Comparison::Eb => value.high <= asked.low,
        Comparison::Ap => asked.overlaps(value),
    }
}

/// Compares a number with a value or the ends of a range; an end left out is unbounded.
fn numbers(asked: &NumberQuery, low: Option<Decimal>, high: Option<Decimal>) -> bool {
    let equal = low.is_some_and(|l| l >= asked.low) && high.is_some_and(|h| h < asked.high);
    let equal = equal || (low.is_some() && low == high && low == Some(asked.value));
    match asked.comparison {
        Comparison::Eq => equal,
        Comparison::Ne => !equal,
        Comparison::Gt => high.is_none_or(|h| h > asked.value),
        Comparison::Lt => low.is_none_or(|l| l < asked.value),
        Comparison::Ge => high.is_none_or(|h| h >= asked.value),
        Comparison::Le => low.is_none_or(|l| l <= asked.value),
        Comparison::Sa => low.is_some_and(|l| l > asked.value),
        Comparison::Eb => high.is_some_and(|h| h < asked.value),
        Comparison::Ap => low.is_none_or(|l| l <= asked.high) && high.is_none_or(|h| h >= asked.low),
    }
}
