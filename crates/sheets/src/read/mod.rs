//! From the bytes of a file to rows of text. Nothing is kept of a row once it was handed on, and every bound is asked before
//! memory is given: files come from strangers.

mod csv;
mod xlsx;

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

/// How much of a file is taken.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of text, or of an XLSX file's parts unpacked.
    pub bytes: u64,
    /// Rows, the headings among them.
    pub rows: u32,
    /// Columns.
    pub columns: u16,
    /// Bytes of one cell.
    pub cell: usize,
}

impl Limits {
    /// For files that people send with a browser.
    pub const UPLOAD: Self = Self { bytes: 128 << 20, rows: 100_001, columns: 200, cell: 100_000 };
    /// For files that an operator has on the machine.
    pub const OPERATOR: Self = Self { bytes: 2 << 30, rows: 5_000_000, columns: 200, cell: 100_000 };
}

/// A row that holds something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// As a spreadsheet program numbers it: from 1, empty rows counted.
    pub number: u32,
    /// The cells, without blanks around them.
    pub cells: Vec<String>,
}

/// What kind of file it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Separated text; by what, and in which encoding.
    Csv {
        /// The character between cells.
        separator: u8,
        /// Its name in the Encoding Standard (<https://encoding.spec.whatwg.org/>).
        encoding: &'static str,
    },
    /// A workbook of Office Open XML; its first visible sheet that holds something.
    Xlsx,
}

/// Why a file cannot be read as a table. No text of the file is in it.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// Neither text nor a workbook.
    #[error("the file is neither CSV nor XLSX")]
    NotATable,
    /// It is locked, or of the format before XLSX.
    #[error(
        "the workbook is protected by a password or in the old XLS format: save it as XLSX without a password"
    )]
    Locked,
    /// Its parts contradict each other, or text is not of its encoding.
    #[error("the file is damaged")]
    Damaged,
    /// More bytes than are taken, once unpacked.
    #[error("the file is too large")]
    TooLarge,
    /// More rows than are taken.
    #[error("the file has too many rows")]
    TooManyRows,
    /// More columns than are taken.
    #[error("row {0} has too many columns")]
    TooManyColumns(u32),
    /// A cell longer than is taken.
    #[error("row {0} has a cell that is too long")]
    LongCell(u32),
    /// It could not be read from where it is.
    #[error("the file cannot be read")]
    Io(#[source] io::Error),
}

/// What is done with a row.
pub type Each<'a> = dyn FnMut(Row) -> ControlFlow<()> + 'a;

/// Hands the rows that hold something to `each`, the headings first, until it breaks off.
///
/// # Errors
/// When it is no table, or larger than the limits; rows before the fault were handed on.
pub fn read<R: Read + Seek>(mut file: R, limits: &Limits, each: &mut Each<'_>) -> Result<Format, Unreadable> {
    let mut head = Vec::with_capacity(8);
    file.by_ref().take(8).read_to_end(&mut head).map_err(Unreadable::Io)?;
    file.seek(SeekFrom::Start(0)).map_err(Unreadable::Io)?;
    match &*head {
        [] => Err(Unreadable::Empty),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Err(Unreadable::Locked),
        [b'P', b'K', 3, 4, ..] => {
            xlsx::read(file, &mut Checked::new(limits, each))?;
            Ok(Format::Xlsx)
        }
        _ => csv::read(file, limits, &mut Checked::new(limits, each)),
    }
}

/// Holds rows to the limits and leaves empty ones out.
struct Checked<'a, 'b> {
    limits: &'a Limits,
    each: &'a mut Each<'b>,
    rows: u32,
}

impl<'a, 'b> Checked<'a, 'b> {
    fn new(limits: &'a Limits, each: &'a mut Each<'b>) -> Self {
        Self { limits, each, rows: 0 }
    }

    fn row(&mut self, number: u32, mut cells: Vec<String>) -> Result<ControlFlow<()>, Unreadable> {
        while cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        if cells.len() > usize::from(self.limits.columns) {
            return Err(Unreadable::TooManyColumns(number));
        }
        self.rows += 1;
        if self.rows > self.limits.rows {
            return Err(Unreadable::TooManyRows);
        }
        Ok((self.each)(Row { number, cells }))
    }

    /// A cell's text, without blanks around it.
    fn cell(&self, number: u32, text: &str) -> Result<String, Unreadable> {
        if text.len() > self.limits.cell {
            return Err(Unreadable::LongCell(number));
        }
        let blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}');
        Ok(text.trim_matches(blank).to_owned())
    }
}

#[cfg(test)]
mod tests;
