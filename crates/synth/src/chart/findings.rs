//! Condition, AllergyIntolerance, Immunization, Procedure and Flag.

use super::{Chart, NURSES, by};
use crate::codes::{
    ALLERGENS, CONDITIONS, Code, NO_KNOWN_ALLERGY, PROCEDURES, REACTIONS, VACCINES, allergy_clinical,
    allergy_verification, condition_category, condition_clinical, condition_verification, flag_category,
    snomed,
};
use crate::time::DAY;

impl Chart<'_> {
    pub(super) fn findings(&mut self) {
        for (at, diagnosis) in CONDITIONS.iter().enumerate() {
            // Prostates are men's; dementia is written down once.
            let skip = (diagnosis.icd.code == "N40.0" && self.person.female)
                || (diagnosis.icd.code == "G30.9"
                    && self.conditions.iter().any(|(known, _)| *known == at - 1));
            let percent = if diagnosis.icd.code == "N40.0" { 42 } else { diagnosis.percent };
            if !self.rng.chance(percent) || skip {
                continue;
            }
            let url = self.write_condition(&[diagnosis.icd, diagnosis.snomed], diagnosis.text, &[]);
            self.conditions.push((at, url));
        }
        self.write_allergies();
        let vaccines = 3 + self.rng.below(3) as usize;
        for at in 0..vaccines {
            self.write_immunization(if at < 2 { at } else { at + 1 });
        }
        for at in [0, 1, 2 + self.rng.below(5) as usize] {
            self.write_procedure(at);
        }
        if self.profile == crate::profile::Profile::Exam || self.rng.chance(60) {
            self.write_flag();
        }
    }

    pub(super) fn write_condition(&mut self, codes: &[Code], text: &str, labels: &[Code]) -> String {
        let onset = self.admitted - self.rng.between(30, 6000) * DAY;
        let mut j = self.sheet.open("Condition");
        if !labels.is_empty() {
            j.security(labels);
        }
        j.concept("clinicalStatus", &[condition_clinical("active", "Active")], "");
        j.concept("verificationStatus", &[condition_verification("confirmed", "Confirmed")], "");
        j.concepts("category", &[condition_category("problem-list-item", "Problem List Item")], "");
        j.concept("code", codes, text);
        self.about(&mut j);
        j.date("onsetDateTime", onset);
        j.date("recordedDate", self.admitted);
        by(&mut j, "recorder", self.physician);
        if j.exam() || self.rng.chance(15) {
            j.note("Reviewed at the last care conference; plan unchanged.");
        }
        self.sheet.close(j)
    }

    fn write_allergies(&mut self) {
        let count = [0, 0, 1, 1, 1, 2, 2, 3][self.rng.below(8) as usize];
        let first = self.rng.below(ALLERGENS.len() as u32) as usize;
        if count == 0 {
            let mut j = self.sheet.open("AllergyIntolerance");
            j.concept("clinicalStatus", &[allergy_clinical("active", "Active")], "");
            j.concept("verificationStatus", &[allergy_verification("confirmed", "Confirmed")], "");
            j.concept("code", &[NO_KNOWN_ALLERGY], "No known allergies");
            j.reference("patient", &self.patient, &self.formal);
            j.date("recordedDate", self.admitted);
            self.sheet.close(j);
        }
        for at in 0..count {
            let (code, category, text) = ALLERGENS[(first + at) % ALLERGENS.len()];
            let (reaction, severity) = *self.rng.pick_one(&REACTIONS);
            let mut j = self.sheet.open("AllergyIntolerance");
            j.concept("clinicalStatus", &[allergy_clinical("active", "Active")], "");
            j.concept("verificationStatus", &[allergy_verification("confirmed", "Confirmed")], "");
            j.str("type", "allergy");
            j.arr("category", |j| j.value(category));
            j.str("criticality", if severity == "severe" { "high" } else { "low" });
            j.concept("code", &[code], text);
            j.reference("patient", &self.patient, &self.formal);
            j.date("recordedDate", self.admitted);
            by(&mut j, "recorder", self.physician);
            j.one("reaction", |j| {
                j.concepts("manifestation", &[reaction], reaction.display);
                j.text("description", "Reported by family on admission");
                j.str("severity", severity);
            });
            if j.exam() {
                j.note("Confirm with family at the next conference.");
            }
            self.sheet.close(j);
        }
    }

    fn write_immunization(&mut self, at: usize) {
        let (code, dose) = VACCINES[at % VACCINES.len()];
        let when = self.ago(self.rng_days(40 + at as i64 * 60), 14);
        let nurse = self.any(NURSES);
        let lot = format!("SYN{:04}", self.rng.below(10_000));
        let mut j = self.sheet.open("Immunization");
        j.str("status", "completed");
        j.concept("vaccineCode", &[code], code.display);
        j.reference("patient", &self.patient, &self.formal);
        j.instant("occurrenceDateTime", when);
        j.bool("primarySource", true);
        j.text("lotNumber", &lot);
        let arm = snomed("368208006", "Left upper arm structure");
        j.concept("site", &[arm], "Left arm");
        j.quantity("doseQuantity", dose, 2, "mL", "mL");
        j.one("performer", |j| by(j, "actor", nurse));
        if j.exam() {
            j.note("No reaction within 15 minutes.");
        }
        self.sheet.close(j);
    }

    fn write_procedure(&mut self, at: usize) {
        let (code, text) = PROCEDURES[at];
        // Operations belong to the life before the admission.
        let when =
            if at < 4 { self.ago(self.rng_days(20), 10) } else { self.admitted - self.rng_days(400) * DAY };
        let mut j = self.sheet.open("Procedure");
        j.str("status", "completed");
        j.concept("code", &[code], text);
        if at < 4 {
            self.about(&mut j);
        } else {
            self.subject(&mut j);
        }
        j.instant("performedDateTime", when);
        j.one("performer", |j| by(j, "actor", self.physician));
        if j.exam() || self.rng.chance(20) {
            j.note("Tolerated well.");
        }
        self.sheet.close(j);
    }

    fn write_flag(&mut self) {
        let mut j = self.sheet.open("Flag");
        j.str("status", if self.deceased { "inactive" } else { "active" });
        j.concepts("category", &[flag_category("safety", "Safety")], "");
        j.concept(
            "code",
            &[snomed("129839007", "At risk for falls")],
            "Fall risk: walker and one-person assist",
        );
        self.subject(&mut j);
        j.period("period", self.admitted, None);
        j.reference("encounter", &self.stay, "");
        by(&mut j, "author", self.physician);
        self.sheet.close(j);
    }

    /// Between one and three times `days`.
    fn rng_days(&self, days: i64) -> i64 {
        days + i64::from(self.n * 37 % 91) * days / 45
    }
}
