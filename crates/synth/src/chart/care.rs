//! CareTeam, Goal, CarePlan, ServiceRequest, Task, Appointment, Communication and NutritionOrder.

use super::{AIDES, COUNSELLOR, Chart, DIETITIAN, NURSES, THERAPIST, by};
use crate::codes::{communication_category, goal_achievement, snomed};
use crate::time::{DAY, HOUR};

const GOALS: [&str; 5] = [
    "Walks to the dining room with a walker and no fall for 90 days",
    "Weight stays within 2 kg of the admission weight",
    "Pain at or below 3 of 10 at rest",
    "Takes part in two group activities each week",
    "Skin stays intact",
];

const MESSAGES: [&str; 4] = [
    "Daughter asks for a call back about the new blood pressure tablet.",
    "Lab called: specimen was haemolysed, please redraw in the morning.",
    "Family visit on Sunday at two; resident would like to go out for ice cream.",
    "Pharmacy delivered two cards short; the rest follows tonight.",
];

impl Chart<'_> {
    pub(super) fn care(&mut self) {
        let team = self.write_team();
        let first = self.rng.below(4) as usize;
        for at in [first, first + 1] {
            self.write_goal(at % GOALS.len());
        }
        self.write_plan(&team);
        let order = self.write_service_request();
        self.write_task(&order, "Arrange physical therapy evaluation", "accepted");
        self.write_task(&order, "Send referral with last progress note", "completed");
        let days = self.rng.between(8, 40);
        self.write_appointment(-days, "fulfilled");
        if !self.deceased {
            let days = self.rng.between(1, 21);
            self.write_appointment(days, "booked");
        }
        self.write_message();
        self.write_diet();
    }

    fn write_team(&mut self) -> String {
        let members = [self.any(NURSES), self.any(AIDES), &self.site.staff[COUNSELLOR]];
        let mut j = self.sheet.open("CareTeam");
        j.str("status", "active");
        j.text("name", &format!("Care team of {}", self.formal));
        self.about(&mut j);
        j.obj("period", |j| j.instant("start", self.admitted));
        j.arr("participant", |j| {
            for staff in [self.physician].into_iter().chain(members) {
                j.item(|j| by(j, "member", staff));
            }
        });
        j.references("managingOrganization", &self.site.organization, &self.place.name);
        if j.exam() {
            j.note("Primary aide assigned.");
        }
        self.sheet.close(j)
    }

    fn write_goal(&mut self, at: usize) {
        let mut j = self.sheet.open("Goal");
        j.str("lifecycleStatus", if self.deceased { "cancelled" } else { "active" });
        let achievement = goal_achievement("in-progress", "In Progress");
        j.concept("achievementStatus", &[achievement], "");
        j.concept("description", &[], GOALS[at]);
        self.subject(&mut j);
        j.date("startDate", self.admitted + 7 * DAY);
        j.one("target", |j| j.date("dueDate", self.now + 60 * DAY));
        by(&mut j, "expressedBy", self.physician);
        if j.exam() {
            j.note("Agreed with the resident.");
        }
        let url = self.sheet.close(j);
        self.goals.push(url);
    }

    fn write_plan(&mut self, team: &str) {
        let mut j = self.sheet.open("CarePlan");
        j.narrative(&[
            "Assistance with bathing, dressing and transfers.",
            "Falls prevention; toileting every two hours.",
        ]);
        j.str("status", if self.deceased { "completed" } else { "active" });
        j.str("intent", "plan");
        j.concepts("category", &[snomed("734163000", "Care plan")], "Resident care plan");
        j.text("title", "Resident care plan");
        j.text("description", "Reviewed every 90 days and after each change of condition.");
        self.about(&mut j);
        j.period("period", self.admitted, Some(if self.deceased { self.now } else { self.now + 90 * DAY }));
        by(&mut j, "author", self.physician);
        j.references("careTeam", team, "");
        if !self.conditions.is_empty() {
            j.arr("addresses", |j| {
                self.conditions.iter().take(3).for_each(|(_, url)| j.item(|j| j.target(url, "")));
            });
        }
        j.arr("goal", |j| self.goals.iter().for_each(|url| j.item(|j| j.target(url, ""))));
        j.arr("activity", |j| {
            for text in ["Walk to the dining room with gait belt", "Weigh every Monday before breakfast"] {
                j.item(|j| {
                    j.obj("detail", |j| {
                        j.str("status", "in-progress");
                        j.text("description", text);
                    });
                });
            }
        });
        if j.exam() {
            j.note("Copy given to the family.");
        }
        self.sheet.close(j);
    }

    fn write_service_request(&mut self) -> String {
        let therapist = &self.site.staff[THERAPIST];
        let authored = self.within(10, 40, 11);
        let mut j = self.sheet.open("ServiceRequest");
        j.identifiers(&[("https://lamplight.example/order", &format!("{}-PT1", self.person.mrn))]);
        j.str("status", if self.deceased { "revoked" } else { "active" });
        j.str("intent", "order");
        j.str("priority", "routine");
        j.concept(
            "code",
            &[snomed("91251008", "Physical therapy procedure")],
            "Physical therapy: evaluate and treat",
        );
        self.about(&mut j);
        j.instant("authoredOn", authored);
        by(&mut j, "requester", self.physician);
        j.one("performer", |j| j.target(&therapist.url, &therapist.display));
        j.concepts("reasonCode", &[], "Unsteady gait");
        if j.exam() {
            j.note("Prefers mornings.");
        }
        j.text("patientInstruction", "Wear closed shoes; bring the walker.");
        self.sheet.close(j)
    }

    fn write_task(&mut self, order: &str, text: &str, status: &str) {
        let owner = self.any(NURSES);
        let authored = self.within(3, 9, 12);
        let mut j = self.sheet.open("Task");
        j.str("status", status);
        j.str("intent", "order");
        j.str("priority", "routine");
        j.concept("code", &[], text);
        j.text("description", text);
        j.reference("focus", order, "");
        j.reference("for", &self.patient, &self.formal);
        j.reference("encounter", &self.stay, "");
        j.instant("authoredOn", authored);
        j.instant("lastModified", authored + 20 * HOUR);
        by(&mut j, "requester", self.physician);
        by(&mut j, "owner", owner);
        if j.exam() {
            j.note("Left a message with the clinic.");
        }
        self.sheet.close(j);
    }

    fn write_appointment(&mut self, days: i64, status: &str) {
        let start = self.now + days * DAY + (9 + i64::from(self.place.hours_behind_utc)) * HOUR;
        let mut j = self.sheet.open("Appointment");
        j.str("status", status);
        j.concepts("serviceType", &[], "Podiatry, in house");
        j.text("description", "Nail care and diabetic foot check");
        j.instant("start", start);
        j.instant("end", start + HOUR / 2);
        j.int("minutesDuration", 30);
        j.instant("created", self.now.min(start) - 7 * DAY);
        j.text("comment", "Needs transport chair.");
        j.text("patientInstruction", "Please be in the salon ten minutes early.");
        j.arr("participant", |j| {
            let people = [
                (&*self.patient, &*self.formal),
                (&*self.physician.url, &*self.physician.display),
                (&*self.site.building, &*self.place.name),
            ];
            for (url, display) in people {
                j.item(|j| {
                    j.reference("actor", url, display);
                    j.str("required", "required");
                    j.str("status", "accepted");
                });
            }
        });
        self.sheet.close(j);
    }

    fn write_message(&mut self) {
        let sender = self.any(NURSES);
        let sent = self.within(1, 6, 15);
        let mut j = self.sheet.open("Communication");
        j.str("status", "completed");
        let category = communication_category("notification", "Notification");
        j.concepts("category", &[category], "");
        self.subject(&mut j);
        j.concept("topic", &[], "Family and pharmacy messages");
        j.reference("encounter", &self.stay, "");
        j.instant("sent", sent);
        j.references("recipient", &self.physician.url, &self.physician.display);
        by(&mut j, "sender", sender);
        j.one("payload", |j| j.text("contentString", self.rng.pick(&MESSAGES)));
        if j.exam() {
            j.note("Answered by telephone.");
        }
        self.sheet.close(j);
    }

    fn write_diet(&mut self) {
        let dietitian = &self.site.staff[DIETITIAN];
        let mut j = self.sheet.open("NutritionOrder");
        j.str("status", if self.deceased { "completed" } else { "active" });
        j.str("intent", "order");
        j.reference("patient", &self.patient, &self.formal);
        j.reference("encounter", &self.stay, "");
        j.instant("dateTime", self.admitted + DAY);
        by(&mut j, "orderer", dietitian);
        j.obj("oralDiet", |j| {
            let (code, text) = match self.rng.below(3) {
                0 => ("386619000", "Low sodium diet"),
                1 => ("160670007", "Diabetic diet"),
                _ => ("182922004", "Dietary regime, regular"),
            };
            j.concepts("type", &[snomed(code, text)], text);
            j.text("instruction", "Cut meat small; offer fluids at every contact.");
        });
        if j.exam() {
            j.note("Likes rye toast.");
        }
        self.sheet.close(j);
    }
}
