//! Names: of records, as the source gives them, and of people, as they stand in one cell.

use aws_lc_rs::digest::{SHA256, digest};

/// Longest name that a record can have as it is: FHIR's ids have 64 characters.
const NAME: usize = 60;

/// What the source's identifier is as a FHIR id: the same for the same one, and for no other.
pub fn name_of(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!(".{byte:02X}"));
        }
    }
    // A hyphen is in no name that is spelt out.
    if name.len() <= NAME { name } else { format!("h-{}", hashed(&[key])) }
}

/// The same for the same parts, and for no others.
pub(crate) fn hashed(parts: &[&str]) -> String {
    let mut all = Vec::new();
    for part in parts {
        all.extend_from_slice(&(part.len() as u64).to_be_bytes());
        all.extend_from_slice(part.as_bytes());
    }
    digest(&SHA256, &all).as_ref()[..24].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Family and given names of a whole name: what is before a comma is the family's, else the last word.
pub(crate) fn split_name(whole: &str) -> (String, Vec<String>) {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    match whole.split_once(',') {
        Some((family, given)) => (family.trim().to_owned(), words(given)),
        None => {
            let mut all = words(whole);
            let family = all.pop().unwrap_or_default();
            (family, all)
        }
    }
}
