//! Vault's transit engine, and OpenBao's, which is the same: `encrypt` and `decrypt` with associated data
//! (<https://developer.hashicorp.com/vault/api-docs/secret/transit>).
//!
//! Its `rewrap` takes no associated data, so what it wrapped with an older version of its key is unwrapped and wrapped again
//! by us.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{KeyService, KeyServiceError, Waiting, WrappingKey};
use reqwest::Client;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::json;
use url::Url;
use zeroize::Zeroizing;

use super::{ask, client, is_safe, key, read};
use crate::{ConfigError, net};

/// Which key, and how it is reached.
pub struct VaultConfig {
    /// `https://HOST:PORT/MOUNT/KEY`; the mount may have several parts.
    pub address: String,
    /// Whose token the file holds may encrypt and decrypt with the key. It is read each time: an agent renews it.
    pub token_file: PathBuf,
    /// The namespace, where there are any.
    pub namespace: Option<String>,
    /// Certificates (PEM) to trust instead of the public ones.
    pub roots: Option<Vec<u8>>,
}

/// A key of Vault's transit engine.
pub struct Vault {
    client: Client,
    encrypt: Url,
    decrypt: Url,
    name: String,
    namespace: Option<HeaderValue>,
    token_file: PathBuf,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Decrypted {
    plaintext: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Faults {
    errors: Vec<String>,
}

impl Vault {
    /// The key of `config`.
    ///
    /// # Errors
    /// [`ConfigError::VaultAddress`], [`ConfigError::VaultToken`], [`ConfigError::VaultRoots`], [`ConfigError::Tls`].
    pub fn new(config: VaultConfig) -> Result<Self, ConfigError> {
        const NONE: ConfigError = ConfigError::VaultAddress;
        let url = Url::parse(&config.address).ok().filter(is_safe).ok_or(NONE)?;
        let extra = url.query().is_some() || url.fragment().is_some();
        if extra || !url.username().is_empty() || url.password().is_some() {
            return Err(NONE);
        }
        let path = url.path().trim_matches('/');
        let (mount, key) = path.rsplit_once('/').ok_or(NONE)?;
        let plain = |part: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !part.is_empty() && part.bytes().all(is_plain) && !part.bytes().all(|byte| byte == b'.')
        };
        if path.len() > 200 || !path.split('/').all(plain) {
            return Err(NONE);
        }
        let at = |verb: &str| url.join(&format!("/v1/{mount}/{verb}/{key}")).map_err(|_| NONE);
        let (encrypt, decrypt) = (at("encrypt")?, at("decrypt")?);
        token(&config.token_file).ok_or(ConfigError::VaultToken)?;
        let namespace =
            config.namespace.as_deref().map(HeaderValue::from_str).transpose().map_err(|_| NONE)?;
        let tls = match &config.roots {
            Some(pem) => net::tls_of(pem).ok_or(ConfigError::VaultRoots)?,
            None => net::tls()?,
        };
        let name = match config.namespace.as_deref().map(|space| space.trim_matches('/')) {
            Some(space) => format!("vault:{space}/{path}"),
            None => format!("vault:{path}"),
        };
        let (client, token_file) = (client(&url, tls)?, config.token_file);
        Ok(Self { client, encrypt, decrypt, name, namespace, token_file })
    }

    async fn call(
        &self,
        url: &Url,
        body: &serde_json::Value,
    ) -> Result<(u16, Zeroizing<Vec<u8>>), KeyServiceError> {
        // No token is a token that Vault does not know.
        let token = token(&self.token_file).ok_or(KeyServiceError::Refused(403))?;
        let mut request =
            self.client.post(url.clone()).header("x-vault-request", "true").header("x-vault-token", token);
        if let Some(namespace) = &self.namespace {
            request = request.header("x-vault-namespace", namespace);
        }
        let (status, answer) = ask(request.json(body)).await?;
        if status == 200 {
            return Ok((status, answer));
        }
        let faults: Option<Faults> = serde_json::from_slice(&answer).ok();
        Err(judge(status, &faults.map(|faults| faults.errors).unwrap_or_default()))
    }
}

/// The token in a file that only its owner may read.
fn token(file: &Path) -> Option<HeaderValue> {
    let mode = fs::metadata(file).ok()?.permissions().mode();
    if mode & 0o077 != 0 {
        return None;
    }
    let text = Zeroizing::new(fs::read_to_string(file).ok()?);
    let mut value = HeaderValue::from_str(text.trim()).ok().filter(|value| !value.is_empty())?;
    value.set_sensitive(true);
    Some(value)
}

/// What an answer other than 200 means (<https://developer.hashicorp.com/vault/api-docs#http-status-codes>). Of words only
/// those are looked at by which Vault says that a ciphertext is none of this key's.
fn judge(status: u16, errors: &[String]) -> KeyServiceError {
    let says = |words: &str| errors.iter().any(|error| error.contains(words));
    match status {
        400 if says("message authentication failed") || says("invalid ciphertext") => {
            KeyServiceError::Altered
        }
        // 412: a replica that is behind; 429: too much; 472, 473: a standby; 5xx: broken, or sealed.
        412 | 429 | 472 | 473 | 500.. => KeyServiceError::Away(Some(status)),
        _ => KeyServiceError::Refused(status),
    }
}

/// What is bound to the key.
fn bound(of: WrappingKey) -> String {
    STANDARD.encode(format!("lamplight/organization/{}/key/{}", of.organization.0, of.number))
}

impl KeyService for Vault {
    fn kind(&self) -> &'static str {
        "vault"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn wrap<'a>(
        &'a self,
        of: WrappingKey,
        key: &'a [u8; 32],
    ) -> Waiting<'a, Result<Vec<u8>, KeyServiceError>> {
        Box::pin(async move {
            let body = json!({"plaintext": STANDARD.encode(key), "associated_data": bound(of)});
            let (status, answer) = self.call(&self.encrypt, &body).await?;
            let Answer { data }: Answer<Encrypted> = read(status, &answer)?;
            Ok(data.ciphertext.into_bytes())
        })
    }

    fn unwrap<'a>(
        &'a self,
        of: WrappingKey,
        wrapped: &'a [u8],
    ) -> Waiting<'a, Result<Zeroizing<[u8; 32]>, KeyServiceError>> {
        Box::pin(async move {
            let text = str::from_utf8(wrapped).map_err(|_| KeyServiceError::Altered)?;
            let body = json!({"ciphertext": text, "associated_data": bound(of)});
            let (status, answer) = self.call(&self.decrypt, &body).await?;
            let Answer { data }: Answer<Decrypted> = read(status, &answer)?;
            key(&data.plaintext)
        })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Vault(..)")
    }
}
