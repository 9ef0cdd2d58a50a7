use serde_json::{Value, json};

use super::*;

fn standard(name: &str) -> &'static Template {
    let set = super::super::ops::standard_set();
    set.iter().find(|template| template.url.ends_with(name)).unwrap_or_else(|| panic!("{name}"))
}

fn read(template: &Template, answers: Value) -> Answers {
    let answers = serde_json::from_value(answers).unwrap_or_else(|error| panic!("{error}"));
    checked(template, answers).unwrap_or_else(|fault| panic!("{fault:?}"))
}

/// The codes of the nth option of each question of a score.
fn chosen(template: &Template, group: &str, options: &[usize]) -> Value {
    let group = template.item(group).unwrap_or_else(|| panic!("{group}"));
    let choices = group.items.iter().filter(|item| item.required);
    let pairs = choices
        .zip(options)
        .map(|(item, at)| (item.link_id.clone(), json!([{"valueCoding": {"code": item.options[*at].code}}])));
    Value::Object(pairs.collect())
}

#[test]
fn a_braden_score_is_the_sum_of_its_six_and_means_what_the_scale_says() {
    let template = standard("admission-assessment");
    let score = |options: &[usize]| scores(template, &read(template, chosen(template, "braden", options)));
    assert_eq!(score(&[0, 0, 0, 0, 0]).get("braden-score"), None, "five of six");
    for (options, value, alert) in [
        ([0; 6], 6, true),
        ([1, 1, 1, 1, 1, 0], 11, true),
        ([2, 2, 2, 2, 2, 1], 17, false),
        ([3, 3, 3, 3, 3, 2], 23, false),
    ] {
        let found = score(&options);
        let found = &found["braden-score"];
        assert_eq!((found.value, found.alert), (value, alert));
    }
}

#[test]
fn a_phq_9_alerts_by_its_sum_and_by_its_ninth_question_alone() {
    let template = standard("behaviour");
    let score = |options: &[usize], asked: bool| {
        let mut answers = chosen(template, "phq9", options);
        answers["phq9-ask"] = json!([{"valueBoolean": asked}]);
        scores(template, &read(template, answers)).remove("phq9-score")
    };
    let calm = score(&[0; 9], true).unwrap_or_else(|| panic!("a score"));
    assert_eq!((calm.value, calm.alert), (0, false));
    let ninth = score(&[0, 0, 0, 0, 0, 0, 0, 0, 1], true).unwrap_or_else(|| panic!("a score"));
    assert_eq!((ninth.value, ninth.alert), (1, true));
    let severe = score(&[3; 9], true).unwrap_or_else(|| panic!("a score"));
    assert_eq!((severe.value, severe.text.as_deref(), severe.alert), (27, Some("Severe depression"), true));
    assert_eq!(score(&[3; 9], false), None, "what is not asked has no score");
}

#[test]
fn what_a_client_says_of_a_score_is_not_looked_at() {
    let template = standard("admission-assessment");
    let kept = read(template, json!({"braden-score": [{"valueInteger": 23}]}));
    assert!(kept.is_empty() && scores(template, &kept).is_empty());
}

#[test]
fn an_answer_of_another_kind_names_its_item_and_an_unknown_one_nothing() {
    let template = standard("shift-note");
    let fault = |answers: Value| {
        let answers = serde_json::from_value(answers).unwrap_or_else(|error| panic!("{error}"));
        checked(template, answers).err()
    };
    for (link_id, answer) in [
        ("meal", json!([{"valueString": "half"}])),
        ("meal", json!([{"valueCoding": {"code": "everything"}}])),
        ("meal", json!([{"valueCoding": {"system": "urn:other", "code": "half"}}])),
        ("meal", json!([{"valueCoding": {"code": "half"}}, {"valueCoding": {"code": "all"}}])),
        ("heart-rate", json!([{"valueInteger": 72}])),
        ("heart-rate", json!([{"valueQuantity": {"value": 72, "code": "kg"}}])),
        ("heart-rate", json!([{"valueQuantity": {"value": 5000}}])),
        ("pain", json!([{"valueInteger": 11}])),
        ("pain", json!([{"valueDecimal": 3.5}])),
        ("fall", json!([{"valueString": "no"}])),
        ("vitals", json!([{"valueBoolean": true}])),
        ("hand-over-text", json!([{"valueString": "a\u{7}"}])),
        ("hand-over-text", json!([{"valueString": "x".repeat(8_001)}])),
        ("hand-over-text", json!([{"valueString": "x", "valueBoolean": true}])),
        ("hand-over-text", json!([{}])),
    ] {
        let found = fault(json!({link_id: answer})).unwrap_or_else(|| panic!("{link_id}"));
        assert_eq!(found.link_id.as_deref(), Some(link_id));
    }
    let unknown = fault(json!({"Edeltraud": [{"valueBoolean": true}]}));
    assert!(unknown.is_some_and(|fault| fault.link_id.is_none() && !fault.rule.contains("Edeltraud")));
}

#[test]
fn the_same_answers_give_the_same_words() {
    let template = standard("shift-note");
    let answers = read(
        template,
        json!({"meal": [{"valueCoding": {"code": "half"}}], "systolic": [{"valueQuantity": {"value": 120.5}}],
            "fall": [{"valueBoolean": true}], "hand-over-text": [{"valueString": "One\nTwo"}],
            "skin-where": [{"valueString": "heel"}]}),
    );
    let answers = asked(template, &answers);
    let snapshots = Snapshots {
        medications: Some(Snapshot {
            taken_at: "2026-05-04T13:00:00Z".parse().unwrap_or_default(),
            entries: vec![SnapshotEntry {
                text: "Metformin\n500 mg".to_owned(),
                value: Some("1 tablet".to_owned()),
                at: None,
                reference: "MedicationRequest/1".to_owned(),
            }],
        }),
        vitals: None,
    };
    let zone = jiff::tz::TimeZone::get("America/Chicago").unwrap_or(jiff::tz::TimeZone::UTC);
    let beside = Beside { snapshots: &snapshots, reason: Some("Wrong"), zone: &zone };
    let told = summary(template, &answers, &beside);
    let said: Vec<(&str, Vec<&str>)> =
        told.iter().map(|one| (one.title.as_str(), one.lines.iter().map(String::as_str).collect())).collect();
    assert_eq!(
        said,
        [
            ("Correction", vec!["Reason: Wrong"]),
            ("Food, drink and elimination", vec!["Meals taken: Half"]),
            ("Vital signs", vec!["Blood pressure: Systolic 120.5 mmHg"]),
            ("Events", vec!["Fall: Yes"]),
            ("Hand-over", vec!["For the next shift: One\nTwo"]),
            ("Active medications", vec!["As of 2026-05-04 08:00 CDT", "Metformin 500 mg: 1 tablet"]),
        ]
    );
    assert_eq!(summary(template, &answers, &beside), told);
}

#[test]
fn whatever_is_written_is_text_and_is_read_back_as_it_was() {
    for text in [
        "<script>alert(1)</script>",
        "a & b &amp; &lt;",
        "\"'><img src=x onerror=x>",
        "one\ntwo",
        "JavaScript:alert(1) &#58;",
        "</p></div><b>",
        "",
    ] {
        let told = vec!["first".to_owned(), text.to_owned()];
        let div = narrative(&told);
        let tags: Vec<&str> =
            div.split('<').skip(1).filter_map(|rest| rest.split(['>', ' ']).next()).collect();
        assert!(tags.iter().all(|tag| matches!(*tag, "div" | "/div" | "p" | "/p" | "br/")), "{div}");
        assert_eq!(lines(&div), Some(told));
    }
    assert_eq!(lines("<div>other</div>"), None);
}

#[test]
fn a_hash_is_over_the_data_and_the_words_in_one_form() {
    let data: Value = serde_json::from_str(r#"{"id": "1", "meta": {"versionId": "1"}, "b": 1.0, "a": "ö"}"#)
        .unwrap_or_default();
    let same: Value = serde_json::from_str(r#"{"a": "ö", "b": 1}"#).unwrap_or_default();
    let words = json!([{"title": "T"}]);
    let one = hash(Some(&data), &words).unwrap_or_default();
    assert_eq!(hash(Some(&same), &words), Some(one), "order, form and what the server writes do not matter");
    assert_ne!(hash(Some(&json!({"a": "o", "b": 1})), &words), Some(one));
    assert_ne!(hash(Some(&same), &json!([{"title": "U"}])), Some(one));
    assert_ne!(hash(None, &words), Some(one));
    // RFC 8785: {"data":{"a":"ö","b":1},"summary":[{"title":"T"}]}
    assert_eq!(hex(&one), "391f2cf8b2e94b0c324562319eab8ea3f6bac03d94793816f1503e6ca53706fc");
}

#[test]
fn last_times_words_are_carried_and_its_numbers_are_not() {
    let template = standard("shift-note");
    let carries = |link_id: &str| template.item(link_id).is_some_and(|item| item.carries);
    assert!(carries("mobility") && carries("hand-over-text") && carries("skin"));
    assert!(!carries("heart-rate") && !carries("shift-which") && !carries("fall") && !carries("events-text"));
}
