//! What is wrong with a row. A fault names the column and never the value.

use crate::field::Field;

macro_rules! faults {
    ($($name:ident = $key:literal: $words:literal,)*) => {
        /// What is wrong with a cell, or with a row as a whole.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Wrong {
            $(#[doc = $words] $name,)*
        }

        impl Wrong {
            /// Every fault.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable key.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }

            /// In words.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

faults! {
    Missing = "missing": "nothing stands here, and something must",
    Date = "date": "not a date that exists; write year-month-day",
    ShortYear = "short-year": "write the year with four digits",
    Future = "future": "the date lies in the future",
    Past = "past": "the date lies too far back",
    Order = "order": "the end lies before the start",
    Sex = "sex": "not one of female, male, other, unknown",
    Phone = "phone": "not a telephone number",
    Mail = "mail": "not a mail address",
    YesNo = "yes-no": "neither yes nor no",
    Choice = "choice": "not one of the words that this column may have",
    Long = "long": "too long for its field",
    Characters = "characters": "characters that cannot be read",
    Formula = "formula": "the spreadsheet shows an error here",
    Twice = "twice": "an earlier row has the same identifier",
    NoPatient = "no-patient": "no patient with this identifier was brought in",
    Refused = "refused": "the record was refused",
}

impl Wrong {
    /// The fault of this key.
    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|wrong| wrong.key() == key)
    }
}

/// A fault of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// In which column, from 0; none when it is of the row as a whole, or of a column that is not there.
    pub column: Option<u16>,
    /// Of which field.
    pub field: Option<Field>,
    /// What.
    pub wrong: Wrong,
}

impl Fault {
    /// A fault of the row as a whole.
    pub fn of_row(wrong: Wrong) -> Self {
        Self { column: None, field: None, wrong }
    }
}
