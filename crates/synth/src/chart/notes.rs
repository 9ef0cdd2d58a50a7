//! DocumentReference, QuestionnaireResponse and Composition.

use super::{AIDES, Chart, NURSES, by};
use crate::codes::{Code, loinc};
use crate::profile::Profile;

const EVENTS: [&str; 6] = [
    "Slept from ten to five, up once to the bathroom with help.",
    "Ate three quarters of supper and all of the dessert; drank well.",
    "Complained of left knee pain after the walk; relieved by rest and a warm pack.",
    "Enjoyed the sing-along, joined in most songs.",
    "A little confused before supper; settled when her photographs were brought out.",
    "Refused the shower twice, accepted a bed bath from the evening aide.",
];

impl Chart<'_> {
    pub(super) fn notes(&mut self) {
        for days in [1, 2] {
            self.write_shift_answers(days);
        }
        let event = self.rng.pick(&EVENTS);
        self.write_shift_note(event);
        let event = self.rng.pick(&EVENTS);
        let text =
            format!("Progress note\n{}\n\n{event}\nNo acute distress. Continue plan of care.\n", self.formal);
        let at = self.ago(3, 16);
        self.write_document(loinc("11506-3", "Progress note"), "Progress note", &text, at, &[]);
        if self.profile == Profile::Exam || self.rng.chance(50) {
            let text =
                format!("Discharge summary\n{}\n\nTreated and returned in stable condition.\n", self.formal);
            let at = self.ago(30, 11);
            self.write_document(
                loinc("18842-5", "Discharge summary"),
                "Hospital discharge summary",
                &text,
                at,
                &[],
            );
        }
    }

    pub(super) fn write_document(&mut self, kind: Code, title: &str, text: &str, at: i64, labels: &[Code]) {
        let author = self.any(NURSES);
        let mut j = self.sheet.open("DocumentReference");
        if !labels.is_empty() {
            j.security(labels);
        }
        j.identifiers(&[("https://lamplight.example/document", &format!("{}-{at}", self.person.mrn))]);
        j.str("status", "current");
        j.str("docStatus", "final");
        j.concept("type", &[kind], title);
        j.concepts("category", &[loinc("34109-9", "Note")], "");
        self.subject(&mut j);
        j.instant("date", at);
        j.one("author", |j| j.target(&author.url, &author.display));
        j.reference("custodian", &self.site.organization, &self.place.name);
        j.text("description", title);
        j.one("content", |j| {
            j.obj("attachment", |j| {
                j.data(text);
                j.text("title", title);
                j.instant("creation", at);
            });
        });
        j.obj("context", |j| {
            j.references("encounter", &self.stay, "");
            j.period("period", at - 1800, Some(at));
        });
        self.sheet.close(j);
    }

    fn write_shift_answers(&mut self, days: i64) {
        let author = self.any(AIDES);
        let at = self.ago(days, 14);
        let mut j = self.sheet.open("QuestionnaireResponse");
        j.str("status", "completed");
        self.about(&mut j);
        j.instant("authored", at);
        by(&mut j, "author", author);
        j.arr("item", |j| {
            j.item(|j| {
                j.str("linkId", "intake-percent");
                j.text("text", "Meal intake, percent");
                j.one("answer", |j| j.int("valueInteger", self.rng.between(2, 10) * 10));
            });
            j.item(|j| {
                j.str("linkId", "fall");
                j.text("text", "Fall in this shift");
                j.one("answer", |j| j.bool("valueBoolean", self.rng.chance(2)));
            });
            j.item(|j| {
                j.str("linkId", "events");
                j.text("text", "What happened");
                j.one("answer", |j| j.text("valueString", self.rng.pick(&EVENTS)));
            });
        });
        self.sheet.close(j);
    }

    fn write_shift_note(&mut self, event: &str) {
        let author = self.any(NURSES);
        let mut j = self.sheet.open("Composition");
        j.narrative(&[&format!("Shift note for {}", self.formal), event]);
        j.obj("identifier", |j| {
            j.str("system", "https://lamplight.example/note");
            j.str("value", &format!("{}-N1", self.person.mrn));
        });
        j.str("status", "final");
        j.concept("type", &[loinc("34746-8", "Nurse Note")], "Shift note");
        self.about(&mut j);
        j.instant("date", self.ago(1, 15));
        j.one("author", |j| j.target(&author.url, &author.display));
        j.text("title", "Shift note, day shift");
        j.one("attester", |j| {
            j.str("mode", "legal");
            j.instant("time", self.ago(1, 15));
            by(j, "party", author);
        });
        j.reference("custodian", &self.site.organization, &self.place.name);
        j.arr("section", |j| {
            for (title, text) in [("Observations", event), ("Handover", "Encourage fluids; weigh tomorrow.")]
            {
                j.item(|j| {
                    j.text("title", title);
                    j.narrative(&[text]);
                });
            }
        });
        self.sheet.close(j);
    }
}
