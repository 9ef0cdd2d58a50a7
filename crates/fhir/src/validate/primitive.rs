//! The formats of primitive types: <https://hl7.org/fhir/R4/datatypes.html#primitive>.

use super::table::Primitive;
use crate::json::{Node, Value};
use crate::reference::is_id;

/// Why a value is not of a primitive type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Another JSON type is needed: this one.
    Json(&'static str),
    /// The JSON type is right, the text is not.
    Format,
}

/// Checks one value.
pub(crate) fn check(primitive: Primitive, node: &Node<'_>) -> Result<(), Wrong> {
    use Primitive as P;
    let fine = match (primitive, &node.value) {
        (P::Boolean, Value::Bool(_)) => true,
        (P::Boolean, _) => return Err(Wrong::Json("boolean")),
        (P::Decimal, Value::Number(_)) => true,
        (P::Integer, Value::Number(n)) => n.parse::<i32>().is_ok() && *n != "-0",
        (P::PositiveInt, Value::Number(n)) => n.parse::<i32>().is_ok_and(|n| n > 0),
        (P::UnsignedInt, Value::Number(n)) => n.parse::<i32>().is_ok_and(|n| n >= 0) && *n != "-0",
        (P::Decimal | P::Integer | P::PositiveInt | P::UnsignedInt, _) => return Err(Wrong::Json("number")),
        (_, Value::String(text)) => string(primitive, text),
        _ => return Err(Wrong::Json("string")),
    };
    if fine { Ok(()) } else { Err(Wrong::Format) }
}

/// Checks the text of a primitive written as a JSON string.
fn string(primitive: Primitive, text: &str) -> bool {
    use Primitive as P;
    match primitive {
        P::String | P::Markdown => is_text(text),
        P::Code => is_code(text),
        P::Id => is_id(text),
        P::Uri | P::Url | P::Canonical => !text.is_empty() && !text.bytes().any(|b| b <= b' ' || b == 0x7f),
        P::Oid => text.strip_prefix("urn:oid:").is_some_and(is_oid),
        P::Uuid => text.strip_prefix("urn:uuid:").is_some_and(is_uuid),
        P::Date => date(text.as_bytes()).is_some_and(|d| d.rest.is_empty()),
        P::DateTime => is_date_time(text.as_bytes()),
        P::Instant => is_instant(text.as_bytes()),
        P::Time => time(text.as_bytes()).is_some_and(<[u8]>::is_empty),
        P::Base64Binary => is_base64(text),
        P::Xhtml => is_narrative(text),
        P::Boolean | P::Decimal | P::Integer | P::PositiveInt | P::UnsignedInt => false,
    }
}

/// At least one character that is no white space, and no control characters but tab, CR and LF.
fn is_text(text: &str) -> bool {
    let mut some = false;
    for b in text.bytes() {
        if b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r') {
            return false;
        }
        some |= b > b' ';
    }
    some
}

/// No leading or trailing white space, single spaces inside.
fn is_code(text: &str) -> bool {
    let mut space = true;
    for b in text.bytes() {
        match b {
            b' ' if space => return false,
            b' ' => space = true,
            0..=0x1f | 0x7f => return false,
            _ => space = false,
        }
    }
    !space
}

/// `[0-2](\.(0|[1-9][0-9]*))+`
fn is_oid(text: &str) -> bool {
    let mut arcs = text.split('.');
    matches!(arcs.next(), Some("0" | "1" | "2"))
        && text.contains('.')
        && arcs.all(|a| {
            !a.is_empty() && a.bytes().all(|b| b.is_ascii_digit()) && (a == "0" || !a.starts_with('0'))
        })
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// RFC 4648 with padding; white space may break lines (R4 allows it).
fn is_base64(text: &str) -> bool {
    let (mut count, mut pad) = (0_usize, 0_usize);
    for b in text.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if pad == 0 => count += 1,
            b'=' if pad < 2 => pad += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => return false,
        }
    }
    count > 0 && (count + pad) % 4 == 0 && count % 4 != 1
}

/// A minimal check of a narrative: one `div`, nothing that runs. Not a sanitizer: whoever shows it must still clean it.
fn is_narrative(text: &str) -> bool {
    let text = text.trim();
    let opens =
        text.strip_prefix("<div").is_some_and(|rest| rest.starts_with([' ', '>', '/', '\n', '\r', '\t']));
    opens && (text.ends_with("</div>") || text.ends_with("/>")) && !runs(text)
}

/// Does the markup hold a script, or an element or link that could run one?
fn runs(text: &str) -> bool {
    const BANNED: [&str; 9] =
        ["<script", "<iframe", "<object", "<embed", "<form", "<base", "<link", "<meta", "javascript:"];
    let hit = |at: usize| {
        BANNED.iter().any(|word| {
            text.as_bytes().get(at..at + word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word.as_bytes()))
        })
    };
    text.bytes().enumerate().any(|(at, b)| matches!(b, b'<' | b'j' | b'J') && hit(at)) || has_handler(text)
}

/// Is there an attribute ` on...=` inside a tag?
fn has_handler(text: &str) -> bool {
    let mut tag = false;
    let bytes = text.as_bytes();
    for (at, b) in bytes.iter().enumerate() {
        match b {
            b'<' => tag = true,
            b'>' => tag = false,
            b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'"' | b'\'' if tag => {
                let name = &bytes[at + 1..];
                if name.len() > 2 && name[..2].eq_ignore_ascii_case(b"on") {
                    let end = name.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(name.len());
                    if name[end..].iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'=') {
                        return true;
                    }
                }
            }
            _ => {}
        }
    }
    false
}

/// A parsed date and what follows it.
struct Date<'t> {
    /// Year, month, day were given: all three.
    full: bool,
    rest: &'t [u8],
}

/// `N` digits at the head of `text`.
fn digits<const N: usize>(text: &[u8]) -> Option<(u32, &[u8])> {
    let (head, rest) = text.split_first_chunk::<N>()?;
    head.iter()
        .try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
        .map(|n| (n, rest))
}

/// `YYYY(-MM(-DD)?)?`, valid in the Gregorian calendar.
fn date(text: &[u8]) -> Option<Date<'_>> {
    let (year, rest) = digits::<4>(text)?;
    if year == 0 {
        return None;
    }
    let [b'-', rest @ ..] = rest else { return Some(Date { full: false, rest }) };
    let (month, rest) = digits::<2>(rest)?;
    if !(1..=12).contains(&month) {
        return None;
    }
    let [b'-', rest @ ..] = rest else { return Some(Date { full: false, rest }) };
    let (day, rest) = digits::<2>(rest)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=days).contains(&day).then_some(Date { full: true, rest })
}

/// `hh:mm:ss(.s+)?` and what follows; 60 is a leap second.
fn time(text: &[u8]) -> Option<&[u8]> {
    let (hour, rest) = digits::<2>(text)?;
    let (minute, rest) = digits::<2>(rest.strip_prefix(b":")?)?;
    let (second, mut rest) = digits::<2>(rest.strip_prefix(b":")?)?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    if let [b'.', fraction @ ..] = rest {
        let end = fraction.iter().position(|b| !b.is_ascii_digit()).unwrap_or(fraction.len());
        if end == 0 {
            return None;
        }
        rest = &fraction[end..];
    }
    Some(rest)
}

/// `Z` or `(+|-)hh:mm` up to 14:00, and nothing after.
fn is_zone(text: &[u8]) -> bool {
    match text {
        b"Z" => true,
        [b'+' | b'-', rest @ ..] => digits::<2>(rest).is_some_and(|(hour, rest)| {
            rest.strip_prefix(b":")
                .and_then(digits::<2>)
                .is_some_and(|(minute, rest)| rest.is_empty() && minute < 60 && hour * 60 + minute <= 14 * 60)
        }),
        _ => false,
    }
}

fn is_date_time(text: &[u8]) -> bool {
    date(text).is_some_and(|d| {
        d.rest.is_empty() || (d.full && d.rest.strip_prefix(b"T").and_then(time).is_some_and(is_zone))
    })
}

fn is_instant(text: &[u8]) -> bool {
    date(text).is_some_and(|d| d.full && d.rest.strip_prefix(b"T").and_then(time).is_some_and(is_zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_all(primitive: Primitive, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(string(primitive, text), "{primitive:?} should take {text:?}");
        }
        for text in bad {
            assert!(!string(primitive, text), "{primitive:?} should refuse {text:?}");
        }
    }

    #[test]
    fn dates_and_times() {
        check_all(
            Primitive::Date,
            &["2024", "2024-02", "2024-02-29", "2000-02-29"],
            &[
                "24",
                "2024-2",
                "2024-13",
                "2023-02-29",
                "1900-02-29",
                "2024-04-31",
                "2024-01-00",
                "2024-01-01T",
                "0000",
            ],
        );
        check_all(
            Primitive::DateTime,
            &["2024", "2024-02", "2024-02-29", "2024-01-01T23:59:60Z", "2024-01-01T00:00:00.123456+14:00"],
            &[
                "2024-01T00:00:00Z",
                "2024-01-01T00:00:00",
                "2024-01-01T24:00:00Z",
                "2024-01-01T00:00Z",
                "2024-01-01T00:00:00+14:01",
                "2024-01-01T00:00:00.Z",
                "2024-01-01 00:00:00Z",
                "2024-01-01T00:00:00z",
            ],
        );
        check_all(
            Primitive::Instant,
            &["2024-01-01T00:00:00Z", "2015-02-07T13:28:17.239-02:00"],
            &["2024", "2024-01-01", "2024-01-01T00:00:00"],
        );
        check_all(Primitive::Time, &["12:00:00", "00:00:00.5"], &["12:00", "24:00:00", "12:00:00Z"]);
    }

    #[test]
    fn words() {
        check_all(Primitive::String, &["a", " a ", "a\nb"], &["", "  ", "\u{1}"]);
        check_all(Primitive::Code, &["a", "a b"], &["", " a", "a ", "a  b", "a\tb"]);
        check_all(Primitive::Id, &["a-1.B"], &["", "a_b", &"x".repeat(65)]);
        check_all(Primitive::Uri, &["urn:x", "Patient/1", "#a"], &["", "a b"]);
        check_all(Primitive::Oid, &["urn:oid:1.2.0"], &["1.2", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.02"]);
        check_all(
            Primitive::Uuid,
            &["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
            &["c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:c757873d"],
        );
        check_all(
            Primitive::Base64Binary,
            &["YQ==", "YWI=", "YWJj\nYWJj"],
            &["", "YQ", "Y===", "YQ==YQ==", "!"],
        );
    }

    #[test]
    fn numbers() {
        let check =
            |p, n| check(p, &Node { span: crate::json::Span { start: 0, end: 0 }, value: Value::Number(n) });
        for (p, good, bad) in [
            (Primitive::Integer, "-2147483648", "2147483648"),
            (Primitive::PositiveInt, "1", "0"),
            (Primitive::UnsignedInt, "0", "-1"),
            (Primitive::Integer, "0", "1.0"),
        ] {
            assert_eq!((check(p, good), check(p, bad)), (Ok(()), Err(Wrong::Format)));
        }
        assert_eq!(check(Primitive::Boolean, "1"), Err(Wrong::Json("boolean")));
        assert_eq!(check(Primitive::Code, "1"), Err(Wrong::Json("string")));
    }

    #[test]
    fn narratives() {
        check_all(
            Primitive::Xhtml,
            &["<div xmlns=\"http://www.w3.org/1999/xhtml\">on = time</div>", "<div/>"],
            &[
                "",
                "text",
                "<p></p>",
                "<divx></divx>",
                "<div><SCRIPT>x</SCRIPT></div>",
                "<div onclick=\"x\"></div>",
                "<div><a href=\"javascript:x\">y</a></div>",
                "<div>",
                "<div><img src='x'onerror='y'/></div>",
            ],
        );
    }
}
