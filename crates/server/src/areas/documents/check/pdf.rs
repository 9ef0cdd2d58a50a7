//! PDF (ISO 32000-2, 7.5): its header at the very beginning, its end at the end. What is in it is nobody's to run here: it
//! is drawn without scripts, apart from the app.

use super::{Fault, holds};

/// How far from the end its mark may be.
const END: usize = 1024;

pub(super) fn check(head: &[u8], tail: &[u8]) -> Result<(), Fault> {
    let version = head.strip_prefix(b"%PDF-").ok_or(Fault::Content)?;
    if !matches!(version, [b'1' | b'2', b'.', b'0'..=b'9', ..]) {
        return Err(Fault::Content);
    }
    if [b"<html".as_slice(), b"<script", b"<!doctype html", b"<svg"].iter().any(|mark| holds(head, mark)) {
        return Err(Fault::Polyglot);
    }
    let end = &tail[tail.len().saturating_sub(END)..];
    if holds(end, b"%%EOF") { Ok(()) } else { Err(Fault::Content) }
}
