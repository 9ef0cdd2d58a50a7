//! The roles that come with the program (MISSION 15, 16). An organization gets copies of those in its kit, edits them
//! and adds its own; what is here decides nothing by itself.

use crate::Permission::{
    self, AuditOwn, AuditReport, ChartRead, ChartSearch, ChartWrite, ClassCounselling, ClassSubstanceUse,
    DirectoryWrite, EmergencyAccess, EmergencyReview, FiguresRead, LettersWrite, MedicationsGive,
    MedicationsWitness, NotesCoSign, NotesWrite, OrganizationManage, PeopleEnd, PeopleInvite, PeopleRead,
    PeopleReview, RecordsErase, RecordsKeep, RecordsRestricted, RelationshipsEdit, RolesEdit, SharingApprove,
    ShiftWork,
};
use crate::{PermissionSet, Purpose};

/// Which door a role comes in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Above all organizations.
    Platform,
    /// Who works at the organization.
    Staff,
    /// Who comes from outside: patients, families, partners.
    Portal,
}

impl Plane {
    /// As it is stored.
    pub fn key(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Staff => "staff",
            Self::Portal => "portal",
        }
    }
}

/// Whose records a role reaches, within its facilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nobody's.
    Nobody,
    /// Everyone's at the facility.
    Facility,
    /// Those it is tied to in this way.
    Related(Tie),
}

/// A tie to one patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// Cares for them.
    CareTeam,
    /// Represents them.
    Client,
    /// Referred them.
    Referral,
    /// Is one of theirs.
    Family,
    /// Is the patient.
    Own,
}

impl Tie {
    /// Every tie.
    pub const ALL: [Self; 5] = [Self::CareTeam, Self::Client, Self::Referral, Self::Family, Self::Own];

    /// As it is stored.
    pub fn key(self) -> &'static str {
        match self {
            Self::CareTeam => "care-team",
            Self::Client => "client",
            Self::Referral => "referral",
            Self::Family => "family",
            Self::Own => "self",
        }
    }

    /// What records are used for by who is tied in this way.
    pub fn purpose(self) -> Purpose {
        match self {
            Self::CareTeam | Self::Referral => Purpose::Treatment,
            Self::Client => Purpose::Legal,
            Self::Family => Purpose::FamilyRequest,
            Self::Own => Purpose::PatientRequest,
        }
    }
}

/// What a role may do.
#[derive(Clone, Copy, Debug)]
enum Held {
    /// Everything but these: who gives roles to others cannot give more than they have.
    AllBut(&'static [Permission]),
    /// These.
    These(&'static [Permission]),
}

/// A role as the program brings it.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    /// Stable; lower-case letters and hyphens.
    pub key: &'static str,
    /// What people read.
    pub title: &'static str,
    /// Which door.
    pub plane: Plane,
    /// Whose records.
    pub reach: Reach,
    held: Held,
    /// What it does not see of the records it reaches: FHIR types (`Condition`) and elements (`Patient.telecom`).
    pub hidden: &'static [&'static str],
}

impl Role {
    /// What it may do.
    pub fn permissions(&self) -> PermissionSet {
        match self.held {
            Held::AllBut(list) => Permission::ALL.into_iter().filter(|key| !list.contains(key)).collect(),
            Held::These(list) => list.iter().copied().collect(),
        }
    }

    /// What it uses records for, as its requests say when they say nothing else. An organization's copy has the same
    /// (`org.role.purpose`).
    pub fn purpose(&self) -> Purpose {
        match (self.key, self.reach) {
            ("platform-administrator", _) => Purpose::Administration,
            ("biller", _) => Purpose::Payment,
            ("privacy-officer", _) => Purpose::Operations,
            (_, Reach::Related(tie)) => tie.purpose(),
            _ => Purpose::Treatment,
        }
    }

    /// The role with this key.
    pub fn find(key: &str) -> Option<&'static Self> {
        ROLES.iter().find(|role| role.key == key)
    }
}

/// Reading, and inviting below oneself: every role of the staff may (MISSION 19).
const AIDE: &[Permission] = &[
    ChartRead,
    ChartSearch,
    ChartWrite,
    PeopleRead,
    PeopleInvite,
    PeopleEnd,
    EmergencyAccess,
    NotesWrite,
    ShiftWork,
    MedicationsGive,
    MedicationsWitness,
    LettersWrite,
];
const CARE: &[Permission] = &[
    ChartRead,
    ChartSearch,
    ChartWrite,
    AuditOwn,
    PeopleRead,
    PeopleInvite,
    PeopleEnd,
    RelationshipsEdit,
    EmergencyAccess,
    NotesWrite,
    NotesCoSign,
    ShiftWork,
    MedicationsGive,
    MedicationsWitness,
    LettersWrite,
];
const PHYSICIAN: &[Permission] = &[
    ChartRead,
    ChartSearch,
    ChartWrite,
    ClassCounselling,
    AuditOwn,
    PeopleRead,
    PeopleInvite,
    PeopleEnd,
    RelationshipsEdit,
    EmergencyAccess,
    NotesWrite,
    NotesCoSign,
    SharingApprove,
    LettersWrite,
];
const FRONT_DESK: &[Permission] = &[
    ChartRead,
    ChartSearch,
    ChartWrite,
    DirectoryWrite,
    AuditOwn,
    PeopleRead,
    PeopleInvite,
    PeopleEnd,
    RelationshipsEdit,
    LettersWrite,
];
const BILLER: &[Permission] = &[ChartRead, ChartSearch, PeopleRead, PeopleInvite, PeopleEnd];
const AUDITOR: &[Permission] = &[
    ChartRead,
    ChartSearch,
    ClassSubstanceUse,
    ClassCounselling,
    AuditReport,
    PeopleRead,
    PeopleInvite,
    PeopleEnd,
    EmergencyReview,
    FiguresRead,
    PeopleReview,
    RecordsKeep,
    RecordsRestricted,
    RecordsErase,
];
/// A relative sees what was approved, and writes to the care team. Who lets relatives in has this too, to be able to give it.
const FAMILY: &[Permission] = &[ChartRead, ChartSearch, LettersWrite];
/// A patient also sees who saw their record. Who lets patients in has this too, to be able to give it; it opens nothing
/// to a post that is no patient's own.
const PATIENT: &[Permission] = &[ChartRead, ChartSearch, AuditOwn];
/// A firm has people of its own.
const PARTNER: &[Permission] = &[ChartRead, ChartSearch, PeopleInvite, PeopleEnd];
const PARTNER_WITHOUT_CHART: &[Permission] = &[PeopleInvite, PeopleEnd];

/// Figures, and no record that they are made of.
const EXECUTIVE: &[Permission] = &[FiguresRead, PeopleRead, PeopleInvite, PeopleEnd];

/// Clinical types, which a front desk and a biller have no need of.
const CLINICAL: &[&str] = &[
    "AdverseEvent",
    "AllergyIntolerance",
    "CarePlan",
    "ClinicalImpression",
    "Communication",
    "Composition",
    "DiagnosticReport",
    "DocumentReference",
    "FamilyMemberHistory",
    "Immunization",
    "MedicationAdministration",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "QuestionnaireResponse",
    "RiskAssessment",
    "ServiceRequest",
];
/// A claim needs diagnoses and procedures; an appointment does not.
const FRONT_DESK_HIDDEN: &[&str] = &[
    "AdverseEvent",
    "AllergyIntolerance",
    "CarePlan",
    "ClinicalImpression",
    "Communication",
    "Composition",
    "Condition",
    "DiagnosticReport",
    "DocumentReference",
    "FamilyMemberHistory",
    "Immunization",
    "MedicationAdministration",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Procedure",
    "QuestionnaireResponse",
    "RiskAssessment",
    "ServiceRequest",
];

const fn staff(key: &'static str, title: &'static str, reach: Reach, held: &'static [Permission]) -> Role {
    Role { key, title, plane: Plane::Staff, reach, held: Held::These(held), hidden: &[] }
}

const fn portal(key: &'static str, title: &'static str, tie: Tie, held: &'static [Permission]) -> Role {
    let reach = Reach::Related(tie);
    Role { key, title, plane: Plane::Portal, reach, held: Held::These(held), hidden: &[] }
}

const fn manager(key: &'static str, title: &'static str, without: &'static [Permission]) -> Role {
    let reach = Reach::Facility;
    Role { key, title, plane: Plane::Staff, reach, held: Held::AllBut(without), hidden: &[] }
}

/// Every role of MISSION 15, in its order.
pub static ROLES: [Role; 16] = [
    Role {
        key: "platform-administrator",
        title: "Platform administrator",
        plane: Plane::Platform,
        reach: Reach::Nobody,
        held: Held::These(&[]),
        hidden: &[],
    },
    manager("organization-administrator", "Organization administrator", &[]),
    manager("facility-administrator", "Facility administrator", &[RolesEdit, OrganizationManage]),
    staff("executive", "Executive", Reach::Nobody, EXECUTIVE),
    staff("physician", "Physician", Reach::Related(Tie::CareTeam), PHYSICIAN),
    staff("prescriber", "Prescriber", Reach::Related(Tie::CareTeam), PHYSICIAN),
    staff("nurse", "Nurse", Reach::Facility, CARE),
    staff("care-aide", "Care aide", Reach::Facility, AIDE),
    Role { hidden: FRONT_DESK_HIDDEN, ..staff("front-desk", "Front desk", Reach::Facility, FRONT_DESK) },
    Role { hidden: CLINICAL, ..staff("biller", "Biller", Reach::Facility, BILLER) },
    staff("privacy-officer", "Privacy officer", Reach::Facility, AUDITOR),
    // What is ordered from them is all they see, and orders come with their own area.
    Role { reach: Reach::Nobody, ..portal("supplier", "Supplier", Tie::Client, PARTNER_WITHOUT_CHART) },
    portal("referring-doctor", "Referring doctor", Tie::Referral, PARTNER),
    portal("attorney", "Attorney", Tie::Client, PARTNER),
    portal("patient", "Patient", Tie::Own, PATIENT),
    portal("family-member", "Family member", Tie::Family, FAMILY),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_there_once_and_plain() {
        for role in &ROLES {
            assert!(role.key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", role.key);
            assert!(std::ptr::eq(Role::find(role.key).unwrap(), role), "{}", role.key);
        }
        assert!(Role::find("nurses").is_none());
    }

    #[test]
    fn nothing_is_held_that_the_plane_or_the_reach_forbids() {
        let outside: PermissionSet = PARTNER.iter().chain(PATIENT).chain(FAMILY).copied().collect();
        for role in &ROLES {
            let held = role.permissions();
            match role.plane {
                Plane::Platform => assert_eq!(held, PermissionSet::default()),
                Plane::Portal => assert!(held.iter().all(|key| outside.contains(key)), "{}", role.key),
                Plane::Staff => {}
            }
            if role.reach == Reach::Nobody {
                assert!(!held.contains(ChartRead), "{}: reads a chart of nobody", role.key);
            }
        }
    }

    #[test]
    fn substance_use_is_nobodys_by_default_but_those_who_answer_for_it() {
        let clears: Vec<&str> = ROLES
            .iter()
            .filter(|role| role.permissions().contains(ClassSubstanceUse))
            .map(|role| role.key)
            .collect();
        assert_eq!(clears, ["organization-administrator", "facility-administrator", "privacy-officer"]);
    }

    #[test]
    fn who_lets_patients_in_can_give_them_what_a_patient_has() {
        let patient = Role::find("patient").unwrap().permissions();
        for role in ROLES.iter().filter(|role| role.permissions().contains(RelationshipsEdit)) {
            assert!(patient.iter().all(|key| role.permissions().contains(key)), "{}", role.key);
        }
        let relative = Role::find("family-member").unwrap().permissions();
        for role in ROLES.iter().filter(|role| role.permissions().contains(RelationshipsEdit)) {
            assert!(relative.iter().all(|key| role.permissions().contains(key)), "{}", role.key);
        }
        assert!(!Role::find("family-member").unwrap().permissions().contains(AuditOwn));
    }

    #[test]
    fn every_role_but_the_patients_side_invites_below_itself() {
        for role in ROLES.iter().filter(|role| role.plane != Plane::Platform) {
            let theirs = matches!(role.reach, Reach::Related(Tie::Own | Tie::Family));
            assert_eq!(role.permissions().contains(PeopleInvite), !theirs, "{}", role.key);
        }
        assert!(!Role::find("nurse").unwrap().permissions().contains(Permission::ChartDelete));
        assert!(!Role::find("facility-administrator").unwrap().permissions().contains(RolesEdit));
    }
}
