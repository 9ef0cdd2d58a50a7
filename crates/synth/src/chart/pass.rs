//! What was given in the days up to an hour: a medication pass goes on from there.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::medications::{reason, route};
use super::{Chart, NURSES, by};
use crate::codes::{CONTROLLED, Drug, snomed};
use crate::json::Json;
use crate::time::{HOUR, MINUTE};

/// Days of which every dose has its record.
const DAYS: i64 = 5;
/// What was due so shortly ago is still to be given.
const OPEN: i64 = 75 * MINUTE;

impl Chart<'_> {
    /// Orders of what is counted, and the doses up to this moment.
    pub(super) fn pass(&mut self, until: i64) {
        if self.deceased {
            return;
        }
        for (at, (every, from, drug)) in CONTROLLED.iter().enumerate() {
            if self.n % every == *from {
                let url = self.write_request((drug, None), 90 + at, None);
                self.orders.push((drug, None, url));
            }
        }
        for (drug, known, order) in std::mem::take(&mut self.orders) {
            for due in self.due(drug, until) {
                // Some are forgotten.
                if !self.rng.chance(3) {
                    let when = (due + self.rng.between(-25, 40) * MINUTE).min(until - 2 * MINUTE);
                    let refused = self.rng.chance(5);
                    self.write_dose((drug, known), &order, when, refused);
                }
            }
            for hours in [8, 26, 55] {
                if drug.hours.is_empty() && self.rng.chance(40) {
                    let when = until - hours * HOUR - self.rng.between(0, 110) * MINUTE;
                    self.write_dose((drug, known), &order, when, false);
                }
            }
        }
    }

    /// When a drug was due, by the clock on the wall of the house.
    fn due(&self, drug: &Drug, until: i64) -> Vec<i64> {
        let zone = TimeZone::get(self.place.time_zone).unwrap_or(TimeZone::UTC);
        let today = Timestamp::from_second(until).unwrap_or_default().to_zoned(zone.clone()).date();
        let days = (0..=DAYS).rev().filter_map(|back| today.checked_sub(back.days()).ok());
        let at = |day: jiff::civil::Date, hour: u8| {
            let local = day.at(i8::try_from(hour).unwrap_or(0), 0, 0, 0);
            local.to_zoned(zone.clone()).map_or(i64::MAX, |due| due.timestamp().as_second())
        };
        days.flat_map(|day| drug.hours.iter().map(move |hour| (day, *hour)))
            .map(|(day, hour)| at(day, hour))
            .filter(|due| *due <= until - OPEN)
            .collect()
    }

    fn write_dose(&mut self, (drug, known): (&Drug, Option<usize>), order: &str, when: i64, refused: bool) {
        let nurse = self.any(NURSES);
        let mut j = self.sheet.open("MedicationAdministration");
        j.str("status", if refused { "not-done" } else { "completed" });
        if refused {
            let declined = snomed("105480006", "Refusal of treatment by patient");
            j.concepts("statusReason", &[declined], "Declined by resident");
        }
        self.medication(&mut j, drug, known);
        self.subject(&mut j);
        j.reference("context", &self.stay, "");
        j.instant("effectiveDateTime", when);
        j.one("performer", |j| by(j, "actor", nurse));
        if drug.hours.is_empty() {
            j.concepts("reasonCode", &[], reason(drug));
        }
        j.reference("request", order, "");
        j.obj("dosage", |j| {
            j.text("text", drug.sig);
            j.concept("route", &[route(drug)], "");
            j.quantity("dose", drug.quantity, 0, drug.unit, drug.form);
        });
        self.sheet.close(j);
    }

    /// What it is: of the directory, or by its code.
    pub(super) fn medication(&self, j: &mut Json, drug: &Drug, known: Option<usize>) {
        match known {
            Some(at) => j.reference("medicationReference", &self.group.medications[at], drug.code.display),
            None => j.concept("medicationCodeableConcept", &[drug.code], drug.code.display),
        }
    }
}
