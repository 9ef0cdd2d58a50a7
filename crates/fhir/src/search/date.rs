//! Dates as ranges: <https://hl7.org/fhir/R4/search.html#date>.

use crate::json::Node;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Microseconds since 1970-01-01T00:00Z, from `low` up to but not including `high`.
/// An end that is not known is `i64::MIN` or `i64::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    /// First microsecond.
    pub low: i64,
    /// One past the last microsecond.
    pub high: i64,
}

impl Range {
    /// Do both hold an instant?
    pub fn overlaps(self, other: Range) -> bool {
        self.low < other.high && other.low < self.high
    }

    /// Does this hold all of `other`?
    pub fn contains(self, other: Range) -> bool {
        self.low <= other.low && other.high <= self.high
    }

    fn hull(self, other: Range) -> Range {
        Range { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

/// The span a FHIR `date`, `dateTime` or `instant` stands for, by its precision: a year, month, day, minute, second
/// or fraction. `None` when the text is none of these. Without a zone it is UTC; digits past the microsecond are cut.
///
/// Minutes without seconds are accepted, which only queries may write.
pub fn range(text: &str) -> Option<Range> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let year = i64::from(digits(day.get(..4)?, 4)?);
    if year == 0 {
        return None;
    }
    let rest = &day[4..];
    if rest.is_empty() {
        return time.is_none().then(|| Range { low: midnight(year, 1, 1), high: midnight(year + 1, 1, 1) });
    }
    let month = i64::from(digits(rest.strip_prefix('-')?.get(..2)?, 2)?);
    if !(1..=12).contains(&month) {
        return None;
    }
    let next = if month == 12 { midnight(year + 1, 1, 1) } else { midnight(year, month + 1, 1) };
    let first = midnight(year, month, 1);
    let rest = &rest[3..];
    if rest.is_empty() {
        return time.is_none().then_some(Range { low: first, high: next });
    }
    let date = i64::from(digits(rest.strip_prefix('-')?, 2)?);
    let low = first + (date - 1) * DAY;
    if date < 1 || low >= next {
        return None;
    }
    match time {
        None => Some(Range { low, high: low + DAY }),
        Some(time) => clock(time).map(|(at, width)| Range { low: low + at, high: low + at + width }),
    }
}

/// A time of day with its zone, as microseconds after midnight UTC and the width of its precision.
fn clock(text: &str) -> Option<(i64, i64)> {
    let split = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (time, zone) = text.split_at(split);
    let offset = match zone.as_bytes().first() {
        None => 0,
        Some(b'Z') if zone.len() == 1 => 0,
        Some(sign @ (b'+' | b'-')) => {
            let (h, m) = zone[1..].split_once(':')?;
            let (h, m) = (i64::from(digits(h, 2)?), i64::from(digits(m, 2)?));
            if h > 14 || m > 59 {
                return None;
            }
            (h * HOUR + m * MINUTE) * if *sign == b'+' { 1 } else { -1 }
        }
        Some(_) => return None,
    };
    let mut parts = time.splitn(3, ':');
    let hour = i64::from(digits(parts.next()?, 2)?);
    let minute = i64::from(digits(parts.next()?, 2)?);
    if hour > 23 || minute > 59 {
        return None;
    }
    let at = hour * HOUR + minute * MINUTE - offset;
    let Some(seconds) = parts.next() else { return Some((at, MINUTE)) };
    let (whole, fraction) = match seconds.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (seconds, None),
    };
    // :60 is a leap second, which UTC days here do not have; it falls into the next minute.
    let whole = i64::from(digits(whole, 2)?);
    if whole > 60 {
        return None;
    }
    let at = at + whole * SECOND;
    let Some(fraction) = fraction else { return Some((at, SECOND)) };
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut width = SECOND;
    let mut extra = 0;
    for b in fraction.bytes().take(6) {
        width /= 10;
        extra += i64::from(b - b'0') * width;
    }
    Some((at + extra, width))
}

/// Exactly `count` digits as a number.
fn digits(text: &str, count: usize) -> Option<u32> {
    if text.len() != count || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Midnight UTC of a proleptic Gregorian day. Years are counted from March, so that the leap day is a year's last.
fn midnight(year: i64, month: i64, day: i64) -> i64 {
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    const EPOCH: i64 = 719_468;
    (days - EPOCH) * DAY
}

/// A Period: from the start's first instant to the end's last; an end left out is open. `None` when both are.
pub(super) fn period(node: &Node<'_>) -> Option<Range> {
    let (start, end) = (node.text("start").and_then(range), node.text("end").and_then(range));
    if start.is_none() && end.is_none() {
        return None;
    }
    let span = Range { low: start.map_or(i64::MIN, |r| r.low), high: end.map_or(i64::MAX, |r| r.high) };
    (span.low < span.high).then_some(span)
}

/// A Timing's outer limits: its events and the period that bounds its repetition, as the specification says.
pub(super) fn timing(node: &Node<'_>) -> Option<Range> {
    let events = node.get("event").map_or(&[][..], Node::items);
    let bounds = node.get("repeat").and_then(|r| r.get("boundsPeriod")).and_then(period);
    events.iter().filter_map(|e| range(e.as_str()?)).chain(bounds).reduce(Range::hull)
}
