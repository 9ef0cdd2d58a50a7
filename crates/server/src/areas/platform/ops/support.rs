//! Asking an organization for support access (ADR 0019). The plane asks; it never gives.

use db::{Ctx, Drawer, Outcome};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::super::{Error, store};
use crate::areas::support;
use crate::http::{Above, one_of};

/// The most characters of a reason.
const REASON: usize = 500;

/// Support access to be asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NewSupport {
    /// The organization's subdomain.
    organization: String,
    /// The number of the post whose view would help, as its holder told it; the organization chooses.
    membership: Option<i32>,
    /// Why, 1 to 500 characters, for who decides.
    reason: String,
    /// For how long, 5 to 240.
    pub(in super::super) minutes: i32,
    /// Whether to change something as well.
    #[serde(default)]
    write: bool,
}

fn states() -> Object {
    one_of(&["waiting", "withdrawn", "refused", "running", "over"])
}

/// What one asked for oneself.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct OwnSupport {
    pub(in super::super) request: Uuid,
    /// The organization's subdomain.
    pub(in super::super) organization: String,
    #[schema(schema_with = states)]
    pub(in super::super) state: String,
    #[schema(required)]
    pub(in super::super) membership: Option<i32>,
    pub(in super::super) minutes: i32,
    pub(in super::super) write: bool,
    pub(in super::super) asked_at: Timestamp,
    #[schema(required)]
    pub(in super::super) decided_at: Option<Timestamp>,
    /// When it ends, or ended.
    #[schema(required)]
    pub(in super::super) ends_at: Option<Timestamp>,
}

/// Asks. The reason is sealed for the organization; those who decide get a mail without it.
pub(in super::super) async fn ask(above: &Above, new: &NewSupport) -> Result<Uuid, Error> {
    if new.reason.trim().is_empty() || new.reason.chars().count() > REASON {
        return Err(Error::Invalid("reason: 1 to 500 characters"));
    }
    if !(5..=240).contains(&new.minutes) {
        return Err(Error::Invalid("minutes: 5 to 240"));
    }
    let (app, id) = (above.app(), above.app().world.uuid());
    let (db, who) = (app.store.db(), &above.administrator);
    let tx = db.begin(who.ctx()).await?;
    let organization = store::find_organization_number(&tx, &new.organization).await?;
    tx.commit().await?;
    let organization = organization.ok_or(db::Error::NotFound)?;
    let request = &above.account.visit.request;
    let vault = db.vault(&Ctx::program(organization, request.clone())).await?;
    let asked = store::NewSupport {
        id,
        person: who.person(),
        administrator: who.number(),
        name: who.name(),
        wanted: new.membership,
        reason: &vault.seal(Drawer::SupportReason, id, new.reason.trim().as_bytes()),
        minutes: new.minutes,
        writes: new.write,
    };
    let tx = db.begin(who.ctx()).await?;
    match store::insert_support(&tx, organization, &asked, app.world.now()).await {
        Err(db::Error::Constraint(name)) if name == "support_request_waiting" => return Err(Error::Waiting),
        inserted => inserted?,
    }
    let detail = format!("request {id} minutes {} write {}", new.minutes, new.write);
    above.log(organization, "support.ask", Outcome::Success, &detail).await?;
    tx.commit().await?;
    support::tell_asked(app, request, (organization, &new.organization), who.name()).await?;
    Ok(id)
}

/// What one asked for oneself, the newest first.
pub(in super::super) async fn list(above: &Above) -> Result<Vec<OwnSupport>, Error> {
    let tx = above.app().store.db().begin(above.administrator.ctx()).await?;
    let all = store::list_support(&tx, above.app().world.now()).await?;
    tx.commit().await?;
    above.log(kernel::OrganizationId::PLATFORM, "platform.support.list", Outcome::Success, "").await?;
    Ok(all)
}

/// Withdraws it, or ends what runs: dead on the next request.
pub(in super::super) async fn end(above: &Above, id: Uuid) -> Result<(), Error> {
    let (app, who) = (above.app(), &above.administrator);
    let tx = app.store.db().begin(who.ctx()).await?;
    let ended = store::end_support(&tx, id, app.world.now()).await?;
    let organization = ended.ok_or(db::Error::NotFound)?;
    above.log(organization, "support.end", Outcome::Success, &format!("request {id}")).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(())
}
