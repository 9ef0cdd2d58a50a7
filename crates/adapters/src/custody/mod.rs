//! Services that keep a key which never leaves them, and wrap organizations' keys with it (ADR 0041): AWS KMS and Vault's
//! transit engine.
//!
//! What they say in words is dropped: an answer counts by its status and by the few words of its protocol. How long is waited
//! for them, and what becomes of it when they are away, is the keyring's (`db::keys`).

mod aws;
mod vault;

pub use aws::{AwsKms, AwsKmsConfig};
pub use vault::{Vault, VaultConfig};

use kernel::KeyServiceError;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use rustls::ClientConfig;
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use crate::{ConfigError, net};

/// The most bytes of an answer that are read; a wrapped key takes some hundred.
const ANSWER: usize = 64 * 1024;

/// Whether keys may go there: over TLS, or on this machine.
fn is_safe(url: &Url) -> bool {
    let local = url.host_str().is_some_and(net::is_loopback);
    url.host_str().is_some() && (url.scheme() == "https" || url.scheme() == "http" && local)
}

fn client(url: &Url, tls: ClientConfig) -> Result<Client, ConfigError> {
    // A redirect would take keys elsewhere; so would a proxy of the machine's, on this machine.
    let builder = Client::builder().tls_backend_preconfigured(tls).redirect(Policy::none()).referer(false);
    let local = url.host_str().is_some_and(net::is_loopback);
    let builder = if local { builder.no_proxy() } else { builder.https_only(true) };
    builder.build().map_err(|_| ConfigError::Tls)
}

/// An answer's status and body. The body is wiped when it was read: a key may be in it.
async fn ask(request: RequestBuilder) -> Result<(u16, Zeroizing<Vec<u8>>), KeyServiceError> {
    const AWAY: KeyServiceError = KeyServiceError::Away(None);
    let mut response = request.send().await.map_err(|_| AWAY)?;
    let status = response.status().as_u16();
    // As long as it may become, so that it does not grow and leave copies behind.
    let mut body = Zeroizing::new(Vec::with_capacity(ANSWER));
    while let Some(chunk) = response.chunk().await.map_err(|_| AWAY)? {
        if body.len() + chunk.len() > ANSWER {
            return Err(KeyServiceError::Away(Some(status)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

/// What an answer holds; one that is not of the protocol is none.
fn read<'a, T: Deserialize<'a>>(status: u16, body: &'a [u8]) -> Result<T, KeyServiceError> {
    serde_json::from_slice(body).map_err(|_| KeyServiceError::Away(Some(status)))
}

/// An unwrapped key.
fn key(text: &str) -> Result<Zeroizing<[u8; 32]>, KeyServiceError> {
    use base64::Engine as _;
    let bytes =
        base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| KeyServiceError::Altered)?;
    let bytes = Zeroizing::new(bytes);
    let key = bytes.as_slice().try_into().map_err(|_| KeyServiceError::Altered)?;
    Ok(Zeroizing::new(key))
}
