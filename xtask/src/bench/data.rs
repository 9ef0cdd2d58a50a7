//! What the bench asks for: found in the installation itself, through its own interface.

use std::cmp::Reverse;

use serde_json::Value;

use super::Fallible;
use super::http::{Caller, Connection};

/// The base of the FHIR interface.
pub(super) const FHIR: &str = "/fhir/R4";

/// How many people are looked at.
const PATIENTS: usize = 200;

/// Records of how many of them.
const CHARTS: usize = 40;

/// The sample.
pub(super) struct Data {
    /// `Type/id` of records of every kind.
    pub(super) addresses: Vec<String>,
    /// Patients as the server gives them.
    pub(super) patients: Vec<Value>,
    /// `system|value` of identifiers that one patient has.
    pub(super) identifiers: Vec<String>,
    /// Family names.
    pub(super) families: Vec<String>,
    /// A patient's id, a code as `system|code`, and how many observations of it were seen; those of most first.
    pub(super) series: Vec<(String, String, usize)>,
    /// By patient: what a visit consists of.
    pub(super) visits: Vec<Vec<Value>>,
    /// The address of the facility's shift.
    pub(super) shift: String,
}

/// Looks around.
///
/// # Errors
/// When there is too little to measure with.
pub(super) async fn look(caller: &Caller, facility: &str) -> Fallible<Data> {
    let mut connection = caller.connect().await?;
    let patients = pages(caller, &mut connection, "Patient?_count=100", PATIENTS).await?;
    let (mut addresses, mut series, mut visits) = (Vec::new(), Vec::new(), Vec::new());
    for patient in patients.iter().take(CHARTS) {
        let id = text(patient, "id");
        addresses.push(format!("Patient/{id}"));
        let mut visit = Vec::new();
        let kinds = [
            ("Encounter", 1),
            ("Condition", 3),
            ("Procedure", 3),
            ("MedicationRequest", 3),
            ("Observation", 500),
        ];
        for (rtype, wanted) in kinds {
            let query = format!("{rtype}?patient={id}&_count={}", wanted.min(100));
            let found = pages(caller, &mut connection, &query, wanted).await?;
            addresses.extend(found.iter().take(20).map(|record| format!("{rtype}/{}", text(record, "id"))));
            if rtype == "Observation" {
                series.extend(codes(&found).into_iter().map(|(code, count)| (id.to_owned(), code, count)));
            }
            visit.extend(found.into_iter().take(20));
        }
        visits.push(visit);
    }
    series.sort_by_key(|(_, _, count)| Reverse(*count));
    series.truncate(100);
    visits.retain(|visit| visit.len() > 10);
    let identifiers = patients.iter().filter_map(identifier).collect::<Vec<_>>();
    let families: Vec<String> =
        patients.iter().filter_map(|p| p["name"][0]["family"].as_str()).map(str::to_owned).collect();
    let shift = format!("/api/facilities/{}/shift", escape(facility));
    let data = Data { addresses, patients, identifiers, families, series, visits, shift };
    if data.identifiers.is_empty()
        || data.families.is_empty()
        || data.series.is_empty()
        || data.visits.is_empty()
    {
        return Err("the installation has too few people and records to measure with".into());
    }
    Ok(data)
}

/// The resources of a search, page after page.
async fn pages(
    caller: &Caller,
    connection: &mut Connection,
    query: &str,
    wanted: usize,
) -> Fallible<Vec<Value>> {
    let mut found = Vec::new();
    let mut target = format!("{FHIR}/{query}");
    while found.len() < wanted {
        let mut page = connection.ask(&caller.get(&target)).await?.json(200)?;
        if let Some(entries) = page["entry"].as_array_mut() {
            found.extend(entries.iter_mut().map(|entry| entry["resource"].take()));
        }
        let links = page["link"].as_array().map_or(&[][..], Vec::as_slice);
        let next = links.iter().find(|link| link["relation"] == "next").and_then(|link| link["url"].as_str());
        match next.and_then(|url| Some(&url[url.find(FHIR)?..])) {
            Some(next) => next.clone_into(&mut target),
            None => break,
        }
    }
    found.truncate(wanted);
    Ok(found)
}

/// The codes of observations, and how often each comes.
fn codes(observations: &[Value]) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for observation in observations {
        let coding = &observation["code"]["coding"][0];
        if let (Some(system), Some(code)) = (coding["system"].as_str(), coding["code"].as_str()) {
            *counts.entry(format!("{system}|{code}")).or_default() += 1;
        }
    }
    counts.into_iter().collect()
}

/// The first identifier of a patient that is no number of somebody else's (an insurer's may serve a couple).
fn identifier(patient: &Value) -> Option<String> {
    let identifiers = patient["identifier"].as_array()?.iter();
    let mut complete = identifiers.filter_map(|one| Some((one["system"].as_str()?, one["value"].as_str()?)));
    complete.next().map(|(system, value)| format!("{system}|{value}"))
}

/// A member as text, or nothing.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// A value in a query (RFC 3986, section 2).
pub(super) fn escape(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_a_query_are_escaped() {
        assert_eq!(escape("http://loinc.org|8867-4"), "http%3A%2F%2Floinc.org%7C8867-4");
        assert_eq!(escape("Núñez"), "N%C3%BA%C3%B1ez");
    }

    #[test]
    fn observations_are_counted_by_code() {
        let of = |code: &str| json!({"code": {"coding": [{"system": "s", "code": code}]}});
        let counted = codes(&[of("a"), of("b"), of("a"), json!({"code": {"text": "none"}})]);
        assert_eq!(counted, [("s|a".to_owned(), 2), ("s|b".to_owned(), 1)]);
    }
}
