//! Records that carry sensitivity labels: substance use (42 CFR Part 2) and psychotherapy notes (45 CFR 164.501).

use super::Chart;
use crate::codes::{PSYCHOTHERAPY, SUBSTANCE_USE, icd10, loinc, snomed};
use crate::profile::Profile;

impl Chart<'_> {
    /// One resident in twelve has the one kind, one in eight the other; in an exam facility patients 0 and 1 do.
    pub(super) fn sensitive(&mut self) {
        let (substance, counselling) = match self.profile {
            Profile::Exam => (self.n == 0, self.n == 1),
            _ => (self.n % 12 == 3, self.n % 8 == 5),
        };
        if substance {
            self.write_substance_use();
        }
        if counselling {
            self.write_psychotherapy();
        }
    }

    fn write_substance_use(&mut self) {
        let codes =
            [icd10("F10.21", "Alcohol dependence, in remission"), snomed("66590003", "Alcohol dependence")];
        self.write_condition(&codes, "Alcohol dependence, in remission", &SUBSTANCE_USE);
        let text = format!(
            "Substance use counselling\n{}\n\nSober for 14 months; attends the weekly group.\n",
            self.formal
        );
        let at = self.ago(12, 13);
        let kind = loinc("34109-9", "Note");
        self.write_document(kind, "Substance use counselling note", &text, at, &SUBSTANCE_USE);
    }

    fn write_psychotherapy(&mut self) {
        let codes = [
            icd10("F33.1", "Major depressive disorder, recurrent, moderate"),
            snomed("66344007", "Recurrent major depression"),
        ];
        self.write_condition(&codes, "Recurrent depression", &PSYCHOTHERAPY[..1]);
        let at = self.ago(9, 10);
        self.write_counselling(at, &PSYCHOTHERAPY);
        let text = format!(
            "Psychotherapy note\n{}\n\nSpoke of guilt towards a brother; tearful, then calmer.\n",
            self.formal
        );
        let kind = loinc("34109-9", "Note");
        self.write_document(kind, "Psychotherapy note", &text, at + 3600, &PSYCHOTHERAPY);
    }
}
