//! To a provider and back. Whatever is wrong has one answer; the log has the reason.

use adapters::oidc::{Attempt, Fault, Identity, Issuer, Registration};
use credentials::secret::Secret;
use db::{Ctx, Outcome, Vault};
use kernel::{OrganizationId, PersonId};
use uuid::Uuid;

use super::model::{Flow, Provider};
use super::{Error, store};
use crate::areas::people::{self, Desk, Purpose, Step, Ticket};
use crate::http::Visit;

const ACTION: &str = "session.sign-in";
/// Where providers send browsers back to.
const CALLBACK: &str = "api/auth/providers/callback";

/// The organization at work on its providers.
struct Office<'a> {
    desk: Desk<'a>,
    /// The organization's; the desk's is the installation's.
    vault: Vault,
    organization: OrganizationId,
    redirect: String,
}

impl<'a> Office<'a> {
    async fn at(visit: &'a Visit, organization: OrganizationId) -> Result<Self, Error> {
        let ctx = Ctx::program(organization, visit.request.clone());
        let vault = visit.app.store.db().vault(&ctx).await?;
        let desk = Desk::at(&visit.app, ctx).await?;
        // Not from the request: what comes back comes to us.
        let redirect = visit.app.page(visit.slug(), CALLBACK);
        Ok(Self { desk, vault, organization, redirect })
    }

    async fn provider(&self, id: Uuid) -> Result<Option<Provider>, Error> {
        let tx = self.desk.begin().await?;
        let found = store::find_provider(&tx, &self.vault, self.organization, id).await?;
        tx.commit().await?;
        Ok(found)
    }

    fn attempt<'b>(&'b self, nonce: &'b str, verifier: &'b str) -> Attempt<'b> {
        Attempt { redirect: &self.redirect, nonce, verifier }
    }
}

fn registration(provider: &Provider) -> Result<Registration, Fault> {
    let secret = provider.secret.as_ref().map(|secret| secret.as_str().to_owned());
    Ok(Registration::new(Issuer::parse(&provider.issuer)?, provider.client_id.clone(), secret))
}

/// Ids and names of the providers at this address.
pub(super) async fn list(visit: &Visit) -> Result<Vec<(Uuid, String)>, Error> {
    let Some(organization) = visit.organization else { return Ok(Vec::new()) };
    let ctx = Ctx::program(organization, visit.request.clone());
    let tx = visit.app.store.db().begin(&ctx).await?;
    let listed = store::list_providers(&tx, organization).await?;
    tx.commit().await?;
    Ok(listed)
}

/// Where to send the browser, and the secret that its cookie holds meanwhile.
pub(super) async fn start(visit: &Visit, id: &str, back: &str) -> Result<(String, Secret), Error> {
    let Some(organization) = visit.organization else { return refuse(visit, "no provider here", None).await };
    let office = Office::at(visit, organization).await?;
    let provider = match id.parse() {
        Ok(id) => office.provider(id).await?,
        Err(_) => None,
    };
    let Some(provider) = provider else { return refuse(visit, "no provider here", None).await };
    let world = &visit.app.world;
    let (state, browser) = (Secret::new(world), Secret::new(world));
    let flow = Flow {
        organization,
        provider: provider.id,
        nonce: Secret::new(world).text(),
        verifier: Secret::new(world).text(),
        back: back.to_owned(),
        browser: browser.digest().to_vec(),
    };
    let attempt = office.attempt(&flow.nonce, &flow.verifier);
    let url = match registration(&provider) {
        Ok(to) => visit.app.oidc.start(&to, attempt, &state.text(), provider.classes()).await,
        Err(fault) => Err(fault),
    };
    let url = match url {
        Ok(url) => url,
        Err(fault) => return refuse(visit, "provider failed", Some(said(&provider, fault))).await,
    };
    let ticket = Ticket::Other {
        state: serde_json::to_value(&flow).map_err(|_| db::Error::Seal("a flow cannot be written"))?,
    };
    let tx = office.desk.begin().await?;
    let what = (Purpose::Provider, &ticket);
    people::insert_ticket(&tx, &office.desk.vault, &state.digest(), None, what, office.desk.now).await?;
    tx.commit().await?;
    Ok((url, browser))
}

/// What came back with the browser.
pub(super) struct Answer {
    pub(super) state: Option<String>,
    pub(super) code: Option<String>,
    /// RFC 9207.
    pub(super) issuer: Option<String>,
    /// The secret in the browser's cookie.
    pub(super) browser: Option<Secret>,
}

/// Who came back: the next step of their sign-in, and the path to go to after it.
pub(super) async fn finish(visit: &Visit, answer: Answer) -> Result<(Step, String), Error> {
    let Some(organization) = visit.organization else { return refuse(visit, "no provider here", None).await };
    let office = Office::at(visit, organization).await?;
    let Some(flow) = spend(&office, answer.state.as_deref()).await? else {
        return refuse(visit, "state ended", None).await;
    };
    let named = Some(format!("provider {}", flow.provider));
    if !answer.browser.is_some_and(|secret| secret.matches(&flow.browser)) {
        return refuse(visit, "another browser's state", named).await;
    }
    if flow.organization != organization {
        return refuse(visit, "another organization's state", named).await;
    }
    let Some(provider) = office.provider(flow.provider).await? else {
        return refuse(visit, "no provider here", named).await;
    };
    if answer.issuer.is_some_and(|issuer| issuer != provider.issuer) {
        return refuse(visit, "another issuer's answer", named).await;
    }
    let Some(code) = answer.code else { return refuse(visit, "refused there", named).await };
    let attempt = office.attempt(&flow.nonce, &flow.verifier);
    let identity = match registration(&provider) {
        Ok(to) => visit.app.oidc.finish(&to, attempt, &code).await,
        Err(fault) => Err(fault),
    };
    let identity = match identity {
        Ok(identity) => identity,
        Err(fault) => return refuse(visit, "provider failed", Some(said(&provider, fault))).await,
    };
    let person = match recognize(&office, visit, &provider, &identity).await? {
        Ok(person) => person,
        Err(why) => return refuse(visit, why, named).await,
    };
    let two_factors = provider.saw_two_factors(&identity);
    let step = people::sign_in_vouched(&office.desk, visit, person, two_factors).await?;
    let who = format!("person {person} provider {}", provider.id);
    log(
        visit,
        "provider.vouch",
        Outcome::Success,
        if two_factors { "two factors" } else { "one factor" },
        who,
    )
    .await?;
    Ok((step, flow.back))
}

/// What this state stands for, once.
async fn spend(office: &Office<'_>, state: Option<&str>) -> Result<Option<Flow>, Error> {
    let Some(state) = state.and_then(Secret::parse) else { return Ok(None) };
    let desk = &office.desk;
    let tx = desk.begin().await?;
    let digest = state.digest();
    let found = people::find_ticket(&tx, &desk.vault, &digest, Purpose::Provider, desk.now).await?;
    let spent = people::spend_ticket(&tx, &digest, desk.now).await?;
    tx.commit().await?;
    let Some(Ticket::Other { state }) = found.filter(|_| spent).map(|found| found.ticket) else {
        return Ok(None);
    };
    Ok(serde_json::from_value(state).ok())
}

/// The person that an identity is: known, or known by an address that the provider may speak for. Nobody is made.
async fn recognize(
    office: &Office<'_>,
    visit: &Visit,
    provider: &Provider,
    identity: &Identity,
) -> Result<Result<PersonId, &'static str>, Error> {
    let (desk, organization) = (&office.desk, office.organization);
    let key = store::subject_key(&office.vault, &provider.issuer, &identity.subject);
    let tx = desk.begin().await?;
    let known = store::find_identity(&tx, organization, provider.id, &key).await?;
    tx.commit().await?;
    if let Some(person) = known {
        return Ok(Ok(person));
    }
    let address = match provider.address_of(identity) {
        Ok(address) => address,
        Err(why) => return Ok(Err(why)),
    };
    let Some(person) = people::find_colleague(desk, visit, address).await? else {
        return Ok(Err("no post here"));
    };
    let tx = desk.begin().await?;
    if !store::insert_identity(&tx, organization, provider.id, &key, person.id, desk.now).await? {
        tx.rollback().await?;
        return Ok(Err("another account there is linked"));
    }
    people::tell_linked(desk, &tx, &person, &provider.name).await?;
    let who = format!("person {} provider {}", person.id, provider.id);
    log(visit, "provider.link", Outcome::Success, "verified e-mail", who).await?;
    tx.commit().await?;
    visit.app.post.notify_one();
    Ok(Ok(person.id))
}

/// Which provider and what went wrong there, without a word of what it said.
fn said(provider: &Provider, fault: Fault) -> String {
    format!("provider {}: {fault}", provider.id)
}

async fn refuse<T>(visit: &Visit, why: &'static str, detail: Option<String>) -> Result<T, Error> {
    let logged = visit.log(ACTION, Outcome::Denied, why, detail).await;
    logged.map_err(|_| db::Error::AuditUnavailable)?;
    Err(Error::Refused)
}

async fn log(
    visit: &Visit,
    action: &'static str,
    outcome: Outcome,
    reason: &'static str,
    who: String,
) -> Result<(), Error> {
    let logged = visit.log(action, outcome, reason, Some(who)).await;
    logged.map_err(|_| Error::Db(db::Error::AuditUnavailable))
}
