//! What is due around an hour, so that a shift that goes on from there has something to do.

use super::{AIDES, Chart, NURSES, by};
use crate::codes::Code;
use crate::time::{HOUR, MINUTE};

const KIND: &str = "https://lamplight.health/fhir/CodeSystem/task";
const TEAM: &str = "https://lamplight.health/fhir/CodeSystem/team";
const AGAIN: &str = "https://lamplight.health/fhir/StructureDefinition/task-again";

const NURSING: Code = Code { system: TEAM, code: "nursing", display: "Nursing" };
const CARE: Code = Code { system: TEAM, code: "care", display: "Care aides" };

/// Something to do, as the program's own tasks are written.
struct Due {
    kind: &'static str,
    title: &'static str,
    text: &'static str,
    team: Code,
    at: i64,
    /// Minutes after which it comes again.
    every: Option<i64>,
    status: &'static str,
    why: &'static str,
}

impl Chart<'_> {
    /// The tasks that are open at this moment.
    pub(super) fn shift(&mut self, until: i64) {
        if self.deceased {
            return;
        }
        // By the quarter, as people say when something is to be done.
        let mut around = |low: i64, high: i64| {
            let at = until + self.rng.between(low, high) * MINUTE;
            at - at.rem_euclid(15 * MINUTE)
        };
        let (vitals, turn, weigh, shower) =
            (around(-60, 300), around(-70, 100), around(20, 500), around(-120, 240));
        let due = |kind, title, team, at, every| {
            let (text, status, why) = (title, "requested", "");
            Due { kind, title, text, team, at, every, status, why }
        };
        self.write_due(&due("vitals", "Vital signs", NURSING, vitals, Some(480)));
        if self.n % 4 == 1 {
            self.write_due(&due("turn", "Turn and reposition", CARE, turn, Some(120)));
        }
        if self.n % 6 == 3 {
            self.write_due(&due("weigh", "Weigh", CARE, weigh, Some(7 * 24 * 60)));
        }
        if self.n % 5 == 2 {
            let (status, why) = match self.n % 15 {
                2 => ("in-progress", ""),
                7 => ("on-hold", "Shower chair is in use on the other floor"),
                _ => ("requested", ""),
            };
            let shower = due("care", "Care", CARE, shower, None);
            self.write_due(&Due { text: "Shower, with help", status, why, ..shower });
        }
    }

    fn write_due(&mut self, due: &Due) {
        let owner = self.any(if due.team.code == CARE.code { AIDES } else { NURSES });
        let authored = due.at.min(self.now) - 20 * HOUR;
        let mut j = self.sheet.open("Task");
        if let Some(minutes) = due.every {
            j.one("extension", |j| {
                j.str("url", AGAIN);
                j.obj("valueTiming", |j| {
                    j.obj("repeat", |j| {
                        j.int("frequency", 1);
                        j.int("period", minutes);
                        j.str("periodUnit", "min");
                    });
                });
            });
        }
        j.str("status", due.status);
        if !due.why.is_empty() {
            j.concept("statusReason", &[], due.why);
        }
        j.str("intent", "order");
        j.str("priority", "routine");
        j.concept("code", &[Code { system: KIND, code: due.kind, display: due.title }], due.text);
        j.text("description", due.text);
        j.reference("for", &self.patient, &self.formal);
        j.instant("authoredOn", authored);
        j.instant("lastModified", authored);
        by(&mut j, "requester", self.physician);
        j.concepts("performerType", &[due.team], due.team.display);
        if due.status != "requested" {
            by(&mut j, "owner", owner);
        }
        j.obj("restriction", |j| j.obj("period", |j| j.instant("end", due.at)));
        self.sheet.close(j);
    }
}
