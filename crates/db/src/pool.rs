//! Connections. Three pools, so that no transaction ever waits for a connection of its own pool: the audit writer and
//! the keyring are asked while a runtime transaction is open, and never the other way round.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::QueueMode;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, poll_fn};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{AsyncMessage, Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Error;

/// How long a request waits for a free connection.
const WAIT: Duration = Duration::from_secs(5);

/// What a server says unasked.
pub(crate) type Messages = BoxStream<'static, Result<AsyncMessage, tokio_postgres::Error>>;

/// Where a PostgreSQL is and who logs in there.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    config: tokio_postgres::Config,
    ca: Option<Vec<u8>>,
}

impl Endpoint {
    /// Reads a libpq connection string or URL. Across a network TLS is required unless `sslmode` says otherwise and the
    /// host is this machine. `ca` is a PEM bundle to trust instead of the public roots.
    ///
    /// # Errors
    /// [`Error::Config`] when it cannot be understood.
    pub fn parse(text: &str, ca: Option<Vec<u8>>) -> Result<Self, Error> {
        let mut config = tokio_postgres::Config::from_str(text)
            .map_err(|_| Error::Config("the database address cannot be understood".to_owned()))?;
        config.application_name("lamplight").connect_timeout(WAIT);
        if !is_local(&config) {
            config.ssl_mode(SslMode::Require);
        } else if ca.is_none() {
            config.ssl_mode(SslMode::Disable);
        }
        Ok(Self { config, ca })
    }

    /// The same place for another role and database.
    #[must_use]
    pub fn login(&self, user: &str, password: &str) -> Self {
        let mut other = self.clone();
        other.config.user(user).password(password);
        other
    }

    /// The same place, another database.
    #[must_use]
    pub fn database(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(name);
        other
    }

    /// The name of the database.
    pub fn name(&self) -> Option<&str> {
        self.config.get_dbname()
    }

    fn tls(&self) -> Result<Option<MakeRustlsConnect>, Error> {
        if self.config.get_ssl_mode() == SslMode::Disable {
            return Ok(None);
        }
        let mut roots = rustls::RootCertStore::empty();
        match &self.ca {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(pem) => {
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    let added = certificate.ok().and_then(|der| roots.add(der).ok());
                    added.ok_or_else(|| {
                        Error::Config("the database CA file holds no certificate".to_owned())
                    })?;
                }
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::Config("no TLS protocol version is usable".to_owned()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Some(MakeRustlsConnect::new(config)))
    }

    /// One connection outside any pool, for migrations and the operator.
    pub(crate) async fn connect(&self) -> Result<Client, Error> {
        match self.tls()? {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls).await.map_err(Error::from_postgres)?;
                tokio::spawn(connection);
                Ok(client)
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(Error::from_postgres)?;
                tokio::spawn(connection);
                Ok(client)
            }
        }
    }

    /// One connection outside any pool, whose messages are the caller's to read: it lives as long as they are read.
    pub(crate) async fn connect_listening(&self) -> Result<(Client, Messages), Error> {
        Ok(match self.tls()? {
            Some(tls) => {
                let (client, mut connection) =
                    self.config.connect(tls).await.map_err(Error::from_postgres)?;
                (client, poll_fn(move |cx| connection.poll_message(cx)).boxed())
            }
            None => {
                let (client, mut connection) =
                    self.config.connect(NoTls).await.map_err(Error::from_postgres)?;
                (client, poll_fn(move |cx| connection.poll_message(cx)).boxed())
            }
        })
    }

    fn pool(&self, size: usize) -> Result<Pool, Error> {
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match self.tls()? {
            Some(tls) => Manager::from_config(self.config.clone(), tls, manager),
            None => Manager::from_config(self.config.clone(), NoTls, manager),
        };
        Pool::builder(manager)
            .max_size(size)
            // The connection used last is the one whose caches are warm.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: Some(WAIT), create: Some(WAIT), recycle: Some(WAIT) })
            .build()
            .map_err(|_| Error::Config("the connection pool cannot be built".to_owned()))
    }
}

fn is_local(config: &tokio_postgres::Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        Host::Unix(_) => true,
    })
}

/// How many connections each pool may hold.
#[derive(Clone, Copy, Debug)]
pub struct PoolSizes {
    /// For requests.
    pub runtime: usize,
    /// For the audit writer.
    pub audit: usize,
    /// For the keyring.
    pub keyring: usize,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self { runtime: 16, audit: 2, keyring: 4 }
    }
}

/// Connections of the plane above organizations: few, and rarely in use.
const PLATFORM: usize = 2;

pub(crate) struct Pools {
    pub(crate) runtime: Pool,
    pub(crate) audit: Pool,
    pub(crate) keyring: Pool,
    /// As the role of the plane, where this program serves it.
    pub(crate) platform: Option<Pool>,
}

impl Pools {
    pub(crate) fn new(
        endpoint: &Endpoint,
        platform: Option<&Endpoint>,
        keyring: Option<&Endpoint>,
        sizes: &PoolSizes,
    ) -> Result<Self, Error> {
        Ok(Self {
            runtime: endpoint.pool(sizes.runtime)?,
            audit: endpoint.pool(sizes.audit)?,
            keyring: keyring.unwrap_or(endpoint).pool(sizes.keyring)?,
            platform: platform.map(|endpoint| endpoint.pool(PLATFORM)).transpose()?,
        })
    }
}
