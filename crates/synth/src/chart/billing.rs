//! Claim.

use super::Chart;
use crate::codes::{CONDITIONS, claim_type, process_priority, revenue};
use crate::directory::PAYERS;
use crate::time::DAY;

impl Chart<'_> {
    pub(super) fn billing(&mut self) {
        let days = 28 + self.rng.between(0, 3);
        let daily = self.rng.between(14_500, 24_000);
        let mut j = self.sheet.open("Claim");
        j.identifiers(&[("https://lamplight.example/claim", &format!("{}-C1", self.person.mrn))]);
        j.str("status", "active");
        j.concept("type", &[claim_type("institutional", "Institutional")], "");
        j.str("use", "claim");
        j.reference("patient", &self.patient, &self.formal);
        j.obj("billablePeriod", |j| {
            j.date("start", self.now - (days + 5) * DAY);
            j.date("end", self.now - 5 * DAY);
        });
        j.instant("created", self.now - 4 * DAY);
        j.reference("insurer", &self.group.payers[0], PAYERS[0]);
        j.reference("provider", &self.site.organization, &self.place.name);
        j.concept("priority", &[process_priority("normal", "Normal")], "");
        if let Some((index, _)) = self.conditions.first() {
            let diagnosis = &CONDITIONS[*index];
            j.one("diagnosis", |j| {
                j.int("sequence", 1);
                j.concept("diagnosisCodeableConcept", &[diagnosis.icd], diagnosis.text);
            });
        }
        j.one("insurance", |j| {
            j.int("sequence", 1);
            j.bool("focal", true);
            j.reference("coverage", &self.coverage, PAYERS[0]);
        });
        j.one("item", |j| {
            j.int("sequence", 1);
            let service = revenue("room-and-care", "Room and care, per day");
            j.concept("productOrService", &[service], "Room and care, per day");
            j.obj("servicedPeriod", |j| {
                j.date("start", self.now - (days + 5) * DAY);
                j.date("end", self.now - 5 * DAY);
            });
            j.obj("quantity", |j| j.int("value", days));
            j.money("unitPrice", daily);
            j.money("net", daily * days);
            j.one("encounter", |j| j.target(&self.stay, ""));
        });
        j.money("total", daily * days);
        self.sheet.close(j);
    }
}
