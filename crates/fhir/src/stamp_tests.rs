use proptest::prelude::*;

use super::*;
use crate::json::{Limits, minify, parse};

fn tree(source: &[u8]) -> Node<'_> {
    parse(source, &Limits::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn check(source: &str, expected: &str) {
    let out = stamp(source.as_bytes(), &tree(source.as_bytes()), "i", "2", "T").unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn inserts_or_replaces_and_leaves_the_rest() {
    check(
        "{\n  \"resourceType\" : \"X\" ,\n  \"n\": 1.50\n}",
        "{\n  \"resourceType\" : \"X\",\"id\":\"i\",\"meta\":{\"versionId\":\"2\",\"lastUpdated\":\"T\"} ,\n  \"n\": 1.50\n}",
    );
    check(
        r#"{"id":"old","resourceType":"X","meta":{"profile":["p"],"versionId":"1"}}"#,
        r#"{"id":"i","resourceType":"X","meta":{"lastUpdated":"T","profile":["p"],"versionId":"2"}}"#,
    );
    check(
        r#"{"resourceType":"X","meta":{ }}"#,
        r#"{"resourceType":"X","id":"i","meta":{"versionId":"2","lastUpdated":"T" }}"#,
    );
}

#[test]
fn refuses_what_is_no_resource() {
    for (source, error) in [
        ("[]", StampError::NoResourceType),
        ("{\"resourceType\":1}", StampError::NoResourceType),
        ("{\"resourceType\":\"X\",\"meta\":[]}", StampError::Meta),
    ] {
        assert_eq!(stamp(source.as_bytes(), &tree(source.as_bytes()), "i", "1", "T"), Err(error));
    }
}

#[test]
fn without_drops_members_anywhere() {
    for (source, expected) in [
        (r#"{"id":1,"meta":2,"a":3}"#, r#"{"a":3}"#),
        (r#"{"a":3, "id":1,"b":4 ,"meta":2}"#, r#"{"a":3,"b":4}"#),
        (r#"{"id":1,"a":3,"meta":2}"#, r#"{"a":3}"#),
        (r#"{"id":1,"meta":2}"#, "{}"),
        ("{}", "{}"),
    ] {
        let out = without(source.as_bytes(), &tree(source.as_bytes()), &["id", "meta"]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{source}");
    }
}

/// JSON text with odd spacing, escapes and decimals.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?",
        "[ a-zé😀\"\\\\\n]{0,8}".prop_map(|s| quote(&s)),
        Just(r#""\u00e9\/\ud83d\ude00""#.to_owned()),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let ws = "[ \n\t]{0,2}";
        prop_oneof![
            (proptest::collection::vec(inner.clone(), 0..4), ws)
                .prop_map(|(items, ws)| format!("[{ws}{}{ws}]", items.join(&format!("{ws},{ws}")))),
            object(inner),
        ]
    })
}

/// An object whose keys are drawn from a small set, each once.
fn object(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (proptest::collection::btree_map("(k[a-d]|_k|k k)", inner, 0..5), "[ \n\t]{0,2}").prop_map(|(map, ws)| {
        let members: Vec<String> = map.iter().map(|(k, v)| format!("{}{ws}:{ws}{v}", quote(k))).collect();
        format!("{{{ws}{}{ws}}}", members.join(&format!("{ws},{ws}")))
    })
}

/// A resource with id and meta anywhere or nowhere.
fn resource() -> impl Strategy<Value = String> {
    (proptest::collection::vec(json(), 0..4), any::<[bool; 3]>(), any::<usize>(), "[ \n]{0,2}").prop_map(
        |(values, [id, meta, version], turn, ws)| {
            let mut members: Vec<String> =
                values.iter().enumerate().map(|(i, v)| format!("\"m{i}\"{ws}:{v}")).collect();
            members.push(format!("\"resourceType\":{ws}\"Basic\""));
            if id {
                members.push("\"id\": \"was\"".into());
            }
            if meta {
                members.push(format!("\"meta\":{{{}}}", if version { "\"versionId\" : \"0\"" } else { "" }));
            }
            let at = turn % members.len();
            members.rotate_left(at);
            format!("{ws}{{{ws}{}{ws}}}{ws}", members.join(&format!("{ws},{ws}")))
        },
    )
}

proptest! {
    #[test]
    fn a_stamp_changes_id_and_meta_only(source in resource()) {
        let before = tree(source.as_bytes());
        let out = stamp(source.as_bytes(), &before, "new", "7", "2026-01-01T00:00:00Z").unwrap();
        let after = tree(&out);
        prop_assert_eq!(after.text("id"), Some("new"));
        let meta = after.get("meta").unwrap();
        prop_assert_eq!((meta.text("versionId"), meta.text("lastUpdated")), (Some("7"), Some("2026-01-01T00:00:00Z")));
        let keys = ["id", "meta"];
        prop_assert_eq!(
            minify(&without(source.as_bytes(), &before, &keys).unwrap()),
            minify(&without(&out, &after, &keys).unwrap())
        );
        let again = stamp(&out, &after, "new", "7", "2026-01-01T00:00:00Z").unwrap();
        prop_assert_eq!(again, out);
    }

    #[test]
    fn minify_changes_no_value(source in json()) {
        let small = minify(source.as_bytes());
        let (a, b): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(&source).unwrap(), serde_json::from_slice(&small).unwrap());
        prop_assert_eq!(a, b);
        prop_assert_eq!(minify(&small), small.clone());
        prop_assert!(!small.contains(&b'\t') && tree(&small).span.end as usize == small.len());
    }

    #[test]
    fn splicing_values_with_themselves_changes_nothing(source in resource()) {
        let root = tree(source.as_bytes());
        let edits: Vec<Edit<'_>> = root
            .members()
            .iter()
            .map(|m| (m.value.span, &source[m.value.span.start as usize..m.value.span.end as usize]))
            .collect();
        prop_assert_eq!(splice(source.as_bytes(), &edits).unwrap(), source.as_bytes());
    }
}
