//! Spreadsheets: what stands in CSV and XLSX files, as rows of text ([`read`]), what its columns are ([`guess`]), and each
//! row as a FHIR record or as faults ([`Reading::record`]). Knows no database and no network; no fault holds a value.

mod back;
mod fault;
mod field;
mod guess;
mod look;
mod names;
mod read;
mod record;
mod value;

pub use back::{is_of, patient_named, says};
pub use fault::{Fault, Wrong};
pub use field::{Field, Kind, Shape};
pub use guess::{Column, guess, words};
pub use look::{Look, look};
pub use names::name_of;
pub use read::{Each, Format, Limits, Row, Unreadable, read};
pub use record::{BadReading, Cell, Made, Person, Reading, SOURCE};
pub use value::DateOrder;

#[cfg(test)]
mod tests;
