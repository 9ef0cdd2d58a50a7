//! Workbooks (ECMA-376), cell by cell. What they unpack to is counted before anything of it is read: an archive says what
//! it likes of its size.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetVisible, Xlsx, XlsxError};

use super::{Checked, Unreadable};

/// The most parts of a workbook.
const PARTS: usize = 5_000;

pub(super) fn read<R: Read + Seek>(mut file: R, out: &mut Checked<'_, '_>) -> Result<(), Unreadable> {
    measure(&mut file, out.limits.bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(io::BufReader::new(file)).map_err(unreadable)?;
    let visible = book.sheets_metadata().iter().filter(|sheet| sheet.visible == SheetVisible::Visible);
    let names: Vec<String> = visible.map(|sheet| sheet.name.clone()).collect();
    for name in names {
        let before = out.rows;
        sheet(&mut book, &name, out)?;
        if out.rows > before {
            return Ok(());
        }
    }
    Err(Unreadable::Empty)
}

/// Unpacks every part into nothing.
fn measure<R: Read + Seek>(file: &mut R, most: u64) -> Result<(), Unreadable> {
    {
        let mut archive = zip::ZipArchive::new(&mut *file).map_err(|_| Unreadable::Damaged)?;
        if archive.len() > PARTS {
            return Err(Unreadable::TooLarge);
        }
        let mut left = most;
        for part in 0..archive.len() {
            let part = archive.by_index(part).map_err(|_| Unreadable::Damaged)?;
            let count =
                io::copy(&mut part.take(left + 1), &mut io::sink()).map_err(|_| Unreadable::Damaged)?;
            left = left.checked_sub(count).ok_or(Unreadable::TooLarge)?;
        }
    }
    file.seek(SeekFrom::Start(0)).map(|_| ()).map_err(Unreadable::Io)
}

fn sheet<R: Read + Seek>(
    book: &mut Xlsx<io::BufReader<R>>,
    name: &str,
    out: &mut Checked<'_, '_>,
) -> Result<(), Unreadable> {
    let mut reader = match book.worksheet_cells_reader(name) {
        Ok(reader) => reader,
        // A chart has a sheet of its own without cells.
        Err(XlsxError::WorksheetNotFound(_) | XlsxError::NotAWorksheet(_)) => return Ok(()),
        Err(error) => return Err(unreadable(error)),
    };
    let (mut number, mut cells) = (0, Vec::new());
    while let Some(cell) = reader.next_cell().map_err(unreadable)? {
        let (row, column) = cell.get_position();
        if row + 1 != number {
            let full = std::mem::take(&mut cells);
            if out.row(number, full)?.is_break() {
                return Ok(());
            }
            // Rows are written in order; a file in which they are not would give one row twice.
            if row + 1 < number {
                return Err(Unreadable::Damaged);
            }
            number = row + 1;
        }
        let text = text(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column >= usize::from(out.limits.columns) {
            return Err(Unreadable::TooManyColumns(number));
        }
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = out.cell(number, &text)?;
    }
    match out.row(number, cells)? {
        ControlFlow::Continue(()) | ControlFlow::Break(()) => Ok(()),
    }
}

/// A cell as one reads it; what a formula gave when it was saved.
fn text(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => float(*number),
        DataRef::Bool(true) => "yes".to_owned(),
        DataRef::Bool(false) => "no".to_owned(),
        DataRef::DateTime(moment) => date(moment),
        DataRef::Error(error) => error.to_string(),
    }
}

/// A number as people write it: the fewest digits that give it again, never with an exponent.
fn float(number: f64) -> String {
    format!("{number}")
}

fn date(moment: &ExcelDateTime) -> String {
    let serial = moment.as_f64();
    if !moment.is_datetime() || !serial.is_finite() || !(0.0..3_000_000.0).contains(&serial) {
        return float(serial);
    }
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    // Moments are kept as fractions of a day, and are never exact.
    let second = if milli >= 500 { second.saturating_add(1).min(59) } else { second };
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second) {
        (0, 0, 0) => date,
        (hour, minute, 0) => format!("{date} {hour:02}:{minute:02}"),
        (hour, minute, second) => format!("{date} {hour:02}:{minute:02}:{second:02}"),
    }
}

fn unreadable(error: XlsxError) -> Unreadable {
    match error {
        XlsxError::Io(error) => Unreadable::Io(error),
        XlsxError::Password => Unreadable::Locked,
        XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound => Unreadable::NotATable,
        _ => Unreadable::Damaged,
    }
}
