//! Observation and DiagnosticReport.

use super::{AIDES, Chart};
use crate::codes::{
    BLOOD_PRESSURE, Code, DIASTOLIC, HEIGHT, LABS, Measure, SYSTOLIC, VITALS, interpretation, loinc,
    observation_category, service_section, snomed,
};
use crate::directory::LABORATORY;
use crate::json::Json;
use crate::time::{HOUR, MINUTE};

const VITAL: Code = observation_category("vital-signs", "Vital Signs");
const LABORATORY_CATEGORY: Code = observation_category("laboratory", "Laboratory");
const WEIGHT: usize = 4;

impl Chart<'_> {
    pub(super) fn results(&mut self) {
        let height = self.build.1;
        self.write_measure(&HEIGHT, height, self.admitted, VITAL);
        for days in [1, 8] {
            let at = self.ago(days, 9);
            self.write_blood_pressure(at);
            for index in 0..VITALS.len() {
                self.write_vital(index, at + 2 * MINUTE);
            }
        }
        self.write_smoking();
        let at = self.within(3, 60, 7);
        let metabolic = self.write_labs(&LABS[..6], at);
        let count = self.write_labs(&LABS[6..10], at);
        let extra = self.rng.between(10, 13) as usize;
        self.write_labs(&LABS[extra..=extra], at);
        let panel = loinc("51990-0", "Basic metabolic panel - Blood");
        self.write_report(panel, "Basic metabolic panel", &metabolic, at);
        let panel = loinc("58410-2", "CBC panel - Blood by Automated count");
        self.write_report(panel, "Complete blood count", &count, at);
    }

    /// Vital signs further and further back, until the chart has `total` resources; a longer chart is cut off.
    pub(super) fn fill(&mut self, total: usize) {
        let mut round = 2;
        while self.sheet.resources.len() < total {
            let at = self.now - round * 8 * HOUR;
            self.write_blood_pressure(at);
            for index in 0..VITALS.len() {
                self.write_vital(index, at + MINUTE);
            }
            round += 1;
        }
        self.sheet.resources.truncate(total);
    }

    fn write_vital(&mut self, index: usize, at: i64) {
        let measure = &VITALS[index];
        let value = match index {
            WEIGHT => self.build.0 + self.rng.between(-9, 9),
            _ => self.rng.near(measure.mean, measure.spread),
        };
        let value = match measure.unit {
            "%" => value.min(100),
            "{score}" => value.clamp(0, 10),
            _ => value,
        };
        self.write_measure(measure, value, at, VITAL);
    }

    fn open_observation(&mut self, category: Code, codes: &[Code], text: &str, at: i64) -> Json {
        let mut j = self.sheet.open("Observation");
        j.str("status", "final");
        j.concepts("category", &[category], "");
        j.concept("code", codes, text);
        self.about(&mut j);
        j.instant("effectiveDateTime", at);
        j.instant("issued", at + 3 * MINUTE);
        j
    }

    fn write_measure(&mut self, measure: &Measure, value: i64, at: i64, category: Code) -> String {
        let aide = self.any(AIDES);
        let laboratory = category.code == "laboratory";
        let mut j = self.open_observation(category, measure.codes, measure.text, at);
        if laboratory {
            j.references("performer", &self.group.laboratory, LABORATORY);
        } else {
            j.one("performer", |j| j.target(&aide.url, &aide.display));
        }
        j.quantity("valueQuantity", value, measure.scale, measure.unit, measure.ucum);
        if laboratory || value < measure.low || value > measure.high {
            j.concepts("interpretation", &[judge(measure, value)], "");
        }
        if j.exam() || (!laboratory && value > measure.high && self.rng.chance(30)) {
            j.note("Rechecked after ten minutes of rest.");
        }
        if laboratory {
            j.one("referenceRange", |j| {
                j.quantity("low", measure.low, measure.scale, measure.unit, measure.ucum);
                j.quantity("high", measure.high, measure.scale, measure.unit, measure.ucum);
                j.mark("text");
            });
        }
        self.sheet.close(j)
    }

    fn write_blood_pressure(&mut self, at: i64) {
        let aide = self.any(AIDES);
        let systolic = self.rng.near(SYSTOLIC.mean, SYSTOLIC.spread);
        let diastolic = self.rng.near(DIASTOLIC.mean, DIASTOLIC.spread).min(systolic - 20);
        let mut j = self.open_observation(VITAL, &[BLOOD_PRESSURE], "Blood pressure", at);
        j.one("performer", |j| j.target(&aide.url, &aide.display));
        let arm = snomed("368209003", "Right upper arm structure");
        j.concept("bodySite", &[arm], "Right arm");
        if j.exam() {
            j.note("Seated.");
        }
        j.arr("component", |j| {
            for (measure, value) in [(&SYSTOLIC, systolic), (&DIASTOLIC, diastolic)] {
                j.item(|j| {
                    j.concept("code", measure.codes, measure.text);
                    j.quantity("valueQuantity", value, 0, measure.unit, measure.ucum);
                });
            }
        });
        self.sheet.close(j);
    }

    fn write_smoking(&mut self) {
        let category = observation_category("social-history", "Social History");
        let code = loinc("72166-2", "Tobacco smoking status");
        let former = self.rng.chance(40);
        let mut j = self.open_observation(category, &[code], "Tobacco use", self.admitted);
        let (code, text) = match former {
            true => (snomed("8517006", "Ex-smoker"), "Former smoker"),
            false => (snomed("266919005", "Never smoked tobacco"), "Never smoked"),
        };
        j.concept("valueCodeableConcept", &[code], text);
        self.sheet.close(j);
    }

    fn write_labs(&mut self, labs: &[Measure], at: i64) -> Vec<String> {
        let draw = |chart: &mut Self, lab: &Measure| {
            let value = chart.rng.near(lab.mean, lab.spread).max(lab.low / 3);
            chart.write_measure(lab, value, at, LABORATORY_CATEGORY)
        };
        labs.iter().map(|lab| draw(self, lab)).collect()
    }

    fn write_report(&mut self, code: Code, text: &str, results: &[String], at: i64) {
        let mut j = self.sheet.open("DiagnosticReport");
        j.identifiers(&[(
            "https://lamplight.example/accession",
            &format!("{}-{}", self.person.mrn, at / 3600),
        )]);
        j.str("status", "final");
        j.concepts("category", &[service_section("LAB", "Laboratory")], "");
        j.concept("code", &[code], text);
        self.about(&mut j);
        j.instant("effectiveDateTime", at);
        j.instant("issued", at + 6 * HOUR);
        j.references("performer", &self.group.laboratory, LABORATORY);
        j.one("resultsInterpreter", |j| j.target(&self.physician.url, &self.physician.display));
        j.arr("result", |j| results.iter().for_each(|url| j.item(|j| j.target(url, ""))));
        j.text("conclusion", "Reviewed; no change of treatment needed.");
        self.sheet.close(j);
    }
}

fn judge(measure: &Measure, value: i64) -> Code {
    match value {
        _ if value < measure.low => interpretation("L", "Low"),
        _ if value > measure.high => interpretation("H", "High"),
        _ => interpretation("N", "Normal"),
    }
}
