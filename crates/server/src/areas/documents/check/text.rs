//! Plain text: UTF-8 without control characters, and no page in disguise.

use super::Fault;

#[derive(Default)]
pub(super) struct Text {
    /// The beginning of a character whose rest has not come yet.
    rest: Vec<u8>,
}

impl Text {
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut joined = std::mem::take(&mut self.rest);
        joined.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&joined) {
            Ok(_) => joined.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(Fault::Content),
        };
        self.rest = joined.split_off(whole);
        let strange = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c);
        if joined.iter().any(strange) { Err(Fault::Content) } else { Ok(()) }
    }

    pub(super) fn end(&self) -> Result<(), Fault> {
        if self.rest.is_empty() { Ok(()) } else { Err(Fault::Content) }
    }
}

/// Refuses what begins as markup does: HTML, SVG, XML. A note may well begin with `<5 mg`.
pub(super) fn no_markup(head: &[u8]) -> Result<(), Fault> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let is_markup = matches!(head, [b'<', b'!' | b'?' | b'/' | b'a'..=b'z' | b'A'..=b'Z', ..]);
    if is_markup { Err(Fault::Content) } else { Ok(()) }
}
