//! The user that PostgreSQL runs as: ourselves, or another one when we are root.

use crate::{Error, error::During};
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::{Command, Stdio},
};

/// Tried in this order when we are root, because PostgreSQL refuses to run as root.
const USERS: [&str; 3] = ["lamplight", "postgres", "nobody"];

/// Who owns the cluster and runs the server; programs that read its files run as the same user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The user running this program.
    Ourselves,
    /// Another user, since we are root.
    Other {
        /// How the user is called, or `#` and the number.
        name: String,
        /// The user's number.
        uid: u32,
        /// The group's number.
        gid: u32,
    },
}

/// The user id this program runs as.
pub(crate) fn our_uid() -> Result<u32, Error> {
    if let Ok(meta) = fs::metadata("/proc/self") {
        return Ok(meta.uid());
    }
    let output = Command::new("id").arg("-u").output().during(|| "run id".to_owned())?;
    let uid = String::from_utf8_lossy(&output.stdout).trim().parse();
    uid.map_err(std::io::Error::other).during(|| "tell our user id".to_owned())
}

/// Whether this program runs as root, so that the server will run as somebody else.
///
/// # Errors
/// When the system does not say.
pub fn is_root() -> Result<bool, Error> {
    our_uid().map(|uid| uid == 0)
}

impl Owner {
    /// Decides by the user id this program runs as and, when that is root, by whom an existing `cluster` belongs to.
    pub(crate) fn choose(ours: u32, cluster: &Path) -> Result<Self, Error> {
        if ours != 0 {
            return Ok(Self::Ourselves);
        }
        if let Some(meta) = fs::metadata(cluster).ok().filter(|meta| meta.uid() != 0) {
            return Ok(Self::Other { name: format!("#{}", meta.uid()), uid: meta.uid(), gid: meta.gid() });
        }
        let passwd = fs::read_to_string("/etc/passwd").during(|| "read /etc/passwd".to_owned())?;
        Self::among(&passwd).ok_or(Error::NoUser)
    }

    fn among(passwd: &str) -> Option<Self> {
        USERS.iter().find_map(|wanted| {
            passwd.lines().find_map(|line| {
                let mut fields = line.split(':');
                let (name, uid, gid) = (fields.next()?, fields.nth(1)?, fields.next()?);
                let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
                (name == *wanted && uid != 0).then(|| Self::Other { name: name.to_owned(), uid, gid })
            })
        })
    }

    /// A command of PostgreSQL's, run as this user, with none of the `PG*` variables of our environment and in a
    /// process group of its own, so that Ctrl-C reaches the program first.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir("/").stdin(Stdio::null()).process_group(0);
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("LC_ALL", "C").env("TZ", "UTC");
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Gives `path` to this user and sets its mode.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn hand_over(&self, path: &Path, mode: u32) -> Result<(), Error> {
        if let Self::Other { uid, gid, .. } = self {
            chown(path, Some(*uid), Some(*gid)).during(|| format!("give {} to its owner", path.display()))?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .during(|| format!("set the mode of {}", path.display()))
    }

    /// Whether `path` belongs to this user (`ours` is our own user id) and nobody else may enter it.
    pub(crate) fn has_private(&self, path: &Path, ours: u32) -> bool {
        let uid = if let Self::Other { uid, .. } = self { *uid } else { ours };
        fs::symlink_metadata(path)
            .is_ok_and(|meta| meta.is_dir() && meta.uid() == uid && meta.mode() & 0o077 == 0)
    }

    /// Refuses when this user cannot enter `dir` or a folder above it. Access lists are not looked at.
    ///
    /// # Errors
    /// [`Error::NotTraversable`]; [`Error::Io`] for what is not there.
    pub fn must_enter(&self, dir: &Path) -> Result<(), Error> {
        let Self::Other { name, uid, gid } = self else { return Ok(()) };
        for folder in dir.ancestors() {
            let meta = fs::metadata(folder).during(|| format!("look at {}", folder.display()))?;
            let needed = match (meta.uid() == *uid, meta.gid() == *gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if meta.mode() & needed == 0 {
                return Err(Error::NotTraversable { dir: folder.to_path_buf(), user: name.clone() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefers_the_programs_own_user() {
        let passwd =
            "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\npostgres:x:101:104::/:/bin/sh\n";
        assert_eq!(
            Owner::among(passwd),
            Some(Owner::Other { name: "postgres".to_owned(), uid: 101, gid: 104 })
        );
        let with_ours = format!("{passwd}lamplight:x:900:901::/:/bin/sh\n");
        assert_eq!(
            Owner::among(&with_ours),
            Some(Owner::Other { name: "lamplight".to_owned(), uid: 900, gid: 901 })
        );
        assert_eq!(Owner::among("root:x:0:0::/:/bin/sh\n"), None);
    }

    #[test]
    fn a_closed_folder_is_named() {
        let base = std::env::temp_dir().join(format!("embedded-owner-{}", std::process::id()));
        let inner = base.join("closed/inner");
        fs::create_dir_all(&inner).unwrap();
        fs::set_permissions(base.join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
        let stranger = Owner::Other { name: "stranger".to_owned(), uid: 4_000_000, gid: 4_000_000 };
        let error = stranger.must_enter(&inner).unwrap_err();
        assert!(error.to_string().contains("stranger") && error.to_string().contains("closed"), "{error}");
        fs::set_permissions(base.join("closed"), fs::Permissions::from_mode(0o711)).unwrap();
        stranger.must_enter(&inner).unwrap();
        fs::remove_dir_all(&base).unwrap();
    }
}
