//! A mail server spoken to over SMTP (RFC 5321), by lettre.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use kernel::World;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox as Named, MultiPart, SinglePart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use super::config::Protection;
use super::connections::{Connections, Security};
use crate::mail::{Message, SmtpConfig};
use crate::{ConfigError, SendError, Why};

/// A mail server, with a few connections kept between messages. Its clones share them.
#[derive(Clone)]
pub struct Smtp {
    connections: Arc<Connections>,
    from: Named,
    domain: String,
    whole: Duration,
    world: World,
}

impl Smtp {
    /// Speaks to the server of `config`; connects when there is something to send.
    ///
    /// # Errors
    /// [`ConfigError::MailRoots`], [`ConfigError::Tls`].
    pub fn new(config: SmtpConfig, world: World) -> Result<Self, ConfigError> {
        let security = match config.protection {
            Protection::Tls => Security::Tls(tls(&config)?),
            Protection::StartTls => Security::StartTls(tls(&config)?),
            Protection::Loopback => Security::Clear,
        };
        let connections = Connections {
            host: config.host,
            port: config.port,
            security,
            credentials: config.credentials.map(|(user, password)| Credentials::new(user, password.0)),
            hello: ClientId::default(),
            connect: config.connect,
            world: world.clone(),
            slots: Connections::slots(),
            idle: Mutex::default(),
        };
        Ok(Self {
            connections: Arc::new(connections),
            domain: config.from.domain().to_owned(),
            from: Named::new(config.name, config.from.inner()),
            whole: config.whole,
            world,
        })
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), SendError> {
        let mail = self.compose(message)?;
        let bytes = mail.formatted();
        let sending = self.connections.send(mail.envelope(), &bytes);
        let timeout = |_| Err(SendError::transient(Why::Timeout, None));
        tokio::time::timeout(self.whole, sending).await.unwrap_or_else(timeout)
    }

    /// The message as it goes over the wire (RFC 5322).
    fn compose(&self, message: &Message) -> Result<lettre::Message, SendError> {
        let (id, content) = (message.id(), message.content());
        // RFC 3834: nobody's holiday note answers it.
        let automatic = header("Auto-Submitted", "auto-generated".to_owned());
        let builder = lettre::Message::builder()
            .from(self.from.clone())
            .to(Named::new(None, message.to().inner()))
            .date(SystemTime::from(self.world.now()))
            .message_id(Some(format!("<{id}@{}>", self.domain)))
            .subject(content.subject.clone())
            .raw_header(automatic);
        // RFC 8058, section 3.1.
        let builder = match message.stop() {
            Some(stop) => builder
                .raw_header(header("List-Unsubscribe", format!("<{}>", stop.as_str())))
                .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())),
            None => builder,
        };
        let plain = SinglePart::plain(content.text.clone());
        let built = match &content.html {
            // A boundary of our own: lettre's would be random.
            Some(html) => builder.multipart(
                MultiPart::alternative()
                    .boundary(format!("lamplight-{}", id.simple()))
                    .singlepart(plain)
                    .singlepart(SinglePart::html(html.clone())),
            ),
            None => builder.singlepart(plain),
        };
        built.map_err(|_| SendError::permanent(Why::Refused, None))
    }
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

impl fmt::Debug for Smtp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Smtp(..)")
    }
}

fn tls(config: &SmtpConfig) -> Result<TlsParameters, ConfigError> {
    let builder = TlsParameters::builder(config.host.clone());
    let builder = match &config.roots {
        Some(pem) => {
            let has_one = String::from_utf8_lossy(pem).contains("-----BEGIN CERTIFICATE-----");
            let roots = Certificate::from_pem(pem).ok().filter(|_| has_one).ok_or(ConfigError::MailRoots)?;
            builder.certificate_store(CertificateStore::None).add_root_certificate(roots)
        }
        None => builder.certificate_store(CertificateStore::WebpkiRoots),
    };
    builder
        .build()
        .map_err(|_| if config.roots.is_some() { ConfigError::MailRoots } else { ConfigError::Tls })
}

/// What the server's answer means (RFC 5321, section 4.2.3). Its text is dropped: servers repeat the address in it.
pub(super) fn classify(error: &smtp::Error) -> SendError {
    let code = error.status().map(u16::from);
    let why = match code {
        Some(530 | 534 | 535 | 538 | 454) => Why::Credentials,
        Some(550 | 551 | 553 | 556) => Why::Recipient,
        _ if error.is_permanent() => Why::Refused,
        Some(_) => Why::Busy,
        None if error.is_timeout() => Why::Timeout,
        None if error.is_tls() => Why::Tls,
        None if error.is_client() => Why::Unsuitable,
        None if error.is_response() => Why::Protocol,
        None => Why::Network,
    };
    let code = code.map(u32::from);
    if error.is_permanent() { SendError::permanent(why, code) } else { SendError::transient(why, code) }
}
