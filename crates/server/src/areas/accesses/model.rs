//! What is told of an event, to whom.

use db::Row;
use jiff::Timestamp;
use kernel::MembershipId;
use policy::{Purpose, What};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use crate::http::one_of;

/// By which right somebody asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// `audit.report`: everything, within row security.
    Report,
    /// `audit.own`: a patient, by this post. Of others who come from outside only the role is theirs to know.
    Own(MembershipId),
}

fn kinds() -> Object {
    one_of(&["person", "service", "operator", "support", "system"])
}

pub(super) fn whats() -> Object {
    one_of(&What::ALL.map(What::word))
}

pub(super) fn purposes() -> Object {
    one_of(&Purpose::ALL.map(Purpose::code))
}

fn outcomes() -> Object {
    one_of(&["done", "refused", "failed"])
}

pub(super) fn ties() -> Object {
    one_of(&policy::Tie::ALL.map(policy::Tie::key))
}

/// Who did it, as they are called today. `support` is somebody of Lamplight with the view of a post, whom both name.
#[derive(Serialize, ToSchema)]
pub(super) struct Actor {
    /// `system` is the program itself, or its operator at the command line.
    #[schema(schema_with = kinds)]
    kind: &'static str,
    /// Null where there is none, or where it is not the asker's to know.
    #[schema(required)]
    name: Option<String>,
    /// What the post is called; empty where it is called nothing.
    role: String,
    /// Whose view it was, of support access.
    #[schema(required)]
    on_behalf_of: Option<String>,
    /// Whether it is the asker's own post.
    own: bool,
}

impl Actor {
    /// From six columns: post, name, role, kind, plane, on whose behalf. Without a row of its own it is the program's.
    pub(super) fn of(row: &Row, first: usize, sight: Sight) -> Self {
        let post = MembershipId(row.get(first));
        let own = sight == Sight::Own(post);
        let Some(kind) = row.get::<_, Option<&str>>(first + 3) else {
            return Self { kind: "system", name: None, role: String::new(), on_behalf_of: None, own };
        };
        let outside = row.get::<_, Option<&str>>(first + 4) == Some("portal");
        let told = sight == Sight::Report || own || !outside;
        Self {
            kind: match kind {
                "person" => "person",
                "operator" => "operator",
                "support" => "support",
                _ => "service",
            },
            name: row.get::<_, Option<String>>(first + 1).filter(|_| told),
            role: row.get::<_, Option<String>>(first + 2).unwrap_or_default(),
            // Support has the view of staff alone, whose names a patient is told.
            on_behalf_of: row.get(first + 5),
            own,
        }
    }
}

impl Actor {
    /// As words on paper: who, the role, on whose behalf.
    pub(super) fn parts(&self) -> (&str, &str, &str) {
        let unnamed = match self.kind {
            "system" => "The program",
            "operator" => "The operator",
            "service" => "A program",
            _ => "Somebody",
        };
        let who = self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(unnamed);
        (who, &self.role, self.on_behalf_of.as_deref().unwrap_or_default())
    }
}

/// One thing that was done with a patient's record, or tried.
#[derive(Serialize, ToSchema)]
pub(super) struct Access {
    /// The event, for asking why.
    pub(super) event: Uuid,
    pub(super) at: Timestamp,
    pub(super) who: Actor,
    #[schema(schema_with = whats)]
    pub(super) what: &'static str,
    /// The FHIR type of the records, where it was one that the asker sees.
    #[schema(required)]
    pub(super) record: Option<&'static str>,
    #[schema(schema_with = outcomes)]
    pub(super) outcome: &'static str,
    /// Why the data was used (HL7 v3 PurposeOfUse); `BTG` is emergency access.
    #[schema(schema_with = purposes)]
    pub(super) purpose: String,
    /// The facility's name.
    #[schema(required)]
    pub(super) facility: Option<String>,
    /// From which address; told with `audit.report` alone.
    #[schema(required)]
    pub(super) address: Option<String>,
}

/// How it ended, in a word.
pub(super) fn outcome(code: &str) -> &'static str {
    match code {
        "success" => "done",
        "denied" => "refused",
        _ => "failed",
    }
}

/// A page of what was done with a patient's record, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Accesses {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// The time zone of the patient's facility (IANA).
    pub(super) time_zone: String,
    pub(super) accesses: Vec<Access>,
    /// What `cursor` goes on with, together with this `from` and `to`; null at the end.
    #[schema(required)]
    pub(super) next: Option<String>,
}

/// The rule that decided.
#[derive(Serialize, ToSchema)]
pub(super) struct Rule {
    /// The permission that allowed it or, of a refusal, was missing; null where another rule decided.
    #[schema(required)]
    pub(super) permission: Option<&'static str>,
    /// What it says, in English.
    pub(super) words: String,
    /// Whether it was what was missing.
    pub(super) missing: bool,
}

/// A tie of a post of the chain to a patient, as it was.
#[derive(Serialize, ToSchema)]
pub(super) struct TieThen {
    #[schema(value_type = i32)]
    pub(super) membership: MembershipId,
    pub(super) patient: Uuid,
    #[schema(schema_with = ties)]
    pub(super) kind: String,
    pub(super) from: Timestamp,
    /// Null: it lives still.
    #[schema(required)]
    pub(super) until: Option<Timestamp>,
}

/// The emergency by which it was done.
#[derive(Serialize, ToSchema)]
pub(super) struct EmergencyThen {
    pub(super) opened_at: Timestamp,
    pub(super) ends_at: Timestamp,
    /// What was said when it was opened; told with `emergency.review` alone.
    #[schema(required)]
    pub(super) reason: Option<String>,
}

/// What was so when it happened.
#[derive(Serialize, ToSchema)]
pub(super) struct Then {
    pub(super) at: Timestamp,
    #[schema(schema_with = whats)]
    pub(super) what: &'static str,
    #[schema(schema_with = outcomes)]
    pub(super) outcome: &'static str,
    pub(super) rule: Rule,
    #[schema(schema_with = purposes)]
    pub(super) purpose: String,
    /// The facility.
    #[schema(required)]
    pub(super) facility: Option<String>,
    /// By which ties the post, and those above it, were tied to the patients concerned.
    pub(super) relationships: Vec<TieThen>,
    #[schema(required)]
    pub(super) emergency: Option<EmergencyThen>,
}

/// A post of the chain. A post stays where it was made, so the chain is the one that was.
#[derive(Serialize, ToSchema)]
pub(super) struct Link {
    #[schema(value_type = i32)]
    pub(super) membership: MembershipId,
    pub(super) who: Actor,
    /// Whether it reaches only patients that it is tied to.
    pub(super) by_relationship: bool,
    /// Whether neither it nor a post above it has ended.
    pub(super) alive: bool,
    #[schema(required)]
    pub(super) ends_at: Option<Timestamp>,
}

/// What is so today: names, roles and whether posts live may have been different then.
#[derive(Serialize, ToSchema)]
pub(super) struct Today {
    pub(super) who: Actor,
    /// The post that acted, and those above it, up to the one that nobody made.
    pub(super) chain: Vec<Link>,
}

/// Why something was allowed or refused.
#[derive(Serialize, ToSchema)]
pub(super) struct Why {
    pub(super) event: Uuid,
    pub(super) at_the_time: Then,
    pub(super) today: Today,
}
