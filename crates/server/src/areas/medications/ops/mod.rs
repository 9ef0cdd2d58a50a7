//! Giving, correcting, holding, counting, and showing what is to be given.

mod afterwards;
mod around;
mod counts;
mod give;
mod orders;
mod pass;
mod view;

use db::{Ctx, Event};
use jiff::Timestamp;
use kernel::{FacilityId, PatientId, ResourceId};
use policy::{Action, Plane};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::Error;
use super::store::{self, House};
use crate::app::App;
use crate::http::Failure;

pub(super) use afterwards::{effect, wrong};
pub(super) use counts::{
    Counts, Entries, EntryNew, SheetNew, SheetView, confirm, enter, list as list_counts, list_entries,
    open as open_sheet,
};
pub(crate) use counts::{Stocked, stock_up};
pub(super) use give::{Dose, give};
pub(super) use orders::turn;
pub(crate) use pass::waiting;
pub(super) use pass::{Mar, Pass, mar, pass};

/// What became of a dose.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = DoseOutcome)]
pub(super) enum Outcome {
    /// It was given.
    Given,
    /// They did not want it.
    Refused,
    /// It was held back.
    Held,
    /// It was not there.
    Unavailable,
    /// They were not there.
    Away,
}

impl Outcome {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Unavailable => "unavailable",
            Self::Away => "away",
        }
    }

    pub(super) fn of(code: &str) -> Option<Self> {
        [Self::Given, Self::Refused, Self::Held, Self::Unavailable, Self::Away]
            .into_iter()
            .find(|known| known.code() == code)
    }
}

/// Whether what was given as needed helped.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = DoseEffect)]
pub(super) enum Effect {
    /// It helped.
    Helped,
    /// It helped somewhat.
    Somewhat,
    /// It did not help.
    NoHelp,
}

impl Effect {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Helped => "helped",
            Self::Somewhat => "somewhat",
            Self::NoHelp => "no-help",
        }
    }

    pub(super) fn of(code: &str) -> Option<Self> {
        [Self::Helped, Self::Somewhat, Self::NoHelp].into_iter().find(|known| known.code() == code)
    }
}

/// How a dose was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DoseResult {
    /// It is recorded.
    Made,
    /// It was recorded before, by this same request.
    Same,
    /// Somebody else recorded this dose; it says who and when.
    Conflict,
    /// It was not recorded; `code` says why.
    Refused,
    /// It could not be recorded now; the same request may be sent again.
    Again,
}

/// What was recorded of a dose.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = DoseTold)]
pub(super) struct Told {
    /// The request it answers.
    pub(super) request: Uuid,
    pub(super) result: DoseResult,
    /// The MedicationAdministration that there is.
    pub(super) administration: Option<Uuid>,
    /// What became of the dose, as it is recorded.
    pub(super) outcome: Option<Outcome>,
    /// Who recorded it.
    pub(super) by: Option<String>,
    /// When it was given or not.
    pub(super) at: Option<Timestamp>,
    /// When it was recorded.
    pub(super) recorded: Option<Timestamp>,
    /// From when on it may be given, with the codes `too-soon`, `limit-reached` and `too-early`.
    pub(super) from: Option<Timestamp>,
    /// Why it was not recorded: a word that never changes.
    pub(super) code: Option<String>,
    /// The same in English.
    pub(super) detail: Option<String>,
}

impl Told {
    pub(super) fn of(request: Uuid, result: DoseResult) -> Self {
        Self {
            request,
            result,
            administration: None,
            outcome: None,
            by: None,
            at: None,
            recorded: None,
            from: None,
            code: None,
            detail: None,
        }
    }
}

/// What is recorded is whole: whoever sees a part of the record, or comes in by a portal, records nothing.
async fn sees_whole(app: &App, ctx: &Ctx, action: Action) -> Result<(), Error> {
    if ctx.fields().is_none() && ctx.plane() == Plane::Staff {
        return Ok(());
    }
    app.store.db().record(ctx, Event::denied(action.key(), "sees a part of the record")).await?;
    Err(db::Error::Denied(None).into())
}

async fn house(app: &App, ctx: &Ctx, facility: FacilityId) -> Result<House, Error> {
    let tx = app.store.db().begin(ctx).await?;
    Ok(store::fetch_house(&tx, (ctx.organization(), ctx.membership()), facility).await?)
}

/// Where a patient is, who must be within reach.
async fn place_of(app: &App, ctx: &Ctx, action: Action, patient: PatientId) -> Result<FacilityId, Error> {
    match app.store.find_patient(ctx, ctx, patient).await? {
        Some(facility) => Ok(facility),
        None => {
            app.store.db().record(ctx, Event::denied(action.key(), "no such patient")).await?;
            Err(Failure::unlisted().into())
        }
    }
}

fn event(action: Action, facility: FacilityId, patient: PatientId, detail: String) -> Event {
    let mut event = Event::success(action.key(), action.needs().key());
    event.facility = facility;
    event.subjects.push((facility, patient));
    event.detail = Some(detail);
    event
}

fn parsed(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(body).map_err(|_| db::Error::Seal("no JSON of ours").into())
}

/// A text of somebody's, 1 to 500 characters.
fn said(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    let fits = (1..=500).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(Error::invalid("a reason has 1 to 500 characters")) }
}

/// A patient by its id in a record.
fn patient_of(text: &str) -> Result<PatientId, Error> {
    text.parse().map_err(|_| db::Error::Stored("an order of nobody").into())
}

fn id(id: Uuid) -> ResourceId {
    ResourceId(id)
}
