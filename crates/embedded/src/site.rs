//! What a program that backs up a private PostgreSQL has to know of it.

use crate::{
    Binaries, Error,
    cluster::{self, SUPERUSER},
    error::During,
    locate,
    owner::{self, Owner},
    settings,
};
use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// A private PostgreSQL that was made, running or not.
#[derive(Debug, Clone)]
pub struct Site {
    /// The folder of the private PostgreSQL.
    pub data_dir: PathBuf,
    /// The cluster's own folder in it.
    pub cluster: PathBuf,
    /// The folder of its socket.
    pub socket_dir: PathBuf,
    /// The programs of the version that made it.
    pub binaries: Binaries,
    /// Whom its files belong to.
    pub owner: Owner,
    /// A file with the superuser's password, as libpq reads it (`PGPASSFILE`); the owner's alone.
    pub passfile: PathBuf,
}

impl Site {
    /// Looks at the private PostgreSQL of `data_dir`.
    ///
    /// # Errors
    /// [`Error::NotRunning`] when none was made there; as [`crate::locate`].
    pub fn of(data_dir: &Path) -> Result<Self, Error> {
        let data_dir = data_dir.canonicalize().during(|| format!("open {}", data_dir.display()))?;
        let none = || Error::NotRunning { data_dir: data_dir.clone() };
        let password = cluster::read_password(&data_dir).ok_or_else(none)?;
        let cluster = data_dir.join("postgres");
        let owner = Owner::choose(owner::our_uid()?, &cluster)?;
        let binaries = locate::locate_major(None, cluster::made_by(&data_dir))?;
        let socket_dir = cluster::known_socket_dir(&data_dir).ok_or_else(none)?;
        let passfile = data_dir.join("postgres.pgpass");
        let site = Self { data_dir, cluster, socket_dir, binaries, owner, passfile };
        site.write(&site.passfile, &format!("*:*:*:{SUPERUSER}:{}\n", password.0))?;
        Ok(site)
    }

    /// The name of the cluster's superuser.
    #[must_use]
    pub fn superuser(&self) -> &'static str {
        SUPERUSER
    }

    /// The port, which here is only a part of the socket's file name.
    #[must_use]
    pub fn port(&self) -> u16 {
        settings::PORT
    }

    /// A command run as the cluster's owner, which libpq lets in.
    #[must_use]
    pub fn command(&self, program: &Path) -> std::process::Command {
        let mut command = self.owner.command(program);
        command.env("PGPASSFILE", &self.passfile);
        command
    }

    /// Replaces a file that is its owner's alone, in one step.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, path: &Path, text: &str) -> Result<(), Error> {
        write_private(&self.owner, path, text)
    }
}

/// Replaces a file that is `owner`'s alone, in one step.
pub(crate) fn write_private(owner: &Owner, path: &Path, text: &str) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = path.with_file_name(name);
    let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh);
    file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .during(|| format!("write {}", fresh.display()))?;
    owner.hand_over(&fresh, 0o600)?;
    fs::rename(&fresh, path).during(|| format!("write {}", path.display()))
}
