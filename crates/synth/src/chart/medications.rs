//! MedicationRequest and MedicationAdministration.

use super::{Chart, NURSES, by};
use crate::codes::{CONDITIONS, Drug, MEDICINES, medication_category, snomed};
use crate::json::Json;
use crate::profile::Profile;
use crate::time::{DAY, MINUTE};

impl Chart<'_> {
    pub(super) fn medications(&mut self) {
        let mut orders = Vec::new();
        for at in 0..self.conditions.len() {
            let treats = CONDITIONS[self.conditions[at].0].icd.code;
            let start = self.rng.below(2) as usize;
            let known = |drug: &Drug| {
                orders
                    .iter()
                    .any(|(other, _): &(usize, String)| MEDICINES[*other].code.code == drug.code.code)
            };
            let fitting: Vec<usize> = (0..MEDICINES.len())
                .filter(|at| MEDICINES[*at].treats == treats && !known(&MEDICINES[*at]))
                .collect();
            if let Some(drug) = fitting.get(start).or(fitting.first()) {
                let url = self.write_request((&MEDICINES[*drug], Some(*drug)), *drug, Some(at));
                orders.push((*drug, url));
            }
        }
        if orders.is_empty() {
            let drug = MEDICINES.len() - 2;
            let url = self.write_request((&MEDICINES[drug], Some(drug)), drug, None);
            orders.push((drug, url));
        }
        for days in [1, 2] {
            for (drug, order) in orders.iter().take(4) {
                self.write_administration(*drug, order, days);
            }
        }
        self.orders = orders.into_iter().map(|(at, url)| (&MEDICINES[at], Some(at), url)).collect();
    }

    /// Of a medication, with its place in the directory when it has one; `number` tells it from the person's others.
    pub(super) fn write_request(
        &mut self,
        (drug, known): (&Drug, Option<usize>),
        number: usize,
        condition: Option<usize>,
    ) -> String {
        let authored = (self.now - self.rng.between(10, 400) * DAY).max(self.admitted);
        let mut j = self.sheet.open("MedicationRequest");
        j.identifiers(&[(
            "https://lamplight.example/prescription",
            &format!("{}-{number:02}", self.person.mrn),
        )]);
        j.str("status", if self.deceased { "stopped" } else { "active" });
        j.str("intent", "order");
        j.concepts("category", &[medication_category("community", "Community")], "");
        self.medication(&mut j, drug, known);
        self.about(&mut j);
        j.instant("authoredOn", authored);
        by(&mut j, "requester", self.physician);
        if let Some(condition) = condition {
            let (index, url) = &self.conditions[condition];
            j.references("reasonReference", url, CONDITIONS[*index].text);
        }
        if j.exam() || self.rng.chance(10) {
            j.note("Family informed.");
        }
        j.one("dosageInstruction", |j| {
            j.text("text", drug.sig);
            if drug.hours.is_empty() && self.profile == Profile::Demo {
                as_needed(j, drug);
            } else if drug.hours.is_empty() {
                j.bool("asNeededBoolean", true);
            } else {
                j.obj("timing", |j| {
                    j.obj("repeat", |j| {
                        j.int("frequency", drug.hours.len() as i64);
                        j.int("period", 1);
                        j.str("periodUnit", "d");
                        j.arr("timeOfDay", |j| {
                            drug.hours.iter().for_each(|hour| j.value(&format!("{hour:02}:00:00")))
                        });
                    });
                });
            }
            j.concept("route", &[route(drug)], "");
            j.one("doseAndRate", |j| j.quantity("doseQuantity", drug.quantity, 0, drug.unit, drug.form));
        });
        j.obj("dispenseRequest", |j| {
            j.int("numberOfRepeatsAllowed", self.rng.between(0, 5));
            let month = 30 * drug.quantity * drug.hours.len().max(1) as i64;
            j.quantity("quantity", month, 0, drug.unit, drug.form);
            j.reference("performer", &self.group.pharmacy, crate::directory::PHARMACY);
        });
        self.sheet.close(j)
    }

    fn write_administration(&mut self, at: usize, order: &str, days: i64) {
        let drug = &MEDICINES[at];
        let hour = drug.hours.first().copied().unwrap_or(13);
        let when = self.ago(days, i64::from(hour)) + self.rng.between(-20, 4) * MINUTE;
        let refused = self.rng.chance(4);
        let nurse = self.any(NURSES);
        if self.until.is_some() {
            // Then all of them are written, to the hour.
            return;
        }
        let mut j = self.sheet.open("MedicationAdministration");
        j.str("status", if refused { "not-done" } else { "completed" });
        if refused {
            let declined = snomed("105480006", "Refusal of treatment by patient");
            j.concepts("statusReason", &[declined], "Declined by resident");
        }
        j.reference("medicationReference", &self.group.medications[at], drug.code.display);
        self.subject(&mut j);
        j.reference("context", &self.stay, "");
        j.instant("effectiveDateTime", when);
        j.one("performer", |j| by(j, "actor", nurse));
        j.reference("request", order, "");
        if j.exam() {
            j.note("Taken with water.");
        }
        j.obj("dosage", |j| {
            j.text("text", drug.sig);
            j.concept("route", &[route(drug)], "");
            j.quantity("dose", drug.quantity, 0, drug.unit, drug.form);
        });
        self.sheet.close(j);
    }
}

/// For what, at least how long after the last, and how many a day.
fn as_needed(j: &mut Json, drug: &Drug) {
    let puffs = drug.unit == "puff";
    let period = if puffs { 4 } else { 6 };
    j.obj("timing", |j| {
        j.obj("repeat", |j| {
            j.int("frequency", 1);
            j.int("period", period);
            if puffs {
                j.int("periodMax", 6);
            }
            j.str("periodUnit", "h");
        });
    });
    j.concept("asNeededCodeableConcept", &[], reason(drug));
    j.obj("maxDosePerPeriod", |j| {
        j.quantity("numerator", 4 * drug.quantity, 0, drug.unit, drug.form);
        j.quantity("denominator", 1, 0, "day", "d");
    });
}

/// What something is given for as needed: what its instruction ends with.
pub(super) fn reason(drug: &Drug) -> &'static str {
    drug.sig.split_once("as needed for ").map_or("discomfort", |(_, reason)| reason)
}

pub(super) fn route(drug: &Drug) -> crate::codes::Code {
    match drug.unit {
        "puff" => snomed("447694001", "Respiratory tract route"),
        "unit" => snomed("34206005", "Subcutaneous route"),
        _ => snomed("26643006", "Oral route"),
    }
}
