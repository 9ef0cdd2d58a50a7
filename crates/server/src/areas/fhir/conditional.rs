//! Versions and dates in headers: <https://hl7.org/fhir/R4/http.html#concurrency>, RFC 9110 sections 8.8 and 13.

use chart::Document;
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use kernel::Version;

use crate::http::{Call, Failure};

/// The `ETag` of a version.
pub(super) fn etag(version: Version) -> String {
    quoted(&version.to_string())
}

/// A weak entity tag.
pub(super) fn quoted(tag: &str) -> String {
    format!("W/\"{tag}\"")
}

/// What an update or delete says it starts from.
pub(super) enum IfMatch {
    /// This version.
    Version(Version),
    /// What looks so to a caller who sees a part of the record.
    Seen(String),
}

/// An instant as an HTTP date, cut to the second.
pub(crate) fn http_date(at: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

/// The version that an update or delete says it starts from.
///
/// # Errors
/// 400 when the header is no single entity tag; 412 when it is one that we never gave.
pub(super) fn if_match(call: &Call) -> Result<Option<IfMatch>, Failure> {
    for name in ["if-none-match", "if-unmodified-since", "if-modified-since"] {
        if call.header(name)?.is_some() {
            return Err(Failure::new(
                400,
                "not-supported",
                &format!("the header {name} has no meaning here"),
            ));
        }
    }
    let Some(text) = call.header("if-match")? else { return Ok(None) };
    let Some(tag) = tag(text) else {
        return Err(Failure::new(
            400,
            "invalid",
            "the header if-match must hold one version, such as W/\"3\"",
        ));
    };
    if call.ctx.fields().is_some() {
        return Ok(Some(IfMatch::Seen(tag.to_owned())));
    }
    let unknown = || Failure::new(412, "conflict", "the version is not the current one");
    tag.parse().map(IfMatch::Version).map(Some).map_err(|_| unknown())
}

/// Whether the caller has this already (`If-None-Match`, else `If-Modified-Since`).
pub(super) fn is_known(call: &Call, document: &Document) -> bool {
    let mut tags = call.header_values("if-none-match").flat_map(|value| value.split(',')).peekable();
    if tags.peek().is_some() {
        let known = document.tag.clone().unwrap_or_else(|| document.version.to_string());
        return tags.any(|text| text.trim() == "*" || tag(text) == Some(&known));
    }
    if document.tag.is_some() {
        return false;
    }
    let since = call.header("if-modified-since").ok().flatten();
    let since = since.and_then(|text| DateTimeParser::new().parse_timestamp(text).ok());
    since.is_some_and(|since| document.updated_at.as_second() <= since.as_second())
}

/// What stands between the quotes of an entity tag, weak or not.
fn tag(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = text.strip_prefix("W/").unwrap_or(text);
    text.strip_prefix('"')?.strip_suffix('"').filter(|tag| !tag.contains('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_quoted_and_may_be_weak() {
        assert_eq!(tag("W/\"3\""), Some("3"));
        assert_eq!(tag(" \"3\" "), Some("3"));
        for wrong in ["3", "*", "\"3", "\"1\", \"2\"", "w/\"3\""] {
            assert_eq!(tag(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_are_those_of_http() {
        let at: Timestamp = "1994-11-06T08:49:37.25Z".parse().unwrap();
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
