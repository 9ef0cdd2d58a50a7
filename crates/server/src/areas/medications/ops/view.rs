//! How orders and their doses are shown.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Effect, Outcome};
use crate::areas::medications::fhir::Read;
use crate::areas::medications::model::{EFFECT, Moment, Place, moment};
use crate::areas::medications::store;

/// An order and its doses.
#[derive(Serialize, ToSchema)]
#[schema(as = MedicationOrder)]
pub(in super::super) struct OrderView {
    /// The MedicationRequest.
    pub(super) order: String,
    /// What putting it on hold names in `If-Match`.
    pub(super) version: String,
    pub(super) medication: String,
    /// The dosage in words.
    pub(super) dosage: Option<String>,
    pub(super) route: Option<String>,
    /// `active`, `on-hold` or `ended`.
    pub(super) status: OrderStatus,
    pub(super) held_because: Option<String>,
    /// Whether its times are for somebody to read: doses of it are not in the list.
    pub(super) unclear: bool,
    pub(super) as_needed: Option<NeededView>,
    /// What a scanner may read of its package.
    pub(super) codes: Vec<String>,
    /// The sheets that it is taken from, when it is counted.
    pub(super) sheets: Vec<SheetChoice>,
    pub(super) doses: Vec<DoseView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = MedicationOrderStatus)]
pub(in super::super) enum OrderStatus {
    Active,
    OnHold,
    Ended,
}

/// What is given as needed.
#[derive(Serialize, ToSchema)]
#[schema(as = MedicationAsNeeded)]
pub(in super::super) struct NeededView {
    pub(super) reason: Option<String>,
    /// From when on it may be given.
    pub(super) next: Timestamp,
}

/// A sheet of an order.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = MedicationSheetChoice)]
pub(in super::super) struct SheetChoice {
    pub(super) stock: Uuid,
    pub(super) place: String,
    pub(super) witness_to_give: bool,
}

/// How a dose stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = DoseState)]
pub(in super::super) enum State {
    /// It may not be given yet.
    Later,
    /// It may be given, before its time.
    Early,
    Due,
    Late,
    Missed,
    /// The order is on hold.
    OnHold,
    Given,
    Refused,
    Held,
    Unavailable,
    Away,
}

/// A dose.
#[derive(Serialize, ToSchema)]
#[schema(as = DoseView)]
pub(in super::super) struct DoseView {
    /// When it is due; nothing where it was given as needed.
    pub(super) due: Option<Timestamp>,
    pub(super) state: State,
    /// From when on it is missed.
    pub(super) missed: Option<Timestamp>,
    /// The MedicationAdministration, once there is one.
    pub(super) administration: Option<String>,
    /// Whether it was not recorded at a pass, but by another program: it is corrected there.
    pub(super) elsewhere: bool,
    pub(super) by: Option<String>,
    pub(super) at: Option<Timestamp>,
    pub(super) reason: Option<String>,
    /// When to look whether it helped, where nobody has.
    pub(super) effect_due: Option<Timestamp>,
    pub(super) effect: Option<Effect>,
}

impl From<Outcome> for State {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Given => Self::Given,
            Outcome::Refused => Self::Refused,
            Outcome::Held => Self::Held,
            Outcome::Unavailable => Self::Unavailable,
            Outcome::Away => Self::Away,
        }
    }
}

impl From<Moment> for State {
    fn from(moment: Moment) -> Self {
        match moment {
            Moment::Later => Self::Later,
            Moment::Early => Self::Early,
            Moment::Due => Self::Due,
            Moment::Late => Self::Late,
            Moment::Missed => Self::Missed,
        }
    }
}

impl DoseView {
    /// One that was recorded at a pass.
    pub(super) fn recorded(row: &store::Dose, record: &Read) -> Option<Self> {
        let outcome = record.outcome?;
        let looks = outcome == Outcome::Given && row.due.is_none() && record.effect.is_none();
        Some(Self {
            due: row.due,
            state: outcome.into(),
            missed: None,
            administration: Some(row.administration.to_string()),
            elsewhere: false,
            by: Some(row.by.1.clone()),
            at: Some(row.given),
            reason: record.reason.clone(),
            effect_due: row.given.checked_add(EFFECT).ok().filter(|_| looks),
            effect: record.effect,
        })
    }

    /// One that is a record and nothing else.
    pub(super) fn found(id: &str, record: &Read, due: Option<Timestamp>) -> Option<Self> {
        Some(Self {
            due,
            state: record.outcome?.into(),
            missed: None,
            administration: Some(id.to_owned()),
            elsewhere: !record.of_pass,
            by: record.by.clone(),
            at: record.at,
            reason: record.reason.clone(),
            effect_due: None,
            effect: record.effect,
        })
    }

    /// One that nobody recorded; of an order that was put on hold then.
    pub(super) fn waiting(place: Place, on_hold: Option<Timestamp>, now: Timestamp) -> Self {
        // What was due before it was put on hold was missed, not held.
        let held = on_hold.is_some_and(|since| place.missed > since);
        Self {
            due: Some(place.due),
            state: if held { State::OnHold } else { moment(place, now).into() },
            missed: Some(place.missed),
            administration: None,
            elsewhere: false,
            by: None,
            at: None,
            reason: None,
            effect_due: None,
            effect: None,
        }
    }
}
