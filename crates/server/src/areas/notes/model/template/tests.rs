use serde_json::{Value, json};

use super::*;
use crate::areas::notes::model::EXTENSION;

fn questionnaire(items: Value) -> Value {
    json!({
        "resourceType": "Questionnaire", "url": "https://house.example/Questionnaire/x", "title": "X", "status": "active",
        "code": [{"system": LOINC, "code": "34746-8"}],
        "item": [{"linkId": "s", "text": "Section", "type": "group", "item": items}],
    })
}

fn option(code: &str) -> Value {
    json!({"valueCoding": {"system": "urn:x", "code": code, "display": code}})
}

fn faults(items: Value) -> Vec<String> {
    understand(&questionnaire(items)).err().unwrap_or_default()
}

#[test]
fn what_is_of_the_subset_is_understood() {
    let template = understand(&questionnaire(json!([
        {"linkId": "a", "text": "A", "type": "choice", "answerOption": [option("y"), option("n")]},
        {"linkId": "b", "text": "B", "type": "string", "required": true,
            "enableWhen": [{"question": "a", "operator": "=", "answerCoding": {"system": "urn:x", "code": "y"}}]},
        {"linkId": "c", "text": "C", "type": "integer", "extension": [
            {"url": format!("{EXTENSION}note-carry"), "valueCode": "last"},
            {"url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueInteger": 10}]},
    ])));
    let template = template.unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!(template.key(), "https://house.example/Questionnaire/x|1");
    let item = |name: &str| template.item(name).unwrap_or_else(|| panic!("{name}"));
    assert!(item("a").carries && item("c").carries && item("b").required);
    assert_eq!((item("c").max, item("s").items.len()), (Some(10.0), 3));
    let answers = |code: &str| {
        let coding = Coding { system: Some("urn:x".to_owned()), code: code.to_owned(), display: None };
        crate::areas::notes::model::Answers::from_iter([(
            "a".to_owned(),
            vec![Answer { value_coding: Some(coding), ..Answer::default() }],
        )])
    };
    assert!(template.asks("b", &answers("y")) && !template.asks("b", &answers("n")));
    assert!(!template.asks("b", &crate::areas::notes::model::Answers::new()));
}

#[test]
fn every_fault_names_where_it_stands_and_repeats_no_text() {
    const SECRET: &str = "Edeltraud";
    let option_without = json!({"valueCoding": {"code": SECRET}});
    let cases = [
        (json!([{"linkId": "a", "text": "A", "type": "reference"}]), "item a"),
        (json!([{"linkId": "a", "text": "", "type": "string"}]), "item a"),
        (json!([{"linkId": "a b", "text": SECRET, "type": "string"}]), "item s, item 1"),
        (json!([{"linkId": "a", "text": SECRET, "type": "choice"}]), "item a"),
        (
            json!([{"linkId": "a", "text": SECRET, "type": "choice", "answerOption": [option_without]}]),
            "item a",
        ),
        (json!([{"linkId": "a", "text": SECRET, "type": "string", "answerOption": [option("y")]}]), "item a"),
        (json!([{"linkId": "a", "text": SECRET, "type": "quantity"}]), "item a"),
        (json!([{"linkId": "a", "text": SECRET, "type": "string", "repeats": true}]), "item a"),
        (
            json!([{"linkId": "a", "text": SECRET, "type": "string", "initial": [{"valueString": SECRET}]}]),
            "item a",
        ),
        (json!([{"linkId": "a", "text": SECRET, "type": "integer", "readOnly": true}]), "item a"),
        (json!([{"linkId": "a", "text": SECRET, "type": "string", "readOnly": true}]), "item a"),
        (json!([{"linkId": "a", "text": SECRET, "type": "string", "maxLength": 0}]), "item a"),
        (json!([{"linkId": "a", "text": SECRET, "type": "string", "required": SECRET}]), "item a"),
        (json!([{"linkId": "a", "text": SECRET, "type": "group"}]), "item a"),
        (
            json!([{"linkId": "a", "text": "A", "type": "group", "item": [
                {"linkId": "b", "text": "B", "type": "group", "item": [{"linkId": "c", "text": SECRET, "type": "string"}]}]}]),
            "item b",
        ),
        (
            json!([{"linkId": "a", "text": "A", "type": "boolean"}, {"linkId": "a", "text": SECRET, "type": "boolean"}]),
            "item a",
        ),
        // A condition looks back, never ahead: none goes in circles.
        (
            json!([{"linkId": "a", "text": "A", "type": "boolean", "enableWhen": [{"question": "b", "operator": "exists", "answerBoolean": true}]},
                   {"linkId": "b", "text": SECRET, "type": "boolean"}]),
            "item a",
        ),
        (
            json!([{"linkId": "a", "text": "A", "type": "boolean"},
                   {"linkId": "b", "text": SECRET, "type": "boolean", "enableWhen": [{"question": "a", "operator": ">", "answerInteger": 1}]}]),
            "item b",
        ),
    ];
    for (items, place) in cases {
        let found = faults(items.clone());
        assert!(found.iter().any(|fault| fault.starts_with(place)), "{items}: {found:?}");
        assert!(!found.iter().any(|fault| fault.contains(SECRET)), "{found:?}");
    }
}

#[test]
fn a_template_that_is_too_large_or_none_is_refused() {
    let item = |n: usize| json!({"linkId": format!("a{n}"), "text": "A", "type": "boolean"});
    assert!(!faults((0..300).map(item).collect()).is_empty());
    let options: Value = (0..101).map(|n| option(&format!("o{n}"))).collect();
    assert!(
        !faults(json!([{"linkId": "a", "text": "A", "type": "choice", "answerOption": options}])).is_empty()
    );
    for broken in
        [json!(null), json!([]), json!({}), json!({"resourceType": "Questionnaire", "item": "x"}), json!("x")]
    {
        assert!(understand(&broken).is_err(), "{broken}");
    }
    let mut deep = json!({"linkId": "d", "text": "D", "type": "boolean"});
    for n in 0..60 {
        deep = json!({"linkId": format!("g{n}"), "text": "G", "type": "group", "item": [deep]});
    }
    assert!(!faults(json!([deep])).is_empty());
}

#[test]
fn the_standard_set_is_of_the_subset_and_says_what_the_house_expects() {
    let set = crate::areas::notes::ops::standard_set();
    assert_eq!(set.len(), 8);
    for template in set {
        assert_eq!(template.version, "1");
        assert!(template.url.starts_with("https://lamplight.health/fhir/Questionnaire/"), "{}", template.url);
        for item in template.every().into_iter().filter(|item| item.read_only) {
            // Every sum that can be reached means something, and one thing.
            let group = template.every().into_iter().find(|group| group.items.contains(item)).unwrap_or(item);
            let choices = group.items.iter().filter(|inner| inner.required);
            let (mut low, mut high) = (0.0, 0.0);
            for choice in choices {
                let ordinals = choice.options.iter().filter_map(|option| option.ordinal);
                low += ordinals.clone().fold(f64::INFINITY, f64::min);
                high += ordinals.fold(0.0, f64::max);
            }
            #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
            for value in low as i64..=high as i64 {
                let bands = item.bands.iter().filter(|band| {
                    band.low.is_none_or(|low| value >= low) && band.high.is_none_or(|high| value <= high)
                });
                assert_eq!(bands.count(), 1, "{} at {value}", item.link_id);
            }
        }
    }
}
