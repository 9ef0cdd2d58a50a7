//! What an organization can have beside the core, and pay for. What is in use is what its plan holds, less what it
//! switched off; what a post may do is that, and its permissions: three things, asked in one place ([`crate::decide`]).

use std::str::FromStr;

use crate::{Permission, Tie};

/// A part of the product that not everyone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Module {
    /// Patients at their own record.
    PatientPortal,
    /// Relatives at what was approved for them.
    FamilyPortal,
    /// Attorneys at their clients' records.
    AttorneyPortal,
    /// Referring doctors at what they referred.
    ReferralPortal,
    /// Pharmacies and other suppliers.
    SupplierPortal,
    /// Programs: service tokens and OAuth clients.
    Api,
}

impl Module {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::PatientPortal,
        Self::FamilyPortal,
        Self::AttorneyPortal,
        Self::ReferralPortal,
        Self::SupplierPortal,
        Self::Api,
    ];

    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::PatientPortal => "patient-portal",
            Self::FamilyPortal => "family-portal",
            Self::AttorneyPortal => "attorney-portal",
            Self::ReferralPortal => "referral-portal",
            Self::SupplierPortal => "supplier-portal",
            Self::Api => "api",
        }
    }

    /// The part that a post tied to patients in this way belongs to.
    pub fn of_tie(tie: Tie) -> Option<Self> {
        match tie {
            Tie::CareTeam => None,
            Tie::Client => Some(Self::AttorneyPortal),
            Tie::Referral => Some(Self::ReferralPortal),
            Tie::Family => Some(Self::FamilyPortal),
            Tie::Own => Some(Self::PatientPortal),
        }
    }

    /// The part that a permission belongs to; without one it is of the core.
    pub fn of(permission: Permission) -> Option<Self> {
        match permission {
            Permission::SharingApprove | Permission::LettersWrite => Some(Self::FamilyPortal),
            _ => None,
        }
    }
}

impl FromStr for Module {
    type Err = ();

    fn from_str(key: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|module| module.key() == key).ok_or(())
    }
}

/// A set of modules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ModuleSet(u32);

impl ModuleSet {
    /// Every module there is.
    pub fn all() -> Self {
        Module::ALL.into_iter().collect()
    }

    /// Whether it holds `module`.
    pub fn contains(self, module: Module) -> bool {
        self.0 & (1 << module as u32) != 0
    }

    /// Those held.
    pub fn iter(self) -> impl Iterator<Item = Module> {
        Module::ALL.into_iter().filter(move |module| self.contains(*module))
    }
}

impl FromIterator<Module> for ModuleSet {
    fn from_iter<I: IntoIterator<Item = Module>>(modules: I) -> Self {
        Self(modules.into_iter().fold(0, |set, module| set | 1 << module as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_module() {
        for module in Module::ALL {
            assert_eq!(module.key().parse(), Ok(module));
            assert_eq!(ModuleSet::from_iter([module]).iter().collect::<Vec<_>>(), [module]);
        }
        assert!("everything".parse::<Module>().is_err());
    }
}
