//! `lamplight serve`.

use std::net::{IpAddr, SocketAddr};

use chart::Store;
use clap::Args;
use eyre::{WrapErr as _, bail};
use policy::PermissionSet;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{Done, doctor, keepers, out, seed, session, tasks};
use crate::app::{App, Settings};
use crate::areas::people;
use crate::boot::{BootOptions, Installation};
use crate::http;

/// How long the demonstration's token is good.
const DEMO_TOKEN_DAYS: i64 = 30;

#[derive(Args)]
#[command(after_help = "Examples:\n  lamplight serve --demo\n  \
                        lamplight serve --listen 0.0.0.0:8080 --behind-tls-proxy --domain care.example\n\n\
                        Stops on SIGTERM and SIGINT: no new requests are taken, those at work may end, then the private\n\
                        PostgreSQL is stopped. Refuses to start when a check of `lamplight doctor` finds something.")]
pub(super) struct Options {
    /// Where to answer
    #[arg(long, env = "LAMPLIGHT_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where to give figures to Prometheus; not for the public network
    #[arg(long, env = "LAMPLIGHT_METRICS", value_name = "ADDRESS", default_value = "127.0.0.1:9464")]
    metrics: SocketAddr,
    /// Give no figures
    #[arg(long, env = "LAMPLIGHT_NO_METRICS")]
    no_metrics: bool,
    /// The domain whose subdomains are the organizations
    #[arg(long, env = "LAMPLIGHT_DOMAIN", value_name = "NAME")]
    domain: Option<String>,
    /// A proxy in front ends TLS and is the only one that reaches us: addresses in answers begin with https
    #[arg(long, env = "LAMPLIGHT_BEHIND_TLS_PROXY")]
    behind_tls_proxy: bool,
    /// A proxy whose X-Forwarded-For is believed; may be repeated
    #[arg(long, env = "LAMPLIGHT_TRUSTED_PROXIES", value_name = "IP", value_delimiter = ',')]
    trusted_proxy: Vec<IpAddr>,
    /// When there is no organization yet, make one of invented people, and print how to try it
    #[arg(long, env = "LAMPLIGHT_DEMO")]
    demo: bool,
    /// How many connections to PostgreSQL serve requests
    #[arg(long, env = "LAMPLIGHT_CONNECTIONS", value_name = "N", default_value_t = 16,
          value_parser = clap::value_parser!(u16).range(2..=1000))]
    connections: u16,
    /// How many connections to each organization's own database serve its requests
    #[arg(long, env = "LAMPLIGHT_OWN_CONNECTIONS", value_name = "N", default_value_t = 4,
          value_parser = clap::value_parser!(u16).range(2..=1000))]
    own_connections: u16,
    #[command(flatten)]
    messages: super::messages::Options,
    #[command(flatten)]
    documents: super::documents::Options,
    #[arg(skip)]
    pub(super) development: bool,
}

impl Options {
    /// Refuses what no production installation may do, before anything is opened.
    pub(super) fn check(&self, boot: &BootOptions) -> eyre::Result<()> {
        if !boot.is_production() {
            return Ok(());
        }
        if self.demo {
            bail!(
                "refused with LAMPLIGHT_ENV=production: --demo makes an organization with a token that may do everything"
            );
        }
        if !self.listen.ip().is_loopback() && !self.behind_tls_proxy {
            bail!(
                "refused with LAMPLIGHT_ENV=production: {} is reached over the network, and nothing says that TLS is in \
                 front; put a proxy there and say --behind-tls-proxy",
                self.listen
            );
        }
        self.messages.check()
    }
}

/// Serves until it is told to stop.
pub(super) async fn run(options: Options, installation: Installation) -> eyre::Result<Done> {
    let prepared = tokio::select! {
        prepared = prepare(&options, &installation) => prepared,
        signal = stop_signal() => signal.wrap_err(SIGNALS).and_then(|()| Err(eyre::eyre!("interrupted"))),
    };
    let ended = match prepared {
        Ok(prepared) => serve(&options, &installation, prepared).await,
        Err(error) => Err(error),
    };
    // Requests have ended; commands attached to our PostgreSQL hear of it from their connections.
    let closed = installation.close(false).await;
    ended?;
    closed?;
    Ok(Done::Wholly)
}

const SIGNALS: &str = "signals cannot be listened for";

struct Prepared {
    store: Store,
    listener: TcpListener,
    metrics: Option<TcpListener>,
}

async fn prepare(options: &Options, installation: &Installation) -> eyre::Result<Prepared> {
    let store = Store::new(installation.main().open(options.connections.into())?);
    session::ready(&store).await?;
    doctor::refuse_findings(store.db()).await?;
    store.db().prepare_audit_months().await.wrap_err("the audit log cannot be prepared")?;
    // Taken before the demonstration is made, so that an address in use is told at once.
    let listener = bind(options.listen).await?;
    let metrics = if options.no_metrics { None } else { Some(bind(options.metrics).await?) };
    if options.demo {
        demo(options, listener.local_addr()?.port(), installation, &store).await?;
    }
    Ok(Prepared { store, listener, metrics })
}

async fn serve(options: &Options, installation: &Installation, prepared: Prepared) -> eyre::Result<()> {
    let Prepared { store, listener, metrics } = prepared;
    http::quiet_panics();
    let settings = Settings {
        domain: options.domain.clone(),
        https: options.behind_tls_proxy,
        trusted_proxies: options.trusted_proxy.clone(),
        port: (!options.behind_tls_proxy).then(|| listener.local_addr().map(|at| at.port())).transpose()?,
        show_mailbox: options.development,
        local_providers: options.development,
        carriers: options.messages.carriers(installation.world(), !options.development)?,
        cabinet: Some(options.documents.cabinet(installation.data_dir())?),
        ..Settings::default()
    };
    let app = App::new(store.clone(), installation.world().clone(), settings);
    let (stop, stopped) = watch::channel(false);
    let told = || tasks::told(stopped.clone());
    let background = tasks::start(&app, &told);
    let databases = installation.databases().clone();
    let placed = keepers::start(&app, databases, options.own_connections.into(), stopped.clone()).await;
    let figures = metrics.map(|listener| tokio::spawn(http::serve_metrics(app.clone(), listener, told())));
    tracing::info!(listen = %listener.local_addr()?, "ready");
    let serving = http::serve(app, listener, told());
    let watching = async {
        let signal = stop_signal().await;
        tracing::info!("stopping");
        stop.send_replace(true);
        signal
    };
    let (served, signal) = tokio::join!(serving, watching);
    if let Some(figures) = figures {
        figures.await.wrap_err("the figures ended badly")??;
    }
    background.ended().await;
    placed.await.wrap_err("the organizations' own databases were left badly")?;
    served?;
    signal.wrap_err(SIGNALS)
}

async fn bind(address: SocketAddr) -> eyre::Result<TcpListener> {
    TcpListener::bind(address).await.wrap_err_with(|| format!("{address} cannot be listened on"))
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Offers whoever tries the demonstration the administrator's post; gives the link.
async fn administrator(
    options: &Options,
    port: u16,
    installation: &Installation,
    store: &Store,
    entered: &session::Session,
) -> eyre::Result<String> {
    let settings = Settings { domain: options.domain.clone(), port: Some(port), ..Settings::default() };
    let app = App::new(store.clone(), installation.world().clone(), settings);
    let facilities = entered.all();
    let new = people::NewPost {
        email: "administrator@demonstration.example",
        name: "Administrator",
        role: "Administrator",
        role_key: None,
        plane: "staff",
        permissions: PermissionSet::all(),
        denied: PermissionSet::default(),
        facilities: &facilities,
        by_relationship: false,
        ends_at: None,
    };
    let (_, link) = people::invite(&app, &entered.context(&facilities), &new).await?;
    Ok(link)
}

/// Makes the demonstration where there is nothing yet, and tells how to try it.
async fn demo(options: &Options, port: u16, installation: &Installation, store: &Store) -> eyre::Result<()> {
    let slugs = session::slugs(installation).await?;
    let host = |slug: &str| match options.domain.as_deref() {
        Some(domain) => format!("{slug}.{domain}"),
        None => format!("{slug}.localhost"),
    };
    let address = |slug: &str| format!("http://{}:{port}", host(slug));
    if let Some(first) = slugs.first() {
        for slug in &slugs {
            out::line(format!("{slug}: {}", address(slug)))?;
        }
        out::line(format!(
            "A token for the API: lamplight token issue --organization {first} --all-facilities --all --name trial --days 1"
        ))?;
        return Ok(());
    }
    out::note("making the demonstration: invented people, which takes a moment");
    let slugs = seed::demo(installation, store).await?;
    for slug in &slugs {
        let mut entered = session::Session::enter(installation, slug).await?;
        let facilities = entered.all();
        let hours = jiff::SignedDuration::from_hours(24 * DEMO_TOKEN_DAYS);
        let new = db::NewToken {
            name: "demonstration",
            permissions: PermissionSet::all(),
            facilities: &facilities,
            expires_at: installation.world().now() + hours,
        };
        let token = entered.operator.issue_token(entered.organization.id, &new).await?;
        let base = address(slug);
        let link = administrator(options, port, installation, store, &entered).await?;
        // Printed, never logged: it is shown this once.
        out::line(format!(
            "{}: {base}\n\nMake yourself its administrator:\n\n  {link}\n\nWhat would have been sent by mail or text \
             message is shown at {base}/mailbox\n\nTry the API (the token is good for {DEMO_TOKEN_DAYS} days and is not shown again):\n\n  \
             curl -s -H 'Authorization: Bearer {}' '{base}/fhir/R4/Patient?_count=3'\n",
            entered.organization.name, token.text
        ))?;
    }
    Ok(())
}
