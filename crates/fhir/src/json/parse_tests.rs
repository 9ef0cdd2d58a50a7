use super::*;

fn fault(source: &str) -> Fault {
    match parse(source.as_bytes(), &Limits::default()) {
        Ok(_) => panic!("accepted: {source}"),
        Err(fault) => fault,
    }
}

fn check(source: &str, kind: FaultKind, path: &str) {
    let fault = fault(source);
    assert_eq!((fault.kind, fault.path.as_str()), (kind, path), "{source}");
}

#[test]
fn reads_every_kind_of_value_with_its_place() {
    let source = r#" {"a":[1.50,-0,1E+2,true,false,null],"b":"x\u00e9\ud83d\ude00\n","c":{},"d":[]} "#;
    let root = parse(source.as_bytes(), &Limits::default()).ok().unwrap();
    let a = root.get("a").unwrap();
    assert_eq!(a.items()[0].as_number(), Some("1.50"));
    assert_eq!(a.items()[2].as_number(), Some("1E+2"));
    assert_eq!(root.text("b"), Some("xé😀\n"));
    let at = |n: &Node<'_>| &source[n.span.start as usize..n.span.end as usize];
    assert_eq!(at(a), "[1.50,-0,1E+2,true,false,null]");
    assert_eq!(at(root.get("b").unwrap()), r#""x\u00e9\ud83d\ude00\n""#);
    assert_eq!(at(&root), source.trim());
    assert!(matches!(root.members()[0].key, Cow::Borrowed("a")));
}

#[test]
fn refuses_what_is_not_json() {
    use FaultKind::*;
    for (source, kind) in [
        ("", Empty),
        (" \n", Empty),
        ("{}x", Trailing),
        ("{} {}", Trailing),
        ("{,}", Syntax),
        ("[1,]", Syntax),
        ("{\"a\" 1}", Syntax),
        ("'a'", Syntax),
        ("nul", Truncated),
        ("nulx", Syntax),
        ("[", Truncated),
        ("{\"a\"", Truncated),
        ("{\"a\":", Truncated),
        ("\"abc", Truncated),
        ("\"abc\\", Truncated),
        ("\"abc\\u12", Truncated),
        ("01", Number),
        ("-", Truncated),
        ("-x", Number),
        ("1.", Truncated),
        ("[1.]", Number),
        ("[.5]", Syntax),
        ("+1", Syntax),
        ("1e", Truncated),
        ("[1e+]", Number),
        ("1.5.2", Number),
        ("NaN", Syntax),
        ("\"\u{1}\"", Control),
        ("\"aaaaaaaaaaaa\nb\"", Control),
        ("\"\\n\u{1f}\"", Control),
        ("\"\\x\"", Escape),
        ("\"\\u12g4\"", Escape),
        ("\"\\ud800\"", Surrogate),
        ("\"\\ud800\\u0041\"", Surrogate),
        ("\"\\udc00\"", Surrogate),
        ("\u{feff}{}", Syntax),
    ] {
        assert_eq!(fault(source).kind, kind, "{source:?}");
    }
    for bytes in [&b"\"\xff\""[..], b"\"\xed\xa0\x80\"", b"{\"\xc3\":1}"] {
        assert_eq!(parse(bytes, &Limits::default()).err().unwrap().kind, Utf8);
    }
}

#[test]
fn every_half_of_a_document_is_refused() {
    let source =
        r#"{"resourceType":"Patient","id":"x","name":[{"given":["A\u00e9","B"],"n":-1.5e+3}],"b":true}"#;
    for end in 0..source.len() {
        assert!(parse(&source.as_bytes()[..end], &Limits::default()).is_err(), "{end}");
    }
}

#[test]
fn names_the_place_and_never_the_value() {
    check(
        r#"{"resourceType":"Bundle","entry":[{},{"resource":{"name":[{"given":["a",01]}]}}]}"#,
        FaultKind::Number,
        "Bundle.entry[1].resource.name[0].given[1]",
    );
    check(r#"{"a":[{"b c":tru}]}"#, FaultKind::Syntax, "$.a[0].*");
    check(r#"{"a":[{"b":[[1,2],[3,x]],"resourceType":"Patient"}]}"#, FaultKind::Syntax, "$.a[0].b[1][1]");
    check(r#"{"a":{"resourceType":"Patient","x":!}}"#, FaultKind::Syntax, "$.a.x");
    let twice = fault("{\n \"id\": 1,\n \"id\": 2}");
    assert_eq!((twice.kind, twice.line, twice.column), (FaultKind::DuplicateKey, 3, 2));
    assert_eq!(twice.message, "a key appears twice in one object: id");
    assert_eq!(fault(r#"{"Anna Bianchi":1,"Anna Bianchi":2}"#).message, "a key appears twice in one object");
    assert!(!fault(r#"{"ssn":"078-05-1120\x"}"#).to_string().contains("078"));
}

#[test]
fn finds_duplicates_in_small_and_huge_objects() {
    check(r#"{"a":1,"\u0061":2}"#, FaultKind::DuplicateKey, "$");
    let mut huge: String = (0..200_000).map(|i| format!("\"k{i}\":0,")).collect();
    let tail = "\"k77\":1}";
    huge.insert(0, '{');
    let fine = format!("{huge}\"z\":1}}");
    assert!(parse(fine.as_bytes(), &Limits::default()).is_ok());
    check(&format!("{huge}{tail}"), FaultKind::DuplicateKey, "$");
}

#[test]
fn depth_and_size_are_limited_without_crashing() {
    for n in [65, 10_000, 1_000_000] {
        assert_eq!(fault(&"[".repeat(n)).kind, FaultKind::TooDeep);
        assert_eq!(fault(&"{\"a\":".repeat(n)).kind, FaultKind::TooDeep);
    }
    let deepest = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(deepest(64).as_bytes(), &Limits::default()).is_ok());
    let greedy = Limits { depth: usize::MAX, bytes: usize::MAX };
    assert!(parse(deepest(MAX_DEPTH).as_bytes(), &greedy).is_ok());
    assert_eq!(parse(deepest(MAX_DEPTH + 1).as_bytes(), &greedy).err().unwrap().kind, FaultKind::TooDeep);
    let small = Limits { bytes: 3, ..Limits::default() };
    assert_eq!(parse(b"[12]", &small).err().unwrap().kind, FaultKind::TooLarge);
}

proptest::proptest! {
    /// The parser and serde_json accept the same texts, but for duplicate keys (ours refuses) and numbers beyond f64
    /// (theirs refuses).
    #[test]
    fn agrees_with_serde_json(source in "[\\[\\]{}:,\"a1e.\\-\\\\u0 tnul]{0,24}") {
        let ours = parse(source.as_bytes(), &Limits::default()).map(|_| ()).map_err(|f| f.kind);
        let theirs = serde_json::from_str::<serde_json::Value>(&source).is_ok();
        match ours {
            Ok(()) => proptest::prop_assert!(theirs || source.contains('e'), "{source}"),
            Err(kind) => proptest::prop_assert!(!theirs || kind == FaultKind::DuplicateKey, "{source}: {kind}"),
        }
    }

    #[test]
    fn never_panics(source in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = parse(&source, &Limits::default());
    }
}
