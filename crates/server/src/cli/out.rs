//! What a command says: results on standard output, remarks on standard error.

use std::io::{self, ErrorKind, Write as _};

use serde::Serialize;

/// Writes a line of the result. A reader that has gone (`| head`) is no failure.
pub(super) fn line(text: impl AsRef<str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes the result as one JSON document.
pub(super) fn json(value: &impl Serialize) -> eyre::Result<()> {
    Ok(line(serde_json::to_string_pretty(value)?)?)
}

/// Writes a remark. There is nowhere to complain when that fails.
pub(super) fn note(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

/// Writes rows under their headings, in columns as wide as their widest cell.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> io::Result<()> {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let write = |cells: [&str; N]| {
        let mut text = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            text.push_str(cell);
            let gap = width + 2 - cell.chars().count().min(*width);
            text.extend(std::iter::repeat_n(' ', gap));
        }
        line(text.trim_end())
    };
    write(headings)?;
    rows.iter().try_for_each(|row| write(row.each_ref().map(String::as_str)))
}
