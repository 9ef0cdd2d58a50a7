//! DOCX and XLSX: a ZIP archive (APPNOTE 6.3.10) by its directory, which is at its end. It is never unpacked here.

use super::Fault;

/// The most entries.
const ENTRIES: u16 = 5_000;
/// The most bytes when unpacked, by what the archive says.
const UNPACKED: u64 = 512 << 20;
/// How many times larger than packed, together.
const RATIO: u64 = 200;

/// The archive's directory, when the bytes end with one.
pub(super) struct Directory<'a> {
    entries: u16,
    /// The directory's own bytes; `None` when they do not fit into what was kept of the end.
    bytes: Option<&'a [u8]>,
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    number(bytes, at).map(u16::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    number(bytes, at).map(u32::from_le_bytes)
}

/// Looks for the end of a ZIP's directory (4.3.16) in the last bytes of a file of this length.
pub(super) fn directory(tail: &[u8], length: u64) -> Option<Directory<'_>> {
    let last = tail.len().checked_sub(22)?;
    let first = tail.len().saturating_sub(22 + usize::from(u16::MAX));
    let at = (first..=last).rev().find(|at| {
        tail[*at..].starts_with(b"PK\x05\x06")
            && short(tail, at + 20).is_some_and(|comment| at + 22 + usize::from(comment) <= tail.len())
    })?;
    let (entries, size, from) = (short(tail, at + 10)?, long(tail, at + 12)?, long(tail, at + 16)?);
    let kept_from = length - tail.len() as u64;
    let begins = u64::from(from).checked_sub(kept_from).and_then(|begins| usize::try_from(begins).ok());
    let bytes = begins.and_then(|begins| tail.get(begins..begins.checked_add(usize::try_from(size).ok()?)?));
    Some(Directory { entries, bytes })
}

/// Checks that it is the archive of such a document.
pub(super) fn check(
    head: &[u8],
    archive: Option<Directory<'_>>,
    length: u64,
    wanted: &str,
) -> Result<(), Fault> {
    if !head.starts_with(b"PK\x03\x04") {
        return Err(Fault::Content);
    }
    let archive = archive.ok_or(Fault::Content)?;
    if archive.entries > ENTRIES {
        return Err(Fault::Bomb);
    }
    let mut rest = archive.bytes.ok_or(Fault::Bomb)?;
    let (mut packed, mut unpacked, mut has_types, mut has_wanted) = (0_u64, 0_u64, false, false);
    for _ in 0..archive.entries {
        let entry = Entry::read(rest).ok_or(Fault::Content)?;
        // Larger than 4 GiB, or encrypted: nothing of an office.
        if entry.flags & 1 != 0 || entry.packed == u32::MAX || entry.unpacked == u32::MAX {
            return Err(Fault::Bomb);
        }
        packed += u64::from(entry.packed);
        unpacked += u64::from(entry.unpacked);
        let name = std::str::from_utf8(entry.name).map_err(|_| Fault::Content)?;
        let strange = name.starts_with('/')
            || name.contains(['\\', '\0', ':'])
            || name.split('/').any(|part| part == "..")
            || name.len() > 512;
        if strange {
            return Err(Fault::Content);
        }
        let lower = name.to_ascii_lowercase();
        if lower.ends_with("vbaproject.bin") || lower.contains("/activex/") {
            return Err(Fault::Macros);
        }
        has_types |= name == "[Content_Types].xml";
        has_wanted |= name == wanted;
        rest = &rest[entry.length..];
    }
    if packed > length || unpacked > UNPACKED || unpacked > packed.saturating_mul(RATIO).max(1 << 20) {
        return Err(Fault::Bomb);
    }
    if has_types && has_wanted { Ok(()) } else { Err(Fault::Content) }
}

/// One header of the directory (4.3.12).
struct Entry<'a> {
    flags: u16,
    packed: u32,
    unpacked: u32,
    name: &'a [u8],
    length: usize,
}

impl<'a> Entry<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(b"PK\x01\x02") {
            return None;
        }
        let name = usize::from(short(bytes, 28)?);
        let length = 46 + name + usize::from(short(bytes, 30)?) + usize::from(short(bytes, 32)?);
        bytes.get(..length)?;
        Some(Self {
            flags: short(bytes, 8)?,
            packed: long(bytes, 20)?,
            unpacked: long(bytes, 24)?,
            name: bytes.get(46..46 + name)?,
            length,
        })
    }
}
