//! Organizations as the plane sees them: names, sites, settings, what they have in use. Nothing of whom they care for.

use db::{NewFacility, NewHouse, Outcome};
use jiff::Timestamp;
use kernel::OrganizationId;
use policy::Module;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{Error, store};
use super::text;
use crate::areas::people;
use crate::http::Above;
use crate::kits::{ADMINISTRATOR, Kit};

/// A site, as the plane sees it.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct SiteView {
    pub(in super::super) code: String,
    pub(in super::super) name: String,
    pub(in super::super) time_zone: String,
    /// `preparing`, `pilot` or `live`.
    pub(in super::super) state: String,
}

/// What the plane may set at an organization.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrganizationSettings)]
pub(in super::super) struct Settings {
    /// 1 to 200 characters.
    pub(in super::super) name: String,
    /// Whether patients, relatives and partners are asked for a second factor.
    pub(in super::super) portal_second_factor: bool,
    /// After how many seconds of nothing a session ends: 60 to 86400.
    pub(in super::super) idle_seconds: i32,
    /// After how many seconds it ends whatever is done: 300 to 2592000.
    pub(in super::super) session_seconds: i32,
}

/// An organization, as the plane sees it.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct OrganizationView {
    #[serde(skip)]
    pub(in super::super) id: OrganizationId,
    /// Of the settings: what `If-Match` names.
    pub(in super::super) version: i64,
    /// The subdomain.
    pub(in super::super) slug: String,
    pub(in super::super) kind: String,
    pub(in super::super) created_at: Timestamp,
    pub(in super::super) settings: Settings,
    pub(in super::super) facilities: Vec<SiteView>,
    pub(in super::super) plan: String,
    pub(in super::super) plan_version: i32,
    /// Modules taken beside those of the plan.
    pub(in super::super) extra: Vec<String>,
    /// What it switched off itself.
    pub(in super::super) switched_off: Vec<String>,
    /// What is in use.
    pub(in super::super) modules: Vec<String>,
}

/// At most 200, by subdomain, after this one.
pub(in super::super) async fn list(above: &Above, after: &str) -> Result<Vec<OrganizationView>, Error> {
    let tx = above.app().store.db().begin(above.administrator.ctx()).await?;
    let all = store::list_organizations(&tx, after, above.app().world.now()).await?;
    tx.commit().await?;
    above.log(OrganizationId::PLATFORM, "platform.organizations.list", Outcome::Success, "").await?;
    Ok(all)
}

/// One of them.
pub(in super::super) async fn look(above: &Above, slug: &str) -> Result<OrganizationView, Error> {
    let tx = above.app().store.db().begin(above.administrator.ctx()).await?;
    let found = store::find_organization(&tx, slug, above.app().world.now()).await?;
    tx.commit().await?;
    let found = found.ok_or(db::Error::NotFound)?;
    above.log(found.id, "platform.organizations.look", Outcome::Success, "").await?;
    Ok(found)
}

/// An organization to be made from a kit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPlatformOrganization)]
pub(in super::super) struct NewOrganization {
    /// Its subdomain: lower-case letters, digits and inner hyphens; it cannot be changed.
    slug: String,
    /// 1 to 200 characters.
    name: String,
    /// `senior-care`, `clinic`, `behavioral-health` or `home-care`.
    kit: String,
    /// The key of a plan on sale.
    plan: String,
    facility: NewSite,
    administrator: FirstAdministrator,
}

/// Its first site.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSite {
    /// Its short name: lower-case letters, digits and inner hyphens.
    code: String,
    name: String,
    /// By its name in the IANA time zone database.
    time_zone: String,
}

/// Who administers it first. They get a mail with a link; nobody else does.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FirstAdministrator {
    email: String,
    /// What they are called until they say it themselves.
    name: String,
}

/// Lower-case letters, digits and inner hyphens, as a label of a host name (RFC 1123).
fn label(given: &str, else_say: &'static str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let whole = (1..=63).contains(&given.len()) && given.bytes().all(plain);
    if whole && !given.starts_with('-') && !given.ends_with('-') {
        Ok(())
    } else {
        Err(Error::Invalid(else_say))
    }
}

/// Makes it with its roles, first site and first administrator's invitation, or nothing.
pub(in super::super) async fn create(
    above: &Above,
    new: &NewOrganization,
) -> Result<OrganizationView, Error> {
    let app = above.app();
    let db = app.store.db();
    label(&new.slug, "slug: lower-case letters, digits and inner hyphens, 63 at most")?;
    label(&new.facility.code, "facility.code: lower-case letters, digits and inner hyphens, 63 at most")?;
    let name = text(&new.name, 200, "name: 1 to 200 characters")?;
    let site = text(&new.facility.name, 200, "facility.name: 1 to 200 characters")?;
    let called = text(&new.administrator.name, 100, "administrator.name: 1 to 100 characters")?;
    let kit = Kit::find(&new.kit).ok_or(Error::Invalid("kit: not one that there is"))?;
    if jiff::tz::TimeZone::get(&new.facility.time_zone).is_err() {
        return Err(Error::Invalid("facility.time_zone: an IANA name such as America/Chicago"));
    }
    let numbers = db.set_aside(&above.administrator).await?;
    let request = above.account.visit.request.clone();
    let whose = (numbers.organization, &*new.slug, &*name);
    let (invitation, _) =
        people::seal_invitation(app, request, whose, numbers.administrator, &new.administrator.email).await?;
    let house = NewHouse {
        numbers,
        organization: db::NewOrganization { slug: &new.slug, name: &name, kind: kit.key },
        kit: kit.key,
        plan: &new.plan,
        accent: kit.accent,
        session: (kit.idle_minutes * 60, kit.session_hours * 3600),
        roles: &kit.roles(),
        facility: NewFacility {
            code: &new.facility.code,
            name: &site,
            time_zone: &new.facility.time_zone,
            state: "preparing",
        },
        hours: &kit.hours(),
        administrator: (&called, ADMINISTRATOR),
        invitation: &invitation,
    };
    let detail = format!(
        "kit {} plan {} facility {} membership {}",
        kit.key, new.plan, numbers.facility, numbers.administrator
    );
    let log = above.log(numbers.organization, "organization.create", Outcome::Success, &detail);
    match db.create_house(&above.administrator, &house, log).await {
        Err(db::Error::Constraint(name)) if name == "slug_pkey" => return Err(Error::SlugTaken),
        Err(db::Error::Constraint(name)) if name == "plan_on_sale" => {
            return Err(Error::Invalid("plan: not one that is on sale"));
        }
        other => other?,
    };
    app.post.notify_one();
    look(above, &new.slug).await
}

/// Sets what the plane may.
pub(in super::super) async fn set(
    above: &Above,
    slug: &str,
    version: i64,
    to: &Settings,
) -> Result<OrganizationView, Error> {
    let name = text(&to.name, 200, "name: 1 to 200 characters")?;
    if !(60..=86_400).contains(&to.idle_seconds) {
        return Err(Error::Invalid("idle_seconds: 60 to 86400"));
    }
    if !(300..=2_592_000).contains(&to.session_seconds) {
        return Err(Error::Invalid("session_seconds: 300 to 2592000"));
    }
    let tx = above.app().store.db().begin(above.administrator.ctx()).await?;
    let found =
        store::find_organization(&tx, slug, above.app().world.now()).await?.ok_or(db::Error::NotFound)?;
    let to = Settings { name, ..to.clone() };
    if found.version != version || !store::update_organization(&tx, found.id, version, &to).await? {
        return Err(db::Error::Conflict.into());
    }
    let mut changed = Vec::new();
    let was = &found.settings;
    for (name, is) in [
        ("name", was.name != to.name),
        ("portal_second_factor", was.portal_second_factor != to.portal_second_factor),
        ("idle_seconds", was.idle_seconds != to.idle_seconds),
        ("session_seconds", was.session_seconds != to.session_seconds),
    ] {
        changed.extend(is.then_some(name));
    }
    let detail = format!("changed {}", changed.join(" "));
    above.log(found.id, "organization.settings", Outcome::Success, &detail).await?;
    tx.commit().await?;
    above.app().store.db().forget_authority();
    look(above, slug).await
}

/// Gives an organization another plan, and modules beside it, from now on.
pub(in super::super) async fn subscribe(
    above: &Above,
    slug: &str,
    plan: &str,
    extra: &[String],
) -> Result<OrganizationView, Error> {
    let known: Vec<&str> =
        Module::ALL.into_iter().map(Module::key).filter(|key| extra.iter().any(|e| e == key)).collect();
    if known.len() != extra.len() {
        return Err(Error::Invalid("extra: a module that is not known, or twice"));
    }
    let (app, now) = (above.app(), above.app().world.now());
    let tx = app.store.db().begin(above.administrator.ctx()).await?;
    let found = store::find_organization(&tx, slug, now).await?.ok_or(db::Error::NotFound)?;
    let by = above.administrator.number();
    if !store::insert_subscription(&tx, found.id, plan, &known, by, now).await? {
        return Err(Error::Invalid("plan: not one that is on sale"));
    }
    let detail = format!("plan {plan} extra {}", known.join(" "));
    above.log(found.id, "organization.plan", Outcome::Success, &detail).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    look(above, slug).await
}
