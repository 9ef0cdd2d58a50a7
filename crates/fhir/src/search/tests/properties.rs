//! Properties of dates, text and the parser.

use proptest::prelude::*;

use super::{NOW, query};
use crate::ResourceType;
use crate::search::{
    Comparison, Indexed, Limits, Predicate, Range, matches_predicate, normalize, param, params, parse, range,
};

fn compare(comparison: Comparison, asked: Range, value: Range) -> bool {
    let birthdate = param(ResourceType::Patient, "birthdate").unwrap();
    matches_predicate(birthdate, None, &Predicate::Date { comparison, range: asked }, &Indexed::Date(value))
}

/// Year, month, day, hour, minute, second, microsecond.
fn instant() -> impl Strategy<Value = (i64, i64, i64, i64, i64, i64, i64)> {
    (1900..2100_i64, 1..=12_i64, 1..=28_i64, 0..24_i64, 0..60_i64, 0..60_i64, 0..1_000_000_i64)
}

proptest! {
    #[test]
    fn ranges_nest_by_precision((y, mo, d, h, mi, s, us) in instant()) {
        let texts = [
            format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{us:06}Z"),
            format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{:03}Z", us / 1000),
            format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z"),
            format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}"),
            format!("{y:04}-{mo:02}-{d:02}"),
            format!("{y:04}-{mo:02}"),
            format!("{y:04}"),
        ];
        let ranges: Vec<Range> = texts.iter().map(|t| range(t).unwrap()).collect();
        prop_assert_eq!(ranges[0].high - ranges[0].low, 1);
        for pair in ranges.windows(2) {
            prop_assert!(pair[1].contains(pair[0]));
        }
    }

    #[test]
    fn zones_shift((y, mo, d, h, mi, s, _) in instant(), oh in 0..=14_i64, om in 0..60_i64) {
        let utc = range(&format!("{y}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")).unwrap();
        let east = range(&format!("{y}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}+{oh:02}:{om:02}")).unwrap();
        prop_assert_eq!(utc.low - east.low, (oh * 60 + om) * 60_000_000);
    }

    #[test]
    fn an_instant_is_below_in_or_above(low in -1000..1000_i64, width in 1..1000_i64, at in -2500..2500_i64) {
        let (asked, value) = (Range { low, high: low + width }, Range { low: at, high: at + 1 });
        let holds = |c| compare(c, asked, value);
        let three = [Comparison::Lt, Comparison::Eq, Comparison::Gt].map(holds);
        prop_assert_eq!(three.iter().filter(|h| **h).count(), 1);
        prop_assert_eq!(holds(Comparison::Ne), !three[1]);
        prop_assert_eq!(holds(Comparison::Le), three[0] || three[1]);
        prop_assert_eq!(holds(Comparison::Ge), three[2] || three[1]);
        prop_assert_eq!(holds(Comparison::Eb), three[0]);
        prop_assert_eq!(holds(Comparison::Sa), three[2]);
    }

    #[test]
    fn parsing_never_panics(name in ".{0,40}", value in ".{0,60}") {
        let _ = query(ResourceType::Observation, &[(&name, &value)]);
        let _ = range(&value);
    }

    #[test]
    fn values_of_every_parameter_never_panic(
        rt in prop::sample::select(ResourceType::ALL),
        prefix in prop::sample::select(&["", "ge", "ap", "ne", "9", "1970-", "2020-01-01T"][..]),
        value in r"[-+.eE0-9|$,\\:TZa-z/é ]{0,24}",
        modifier in prop::sample::select(&["", ":missing", ":text", ":of-type", ":identifier", ":below"][..]),
    ) {
        for p in params(rt) {
            let (name, value) = (format!("{}{modifier}", p.code), format!("{prefix}{value}"));
            if let Err(faults) = parse(rt, [(name.as_str(), value.as_str())], &Limits::at(NOW)) {
                for fault in faults {
                    prop_assert_eq!(&fault.parameter, &name);
                }
            }
        }
    }

    #[test]
    fn normal_text_is_a_fixed_point(text in "\\PC{0,40}") {
        let once = normalize(&text);
        prop_assert_eq!(normalize(&once), once.clone());
        prop_assert_eq!(normalize(&format!("  {text} ")), once);
    }

    #[test]
    fn a_text_is_found_by_itself(text in "[a-zA-ZÀ-ž' -]{1,20}") {
        prop_assume!(!text.trim().is_empty());
        let family = param(ResourceType::Patient, "family").unwrap();
        let found = Indexed::String(&text);
        prop_assert!(matches_predicate(family, None, &Predicate::Text(text.to_uppercase()), &found));
    }
}
