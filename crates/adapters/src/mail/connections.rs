//! Connections to the mail server, kept for a while between messages.
//!
//! lettre has a pool of its own, which takes a connection back although its user gave up in the middle of a message;
//! the next user then reads the answers to the last one's commands. Here what is given up is closed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kernel::World;
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::by_line::ByLine;
use super::smtp::classify;
use crate::{SendError, Why};

/// How many at once.
const CONNECTIONS: usize = 4;
/// How long one is kept without use.
const IDLE: SignedDuration = SignedDuration::from_secs(60);

/// How to protect a connection.
pub(super) enum Security {
    /// TLS from the first byte.
    Tls(TlsParameters),
    /// STARTTLS, or nothing.
    StartTls(TlsParameters),
    /// None.
    Clear,
}

/// The mail server, and the connections to it that nobody uses now.
pub(super) struct Connections {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) credentials: Option<Credentials>,
    pub(super) hello: ClientId,
    /// How long to wait for a connection.
    pub(super) connect: Duration,
    pub(super) world: World,
    pub(super) slots: Semaphore,
    pub(super) idle: Mutex<Vec<(AsyncSmtpConnection, Timestamp)>>,
}

impl Connections {
    /// As many as may be used at once.
    pub(super) fn slots() -> Semaphore {
        Semaphore::new(CONNECTIONS)
    }

    /// Sends one message. Given up half-way, or after an error, its connection is closed.
    pub(super) async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), SendError> {
        let _slot = self.slots.acquire().await.map_err(|_| SendError::transient(Why::Busy, None))?;
        let mut connection = self.ready().await?;
        connection.send(envelope, mail).await.map_err(|error| classify(&error))?;
        self.idle().push((connection, self.world.now()));
        Ok(())
    }

    /// A connection ready for a message.
    async fn ready(&self) -> Result<AsyncSmtpConnection, SendError> {
        let now = self.world.now();
        while let Some((mut connection, since)) = self.take() {
            if now.duration_since(since) < IDLE && connection.test_connected().await {
                return Ok(connection);
            }
        }
        let mut connection = self.open().await?;
        if let Some(credentials) = &self.credentials {
            let answer = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            answer.map_err(|error| classify(&error))?;
        }
        Ok(connection)
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, SendError> {
        let server = (self.host.as_str(), self.port);
        let (patience, hello) = (Some(self.connect), &self.hello);
        let opened = match &self.security {
            Security::Tls(tls) => {
                AsyncSmtpConnection::connect_tokio1(server, patience, hello, Some(tls.clone()), None).await
            }
            Security::Clear => AsyncSmtpConnection::connect_tokio1(server, patience, hello, None, None).await,
            Security::StartTls(tls) => {
                let tcp = match tokio::time::timeout(self.connect, TcpStream::connect(server)).await {
                    Ok(tcp) => tcp.map_err(|_| SendError::transient(Why::Network, None))?,
                    Err(_) => return Err(SendError::transient(Why::Timeout, None)),
                };
                match AsyncSmtpConnection::connect_with_transport(Box::new(ByLine(tcp)), hello).await {
                    Ok(mut connection) => connection.starttls(tls.clone(), hello).await.map(|()| connection),
                    Err(error) => Err(error),
                }
            }
        };
        opened.map_err(|error| classify(&error))
    }

    fn take(&self) -> Option<(AsyncSmtpConnection, Timestamp)> {
        self.idle().pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(AsyncSmtpConnection, Timestamp)>> {
        // Every change is one step, so a panic elsewhere leaves nothing half done.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
