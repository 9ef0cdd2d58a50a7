//! Vault's transit engine by its published contract (<https://developer.hashicorp.com/vault/api-docs/secret/transit>): what
//! has to stand in a request, what an answer looks like, and what each error means.

use std::collections::HashMap;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use adapters::ConfigError;
use adapters::custody::{Vault, VaultConfig};
use kernel::{KeyService as _, KeyServiceError, OrganizationId, WrappingKey};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::fetch::free_port;

const OF: WrappingKey = WrappingKey { organization: OrganizationId(12), number: 3 };
const TOKEN: &str = "hvs.s3cret";

/// A transit engine at `secret/transit` with the key `lamplight`: it remembers what it encrypted, and asks for the same
/// associated data, as AES-GCM does.
#[derive(Clone, Default)]
struct Transit {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    version: u32,
    kept: HashMap<String, (Value, Value)>,
    /// Answered instead of everything.
    fault: Option<(u16, Value)>,
}

impl Transit {
    fn fails(&self, status: u16, errors: &[&str]) {
        self.state.lock().unwrap().fault = Some((status, json!({"errors": errors})));
    }
}

fn errors(status: u16, error: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"errors": [error]}))
}

impl Respond for Transit {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.state.lock().unwrap();
        if let Some((status, body)) = &state.fault {
            return ResponseTemplate::new(*status).set_body_json(body);
        }
        let header = |name| request.headers.get(name).map(|value| value.to_str().unwrap());
        if header("x-vault-token") != Some(TOKEN) || header("x-vault-namespace") != Some("care/") {
            return errors(403, "permission denied");
        }
        if request.method != "POST" || header("x-vault-request") != Some("true") {
            return errors(405, "unsupported operation");
        }
        let body: Value = request.body_json().unwrap();
        match request.url.path() {
            "/v1/secret/transit/encrypt/lamplight" => {
                let ciphertext = format!("vault:v{}:{}", state.version + 1, state.kept.len());
                let kept = (body["plaintext"].clone(), body["associated_data"].clone());
                assert!(kept.0.is_string() && kept.1.is_string(), "{body}");
                state.kept.insert(ciphertext.clone(), kept);
                let data = json!({"ciphertext": ciphertext, "key_version": state.version + 1});
                ResponseTemplate::new(200).set_body_json(json!({"request_id": "r", "data": data}))
            }
            "/v1/secret/transit/decrypt/lamplight" => {
                let ciphertext = body["ciphertext"].as_str().unwrap();
                match state.kept.get(ciphertext) {
                    Some((plaintext, bound)) if *bound == body["associated_data"] => {
                        let data = json!({"plaintext": plaintext});
                        ResponseTemplate::new(200).set_body_json(json!({"data": data}))
                    }
                    Some(_) => errors(400, "cipher: message authentication failed"),
                    None => errors(400, "invalid ciphertext: could not decode"),
                }
            }
            _ => errors(404, "no handler for route"),
        }
    }
}

/// A file, deleted with the test.
struct TokenFile(PathBuf);

impl TokenFile {
    fn new(text: &str) -> Self {
        use std::io::Write as _;
        let name = format!("lamplight-vault-{}", kernel::World::system().uuid().simple());
        let path = std::env::temp_dir().join(name);
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.unwrap().write_all(text.as_bytes()).unwrap();
        Self(path)
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn config(address: &str, token: &TokenFile) -> VaultConfig {
    let (address, token_file) = (address.to_owned(), token.0.clone());
    VaultConfig { address, token_file, namespace: Some("care/".to_owned()), roots: None }
}

async fn house(token: &TokenFile) -> (MockServer, Transit, Vault) {
    let (server, transit) = (MockServer::start().await, Transit::default());
    Mock::given(any()).respond_with(transit.clone()).mount(&server).await;
    let address = format!("{}/secret/transit/lamplight", server.uri());
    let vault = Vault::new(config(&address, token)).unwrap();
    (server, transit, vault)
}

#[tokio::test]
async fn a_key_comes_back_for_what_it_was_wrapped_for_alone() {
    let token = TokenFile::new(&format!("{TOKEN}\n"));
    let (_server, transit, vault) = house(&token).await;
    assert_eq!((vault.kind(), vault.name()), ("vault", "vault:care/secret/transit/lamplight"));
    let wrapped = vault.wrap(OF, &[7; 32]).await.unwrap();
    assert!(wrapped.starts_with(b"vault:v1:"));
    assert_eq!(*vault.unwrap(OF, &wrapped).await.unwrap(), [7; 32]);
    for stranger in [WrappingKey { organization: OrganizationId(13), ..OF }, WrappingKey { number: 4, ..OF }]
    {
        assert_eq!(vault.unwrap(stranger, &wrapped).await.unwrap_err(), KeyServiceError::Altered);
    }
    for bent in [b"vault:v1:99".as_slice(), b"\xff\xfe"] {
        assert_eq!(vault.unwrap(OF, bent).await.unwrap_err(), KeyServiceError::Altered);
    }
    // Its key gets a newer version: what the older one wrapped is still unwrapped.
    transit.state.lock().unwrap().version = 1;
    assert!(vault.wrap(OF, &[8; 32]).await.unwrap().starts_with(b"vault:v2:"));
    assert_eq!(*vault.unwrap(OF, &wrapped).await.unwrap(), [7; 32]);
}

#[tokio::test]
async fn every_error_of_the_contract_is_told_apart() {
    let token = TokenFile::new(TOKEN);
    let (_server, transit, vault) = house(&token).await;
    let wrapped = vault.wrap(OF, &[7; 32]).await.unwrap();
    let away = |status| KeyServiceError::Away(Some(status));
    for (status, said, expected) in [
        (403, "permission denied", KeyServiceError::Refused(403)),
        (404, "no handler for route", KeyServiceError::Refused(404)),
        (400, "encryption key not found", KeyServiceError::Refused(400)),
        (
            400,
            "ciphertext or signature version is disallowed by policy (too old)",
            KeyServiceError::Refused(400),
        ),
        (400, "cipher: message authentication failed", KeyServiceError::Altered),
        (412, "required index state not present", away(412)),
        (429, "request path rate limit exceeded", away(429)),
        (500, "internal error", away(500)),
        (502, "", away(502)),
        (503, "Vault is sealed", away(503)),
    ] {
        transit.fails(status, &[said]);
        assert_eq!(vault.unwrap(OF, &wrapped).await.unwrap_err(), expected, "{status} {said}");
    }
    // 200 with something else in it, such as the page of a proxy.
    transit.state.lock().unwrap().fault = Some((200, json!({"data": {}})));
    assert_eq!(vault.unwrap(OF, &wrapped).await.unwrap_err(), away(200));
    transit.state.lock().unwrap().fault = Some((200, json!({"data": {"plaintext": "c2hvcnQ="}})));
    assert_eq!(vault.unwrap(OF, &wrapped).await.unwrap_err(), KeyServiceError::Altered);
    let nowhere = format!("http://127.0.0.1:{}/transit/lamplight", free_port());
    let vault = Vault::new(config(&nowhere, &token)).unwrap();
    assert_eq!(vault.unwrap(OF, &wrapped).await.unwrap_err(), KeyServiceError::Away(None));
}

#[tokio::test]
async fn the_token_is_read_each_time_and_shown_to_nobody() {
    let token = TokenFile::new("hvs.0ther");
    let (_server, _transit, vault) = house(&token).await;
    assert_eq!(vault.wrap(OF, &[7; 32]).await.unwrap_err(), KeyServiceError::Refused(403));
    std::fs::write(&token.0, TOKEN).unwrap();
    vault.wrap(OF, &[7; 32]).await.unwrap();
    assert_eq!(format!("{vault:?}"), "Vault(..)");
    std::fs::set_permissions(&token.0, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(vault.wrap(OF, &[7; 32]).await.unwrap_err(), KeyServiceError::Refused(403));
    let again = Vault::new(config("https://vault.example/transit/lamplight", &token));
    assert_eq!(again.unwrap_err(), ConfigError::VaultToken);
}

#[test]
fn an_address_of_vault_is_https_and_names_mount_and_key() {
    let token = TokenFile::new(TOKEN);
    for taken in ["https://vault.example:8200/transit/lamplight", "http://127.0.0.1:8200/a/b/c-1.x_y"] {
        Vault::new(config(taken, &token)).unwrap();
    }
    for refused in [
        "",
        "https://vault.example",
        "https://vault.example/lamplight",
        "http://vault.example/transit/lamplight",
        "https://user@vault.example/transit/lamplight",
        "https://vault.example/transit/lamplight?x=1",
        "https://vault.example/transit//lamplight",
        "https://vault.example/transit/lamp light",
    ] {
        assert_eq!(Vault::new(config(refused, &token)).unwrap_err(), ConfigError::VaultAddress, "{refused}");
    }
    let roots = Some(b"no certificate".to_vec());
    let config = VaultConfig { roots, ..config("https://vault.example/transit/lamplight", &token) };
    assert_eq!(Vault::new(config).unwrap_err(), ConfigError::VaultRoots);
}
