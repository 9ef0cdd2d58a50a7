//! The registry of permission keys. A key is `area.verb`; `docs/guides/permissions.md` says how to add one.

use std::str::FromStr;

macro_rules! permissions {
    ($(#[doc = $doc:literal] $name:ident = $key:literal,)*) => {
        /// A permission. Its key is `area.verb`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission {
            $(#[doc = $doc] $name,)*
        }

        impl Permission {
            /// The whole registry.
            pub const ALL: [Self; permissions!(@count $($name)*)] = [$(Self::$name,)*];

            /// The stable key.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }

            /// What it allows, in words.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $doc,)* }.trim()
            }
        }
    };
    (@count $($name:ident)*) => { [$(permissions!(@one $name)),*].len() };
    (@one $name:ident) => { () };
}

permissions! {
    /// Read a record of a chart, its past versions included.
    ChartRead = "chart.read",
    /// Search and list records.
    ChartSearch = "chart.search",
    /// Create and update records.
    ChartWrite = "chart.write",
    /// Delete records (a tombstone; the past stays).
    ChartDelete = "chart.delete",
    /// Take records out in bulk.
    ChartExport = "chart.export",
    /// Bring records in in bulk.
    ChartImport = "chart.import",
    /// See substance-use treatment records (42 CFR Part 2).
    ClassSubstanceUse = "class.substance-use",
    /// See counselling and psychotherapy notes.
    ClassCounselling = "class.counselling",
    /// Write rows that belong to the organization as a whole (practitioners, locations).
    DirectoryWrite = "directory.write",
    /// See who saw a record.
    AuditReport = "audit.report",
    /// See who saw one's own record.
    AuditOwn = "audit.own",
    /// See who has a post in the organization.
    PeopleRead = "people.read",
    /// Offer someone a post below one's own, and change those below, with no more than one's own grants.
    PeopleInvite = "people.invite",
    /// End a post below one's own.
    PeopleEnd = "people.end",
    /// Administer the organization: change and end any post in it.
    OrganizationManage = "organization.manage",
    /// Tie posts to patients: care teams, attorneys, referrals, families, the patient's own.
    RelationshipsEdit = "relationships.edit",
    /// Move patients, with everything of theirs, between facilities.
    PatientsReassign = "patients.reassign",
    /// Make one record of two of the same patient, and undo it.
    PatientsMerge = "patients.merge",
    /// Change the organization's roles, with everyone who has them.
    RolesEdit = "roles.edit",
    /// Say what of a patient's record a relative sees.
    SharingApprove = "sharing.approve",
    /// Reach one patient in an emergency, for at most an hour.
    EmergencyAccess = "emergency.access",
    /// Review emergency access.
    EmergencyReview = "emergency.review",
    /// Write notes from templates and sign them in one's own name.
    NotesWrite = "notes.write",
    /// Sign beside the author of a note.
    NotesCoSign = "notes.co-sign",
    /// Make, publish and retire the templates of notes.
    TemplatesEdit = "templates.edit",
    /// Work a shift: see its queue, report incidents, hand over and receive.
    ShiftWork = "shift.work",
    /// Review incidents and close them.
    IncidentsReview = "incidents.review",
    /// Give medications, hold their orders, and keep the counts of controlled ones.
    MedicationsGive = "medications.give",
    /// Be the second person where controlled medications are wasted, counted or given.
    MedicationsWitness = "medications.witness",
    /// Bring patients and what is known of them in from spreadsheets, and undo that.
    SheetsImport = "sheets.import",
    /// See figures of facilities: how many, when and where; no records and no names.
    FiguresRead = "figures.read",
    /// Review who has which access, and sign that it was reviewed.
    PeopleReview = "people.review",
    /// Write to a patient's family, and as one of it to the care team.
    LettersWrite = "letters.write",
    /// Hold records for a legal matter, restrict them, and see what stands in the way of erasing them.
    RecordsKeep = "records.keep",
    /// Look at restricted records for a legal reason.
    RecordsRestricted = "records.restricted",
    /// Ask for a record to be erased.
    RecordsErase = "records.erase",
    /// Approve that a record is erased that somebody else asked for.
    RecordsApprove = "records.approve",
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// Every permission there is.
    pub fn all() -> Self {
        Permission::ALL.into_iter().collect()
    }

    /// Whether it holds `permission`.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u64) != 0
    }

    /// The permissions held, in the order of the registry.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |set, permission| set | 1 << permission as u64))
    }
}

/// No permission has this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPermission(pub String);

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(key: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.key() == key)
            .ok_or_else(|| UnknownPermission(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_the_convention_and_are_unique() {
        let mut keys: Vec<_> = Permission::ALL.into_iter().map(Permission::key).collect();
        for key in &keys {
            let (area, verb) = key.split_once('.').unwrap();
            let plain =
                |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            assert!(plain(area) && plain(verb), "{key}");
        }
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), Permission::ALL.len());
    }

    #[test]
    fn a_key_names_its_permission() {
        for permission in Permission::ALL {
            assert_eq!(permission.key().parse(), Ok(permission));
        }
        assert!("chart.*".parse::<Permission>().is_err());
    }
}
