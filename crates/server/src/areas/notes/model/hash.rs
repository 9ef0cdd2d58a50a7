//! One hash over what is signed: the structured data and its summary together, in the one form that JSON has (RFC 8785).

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

/// SHA-256 over the answers (a QuestionnaireResponse; null for an addendum) and the sections (of a Composition).
pub(in super::super) fn hash(response: Option<&Value>, sections: &Value) -> Option<[u8; 32]> {
    let signed = json!({"data": response.map(bare), "summary": sections});
    let bytes = serde_json_canonicalizer::to_vec(&signed).ok()?;
    digest(&SHA256, &bytes).as_ref().try_into().ok()
}

/// Without what the server writes into every document.
fn bare(document: &Value) -> Value {
    let mut bare = document.clone();
    if let Some(members) = bare.as_object_mut() {
        members.remove("id");
        members.remove("meta");
    }
    bare
}

/// In hexadecimal digits.
pub(in super::super) fn hex(hash: &[u8]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
