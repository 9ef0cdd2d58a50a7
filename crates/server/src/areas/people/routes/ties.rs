//! `/api/patients/{patient}/relationships` and `/api/me/relationships`.

use jiff::Timestamp;
use kernel::{MembershipId, PatientId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::grants::{membership, proved};
use crate::areas::people::ops::{self, OwnTie, TieText, TieView};
use crate::http::{Call, Doc, Failure, Reply};

fn patient(call: &Call) -> Result<PatientId, Failure> {
    call.param("patient").parse().map_err(|_| Failure::unlisted())
}

fn tie(call: &Call) -> Result<(PatientId, MembershipId, &str), Failure> {
    Ok((patient(call)?, membership(call)?, call.param("kind")))
}

/// The ties of a patient.
#[derive(Serialize, ToSchema)]
struct Ties {
    relationships: Vec<TieView>,
}

pub(super) const LIST: Doc = Doc::new("Which posts are tied to a patient").gives::<Ties>(200);

pub(super) async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &Ties { relationships: ops::list_ties(&call.app, &call.ctx, patient(&call)?).await? })
}

/// What a tie is to be.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct TieBody {
    /// When it ends. A family's tie to a patient who is not of age ends on the day they are, at the latest.
    ends_at: Option<Timestamp>,
    /// Whether the patient, or who speaks for them, has said yes. A family's tie waits for it, and for the relative.
    patient_consent: bool,
}

pub(super) const PUT: Doc = Doc::new("Tie a post to a patient: care-team, client, referral, family or self")
    .takes::<TieBody>()
    .step_up("relationship.edit")
    .problems(&["invalid"]);

pub(super) async fn put(call: Call) -> Result<Reply, Failure> {
    let which = tie(&call)?;
    let TieBody { ends_at, patient_consent } = call.json()?;
    proved(&call, "relationship.edit").await?;
    ops::put_tie(&call.app, &call.ctx, which, &TieText { ends_at, patient_consent }).await?;
    Ok(Reply::empty(204))
}

pub(super) const END: Doc = Doc::new("End a post's tie to a patient").step_up("relationship.edit");

pub(super) async fn end(call: Call) -> Result<Reply, Failure> {
    proved(&call, "relationship.edit").await?;
    ops::end_tie(&call.app, &call.ctx, tie(&call)?).await?;
    Ok(Reply::empty(204))
}

/// The ties of one's own post.
#[derive(Serialize, ToSchema)]
struct OwnTies {
    relationships: Vec<OwnTie>,
}

pub(super) const OWN: Doc =
    Doc::new("The patients that one's own post is tied to, or is to be").gives::<OwnTies>(200);

pub(super) async fn own(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &OwnTies { relationships: ops::list_own_ties(&call.app, &call.ctx).await? })
}

/// What is agreed to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Agreement {
    #[schema(value_type = uuid::Uuid)]
    patient: PatientId,
}

pub(super) const ACCEPT: Doc = Doc::new("Agree to a family's tie that waits for it").takes::<Agreement>();

pub(super) async fn accept(call: Call) -> Result<Reply, Failure> {
    let Agreement { patient } = call.json()?;
    ops::accept_tie(&call.app, &call.ctx, patient).await?;
    Ok(Reply::empty(204))
}
