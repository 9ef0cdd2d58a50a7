//! What every command needs to find the installation.

use std::env;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{BackupTool, CustodyOptions, Error};

/// How strict to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// On a developer's machine or for a demonstration: invented people only.
    #[default]
    Development,
    /// With real people's data: what is unsafe there is refused.
    Production,
}

/// Where the installation is. It has no `Debug`: the addresses hold passwords.
#[derive(Clone, Args)]
#[command(next_help_heading = "Installation")]
pub struct BootOptions {
    /// The folder of the installation: root key, private PostgreSQL [default: /var/lib/lamplight for root, else
    /// lamplight in the user's data folder]
    #[arg(long, env = "LAMPLIGHT_DATA_DIR", value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// The root key [default: root.key in the data folder]
    #[arg(long, env = "LAMPLIGHT_ROOT_KEY_FILE", value_name = "FILE", global = true)]
    pub root_key_file: Option<PathBuf>,
    /// The runtime role's login at a PostgreSQL of your own, instead of the private one; better given in the variable,
    /// which other users cannot see
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    /// The login of the role `lamplight_platform` there; without, this program does not serve the plane above
    /// organizations (`/platform`)
    #[arg(long, env = "DATABASE_PLATFORM_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub database_platform_url: Option<String>,
    /// The login of the role `lamplight_sealer` there; without, this program does not seal the audit log
    #[arg(long, env = "DATABASE_SEALER_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub database_sealer_url: Option<String>,
    /// The key that the audit log is sealed with [default: audit.key in the data folder]
    #[arg(long, env = "LAMPLIGHT_AUDIT_KEY_FILE", value_name = "FILE", global = true)]
    pub audit_key_file: Option<PathBuf>,
    /// The owner's login there, for migrations and the operator's commands
    #[arg(long, env = "DATABASE_OWNER_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub database_owner_url: Option<String>,
    /// The runtime role's login at the database of the keyring, best in another PostgreSQL with backups of its own: without,
    /// the keyring is in the main database, and who is erased comes back with an older backup of it
    #[arg(long, env = "LAMPLIGHT_KEYRING_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub keyring_url: Option<String>,
    /// The owner's login there, for migrations and the operator's commands
    #[arg(
        long,
        env = "LAMPLIGHT_KEYRING_OWNER_URL",
        value_name = "URL",
        hide_env_values = true,
        global = true
    )]
    pub keyring_owner_url: Option<String>,
    /// Certificates (PEM) to trust there, instead of the public ones
    #[arg(long, env = "DATABASE_CA_FILE", value_name = "FILE", global = true)]
    pub database_ca_file: Option<PathBuf>,
    /// Addresses and logins of organizations' own databases that are not beside the main one: a line each, `database
    /// runtime-url owner-url sealer-url`; readable by you alone
    #[arg(long, env = "LAMPLIGHT_PLACEMENTS_FILE", value_name = "FILE", global = true)]
    pub placements_file: Option<PathBuf>,
    /// The folder, best on another machine, that the private PostgreSQL is backed up to, and its log as it is written; kept
    /// in mind in the data folder until another one is named, or `none`
    #[arg(long, env = "LAMPLIGHT_BACKUP_DIR", value_name = "DIR", global = true)]
    pub backup_dir: Option<PathBuf>,
    /// What takes backups into a folder that has none yet [default: pgBackRest where it is on the machine]
    #[arg(long, env = "LAMPLIGHT_BACKUP_TOOL", value_enum, value_name = "TOOL", global = true)]
    pub backup_tool: Option<BackupTool>,
    /// What keeps organizations' wrapping keys
    #[command(flatten)]
    pub custody: CustodyOptions,
    /// How strict to be: production refuses what is unsafe with real people's data
    #[arg(
        long = "env",
        env = "LAMPLIGHT_ENV",
        value_enum,
        value_name = "NAME",
        default_value = "development",
        global = true
    )]
    pub environment: Environment,
}

impl BootOptions {
    /// Whether real people's data is to be expected.
    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }

    /// Whether the key that seals the audit log would lie beside the log.
    pub fn audit_key_beside_log(&self) -> bool {
        let seals = self.database_sealer_url.is_some()
            || self.database_url.is_none() && self.database_owner_url.is_none();
        seals && self.audit_key_file.is_none()
    }

    /// Whether nothing but the sealed log is to be seen: no login but that of the role `lamplight_sealer` is known.
    pub(super) fn is_log_alone(&self) -> bool {
        self.database_sealer_url.is_some() && self.database_url.is_none() && self.database_owner_url.is_none()
    }

    /// Refuses what no production installation may have.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.is_production() && self.root_key_file.is_none() {
            return Err(Error::Production(
                "the root key would lie beside the data it seals; keep it elsewhere and name it in \
                 LAMPLIGHT_ROOT_KEY_FILE",
            ));
        }
        Ok(())
    }

    /// The data folder.
    pub(super) fn folder(&self) -> Result<PathBuf, Error> {
        if let Some(folder) = &self.data_dir {
            return std::path::absolute(folder)
                .map_err(|source| Error::Io { what: format!("find {}", folder.display()), source });
        }
        if embedded::is_root()? {
            return Ok(PathBuf::from("/var/lib/lamplight"));
        }
        let set = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")));
        Ok(base.ok_or(Error::NoHome)?.join("lamplight"))
    }
}
