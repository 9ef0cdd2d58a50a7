//! Orders resources in memory, for result sets small enough to hold: <https://hl7.org/fhir/R4/search.html#sort>.

use rust_decimal::Decimal;

use super::{Found, Indexed, SortKey, Subject, Target, normalize};

/// What one resource is ordered by under one key. Values of one parameter are all of one variant, or nearly so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortValue {
    /// Microseconds since 1970 UTC.
    Date(i64),
    /// A number, or a quantity in whatever unit it has.
    Number(Decimal),
    /// Normalized text, or a code, reference or URI as written.
    Text(String),
}

/// The least value the key finds in the resource, or the greatest when descending. `None` when it finds none, and
/// for `_id` and `_lastUpdated`, which the store knows. Resources without a value belong last in either order.
pub fn sort_key(key: SortKey, found: &[Found<'_>]) -> Option<SortValue> {
    let Subject::Param(param) = key.by else { return None };
    let values = found.iter().filter(|f| param.paths.contains(&f.path));
    let values = values.filter_map(|f| value(&f.value, key.descending));
    if key.descending { values.max() } else { values.min() }
}

fn value(indexed: &Indexed<'_>, descending: bool) -> Option<SortValue> {
    let text = |s: &str| Some(SortValue::Text(s.to_owned()));
    match indexed {
        Indexed::Token { code: Some(code), .. } => text(code),
        Indexed::Token { .. } | Indexed::TypedIdentifier { .. } => None,
        Indexed::Reference(Target::Local { rtype, id }) => text(&format!("{}/{id}", rtype.as_str())),
        Indexed::Reference(Target::Url(s) | Target::Urn(s)) | Indexed::Uri(s) => text(s),
        Indexed::Reference(Target::Logical { value, .. }) => text(value),
        Indexed::Date(range) => Some(SortValue::Date(if descending { range.high } else { range.low })),
        Indexed::String(s) => Some(SortValue::Text(normalize(s))),
        Indexed::Quantity { low, high, .. } | Indexed::Number { low, high } => {
            let end = if descending { high.or(*low) } else { low.or(*high) };
            end.map(SortValue::Number)
        }
    }
}
