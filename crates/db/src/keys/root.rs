//! The root key of an installation: 32 random bytes in a file that only the program's user may read.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kernel::World;
use zeroize::Zeroizing;

use crate::Error;

/// The key from which everything secret of an installation hangs. In development a file; a key service in production
/// stands behind the same type.
pub struct RootKey {
    bytes: Zeroizing<[u8; 32]>,
}

pub(crate) struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

impl RootKey {
    /// A key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { bytes: Zeroizing::new(bytes) }
    }

    /// Reads the key file, or makes it when there is none.
    ///
    /// # Errors
    /// [`Error::Config`] when the file cannot be read or written, holds no key, or others may read it.
    pub fn load_or_create(path: &Path, world: &World) -> Result<Self, Error> {
        if !path.exists() {
            let key = Zeroizing::new(world.random::<32>());
            let text = Zeroizing::new(format!("{}\n", STANDARD.encode(*key)));
            let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            let written = file.and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
            if let Err(error) = written
                && error.kind() != std::io::ErrorKind::AlreadyExists
            {
                return Err(Error::Config(format!("the root key file cannot be made: {}", error.kind())));
            }
        }
        Self::load(path)
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// As [`RootKey::load_or_create`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        let unreadable = |error: std::io::Error| {
            Error::Config(format!("the root key file cannot be read: {}", error.kind()))
        };
        let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Error::Config("the root key file may be read by others: chmod 600 it".to_owned()));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(unreadable)?);
        let decoded = Zeroizing::new(STANDARD.decode(text.trim()).unwrap_or_default());
        let bytes: [u8; 32] = decoded
            .as_slice()
            .try_into()
            .map_err(|_| Error::Config("the root key file does not hold 32 bytes in base64".to_owned()))?;
        Ok(Self::from_bytes(bytes))
    }

    /// A key of its own for `purpose` (HKDF-SHA-256).
    pub(crate) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        derive(&self.bytes, &[b"lamplight/root/", purpose.as_bytes()])
    }

    /// The password of a database role of the embedded database, or of a test.
    pub fn role_password(&self, role: &str) -> String {
        URL_SAFE_NO_PAD.encode(*derive(&self.bytes, &[b"lamplight/role/", role.as_bytes()]))
    }
}

impl RootKey {
    /// What a repository of backups is encrypted with (ADR 0037).
    pub fn backup_passphrase(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(*self.derive("backup")))
    }

    /// What the repository of the keyring's backups is encrypted with (ADR 0039).
    pub fn keyring_backup_passphrase(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(*self.derive("backup/keyring")))
    }
}

/// HKDF-SHA-256 expansion of a uniformly random key.
pub(crate) fn derive(key: &[u8; 32], info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    Prk::new_less_safe(HKDF_SHA256, key)
        .expand(info, Bytes32)
        .and_then(|okm| okm.fill(out.as_mut()))
        .expect("32 bytes are within what HKDF-SHA-256 can give");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_kept_private() {
        let dir = std::env::temp_dir().join(format!("lamplight-root-{}", World::system().uuid()));
        fs::create_dir(&dir).unwrap();
        let path = dir.join("root.key");
        let made = RootKey::load_or_create(&path, &World::system()).unwrap();
        let again = RootKey::load_or_create(&path, &World::system()).unwrap();
        assert_eq!(*made.bytes, *again.bytes);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(RootKey::load(&path), Err(Error::Config(_))));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn purposes_have_keys_of_their_own() {
        let root = RootKey::from_bytes([7; 32]);
        assert_ne!(*root.derive("context"), *root.derive("organization"));
        assert_ne!(root.role_password("a"), root.role_password("b"));
        assert_ne!(*root.backup_passphrase(), root.role_password("backup"));
        assert_ne!(*root.backup_passphrase(), *root.keyring_backup_passphrase());
    }
}
