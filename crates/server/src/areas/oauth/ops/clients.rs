//! Who a client is: a public one by its name alone (PKCE binds what it gets), others by an assertion signed with a key
//! of theirs (RFC 7523, 3). There are no client secrets.

use credentials::jwt::{BadAssertion, Expected, claimed_client, verify_client_assertion};
use credentials::secret::sha256;
use uuid::Uuid;

use super::Server;
use crate::areas::oauth::model::{Client, Params};
use crate::areas::oauth::{Error, store};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long after its end an assertion is remembered: for as long as clocks may differ.
const SKEW: jiff::SignedDuration = jiff::SignedDuration::from_mins(2);

/// A client that asks.
pub(super) struct Asking {
    pub(super) client: Client,
    /// Whether it proved who it is.
    pub(super) proven: bool,
}

/// The id of a client as it was given out, to the last character.
pub(super) fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| id.to_string() == text)
}

/// Finds out which client asks.
pub(super) async fn authenticate(
    server: &Server<'_>,
    params: &Params,
    action: &'static str,
) -> Result<Asking, Error> {
    let (asking, reason, who) = match identify(server, params).await? {
        Ok(asking) => return Ok(asking),
        Err((reason, who)) => (Error::OAuth("invalid_client", "the client is not known"), reason, who),
    };
    server.refuse(action, reason, who.map(|id| format!("client {id}"))).await?;
    Err(asking)
}

type Refusal = (&'static str, Option<Uuid>);

async fn identify(server: &Server<'_>, params: &Params) -> Result<Result<Asking, Refusal>, Error> {
    if server.visit.header("authorization").is_some() || params.get("client_secret").is_some() {
        return Ok(Err(("client secret", None)));
    }
    let named = params.get("client_id");
    let assertion = params.get("client_assertion");
    let claimed = match assertion {
        None => None,
        Some(_) if params.get("client_assertion_type") != Some(ASSERTION) => {
            return Ok(Err(("type of assertion", None)));
        }
        Some(jwt) => match claimed_client(jwt) {
            None => return Ok(Err((reason(BadAssertion::Malformed), None))),
            claimed => claimed,
        },
    };
    if let (Some(named), Some(claimed)) = (named, &claimed)
        && named != claimed
    {
        return Ok(Err((reason(BadAssertion::Client), None)));
    }
    let Some(id) = claimed.as_deref().or(named).and_then(id) else {
        return Ok(Err(("unknown client", None)));
    };
    let tx = server.desk.begin().await?;
    let found = store::find_client(&tx, server.organization, id).await?;
    tx.commit().await?;
    let Some(client) = found else { return Ok(Err(("unknown client", Some(id)))) };
    let (jwks, jwt) = match (&client.jwks, assertion) {
        (None, None) => return Ok(Ok(Asking { client, proven: false })),
        (Some(_), None) => return Ok(Err(("no assertion", Some(id)))),
        (None, Some(_)) => return Ok(Err((reason(BadAssertion::Key), Some(id)))),
        (Some(jwks), Some(jwt)) => (jwks, jwt),
    };
    let token_endpoint = format!("{}/oauth/token", server.issuer);
    let audiences = [server.issuer.as_str(), &token_endpoint];
    let client_id = id.to_string();
    let expected = Expected { client_id: &client_id, audiences: &audiences, now: server.desk.now };
    let assertion = match verify_client_assertion(jwt, jwks, expected) {
        Ok(assertion) => assertion,
        Err(bad) => return Ok(Err((reason(bad), Some(id)))),
    };
    let tx = server.desk.begin().await?;
    let jti = sha256(assertion.jti.as_bytes());
    let until = assertion.exp + SKEW;
    let first = store::insert_assertion(&tx, server.organization, id, &jti, until).await?;
    tx.commit().await?;
    Ok(if first { Ok(Asking { client, proven: true }) } else { Err(("replayed assertion", Some(id))) })
}

/// For the audit log.
fn reason(bad: BadAssertion) -> &'static str {
    match bad {
        BadAssertion::Malformed => "assertion malformed",
        BadAssertion::Algorithm => "assertion algorithm refused",
        BadAssertion::Critical => "assertion critical extension",
        BadAssertion::Type => "assertion of another type",
        BadAssertion::Key => "assertion without a key of the client",
        BadAssertion::Signature => "assertion wrongly signed",
        BadAssertion::Client => "assertion of another client",
        BadAssertion::Audience => "assertion for another audience",
        BadAssertion::Expired => "assertion expired",
        BadAssertion::Future => "assertion from the future",
    }
}
