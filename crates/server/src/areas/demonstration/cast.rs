//! Who they are: pure. Places and residents are numbers in the plan of the demonstration's world.

use policy::Tie;

use crate::areas::medications::Stocked;

/// A part in the demonstration.
pub(super) struct Part {
    /// Stable; the app's catalogue tells by it what they may do.
    pub(super) key: &'static str,
    pub(super) name: Name,
    pub(super) posts: &'static [Post],
}

/// What they are called.
pub(super) enum Name {
    Is(&'static str),
    /// As the resident of this place and number.
    Resident(usize, u32),
    /// As that resident's next of kin.
    KinOf(usize, u32),
}

/// A post of theirs.
pub(super) struct Post {
    /// The kit's role.
    pub(super) role: &'static str,
    /// The part whose first post is right above it.
    pub(super) below: Option<&'static str>,
    pub(super) places: &'static [usize],
    /// Whose patients are theirs, by place and number.
    pub(super) tied: Option<(Tie, &'static [(usize, u32)])>,
}

const ALL: &[usize] = &[0, 1, 2, 3, 4];
/// Those of the facility administrator, the nurse and the physicians.
const TWO: &[usize] = &[0, 1];
const ONE: &[usize] = &[0];

const fn part(key: &'static str, name: &'static str, posts: &'static [Post]) -> Part {
    Part { key, name: Name::Is(name), posts }
}

const fn post(role: &'static str, below: &'static str, places: &'static [usize]) -> Post {
    Post { role, below: Some(below), places, tied: None }
}

const fn tied(
    role: &'static str,
    below: &'static str,
    places: &'static [usize],
    tie: Tie,
    patients: &'static [(usize, u32)],
) -> Post {
    Post { role, below: Some(below), places, tied: Some((tie, patients)) }
}

const ADMINISTRATOR: &str = "organization-administrator";
const FACILITY: &str = "facility-administrator";

/// Everyone; who is above comes first.
pub(super) static CAST: [Part; 16] = [
    part(
        ADMINISTRATOR,
        "Samuel Whitfield",
        &[Post { role: ADMINISTRATOR, below: None, places: ALL, tied: None }],
    ),
    part(FACILITY, "Ruth Alvarez", &[post(FACILITY, ADMINISTRATOR, TWO)]),
    part("nurse", "Maria Okafor", &[post("nurse", FACILITY, TWO)]),
    part("care-aide", "Daniel Reyes", &[post("care-aide", FACILITY, ONE)]),
    part(
        "physician",
        "Helen Marsh",
        &[tied(
            "physician",
            FACILITY,
            TWO,
            Tie::CareTeam,
            &[(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0, 6), (0, 7), (1, 0), (1, 1), (1, 2)],
        )],
    ),
    part(
        "prescriber",
        "Priya Nair",
        &[tied("prescriber", FACILITY, TWO, Tie::CareTeam, &[(0, 0), (0, 8), (0, 9), (1, 3)])],
    ),
    part("front-desk", "Thomas Becker", &[post("front-desk", FACILITY, ONE)]),
    part("biller", "Grace Lin", &[post("biller", ADMINISTRATOR, ALL)]),
    part("executive", "Claire Dubois", &[post("executive", ADMINISTRATOR, ALL)]),
    part("privacy-officer", "Owen Hughes", &[post("privacy-officer", ADMINISTRATOR, ALL)]),
    // Two posts, to be had in two tabs.
    part(
        "nurse-and-daughter",
        "Sofia Marin",
        &[
            post("nurse", ADMINISTRATOR, &[2]),
            tied("family-member", ADMINISTRATOR, ONE, Tie::Family, &[(0, 2)]),
        ],
    ),
    Part {
        key: "patient",
        name: Name::Resident(0, 0),
        posts: &[tied("patient", FACILITY, ONE, Tie::Own, &[(0, 0)])],
    },
    Part {
        key: "family-member",
        name: Name::KinOf(0, 1),
        posts: &[tied("family-member", FACILITY, ONE, Tie::Family, &[(0, 1)])],
    },
    part("attorney", "Nathan Cole", &[tied("attorney", ADMINISTRATOR, TWO, Tie::Client, &[(0, 3), (1, 0)])]),
    part(
        "referring-doctor",
        "Amir Haddad",
        &[tied("referring-doctor", ADMINISTRATOR, TWO, Tie::Referral, &[(0, 4), (1, 1)])],
    ),
    part("supplier", "Lena Park", &[post("supplier", ADMINISTRATOR, ONE)]),
];

const fn counted(medication: &'static str, code: &'static str, place: &'static str, tablets: i64) -> Stocked {
    Stocked { medication, code, unit: "tablet", place, amount: tablets * 1_000 }
}

/// What each house counts: of what the demonstration's orders are, by RxNorm's codes.
pub(super) static STOCK: [Stocked; 3] = [
    counted("Tramadol 50 mg tablet", "835603", "Medication cart 1", 120),
    counted("Oxycodone 5 mg tablet", "1049621", "Safe", 60),
    counted("Lorazepam 0.5 mg tablet", "197900", "Medication cart 1", 90),
];

/// What was approved for relatives in the demonstration.
pub(super) const SHARED: [&str; 14] = [
    "Patient.name",
    "Patient.birthDate",
    "Patient.gender",
    "Patient.photo",
    "AllergyIntolerance",
    "CarePlan",
    "Condition",
    "DocumentReference",
    "Encounter",
    "Goal",
    "Immunization",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
];

#[cfg(test)]
mod tests {
    use policy::{Reach, Role};

    use super::*;

    #[test]
    fn every_part_has_a_role_of_the_kit_and_the_tie_of_its_role() {
        let kit = crate::kits::Kit::find("senior-care").unwrap().roles();
        for (at, part) in CAST.iter().enumerate() {
            assert!(CAST[..at].iter().all(|other| other.key != part.key), "{}", part.key);
            for post in part.posts {
                assert!(kit.iter().any(|role| role.key == post.role), "{}", post.role);
                let above = |key| CAST[..at].iter().find(|other| other.key == key);
                let held =
                    post.below.map(|key| above(key).expect("who is above comes first").posts[0].places);
                assert!(post.places.iter().all(|place| held.is_none_or(|held| held.contains(place))));
                let tie = match Role::find(post.role).unwrap().reach {
                    Reach::Related(tie) => Some(tie),
                    Reach::Nobody | Reach::Facility => None,
                };
                assert_eq!(post.tied.map(|(tie, _)| tie), tie, "{}", part.key);
                let there = |(place, _): &(usize, u32)| post.places.contains(place);
                assert!(post.tied.is_none_or(|(_, patients)| patients.iter().all(there)), "{}", part.key);
            }
        }
        for role in kit {
            assert!(CAST.iter().any(|part| part.key == role.key), "nobody shows what a {} sees", role.key);
        }
    }
}
