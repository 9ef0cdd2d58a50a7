//! What a task says (<https://hl7.org/fhir/R4/task.html>), and which one comes after it; pure.

use chart::Document;
use fhir::json::{amend, quote};
use jiff::{SignedDuration, Timestamp};
use kernel::PatientId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::http::one_of;

/// The system of what is to be done.
const KIND: &str = "https://lamplight.health/fhir/CodeSystem/task";
/// When it comes again: R4 has a time for what is ordered and none for who does it.
const AGAIN: &str = "https://lamplight.health/fhir/StructureDefinition/task-again";
/// What is open; everything else is over.
pub(super) const OPEN: &str = "draft,requested,received,accepted,ready,in-progress,on-hold";

/// What is to be done, and what it is called. The review of an incident is its area's to write.
const KINDS: [(&str, &str); 11] = [
    ("vitals", "Vital signs"),
    ("turn", "Turn and reposition"),
    ("weigh", "Weigh"),
    ("neuro-check", "Neurological check"),
    ("tell-family", "Tell the family"),
    ("tell-physician", "Tell the physician"),
    ("measure-wound", "Measure the wound"),
    ("watch", "Watch behaviour"),
    ("care", "Care"),
    ("incident-review", "Review the incident"),
    ("answer-family", "Answer the family"),
];

pub(crate) fn kinds() -> Object {
    one_of(&KINDS.map(|(code, _)| code))
}

/// Whether somebody may ask for one of this kind.
pub(super) fn is_kind(code: &str) -> bool {
    code != "incident-review" && KINDS.iter().any(|(known, _)| *known == code)
}

/// The system of who it is for, in `Task.performerType`.
const TEAM: &str = "https://lamplight.health/fhir/CodeSystem/team";

/// Who does it; a task of no team is everybody's.
const TEAMS: [(&str, &str); 6] = [
    ("nursing", "Nursing"),
    ("care", "Care aides"),
    ("medicine", "Physicians"),
    ("therapy", "Therapy"),
    ("social-work", "Social work"),
    ("office", "Office"),
];

pub(super) fn teams() -> Object {
    one_of(&TEAMS.map(|(code, _)| code))
}

/// A team as a `CodeableConcept`; nothing for a code that is none.
pub(super) fn team(code: &str) -> Option<Value> {
    let (code, display) = TEAMS.into_iter().find(|(known, _)| *known == code)?;
    Some(json!({"coding": [{"system": TEAM, "code": code, "display": display}], "text": display}))
}

/// The token by which a team's tasks are searched for.
pub(super) fn team_token(code: &str) -> Option<String> {
    TEAMS.iter().any(|(known, _)| *known == code).then(|| format!("{TEAM}|{code}"))
}

/// Where an open task stands on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = CareTaskPlace)]
pub(super) enum Place {
    /// Nobody has begun.
    ToDo,
    /// Somebody does it now.
    Doing,
    /// Begun, and waiting for something.
    Waiting,
}

impl Place {
    fn status(self) -> &'static str {
        match self {
            Self::ToDo => "requested",
            Self::Doing => "in-progress",
            Self::Waiting => "on-hold",
        }
    }
}

/// The body of a task that was moved; everything else stays as it is written.
pub(super) fn moved(
    body: &[u8],
    to: Place,
    why: Option<&str>,
    (who, at): (&Value, Timestamp),
) -> Option<Vec<u8>> {
    let mut members = vec![("status", quote(to.status())), ("lastModified", quote(&instant(at)))];
    if to != Place::ToDo {
        members.push(("owner", who.to_string()));
    }
    if let Some(why) = why {
        members.push(("statusReason", json!({"text": why}).to_string()));
    }
    amend(body, &members).ok()
}

/// When a task comes again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Again {
    /// So many minutes after it was due.
    Every(i64),
    /// At these times, in order.
    At(Vec<Timestamp>),
}

impl Again {
    fn timing(&self) -> Value {
        match self {
            Self::Every(minutes) => {
                json!({"repeat": {"frequency": 1, "period": minutes, "periodUnit": "min"}})
            }
            Self::At(times) => {
                json!({"event": times.iter().map(|at| instant(*at)).collect::<Vec<_>>()})
            }
        }
    }

    fn of(task: &Value) -> Option<Self> {
        let extensions = task["extension"].as_array()?;
        let timing = &extensions.iter().find(|one| one["url"] == AGAIN)?["valueTiming"];
        if let Some(times) = timing["event"].as_array() {
            let times = times.iter().filter_map(|at| at.as_str()?.parse().ok());
            return Some(Self::At(times.collect()));
        }
        let minutes = timing["repeat"]["period"].as_i64().filter(|minutes| (1..=525_600).contains(minutes));
        minutes.filter(|_| timing["repeat"]["periodUnit"] == "min").map(Self::Every)
    }

    /// The next time after it was due, and after now: what was missed is not made up for.
    fn next(&self, due: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::At(times) => times.iter().copied().find(|at| *at > due && *at > now),
            Self::Every(minutes) => {
                let step = minutes * 60;
                let missed = (now.as_second() - due.as_second()).max(0) / step;
                due.checked_add(SignedDuration::from_secs(step.checked_mul(missed + 1)?)).ok()
            }
        }
    }
}

pub(crate) fn instant(at: Timestamp) -> String {
    // Nobody notes more than the second.
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// A task to be.
pub(crate) struct Wanted<'a> {
    pub(crate) patient: PatientId,
    pub(crate) kind: &'a str,
    /// Instead of what its kind is called.
    pub(crate) text: Option<&'a str>,
    pub(crate) due: Timestamp,
    pub(crate) again: Option<Again>,
    pub(crate) urgent: bool,
    /// What it follows from.
    pub(crate) about: Option<String>,
    /// The code of a team.
    pub(crate) team: Option<&'a str>,
}

impl Wanted<'_> {
    /// The Task, asked for by `who` at `at`.
    pub(crate) fn document(&self, who: &Value, at: Timestamp) -> Value {
        let known = KINDS.iter().find(|(code, _)| *code == self.kind);
        let title = known.map_or("Care", |(_, title)| *title);
        let text = self.text.unwrap_or(title);
        let mut task = json!({
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "priority": if self.urgent { "urgent" } else { "routine" },
            "code": {"coding": [{"system": KIND, "code": self.kind, "display": title}], "text": text},
            "description": text,
            "for": {"reference": format!("Patient/{}", self.patient)},
            "authoredOn": instant(at),
            "lastModified": instant(at),
            "requester": who,
            "restriction": {"period": {"end": instant(self.due)}},
        });
        if let Some(again) = &self.again {
            task["extension"] = json!([{"url": AGAIN, "valueTiming": again.timing()}]);
        }
        if let Some(team) = self.team.and_then(team) {
            task["performerType"] = json!([team]);
        }
        if let Some(about) = &self.about {
            task["focus"] = json!({"reference": about});
        }
        task
    }
}

/// How a task ended.
pub(super) struct Ended<'a> {
    pub(super) done: bool,
    /// What there is to say of it; why it was not done.
    pub(super) note: Option<&'a str>,
    pub(super) at: Timestamp,
}

/// The body of a task that ended so; everything else stays as it is written.
pub(super) fn ended(body: &[u8], ended: &Ended<'_>, who: &Value) -> Option<Vec<u8>> {
    let at = instant(ended.at);
    let mut members = vec![
        ("status", quote(if ended.done { "completed" } else { "cancelled" })),
        ("lastModified", quote(&at)),
        ("executionPeriod", json!({"end": at}).to_string()),
        ("owner", who.to_string()),
    ];
    if let Some(note) = ended.note {
        if ended.done {
            let task: Value = serde_json::from_slice(body).ok()?;
            let mut notes = task["note"].as_array().cloned().unwrap_or_default();
            notes.push(json!({"authorReference": who, "time": at, "text": note}));
            members.push(("note", Value::from(notes).to_string()));
        } else {
            members.push(("statusReason", json!({"text": note}).to_string()));
        }
    }
    amend(body, &members).ok()
}

/// The task that comes after this one, when it comes again.
pub(super) fn next(task: &Value, now: Timestamp) -> Option<Value> {
    let again = Again::of(task)?;
    let due = due(task).unwrap_or(now);
    let due = again.next(due, now)?;
    let mut next = json!({
        "resourceType": "Task",
        "status": "requested",
        "authoredOn": instant(now),
        "lastModified": instant(now),
        "restriction": {"period": {"end": instant(due)}},
    });
    for name in [
        "intent",
        "priority",
        "code",
        "description",
        "for",
        "encounter",
        "requester",
        "extension",
        "focus",
        "basedOn",
        "performerType",
    ] {
        if !task[name].is_null() {
            next[name] = task[name].clone();
        }
    }
    Some(next)
}

fn due(task: &Value) -> Option<Timestamp> {
    let end =
        task["restriction"]["period"]["end"].as_str().or_else(|| task["executionPeriod"]["end"].as_str());
    end.and_then(|end| end.parse().ok())
}

/// A task as it stands.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = CareTask)]
pub(crate) struct TaskView {
    pub(crate) task: String,
    /// The patient.
    pub(crate) patient: String,
    /// What a change names in `If-Match`.
    pub(crate) version: String,
    /// One of the known kinds; null for what came from elsewhere.
    #[schema(required)]
    pub(crate) kind: Option<String>,
    pub(crate) text: String,
    /// Null: whenever it fits.
    #[schema(required)]
    pub(crate) due: Option<Timestamp>,
    pub(crate) urgent: bool,
    /// Whether the next one is made when it is finished.
    pub(crate) repeats: bool,
    /// FHIR's `Task.status`.
    pub(crate) status: String,
    /// Why it was not done, or waits.
    #[schema(required)]
    pub(crate) reason: Option<String>,
    /// Who does it, or did.
    #[schema(required)]
    pub(crate) owner: Option<String>,
    /// Whose it is to do; null: everybody's.
    #[schema(required)]
    pub(crate) team: Option<String>,
    #[serde(skip)]
    pub(crate) about: Option<String>,
}

impl TaskView {
    /// Of a Task; nothing of one that is no JSON.
    pub(crate) fn of(document: &Document) -> Option<Self> {
        let whole: Value = serde_json::from_slice(&document.body).ok()?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let tag = document.tag.clone().unwrap_or_else(|| document.version.to_string());
        let codings = whole["code"]["coding"].as_array().map(Vec::as_slice).unwrap_or_default();
        let kind = codings.iter().find(|coding| coding["system"] == KIND);
        let words = [&whole["description"], &whole["code"]["text"], &whole["code"]["coding"][0]["display"]];
        let types = whole["performerType"].as_array().map(Vec::as_slice).unwrap_or_default();
        // Whoever had it and gave it back stays in the record; on the board nobody has it.
        let is_to_do = whole["status"] == "requested";
        let says_why = matches!(whole["status"].as_str(), Some("on-hold" | "cancelled"));
        let subject = whole["for"]["reference"].as_str().and_then(|text| text.strip_prefix("Patient/"));
        Some(Self {
            task: document.id.to_string(),
            patient: subject.unwrap_or_default().to_owned(),
            version: format!("W/\"{tag}\""),
            kind: kind.and_then(|coding| text(&coding["code"])),
            text: words.into_iter().find_map(text).unwrap_or_default(),
            due: due(&whole),
            urgent: matches!(whole["priority"].as_str(), Some("urgent" | "asap" | "stat")),
            repeats: Again::of(&whole).is_some(),
            status: text(&whole["status"]).unwrap_or_default(),
            reason: text(&whole["statusReason"]["text"]).filter(|_| says_why),
            owner: text(&whole["owner"]["display"]).filter(|_| !is_to_do),
            team: types.iter().find_map(|one| {
                let codings = one["coding"].as_array()?;
                text(&codings.iter().find(|coding| coding["system"] == TEAM)?["code"])
            }),
            about: text(&whole["focus"]["reference"]),
        })
    }

    /// Whether nobody has finished it.
    pub(crate) fn is_open(&self) -> bool {
        OPEN.split(',').any(|status| status == self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-01-02T{text}:00Z").parse().unwrap()
    }

    fn wanted(again: Option<Again>) -> Value {
        let patient = PatientId(uuid::Uuid::from_u128(7));
        let due = at("10:00");
        let (text, about, team) = (None, None, Some("care"));
        let wanted = Wanted { patient, kind: "turn", text, due, again, urgent: false, about, team };
        wanted.document(&json!({"display": "Nurse"}), at("08:00"))
    }

    #[test]
    fn what_comes_again_comes_at_its_times_and_what_was_missed_is_not_made_up_for() {
        let every = wanted(Some(Again::Every(120)));
        let due = |now: &str| next(&every, at(now)).map(|next| super::due(&next).unwrap());
        assert_eq!(due("09:50"), Some(at("12:00")), "done before it was due");
        assert_eq!(due("10:05"), Some(at("12:00")));
        assert_eq!(due("15:00"), Some(at("16:00")));
        let times = wanted(Some(Again::At(vec![at("10:00"), at("10:30"), at("14:00")])));
        let due = |now: &str| next(&times, at(now)).map(|next| super::due(&next).unwrap());
        assert_eq!(due("09:50"), Some(at("10:30")));
        assert_eq!(due("11:00"), Some(at("14:00")));
        assert_eq!(due("14:00"), None);
        assert!(next(&wanted(None), at("11:00")).is_none());
    }

    #[test]
    fn a_task_is_valid_before_and_after() {
        let task = wanted(Some(Again::Every(120)));
        let how = Ended { done: false, note: Some("Asleep"), at: at("11:00") };
        let over = ended(task.to_string().as_bytes(), &how, &json!({"display": "Nurse"})).unwrap();
        for body in [
            task.to_string().into_bytes(),
            over.clone(),
            next(&task, at("11:00")).unwrap().to_string().into_bytes(),
        ] {
            let root = fhir::json::parse(&body, &fhir::json::Limits::default()).unwrap();
            let options = fhir::validate::ValidateOptions::default();
            let faults = fhir::validate::validate(fhir::ResourceType::Task, &root, &options);
            assert!(faults.is_empty(), "{faults:?}");
        }
        let waiting = moved(
            task.to_string().as_bytes(),
            Place::Waiting,
            Some("Lift is broken"),
            (&json!({"display": "Nurse"}), at("11:00")),
        );
        let waiting: Value = serde_json::from_slice(&waiting.unwrap()).unwrap();
        assert_eq!((&waiting["status"], &waiting["owner"]["display"]), (&json!("on-hold"), &json!("Nurse")));
        assert_eq!(waiting["performerType"][0]["coding"][0]["code"], "care");
        let over: Value = serde_json::from_slice(&over).unwrap();
        assert_eq!((&over["status"], &over["statusReason"]["text"]), (&json!("cancelled"), &json!("Asleep")));
        assert_eq!(over["requester"]["display"], "Nurse");
    }
}
