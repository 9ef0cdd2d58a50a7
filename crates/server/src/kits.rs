//! Kits: what an organization of a kind begins with. Everything in them is the organization's own from then on.

use db::NewRole;
use policy::{Permission, Plane, ROLES, Reach, Role};
use serde_json::{Value, json};

/// What an organization begins with.
#[derive(Debug)]
pub(crate) struct Kit {
    /// Stable; also the organization's kind.
    pub(crate) key: &'static str,
    /// The keys of its roles.
    roles: &'static [&'static str],
    /// The colour of its pages.
    pub(crate) accent: &'static str,
    /// After how many minutes of nothing a session ends: devices at a bedside are left alone.
    pub(crate) idle_minutes: i32,
    /// After how many hours it ends whatever is done: a shift.
    pub(crate) session_hours: i32,
    /// When its sites are open.
    hours: Hours,
}

/// When a site is open.
#[derive(Clone, Copy, Debug)]
enum Hours {
    /// People live there.
    Always,
    /// Monday to Friday, from and to.
    Weekdays(&'static str, &'static str),
}

/// The role of an organization's first member.
pub(crate) const ADMINISTRATOR: &str = "organization-administrator";

/// Roles that every kind of organization has.
macro_rules! with_common {
    ($($own:literal),* $(,)?) => {
        &[
            "organization-administrator", "facility-administrator", "executive", "physician", "prescriber", "nurse",
            "front-desk", "biller", "privacy-officer", "supplier", "referring-doctor", "attorney", "patient",
            "family-member", $($own),*
        ]
    };
}

/// All of them.
static KITS: [Kit; 4] = [
    Kit {
        key: "senior-care",
        roles: with_common!["care-aide"],
        accent: "#7a4b12",
        idle_minutes: 15,
        session_hours: 12,
        hours: Hours::Always,
    },
    Kit {
        key: "clinic",
        roles: with_common![],
        accent: "#0f5e73",
        idle_minutes: 15,
        session_hours: 10,
        hours: Hours::Weekdays("08:00:00", "18:00:00"),
    },
    Kit {
        key: "behavioral-health",
        roles: with_common![],
        accent: "#4a4a8f",
        idle_minutes: 10,
        session_hours: 10,
        hours: Hours::Weekdays("08:00:00", "20:00:00"),
    },
    Kit {
        key: "home-care",
        roles: with_common!["care-aide"],
        accent: "#2f6b3a",
        idle_minutes: 15,
        session_hours: 12,
        hours: Hours::Always,
    },
];

impl Kit {
    /// The keys of all kits.
    pub(crate) fn keys() -> [&'static str; 4] {
        [KITS[0].key, KITS[1].key, KITS[2].key, KITS[3].key]
    }

    /// The kit with this key.
    pub(crate) fn find(key: &str) -> Option<&'static Self> {
        KITS.iter().find(|kit| kit.key == key)
    }

    /// Its roles as rows.
    pub(crate) fn roles(&self) -> Vec<NewRole<'static>> {
        let counselling = self.key == "behavioral-health";
        ROLES
            .iter()
            .filter(|role| role.plane != Plane::Platform && self.roles.contains(&role.key))
            .map(|role| row(role, counselling))
            .collect()
    }

    /// The hours of its sites: FHIR `Location.hoursOfOperation`.
    pub(crate) fn hours(&self) -> Value {
        match self.hours {
            Hours::Always => {
                json!([{"daysOfWeek": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "allDay": true}])
            }
            Hours::Weekdays(from, to) => json!([{
                "daysOfWeek": ["mon", "tue", "wed", "thu", "fri"], "openingTime": from, "closingTime": to
            }]),
        }
    }
}

/// Where counselling is what the house does, whoever treats people there sees those notes.
fn row(role: &'static Role, counselling: bool) -> NewRole<'static> {
    let treats = matches!(role.key, "physician" | "prescriber" | "nurse");
    let more = (counselling && treats).then_some(Permission::ClassCounselling);
    let held = role.permissions();
    let tie = match role.reach {
        Reach::Related(tie) => Some(tie.key()),
        Reach::Nobody | Reach::Facility => None,
    };
    let permissions = Permission::ALL
        .into_iter()
        .filter(|key| held.contains(*key) || more == Some(*key))
        .map(Permission::key);
    NewRole {
        key: role.key,
        title: role.title,
        plane: role.plane.key(),
        tie,
        permissions: permissions.collect(),
        hidden: role.hidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kit_has_known_roles_its_administrator_and_hours() {
        let mut used = std::collections::BTreeSet::new();
        for kit in &KITS {
            let roles = kit.roles();
            assert_eq!(roles.len(), kit.roles.len(), "{}: a role that nobody knows", kit.key);
            assert!(roles.iter().any(|role| role.key == ADMINISTRATOR), "{}", kit.key);
            let hidden = || roles.iter().flat_map(|role| role.hidden);
            assert!(
                hidden().all(|path| fhir::element::is_path(path)),
                "{}: {:?}",
                kit.key,
                hidden().collect::<Vec<_>>()
            );
            assert!(!kit.hours().as_array().unwrap().is_empty(), "{}", kit.key);
            used.extend(roles.iter().map(|role| role.key));
            assert!(std::ptr::eq(Kit::find(kit.key).unwrap(), kit));
        }
        assert_eq!(used.len(), ROLES.len() - 1, "every role but the platform's is in a kit");
    }

    #[test]
    fn counselling_notes_are_the_nurses_only_where_counselling_is_the_work() {
        let sees = |kit: &str| {
            let nurse = Kit::find(kit).unwrap().roles().into_iter().find(|role| role.key == "nurse");
            nurse.unwrap().permissions.contains(&"class.counselling")
        };
        assert_eq!(Kit::keys().map(sees), [false, false, true, false]);
    }
}
