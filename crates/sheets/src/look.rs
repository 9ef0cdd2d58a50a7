//! A first look at a file: its headings, some of what stands below them, and how much there is.

use std::io::{Read, Seek};
use std::ops::ControlFlow;

use crate::guess::Column;
use crate::read::{Format, Limits, Unreadable, read};
use crate::value::DateOrder;

/// How many filled cells of a column are looked at.
const SAMPLES: usize = 40;
/// How many characters of one.
const SHORT: usize = 80;

/// What a file is.
#[derive(Clone, Debug)]
pub struct Look {
    /// How it is written.
    pub format: Format,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Rows below the headings.
    pub rows: u32,
    /// Which number of its dates is the month, as far as they tell.
    pub dates: Option<DateOrder>,
}

/// Looks through a file once.
///
/// # Errors
/// As [`read`]; [`Unreadable::Empty`] also when nothing stands below the headings.
pub fn look<R: Read + Seek>(file: R, limits: &Limits) -> Result<Look, Unreadable> {
    let mut columns: Vec<Column> = Vec::new();
    let mut rows = None;
    let (mut month, mut day) = (0_u64, 0_u64);
    let format = read(file, limits, &mut |row| {
        let Some(count) = &mut rows else {
            columns = row.cells.into_iter().map(|heading| Column { heading, samples: Vec::new() }).collect();
            rows = Some(0_u32);
            return ControlFlow::Continue(());
        };
        *count += 1;
        if columns.len() < row.cells.len() {
            columns.resize_with(row.cells.len(), Column::default);
        }
        for (column, cell) in columns.iter_mut().zip(row.cells) {
            match DateOrder::guess(std::iter::once(&*cell)) {
                Some(DateOrder::MonthFirst) => month += 1,
                Some(DateOrder::DayFirst) => day += 1,
                None => {}
            }
            if column.samples.len() < SAMPLES && !cell.is_empty() {
                column.samples.push(cell.chars().take(SHORT).collect());
            }
        }
        ControlFlow::Continue(())
    })?;
    let rows = rows.filter(|rows| *rows > 0).ok_or(Unreadable::Empty)?;
    let dates = match month.cmp(&day) {
        std::cmp::Ordering::Greater => Some(DateOrder::MonthFirst),
        std::cmp::Ordering::Less => Some(DateOrder::DayFirst),
        std::cmp::Ordering::Equal => None,
    };
    Ok(Look { format, columns, rows, dates })
}
