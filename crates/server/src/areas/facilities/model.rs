//! What a facility and an organization may be called and do.

use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::error::Error;
use crate::http::one_of;

/// The states of a facility. One that is being prepared takes no patients.
pub(super) const STATES: [&str; 3] = ["preparing", "pilot", "live"];

pub(super) fn states() -> Object {
    one_of(&STATES)
}

/// Times of some days at which a facility is open (FHIR `Location.hoursOfOperation`).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Hours {
    /// `mon` to `sun`; every day when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    days_of_week: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all_day: Option<bool>,
    /// As `08:00:00`, in the facility's time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opening_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closing_time: Option<String>,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MOST_HOURS: usize = 28;

fn is_time(text: &str) -> bool {
    text.len() == 8 && text.parse::<Time>().is_ok()
}

/// Refuses hours that no clock shows.
pub(super) fn checked_hours(hours: &[Hours]) -> Result<(), Error> {
    let fine = |one: &Hours| {
        one.days_of_week.iter().all(|day| DAYS.contains(&day.as_str()))
            && match (one.all_day, &one.opening_time, &one.closing_time) {
                (Some(true), None, None) => true,
                (None | Some(false), Some(from), Some(to)) => is_time(from) && is_time(to),
                _ => false,
            }
    };
    if hours.len() <= MOST_HOURS && hours.iter().all(fine) {
        Ok(())
    } else {
        Err(Error::Invalid("hours: days mon to sun, and either allDay or openingTime and closingTime"))
    }
}

/// What a facility or an organization is called.
pub(super) fn checked_name(name: &str) -> Result<(), Error> {
    if name.trim() == name && (1..=200).contains(&name.chars().count()) {
        Ok(())
    } else {
        Err(Error::Invalid("name: 1 to 200 characters, none of them a space at either end"))
    }
}

pub(super) fn checked_code(code: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let inner = !code.starts_with('-') && !code.ends_with('-');
    if (1..=63).contains(&code.len()) && code.bytes().all(plain) && inner {
        Ok(())
    } else {
        Err(Error::Invalid("code: lower-case letters, digits and inner hyphens"))
    }
}

pub(super) fn checked_zone(name: &str) -> Result<(), Error> {
    if jiff::tz::TimeZone::get(name).is_ok() {
        Ok(())
    } else {
        Err(Error::Invalid("time_zone: an IANA name such as America/Chicago"))
    }
}

pub(super) fn checked_state(state: &str) -> Result<(), Error> {
    if STATES.contains(&state) { Ok(()) } else { Err(Error::Invalid("state: preparing, pilot or live")) }
}

pub(super) fn checked_accent(accent: &str) -> Result<(), Error> {
    let digits = accent.strip_prefix('#').unwrap_or_default();
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digits.len() == 6 && digits.bytes().all(hex) {
        Ok(())
    } else {
        Err(Error::Invalid("accent: a colour as #rrggbb, in lower case"))
    }
}
