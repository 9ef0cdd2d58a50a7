//! Which column is which field: by what its heading says, and by what stands below it.

use crate::field::{Field, Kind, Shape};
use crate::value::{self, DateOrder};

/// A column as it is looked at.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// What stands above it.
    pub heading: String,
    /// Some of what stands in it.
    pub samples: Vec<String>,
}

/// From so much on a guess is made.
const ENOUGH: u32 = 40;

/// The likely field of each column; each field once, and none where nothing fits.
pub fn guess(kind: Kind, columns: &[Column]) -> Vec<Option<Field>> {
    let mut fits: Vec<(u32, usize, usize, Field)> = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        for (order, (field, names)) in kind.fields().iter().enumerate() {
            let fit = fit(column, *field, names);
            if fit >= ENOUGH {
                fits.push((fit, at, order, *field));
            }
        }
    }
    // The best first; of two that fit the same, the column that stands earlier.
    fits.sort_by_key(|(fit, at, order, _)| (u32::MAX - fit, *at, *order));
    let mut guessed = vec![None; columns.len()];
    for (_, at, _, field) in fits {
        if guessed[at].is_none() && !guessed.contains(&Some(field)) {
            guessed[at] = Some(field);
        }
    }
    guessed
}

/// How well a column fits a field: 0 to 120.
fn fit(column: &Column, field: Field, names: &[&str]) -> u32 {
    let heading = words(&column.heading);
    let by_name = names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let rank = u32::try_from(at.min(9)).unwrap_or(9);
            if heading == *name {
                100 - rank
            } else if !heading.is_empty() && name.len() >= 3 && has_words(&heading, name) {
                60 - rank
            } else {
                0
            }
        })
        .max()
        .unwrap_or(0);
    let by_content = content(field.shape(), &column.samples);
    match by_content {
        // What stands there is something else.
        Some(false) => by_name / 2,
        Some(true) if by_name == 0 && heading.is_empty() => 45,
        Some(true) => by_name + if by_name > 0 { 20 } else { 0 },
        None => by_name,
    }
}

/// Whether what stands in a column is of the shape; nothing where that says nothing.
fn content(shape: Shape, samples: &[String]) -> Option<bool> {
    let filled: Vec<&str> = samples.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    if filled.is_empty() {
        return None;
    }
    let share = |fits: fn(&str) -> bool| filled.iter().filter(|text| fits(text)).count() * 2 >= filled.len();
    let date = |text: &str| {
        [DateOrder::MonthFirst, DateOrder::DayFirst].iter().any(|order| value::day(text, *order).is_ok())
    };
    match shape {
        Shape::Date | Shape::Moment => Some(share(date)),
        Shape::Sex => Some(share(|text| value::sex(text).is_ok())),
        Shape::Mail => Some(share(|text| value::mail(text).is_ok())),
        Shape::Phone => Some(share(|text| value::phone(text).is_ok())),
        _ => None,
    }
}

/// A heading as lower-case words with one blank between them.
pub fn words(heading: &str) -> String {
    let mut words = String::with_capacity(heading.len());
    let mut before = ' ';
    for c in heading.chars() {
        // Where a heading runs its words together: `LastName`.
        let parts = !c.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase());
        if parts && !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        }
        before = c;
    }
    words.trim_end().to_owned()
}

fn has_words(heading: &str, name: &str) -> bool {
    format!(" {heading} ").contains(&format!(" {name} "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, headings: &[(&str, &str)], expected: &[Option<Field>]) {
        let columns: Vec<Column> = headings
            .iter()
            .map(|(heading, sample)| Column {
                heading: (*heading).to_owned(),
                samples: vec![(*sample).to_owned()],
            })
            .collect();
        assert_eq!(guess(kind, &columns), expected, "{headings:?}");
    }

    #[test]
    fn headings_of_every_fashion_are_understood() {
        check(
            Kind::Patients,
            &[
                ("MRN", "7"),
                ("LastName", "Ash"),
                ("FIRST_NAME", "Ann"),
                ("D.O.B.", "3/4/1941"),
                ("Sex (M/F)", "F"),
            ],
            &[
                Some(Field::Id),
                Some(Field::LastName),
                Some(Field::FirstName),
                Some(Field::BirthDate),
                Some(Field::Sex),
            ],
        );
        check(
            Kind::Contacts,
            &[
                ("Resident ID", "7"),
                ("Contact Name", "Bo Ash"),
                ("Relationship to Resident", "son"),
                ("Cell", "555 201 3000"),
            ],
            &[Some(Field::Patient), Some(Field::Name), Some(Field::Relationship), Some(Field::Mobile)],
        );
        check(
            Kind::Notes,
            &[
                ("Patient", "7"),
                ("Date/Time", "2024-01-02 10:00"),
                ("Note", "Slept well."),
                ("Staff", "R. Day"),
            ],
            &[Some(Field::Patient), Some(Field::Written), Some(Field::Text), Some(Field::Author)],
        );
    }

    #[test]
    fn what_stands_there_tells_where_the_heading_does_not() {
        check(Kind::Patients, &[("", "ann@mail.example"), ("Colour", "green")], &[Some(Field::Mail), None]);
        // A column of yes and no is no date, whatever is above it.
        check(
            Kind::Patients,
            &[("Deceased", "no"), ("Date of death", "2020-01-02")],
            &[None, Some(Field::Deceased)],
        );
    }

    #[test]
    fn a_field_is_given_to_one_column() {
        check(
            Kind::Patients,
            &[("Phone", "555 201 3000"), ("Phone", "555 201 3001")],
            &[Some(Field::Phone), None],
        );
    }
}
