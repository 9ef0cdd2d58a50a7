//! The data folder.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::Error;
use super::error::During as _;

/// Makes the folder, closed to others. `private` says that a PostgreSQL of our own will live in it: when we are root
/// it runs as another user, who must be able to pass through (not to look into) the folder and those above it.
pub(super) fn make(dir: &Path, private: bool) -> Result<(), Error> {
    let passable = private && embedded::is_root()?;
    if let Some(parent) = dir.parent() {
        let made = DirBuilder::new().recursive(true).mode(0o755).create(parent);
        made.during(|| format!("make {}", parent.display()))?;
    }
    let mode = if passable { 0o711 } else { 0o700 };
    let made = DirBuilder::new().recursive(true).mode(mode).create(dir);
    made.during(|| format!("make {}", dir.display()))?;
    let found = fs::metadata(dir).during(|| format!("look at {}", dir.display()))?.permissions().mode();
    // Others lose what they had; nobody gains.
    if found & 0o777 & !mode != 0 {
        fs::set_permissions(dir, Permissions::from_mode(found & mode))
            .during(|| format!("close {} to others", dir.display()))?;
    }
    Ok(())
}

/// Replaces a file that is ours alone, in one step.
pub(super) fn write(file: &Path, bytes: &[u8]) -> Result<(), Error> {
    let what = || format!("write {}", file.display());
    let fresh = file.with_extension("new");
    let mut options = OpenOptions::new();
    let opened = options.create(true).truncate(true).write(true).mode(0o600).open(&fresh);
    opened
        .and_then(|mut out| {
            out.write_all(bytes)?;
            out.sync_all()
        })
        .during(what)?;
    fs::rename(&fresh, file).during(what)
}

/// Whether a private PostgreSQL was made there.
pub(super) fn holds_cluster(dir: &Path) -> bool {
    dir.join("postgres/PG_VERSION").exists()
}

/// Reads the certificates to trust.
pub(super) fn read_ca(file: &Path) -> Result<Vec<u8>, Error> {
    fs::read(file).during(|| format!("read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_closed_to_others() {
        let base = std::env::temp_dir().join(format!("lamplight-folder-{}", std::process::id()));
        let dir = base.join("parent/data");
        make(&dir, false).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&base.join("parent")) & 0o111, 0o111, "those above can be passed through");
        fs::set_permissions(&dir, Permissions::from_mode(0o755)).unwrap();
        make(&dir, false).unwrap();
        assert_eq!(mode(&dir), 0o700, "an older folder is closed");
        fs::remove_dir_all(base).unwrap();
    }
}
