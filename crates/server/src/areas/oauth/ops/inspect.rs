//! What becomes of tokens: introspection (RFC 7662), revocation (RFC 7009), userinfo (OpenID Connect Core 1.0, 5.3).

use db::Tx;
use kernel::PersonId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::clients::authenticate;
use super::{Server, Shown, person};
use crate::areas::oauth::model::Scope;
use crate::areas::oauth::{Error, store};

/// Tells a client that proved who it is about a token of its own. Of any other it learns that it is not active.
pub(in crate::areas::oauth) async fn introspect(server: &Server<'_>) -> Result<Value, Error> {
    const ACTION: &str = "oauth.introspect";
    let params = server.form()?;
    let asking = authenticate(server, &params, ACTION).await?;
    let client = asking.client;
    let who = format!("client {}", client.id);
    if !asking.proven {
        server.refuse(ACTION, "public client", Some(who)).await?;
        return Err(Error::OAuth("invalid_client", "only clients with keys may ask"));
    }
    let (desk, organization) = (&server.desk, server.organization);
    let text = params.get("token").ok_or(Error::OAuth("invalid_request", "the token is missing"))?;
    let inactive = Ok(json!({"active": false}));
    let shown = match Shown::parse(text) {
        None => return inactive,
        Some(Shown::Access(other, _)) if other != organization => {
            server.refuse(ACTION, "token of another organization", Some(who)).await?;
            return inactive;
        }
        Some(shown) => shown,
    };
    let tx = desk.begin().await?;
    let found = match shown {
        Shown::Access(_, digest) => access(server, &tx, &digest).await?,
        Shown::Refresh(digest) => refresh(server, &tx, &digest).await?,
    };
    tx.commit().await?;
    let Some(Active { of, person: of_person, mut answer }) = found else { return inactive };
    if of != client.id {
        server.refuse(ACTION, "token of another client", Some(who)).await?;
        return inactive;
    }
    answer["sub"] = match of_person {
        Some(id) => person(desk, id).await?.sub.into(),
        None => client.id.to_string().into(),
    };
    Ok(answer)
}

/// A token that is good now.
struct Active {
    of: Uuid,
    person: Option<PersonId>,
    answer: Value,
}

async fn access(server: &Server<'_>, tx: &Tx<'_>, digest: &[u8; 32]) -> Result<Option<Active>, Error> {
    let found = store::find_access(tx, server.organization, digest, server.desk.now).await?;
    Ok(found.filter(|found| found.is_good).map(|found| Active {
        of: found.client,
        person: found.person,
        answer: json!({
            "active": true,
            "token_type": "Bearer",
            "client_id": found.client,
            "scope": found.scope.to_string(),
            "iat": found.created_at.as_second(),
            "exp": found.expires_at.as_second(),
            "iss": server.issuer,
            "lamplight_membership": found.membership,
        }),
    }))
}

async fn refresh(server: &Server<'_>, tx: &Tx<'_>, digest: &[u8; 32]) -> Result<Option<Active>, Error> {
    let (organization, now) = (server.organization, server.desk.now);
    let Some(found) = store::find_refresh(tx, organization, digest).await? else { return Ok(None) };
    let ended = found.used || found.family_ended || found.expires_at <= now;
    if ended || !store::find_membership(tx, organization, &found.consent, true, now).await? {
        return Ok(None);
    }
    let answer = json!({
        "active": true,
        "client_id": found.consent.client,
        "scope": found.consent.scope.to_string(),
        "exp": found.expires_at.as_second(),
        "iss": server.issuer,
        "lamplight_membership": found.consent.membership,
    });
    Ok(Some(Active { of: found.consent.client, person: Some(found.consent.person), answer }))
}

/// Ends a token of the client's: an access token alone, a refresh token with its whole family.
pub(in crate::areas::oauth) async fn revoke(server: &Server<'_>) -> Result<(), Error> {
    const ACTION: &str = "oauth.revoke";
    let params = server.form()?;
    let client = authenticate(server, &params, ACTION).await?.client;
    let who = format!("client {}", client.id);
    let (desk, organization) = (&server.desk, server.organization);
    let text = params.get("token").ok_or(Error::OAuth("invalid_request", "the token is missing"))?;
    let shown = match Shown::parse(text) {
        // What is no token of ours is as good as ended (RFC 7009, 2.2).
        None => return Ok(()),
        Some(Shown::Access(other, _)) if other != organization => {
            server.refuse(ACTION, "token of another organization", Some(who)).await?;
            return Err(not_yours());
        }
        Some(shown) => shown,
    };
    let tx = desk.begin().await?;
    let of = match &shown {
        Shown::Access(_, digest) => {
            let found = store::find_access(&tx, organization, digest, desk.now).await?;
            found.map(|found| found.client)
        }
        Shown::Refresh(digest) => {
            let found = store::find_refresh(&tx, organization, digest).await?;
            found.map(|found| found.consent.client)
        }
    };
    if of == Some(client.id) {
        match shown {
            Shown::Access(_, digest) => {
                store::end_access(&tx, organization, &digest, desk.now).await?;
                server.done(ACTION, "access token", who.clone()).await?;
            }
            Shown::Refresh(digest) => {
                if let Some(found) = store::find_refresh(&tx, organization, &digest).await? {
                    store::end_family(&tx, organization, found.family, desk.now).await?;
                }
                server.done(ACTION, "refresh token", who.clone()).await?;
            }
        }
    }
    tx.commit().await?;
    desk.app.store.db().forget_authority();
    if of.is_some_and(|of| of != client.id) {
        server.refuse(ACTION, "token of another client", Some(who)).await?;
        return Err(not_yours());
    }
    Ok(())
}

fn not_yours() -> Error {
    Error::OAuth("invalid_grant", "this token is none of this client's")
}

/// What the holder of an access token may know of the person.
pub(in crate::areas::oauth) async fn userinfo(server: &Server<'_>) -> Result<Value, Error> {
    const ACTION: &str = "oauth.userinfo";
    let (desk, organization) = (&server.desk, server.organization);
    let shown = server.visit.header("authorization").and_then(|value| value.split_once(' '));
    let shown = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let refused = async |reason, code| {
        server.refuse(ACTION, reason, None).await?;
        Err(Error::Bearer(code))
    };
    let digest = match shown.and_then(|(_, text)| Shown::parse(text.trim())) {
        Some(Shown::Access(other, _)) if other != organization => {
            return refused("token of another organization", "invalid_token").await;
        }
        Some(Shown::Access(_, digest)) => digest,
        _ => return refused("no access token", "invalid_token").await,
    };
    let tx = desk.begin().await?;
    let found = store::find_access(&tx, organization, &digest, desk.now).await?;
    tx.commit().await?;
    let Some(found) = found.filter(|found| found.is_good) else {
        return refused("access token ended", "invalid_token").await;
    };
    let (Some(id), true) = (found.person, found.scope.contains(Scope::OpenId)) else {
        return refused("no openid scope", "insufficient_scope").await;
    };
    let mut claims = json!({"lamplight_membership": found.membership});
    person(desk, id).await?.add(&found.scope, &mut claims);
    let detail = format!("client {} person {id} membership {}", found.client, found.membership);
    server.done(ACTION, "openid", detail).await?;
    Ok(claims)
}
