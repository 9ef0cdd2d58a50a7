//! Why data is used: HL7 v3 PurposeOfUse (<https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html>), ADR 0017.

use std::str::FromStr;

use kernel::DataClass;

use crate::{Plane, Tie};

/// Why data is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Treatment.
    Treatment,
    /// Payment.
    Payment,
    /// Health-care operations: imports, exports, audits.
    Operations,
    /// A legal matter.
    Legal,
    /// The patient asks.
    PatientRequest,
    /// The patient's family asks.
    FamilyRequest,
    /// System administration: the operator's alone.
    Administration,
    /// Emergency access to one patient: by an emergency alone.
    BreakGlass,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::Treatment,
        Self::Payment,
        Self::Operations,
        Self::Legal,
        Self::PatientRequest,
        Self::FamilyRequest,
        Self::Administration,
        Self::BreakGlass,
    ];

    /// The code of the v3 PurposeOfUse code system.
    pub fn code(self) -> &'static str {
        match self {
            Self::Treatment => "TREAT",
            Self::Payment => "HPAYMT",
            Self::Operations => "HOPERAT",
            Self::Legal => "HLEGAL",
            Self::PatientRequest => "PATRQT",
            Self::FamilyRequest => "FAMRQT",
            Self::Administration => "HSYSADMIN",
            Self::BreakGlass => "BTG",
        }
    }

    /// What a post uses records for when no role says it: who comes from outside, what ties them to their patients. Of
    /// several ties the one that opens least counts.
    pub fn of_ties(plane: Plane, ties: &[Tie]) -> Self {
        let purposes = ties.iter().map(|tie| tie.purpose());
        match plane {
            Plane::Staff | Plane::Platform => Self::Treatment,
            Plane::Portal => purposes.min_by_key(|purpose| purpose.weight()).unwrap_or(Self::Treatment),
        }
    }

    /// Of two the one that opens less.
    #[must_use]
    pub fn narrower(self, other: Self) -> Self {
        if other.weight() < self.weight() { other } else { self }
    }

    fn weight(self) -> u8 {
        match self {
            Self::Legal => 0,
            Self::FamilyRequest => 1,
            Self::PatientRequest => 2,
            _ => 3,
        }
    }

    /// Whether a request of a post on this plane, which uses records for `own`, may say that it is for `wanted`. Who
    /// comes from outside has the one purpose they were let in for; who pays bills or audits claims no treatment.
    pub fn may_claim(plane: Plane, own: Self, wanted: Self) -> bool {
        use Purpose::{FamilyRequest, Legal, Operations, PatientRequest, Payment, Treatment};
        wanted == own
            || match (plane, own) {
                (Plane::Portal | Plane::Platform, _) => false,
                (Plane::Staff, Treatment) => {
                    matches!(wanted, Payment | Operations | Legal | PatientRequest | FamilyRequest)
                }
                (Plane::Staff, Payment) => wanted == Operations,
                (Plane::Staff, Operations) => matches!(wanted, Legal | PatientRequest),
                (Plane::Staff, _) => false,
            }
    }

    /// Whether records of this class may be used for it at all, whatever grants say (42 CFR 2.12, 2.33, 2.51, 2.61).
    pub fn reaches(self, class: DataClass) -> bool {
        class != DataClass::SubstanceUse
            || matches!(
                self,
                Self::Treatment | Self::PatientRequest | Self::BreakGlass | Self::Payment | Self::Operations
            )
    }
}

/// No purpose has this code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownPurpose;

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(code: &str) -> Result<Self, UnknownPurpose> {
        Self::ALL.into_iter().find(|purpose| purpose.code() == code).ok_or(UnknownPurpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ROLES;

    #[test]
    fn a_code_names_its_purpose() {
        for purpose in Purpose::ALL {
            assert_eq!(purpose.code().parse(), Ok(purpose));
        }
        assert_eq!("treat".parse::<Purpose>(), Err(UnknownPurpose));
    }

    #[test]
    fn a_role_uses_records_for_what_it_is_there_for() {
        let expected = |key: &str| match key {
            "patient" => "PATRQT",
            "family-member" => "FAMRQT",
            "attorney" => "HLEGAL",
            "biller" => "HPAYMT",
            "privacy-officer" => "HOPERAT",
            "platform-administrator" => "HSYSADMIN",
            _ => "TREAT",
        };
        for role in &ROLES {
            assert_eq!(role.purpose().code(), expected(role.key), "{}", role.key);
        }
    }

    /// Who may say what, in full.
    #[test]
    fn a_post_claims_what_it_may_and_nothing_else() {
        let table: [(Plane, &str, &[&str]); 9] = [
            (Plane::Staff, "TREAT", &["TREAT", "HPAYMT", "HOPERAT", "HLEGAL", "PATRQT", "FAMRQT"]),
            (Plane::Staff, "HPAYMT", &["HPAYMT", "HOPERAT"]),
            (Plane::Staff, "HOPERAT", &["HOPERAT", "HLEGAL", "PATRQT"]),
            (Plane::Staff, "HLEGAL", &["HLEGAL"]),
            (Plane::Portal, "TREAT", &["TREAT"]),
            (Plane::Portal, "PATRQT", &["PATRQT"]),
            (Plane::Portal, "FAMRQT", &["FAMRQT"]),
            (Plane::Portal, "HLEGAL", &["HLEGAL"]),
            (Plane::Platform, "HSYSADMIN", &["HSYSADMIN"]),
        ];
        for (plane, own, claimed) in table {
            let own = own.parse().unwrap();
            let may: Vec<&str> = Purpose::ALL
                .into_iter()
                .filter(|wanted| Purpose::may_claim(plane, own, *wanted))
                .map(Purpose::code)
                .collect();
            let mut expected = claimed.to_vec();
            expected.sort_unstable_by_key(|code| {
                Purpose::ALL.into_iter().position(|purpose| purpose.code() == *code)
            });
            assert_eq!(may, expected, "{plane:?} {own:?}");
        }
    }

    #[test]
    fn of_several_ties_the_one_that_opens_least_counts() {
        let of = |ties: &[Tie]| Purpose::of_ties(Plane::Portal, ties).code();
        assert_eq!(of(&[]), "TREAT");
        assert_eq!(of(&[Tie::Own]), "PATRQT");
        assert_eq!(of(&[Tie::Own, Tie::Family]), "FAMRQT");
        assert_eq!(of(&[Tie::Family, Tie::Client]), "HLEGAL");
        assert_eq!(of(&[Tie::Referral]), "TREAT");
        assert_eq!(Purpose::of_ties(Plane::Staff, &[Tie::Client]).code(), "TREAT");
    }
}
