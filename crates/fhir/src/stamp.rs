//! Giving a document its id and version without touching anything else in it:
//! <https://hl7.org/fhir/R4/resource.html#Meta>.

use crate::json::{Edit, Node, Span, SpliceError, Value, quote, splice};

/// Why a document could not be stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// The document is no object with a `resourceType` string.
    #[error("the document has no resourceType")]
    NoResourceType,
    /// `meta` is present and no object.
    #[error("meta is not an object")]
    Meta,
    /// The tree is not the tree of the source.
    #[error(transparent)]
    Splice(#[from] SpliceError),
}

/// The document with `id`, `meta.versionId` and `meta.lastUpdated` (RFC 3339) set. What is there is replaced in place;
/// what is absent is inserted after `resourceType`, or at the head of `meta`. Every other byte stays.
///
/// # Errors
/// [`StampError`].
pub fn stamp(
    source: &[u8],
    root: &Node<'_>,
    id: &str,
    version: &str,
    last_updated: &str,
) -> Result<Vec<u8>, StampError> {
    let resource_type =
        root.get("resourceType").filter(|n| n.as_str().is_some()).ok_or(StampError::NoResourceType)?;
    let (id, version, updated) = (quote(id), quote(version), quote(last_updated));
    let mut edits: Vec<Edit<'_>> = Vec::with_capacity(3);
    let mut after_type = String::new();
    match root.get("id") {
        Some(node) => edits.push((node.span, &id)),
        None => after_type.push_str(&format!(",\"id\":{id}")),
    }
    let mut head: String;
    match root.get("meta") {
        None => {
            after_type.push_str(&format!(",\"meta\":{{\"versionId\":{version},\"lastUpdated\":{updated}}}"))
        }
        Some(meta) => {
            let Value::Object(members) = &meta.value else { return Err(StampError::Meta) };
            let mut missing = Vec::new();
            for (key, value) in [("versionId", &version), ("lastUpdated", &updated)] {
                match meta.get(key) {
                    Some(node) => edits.push((node.span, value)),
                    None => missing.push(format!("\"{key}\":{value}")),
                }
            }
            head = missing.join(",");
            if !head.is_empty() {
                if !members.is_empty() {
                    head.push(',');
                }
                edits.push((point(meta.span.start + 1), &head));
            }
        }
    }
    if !after_type.is_empty() {
        edits.push((point(resource_type.span.end), &after_type));
    }
    Ok(splice(source, &edits)?)
}

/// The document without the top-level members `keys`, every other byte as it was: two documents that differ only in
/// those members compare equal.
///
/// # Errors
/// [`SpliceError`] when `root` is not the tree of `source`.
pub fn without(source: &[u8], root: &Node<'_>, keys: &[&str]) -> Result<Vec<u8>, SpliceError> {
    let members = root.members();
    let dropped = |i: usize| keys.contains(&members[i].key.as_ref());
    // The first kept member; up to it a dropped member goes with what follows, after it with what precedes.
    let first = (0..members.len()).find(|i| !dropped(*i));
    let mut edits: Vec<Edit<'_>> = Vec::new();
    for i in (0..members.len()).filter(|i| dropped(*i)) {
        let span = match first {
            Some(first) if i < first => {
                Span { start: members[i].key_span.start, end: members[i + 1].key_span.start }
            }
            Some(_) => Span { start: members[i - 1].value.span.end, end: members[i].value.span.end },
            None if i + 1 < members.len() => {
                Span { start: members[i].key_span.start, end: members[i + 1].key_span.start }
            }
            None => Span { start: members[i].key_span.start, end: members[i].value.span.end },
        };
        edits.push((span, ""));
    }
    splice(source, &edits)
}

/// The empty span at `at`.
fn point(at: u32) -> Span {
    Span { start: at, end: at }
}

#[cfg(test)]
#[path = "stamp_tests.rs"]
mod tests;
