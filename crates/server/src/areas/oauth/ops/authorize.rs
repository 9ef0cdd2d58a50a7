//! The authorization endpoint, and the person's answer: OAuth 2.1, 4.1; OpenID Connect Core 1.0, 3.1.2; RFC 9700; RFC 9207.
//!
//! Client and redirect address are looked at before anything else: where either is wrong nothing is sent there.

use credentials::pkce;
use credentials::secret::Secret;
use db::Outcome;
use jiff::Timestamp;
use kernel::MembershipId;

use super::Server;
use crate::areas::oauth::Error;
use crate::areas::oauth::model::{CODE_LIFE, Client, Consent, Params, Scope, Scopes, Waiting, with_params};
use crate::areas::oauth::store::{self, Code};
use crate::areas::people::{self, Post, Purpose, Ticket};
use crate::http::Account;

const ACTION: &str = "oauth.authorize";

/// The most bytes of what a client wants back as it was.
const LONGEST: usize = 1_000;

/// What is wrong with a request, in the words of RFC 6749 and ours.
type Refusal = (&'static str, &'static str);

/// Takes a request up; gives the address to send the browser to: a page of ours, or the client's with an error.
pub(in crate::areas::oauth) async fn begin(server: &Server<'_>) -> Result<String, Error> {
    let params = Params::parse(server.visit.query()).ok_or(Error::Unknown("the query is no UTF-8"))?;
    let client = match params.get("client_id").and_then(super::clients::id) {
        Some(id) => {
            let tx = server.desk.begin().await?;
            let found = store::find_client(&tx, server.organization, id).await?;
            tx.commit().await?;
            found
        }
        None => None,
    };
    let Some(client) = client.filter(|client| client.may("authorization_code")) else {
        server.refuse(ACTION, "unknown client", None).await?;
        return Err(Error::Unknown("no such client is known here"));
    };
    let who = format!("client {}", client.id);
    let Some(redirect_uri) = params.get("redirect_uri").filter(|uri| client.takes(uri)) else {
        server.refuse(ACTION, "redirect mismatch", Some(who)).await?;
        return Err(Error::Unknown("the redirect address is not one that the client registered"));
    };
    // From here on the client may be told.
    let state = params.get("state").filter(|state| state.len() <= LONGEST);
    match take(server, &params, &client, redirect_uri).await? {
        Ok(handle) => Ok(with_params("/authorize", &[("request", &handle)])),
        Err((error, reason)) => {
            server.refuse(ACTION, reason, Some(who)).await?;
            Ok(told(server, redirect_uri, state, &[("error", error), ("error_description", reason)]))
        }
    }
}

/// The client's address with these parameters, the state, and who says so (RFC 9207).
fn told(server: &Server<'_>, redirect_uri: &str, state: Option<&str>, params: &[(&str, &str)]) -> String {
    let mut params = params.to_vec();
    params.extend(state.map(|state| ("state", state)));
    params.push(("iss", &server.issuer));
    with_params(redirect_uri, &params)
}

async fn take(
    server: &Server<'_>,
    params: &Params,
    client: &Client,
    redirect_uri: &str,
) -> Result<Result<String, Refusal>, Error> {
    let asked = match asked(params, client, server.desk.now) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if asked.silent {
        // Which of their posts the client gets is the person's to say, each time.
        let refusal = match server.session().await? {
            None => ("login_required", "nobody is signed in"),
            Some(_) => ("consent_required", "the person must be asked"),
        };
        return Ok(Err(refusal));
    }
    let waiting = Waiting {
        organization: server.organization,
        client: client.id,
        issuer: server.issuer.clone(),
        redirect_uri: redirect_uri.to_owned(),
        state: params.get("state").map(str::to_owned),
        nonce: params.get("nonce").map(str::to_owned),
        challenge: asked.challenge,
        scope: asked.scope,
        since: asked.since,
        max_age: asked.max_age,
    };
    let state = serde_json::to_value(&waiting).map_err(|_| db::Error::Seal("a request cannot be written"))?;
    let secret = Secret::new(&server.desk.app.world);
    let tx = server.desk.begin().await?;
    let ticket = (Purpose::Authorization, &Ticket::Other { state });
    people::insert_ticket(&tx, &server.desk.vault, &secret.digest(), None, ticket, server.desk.now).await?;
    tx.commit().await?;
    Ok(Ok(secret.text()))
}

struct Wanted {
    challenge: String,
    scope: Scopes,
    silent: bool,
    since: Option<Timestamp>,
    max_age: Option<i64>,
}

/// What is asked for. `launch` and `aud` of SMART App Launch, and whatever else is not known, are left aside (RFC 6749,
/// 3.1).
fn asked(params: &Params, client: &Client, now: Timestamp) -> Result<Wanted, Refusal> {
    const INVALID: &str = "invalid_request";
    if params.repeats() {
        return Err((INVALID, "a parameter is given twice"));
    }
    if params.get("request").is_some() {
        return Err(("request_not_supported", "request objects are not taken"));
    }
    if params.get("request_uri").is_some() {
        return Err(("request_uri_not_supported", "request objects are not taken"));
    }
    match params.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(("unsupported_response_type", "the response type is code")),
        None => return Err((INVALID, "the response type is missing")),
    }
    if params.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err((INVALID, "the response mode is query"));
    }
    let long = |name| params.get(name).is_some_and(|value| value.len() > LONGEST);
    if long("state") || long("nonce") {
        return Err((INVALID, "state or nonce is too long"));
    }
    let challenge = params.get("code_challenge").filter(|challenge| pkce::is_challenge(challenge));
    let (Some(challenge), Some("S256")) = (challenge, params.get("code_challenge_method")) else {
        return Err((INVALID, "a code challenge of the method S256 is required"));
    };
    let scope = params.get("scope").and_then(Scopes::parse).filter(|scope| scope.within(&client.scope));
    let Some(scope) = scope else {
        return Err(("invalid_scope", "a scope is unknown, or none of this client's"));
    };
    if scope.contains(Scope::OfflineAccess) && !client.may("refresh_token") {
        return Err(("invalid_scope", "this client gets no refresh token"));
    }
    let prompts: Vec<&str> =
        params.get("prompt").map(|prompt| prompt.split(' ').collect()).unwrap_or_default();
    let silent = prompts.contains(&"none");
    if silent && prompts.len() > 1 {
        return Err((INVALID, "the prompt none stands alone"));
    }
    let max_age = match params.get("max_age").map(|text| text.parse::<u32>()) {
        None => None,
        Some(Ok(seconds)) => Some(i64::from(seconds)),
        Some(Err(_)) => return Err((INVALID, "max_age is a number of seconds")),
    };
    let since = prompts.contains(&"login").then_some(now);
    Ok(Wanted { challenge: challenge.to_owned(), scope, silent, since, max_age })
}

/// What the consent page shows.
pub(in crate::areas::oauth) struct Look {
    pub(in crate::areas::oauth) name: String,
    pub(in crate::areas::oauth) uri: Option<String>,
    pub(in crate::areas::oauth) scope: Scopes,
    pub(in crate::areas::oauth) posts: Vec<Post>,
    pub(in crate::areas::oauth) signed_in: bool,
    pub(in crate::areas::oauth) sign_in_again: bool,
}

/// A request that waits, with its client; [`Error::Ended`] for every reason why there is none.
async fn waiting(server: &Server<'_>, handle: &str) -> Result<(Vec<u8>, Waiting, Client), Error> {
    let (desk, organization) = (&server.desk, server.organization);
    let secret = Secret::parse(handle).ok_or(Error::Ended)?;
    let tx = desk.begin().await?;
    let found =
        people::find_ticket(&tx, &desk.vault, &secret.digest(), Purpose::Authorization, desk.now).await?;
    let waiting = found.and_then(|found| match found.ticket {
        Ticket::Other { state } => Some((found.digest, serde_json::from_value::<Waiting>(state).ok()?)),
        _ => None,
    });
    let waiting = waiting.filter(|(_, waiting)| waiting.organization == organization);
    let client = match &waiting {
        Some((_, waiting)) => store::find_client(&tx, organization, waiting.client).await?,
        None => None,
    };
    tx.commit().await?;
    let (digest, waiting) = waiting.ok_or(Error::Ended)?;
    Ok((digest, waiting, client.ok_or(Error::Ended)?))
}

/// What a request asks, for the page that asks the person.
pub(in crate::areas::oauth) async fn look(server: &Server<'_>, handle: &str) -> Result<Look, Error> {
    let (_, waiting, client) = waiting(server, handle).await?;
    let session = server.session().await?;
    let posts = match &session {
        Some(session) => lendable(server, session.person()).await?,
        None => Vec::new(),
    };
    let fresh =
        session.as_ref().is_some_and(|session| waiting.is_fresh(session.signed_in_at(), server.desk.now));
    Ok(Look {
        name: client.name,
        uri: client.uri,
        scope: waiting.scope,
        posts,
        signed_in: session.is_some(),
        sign_in_again: session.is_some() && !fresh,
    })
}

/// The posts that a person may lend to a program. Support access was given to them and to nobody else.
async fn lendable(server: &Server<'_>, person: kernel::PersonId) -> Result<Vec<people::Post>, Error> {
    let posts = people::posts(&server.desk, person, server.visit.slug()).await?;
    Ok(posts.into_iter().filter(|post| post.support.is_none()).collect())
}

/// The person's answer: a post to act as, or no. Gives the address to send the browser to.
pub(in crate::areas::oauth) async fn answer(
    account: &Account,
    approved: Option<MembershipId>,
) -> Result<String, Error> {
    let server = Server::at(&account.visit).await?;
    let (desk, session) = (&server.desk, &account.session);
    let (digest, waiting, client) = waiting(&server, account.visit.param("request")).await?;
    let who = format!("client {} person {} session {}", client.id, session.person(), session.id());
    let state = waiting.state.as_deref();
    let Some(membership) = approved else {
        let tx = desk.begin().await?;
        if !people::spend_ticket(&tx, &digest, desk.now).await? {
            tx.rollback().await?;
            return Err(Error::Ended);
        }
        server.visit.log(ACTION, Outcome::Denied, "the person declined", Some(who)).await?;
        tx.commit().await?;
        return Ok(told(&server, &waiting.redirect_uri, state, &[("error", "access_denied")]));
    };
    let posts = lendable(&server, session.person()).await?;
    let post = posts
        .into_iter()
        .find(|post| post.organization == server.organization && post.membership == membership);
    let Some(post) = post else {
        server.refuse(ACTION, "not a post of this person", Some(who)).await?;
        return Err(db::Error::NotFound.into());
    };
    if post.second_factor_required && !session.two_factors() {
        server.refuse(ACTION, "second factor", Some(who)).await?;
        return Err(Error::SecondFactor);
    }
    if !waiting.is_fresh(session.signed_in_at(), desk.now) {
        server.refuse(ACTION, "signed in too long ago", Some(who)).await?;
        return Err(Error::SignInAgain);
    }
    let secret = Secret::new(&desk.app.world);
    let code = Code {
        consent: Consent {
            client: client.id,
            person: session.person(),
            session: session.id(),
            membership,
            scope: waiting.scope,
            auth_time: session.signed_in_at(),
            two_factors: session.two_factors(),
        },
        redirect_uri: waiting.redirect_uri,
        challenge: waiting.challenge,
        nonce: waiting.nonce,
        expires_at: desk.now + CODE_LIFE,
        used: false,
        family: None,
    };
    let tx = desk.begin().await?;
    if !people::spend_ticket(&tx, &digest, desk.now).await? {
        tx.rollback().await?;
        return Err(Error::Ended);
    }
    store::insert_code(&tx, server.organization, &secret.digest(), &code).await?;
    let detail = format!("{who} membership {membership} scope {}", code.consent.scope);
    server.done(ACTION, "own post", detail).await?;
    tx.commit().await?;
    Ok(told(&server, &code.redirect_uri, waiting.state.as_deref(), &[("code", &secret.text())]))
}
