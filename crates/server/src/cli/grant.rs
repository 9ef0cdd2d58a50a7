//! What is granted, and where, as several commands are told.

use clap::{ArgGroup, Args};
use kernel::FacilityId;
use policy::{Permission, PermissionSet};

use super::session::Session;

#[derive(Args)]
#[command(group = ArgGroup::new("where").required(true).args(["facility", "all_facilities"]))]
#[command(group = ArgGroup::new("what").required(true).args(["permission", "all"]))]
pub(super) struct Options {
    /// Where, by code; may be repeated
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    facility: Vec<String>,
    /// At every facility there is now
    #[arg(long)]
    all_facilities: bool,
    /// What may be done; may be repeated
    #[arg(long, value_name = "KEY", value_delimiter = ',', value_parser = permission)]
    permission: Vec<Permission>,
    /// Everything may be done
    #[arg(long)]
    all: bool,
}

impl Options {
    /// The permissions named.
    pub(super) fn permissions(&self) -> PermissionSet {
        if self.all { PermissionSet::all() } else { self.permission.iter().copied().collect() }
    }

    /// The facilities named, of the session's organization.
    pub(super) fn facilities(&self, session: &Session) -> eyre::Result<Vec<FacilityId>> {
        session.choose(&self.facility)
    }
}

/// Reads a permission's key.
pub(super) fn permission(key: &str) -> Result<Permission, String> {
    key.parse().map_err(|_| {
        let keys: Vec<&str> = Permission::ALL.into_iter().map(Permission::key).collect();
        format!("no permission has this key; there are {}", keys.join(", "))
    })
}
