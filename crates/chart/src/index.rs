//! Which tokens a resource is found by, and when it happened.
//!
//! A token is an HMAC under the organization's search key, cut to 64 bits, of a scope, a type, an element path and a
//! value. *Compartment tokens* have a patient as their scope and reveal nothing across patients; *facility tokens* have
//! a facility, serve searches over all patients, and are never made for sensitive classes (ADR 0004). The code alone is
//! in the token: a system that was asked for is compared on the opened body, which is shown anyway when it matches.

use db::keys::SearchKey;
use fhir::ResourceType;
use fhir::compartment::patient_paths;
use fhir::json::{Limits, parse};
use fhir::search::{Found, Indexed, PathId, Range, Target, clinical_date, extract};
use jiff::Timestamp;
use kernel::{DataClass, FacilityId, PatientId};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::directory;

/// Where a resource is and whose it is: what its tokens are scoped by.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    pub(crate) rtype: ResourceType,
    pub(crate) facility: FacilityId,
    pub(crate) patient: Option<PatientId>,
    pub(crate) class: DataClass,
}

/// A token row: the token and the instant it is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Token {
    pub(crate) token: i64,
    pub(crate) at: Timestamp,
}

/// What the index holds of a resource.
pub(crate) struct Index {
    pub(crate) starts_at: Timestamp,
    /// Equal to `starts_at` when the resource has no clinical date.
    pub(crate) ends_at: Timestamp,
    pub(crate) tokens: Vec<Token>,
}

/// 0001-01-01 and 9999-12-30, in microseconds: what both FHIR and our columns can say.
const EARLIEST: i64 = -62_135_596_800_000_000;
const LATEST: i64 = 253_402_128_000_000_000;

/// The instant of `micros`, or the nearest one that a column can hold.
pub(crate) fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros.clamp(EARLIEST, LATEST)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The instant at which a row stands: always below the end of time that searches without an end ask for.
fn place_in_time(micros: i64) -> Timestamp {
    instant(micros.min(LATEST - 1))
}

/// The clinical date range: of the first of the type's date elements that has a value.
fn clinical_range(rtype: ResourceType, found: &[Found<'_>]) -> Option<Range> {
    clinical_date(rtype).iter().find_map(|path| {
        found
            .iter()
            .filter(|one| one.path == *path)
            .filter_map(|one| if let Indexed::Date(range) = one.value { Some(range) } else { None })
            .reduce(|a, b| Range { low: a.low.min(b.low), high: a.high.max(b.high) })
    })
}

/// Indexes a resource, with the tokens of each of `keys`; `created_at` orders those without a clinical date.
pub(crate) fn index(keys: &[SearchKey], scope: Scope, found: &[Found<'_>], created_at: Timestamp) -> Index {
    let range = clinical_range(scope.rtype, found);
    let starts_at = range.map_or(created_at, |range| place_in_time(range.low));
    let ends_at = range.map_or(created_at, |range| instant(range.high.max(starts_at.as_microsecond() + 1)));
    let mut tokens = Vec::with_capacity(found.len() * 2 * keys.len());
    for key in keys {
        put_tokens(key, scope, found, starts_at, &mut tokens);
    }
    tokens.sort_unstable();
    tokens.dedup();
    Index { starts_at, ends_at, tokens }
}

/// The tokens of a stored record, whose place in time is known; `None` when it is no JSON of ours.
pub(crate) fn tokens_of(
    keys: &[SearchKey],
    scope: Scope,
    (body, limits): (&[u8], &Limits),
    starts_at: Timestamp,
) -> Option<Vec<Token>> {
    let root = parse(body, limits).ok()?;
    Some(index(keys, scope, &extract(scope.rtype, &root), starts_at).tokens)
}

fn put_tokens(
    key: &SearchKey,
    scope: Scope,
    found: &[Found<'_>],
    starts_at: Timestamp,
    tokens: &mut Vec<Token>,
) {
    for one in found {
        for (reach, value) in values(scope, one) {
            // A patient is looked for among patients, never among the records of one.
            if let (true, Some(patient)) =
                (reach.patient && scope.rtype != ResourceType::Patient, scope.patient)
            {
                let token = patient_token(key, scope.rtype, patient, one.path, &value);
                tokens.push(Token { token, at: starts_at });
            }
            if reach.facility {
                let token = facility_token(key, scope.rtype, scope.facility, one.path, &value);
                tokens.push(Token { token, at: starts_at });
            }
        }
        if let Indexed::Date(range) = one.value
            && !scope.class.is_sensitive()
            && !directory::follows(scope.rtype)
            && !clinical_date(scope.rtype).starts_with(&[one.path])
        {
            let value = if range.high.saturating_sub(range.low) > YEAR { Value::Period } else { Value::Date };
            let token = facility_token(key, scope.rtype, scope.facility, one.path, &value);
            tokens.push(Token { token, at: place_in_time(range.low) });
        }
    }
}

/// A value in the form that tokens are made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    /// A code, identifier value, boolean.
    Code(String),
    /// `Type/id`, or a URL as written.
    Reference(String),
    /// A URI as written.
    Uri(String),
    /// A magnitude, by quarter powers of two.
    Bucket(i16),
    /// A date other than the clinical one, no longer than [`YEAR`]; its beginning is beside the token.
    Date,
    /// A longer one.
    Period,
}

impl Value {
    fn parts(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Code(text) => (b'c', text.as_bytes().to_vec()),
            Self::Reference(text) => (b'r', text.as_bytes().to_vec()),
            Self::Uri(text) => (b'u', text.as_bytes().to_vec()),
            Self::Bucket(bucket) => (b'q', bucket.to_be_bytes().to_vec()),
            Self::Date => (b'd', Vec::new()),
            Self::Period => (b'l', Vec::new()),
        }
    }
}

/// 367 days in microseconds: longer than any date of year precision.
pub(crate) const YEAR: i64 = 367 * 86_400 * 1_000_000;

/// The bucket of ranges too wide for buckets of their own; every query for a quantity asks for it too.
pub(crate) const WIDE: i16 = i16::MAX;

struct Reach {
    patient: bool,
    facility: bool,
}

/// The tokens' values of one found value, and which scopes each gets.
fn values(scope: Scope, one: &Found<'_>) -> Vec<(Reach, Value)> {
    let open = !scope.class.is_sensitive();
    let unique = Reach { patient: !open, facility: open };
    match &one.value {
        Indexed::Token { code: Some(code), .. } => {
            let reach = if is_label(one.path) {
                Reach { patient: false, facility: open }
            } else if is_identifier(one.path) {
                unique
            } else {
                Reach { patient: true, facility: open }
            };
            vec![(reach, Value::Code(code.clone().into_owned()))]
        }
        Indexed::Reference(target) => match target {
            // The patient of the record is a column of its own.
            Target::Local { rtype: ResourceType::Patient, .. } if is_owner_path(scope.rtype, one.path) => {
                Vec::new()
            }
            Target::Local { rtype, id } => vec![(unique, Value::Reference(format!("{rtype}/{id}")))],
            Target::Url(text) | Target::Urn(text) => vec![(unique, Value::Reference((*text).to_owned()))],
            Target::Logical { .. } => Vec::new(),
        },
        Indexed::Uri(uri) => vec![(unique, Value::Uri((*uri).to_owned()))],
        Indexed::Quantity { low, high, .. } | Indexed::Number { low, high } if open => {
            buckets_between(*low, *high, 4)
                .unwrap_or_else(|| vec![WIDE])
                .into_iter()
                .map(|bucket| (Reach { patient: false, facility: true }, Value::Bucket(bucket)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Elements whose values are few and shared by most records: not worth a compartment token, because a patient's records
/// are few enough to look through.
pub(crate) fn is_label(path: PathId) -> bool {
    let key = path.key();
    let last = key.rsplit('.').next().unwrap_or(key);
    matches!(
        last,
        "status"
            | "intent"
            | "priority"
            | "use"
            | "active"
            | "gender"
            | "mode"
            | "language"
            | "security"
            | "tag"
            | "profile"
            | "outcome"
            | "verificationStatus"
            | "clinicalStatus"
    )
}

/// Whether the element is the one that says whose the record is.
pub(crate) fn is_owner_path(rtype: ResourceType, path: PathId) -> bool {
    let Some(first) = patient_paths(rtype).first() else { return false };
    let mut parts = path.key().split('.');
    parts.next() == Some(rtype.as_str()) && parts.eq(first.iter().copied())
}

pub(crate) fn is_identifier(path: PathId) -> bool {
    path.key().ends_with("identifier") || path.key().ends_with("Identifier")
}

/// The token of `value` for searches inside one patient.
pub(crate) fn patient_token(
    key: &SearchKey,
    rtype: ResourceType,
    patient: PatientId,
    path: PathId,
    value: &Value,
) -> i64 {
    let (kind, bytes) = value.parts();
    key.token(&[
        b"p",
        patient.0.as_bytes(),
        &rtype.code().to_be_bytes(),
        path.key().as_bytes(),
        &[kind],
        &bytes,
    ])
}

/// The token of `value` for searches over a facility.
pub(crate) fn facility_token(
    key: &SearchKey,
    rtype: ResourceType,
    facility: FacilityId,
    path: PathId,
    value: &Value,
) -> i64 {
    let (kind, bytes) = value.parts();
    key.token(&[
        b"f",
        &facility.0.to_be_bytes(),
        &rtype.code().to_be_bytes(),
        path.key().as_bytes(),
        &[kind],
        &bytes,
    ])
}

/// The bucket of a number: its sign and the quarter power of two below its magnitude.
fn bucket(number: Decimal) -> i16 {
    let magnitude = number.abs().to_f64().unwrap_or(f64::MAX);
    if magnitude < 1e-9 {
        return 0;
    }
    let quarter = (magnitude.log2() * 4.0).floor().clamp(-119.0, 400.0);
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range just above")]
    let step = quarter as i16 + 121;
    if number.is_sign_negative() { -step } else { step }
}

/// The buckets from `low` to `high`, or `None` when they are more than `most`.
pub(crate) fn buckets_between(low: Option<Decimal>, high: Option<Decimal>, most: usize) -> Option<Vec<i16>> {
    let first = low.map_or(-521, bucket);
    let last = high.map_or(521, bucket);
    let count = usize::try_from(i32::from(last) - i32::from(first) + 1).unwrap_or(0);
    (count <= most).then(|| (first..=last).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_the_order_of_numbers() {
        let numbers = ["-1000", "-3.5", "-0.01", "0", "0.004", "1", "1.1", "98.6", "120", "250000"];
        let buckets: Vec<i16> = numbers.iter().map(|n| bucket(n.parse().unwrap())).collect();
        assert!(buckets.is_sorted(), "{buckets:?}");
        let (low, high) = ("100".parse().unwrap(), "200".parse().unwrap());
        let between = buckets_between(Some(low), Some(high), 64).unwrap();
        assert!(between.contains(&bucket("120".parse().unwrap())));
        assert!(
            !between.contains(&bucket("98.6".parse::<Decimal>().unwrap().round()))
                || bucket(low) == bucket("99".parse().unwrap())
        );
        assert!(buckets_between(None, None, 64).is_none());
    }
}
