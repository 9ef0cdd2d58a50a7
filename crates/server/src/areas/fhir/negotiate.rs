//! Media types and preferences: <https://hl7.org/fhir/R4/http.html#mime-type>, <https://hl7.org/fhir/R4/http.html#ops>.

use crate::http::{Call, Failure};

/// The media type of every answer.
pub(super) const FHIR_JSON: &str = "application/fhir+json";

/// What a caller wants back after a write (`Prefer: return=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Return {
    /// The resource as it now stands.
    #[default]
    Representation,
    /// Headers alone.
    Minimal,
    /// An OperationOutcome.
    Outcome,
}

/// Refuses a caller that takes no JSON.
///
/// # Errors
/// 406.
pub(crate) fn accepts_json(call: &Call, pairs: &[(String, String)]) -> Result<(), Failure> {
    let refused =
        || Failure::new(406, "not-supported", "this server speaks application/fhir+json, version 4.0");
    let mut formats = pairs.iter().filter(|(name, _)| name == "_format").peekable();
    if formats.peek().is_some() {
        // It overrides the header.
        return if formats.all(|(_, format)| is_json(format)) { Ok(()) } else { Err(refused()) };
    }
    let mut ranges = call.header_values("accept").flat_map(|value| value.split(',')).peekable();
    if ranges.peek().is_none() || ranges.any(admits_json) { Ok(()) } else { Err(refused()) }
}

/// Refuses a body that is not said to be JSON.
///
/// # Errors
/// 415.
pub(crate) fn brings_json(call: &Call) -> Result<(), Failure> {
    let refused = || Failure::new(415, "not-supported", "the body must be application/fhir+json");
    let given = call.header("content-type")?.ok_or_else(refused)?;
    let (media_type, parameters) = essence(given);
    let utf8 =
        parameters.clone().all(|(name, value)| name != "charset" || value.eq_ignore_ascii_case("utf-8"));
    let json = ["application/fhir+json", "application/json"]
        .iter()
        .any(|known| media_type.eq_ignore_ascii_case(known));
    if json && utf8 && is_r4(parameters) { Ok(()) } else { Err(refused()) }
}

/// Refuses a body that is not said to be a form.
///
/// # Errors
/// 415.
pub(super) fn brings_form(call: &Call) -> Result<(), Failure> {
    let given = call.header("content-type")?.map_or("", |given| essence(given).0);
    if given.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(());
    }
    Err(Failure::new(415, "not-supported", "the body must be application/x-www-form-urlencoded"))
}

/// What the caller prefers to get back.
pub(super) fn prefers(call: &Call) -> Return {
    let preferences = call.header_values("prefer").flat_map(|value| value.split([',', ';']));
    let returns = preferences.filter_map(|preference| preference.trim().strip_prefix("return="));
    let known = returns.filter_map(|value| match value.trim_matches('"') {
        "minimal" => Some(Return::Minimal),
        "representation" => Some(Return::Representation),
        "OperationOutcome" => Some(Return::Outcome),
        _ => None,
    });
    known.last().unwrap_or_default()
}

/// The media type and its parameters.
fn essence(text: &str) -> (&str, impl Iterator<Item = (&str, &str)> + Clone) {
    let (media_type, rest) = text.split_once(';').unwrap_or((text, ""));
    let parameters = rest.split(';').filter_map(|parameter| parameter.split_once('='));
    (media_type.trim(), parameters.map(|(name, value)| (name.trim(), value.trim().trim_matches('"'))))
}

fn admits_json(range: &str) -> bool {
    let (media_type, parameters) = essence(range);
    let zero = |value: &str| value.parse::<f32>().is_ok_and(|q| q <= 0.0);
    let wanted = !parameters.clone().any(|(name, value)| name.eq_ignore_ascii_case("q") && zero(value));
    wanted && (media_type == "*/*" || media_type == "application/*" || is_json(range))
}

fn is_json(format: &str) -> bool {
    let (media_type, parameters) = essence(format);
    // A plus that stood in an address arrives as a blank.
    let known = ["json", "application/json", "text/json", "application/fhir+json", "application/fhir json"];
    known.iter().any(|known| media_type.eq_ignore_ascii_case(known)) && is_r4(parameters)
}

fn is_r4<'a>(mut parameters: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    parameters.all(|(name, value)| !name.eq_ignore_ascii_case("fhirVersion") || value.starts_with("4.0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_admit_json() {
        for range in
            ["*/*", "application/*", "application/json", "application/fhir+json; fhirVersion=4.0; q=0.5"]
        {
            assert!(admits_json(range), "{range}");
        }
        for range in [
            "application/fhir+xml",
            "text/html",
            "application/json;q=0",
            "application/fhir+json;fhirVersion=5.0",
        ] {
            assert!(!admits_json(range), "{range}");
        }
    }
}
