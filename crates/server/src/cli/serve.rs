//! `lamplight serve`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use chart::Store;
use clap::Args;
use db::keys::ROOT;
use eyre::{WrapErr as _, bail};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{Done, doctor, erasures, keepers, keys, nightly, out, sealing, seed, session, tasks};
use crate::app::{App, Settings};
use crate::areas::demonstration::Demonstration;
use crate::boot::{BootOptions, Installation};
use crate::http::{self, Limits, Quota};

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
    /// When there is no organization yet, make one of invented people; let whoever opens it be one of them
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
    /// How many requests a second the members of an organization may make together; for a short time five times as many
    #[arg(long, env = "LAMPLIGHT_ORGANIZATION_RATE", value_name = "N", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    organization_rate: u32,
    /// Do not seal the audit log: `lamplight audit seal` does
    #[arg(long, env = "LAMPLIGHT_NO_AUDIT_SEAL")]
    no_audit_seal: bool,
    #[command(flatten)]
    sealing: sealing::Options,
    #[command(flatten)]
    messages: super::messages::Options,
    #[command(flatten)]
    documents: super::documents::Options,
    #[command(flatten)]
    nightly: nightly::Options,
    #[arg(skip)]
    pub(super) development: bool,
}

impl Options {
    /// Refuses what no production installation may do, before anything is opened.
    pub(super) fn check(&self, boot: &BootOptions) -> eyre::Result<()> {
        if self.demo && (boot.is_production() || self.behind_tls_proxy) {
            bail!(
                "refused with LAMPLIGHT_ENV=production and with --behind-tls-proxy: whoever opens a --demo is whoever \
                 they choose to be"
            );
        }
        if !boot.is_production() {
            return Ok(());
        }
        if !self.listen.ip().is_loopback() && !self.behind_tls_proxy {
            bail!(
                "refused with LAMPLIGHT_ENV=production: {} is reached over the network, and nothing says that TLS is in \
                 front; put a proxy there and say --behind-tls-proxy",
                self.listen
            );
        }
        self.messages.check()?;
        if !self.no_audit_seal {
            sealing::check(boot)?;
        }
        Ok(())
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
    demonstration: Option<Arc<Demonstration>>,
}

async fn prepare(options: &Options, installation: &Installation) -> eyre::Result<Prepared> {
    let store = Store::new(installation.main().open(options.connections.into())?);
    session::ready(&store).await?;
    doctor::refuse_findings(store.db()).await?;
    if !options.development && store.db().custody().current() == ROOT {
        tracing::warn!(
            "whoever has the root key's file has every organization's keys: LAMPLIGHT_KEY_SERVICE names no service"
        );
    }
    if let Err(error) = store.db().custody().check().await {
        // No reason not to start: it may be back before anybody needs it, and much works without.
        tracing::error!(%error, service = store.db().custody().current(), "the key service cannot be used");
    }
    store.db().prepare_audit_months().await.wrap_err("the audit log cannot be prepared")?;
    // Taken before the demonstration is made, so that an address in use is told at once.
    let listener = bind(options.listen).await?;
    let metrics = if options.no_metrics { None } else { Some(bind(options.metrics).await?) };
    let demonstration = match options.demo {
        true => demo(options, listener.local_addr()?.port(), installation, &store).await?,
        false => None,
    };
    Ok(Prepared { store, listener, metrics, demonstration })
}

async fn serve(options: &Options, installation: &Installation, prepared: Prepared) -> eyre::Result<()> {
    let Prepared { store, listener, metrics, demonstration } = prepared;
    http::quiet_panics();
    let settings = Settings {
        domain: options.domain.clone(),
        https: options.behind_tls_proxy,
        trusted_proxies: options.trusted_proxy.clone(),
        port: (!options.behind_tls_proxy).then(|| listener.local_addr().map(|at| at.port())).transpose()?,
        show_mailbox: options.development,
        local_providers: options.development,
        limits: Limits {
            rate_per_organization: Quota::new(options.organization_rate, options.organization_rate * 5),
            ..Limits::default()
        },
        demonstration,
        carriers: options.messages.carriers(installation.world(), !options.development)?,
        cabinet: Some(options.documents.cabinet(installation.data_dir())?),
        backs_up: installation.backups().is_some(),
        ..Settings::default()
    };
    let app = App::new(store.clone(), installation.world().clone(), settings);
    let (stop, stopped) = watch::channel(false);
    let told = || tasks::told(stopped.clone());
    let mut background = tasks::start(&app, &told);
    if installation.is_private() {
        background.add(told(), erasures::always(installation.beside(), store.db().clone()));
    }
    if installation.main().owner().is_ok() {
        background.add(told(), keys::mend_tokens(installation.beside()));
    }
    let beside = (!options.no_audit_seal).then(|| options.sealing.beside()).transpose()?;
    if let Some(beside) = &beside {
        let main = installation.main().clone();
        background.add(told(), sealing::always(main, beside.clone(), Arc::clone(&app.metrics)));
    }
    if installation.is_private() && installation.backups().is_none() {
        tracing::warn!("nothing is backed up: LAMPLIGHT_BACKUP_DIR names no place for it");
    }
    if installation.backups().is_some() {
        let files = options.documents.folder(installation.data_dir())?;
        let folders = nightly::Folders { files, archive: options.sealing.audit_archive.clone() };
        background.add(told(), nightly::always(installation.beside(), options.nightly.clone(), folders));
    }
    let databases = installation.databases().clone();
    let placed =
        keepers::start(&app, databases, (options.own_connections.into(), beside), stopped.clone()).await;
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

pub(super) async fn bind(address: SocketAddr) -> eyre::Result<TcpListener> {
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

/// Makes the demonstration where there is nothing yet, and tells where it is; gives its people.
async fn demo(
    options: &Options,
    port: u16,
    installation: &Installation,
    store: &Store,
) -> eyre::Result<Option<Arc<Demonstration>>> {
    let slugs = session::slugs(installation).await?;
    let address =
        |slug: &str| format!("http://{slug}.{}:{port}", options.domain.as_deref().unwrap_or("localhost"));
    if slugs.is_empty() {
        out::note("making the demonstration: invented people, which takes a moment");
    }
    let settings = Settings { domain: options.domain.clone(), port: Some(port), ..Settings::default() };
    let shown = match seed::demo(installation, store, settings, slugs.is_empty()).await {
        Err(error) if !slugs.is_empty() => {
            out::note(format!(
                "nobody can be chosen in this demonstration, which an older program made: {error}"
            ));
            None
        }
        made => made?,
    };
    match &shown {
        Some(shown) => out::line(format!(
            "The demonstration is ready. Open\n\n  {}\n\nand choose who to be: a nurse, a physician, the front desk, a \
             daughter, ...",
            address(shown.slug())
        ))?,
        None => {
            for slug in &slugs {
                out::line(format!("{slug}: {}", address(slug)))?;
            }
        }
    }
    Ok(shown)
}
