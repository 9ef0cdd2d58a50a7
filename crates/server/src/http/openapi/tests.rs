use super::*;

#[test]
fn every_row_of_the_api_is_described() {
    let silent: Vec<_> =
        described().filter(|(_, doc)| doc.is_none()).map(|(row, _)| (row.method, row.path)).collect();
    assert_eq!(silent, [], "give these rows a `doc`");
}

#[test]
fn what_a_row_takes_is_what_it_is_described_to_take() {
    for (row, doc) in described() {
        let Some(doc) = doc else { continue };
        let json = matches!(row.body, Body::Json | Body::LongJson);
        assert_eq!(json, doc.takes.is_some(), "{:?} {}", row.method, row.path);
    }
}

#[test]
fn a_name_stands_for_one_schema() {
    assert_eq!(document().1, Vec::<String>::new());
}

#[test]
fn every_code_is_known_and_used() {
    let used: BTreeSet<_> = described().filter_map(|(row, doc)| Some(codes(row, doc?))).flatten().collect();
    let known: BTreeSet<_> = problems::CODES.iter().map(|(code, ..)| *code).collect();
    assert_eq!(used, known);
}

#[test]
fn an_operation_has_a_name_of_its_own() {
    let names: BTreeSet<_> = described().map(|(row, _)| operation_id(row)).collect();
    assert_eq!(names.len(), described().count());
    assert!(names.contains("postAuthLoginSms") && names.contains("deletePeopleMembership"));
}

#[test]
fn every_reference_leads_somewhere() {
    let names: BTreeSet<_> = document().0.components.schemas.into_keys().collect();
    for part in description().split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(names.contains(name), "{name}");
    }
}
