//! What keeps organizations' wrapping keys, as it is told to a program (ADR 0041).

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adapters::custody::{AwsKms, AwsKmsConfig, Vault, VaultConfig};
use clap::Args;
use db::keys::{Custody, KeyServices, LocalKey, ROOT, RootKey};
use kernel::{KeyService, World};

use super::error::{During as _, Error};

/// The key services of an installation.
#[derive(Clone, Args)]
pub struct CustodyOptions {
    /// What wraps organizations' keys: `root` (the root key), `file:PATH` (a key file beside it), `aws-kms:ARN` (credentials of
    /// the environment, AWS_*) or `vault:https://HOST:PORT/MOUNT/KEY` (transit)
    #[arg(long, env = "LAMPLIGHT_KEY_SERVICE", value_name = "SERVICE", default_value = ROOT, global = true)]
    pub key_service: String,
    /// What wrapped them before, until `lamplight keys rewrap` is through; may be given more than once
    #[arg(
        long,
        env = "LAMPLIGHT_KEY_SERVICE_BEFORE",
        value_name = "SERVICE",
        value_delimiter = ',',
        global = true
    )]
    pub key_service_before: Vec<String>,
    /// The file that Vault's token is in; readable by you alone, and read again each time
    #[arg(long, env = "LAMPLIGHT_VAULT_TOKEN_FILE", value_name = "FILE", global = true)]
    pub vault_token_file: Option<PathBuf>,
    /// Certificates (PEM) to trust at Vault, instead of the public ones
    #[arg(long, env = "LAMPLIGHT_VAULT_CA_FILE", value_name = "FILE", global = true)]
    pub vault_ca_file: Option<PathBuf>,
}

impl CustodyOptions {
    /// The services that are named, ready to be asked; nothing is asked yet.
    pub(super) fn services(&self, world: &World) -> Result<KeyServices, Error> {
        let mut all = Vec::new();
        for told in [&self.key_service].into_iter().chain(&self.key_service_before) {
            all.push(self.service(told, world)?);
        }
        let mut names: Vec<&str> = all.iter().flatten().map(|service| service.name()).collect();
        names.sort_unstable();
        // Whoever moved a key elsewhere under its old name would have it asked for at the wrong place.
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::KeyServiceTwice(twice[0].to_owned()));
        }
        let mut all = all.into_iter();
        let current = all.next().flatten();
        Ok(KeyServices::new(current, all.flatten().collect()))
    }

    /// One of them; nothing for the root key, which is known anyway.
    fn service(&self, told: &str, world: &World) -> Result<Option<Arc<dyn KeyService>>, Error> {
        let (kind, rest) = told.split_once(':').unwrap_or((told, ""));
        Ok(Some(match kind {
            ROOT if rest.is_empty() => return Ok(None),
            "file" => {
                let path = Path::new(rest);
                if !path.exists() {
                    return Err(Error::NoKeyFile(path.to_owned()));
                }
                Arc::new(LocalKey::of_file(&RootKey::load(path)?, world.clone()))
            }
            "aws-kms" => {
                let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
                let endpoint = set("AWS_ENDPOINT_URL_KMS").or_else(|| set("AWS_ENDPOINT_URL"));
                let config = AwsKmsConfig { arn: rest.to_owned(), endpoint, credentials: None };
                Arc::new(AwsKms::new(&config)?)
            }
            "vault" => {
                let token_file = self.vault_token_file.clone().ok_or(Error::NoVaultToken)?;
                let roots = self
                    .vault_ca_file
                    .as_deref()
                    .map(|file| fs::read(file).during(|| format!("read {}", file.display())));
                let namespace = env::var("VAULT_NAMESPACE").ok().filter(|value| !value.is_empty());
                let config = VaultConfig {
                    address: rest.to_owned(),
                    token_file,
                    namespace,
                    roots: roots.transpose()?,
                };
                Arc::new(Vault::new(config)?)
            }
            _ => return Err(Error::KeyService(told.to_owned())),
        }))
    }
}

impl super::Database {
    /// What wraps organizations' keys here.
    ///
    /// # Errors
    /// As [`super::Database::root`].
    pub fn custody(&self) -> Result<Custody, Error> {
        Ok(Custody::new(&self.root()?, self.key_services.clone(), self.world.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(service: &str, before: &[&str]) -> Result<KeyServices, Error> {
        let options = CustodyOptions {
            key_service: service.to_owned(),
            key_service_before: before.iter().map(|one| (*one).to_owned()).collect(),
            vault_token_file: None,
            vault_ca_file: None,
        };
        options.services(&World::system())
    }

    #[test]
    fn services_are_named_by_their_kind_and_nothing_is_guessed() {
        assert!(told("root", &[]).unwrap().states().is_empty());
        let arn = "aws-kms:arn:aws:kms:eu-central-1:111122223333:key/12";
        let found = told(arn, &["root"]).unwrap().states();
        assert_eq!((found[0].kind, found[0].name.as_str(), found[0].state), ("aws-kms", arn, "not-asked"));
        assert!(matches!(told(arn, &[arn]), Err(Error::KeyServiceTwice(name)) if name == arn));
        for refused in ["", "kms", "root:x", "aws:arn", "https://vault.example/transit/key"] {
            assert!(matches!(told(refused, &[]), Err(Error::KeyService(_))), "{refused}");
        }
        assert!(matches!(told("file:/nowhere/root.key", &[]), Err(Error::NoKeyFile(_))));
        assert!(matches!(told("vault:https://vault.example/transit/key", &[]), Err(Error::NoVaultToken)));
        assert!(matches!(told("aws-kms:alias/x", &[]), Err(Error::Adapter(_))));
    }
}
