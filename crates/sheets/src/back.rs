//! Whether a record says what a cell said. It reads FHIR by its own paths and shares nothing with what wrote the record, so
//! that a field that went to the wrong place, or nowhere, is found.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::field::Field;
use crate::names::name_of;
use crate::record::{Cell, SOURCE};

/// Whether `record`, a FHIR resource of the kind that has the field, says what the cell does. References to patients name
/// them by other ids in the store, and are checked by whoever knows those.
pub fn says(record: &Value, cell: &Cell) -> bool {
    let says = cell.says.as_str();
    let at = |path: &str| record.pointer(path).and_then(Value::as_str) == Some(says);
    match cell.field {
        Field::Id => list(record, "/identifier").any(|one| {
            one["value"] == says && one["system"].as_str().is_some_and(|system| system.starts_with(SOURCE))
        }),
        Field::Patient => true,
        Field::Name => official(record).is_some_and(|name| name["text"] == says),
        Field::LastName => official(record).is_some_and(|name| name["family"] == says),
        Field::FirstName => official(record).is_some_and(|name| name["given"][0] == says),
        // It comes after the first name, if there is one.
        Field::MiddleName => official(record)
            .and_then(|name| name["given"].as_array()?.last())
            .is_some_and(|last| last == says),
        Field::PreferredName => {
            list(record, "/name").any(|name| name["use"] == "nickname" && name["given"][0] == says)
        }
        Field::Suffix => official(record).is_some_and(|name| name["suffix"][0] == says),
        Field::BirthDate => at("/birthDate"),
        Field::Sex => at("/gender"),
        Field::Phone => reached(record, "phone", Some("home"), says),
        Field::Mobile => reached(record, "phone", Some("mobile"), says),
        Field::Mail => reached(record, "email", None, says),
        Field::Street => at("/address/0/line/0"),
        Field::StreetMore => list(record, "/address/0/line").last().is_some_and(|line| line == says),
        Field::City => at("/address/0/city"),
        Field::State => at("/address/0/state"),
        Field::PostalCode => at("/address/0/postalCode"),
        Field::Country => at("/address/0/country"),
        Field::Language => at("/communication/0/language/text"),
        Field::MaritalStatus => at("/maritalStatus/text"),
        Field::Deceased => at("/deceasedDateTime"),
        Field::Physician => at("/generalPractitioner/0/display"),
        Field::Relationship => at("/relationship/0/text"),
        Field::Emergency => {
            let called = list(record, "/relationship").any(|one| {
                one.pointer("/coding").and_then(Value::as_array).into_iter().flatten().any(|coding| {
                    coding["code"] == "C"
                        && coding["system"].as_str().is_some_and(|system| system.ends_with("v2-0131"))
                })
            });
            called.to_string() == says
        }
        Field::Medication => at("/medicationCodeableConcept/text"),
        Field::Dose => record
            .pointer("/dosage/0/text")
            .and_then(Value::as_str)
            .and_then(|text| text.strip_prefix(says))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(", ")),
        Field::Route => at("/dosage/0/route/text"),
        Field::Frequency => at("/dosage/0/timing/code/text"),
        Field::Instructions => at("/dosage/0/patientInstruction"),
        Field::Reason => at("/reasonCode/0/text"),
        Field::Prescriber => at("/informationSource/display"),
        Field::Start => at("/effectivePeriod/start"),
        Field::End => at("/effectivePeriod/end"),
        Field::MedicationStatus => at("/status"),
        Field::Substance => at("/code/text"),
        Field::Reaction => at("/reaction/0/manifestation/0/text"),
        Field::Severity => at("/reaction/0/severity"),
        Field::Category => at("/category/0"),
        Field::Onset => at("/onsetDateTime"),
        Field::AllergyStatus => at("/clinicalStatus/coding/0/code"),
        Field::Written => at("/date"),
        Field::Title => at("/description"),
        Field::Author => at("/author/0/display"),
        Field::Text => record
            .pointer("/content/0/attachment/data")
            .and_then(Value::as_str)
            .and_then(|data| STANDARD.decode(data).ok())
            .is_some_and(|bytes| bytes == says.as_bytes()),
        Field::Remark => at("/note/0/text"),
    }
}

/// Whether a record refers to this patient (`Patient/<id>`) as the one whose it is.
pub fn is_of(record: &Value, patient: &str) -> bool {
    let reference = record.pointer("/patient/reference").or_else(|| record.pointer("/subject/reference"));
    reference.and_then(Value::as_str) == Some(patient)
}

/// The id that the source's name of the cell's patient has in a document, where the cell names one.
pub fn patient_named(cells: &[Cell]) -> Option<String> {
    cells.iter().find(|cell| cell.field == Field::Patient).map(|cell| name_of(&cell.says))
}

fn list<'a>(record: &'a Value, path: &str) -> impl DoubleEndedIterator<Item = &'a Value> {
    record.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

fn official(record: &Value) -> Option<&Value> {
    list(record, "/name").find(|name| name["use"] == "official")
}

fn reached(record: &Value, system: &str, usual: Option<&str>, says: &str) -> bool {
    list(record, "/telecom").any(|point| {
        point["system"] == system && point["value"] == says && usual.is_none_or(|usual| point["use"] == usual)
    })
}
