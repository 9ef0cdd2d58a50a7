//! Spreadsheets coming in from the command line.

use std::fs;

use serde_json::{Value, json};

use crate::house::{House, Server};

const INTO_OAK: [&str; 6] = ["import-sheet", "--organization", "oak", "--facility", "north", "--kind"];

fn sheet(house: &House, name: &str, text: &str) -> String {
    fs::write(house.path(name), text).unwrap();
    house.text(name)
}

#[test]
fn every_cell_that_comes_in_is_read_again_from_its_record() {
    let house = House::new("sheets");
    let _server = Server::start(&house, &[]);
    house.make_oak(&["north"]);
    let bring = |kind: &str, file: &str| house.json(&[&INTO_OAK[..], &[kind, "--json", file]].concat());
    let patients = "MRN;Last Name;First Name;DOB;Sex;Phone\n\
                    A/7;Ash;Ann;3/14/1941;F;555-201-3000\n\
                    A/8;Müller;Zoë;1/2/1938;f;555-201-3001\n";
    let patients = sheet(&house, "patients.csv", patients);
    let dry = house.json(&[&INTO_OAK[..], &["patients", "--json", "--dry-run", &patients]].concat());
    assert_eq!((&dry["created"], &dry["cells"]), (&json!(2), &json!(0)), "{dry}");
    let first = bring("patients", &patients);
    assert_eq!(
        (&first["created"], &first["cells"], &first["differences"]),
        (&json!(2), &json!(12), &json!(0)),
        "{first}"
    );
    let notes =
        sheet(&house, "notes.csv", "Patient ID,Date,Note\nA/7,3/14/2024 2:05 PM,\"Slept well,\nate all.\"\n");
    for (kind, file) in [
        (
            "contacts",
            sheet(&house, "contacts.csv", "Patient ID,Name,Relationship,Emergency\nA/7,Bo Ash,son,yes\n"),
        ),
        (
            "medications",
            sheet(&house, "medications.csv", "Patient ID,Drug,Dose,Start\nA/8,Aspirin,81 mg,3/14/2024\n"),
        ),
        ("allergies", sheet(&house, "allergies.csv", "Patient ID,Allergen,Severity\nA/8,Latex,severe\n")),
        ("notes", notes),
    ] {
        let summary = bring(kind, &file);
        assert_eq!(
            (&summary["created"], &summary["differences"]),
            (&json!(1), &json!(0)),
            "{kind}: {summary}"
        );
        assert_eq!(bring(kind, &file)["unchanged"], 1, "{kind}");
    }
    // Again, with one cell changed.
    assert_eq!(bring("patients", &patients)["unchanged"], 2);
    let text = fs::read_to_string(&patients).unwrap().replace("3001", "3002");
    let changed = bring("patients", &sheet(&house, "patients.csv", &text));
    assert_eq!(
        (&changed["updated"], &changed["unchanged"], &changed["differences"]),
        (&json!(1), &json!(1), &json!(0))
    );
}

#[test]
fn rows_that_cannot_come_in_are_named_without_their_values() {
    let house = House::new("sheet-faults");
    let _server = Server::start(&house, &[]);
    house.make_oak(&["north"]);
    let text = "Number,Family,DOB\n7,Ash,3/14/1941\n8,Birch,31/31/1941\n7,Cedar,\n,Doyle,\n";
    let file = sheet(&house, "patients.csv", text);
    let unsaid = house.run(&[&INTO_OAK[..], &["patients", &file]].concat());
    assert!(unsaid.code == 1 && unsaid.err.contains("no column for id"), "{}", unsaid.err);
    let report = house.text("report");
    let said = ["patients", "--map", "Number=id", "--report", &report, &file];
    let ran = house.run(&[&INTO_OAK[..], &said].concat());
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("4 rows: 1 created, 0 updated, 0 unchanged, 3 refused"), "{}", ran.out);
    let entries: Vec<Value> = fs::read_to_string(&report)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let faults = |row: u64| {
        let entry = entries.iter().find(|entry| entry["row"] == row).unwrap();
        (entry["faults"][0]["column"].clone(), entry["faults"][0]["fault"].clone())
    };
    assert_eq!(faults(3), (json!("DOB"), json!("date")));
    assert_eq!(faults(4), (Value::Null, json!("twice")));
    assert_eq!(faults(5), (json!("Number"), json!("missing")));
    for value in ["31/31", "Birch", "Cedar", "Doyle"] {
        assert!(!ran.err.contains(value) && !fs::read_to_string(&report).unwrap().contains(value), "{value}");
    }
    let lost = sheet(&house, "allergies.csv", "Patient ID,Allergen\n99,Latex\n");
    let ran = house.run(&[&INTO_OAK[..], &["allergies", &lost]].concat());
    assert!(ran.code == 3 && ran.err.contains("no patient with this identifier"), "{}", ran.err);
    let binary = house.text("binary.xlsx");
    fs::write(&binary, b"PK\x03\x04 no workbook").unwrap();
    let ran = house.run(&[&INTO_OAK[..], &["patients", &binary]].concat());
    assert!(ran.code == 1 && ran.err.contains("damaged"), "{}", ran.err);
}
