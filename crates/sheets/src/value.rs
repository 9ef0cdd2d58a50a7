//! What one cell says. Nothing is guessed: what can be read in two ways is a fault.

use jiff::civil::{Date, DateTime, Time};

use crate::fault::Wrong;

/// Which of the two numbers before the year is the month; chosen once for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// 3/14/2024.
    MonthFirst,
    /// 14/3/2024.
    DayFirst,
}

impl DateOrder {
    /// As it is stored and sent.
    pub fn key(self) -> &'static str {
        match self {
            Self::MonthFirst => "month-first",
            Self::DayFirst => "day-first",
        }
    }

    /// The order of this key.
    pub fn of(key: &str) -> Option<Self> {
        [Self::MonthFirst, Self::DayFirst].into_iter().find(|order| order.key() == key)
    }

    /// The order in which more of these cells are dates; none when they do not tell.
    pub fn guess<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        let fits = |order: Self| cells.clone().filter(|cell| day(cell, order).is_ok()).count();
        let (month, day) = (fits(Self::MonthFirst), fits(Self::DayFirst));
        match month.cmp(&day) {
            std::cmp::Ordering::Greater => Some(Self::MonthFirst),
            std::cmp::Ordering::Less => Some(Self::DayFirst),
            std::cmp::Ordering::Equal => None,
        }
    }
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A day.
///
/// # Errors
/// [`Wrong::Date`], or [`Wrong::ShortYear`] when the century is left out.
pub(crate) fn day(text: &str, order: DateOrder) -> Result<Date, Wrong> {
    moment(text, order).map(|(date, _)| date)
}

/// A day, and the time of day if it is given.
///
/// # Errors
/// As [`day`].
pub(crate) fn moment(text: &str, order: DateOrder) -> Result<(Date, Option<Time>), Wrong> {
    let text = text.trim();
    let (front, back) = match text.split_once(['T', 't']).filter(|(front, _)| is_numeric(front)) {
        Some((front, back)) => (front, Some(back)),
        None => split_time(text),
    };
    let date = date(front.trim().trim_end_matches(','), order)?;
    let time = back.map(|back| time(back.trim()).ok_or(Wrong::Date)).transpose()?;
    Ok((date, time))
}

fn is_numeric(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'/' | b'.'))
}

/// Parts a date from the time behind it, which begins at the word with a colon in it.
fn split_time(text: &str) -> (&str, Option<&str>) {
    let Some(colon) = text.find(':') else { return (text, None) };
    match text[..colon].rfind(' ') {
        Some(blank) => (&text[..blank], Some(&text[blank + 1..])),
        None => (text, None),
    }
}

fn date(text: &str, order: DateOrder) -> Result<Date, Wrong> {
    let parts: Vec<&str> = text.split(['-', '/', '.', ' ', ',']).filter(|part| !part.is_empty()).collect();
    let (year, month, day) = match *parts {
        [whole] if whole.len() == 8 && is_digits(whole) => {
            (&whole[..4], number(&whole[4..6]), number(&whole[6..]))
        }
        [year, month, day] if year.len() == 4 && is_digits(year) => (year, month_of(month), number(day)),
        [a, b, year] if is_digits(a) && is_digits(b) => match order {
            DateOrder::MonthFirst => (year, number(a), number(b)),
            DateOrder::DayFirst => (year, number(b), number(a)),
        },
        [day, month, year] if is_digits(day) => (year, month_of(month), number(day)),
        [month, day, year] => (year, month_of(month), number(ordinal(day))),
        _ => return Err(Wrong::Date),
    };
    let (Some(month), Some(day)) = (month, day) else { return Err(Wrong::Date) };
    if !is_digits(year) {
        return Err(Wrong::Date);
    }
    if year.len() == 2 {
        return Err(Wrong::ShortYear);
    }
    let year = year.parse::<i16>().ok().filter(|_| year.len() == 4).ok_or(Wrong::Date)?;
    Date::new(year, month, day).map_err(|_| Wrong::Date)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number(text: &str) -> Option<i8> {
    if is_digits(text) && text.len() <= 2 { text.parse().ok() } else { None }
}

fn ordinal(text: &str) -> &str {
    ["st", "nd", "rd", "th"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text)
}

fn month_of(text: &str) -> Option<i8> {
    if let Some(month) = number(text) {
        return Some(month);
    }
    let text = text.to_lowercase();
    const LONG: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let found = LONG.iter().position(|long| *long == text);
    let found = found
        .or_else(|| MONTHS.iter().position(|short| *short == text || (text == "sept" && *short == "sep")));
    found.and_then(|at| i8::try_from(at + 1).ok())
}

/// `14:05`, `14:05:09`, `2:05 PM`; what a program adds behind it (fractions, `Z`) is no time of a house and refused.
fn time(text: &str) -> Option<Time> {
    let lower = text.to_ascii_lowercase();
    let (digits, half) = match lower.strip_suffix("am").or_else(|| lower.strip_suffix("a.m.")) {
        Some(digits) => (digits, Some(0)),
        None => match lower.strip_suffix("pm").or_else(|| lower.strip_suffix("p.m.")) {
            Some(digits) => (digits, Some(12)),
            None => (&*lower, None),
        },
    };
    let parts: Option<Vec<i8>> = digits.trim().split(':').map(number).collect();
    let (hour, minute, second) = match *parts?.as_slice() {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
    };
    Time::new(hour, minute, second, 0).ok()
}

/// A day and a time as one.
pub(crate) fn joined(date: Date, time: Time) -> DateTime {
    date.to_datetime(time)
}

fn word(text: &str) -> String {
    text.trim().trim_end_matches('.').to_lowercase()
}

/// FHIR's administrative gender.
///
/// # Errors
/// [`Wrong::Sex`].
pub(crate) fn sex(text: &str) -> Result<&'static str, Wrong> {
    match &*word(text) {
        "f" | "female" | "w" | "woman" | "weiblich" => Ok("female"),
        "m" | "male" | "man" | "männlich" => Ok("male"),
        "o" | "other" | "x" | "nonbinary" | "non-binary" | "diverse" | "divers" | "d" => Ok("other"),
        "u" | "unknown" | "unk" | "not known" | "?" => Ok("unknown"),
        _ => Err(Wrong::Sex),
    }
}

/// A telephone number, as it is written.
///
/// # Errors
/// [`Wrong::Phone`].
pub(crate) fn phone(text: &str) -> Result<&str, Wrong> {
    let lower = text.to_ascii_lowercase();
    let main = ["ext", "x", "#"].iter().filter_map(|mark| lower.find(mark)).min().unwrap_or(lower.len());
    let (number, rest) = lower.split_at(main);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let plain = number.chars().all(|c| c.is_ascii_digit() || " +-().\u{a0}/".contains(c));
    let extension = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
    let extended = rest.is_empty() || (is_digits(extension) && rest.len() - extension.len() <= 12);
    if plain && extended && (7..=15).contains(&digits) { Ok(text) } else { Err(Wrong::Phone) }
}

/// A mail address.
///
/// # Errors
/// [`Wrong::Mail`].
pub(crate) fn mail(text: &str) -> Result<&str, Wrong> {
    let Some((name, domain)) = text.split_once('@') else { return Err(Wrong::Mail) };
    let plain = !text.contains(|c: char| c.is_whitespace() || ",;<>".contains(c));
    let fits = plain
        && !name.is_empty()
        && domain.contains('.')
        && !domain.contains('@')
        && !domain.starts_with('.')
        && !domain.ends_with('.');
    if fits { Ok(text) } else { Err(Wrong::Mail) }
}

/// Yes or no.
///
/// # Errors
/// [`Wrong::YesNo`].
pub(crate) fn yes_no(text: &str) -> Result<bool, Wrong> {
    match &*word(text) {
        "yes" | "y" | "true" | "1" | "x" | "✓" => Ok(true),
        "no" | "n" | "false" | "0" | "-" => Ok(false),
        _ => Err(Wrong::YesNo),
    }
}

/// A status of FHIR's MedicationStatement (<https://hl7.org/fhir/R4/valueset-medication-statement-status.html>).
///
/// # Errors
/// [`Wrong::Choice`].
pub(crate) fn medication_status(text: &str) -> Result<&'static str, Wrong> {
    match &*word(text) {
        "active" | "current" | "taking" | "yes" | "y" | "true" | "ongoing" => Ok("active"),
        "completed" | "complete" | "finished" | "done" => Ok("completed"),
        "stopped" | "discontinued" | "inactive" | "no" | "n" | "false" | "d/c" | "dc" => Ok("stopped"),
        "on hold" | "on-hold" | "hold" | "held" | "paused" => Ok("on-hold"),
        "not taken" | "not taking" | "not-taken" => Ok("not-taken"),
        "unknown" | "unk" => Ok("unknown"),
        _ => Err(Wrong::Choice),
    }
}

/// A clinical status of FHIR's AllergyIntolerance.
///
/// # Errors
/// [`Wrong::Choice`].
pub(crate) fn allergy_status(text: &str) -> Result<&'static str, Wrong> {
    match &*word(text) {
        "active" | "current" | "yes" | "y" | "true" => Ok("active"),
        "inactive" | "no" | "n" | "false" => Ok("inactive"),
        "resolved" => Ok("resolved"),
        _ => Err(Wrong::Choice),
    }
}

/// FHIR's severity of a reaction.
///
/// # Errors
/// [`Wrong::Choice`].
pub(crate) fn severity(text: &str) -> Result<&'static str, Wrong> {
    match &*word(text) {
        "mild" | "low" | "minor" => Ok("mild"),
        "moderate" | "medium" => Ok("moderate"),
        "severe" | "high" | "major" | "life threatening" | "life-threatening" | "anaphylaxis" => Ok("severe"),
        _ => Err(Wrong::Choice),
    }
}

/// FHIR's category of what an allergy is against.
///
/// # Errors
/// [`Wrong::Choice`].
pub(crate) fn category(text: &str) -> Result<&'static str, Wrong> {
    match &*word(text) {
        "drug" | "medication" | "medicine" | "med" | "drug allergy" => Ok("medication"),
        "food" | "food allergy" => Ok("food"),
        "environment" | "environmental" | "other" | "latex" | "pollen" | "contact" => Ok("environment"),
        "biologic" | "vaccine" => Ok("biologic"),
        _ => Err(Wrong::Choice),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_of_every_fashion_are_read_in_the_order_of_the_file() {
        use DateOrder::{DayFirst, MonthFirst};
        for text in [
            "1941-03-04",
            "1941/3/4",
            "19410304",
            "3/4/1941",
            "03-04-1941",
            "3.4.1941",
            "4 Mar 1941",
            "4-MAR-1941",
            "March 4, 1941",
            "Mar 4th, 1941",
            "1941-03-04 00:00:00",
            "3/4/1941 12:00:00 AM",
            "1941-03-04T10:00",
        ] {
            assert_eq!(
                day(text, MonthFirst).map(|date| date.to_string()),
                Ok("1941-03-04".to_owned()),
                "{text}"
            );
        }
        assert_eq!(day("3/4/1941", DayFirst).map(|date| date.to_string()), Ok("1941-04-03".to_owned()));
        // The order is the file's, and not changed for a row that fits the other alone.
        assert_eq!(day("14/3/1941", MonthFirst), Err(Wrong::Date));
        assert_eq!(day("3/4/41", MonthFirst), Err(Wrong::ShortYear));
        for text in ["2/30/1941", "2023-02-29", "1941", "soon", "", "13/13/1941", "1/2/3/1941", "٣/٤/1941"]
        {
            assert_eq!(day(text, MonthFirst), Err(Wrong::Date), "{text}");
        }
    }

    #[test]
    fn the_order_is_told_by_the_cells_that_fit_one_alone() {
        assert_eq!(DateOrder::guess(["3/4/1941", "14/3/1941"].into_iter()), Some(DateOrder::DayFirst));
        assert_eq!(DateOrder::guess(["3/4/1941", "3/14/1941"].into_iter()), Some(DateOrder::MonthFirst));
        assert_eq!(DateOrder::guess(["3/4/1941", "1941-05-06", "x"].into_iter()), None);
    }

    #[test]
    fn times_are_of_the_clock_on_the_wall() {
        let check =
            |text: &str| moment(text, DateOrder::MonthFirst).map(|(_, time)| time.map(|it| it.to_string()));
        assert_eq!(check("1/2/2024 2:05 PM"), Ok(Some("14:05:00".to_owned())));
        assert_eq!(check("1/2/2024 12:05am"), Ok(Some("00:05:00".to_owned())));
        assert_eq!(check("2024-01-02 14:05:09"), Ok(Some("14:05:09".to_owned())));
        assert_eq!(check("2024-01-02"), Ok(None));
        assert_eq!(check("2024-01-02 25:00"), Err(Wrong::Date));
        assert_eq!(check("2024-01-02 13:00 PM"), Err(Wrong::Date));
    }

    #[test]
    fn numbers_addresses_and_words_are_what_they_seem() {
        for good in ["555-201-3000", "(555) 201 3000", "+1 555 201 3000 ext. 12", "555.201.3000 x12"] {
            assert_eq!(phone(good), Ok(good));
        }
        for bad in ["12345", "call the son", "555-201-3000 or 3001", "5552013000555201300055520", "x12"] {
            assert_eq!(phone(bad), Err(Wrong::Phone), "{bad}");
        }
        assert!(mail("ann@mail.example").is_ok());
        for bad in ["ann", "ann@", "@mail.example", "a b@mail.example", "a@b@c.d", "ann@mail", "a@b.c;d@e.f"]
        {
            assert_eq!(mail(bad), Err(Wrong::Mail), "{bad}");
        }
        assert_eq!((sex("F"), sex("Male"), sex("q")), (Ok("female"), Ok("male"), Err(Wrong::Sex)));
    }

    proptest! {
        #[test]
        fn no_text_is_too_much_for_any_of_them(text in ".{0,40}") {
            for order in [DateOrder::MonthFirst, DateOrder::DayFirst] {
                let _ = moment(&text, order);
            }
            let _ = (phone(&text).is_ok(), mail(&text).is_ok(), sex(&text).is_ok(), yes_no(&text).is_ok());
        }

        #[test]
        fn a_day_that_is_written_is_read_again(year in 1850_i16..2100, month in 1_i8..=12, day_of in 1_i8..=28) {
            let date = Date::new(year, month, day_of).map_err(|_| TestCaseError::reject("no day"))?;
            prop_assert_eq!(day(&date.to_string(), DateOrder::DayFirst), Ok(date));
            prop_assert_eq!(day(&format!("{month}/{day_of}/{year}"), DateOrder::MonthFirst), Ok(date));
            prop_assert_eq!(day(&format!("{day_of}.{month}.{year}"), DateOrder::DayFirst), Ok(date));
        }
    }
}
