//! Instants as seconds since 1970-01-01T00:00:00Z, and their FHIR spelling.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::Offset;
use std::fmt::Write as _;

pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 3600;
pub(crate) const DAY: i64 = 86_400;

/// Midnight UTC at the start of `day`.
pub(crate) fn midnight(day: Date) -> i64 {
    day.duration_since(date(1970, 1, 1)).as_secs()
}

pub(crate) fn civil(at: i64) -> DateTime {
    Offset::UTC.to_datetime(Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn digits(out: &mut String, value: i8) {
    let value = value.unsigned_abs();
    out.push(char::from(b'0' + value / 10));
    out.push(char::from(b'0' + value % 10));
}

/// Appends `YYYY-MM-DD`.
pub(crate) fn push_date(out: &mut String, at: i64) {
    push_civil_date(out, civil(at));
}

fn push_civil_date(out: &mut String, when: DateTime) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{:04}", when.year());
    out.push('-');
    digits(out, when.month());
    out.push('-');
    digits(out, when.day());
}

/// Appends `YYYY-MM-DDThh:mm:ssZ`.
pub(crate) fn push_instant(out: &mut String, at: i64) {
    let when = civil(at);
    push_civil_date(out, when);
    out.push('T');
    digits(out, when.hour());
    out.push(':');
    digits(out, when.minute());
    out.push(':');
    digits(out, when.second());
    out.push('Z');
}
