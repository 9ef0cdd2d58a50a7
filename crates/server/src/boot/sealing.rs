//! Who seals the log: a login and a key of their own.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use db::seal::{Logs, Sealer};
use kernel::World;
use merkle::{Signer, Verifier};

use super::databases::Database;
use super::error::{During as _, Error};

impl Database {
    /// Who seals the log here; nobody where no login for it is known. The key is made where there is none.
    ///
    /// # Errors
    /// [`Error::AuditKey`]; [`Error::Io`].
    pub fn sealer(&self) -> Result<Option<Sealer>, Error> {
        let Ok(logs) = self.sealed_log() else { return Ok(None) };
        let key = key(&self.audit_key_file, &self.world)?;
        Ok(Some(Sealer::new(logs, key, self.world.clone())))
    }

    /// The logs here, for who may see them sealed.
    ///
    /// # Errors
    /// [`Error::NoSealer`] when it is not known.
    pub fn sealed_log(&self) -> Result<Logs, Error> {
        let endpoint = self.sealer.clone().ok_or(Error::NoSealer)?;
        Ok(Logs::new(endpoint, self.own.clone()))
    }

    /// Who can be asked whether a checkpoint is signed with the key of this installation; nobody where the key is elsewhere.
    ///
    /// # Errors
    /// [`Error::AuditKey`]; [`Error::Io`].
    pub fn audit_verifier(&self) -> Result<Option<Verifier>, Error> {
        self.audit_key_file.exists().then(|| Ok(read(&self.audit_key_file)?.verifier())).transpose()
    }
}

/// The key in a file that only its owner may read, made there where it is missing.
fn key(file: &Path, world: &World) -> Result<Signer, Error> {
    let doing = || format!("make the audit log's key {}", file.display());
    if !file.exists() {
        // Logs are told apart by the names of their keys.
        let name = format!("lamplight-{}", world.uuid().simple());
        let text = Signer::generate(&name).map_err(|_| Error::AuditKey(file.to_owned()))?;
        let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        let written = made.and_then(|mut made| {
            made.write_all(text.as_bytes())?;
            made.sync_all()
        });
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(error).during(doing);
            }
            _ => {}
        }
    }
    read(file)
}

fn read(file: &Path) -> Result<Signer, Error> {
    let doing = || format!("read the audit log's key {}", file.display());
    if fs::metadata(file).during(doing)?.permissions().mode() & 0o077 != 0 {
        return Err(Error::AuditKeyOpen(file.to_owned()));
    }
    fs::read_to_string(file).during(doing)?.parse().map_err(|_| Error::AuditKey(file.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let folder = std::env::temp_dir().join(format!("lamplight-audit-{}", World::system().uuid()));
        fs::create_dir(&folder).unwrap();
        let file = folder.join("audit.key");
        let made = key(&file, &World::system()).unwrap().verifier();
        assert_eq!(key(&file, &World::system()).unwrap().verifier(), made);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read(&file), Err(Error::AuditKeyOpen(_))));
        fs::remove_file(&file).unwrap();
        fs::write(&file, "no key").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(key(&file, &World::system()), Err(Error::AuditKey(_))));
        fs::remove_dir_all(folder).unwrap();
    }
}
