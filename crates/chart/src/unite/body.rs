//! What the bodies of two Patients become who are one person, and what a record becomes that goes from one to the other.

use fhir::ResourceType;
use fhir::bundle::Plan;
use fhir::json::{Limits, Node, Value, parse, quote};
use kernel::PatientId;

/// What of a Patient may be taken from the record that goes over, each with the members that make it up.
const CHOICES: [(&str, &[&str]); 13] = [
    ("name", &["name"]),
    ("telecom", &["telecom"]),
    ("gender", &["gender", "_gender"]),
    ("birthDate", &["birthDate", "_birthDate"]),
    ("deceased", &["deceasedBoolean", "_deceasedBoolean", "deceasedDateTime", "_deceasedDateTime"]),
    ("address", &["address"]),
    ("maritalStatus", &["maritalStatus"]),
    (
        "multipleBirth",
        &["multipleBirthBoolean", "_multipleBirthBoolean", "multipleBirthInteger", "_multipleBirthInteger"],
    ),
    ("photo", &["photo"]),
    ("contact", &["contact"]),
    ("communication", &["communication"]),
    ("generalPractitioner", &["generalPractitioner"]),
    ("extension", &["extension"]),
];

/// Whether `name` is something of a Patient that may be chosen.
pub(super) fn is_choice(name: &str) -> bool {
    CHOICES.iter().any(|(known, _)| *known == name)
}

fn bytes<'b>(body: &'b [u8], node: &Node<'_>) -> Option<&'b str> {
    std::str::from_utf8(body.get(node.span.start as usize..node.span.end as usize)?).ok()
}

fn object(members: &[(String, String)]) -> Vec<u8> {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{}:{value}", quote(key))).collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}

fn members(body: &[u8]) -> Option<Vec<(String, String)>> {
    let root = parse(body, &Limits::default()).ok()?;
    let member = |member: &fhir::json::Member<'_>| {
        Some((member.key.clone().into_owned(), bytes(body, &member.value)?.to_owned()))
    };
    root.members().iter().map(member).collect()
}

fn put(members: &mut Vec<(String, String)>, key: &str, value: Option<String>) {
    match (members.iter_mut().find(|(known, _)| known == key), value) {
        (Some(known), Some(value)) => known.1 = value,
        (None, Some(value)) => members.push((key.to_owned(), value)),
        (Some(_), None) => members.retain(|(known, _)| known != key),
        (None, None) => {}
    }
}

fn items(value: Option<&str>) -> Vec<String> {
    let Some(value) = value else { return Vec::new() };
    let Ok(root) = parse(value.as_bytes(), &Limits::default()) else { return Vec::new() };
    match &root.value {
        Value::Array(list) => {
            list.iter().filter_map(|item| bytes(value.as_bytes(), item).map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

fn value<'m>(members: &'m [(String, String)], key: &str) -> Option<&'m str> {
    members.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

/// `<https://hl7.org/fhir/R4/patient-definitions.html#Patient.link>`
fn link(other: PatientId, kind: &str) -> String {
    format!("{{\"other\":{{\"reference\":\"Patient/{other}\"}},\"type\":{}}}", quote(kind))
}

fn with_link(members: &mut Vec<(String, String)>, other: PatientId, kind: &str) {
    let mut links = without_links(value(members, "link"), other);
    links.push(link(other, kind));
    put(members, "link", Some(format!("[{}]", links.join(","))));
}

fn without_links(links: Option<&str>, other: PatientId) -> Vec<String> {
    let wanted = format!("Patient/{other}");
    let leads = |text: &String| {
        let Ok(root) = parse(text.as_bytes(), &Limits::default()) else { return false };
        root.get("other").and_then(|other| other.text("reference")) == Some(&wanted)
    };
    items(links).into_iter().filter(|text| !leads(text)).collect()
}

/// Who goes on: with the members named in `keep` as the other had them, all identifiers of both, and a link.
pub(super) fn survivor(own: &[u8], other: &[u8], absorbed: PatientId, keep: &[String]) -> Option<Vec<u8>> {
    let (mut own, other) = (members(own)?, members(other)?);
    for (_, keys) in CHOICES.iter().filter(|(name, _)| keep.iter().any(|wanted| wanted == name)) {
        for key in *keys {
            let theirs = value(&other, key).map(str::to_owned);
            put(&mut own, key, theirs);
        }
    }
    let mut identifiers = items(value(&own, "identifier"));
    for identifier in items(value(&other, "identifier")) {
        if !identifiers.contains(&identifier) {
            identifiers.push(identifier);
        }
    }
    if !identifiers.is_empty() {
        put(&mut own, "identifier", Some(format!("[{}]", identifiers.join(","))));
    }
    with_link(&mut own, absorbed, "replaces");
    Some(object(&own))
}

/// Who was merged: no longer in use, with a link to who goes on.
pub(super) fn absorbed(own: &[u8], survivor: PatientId) -> Option<Vec<u8>> {
    let mut own = members(own)?;
    put(&mut own, "active", Some("false".to_owned()));
    with_link(&mut own, survivor, "replaced-by");
    Some(object(&own))
}

/// A Patient without its links to another.
pub(super) fn parted(own: &[u8], other: PatientId) -> Option<Vec<u8>> {
    let mut own = members(own)?;
    let links = without_links(value(&own, "link"), other);
    put(&mut own, "link", (!links.is_empty()).then(|| format!("[{}]", links.join(","))));
    Some(object(&own))
}

/// A record whose references to one patient lead to another.
pub(super) fn readdressed(body: &[u8], from: PatientId, to: PatientId) -> Option<Vec<u8>> {
    let root = parse(body, &Limits::default()).ok()?;
    let mut plan = Plan::new();
    plan.assign(&format!("own/Patient/{from}"), ResourceType::Patient, &to.to_string());
    Some(plan.rewrite(body, &root, Some("own/Patient/1")).ok()?.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0190a000-0000-7000-8000-00000000000a";
    const B: &str = "0190a000-0000-7000-8000-00000000000b";

    fn id(text: &str) -> PatientId {
        text.parse().unwrap()
    }

    fn text(bytes: Option<Vec<u8>>) -> String {
        String::from_utf8(bytes.unwrap()).unwrap()
    }

    #[test]
    fn the_one_who_goes_on_has_what_was_chosen_and_all_identifiers() {
        let own = br#"{"resourceType":"Patient","name":[{"family":"Old"}],"birthDate":"1950-01-01",
            "identifier":[{"value":"1"}],"photo":[{"title":"x"}]}"#;
        let other = br#"{"resourceType":"Patient","name":[{"family":"New"}],"birthDate":"1950-01-02",
            "identifier":[{"value":"1"},{"value":"2"}]}"#;
        let keep = ["name".to_owned(), "photo".to_owned()];
        let made = text(survivor(own, other, id(A), &keep));
        assert!(made.contains("New") && !made.contains("Old") && made.contains("1950-01-01"));
        assert!(!made.contains("photo"), "what was chosen is not there");
        assert_eq!(made.matches(r#"{"value":"1"}"#).count(), 1);
        assert!(made.contains(r#"{"value":"2"}"#) && made.contains("replaces") && made.contains(A));
        let gone = text(absorbed(other, id(B)));
        assert!(gone.contains(r#""active":false"#) && gone.contains("replaced-by") && gone.contains(B));
        assert!(!text(parted(gone.as_bytes(), id(B))).contains("link"));
    }

    #[test]
    fn references_lead_to_the_other_and_all_else_stays() {
        let body = format!(
            r#"{{"resourceType":"Observation","valueQuantity":{{"value":1.50}},"subject":{{"reference":"Patient/{A}"}},
            "focus":[{{"reference":"Patient/{B}"}},{{"reference":"Patient/{A}/_history/2"}}],"note":[{{"text":"Patient/{A}"}}]}}"#
        );
        let made = text(readdressed(body.as_bytes(), id(A), id(B)));
        assert!(made.contains("1.50"));
        assert_eq!(made.matches(&format!(r#""reference":"Patient/{B}""#)).count(), 3);
        assert!(made.contains(&format!(r#""text":"Patient/{A}""#)), "words are no references");
    }
}
