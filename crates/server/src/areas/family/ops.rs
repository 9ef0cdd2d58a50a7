//! Approving and withdrawing, felt on the next request and in open pages; and what a relative sees.

use chart::Seen;
use db::{Ctx, Event};
use jiff::Timestamp;
use kernel::{MembershipId, PatientId, PersonId};
use policy::Action;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::model::{Approval, CATEGORIES, Category, Change, approved, category, change};
use super::store;
use crate::app::App;
use crate::areas::{fields, people};
use crate::http::{Failure, one_of};

/// Most records of a type on a relative's page.
const MOST: usize = 300;

fn states() -> Object {
    one_of(&["waiting", "active"])
}

/// Who the family of a patient is, and what each of them sees.
#[derive(Serialize, ToSchema)]
pub(super) struct Family {
    /// What may be approved, in the order in which it is shown.
    categories: Vec<FamilyCategory>,
    relatives: Vec<Relative>,
}

/// Something that families ask about.
#[derive(Serialize, ToSchema)]
struct FamilyCategory {
    category: &'static str,
    fields: Vec<&'static str>,
}

/// A relative, and what was approved for them.
#[derive(Serialize, ToSchema)]
struct Relative {
    #[schema(value_type = i32)]
    membership: MembershipId,
    name: String,
    role: String,
    #[schema(schema_with = states)]
    state: &'static str,
    /// Whose consent it waits for.
    waits_for: Vec<&'static str>,
    /// Null while it waits.
    #[schema(required)]
    since: Option<Timestamp>,
    #[schema(required)]
    until: Option<Timestamp>,
    /// What a change names in `If-Match`.
    version: String,
    approved: Vec<FieldApproval>,
    /// Elements approved by their paths, which no category has in it.
    other: Vec<String>,
}

/// A field that a relative sees.
#[derive(Serialize, ToSchema)]
struct FieldApproval {
    category: &'static str,
    field: &'static str,
    since: Timestamp,
    /// Null: until it is withdrawn.
    #[schema(required)]
    until: Option<Timestamp>,
    /// Who approved it.
    by: String,
}

/// What somebody from outside is called: their account says it, because their post bears no name. Who has not taken it up is
/// called by their role.
pub(super) async fn called(
    app: &App,
    ctx: &Ctx,
    (person, role): (Option<PersonId>, &str),
) -> Result<String, Failure> {
    let Some(person) = person else { return Ok(role.to_owned()) };
    let inside = Ctx::program(ctx.organization(), ctx.request().clone());
    let desk = people::Desk::at(app, inside).await?;
    Ok(people::person_of(&desk, person).await?.details.name)
}

fn relative(
    name: String,
    row: &db::Row,
    versions: &[(MembershipId, i32)],
    all: &[(MembershipId, Approval)],
) -> Relative {
    let membership = MembershipId(row.get(0));
    let theirs: Vec<Approval> =
        all.iter().filter(|(of, _)| *of == membership).map(|(_, one)| one.clone()).collect();
    let (patient, member): (bool, bool) = (row.get(5), row.get(6));
    let version = versions.iter().find(|(of, _)| *of == membership).map_or(0, |(_, version)| *version);
    let fields = |category: &'static Category| {
        category
            .fields
            .iter()
            .filter_map(|field| {
                let (since, until, by) = approved(field, &theirs)?;
                Some(FieldApproval {
                    category: category.key,
                    field: field.key,
                    since,
                    until,
                    by: by.to_owned(),
                })
            })
            .collect::<Vec<_>>()
    };
    let known = |path: &str| CATEGORIES.iter().any(|category| category.owns(path));
    let waits = [(patient, "patient"), (member, "member")];
    Relative {
        membership,
        name,
        role: row.get(2),
        state: if patient || member { "waiting" } else { "active" },
        waits_for: waits.into_iter().filter(|(waits, _)| *waits).map(|(_, who)| who).collect(),
        since: row.get(3),
        until: row.get(4),
        version: people::etag(version),
        approved: CATEGORIES.iter().flat_map(fields).collect(),
        other: theirs.iter().filter(|one| !known(&one.path)).map(|one| one.path.clone()).collect(),
    }
}

/// Everyone of the family who has a post here, and what each of them sees.
pub(super) async fn list(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Family, Failure> {
    let now = app.world.now();
    let facility = app.store.facility_of(ctx, patient).await?;
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list_relatives(&tx, patient, now).await?;
    let versions = store::list_versions(&tx, patient, now).await?;
    let all = store::list_approvals(&tx, patient, now).await?;
    tx.commit().await?;
    let mut event = Event::success("sharing.list", Action::ApproveSharing.needs().key());
    event.subjects.push((facility, patient));
    event.facility = facility;
    event.detail = Some(format!("count {}", rows.len()));
    app.store.db().record(ctx, event).await?;
    let mut relatives = Vec::new();
    for row in &rows {
        let person = row.get::<_, Option<i32>>(1).map(PersonId);
        let name = called(app, ctx, (person, row.get(2))).await?;
        relatives.push(relative(name, row, &versions, &all));
    }
    relatives.sort_by(|a, b| a.name.cmp(&b.name));
    let of = |category: &'static Category| FamilyCategory {
        category: category.key,
        fields: category.fields.iter().map(|field| field.key).collect(),
    };
    Ok(Family { categories: CATEGORIES.iter().map(of).collect(), relatives })
}

/// What a relative is to see of a category.
pub(super) struct Wanted<'a> {
    pub(super) patient: PatientId,
    pub(super) membership: MembershipId,
    pub(super) category: &'a str,
    pub(super) fields: Vec<String>,
    /// `None`: until it is withdrawn.
    pub(super) until: Option<Timestamp>,
}

impl Wanted<'_> {
    fn change(&self, ctx: &Ctx, all: &[(MembershipId, Approval)]) -> Result<Change, Failure> {
        let category = category(self.category).ok_or_else(Failure::unlisted)?;
        let invalid = || Failure::coded(400, "invalid", "fields: there is one that is not of this category");
        let wanted = category.paths(&self.fields).ok_or_else(invalid)?;
        // Nobody approves what they do not see.
        fields::in_sight(ctx, self.patient, wanted.iter().map(|path| (*path).to_owned()).collect())?;
        let theirs: Vec<Approval> =
            all.iter().filter(|(of, _)| *of == self.membership).map(|(_, one)| one.clone()).collect();
        Ok(change(category, &wanted, self.until, &theirs))
    }
}

/// Whether a relative would see something by this that they do not, or longer.
pub(super) async fn opens(app: &App, ctx: &Ctx, wanted: &Wanted<'_>) -> Result<bool, Failure> {
    let now = app.world.now();
    if wanted.until.is_some_and(|until| until <= now) {
        return Err(Failure::coded(400, "invalid", "until: it is over"));
    }
    app.store.facility_of(ctx, wanted.patient).await?;
    let tx = app.store.db().begin(ctx).await?;
    let all = store::list_approvals(&tx, wanted.patient, now).await?;
    tx.commit().await?;
    Ok(wanted.change(ctx, &all)?.opens)
}

/// Approves fields of a category for a relative and no others of it, from the version named. `proven`: whoever approves
/// showed who they are, without which nothing is opened.
pub(super) async fn approve(
    app: &App,
    ctx: &Ctx,
    wanted: &Wanted<'_>,
    version: i32,
    proven: bool,
) -> Result<Family, Failure> {
    let now = app.world.now();
    let (patient, membership) = (wanted.patient, wanted.membership);
    let facility = app.store.facility_of(ctx, patient).await?;
    let tx = app.store.db().begin(ctx).await?;
    if !store::hold_relative(&tx, patient, membership, now).await? {
        return Err(Failure::unlisted());
    }
    let versions = store::list_versions(&tx, patient, now).await?;
    let known = versions.iter().find(|(of, _)| *of == membership).map_or(0, |(_, version)| *version);
    let change = wanted.change(ctx, &store::list_approvals(&tx, patient, now).await?)?;
    if known != version || (change.opens && !proven) {
        return Err(db::Error::Conflict.into());
    }
    let ended = store::end(&tx, patient, membership, &change.ends, now).await;
    told(app, ctx, (facility, patient), ended).await?;
    let begun = store::begin(&tx, (patient, facility), membership, &change.begins, (now, wanted.until)).await;
    told(app, ctx, (facility, patient), begun).await?;
    let until = wanted.until.map_or_else(String::new, |until| format!(" until {until}"));
    let detail = format!("membership {membership}: {}: {}{until}", wanted.category, wanted.fields.join(", "));
    app.store.db().record(ctx, said((facility, patient), detail)).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    list(app, ctx, patient).await
}

/// Withdraws everything from a relative.
pub(super) async fn withdraw(
    app: &App,
    ctx: &Ctx,
    (patient, membership): (PatientId, MembershipId),
) -> Result<Family, Failure> {
    let now = app.world.now();
    let facility = app.store.facility_of(ctx, patient).await?;
    let tx = app.store.db().begin(ctx).await?;
    if !store::hold_relative(&tx, patient, membership, now).await? {
        return Err(Failure::unlisted());
    }
    let all = store::list_approvals(&tx, patient, now).await?;
    let paths: Vec<String> =
        all.into_iter().filter(|(of, _)| *of == membership).map(|(_, one)| one.path).collect();
    let ended = store::end(&tx, patient, membership, &paths, now).await;
    told(app, ctx, (facility, patient), ended).await?;
    app.store
        .db()
        .record(ctx, said((facility, patient), format!("membership {membership}: nothing")))
        .await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    list(app, ctx, patient).await
}

/// What the database says, its refusal written down: nobody approves for themselves, by whichever of their posts.
async fn told(
    app: &App,
    ctx: &Ctx,
    at: (kernel::FacilityId, PatientId),
    answered: Result<(), db::Error>,
) -> Result<(), Failure> {
    if let Err(db::Error::RowSecurity) = answered {
        let mut event = Event::denied(Action::ApproveSharing.key(), "refused by the database");
        event.subjects.push(at);
        event.facility = at.0;
        app.store.db().record(ctx, event).await?;
        return Err(db::Error::Denied(None).into());
    }
    Ok(answered?)
}

fn said(at: (kernel::FacilityId, PatientId), detail: String) -> Event {
    let mut event = Event::success(Action::ApproveSharing.key(), Action::ApproveSharing.needs().key());
    event.subjects.push(at);
    event.facility = at.0;
    event.detail = Some(detail);
    event
}

/// What a relative sees, in their own context: what was approved, and nothing else.
pub(super) async fn home(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Seen, Failure> {
    needs_relative(ctx)?;
    Ok(app.store.seen(ctx, patient, MOST).await?)
}

/// Only who sees what was approved for them: others have other pages.
pub(super) fn needs_relative(ctx: &Ctx) -> Result<(), Failure> {
    let sees_part = ctx.fields().is_some_and(policy::fields::Fields::is_approved_only);
    if sees_part { Ok(()) } else { Err(Failure::unlisted()) }
}

/// The same for whoever approves it: as it is, or as it would be with `instead`.
pub(super) async fn preview(
    app: &App,
    ctx: &Ctx,
    (patient, membership): (PatientId, MembershipId),
    instead: Option<(&str, Vec<String>)>,
) -> Result<Seen, Failure> {
    let instead = match instead {
        None => None,
        Some((category, fields)) => {
            let now = app.world.now();
            let tx = app.store.db().begin(ctx).await?;
            let all = store::list_approvals(&tx, patient, now).await?;
            tx.commit().await?;
            let wanted = Wanted { patient, membership, category, fields, until: None };
            let Change { ends, begins, .. } = wanted.change(ctx, &all)?;
            let theirs = all.into_iter().filter(|(of, _)| *of == membership).map(|(_, one)| one.path);
            Some(theirs.filter(|path| !ends.contains(path)).chain(begins).collect())
        }
    };
    let eyes = fields::eyes(app, ctx, (patient, membership), instead).await?;
    home(app, &eyes, patient).await
}
