//! The errands of other programs, each at one organization's own host.

mod authorize;
mod clients;
mod inspect;
mod keys;
mod token;

pub(super) use authorize::{Look, answer, begin, look};
pub(super) use inspect::{introspect, revoke, userinfo};
pub(super) use keys::jwks;
pub(super) use token::token;

use credentials::secret::Secret;
use db::{Ctx, Outcome, Purpose as Why, Request, Session};
use kernel::{OrganizationId, RequestId};

use super::model::Params;
use super::{Error, store};
use crate::app::App;
use crate::areas::people::{self, Desk};
use crate::http::Visit;

/// An organization's authorization server, asked once.
pub(super) struct Server<'a> {
    pub(super) visit: &'a Visit,
    pub(super) issuer: String,
    desk: Desk<'a>,
    organization: OrganizationId,
}

impl<'a> Server<'a> {
    /// At the host that was asked; there is none at the installation's own.
    pub(super) async fn at(visit: &'a Visit) -> Result<Self, Error> {
        let organization = visit.organization.ok_or(Error::Unlisted)?;
        let desk = Desk::at(&visit.app, Ctx::program(organization, visit.request.clone())).await?;
        Ok(Self { visit, issuer: issuer(visit), desk, organization })
    }

    /// Writes down that something was refused, and why; the answer says less.
    async fn refuse(
        &self,
        action: &'static str,
        reason: &'static str,
        detail: Option<String>,
    ) -> Result<(), Error> {
        Ok(self.visit.log(action, Outcome::Denied, reason, detail).await?)
    }

    async fn done(&self, action: &'static str, reason: &'static str, detail: String) -> Result<(), Error> {
        Ok(self.visit.log(action, Outcome::Success, reason, Some(detail)).await?)
    }

    /// Who is signed in at this host.
    async fn session(&self) -> Result<Option<Session>, Error> {
        let Some(cookie) = &self.visit.cookie else { return Ok(None) };
        let db = self.visit.app.store.db();
        match db.authenticate_session(cookie.secret(), None, false, self.visit.request.clone()).await {
            Err(db::Error::Unauthenticated) => Ok(None),
            found => Ok(Some(found?.session).filter(|session| session.place() == self.visit.slug())),
        }
    }

    /// The parameters of a form.
    fn form(&self) -> Result<Params, Error> {
        const INVALID: &str = "invalid_request";
        let media_type = self.visit.header("content-type").unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Error::OAuth(INVALID, "send a form (application/x-www-form-urlencoded)"));
        }
        let text = std::str::from_utf8(self.visit.body()).ok().and_then(Params::parse);
        let params = text.ok_or(Error::OAuth(INVALID, "the form is no UTF-8"))?;
        if params.repeats() {
            return Err(Error::OAuth(INVALID, "a parameter is given twice"));
        }
        Ok(params)
    }
}

/// The origin that the installation knows the organization by; where it was told none (tests), the one that was asked.
fn issuer(visit: &Visit) -> String {
    let settings = &visit.app.settings;
    if settings.domain.is_none() && settings.port.is_none() {
        return visit.origin().to_ascii_lowercase();
    }
    visit.app.page(visit.slug(), "").trim_end_matches('/').to_owned()
}

/// An access token as its holder carries it.
fn access_text(organization: OrganizationId, secret: &Secret) -> String {
    format!("lma_{organization}_{}", secret.text())
}

/// A token that somebody shows.
enum Shown {
    /// An access token: of which organization, and its digest.
    Access(OrganizationId, [u8; 32]),
    /// A refresh token's digest.
    Refresh([u8; 32]),
}

impl Shown {
    fn parse(text: &str) -> Option<Self> {
        if let Some(secret) = text.strip_prefix(REFRESH) {
            return Some(Self::Refresh(Secret::parse(secret)?.digest()));
        }
        let (organization, secret) = text.strip_prefix("lma_")?.split_once('_')?;
        Some(Self::Access(OrganizationId(organization.parse().ok()?), Secret::parse(secret)?.digest()))
    }
}

/// How refresh tokens begin: whoever finds one in a log can tell what it is.
const REFRESH: &str = "lmr_";

/// Forgets what has ended.
pub(super) async fn sweep(app: &App) -> Result<(), db::Error> {
    let request = Request { id: RequestId(app.world.uuid()), address: None, purpose: Why::Administration };
    let ctx = Ctx::program(OrganizationId::PLATFORM, request);
    let tx = app.store.db().begin(&ctx).await?;
    store::delete_ended(&tx, app.world.now()).await?;
    tx.commit().await
}

/// The stable name of a person for clients, with what scopes may show of them.
async fn person(desk: &Desk<'_>, id: kernel::PersonId) -> Result<Claims, Error> {
    let person = people::person_of(desk, id).await?;
    Ok(Claims { sub: person.handle.to_string(), name: person.details.name, email: person.details.email })
}

struct Claims {
    sub: String,
    name: String,
    email: String,
}

impl Claims {
    /// Adds what the scopes allow (OpenID Connect Core 1.0, 5.4).
    fn add(&self, scope: &super::Scopes, to: &mut serde_json::Value) {
        to["sub"] = self.sub.as_str().into();
        if scope.contains(super::Scope::Profile) {
            to["name"] = self.name.as_str().into();
        }
        if scope.contains(super::Scope::Email) {
            to["email"] = self.email.as_str().into();
            // Accounts are made by a link in a mail, and so are changes of address.
            to["email_verified"] = true.into();
        }
    }
}
