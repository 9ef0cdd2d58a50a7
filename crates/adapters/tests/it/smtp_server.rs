//! A small mail server (RFC 5321) that answers as told and remembers what it heard.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, KeyPair, SanType};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// How the server behaves.
#[derive(Clone, Default)]
pub(crate) struct Manners {
    /// TLS from the first byte.
    pub(crate) implicit: bool,
    /// Offers STARTTLS.
    pub(crate) starttls: bool,
    /// What is slipped in behind the answer to STARTTLS, in clear.
    pub(crate) injected: &'static str,
    /// Offers AUTH, and wants this.
    pub(crate) auth: Option<&'static str>,
    /// Answers of its own to the first commands of a kind: `("RCPT", "550 no such user")`. An empty answer is silence;
    /// `DATA` is the command, `.` the end of the message, `NOOP` the question whether a connection lives.
    pub(crate) answers: Vec<(&'static str, &'static str)>,
}

/// What the server heard.
#[derive(Clone, Default)]
pub(crate) struct Heard {
    /// Commands, in order; `[tls]` where a connection became encrypted, `[connected]` where one began.
    pub(crate) commands: Vec<String>,
    /// Messages, with CR LF and without the dots' transparency undone.
    pub(crate) mails: Vec<String>,
}

/// A server at work.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// The certificate to trust.
    pub(crate) pem: String,
    heard: Arc<Mutex<Heard>>,
}

struct Shared {
    manners: Manners,
    answers: Mutex<VecDeque<(&'static str, &'static str)>>,
    heard: Arc<Mutex<Heard>>,
    acceptor: TlsAcceptor,
}

/// A key, and a certificate for this machine by itself.
pub(crate) fn certificate() -> (KeyPair, rcgen::Certificate) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
    for ip in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V6(mapped)] {
        params.subject_alt_names.push(SanType::IpAddress(ip));
    }
    let certificate = params.self_signed(&key).unwrap();
    (key, certificate)
}

impl Server {
    pub(crate) async fn start(manners: Manners) -> Self {
        let (key, certificate) = certificate();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let heard = Arc::<Mutex<Heard>>::default();
        let shared = Arc::new(Shared {
            answers: Mutex::new(manners.answers.iter().copied().collect()),
            manners,
            heard: heard.clone(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                tokio::spawn(async move { shared.serve(stream).await });
            }
        });
        Self { port, pem: certificate.pem(), heard }
    }

    pub(crate) fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }

    /// How often a command was heard.
    pub(crate) fn count(&self, command: &str) -> usize {
        self.heard().commands.iter().filter(|heard| heard.starts_with(command)).count()
    }
}

impl Shared {
    fn hears(&self, what: &str) {
        self.heard.lock().unwrap().commands.push(what.to_owned());
    }

    /// The answer to a command: the next one of its kind that was told, or the usual one. None is silence.
    fn answer(&self, verb: &str, usual: &str) -> Option<String> {
        let mut answers = self.answers.lock().unwrap();
        let told = answers.iter().position(|(of, _)| *of == verb).and_then(|at| answers.remove(at));
        let answer = told.map_or(usual, |(_, answer)| answer);
        (!answer.is_empty()).then(|| format!("{answer}\r\n"))
    }

    async fn serve(&self, stream: TcpStream) {
        self.hears("[connected]");
        if self.manners.implicit {
            let Ok(stream) = self.acceptor.accept(stream).await else { return };
            self.hears("[tls]");
            self.converse(stream, true, true).await;
        } else if let Some(stream) = self.converse(stream, true, false).await {
            let Ok(stream) = self.acceptor.accept(stream).await else { return };
            self.hears("[tls]");
            self.converse(stream, false, true).await;
        }
    }

    /// One conversation; gives the stream back at STARTTLS.
    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        greet: bool,
        encrypted: bool,
    ) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greet {
            let greeting = self.answer("greeting", "220 mail.test ready").unwrap_or_default();
            stream.write_all(greeting.as_bytes()).await.ok()?;
        }
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            self.hears(line.trim_end());
            let verb = line.trim_end().split([' ', ':']).next().unwrap().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => Some(self.extensions(encrypted)),
                "STARTTLS" if self.manners.starttls && !encrypted => {
                    let answer = format!("220 go ahead\r\n{}", self.manners.injected);
                    stream.write_all(answer.as_bytes()).await.ok()?;
                    return Some(stream.into_inner());
                }
                "AUTH" if line.trim_end().ends_with(self.manners.auth.unwrap_or("\n")) => {
                    self.answer(&verb, "235 welcome")
                }
                "AUTH" => Some("535 5.7.8 I do not know you\r\n".to_owned()),
                "DATA" => {
                    let answer = self.answer("DATA", "354 go on").unwrap_or_default();
                    stream.write_all(answer.as_bytes()).await.ok()?;
                    if !answer.starts_with("354") {
                        continue;
                    }
                    let mut mail = String::new();
                    while !mail.ends_with("\r\n.\r\n") {
                        if stream.read_line(&mut mail).await.ok()? == 0 {
                            return None;
                        }
                    }
                    let answer = self.answer(".", "250 taken");
                    if answer.as_ref().is_some_and(|answer| answer.starts_with('2')) {
                        mail.truncate(mail.len() - 3);
                        self.heard.lock().unwrap().mails.push(mail);
                    }
                    answer
                }
                "QUIT" => {
                    let _ = stream.write_all(b"221 bye\r\n").await;
                    return None;
                }
                "MAIL" | "RCPT" | "NOOP" | "RSET" => self.answer(&verb, "250 fine"),
                _ => Some("502 what?\r\n".to_owned()),
            };
            if let Some(answer) = answer {
                stream.write_all(answer.as_bytes()).await.ok()?;
            }
        }
    }

    fn extensions(&self, encrypted: bool) -> String {
        let mut lines = "250-mail.test\r\n250-8BITMIME\r\n".to_owned();
        if self.manners.starttls && !encrypted {
            lines.push_str("250-STARTTLS\r\n");
        }
        if self.manners.auth.is_some() {
            lines.push_str("250-AUTH PLAIN\r\n");
        }
        lines + "250 SIZE 1000000\r\n"
    }
}
