//! `/oauth/...`, the documents by which clients find it (OpenID Connect Discovery 1.0; RFC 8414), and the consent of
//! `/api/auth/authorizations`.

use kernel::MembershipId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Error;
use super::model::Scope;
use super::ops::{self, Look, Server};
use crate::areas::people;
use crate::http::{Access, Account, Answer, Body, Doc, Failure, Handler, Reply, Route, Verb, Visit};

const BROWSER: &str =
    "the browser brings a client's request; nothing is given before the person has answered";
const HANDLE: &str = "the request's handle is the proof; who is signed in sees their own posts";
const CLIENT: &str = "clients prove themselves in the form, and have a code or token to show";
const PUBLIC: &str = "what every client must know is public";
const HOLDER: &str = "the access token is the proof";

/// The rows of other programs.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        access: Access::Visitor(BROWSER),
        active: true,
        ..program(Verb::Get, "/oauth/authorize", BROWSER, |v| Box::pin(authorize(v)))
    },
    program(Verb::Post, "/oauth/token", CLIENT, |v| Box::pin(token(v))),
    program(Verb::Post, "/oauth/revoke", CLIENT, |v| Box::pin(revoke(v))),
    program(Verb::Post, "/oauth/introspect", CLIENT, |v| Box::pin(introspect(v))),
    program(Verb::Get, "/oauth/userinfo", HOLDER, |v| Box::pin(userinfo(v))),
    program(Verb::Post, "/oauth/userinfo", HOLDER, |v| Box::pin(userinfo(v))),
    public("/oauth/jwks", |v| Box::pin(jwks(v))),
    public("/.well-known/openid-configuration", |v| Box::pin(discovery(v))),
    public("/.well-known/oauth-authorization-server", |v| Box::pin(discovery(v))),
    Route {
        access: Access::Visitor(HANDLE),
        audited: false,
        doc: Some(&LOOK),
        ..program(Verb::Get, "/api/auth/authorizations/{request}", HANDLE, |v| Box::pin(look(v)))
    },
    Route {
        access: Access::Account,
        body: Body::Json,
        active: true,
        doc: Some(&CONSENT),
        handler: Handler::Account(|a| Box::pin(consent(a))),
        ..program(Verb::Post, "/api/auth/authorizations/{request}", HANDLE, |v| Box::pin(look(v)))
    },
];

const fn program(
    method: Verb,
    path: &'static str,
    reason: &'static str,
    handler: fn(Visit) -> Answer,
) -> Route {
    Route {
        method,
        path,
        interaction: "oauth",
        access: Access::Program(reason),
        resource: "account",
        health_data: false,
        audited: true,
        body: if matches!(method, Verb::Post) { Body::Form } else { Body::None },
        active: false,
        doc: None,
        handler: Handler::Visitor(handler),
    }
}

const fn public(path: &'static str, handler: fn(Visit) -> Answer) -> Route {
    Route { resource: "program", audited: false, ..program(Verb::Get, path, PUBLIC, handler) }
}

fn answer(value: &Value) -> Reply {
    Reply::of(200, "application/json", value.to_string())
}

async fn authorize(visit: Visit) -> Result<Reply, Failure> {
    let server = Server::at(&visit).await?;
    Ok(Reply::empty(303).with("location", ops::begin(&server).await?))
}

async fn token(visit: Visit) -> Result<Reply, Failure> {
    let server = Server::at(&visit).await?;
    Ok(answer(&ops::token(&server).await?).with("pragma", "no-cache"))
}

async fn revoke(visit: Visit) -> Result<Reply, Failure> {
    ops::revoke(&Server::at(&visit).await?).await?;
    Ok(Reply::empty(200))
}

async fn introspect(visit: Visit) -> Result<Reply, Failure> {
    Ok(answer(&ops::introspect(&Server::at(&visit).await?).await?))
}

async fn userinfo(visit: Visit) -> Result<Reply, Failure> {
    Ok(answer(&ops::userinfo(&Server::at(&visit).await?).await?))
}

/// Copies may be kept for an hour: a new key is published a day before it signs.
const KEPT: &str = "public, max-age=3600";

async fn jwks(visit: Visit) -> Result<Reply, Failure> {
    Ok(answer(&ops::jwks(&Server::at(&visit).await?).await?).with("cache-control", KEPT))
}

async fn discovery(visit: Visit) -> Result<Reply, Failure> {
    let issuer = Server::at(&visit).await?.issuer;
    let at = |path: &str| format!("{issuer}/oauth/{path}");
    let algorithms = ["ES256", "ES384", "RS256", "RS384", "PS256", "PS384", "EdDSA"];
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "jwks_uri": at("jwks"),
        "revocation_endpoint": at("revoke"),
        "introspection_endpoint": at("introspect"),
        "scopes_supported": Scope::ALL.map(Scope::key),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": ["private_key_jwt"],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "amr", "name", "email",
            "email_verified", "lamplight_membership"],
        "prompt_values_supported": ["none", "login", "consent"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    Ok(answer(&document).with("cache-control", KEPT))
}

/// What an application asks for.
#[derive(Serialize, ToSchema)]
struct Authorization {
    client: Application,
    scopes: Vec<AskedScope>,
    /// The posts of who is signed in here, as one of which the application would act.
    contexts: Vec<people::Membership>,
    /// Whether anyone is signed in.
    signed_in: bool,
    /// Whether the application asks that they sign in again.
    sign_in_again: bool,
}

/// An application.
#[derive(Serialize, ToSchema)]
struct Application {
    name: String,
    /// Where to read about it.
    #[schema(required, format = "uri")]
    uri: Option<String>,
}

/// A scope that is asked for.
#[derive(Serialize, ToSchema)]
struct AskedScope {
    /// Its name.
    key: &'static str,
    /// What it allows, in English.
    text: &'static str,
}

const LOOK: Doc =
    Doc::new("What an application asks for").gives::<Authorization>(200).problems(&["request-ended"]);

async fn look(visit: Visit) -> Result<Reply, Failure> {
    let Look { name, uri, scope, posts, signed_in, sign_in_again } =
        ops::look(&Server::at(&visit).await?, visit.param("request")).await?;
    let authorization = Authorization {
        client: Application { name, uri },
        scopes: scope.iter().map(|scope| AskedScope { key: scope.key(), text: scope.text() }).collect(),
        contexts: posts.iter().map(people::post).collect(),
        signed_in,
        sign_in_again,
    };
    Ok(answer(&json!(authorization)))
}

/// A person's answer to an application.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Consent {
    approve: bool,
    /// The post as which it acts, where it is approved.
    #[schema(value_type = Option<i32>)]
    membership: Option<MembershipId>,
}

/// Where the browser goes on.
#[derive(Serialize, ToSchema)]
struct Redirect {
    /// The application's address, with a code or an error.
    #[schema(format = "uri")]
    redirect: String,
}

const CONSENT: Doc = Doc::new("Answer an application").takes::<Consent>().gives::<Redirect>(200).problems(&[
    "invalid",
    "request-ended",
    "sign-in-again",
    "second-factor-required",
]);

async fn consent(account: Account) -> Result<Reply, Failure> {
    let Consent { approve, membership } = account.visit.json()?;
    let approved = match (approve, membership) {
        (true, None) => {
            return Err(Failure::coded(400, "invalid", "membership: say as which post the client acts"));
        }
        (true, some) => some,
        (false, _) => None,
    };
    let redirect = ops::answer(&account, approved).await.map_err(|error: Error| Failure::from(error))?;
    Ok(answer(&json!(Redirect { redirect })))
}
