//! What is in a file, found out as its bytes go by: a file is what it says it is, and nothing else besides.
//!
//! Nothing is unpacked and no picture is decoded here; what is checked is the form. Memory does not grow with the file.

mod jpeg;
mod office;
mod pdf;
mod png;
mod text;

use self::jpeg::Jpeg;
use self::png::Png;
use self::text::Text;

/// What a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Pdf,
    Jpeg,
    Png,
    Tiff,
    Heic,
    Text,
    Docx,
    Xlsx,
}

impl Format {
    pub(super) const ALL: [Self; 8] =
        [Self::Pdf, Self::Jpeg, Self::Png, Self::Tiff, Self::Heic, Self::Text, Self::Docx, Self::Xlsx];

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
            Self::Heic => "image/heic",
            Self::Text => "text/plain",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    pub(super) fn of(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.media_type() == media_type)
    }

    /// Whether it is shown in the app; the others are for programs that know them.
    pub(super) fn is_shown(self) -> bool {
        matches!(self, Self::Pdf | Self::Jpeg | Self::Png | Self::Text)
    }

    /// What names of such files end with.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Tiff => "tiff",
            Self::Heic => "heic",
            Self::Text => "txt",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
        }
    }
}

/// Why a file is not taken: a word that never changes, and no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing was put there.
    Missing,
    /// Not as long as was said.
    Length,
    /// Not the bytes that were said.
    Checksum,
    /// Not what its type says.
    Content,
    /// Something else as well: an archive, a page.
    Polyglot,
    /// Far more than it looks, or of a size that nothing can show.
    Bomb,
    /// Holds programs.
    Macros,
    /// The scanner found something.
    Infected,
}

impl Fault {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Length => "length",
            Self::Checksum => "checksum",
            Self::Content => "content",
            Self::Polyglot => "polyglot",
            Self::Bomb => "bomb",
            Self::Macros => "macros",
            Self::Infected => "infected",
        }
    }
}

/// The beginning that is looked at.
const HEAD: usize = 1024;
/// The end that is looked at; a ZIP's directory must fit into it.
const TAIL: usize = 1 << 20;

enum Walk {
    None,
    Jpeg(Box<Jpeg>),
    Png(Png),
    Text(Text),
}

/// One file going by.
pub(super) struct Check {
    format: Format,
    head: Vec<u8>,
    tail: Vec<u8>,
    length: u64,
    walk: Walk,
}

impl Check {
    pub(super) fn new(format: Format) -> Self {
        let walk = match format {
            Format::Jpeg => Walk::Jpeg(Box::default()),
            Format::Png => Walk::Png(Png::default()),
            Format::Text => Walk::Text(Text::default()),
            _ => Walk::None,
        };
        Self { format, head: Vec::with_capacity(HEAD), tail: Vec::new(), length: 0, walk }
    }

    /// The next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.length += bytes.len() as u64;
        let wanted = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..wanted]);
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 2 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
        match &mut self.walk {
            Walk::None => Ok(()),
            Walk::Jpeg(walk) => walk.feed(bytes),
            Walk::Png(walk) => walk.feed(bytes),
            Walk::Text(walk) => walk.feed(bytes),
        }
    }

    /// The end was reached.
    pub(super) fn end(self) -> Result<(), Fault> {
        let tail = &self.tail[self.tail.len().saturating_sub(TAIL)..];
        let archive = office::directory(tail, self.length);
        let office = matches!(self.format, Format::Docx | Format::Xlsx);
        // Programs that unpack look from the end: whatever it begins like.
        if archive.is_some() && !office {
            return Err(Fault::Polyglot);
        }
        match self.walk {
            Walk::None => {}
            Walk::Jpeg(walk) => walk.end()?,
            Walk::Png(walk) => walk.end()?,
            Walk::Text(walk) => walk.end()?,
        }
        match self.format {
            Format::Jpeg | Format::Png => Ok(()),
            Format::Text => text::no_markup(&self.head),
            Format::Pdf => pdf::check(&self.head, tail),
            Format::Tiff => tiff(&self.head, self.length),
            Format::Heic => heic(&self.head),
            Format::Docx => office::check(&self.head, archive, self.length, "word/document.xml"),
            Format::Xlsx => office::check(&self.head, archive, self.length, "xl/workbook.xml"),
        }
    }
}

/// TIFF 6.0, section 2: byte order, 42, the place of the first directory.
fn tiff(head: &[u8], length: u64) -> Result<(), Fault> {
    let at: [u8; 4] = head.get(4..8).and_then(|at| at.try_into().ok()).ok_or(Fault::Content)?;
    let first = match head.get(..4) {
        Some(b"II*\0") => u32::from_le_bytes(at),
        Some(b"MM\0*") => u32::from_be_bytes(at),
        _ => return Err(Fault::Content),
    };
    if first >= 8 && u64::from(first) < length { Ok(()) } else { Err(Fault::Content) }
}

/// ISO/IEC 23008-12: a file-type box first, of one of the brands of pictures.
fn heic(head: &[u8]) -> Result<(), Fault> {
    let size: [u8; 4] = head.get(..4).and_then(|at| at.try_into().ok()).ok_or(Fault::Content)?;
    let brand = head.get(8..12).unwrap_or_default();
    let known: [&[u8]; 6] = [b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"];
    let fits = (16..=256).contains(&u32::from_be_bytes(size));
    if fits && head.get(4..8) == Some(b"ftyp") && known.contains(&brand) {
        Ok(())
    } else {
        Err(Fault::Content)
    }
}

/// Whether these bytes are in there, in any case.
fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests;
