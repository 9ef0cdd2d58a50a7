//! `lamplight provider`: the OpenID Connect providers by which an organization's people sign in.

use std::path::PathBuf;

use adapters::oidc::Issuer;
use clap::{Args, Subcommand};
use db::{Drawer, Event, NewProvider};
use eyre::{WrapErr as _, bail};
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::session::{self, Session};
use super::{Done, out};
use crate::boot::Installation;

/// Where the secret is when it is in no file.
const SECRET: &str = "LAMPLIGHT_PROVIDER_SECRET";

#[derive(Subcommand)]
pub(super) enum Command {
    /// Enter a provider; people see its name on the sign-in page
    #[command(
        after_help = "The client's secret is read from --secret-file or from LAMPLIGHT_PROVIDER_SECRET.\n\n\
                            Example:\n  lamplight provider add --organization oak-hill --name 'Oak Hill account' \
                            --issuer https://login.oak-hill.example --client-id lamplight \
                            --secret-file ./secret --email-domain oak-hill.example --trust-mfa"
    )]
    Add(Add),
    /// List the providers of an organization
    List(List),
    /// Disable a provider: nobody signs in by it any more
    Disable(Disable),
}

#[derive(Args)]
pub(super) struct Add {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// What its button on the sign-in page says
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    name: String,
    /// Its issuer, exactly as its discovery document has it
    #[arg(long, value_name = "URL", value_parser = issuer)]
    issuer: String,
    /// The client that was registered there for this organization
    #[arg(long, value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    client_id: String,
    /// A file with the client's secret and nothing else
    #[arg(long, value_name = "FILE", conflicts_with = "public")]
    secret_file: Option<PathBuf>,
    /// The client has no secret
    #[arg(long)]
    public: bool,
    /// Domain of whose addresses the provider knows the owners; may be repeated
    #[arg(long, value_name = "DOMAIN", value_delimiter = ',', value_parser = domain)]
    email_domain: Vec<String>,
    /// Two factors shown there count as two factors here
    #[arg(long)]
    trust_mfa: bool,
    /// A class (acr) that says that there were two; may be repeated
    #[arg(long, value_name = "ACR", value_delimiter = ',', requires = "trust_mfa")]
    mfa_acr: Vec<String>,
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
pub(super) struct Disable {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Its id, as `lamplight provider list` shows it
    provider: Uuid,
}

#[derive(Serialize)]
struct Added {
    id: Uuid,
}

fn issuer(text: &str) -> Result<String, String> {
    let issuer = Issuer::parse(text).map_err(|_| "an address that begins with https:// and has no query")?;
    Ok(issuer.as_str().to_owned())
}

/// A domain as addresses have it: lower case, with a dot, without `@`.
fn domain(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let labels = text.split('.').all(|label| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    if labels && text.contains('.') { Ok(text) } else { Err("a domain such as oak-hill.example".to_owned()) }
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    match command {
        Command::Add(add) => self::add(add, installation).await?,
        Command::List(list) => self::list(&list, installation).await?,
        Command::Disable(disable) => self::disable(&disable, installation).await?,
    }
    Ok(Done::Wholly)
}

/// The client's secret.
fn secret(add: &Add) -> eyre::Result<Option<Zeroizing<String>>> {
    if add.public {
        return Ok(None);
    }
    let text = match &add.secret_file {
        Some(file) => std::fs::read_to_string(file).wrap_err("the file with the secret cannot be read")?,
        None => match std::env::var(SECRET) {
            Ok(text) => text,
            Err(_) => bail!("give the client's secret by --secret-file or {SECRET}, or say --public"),
        },
    };
    let text = Zeroizing::new(text);
    let trimmed = text.trim();
    if trimmed.is_empty() {
        bail!("the client's secret is empty");
    }
    Ok(Some(Zeroizing::new(trimmed.to_owned())))
}

async fn add(add: Add, installation: &Installation) -> eyre::Result<()> {
    let secret = secret(&add)?;
    let session = Session::enter(installation, &add.organization).await?;
    let store = session.store(1)?;
    session::ready(&store).await?;
    let ctx = session.context(&[]);
    let id = installation.world().uuid();
    let vault = store.db().vault(&ctx).await?;
    let sealed = secret.map(|secret| vault.seal(Drawer::ProviderSecret, id, secret.as_bytes()));
    let new = NewProvider {
        id,
        name: &add.name,
        issuer: &add.issuer,
        client_id: &add.client_id,
        secret: sealed.as_deref(),
        trusts_mfa: add.trust_mfa,
        mfa_acr: &add.mfa_acr,
        email_domains: &add.email_domain,
    };
    let event =
        Event { detail: Some(format!("provider {id}")), ..Event::success("provider.add", "operator") };
    store.db().record(&ctx, event).await?;
    let made = session.operator.create_provider(session.organization.id, &new).await;
    made.map_err(|error| session::explain(error, "this provider is there already"))?;
    if add.json {
        out::json(&Added { id })?;
    } else {
        out::line(id.to_string())?;
    }
    if add.email_domain.is_empty() {
        out::note("without --email-domain nobody is recognized by their address, and so nobody signs in");
    }
    Ok(())
}

async fn list(list: &List, installation: &Installation) -> eyre::Result<()> {
    let session = Session::enter(installation, &list.organization).await?;
    let providers = session.operator.providers(session.organization.id).await?;
    if list.json {
        return out::json(&providers);
    }
    let rows: Vec<_> = providers
        .into_iter()
        .map(|provider| {
            let state = match provider.disabled_at {
                Some(at) => format!("disabled {at:.0}"),
                None => format!("{} people", provider.people),
            };
            let trusted = if provider.trusts_mfa { "yes" } else { "no" };
            [
                provider.id.to_string(),
                provider.name,
                provider.issuer,
                provider.email_domains.join(" "),
                trusted.to_owned(),
                state,
            ]
        })
        .collect();
    Ok(out::table(["ID", "NAME", "ISSUER", "DOMAINS", "TRUSTS MFA", "STATE"], &rows)?)
}

async fn disable(disable: &Disable, installation: &Installation) -> eyre::Result<()> {
    let session = Session::enter(installation, &disable.organization).await?;
    let store = session.store(1)?;
    session::ready(&store).await?;
    let detail = Some(format!("provider {}", disable.provider));
    let event = Event { detail, ..Event::success("provider.disable", "operator") };
    store.db().record(&session.context(&[]), event).await?;
    match session.operator.disable_provider(session.organization.id, disable.provider).await {
        Err(db::Error::NotFound) => eyre::bail!("there is no enabled provider {}", disable.provider),
        other => other?,
    }
    Ok(out::line(format!("disabled {}", disable.provider))?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn domains_are_whole_and_lower_case() {
        assert_eq!(super::domain("Oak-Hill.Example").as_deref(), Ok("oak-hill.example"));
        for bad in
            ["", "oak", "@oak.example", "oak..example", ".oak.example", "*.oak.example", "oak example.com"]
        {
            assert!(super::domain(bad).is_err(), "{bad}");
        }
    }
}
