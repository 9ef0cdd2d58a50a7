use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::{BadReading, DateOrder, Fault, Field, Kind, Made, Reading, Row, Wrong, name_of, says};

fn reading(kind: Kind, columns: &[Field]) -> Reading {
    Reading {
        kind,
        columns: columns.iter().copied().map(Some).collect(),
        dates: DateOrder::MonthFirst,
        source: "old-house".to_owned(),
        today: date(2026, 11, 23),
        zone: TimeZone::get("America/Chicago").unwrap(),
    }
}

fn row(cells: &[&str]) -> Row {
    Row { number: 2, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() }
}

fn made(reading: &Reading, cells: &[&str]) -> (Made, Value) {
    let made = reading.record(&row(cells)).unwrap_or_else(|faults| panic!("{faults:?}"));
    let document = serde_json::from_slice(&made.document).unwrap();
    (made, document)
}

fn faults(reading: &Reading, cells: &[&str]) -> Vec<(Option<u16>, Wrong)> {
    let faults: Vec<Fault> = reading.record(&row(cells)).expect_err("a fault");
    faults.iter().map(|fault| (fault.column, fault.wrong)).collect()
}

/// A cell of each field.
fn sample(field: Field) -> &'static str {
    match field {
        Field::BirthDate | Field::Start | Field::Onset => "3/4/1941",
        Field::End | Field::Deceased => "5/6/2020",
        Field::Sex => "F",
        Field::Phone => "555-201-3000",
        Field::Mobile => "555-201-3001",
        Field::Mail => "ann@mail.example",
        Field::Emergency => "yes",
        Field::MedicationStatus => "discontinued",
        Field::AllergyStatus => "resolved",
        Field::Severity => "severe",
        Field::Category => "drug",
        Field::Written => "1/2/2024 2:05 PM",
        Field::Text | Field::Instructions => "first line\nsecond line",
        field => field.key(),
    }
}

#[test]
fn every_field_of_every_kind_is_found_again_in_its_record_and_nowhere_else() {
    for kind in Kind::ALL {
        let columns: Vec<Field> = kind.fields().iter().map(|(field, _)| *field).collect();
        let cells: Vec<&str> = columns.iter().map(|field| sample(*field)).collect();
        let (made, document) = made(&reading(kind, &columns), &cells);
        assert_eq!(made.cells.len(), columns.len());
        for cell in &made.cells {
            assert!(says(&document, cell), "{kind:?} {:?} in {document}", cell.field);
            if cell.field != Field::Patient {
                let other = crate::Cell { says: format!("{}x", cell.says), ..cell.clone() };
                assert!(!says(&document, &other), "{kind:?} {:?}", cell.field);
            }
        }
    }
}

#[test]
fn a_patient_is_whom_the_row_says() {
    let patients = reading(Kind::Patients, &[Field::Id, Field::Name, Field::BirthDate]);
    let (one, document) = made(&patients, &["A 7", "Ash, Ann Mary", "3/4/1941"]);
    assert_eq!(document["name"][0]["family"], "Ash");
    assert_eq!(document["name"][0]["given"], serde_json::json!(["Ann", "Mary"]));
    assert_eq!(document["identifier"][0]["system"], "https://lamplight.health/fhir/source/old-house");
    assert_eq!(one.name, "A.207");
    let person = one.person.unwrap();
    assert_eq!((&*person.family, &*person.given, person.born), ("Ash", "Ann", Some(date(1941, 3, 4))));
    let (again, _) = made(&patients, &["A 7", "Ash, Ann Mary", "3/4/1941"]);
    assert_eq!(again.document, one.document);
}

#[test]
fn names_of_the_source_become_ids_without_meeting() {
    let keys = ["7", "A-7", "A.7", "A 7", "a7", "A/7", "A.207", "é", &"9".repeat(99), &"9".repeat(100)];
    let mut names: Vec<String> = keys.iter().map(|key| name_of(key)).collect();
    assert!(names.iter().all(|name| name.len() <= 64));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), keys.len());
}

#[test]
fn every_fault_is_named_by_its_column_and_no_value_is_repeated() {
    let patients = reading(
        Kind::Patients,
        &[Field::Id, Field::LastName, Field::BirthDate, Field::Sex, Field::Phone, Field::Mail, Field::Street],
    );
    let long = "x".repeat(301);
    let check =
        |cells: &[&str], expected: &[(Option<u16>, Wrong)]| assert_eq!(faults(&patients, cells), expected);
    check(&["", "Ash"], &[(Some(0), Wrong::Missing)]);
    check(&["7"], &[(Some(1), Wrong::Missing)]);
    check(&["7", "Ash", "2/30/1941"], &[(Some(2), Wrong::Date)]);
    check(&["7", "Ash", "2/3/41"], &[(Some(2), Wrong::ShortYear)]);
    check(&["7", "Ash", "1/1/2027"], &[(Some(2), Wrong::Future)]);
    check(&["7", "Ash", "1/1/1741"], &[(Some(2), Wrong::Past)]);
    check(&["7", "Ash", "", "lady"], &[(Some(3), Wrong::Sex)]);
    check(&["7", "Ash", "", "", "12", "ann"], &[(Some(4), Wrong::Phone), (Some(5), Wrong::Mail)]);
    check(&["7", "Ash", "", "", "", "", &long], &[(Some(6), Wrong::Long)]);
    check(&["7", "A\u{fffd}sh"], &[(Some(1), Wrong::Characters)]);
    check(&["7", "A\u{7}sh"], &[(Some(1), Wrong::Characters)]);
    check(&["7", "#N/A"], &[(Some(1), Wrong::Formula)]);
    for wrong in Wrong::ALL {
        assert_eq!(Wrong::of(wrong.key()), Some(*wrong));
        assert!(!wrong.words().is_empty());
    }
    let medications =
        reading(Kind::Medications, &[Field::Patient, Field::Medication, Field::Start, Field::End]);
    assert_eq!(faults(&medications, &["7", "Aspirin", "2/2/2024", "1/2/2024"]), [(Some(3), Wrong::Order)]);
}

#[test]
fn a_reading_that_cannot_be_is_refused() {
    let check = |reading: Reading| reading.check().err();
    assert_eq!(check(reading(Kind::Patients, &[Field::Id, Field::LastName])), None);
    assert_eq!(check(reading(Kind::Patients, &[Field::LastName])), Some(BadReading::Missing(&[Field::Id])));
    assert_eq!(
        check(reading(Kind::Patients, &[Field::Id, Field::LastName, Field::Id])),
        Some(BadReading::Twice(Field::Id))
    );
    assert_eq!(
        check(reading(Kind::Notes, &[Field::Patient, Field::Text, Field::Sex])),
        Some(BadReading::Foreign(Field::Sex))
    );
}

#[test]
fn rows_without_an_identifier_are_told_apart_by_what_they_are() {
    let allergies = reading(Kind::Allergies, &[Field::Patient, Field::Substance, Field::Severity]);
    let name = |cells: &[&str]| made(&allergies, cells).0.name;
    assert_eq!(name(&["7", "Latex", "mild"]), name(&["7", "Latex", "severe"]));
    assert_ne!(name(&["7", "Latex"]), name(&["8", "Latex"]));
    assert_ne!(name(&["7", "Latex"]), name(&["7", "Nuts"]));
}

#[test]
fn a_note_is_of_the_clock_on_the_wall_of_its_house() {
    let notes = reading(Kind::Notes, &[Field::Patient, Field::Written, Field::Text]);
    let date = |written: &str| made(&notes, &["7", written, "Slept well."]).1["date"].clone();
    assert_eq!(date("1/2/2024 2:05 PM"), "2024-01-02T14:05:00-06:00");
    assert_eq!(date("7/2/2024 2:05 PM"), "2024-07-02T14:05:00-05:00");
    assert_eq!(date("7/2/2024"), "2024-07-02T12:00:00-05:00");
}
