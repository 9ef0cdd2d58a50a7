//! The token endpoint: OAuth 2.1, 3.2 and 4; OpenID Connect Core 1.0, 3.1.3 and 12.
//!
//! A code is used up by being shown, whatever comes of it. A code or refresh token that is shown again ends all that was
//! issued with it: one of the two who have it is a thief, and we cannot tell which (RFC 9700, 2.1.1 and 4.14.2).

use credentials::pkce;
use credentials::secret::Secret;
use kernel::MembershipId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::clients::{Asking, authenticate};
use super::{REFRESH, Server, access_text, keys, person};
use crate::areas::oauth::Error;
use crate::areas::oauth::model::{
    ACCESS_LIFE, Client, Consent, FAMILY_LIFE, Params, REFRESH_LIFE, Scope, Scopes,
};
use crate::areas::oauth::store::{self, Access, Code};

const ACTION: &str = "oauth.token";

/// Answers a token request.
pub(in crate::areas::oauth) async fn token(server: &Server<'_>) -> Result<Value, Error> {
    let params = server.form()?;
    let grant = params.get("grant_type").ok_or(Error::OAuth("invalid_request", "the grant is missing"))?;
    let asking = authenticate(server, &params, ACTION).await?;
    if !["authorization_code", "refresh_token", "client_credentials"].contains(&grant) {
        return Err(Error::OAuth("unsupported_grant_type", "there is no such grant"));
    }
    if !asking.client.may(grant) || (grant == "client_credentials" && !asking.proven) {
        refuse(server, &asking.client, "grant not of this client").await?;
        return Err(Error::OAuth("unauthorized_client", "this client may not use this grant"));
    }
    match grant {
        "authorization_code" => by_code(server, &params, &asking.client).await,
        "refresh_token" => by_refresh(server, &params, &asking.client).await,
        _ => by_itself(server, &params, &asking).await,
    }
}

async fn refuse(server: &Server<'_>, client: &Client, reason: &'static str) -> Result<(), Error> {
    server.refuse(ACTION, reason, Some(format!("client {}", client.id))).await
}

fn invalid_grant() -> Error {
    Error::OAuth("invalid_grant", "the code or token is not good")
}

fn missing(what: &'static str) -> Error {
    Error::OAuth("invalid_request", what)
}

async fn by_code(server: &Server<'_>, params: &Params, client: &Client) -> Result<Value, Error> {
    let (desk, organization) = (&server.desk, server.organization);
    let code = params.get("code").ok_or(missing("the code is missing"))?;
    let verifier = params.get("code_verifier").ok_or(missing("the code verifier is missing"))?;
    let redirect_uri = params.get("redirect_uri").ok_or(missing("the redirect address is missing"))?;
    let Some(digest) = Secret::parse(code).map(|secret| secret.digest()) else {
        refuse(server, client, "unknown code").await?;
        return Err(invalid_grant());
    };
    let tx = desk.begin().await?;
    let Some(found) = store::find_code(&tx, organization, &digest).await? else {
        tx.commit().await?;
        refuse(server, client, "unknown code").await?;
        return Err(invalid_grant());
    };
    if let Some(reason) = wrong(&found, client, redirect_uri, verifier, desk.now) {
        store::use_code(&tx, organization, &digest, None, desk.now).await?;
        if found.used
            && let Some(family) = found.family
        {
            store::end_family(&tx, organization, family, desk.now).await?;
        }
        refuse(server, client, reason).await?;
        tx.commit().await?;
        desk.app.store.db().forget_authority();
        return Err(invalid_grant());
    }
    let offline = found.consent.scope.contains(Scope::OfflineAccess);
    // The session must stand when the code is used, also where the tokens outlive it.
    if !store::find_membership(&tx, organization, &found.consent, false, desk.now).await? {
        store::use_code(&tx, organization, &digest, None, desk.now).await?;
        tx.commit().await?;
        refuse(server, client, "post or session ended").await?;
        return Err(invalid_grant());
    }
    let family = Family {
        id: desk.app.world.uuid(),
        ends_at: desk.now + if offline { FAMILY_LIFE } else { ACCESS_LIFE },
    };
    store::insert_family(&tx, organization, family.id, &found.consent, (desk.now, family.ends_at)).await?;
    store::use_code(&tx, organization, &digest, Some(family.id), desk.now).await?;
    let issued = issue(server, &tx, &found.consent, &family, &found.consent.scope, offline).await?;
    log(server, "authorization_code", &found.consent, family.id).await?;
    tx.commit().await?;
    answer(server, &found.consent, issued, &found.consent.scope, found.nonce.as_deref()).await
}

/// Why a code is not good for this client and request.
fn wrong(
    code: &Code,
    client: &Client,
    redirect_uri: &str,
    verifier: &str,
    now: jiff::Timestamp,
) -> Option<&'static str> {
    if code.used {
        Some("replayed code")
    } else if code.consent.client != client.id {
        Some("code of another client")
    } else if code.expires_at <= now {
        Some("expired code")
    } else if code.redirect_uri != redirect_uri {
        Some("redirect mismatch")
    } else if !pkce::matches(&code.challenge, verifier) {
        Some("verifier mismatch")
    } else {
        None
    }
}

struct Family {
    id: Uuid,
    ends_at: jiff::Timestamp,
}

struct Issued {
    access: String,
    refresh: Option<String>,
}

/// Writes new tokens of a family.
async fn issue(
    server: &Server<'_>,
    tx: &db::Tx<'_>,
    of: &Consent,
    family: &Family,
    scope: &Scopes,
    offline: bool,
) -> Result<Issued, Error> {
    let (desk, organization) = (&server.desk, server.organization);
    let access = new_access(server, tx, of.client, Some(family.id), of.membership, scope).await?;
    let mut refresh = None;
    if offline {
        let secret = Secret::new(&desk.app.world);
        let until = family.ends_at.min(desk.now + REFRESH_LIFE);
        store::insert_refresh(tx, organization, &secret.digest(), family.id, until).await?;
        refresh = Some(format!("{REFRESH}{}", secret.text()));
    }
    Ok(Issued { access, refresh })
}

async fn new_access(
    server: &Server<'_>,
    tx: &db::Tx<'_>,
    client: Uuid,
    family: Option<Uuid>,
    membership: MembershipId,
    scope: &Scopes,
) -> Result<String, Error> {
    let desk = &server.desk;
    let secret = Secret::new(&desk.app.world);
    let expires_at = desk.now + ACCESS_LIFE;
    let new = Access { digest: secret.digest(), client, family, membership, scope, expires_at };
    store::insert_access(tx, server.organization, &new, desk.now).await?;
    Ok(access_text(server.organization, &secret))
}

async fn log(server: &Server<'_>, grant: &'static str, of: &Consent, family: Uuid) -> Result<(), Error> {
    let detail =
        format!("client {} person {} membership {} family {family}", of.client, of.person, of.membership);
    server.done(ACTION, grant, detail).await
}

/// RFC 6749, 5.1, with an id token where the scope asks for one.
async fn answer(
    server: &Server<'_>,
    of: &Consent,
    issued: Issued,
    scope: &Scopes,
    nonce: Option<&str>,
) -> Result<Value, Error> {
    let mut answer = bearer(issued.access, scope);
    if let Some(refresh) = issued.refresh {
        answer["refresh_token"] = refresh.into();
    }
    if scope.contains(Scope::OpenId) {
        answer["id_token"] = id_token(server, of, scope, nonce).await?.into();
    }
    Ok(answer)
}

fn bearer(access: String, scope: &Scopes) -> Value {
    json!({
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE.as_secs(),
        "scope": scope.to_string(),
    })
}

/// OpenID Connect Core 1.0, 2.
async fn id_token(
    server: &Server<'_>,
    of: &Consent,
    scope: &Scopes,
    nonce: Option<&str>,
) -> Result<String, Error> {
    let now = server.desk.now;
    let mut claims = json!({
        "iss": server.issuer,
        "aud": of.client,
        "iat": now.as_second(),
        "exp": (now + ACCESS_LIFE).as_second(),
        "auth_time": of.auth_time.as_second(),
        // RFC 8176.
        "amr": [if of.two_factors { "mfa" } else { "pwd" }],
        "lamplight_membership": of.membership,
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = nonce.into();
    }
    person(&server.desk, of.person).await?.add(scope, &mut claims);
    let key = keys::signing(server).await?;
    Ok(key.sign_id_token(&claims).map_err(|_| db::Error::Seal("an id token cannot be signed"))?)
}

async fn by_refresh(server: &Server<'_>, params: &Params, client: &Client) -> Result<Value, Error> {
    let (desk, organization) = (&server.desk, server.organization);
    let shown = params.get("refresh_token").ok_or(missing("the refresh token is missing"))?;
    let Some(super::Shown::Refresh(digest)) = super::Shown::parse(shown) else {
        refuse(server, client, "unknown refresh token").await?;
        return Err(invalid_grant());
    };
    let tx = desk.begin().await?;
    let Some(found) = store::find_refresh(&tx, organization, &digest).await? else {
        tx.commit().await?;
        refuse(server, client, "unknown refresh token").await?;
        return Err(invalid_grant());
    };
    let of = &found.consent;
    let reason = if of.client != client.id {
        Some("refresh token of another client")
    } else if found.used {
        store::end_family(&tx, organization, found.family, desk.now).await?;
        Some("refresh token reused")
    } else if found.family_ended {
        Some("refresh token of an ended family")
    } else if found.expires_at <= desk.now {
        Some("refresh token expired")
    } else if !store::find_membership(&tx, organization, of, true, desk.now).await? {
        Some("post or person ended")
    } else {
        None
    };
    if let Some(reason) = reason {
        refuse(server, client, reason).await?;
        tx.commit().await?;
        desk.app.store.db().forget_authority();
        return Err(invalid_grant());
    }
    let narrower = params.get("scope").map(Scopes::parse);
    let scope = match narrower {
        None => Some(of.scope.clone()),
        Some(asked) => asked.filter(|asked| asked.within(&of.scope)),
    };
    let Some(scope) = scope else {
        tx.rollback().await?;
        refuse(server, client, "scope beyond what was given").await?;
        return Err(Error::OAuth("invalid_scope", "the scope goes beyond what was given"));
    };
    store::use_refresh(&tx, organization, &digest, desk.now).await?;
    let family = Family { id: found.family, ends_at: found.family_ends_at };
    let issued = issue(server, &tx, of, &family, &scope, true).await?;
    log(server, "refresh_token", of, family.id).await?;
    tx.commit().await?;
    answer(server, of, issued, &scope, None).await
}

/// Client credentials: a program as itself.
async fn by_itself(server: &Server<'_>, params: &Params, asking: &Asking) -> Result<Value, Error> {
    let client = &asking.client;
    let own = client.scope.of_programs();
    let scope = match params.get("scope") {
        None => Some(own),
        Some(text) => Scopes::parse(text).filter(|asked| asked.within(&own)),
    };
    let Some(scope) = scope.filter(|scope| scope.contains(Scope::Lamplight)) else {
        refuse(server, client, "scope not of this client").await?;
        return Err(Error::OAuth("invalid_scope", "a scope is unknown, or none of this client's"));
    };
    let Some(membership) = client.membership else {
        refuse(server, client, "no membership").await?;
        return Err(Error::OAuth("unauthorized_client", "this client may not use this grant"));
    };
    let tx = server.desk.begin().await?;
    let access = new_access(server, &tx, client.id, None, membership, &scope).await?;
    server
        .done(ACTION, "client_credentials", format!("client {} membership {membership}", client.id))
        .await?;
    tx.commit().await?;
    Ok(bearer(access, &scope))
}
