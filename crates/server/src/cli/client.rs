//! `lamplight client`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use db::NewClient;
use eyre::{WrapErr as _, bail, ensure};
use policy::Permission;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::grant::permission;
use super::session::{self, Session};
use super::{Done, out};
use crate::areas::oauth::{Scope, Scopes, may_register};
use crate::boot::Installation;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Register a program; prints its client id
    #[command(
        after_help = "Examples:\n  lamplight client create --organization oak-hill --name 'Care Notes' --public \
                            --redirect-uri https://notes.example/callback --scope openid,profile,lamplight\n  \
                            lamplight client create --organization oak-hill --name laboratory --jwks laboratory.json \
                            --permission chart.write --facility north"
    )]
    Create(Create),
    /// List the clients of an organization, newest first
    List(List),
    /// Revoke a client, with everything that it was given
    Revoke(Revoke),
}

#[derive(Args)]
#[command(group = ArgGroup::new("proof").required(true).args(["public", "jwks"]))]
pub(super) struct Create {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Its name, which people read when they are asked
    #[arg(long)]
    name: String,
    /// Its own page
    #[arg(long, value_name = "URL")]
    uri: Option<String>,
    /// Where people are sent back to, compared to the last character; may be repeated. The port of http://127.0.0.1 and
    /// http://[::1] is free
    #[arg(long, value_name = "URL")]
    redirect_uri: Vec<String>,
    /// It runs where its users do and can keep no key
    #[arg(long)]
    public: bool,
    /// Its public keys, as a JWK set
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// What it may ask for: openid, profile, email, offline_access, lamplight; may be repeated
    #[arg(long, value_name = "SCOPE", value_delimiter = ',')]
    scope: Vec<String>,
    /// What it may do by itself (client credentials); may be repeated
    #[arg(long, value_name = "KEY", value_delimiter = ',', value_parser = permission)]
    permission: Vec<Permission>,
    /// Where it may do so, by code; may be repeated
    #[arg(long, value_name = "CODE", value_delimiter = ',', requires = "permission")]
    facility: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct List {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Revoke {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Its id, as `lamplight client list` shows it
    client: Uuid,
}

#[derive(Serialize)]
struct Shown {
    client_id: Uuid,
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    match command {
        Command::Create(create) => {
            let id = register(&create, installation).await?;
            if create.json {
                out::json(&Shown { client_id: id })?;
            } else {
                out::line(id.to_string())?;
            }
        }
        Command::List(list) => {
            let session = Session::enter(installation, &list.organization).await?;
            let clients = session.operator.clients(session.organization.id).await?;
            if list.json {
                out::json(&clients)?;
                return Ok(Done::Wholly);
            }
            let rows: Vec<_> = clients
                .into_iter()
                .map(|client| {
                    let kind = if client.public { "public" } else { "keys" };
                    let state = client.disabled_at.map_or("good".to_owned(), |at| format!("revoked {at:.0}"));
                    let uris = client.redirect_uris.join(" ");
                    let scope = client.scope.join(" ");
                    [client.client_id.to_string(), client.name, kind.to_owned(), state, scope, uris]
                })
                .collect();
            out::table(["ID", "NAME", "PROOF", "STATE", "SCOPE", "REDIRECT"], &rows)?;
        }
        Command::Revoke(revoke) => {
            let session = Session::enter(installation, &revoke.organization).await?;
            match session.operator.revoke_client(session.organization.id, revoke.client).await {
                Err(db::Error::NotFound) => bail!("there is no living client {}", revoke.client),
                other => other?,
            }
            out::line(format!("revoked {}", revoke.client))?;
        }
    }
    Ok(Done::Wholly)
}

async fn register(create: &Create, installation: &Installation) -> eyre::Result<Uuid> {
    let by_itself = !create.permission.is_empty();
    ensure!(
        by_itself || !create.redirect_uri.is_empty(),
        "name a --redirect-uri, or a --permission for what it does by itself"
    );
    ensure!(!by_itself || create.jwks.is_some(), "what a program does by itself it must prove: give --jwks");
    ensure!(!by_itself || !create.facility.is_empty(), "say where with --facility");
    for uri in create.redirect_uri.iter().chain(&create.uri) {
        ensure!(
            may_register(uri),
            "{uri}: give an absolute https address without fragment, http://127.0.0.1 or http://[::1], or a scheme \
             of the program's own such as com.example.app:/callback"
        );
    }
    let asked = match create.scope.join(" ") {
        none if none.is_empty() && create.redirect_uri.is_empty() => Scope::Lamplight.key().to_owned(),
        none if none.is_empty() => "openid profile email".to_owned(),
        some => some,
    };
    let Some(scope) = Scopes::parse(&asked) else {
        bail!("a scope is unknown; there are {}", Scope::ALL.map(Scope::key).join(", "))
    };
    let mut grants = Vec::new();
    if !create.redirect_uri.is_empty() {
        grants.push("authorization_code");
        if scope.contains(Scope::OfflineAccess) {
            grants.push("refresh_token");
        }
    }
    if by_itself {
        ensure!(scope.contains(Scope::Lamplight), "what a program does by itself needs --scope lamplight");
        grants.push("client_credentials");
    }
    let jwks = create.jwks.as_ref().map(read_keys).transpose()?;
    let mut session = Session::enter(installation, &create.organization).await?;
    let facilities = if by_itself { session.choose(&create.facility)? } else { Vec::new() };
    let new = NewClient {
        name: &create.name,
        uri: create.uri.as_deref(),
        redirect_uris: &create.redirect_uri,
        grants: &grants,
        jwks: jwks.as_ref(),
        scope: &scope.keys(),
        service: by_itself.then(|| (create.permission.iter().copied().collect(), facilities.as_slice())),
    };
    let made = session.operator.create_client(session.organization.id, &new).await;
    made.map_err(|error| session::explain(error, "there is such a client already"))
}

/// A JWK set of public keys. One with a private key in it was meant for somebody else.
fn read_keys(file: &PathBuf) -> eyre::Result<Value> {
    let text = std::fs::read(file).wrap_err_with(|| format!("{}", file.display()))?;
    let jwks: Value = serde_json::from_slice(&text).wrap_err_with(|| format!("{}", file.display()))?;
    let keys = jwks["keys"].as_array().filter(|keys| !keys.is_empty());
    let Some(keys) = keys else { bail!("{}: no JWK set: it has no `keys`", file.display()) };
    let secret = |key: &Value| key["kty"] == "oct" || key.get("d").is_some() || key.get("k").is_some();
    ensure!(!keys.iter().any(secret), "{}: holds a private key; give the public ones", file.display());
    Ok(jwks)
}
