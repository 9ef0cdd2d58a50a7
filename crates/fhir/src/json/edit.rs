//! Changing a document by splicing its own bytes, so that everything else stays byte for byte.

use super::{Limits, Span, parse};

/// A place and the text to put there; an empty span inserts.
pub type Edit<'e> = (Span, &'e str);

/// The edits do not fit the document or each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("edits overlap or lie outside the document")]
pub struct SpliceError;

/// Applies `edits` in any order; several insertions at one place keep their order.
///
/// # Errors
/// [`SpliceError`] when two edits overlap or one lies outside `source`.
pub fn splice(source: &[u8], edits: &[Edit<'_>]) -> Result<Vec<u8>, SpliceError> {
    let mut order: Vec<&Edit<'_>> = edits.iter().collect();
    order.sort_by_key(|(span, _)| (span.start, span.end));
    let added: usize = edits.iter().map(|(_, text)| text.len()).sum();
    let mut out = Vec::with_capacity(source.len() + added);
    let mut at = 0;
    for (span, text) in order {
        let (start, end) = (span.start as usize, span.end as usize);
        if start < at || end < start {
            return Err(SpliceError);
        }
        out.extend_from_slice(source.get(at..start).ok_or(SpliceError)?);
        out.extend_from_slice(text.as_bytes());
        at = end;
    }
    out.extend_from_slice(source.get(at..).ok_or(SpliceError)?);
    Ok(out)
}

/// The object with these members set: each replaced where it stands, or added at the end.
///
/// # Errors
/// [`SpliceError`] when `source` is no object.
pub fn amend(source: &[u8], members: &[(&str, String)]) -> Result<Vec<u8>, SpliceError> {
    let root = parse(source, &Limits::default()).map_err(|_| SpliceError)?;
    let end = root.span.end.saturating_sub(1);
    let last = Span { start: end, end };
    let mut first = match &root.value {
        super::Value::Object(there) => there.is_empty(),
        _ => return Err(SpliceError),
    };
    let mut edits = Vec::with_capacity(members.len());
    for (name, text) in members {
        match root.get(name) {
            Some(known) => edits.push((known.span, text.clone())),
            None => {
                let comma = if std::mem::take(&mut first) { "" } else { "," };
                edits.push((last, format!("{comma}{}:{text}", quote(name))));
            }
        }
    }
    let edits: Vec<Edit<'_>> = edits.iter().map(|(span, text)| (*span, text.as_str())).collect();
    splice(source, &edits)
}

/// The document without insignificant white space (for NDJSON, where a line is a document). The source must have
/// passed [`super::parse`].
pub fn minify(source: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(source.len());
    let mut at = 0;
    while at < source.len() {
        match source[at] {
            b' ' | b'\n' | b'\r' | b'\t' => at += 1,
            b'"' => {
                let start = at;
                at += 1;
                while at < source.len() && source[at] != b'"' {
                    at += if source[at] == b'\\' { 2 } else { 1 };
                }
                at = (at + 1).min(source.len());
                out.extend_from_slice(&source[start..at]);
            }
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// `text` as a JSON string, quotes included.
pub fn quote(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_quoted(&mut out, text);
    String::from_utf8(out).expect("quoting UTF-8 gives UTF-8")
}

/// Appends `text` as a JSON string, quotes included.
pub fn push_quoted(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..=0x1f => 0,
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[from..at]);
        from = at + 1;
        if short == 0 {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        } else {
            out.extend_from_slice(&[b'\\', short]);
        }
    }
    out.extend_from_slice(&text.as_bytes()[from..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u32, end: u32) -> Span {
        Span { start, end }
    }

    #[test]
    fn splices_in_any_order() {
        let edits = [(span(4, 5), "X"), (span(0, 2), ""), (span(6, 6), "end")];
        assert_eq!(splice(b"abcdef", &edits).unwrap(), b"cdXfend");
        assert_eq!(splice(b"ab", &[(span(1, 1), "1"), (span(1, 1), "2")]).unwrap(), b"a12b");
    }

    #[test]
    fn refuses_edits_that_do_not_fit() {
        assert_eq!(splice(b"abc", &[(span(0, 2), ""), (span(1, 3), "")]), Err(SpliceError));
        assert_eq!(splice(b"abc", &[(span(2, 9), "")]), Err(SpliceError));
        assert_eq!(splice(b"abc", &[(span(2, 1), "")]), Err(SpliceError));
    }

    #[test]
    fn amends_members_and_leaves_the_others_as_they_were() {
        let set = [("b", "2".to_owned()), ("c", "[3]".to_owned())];
        assert_eq!(amend(b"{\"a\": 1.50, \"b\": 1 }", &set).unwrap(), b"{\"a\": 1.50, \"b\": 2 ,\"c\":[3]}");
        assert_eq!(amend(b"{}", &set).unwrap(), b"{\"b\":2,\"c\":[3]}");
        assert_eq!(amend(b"[]", &set), Err(SpliceError));
    }

    #[test]
    fn quotes_what_json_needs_quoted() {
        assert_eq!(quote("a\"b\\c\nd\u{1}é"), r#""a\"b\\c\nd\u0001é""#);
    }

    #[test]
    fn minify_keeps_strings() {
        assert_eq!(minify(b" { \"a b\" : [ 1.50 , \"\\\" \" ] }\n"), br#"{"a b":[1.50,"\" "]}"#);
    }
}
