//! The board of a facility: its open tasks, and what was finished lately.

use std::collections::HashMap;

use chart::Document;
use db::Ctx;
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::PatientId;
use policy::Action;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::error::Error;
use super::super::model::{OPEN, TaskView, team_token};
use crate::app::App;
use crate::areas::every::{Within, every_in_sight};
use crate::areas::notes::patient_names;
use crate::areas::{shifts, stays};
use crate::http::Failure;

/// How long what is finished stays on the board.
const FINISHED: SignedDuration = SignedDuration::from_hours(12);

/// The board of a facility.
#[derive(Serialize, ToSchema)]
#[schema(as = CareBoard)]
pub(in super::super) struct Board {
    /// What the facility is called.
    facility: String,
    /// An IANA name.
    time_zone: String,
    /// When this was looked at.
    at: Timestamp,
    /// Open ones by when they are due, then finished ones, the last first.
    tasks: Vec<Card>,
    /// Whether tasks are out of the post's sight.
    hidden: bool,
}

/// A task, and whom it is about.
#[derive(Serialize, ToSchema)]
#[schema(as = CareBoardTask)]
struct Card {
    #[serde(flatten)]
    task: TaskView,
    /// Empty where names are out of sight.
    name: String,
    /// Where they are who are admitted.
    #[schema(required)]
    room: Option<String>,
}

/// What is open and what was finished in the last twelve hours, of a team or of everybody.
pub(in super::super) async fn board(
    app: &App,
    ctx: &Ctx,
    code: &str,
    team: Option<&str>,
) -> Result<Board, Failure> {
    let token =
        team.map(|team| team_token(team).ok_or(Error::Invalid("team: not one of those that there are")));
    let token = token.transpose()?;
    let place = shifts::entered(app, ctx, Action::LookAtShift, code).await?;
    let (at, now) = ((Within::Facility(place.facility), ResourceType::Task), app.world.now());
    let of_team = |mut query: Vec<(&'static str, String)>| {
        query.extend(token.clone().map(|token| ("performer", token)));
        query
    };
    let open = of_team(vec![("status", OPEN.to_owned())]);
    let over = of_team(vec![
        ("status", "completed,cancelled".to_owned()),
        ("modified", format!("ge{}", now - FINISHED)),
    ]);
    let read = |document: Document| TaskView::of(&document).filter(|task| !task.patient.is_empty());
    let (open, over, here) = tokio::try_join!(
        every_in_sight(app, ctx, at, &open, read),
        every_in_sight(app, ctx, at, &over, read),
        stays::here(app, ctx, at.0),
    )?;
    let hidden = open.is_none();
    let (mut open, mut over) = (open.unwrap_or_default(), over.unwrap_or_default());
    open.sort_by_key(|task| (task.due.is_none(), task.due, !task.urgent));
    over.reverse();
    open.append(&mut over);
    let patients: Vec<PatientId> = open.iter().filter_map(|task| task.patient.parse().ok()).collect();
    let names = patient_names(app, ctx, &patients).await?;
    let rooms: HashMap<PatientId, String> =
        here.unwrap_or_default().into_iter().filter_map(|one| Some((one.patient, one.room?))).collect();
    let card = |task: TaskView| {
        let patient: Option<PatientId> = task.patient.parse().ok();
        Card {
            name: patient.and_then(|id| names.get(&id).cloned()).unwrap_or_default(),
            room: patient.and_then(|id| rooms.get(&id).cloned()),
            task,
        }
    };
    Ok(Board {
        facility: place.name.clone(),
        time_zone: place.zone.iana_name().unwrap_or("UTC").to_owned(),
        at: now,
        tasks: open.into_iter().map(card).collect(),
        hidden,
    })
}
