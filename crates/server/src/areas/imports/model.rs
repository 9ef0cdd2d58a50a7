//! How an import is told, and the words it is stored in.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sheets::{Column, DateOrder, Fault, Field, Kind, Reading};
use utoipa::ToSchema;

use super::error::Error;

/// How long what was brought in can be taken back, and the file is kept for it.
pub(super) const UNDOABLE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a file is kept that was not brought in.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long a worker that says nothing is believed to live.
pub(super) const LEASE: Duration = Duration::from_secs(30);
/// Cells of a column that are shown to say what it is.
const SHOWN: usize = 3;

/// Where an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Sent,
    Checking,
    Checked,
    Running,
    Done,
    Undoing,
    Undone,
    Failed,
}

impl State {
    pub(super) const ALL: [(Self, &'static str); 8] = [
        (Self::Sent, "sent"),
        (Self::Checking, "checking"),
        (Self::Checked, "checked"),
        (Self::Running, "running"),
        (Self::Done, "done"),
        (Self::Undoing, "undoing"),
        (Self::Undone, "undone"),
        (Self::Failed, "failed"),
    ];

    pub(super) fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, one)| *one == key).map(|(state, _)| state)
    }

    pub(super) fn key(self) -> &'static str {
        Self::ALL.into_iter().find(|(state, _)| *state == self).map_or("", |(_, key)| key)
    }
}

/// What the columns of a sheet were said to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// The field of each column, in their order; null for what is not brought in.
    pub(super) fields: Vec<Option<String>>,
    /// Which number of a date is the month: `month-first` or `day-first`.
    pub(super) dates: String,
    /// A name for the system that the sheet is from: small letters, digits and hyphens. Identifiers of two never meet.
    pub(super) source: String,
}

/// The same, understood.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    pub(super) columns: Vec<Option<Field>>,
    pub(super) dates: DateOrder,
    pub(super) source: String,
}

impl Mapping {
    pub(super) fn understood(&self) -> Result<Mapped, Error> {
        let field = |key: &Option<String>| match key.as_deref() {
            None => Ok(None),
            Some(key) => Field::of(key).map(Some).ok_or(Error::Invalid("fields: one of them is not known")),
        };
        let columns = self.fields.iter().map(field).collect::<Result<Vec<_>, _>>()?;
        let dates = DateOrder::of(&self.dates).ok_or(Error::Invalid("dates: month-first or day-first"))?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !self.source.bytes().all(plain) || !(1..=40).contains(&self.source.len()) {
            return Err(Error::Invalid("source: 1 to 40 small letters, digits and hyphens"));
        }
        Ok(Mapped { columns, dates, source: self.source.clone() })
    }
}

impl Mapped {
    /// As it is stored.
    pub(super) fn keys(&self) -> Vec<&'static str> {
        self.columns.iter().map(|field| field.map_or("", Field::key)).collect()
    }

    /// As it was stored.
    pub(super) fn of(fields: &[String], dates: &str, source: &str) -> Self {
        Self {
            columns: fields.iter().map(|key| Field::of(key)).collect(),
            dates: DateOrder::of(dates).unwrap_or(DateOrder::MonthFirst),
            source: source.to_owned(),
        }
    }

    pub(super) fn reading(&self, kind: Kind, today: jiff::civil::Date, zone: jiff::tz::TimeZone) -> Reading {
        Reading {
            kind,
            columns: self.columns.clone(),
            dates: self.dates,
            source: self.source.clone(),
            today,
            zone,
        }
    }
}

/// A column of the file.
#[derive(Serialize, ToSchema)]
pub(super) struct ShownColumn {
    /// What stands above it.
    heading: String,
    /// Some of what stands in it.
    samples: Vec<String>,
    /// The field that it is taken for; null for none.
    #[schema(required)]
    field: Option<&'static str>,
}

/// A field that a column may be.
#[derive(Serialize, ToSchema)]
pub(super) struct ShownField {
    /// Its key.
    field: &'static str,
    /// Fields in one group: one of them must have a column. Without a number it may be left out.
    #[schema(required)]
    needed: Option<usize>,
}

pub(super) fn columns(columns: Vec<Column>, fields: &[Option<Field>]) -> Vec<ShownColumn> {
    let fields = fields.iter().copied().chain(std::iter::repeat(None));
    let shown = |(column, field): (Column, Option<Field>)| ShownColumn {
        heading: column.heading,
        samples: column.samples.into_iter().take(SHOWN).collect(),
        field: field.map(Field::key),
    };
    columns.into_iter().zip(fields).map(shown).collect()
}

pub(super) fn fields(kind: Kind) -> Vec<ShownField> {
    let needed = |field: Field| kind.required().iter().position(|set| set.contains(&field));
    kind.fields().iter().map(|(field, _)| ShownField { field: field.key(), needed: needed(*field) }).collect()
}

/// A fault as it is stored: column, field and what is wrong.
pub(super) fn stored(fault: &Fault) -> String {
    let column = fault.column.map(|at| at.to_string()).unwrap_or_default();
    format!("{column}:{}:{}", fault.field.map_or("", Field::key), fault.wrong.key())
}

/// A fault as it is told.
#[derive(Serialize, ToSchema)]
pub(super) struct ShownFault {
    /// In which column, from 0.
    #[schema(required)]
    pub(super) column: Option<u16>,
    /// Of which field.
    #[schema(required)]
    pub(super) field: Option<String>,
    /// What is wrong.
    pub(super) fault: String,
}

impl ShownFault {
    pub(super) fn of(stored: &str) -> Self {
        let mut parts = stored.splitn(3, ':');
        let mut next = || parts.next().unwrap_or_default();
        let (column, field, fault) = (next().parse().ok(), next(), next());
        Self { column, field: Some(field.to_owned()).filter(|key| !key.is_empty()), fault: fault.to_owned() }
    }
}

/// How many cells of a field were read again from the records, and how many of them differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct Compared {
    pub(super) cells: u64,
    pub(super) differences: u64,
}

/// The same of every field.
pub(super) type Comparison = BTreeMap<String, Compared>;

#[cfg(test)]
mod tests {
    use sheets::Wrong;

    use super::*;

    #[test]
    fn a_fault_is_told_as_it_was_stored() {
        let fault = Fault { column: Some(3), field: Some(Field::BirthDate), wrong: Wrong::ShortYear };
        let told = ShownFault::of(&stored(&fault));
        assert_eq!(
            (told.column, told.field.as_deref(), &*told.fault),
            (Some(3), Some("birth_date"), "short-year")
        );
        let told = ShownFault::of(&stored(&Fault::of_row(Wrong::Twice)));
        assert_eq!((told.column, told.field, &*told.fault), (None, None, "twice"));
    }

    #[test]
    fn states_have_words_of_their_own() {
        for (state, key) in State::ALL {
            assert_eq!((State::of(key), state.key()), (Some(state), key));
        }
    }

    #[test]
    fn a_mapping_is_understood_whole_or_refused() {
        let mapping = |fields: &[Option<&str>], dates: &str, source: &str| Mapping {
            fields: fields.iter().map(|field| field.map(str::to_owned)).collect(),
            dates: dates.to_owned(),
            source: source.to_owned(),
        };
        let good = mapping(&[Some("id"), None], "day-first", "old-house").understood();
        assert_eq!(good.map(|mapped| mapped.keys()).ok(), Some(vec!["id", ""]));
        for (fields, dates, source) in [
            (&[Some("colour")][..], "day-first", "x"),
            (&[Some("id")], "year-first", "x"),
            (&[Some("id")], "day-first", ""),
            (&[Some("id")], "day-first", "Old House"),
        ] {
            assert!(mapping(fields, dates, source).understood().is_err());
        }
    }
}
