//! What people on the plane above organizations may do there. A registry of its own: no role of an organization can hold
//! one of these keys, and none of these opens a chart.

use std::str::FromStr;

use crate::UnknownPermission;

/// A permission on the plane. Its key is `platform.verb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlatformPermission {
    /// See organizations, figures, sessions and health, as counts.
    Watch,
    /// Create organizations and change their settings.
    Organizations,
    /// Say what is sold at which price, and which organization has what.
    Plans,
    /// Write announcements.
    Announce,
    /// Ask an organization for support access.
    Support,
    /// Say who else is on the plane.
    Administrators,
}

impl PlatformPermission {
    /// The whole registry.
    pub const ALL: [Self; 6] =
        [Self::Watch, Self::Organizations, Self::Plans, Self::Announce, Self::Support, Self::Administrators];

    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Watch => "platform.watch",
            Self::Organizations => "platform.organizations",
            Self::Plans => "platform.plans",
            Self::Announce => "platform.announce",
            Self::Support => "platform.support",
            Self::Administrators => "platform.administrators",
        }
    }
}

impl FromStr for PlatformPermission {
    type Err = UnknownPermission;

    fn from_str(key: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|permission| permission.key() == key);
        found.ok_or_else(|| UnknownPermission(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Permission;

    #[test]
    fn the_two_registries_share_no_key() {
        for permission in PlatformPermission::ALL {
            assert_eq!(permission.key().parse(), Ok(permission));
            assert!(permission.key().parse::<Permission>().is_err(), "{}", permission.key());
            assert!(permission.key().starts_with("platform."));
        }
        assert!(Permission::ALL.iter().all(|key| !key.key().starts_with("platform.")));
        assert!("chart.read".parse::<PlatformPermission>().is_err());
    }
}
