//! Who can see a patient, and by what chain of posts.

use db::{Ctx, Event, Row};
use kernel::{MembershipId, PatientId};
use policy::{Action, Permission};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::grants::{Neighbour, facility_of};
use crate::app::App;
use crate::areas::people::{Error, store};
use crate::http::one_of;

/// A tie of a post to the patient.
#[derive(Serialize, ToSchema)]
struct Tie {
    #[schema(value_type = i32)]
    membership: MembershipId,
    #[schema(schema_with = kinds)]
    kind: String,
}

fn kinds() -> Object {
    one_of(&["care-team", "client", "referral", "family", "self"])
}

fn sorts() -> Object {
    one_of(&["person", "service", "operator", "support"])
}

/// A post that can see the patient.
#[derive(Serialize, ToSchema)]
struct Seeing {
    #[schema(value_type = i32)]
    membership: MembershipId,
    name: String,
    role: String,
    #[schema(schema_with = sorts)]
    sort: String,
    /// Whether somebody has taken it up; always so for a service.
    taken_up: bool,
    by_relationship: bool,
    /// The ties of the posts of the chain that are bound to their patients.
    relationships: Vec<Tie>,
    /// The posts above it, the nearest first.
    chain: Vec<Neighbour>,
}

/// Everyone who can see a patient's chart.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reach {
    posts: Vec<Seeing>,
}

/// Everyone who can see this patient's chart now, by name. A patient out of the asker's reach is an unknown one.
pub(crate) async fn reach(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Reach, Error> {
    let facility = facility_of(app, ctx, patient, Action::Reach).await?;
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list_reach(&tx, ctx.organization(), (facility, patient), app.world.now()).await?;
    tx.commit().await?;
    let mut event = Event::success(Action::Reach.key(), Permission::AuditReport.key());
    event.facility = facility;
    event.subjects.push((facility, patient));
    event.detail = Some(format!("count {}", rows.len()));
    app.store.db().record(ctx, event).await?;
    Ok(Reach { posts: rows.iter().map(seeing).collect() })
}

fn seeing(row: &Row) -> Seeing {
    let (ids, names, roles): (Vec<i32>, Vec<String>, Vec<String>) = (row.get(6), row.get(7), row.get(8));
    let above = ids.into_iter().zip(names).zip(roles).skip(1);
    let (tied, kinds): (Vec<i32>, Vec<String>) = (row.get(9), row.get(10));
    let sort: String = row.get(3);
    Seeing {
        membership: MembershipId(row.get(0)),
        name: row.get(1),
        role: row.get(2),
        taken_up: row.get::<_, bool>(4) || sort != "person",
        sort,
        by_relationship: row.get(5),
        relationships: tied
            .into_iter()
            .zip(kinds)
            .map(|(id, kind)| Tie { membership: MembershipId(id), kind })
            .collect(),
        chain: above.map(|((id, name), role)| Neighbour::new(id, name, role)).collect(),
    }
}
