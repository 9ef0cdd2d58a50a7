//! Asking ClamAV what is in a file, over its socket (clamd's `INSTREAM`: `man 8 clamd`).

use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::ConfigError;

/// How long the scanner may take over one step.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most of its answer that is read.
const ANSWER: u64 = 1024;

/// The scanner cannot be asked, or did not say what is in the file. Nothing may pass then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the virus scanner gave no verdict")]
pub struct NoVerdict;

impl From<std::io::Error> for NoVerdict {
    fn from(error: std::io::Error) -> Self {
        tracing::warn!(target: "scan", kind = %error.kind(), "the virus scanner cannot be asked");
        Self
    }
}

/// What the scanner says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing found.
    Clean,
    /// Something found.
    Infected,
}

/// Where clamd listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanner {
    /// A socket of this machine.
    Unix(PathBuf),
    /// Host and port.
    Tcp(String),
}

impl std::str::FromStr for Scanner {
    type Err = ConfigError;

    /// `unix:/run/clamav/clamd.ctl` or `tcp:host:3310`.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text.split_once(':') {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(PathBuf::from(path))),
            Some(("tcp", address)) if address.contains(':') => Ok(Self::Tcp(address.to_owned())),
            _ => Err(ConfigError::Files("not of the form unix:/path or tcp:host:port")),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// One file on its way through the scanner.
pub struct Scan {
    stream: Box<dyn Stream>,
    /// It said something before the end: it takes no more.
    early: bool,
}

impl Scanner {
    /// Begins.
    ///
    /// # Errors
    /// When the scanner does not answer.
    pub async fn begin(&self) -> Result<Scan, NoVerdict> {
        let connecting = async {
            Ok::<Box<dyn Stream>, std::io::Error>(match self {
                Self::Unix(path) => Box::new(UnixStream::connect(path).await?),
                Self::Tcp(address) => Box::new(TcpStream::connect(address).await?),
            })
        };
        let mut stream = timeout(PATIENCE, connecting).await.map_err(|_| NoVerdict)??;
        timeout(PATIENCE, stream.write_all(b"zINSTREAM\0")).await.map_err(|_| NoVerdict)??;
        Ok(Scan { stream, early: false })
    }
}

impl Scan {
    /// The next bytes.
    ///
    /// # Errors
    /// When the scanner takes none for too long.
    pub async fn feed(&mut self, bytes: &[u8]) -> Result<(), NoVerdict> {
        if self.early || bytes.is_empty() {
            return Ok(());
        }
        let length = u32::try_from(bytes.len()).map_err(|_| NoVerdict)?;
        let sending = async {
            self.stream.write_all(&length.to_be_bytes()).await?;
            self.stream.write_all(bytes).await
        };
        // It closes when it has seen enough; what it said is read at the end.
        if timeout(PATIENCE, sending).await.map_err(|_| NoVerdict)?.is_err() {
            self.early = true;
        }
        Ok(())
    }

    /// Ends it and reads the verdict. Whatever is neither of the two known answers is none.
    ///
    /// # Errors
    /// [`NoVerdict`]
    pub async fn verdict(mut self) -> Result<Verdict, NoVerdict> {
        if !self.early {
            timeout(PATIENCE, self.stream.write_all(&[0; 4])).await.map_err(|_| NoVerdict)??;
        }
        let mut answer = Vec::new();
        let mut stream = self.stream.take(ANSWER);
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.map_err(|_| NoVerdict)??;
        let text = String::from_utf8_lossy(&answer);
        let text = text.trim_end_matches(['\0', '\n']);
        if text == "stream: OK" && !self.early {
            Ok(Verdict::Clean)
        } else if text.starts_with("stream: ") && text.ends_with(" FOUND") {
            Ok(Verdict::Infected)
        } else {
            tracing::warn!(target: "scan", "the virus scanner answered neither clean nor infected");
            Err(NoVerdict)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_scanners() {
        assert_eq!("unix:/run/clamd.ctl".parse(), Ok(Scanner::Unix("/run/clamd.ctl".into())));
        assert_eq!("tcp:scan:3310".parse(), Ok(Scanner::Tcp("scan:3310".to_owned())));
        for wrong in ["", "unix:clamd", "tcp:scan", "http://scan:3310"] {
            assert!(wrong.parse::<Scanner>().is_err(), "{wrong}");
        }
    }
}
