//! Encounter: the stay, and visits elsewhere.

use super::{COUNSELLOR, Chart, by};
use crate::codes::{Code, act, discharge, participation, snomed};
use crate::directory::HOSPITAL;
use crate::time::{DAY, HOUR};

const VISITS: [&str; 5] = [
    "Fall with hip pain; no fracture on films",
    "Urinary tract infection with confusion",
    "Shortness of breath, fluid overload",
    "Dehydration after gastroenteritis",
    "Community-acquired pneumonia",
];

impl Chart<'_> {
    pub(super) fn stays(&mut self) {
        self.write_stay();
        let span = (self.now - self.admitted) / DAY;
        for _ in 0..self.rng.below(3) {
            let start = self.now - self.rng.between(20, span.max(40)) * DAY - self.rng.between(1, 20) * HOUR;
            self.write_hospital_visit(start);
        }
    }

    fn write_stay(&mut self) {
        let mut j = self.sheet.open("Encounter");
        j.identifiers(&[("https://lamplight.example/stay", &format!("{}-S1", self.person.mrn))]);
        j.str("status", if self.deceased { "finished" } else { "in-progress" });
        j.code("class", &act("IMP", "inpatient encounter"));
        j.concepts("type", &[snomed("32485007", "Hospital admission")], "Residential admission");
        self.subject(&mut j);
        j.one("participant", |j| {
            j.concepts("type", &[participation("ATND", "attender")], "");
            by(j, "individual", self.physician);
        });
        j.period("period", self.admitted, self.deceased.then_some(self.now));
        j.concepts("reasonCode", &[], "Needs help with activities of daily living");
        j.obj("hospitalization", |j| {
            j.concept("admitSource", &[], "Home, with family");
            if self.deceased {
                j.concept("dischargeDisposition", &[discharge("exp", "Expired")], "Died in the facility");
            }
        });
        j.one("location", |j| {
            j.reference("location", self.place_url, &self.place_name);
            j.str("status", if self.deceased { "completed" } else { "active" });
        });
        j.reference("serviceProvider", &self.site.organization, &self.place.name);
        self.stay = self.sheet.close(j);
    }

    fn write_hospital_visit(&mut self, start: i64) {
        let (emergency, days) = (self.rng.chance(50), self.rng.between(2, 7));
        let class = if emergency { act("EMER", "emergency") } else { act("IMP", "inpatient encounter") };
        let end = if emergency { start + 6 * HOUR } else { start + days * DAY };
        let mut j = self.sheet.open("Encounter");
        j.str("status", "finished");
        j.code("class", &class);
        let visit = match emergency {
            true => snomed("50849002", "Emergency room admission"),
            false => snomed("32485007", "Hospital admission"),
        };
        j.concepts("type", &[visit], "Hospital visit");
        self.subject(&mut j);
        j.period("period", start, Some(end.min(self.now)));
        j.concepts("reasonCode", &[], self.rng.pick(&VISITS));
        j.obj("hospitalization", |j| {
            let home = discharge("long", "Long-term care");
            j.concept("dischargeDisposition", &[home], "Returned to the facility");
        });
        j.reference("serviceProvider", &self.group.hospital, HOSPITAL);
        self.sheet.close(j);
    }

    /// A meeting with the counsellor, labelled.
    pub(super) fn write_counselling(&mut self, at: i64, labels: &[Code]) -> String {
        let counsellor = &self.site.staff[COUNSELLOR];
        let mut j = self.sheet.open("Encounter");
        j.security(labels);
        j.str("status", "finished");
        j.code("class", &act("AMB", "ambulatory"));
        j.concepts("type", &[snomed("409063005", "Counseling")], "Individual counselling, 45 minutes");
        self.subject(&mut j);
        j.one("participant", |j| by(j, "individual", counsellor));
        j.period("period", at, Some(at + HOUR * 3 / 4));
        j.concepts("reasonCode", &[], "Low mood and grief after the death of a spouse");
        j.reference("partOf", &self.stay, "");
        self.sheet.close(j)
    }
}
