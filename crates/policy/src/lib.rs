//! Permission keys and the one place that decides; pure.
//!
//! Everything a caller may do is a [`Permission`]; everything they want to do is an [`Action`] on a [`Target`].
//! [`decide`] is the only function that compares the two. The database refuses rows again, by itself.

mod access;
mod action;
pub mod fields;
mod module;
mod permission;
mod platform;
mod purpose;
mod role;

pub use access::What;
pub use action::Action;
pub use module::{Module, ModuleSet};
pub use permission::{Permission, PermissionSet, UnknownPermission};
pub use platform::PlatformPermission;
pub use purpose::{Purpose, UnknownPurpose};
pub use role::{Plane, ROLES, Reach, Role, Tie};

use kernel::{DataClass, FacilityId};

/// What the action is aimed at, as far as it is known before the row is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The facility whose rows are touched; `None` when the row decides (row security then does).
    pub facility: Option<FacilityId>,
    /// The data class; `None` when the row decides.
    pub class: Option<DataClass>,
}

/// What a caller holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    /// The permissions held.
    pub permissions: PermissionSet,
    /// The facilities within reach, without [`FacilityId::WHOLE`].
    pub facilities: Vec<FacilityId>,
    /// Whether only patients with a relationship are within reach.
    pub by_relationship: bool,
    /// What the organization has in use beside the core.
    pub modules: ModuleSet,
    /// The parts that the post itself is of: without one of them it may nothing.
    pub through: ModuleSet,
}

impl Grants {
    /// A part of the product that the post is of and the organization has not.
    pub fn missing_module(&self) -> Option<Module> {
        self.through.iter().find(|module| !self.modules.contains(*module))
    }

    /// What is left where the organization has these parts, of a post that is of those: nothing of a part that it has
    /// not, whatever was granted. So whoever looks at the permissions alone sees none either.
    #[must_use]
    pub fn entitled(self, modules: ModuleSet, through: ModuleSet) -> Self {
        let grants = Self { modules, through, ..self };
        let dead = grants.missing_module().is_some();
        let has =
            |permission: &Permission| Module::of(*permission).is_none_or(|module| modules.contains(module));
        let permissions = grants.permissions.iter().filter(|permission| !dead && has(permission)).collect();
        Self { permissions, ..grants }
    }

    /// Whether records of the class are within reach of who uses them for `purpose`.
    pub fn may_see(&self, purpose: Purpose, class: DataClass) -> bool {
        purpose.reaches(class) && self.holds(class)
    }

    fn holds(&self, class: DataClass) -> bool {
        match class {
            DataClass::General | DataClass::Documents => true,
            DataClass::SubstanceUse => self.permissions.contains(Permission::ClassSubstanceUse),
            DataClass::Counselling => self.permissions.contains(Permission::ClassCounselling),
        }
    }
}

/// The answer, with the reason that goes into the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Allowed.
    Allow,
    /// Refused: this permission is missing.
    Lacks(Permission),
    /// Refused: the facility is out of reach.
    OutsideFacility,
    /// Refused: the data class needs a grant of its own.
    OutsideClass(DataClass),
    /// Refused: the organization does not have this part of the product in use.
    NotEntitled(Module),
    /// Refused: the data class is not used for this purpose, whatever is granted.
    OutsidePurpose(Purpose),
}

/// Decides. Pure: the same question always has the same answer.
pub fn decide(grants: &Grants, purpose: Purpose, action: Action, target: Target) -> Decision {
    let needed = action.needs();
    let of_module = Module::of(needed).filter(|module| !grants.modules.contains(*module));
    if let Some(module) = grants.missing_module().or(of_module) {
        return Decision::NotEntitled(module);
    }
    if !grants.permissions.contains(needed) {
        return Decision::Lacks(needed);
    }
    match target.class {
        Some(class) if !grants.holds(class) => return Decision::OutsideClass(class),
        Some(class) if !purpose.reaches(class) => return Decision::OutsidePurpose(purpose),
        _ => {}
    }
    match target.facility {
        Some(FacilityId::WHOLE)
            if is_write(action) && !grants.permissions.contains(Permission::DirectoryWrite) =>
        {
            Decision::Lacks(Permission::DirectoryWrite)
        }
        Some(FacilityId::WHOLE) | None => Decision::Allow,
        Some(facility) if grants.facilities.contains(&facility) => Decision::Allow,
        Some(_) => Decision::OutsideFacility,
    }
}

fn is_write(action: Action) -> bool {
    matches!(action, Action::Create | Action::Update | Action::Delete | Action::Import)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(permissions: &[Permission]) -> Grants {
        Grants {
            permissions: permissions.iter().copied().collect(),
            facilities: vec![FacilityId(3)],
            by_relationship: false,
            modules: ModuleSet::all(),
            through: ModuleSet::default(),
        }
    }

    #[test]
    fn what_is_not_paid_for_is_not_there_whatever_was_granted() {
        for module in Module::ALL {
            let others: ModuleSet = Module::ALL.into_iter().filter(|other| *other != module).collect();
            let core = grants(&Permission::ALL).entitled(others, ModuleSet::default());
            for action in Action::ALL {
                let expected = match Module::of(action.needs()) {
                    Some(of) if of == module => Decision::NotEntitled(module),
                    _ => Decision::Allow,
                };
                assert_eq!(
                    decide(&core, Purpose::Treatment, action, Target::default()),
                    expected,
                    "{module:?} {action:?}"
                );
                let of = Module::of(action.needs()) == Some(module);
                assert_eq!(core.permissions.contains(action.needs()), !of);
                let post = grants(&Permission::ALL).entitled(others, ModuleSet::from_iter([module]));
                assert_eq!(
                    decide(&post, Purpose::Treatment, action, Target::default()),
                    Decision::NotEntitled(module)
                );
                assert_eq!(post.permissions, PermissionSet::default());
            }
        }
    }

    #[test]
    fn nothing_is_allowed_without_its_permission() {
        for action in Action::ALL {
            let all_others: Vec<_> =
                Permission::ALL.into_iter().filter(|permission| *permission != action.needs()).collect();
            assert_eq!(
                decide(&grants(&all_others), Purpose::Treatment, action, Target::default()),
                Decision::Lacks(action.needs()),
                "{action:?}"
            );
        }
    }

    #[test]
    fn a_facility_out_of_reach_is_refused() {
        let held = grants(&[Permission::ChartRead]);
        let at = |id| Target { facility: Some(FacilityId(id)), class: None };
        assert_eq!(decide(&held, Purpose::Treatment, Action::Read, at(3)), Decision::Allow);
        assert_eq!(decide(&held, Purpose::Treatment, Action::Read, at(4)), Decision::OutsideFacility);
    }

    #[test]
    fn sensitive_classes_need_their_own_grant() {
        let class = |class| Target { facility: None, class: Some(class) };
        let plain = grants(&[Permission::ChartRead]);
        let cleared = grants(&[Permission::ChartRead, Permission::ClassSubstanceUse]);
        assert_eq!(
            decide(&plain, Purpose::Treatment, Action::Read, class(DataClass::General)),
            Decision::Allow
        );
        assert_eq!(
            decide(&plain, Purpose::Treatment, Action::Read, class(DataClass::SubstanceUse)),
            Decision::OutsideClass(DataClass::SubstanceUse)
        );
        assert_eq!(
            decide(&cleared, Purpose::Treatment, Action::Read, class(DataClass::SubstanceUse)),
            Decision::Allow
        );
        assert_eq!(
            decide(&cleared, Purpose::Treatment, Action::Read, class(DataClass::Counselling)),
            Decision::OutsideClass(DataClass::Counselling)
        );
    }

    #[test]
    fn the_directory_is_read_by_all_and_written_by_grant() {
        let whole = Target { facility: Some(FacilityId::WHOLE), class: None };
        let held = grants(&[Permission::ChartRead, Permission::ChartWrite]);
        assert_eq!(decide(&held, Purpose::Treatment, Action::Read, whole), Decision::Allow);
        assert_eq!(
            decide(&held, Purpose::Treatment, Action::Create, whole),
            Decision::Lacks(Permission::DirectoryWrite)
        );
    }

    #[test]
    fn substance_use_is_for_some_purposes_alone() {
        let cleared = grants(&[Permission::ChartRead, Permission::ClassSubstanceUse]);
        let class = |class| Target { facility: None, class: Some(class) };
        for purpose in Purpose::ALL {
            let decided = decide(&cleared, purpose, Action::Read, class(DataClass::SubstanceUse));
            let closed = matches!(purpose.code(), "HLEGAL" | "FAMRQT" | "HSYSADMIN");
            let expected = if closed { Decision::OutsidePurpose(purpose) } else { Decision::Allow };
            assert_eq!(decided, expected, "{purpose:?}");
            assert_eq!(
                decide(&cleared, purpose, Action::Read, class(DataClass::General)),
                Decision::Allow,
                "{purpose:?}"
            );
        }
    }

    /// The rules as they are told to people, one by one.
    fn naive(grants: &Grants, purpose: Purpose, action: Action, target: Target) -> bool {
        let has = |key: &str| grants.permissions.iter().any(|permission| permission.key() == key);
        let class_open = match target.class {
            Some(DataClass::SubstanceUse) => {
                has("class.substance-use")
                    && ["TREAT", "PATRQT", "BTG", "HPAYMT", "HOPERAT"].contains(&purpose.code())
            }
            Some(DataClass::Counselling) => has("class.counselling"),
            Some(DataClass::General | DataClass::Documents) | None => true,
        };
        let writes = ["chart.create", "chart.update", "chart.delete", "chart.import"].contains(&action.key());
        let facility_open = match target.facility {
            None => true,
            Some(FacilityId(0)) => !writes || has("directory.write"),
            Some(facility) => grants.facilities.contains(&facility),
        };
        has(action.needs().key()) && class_open && facility_open
    }

    proptest::proptest! {
        #[test]
        fn what_is_decided_is_what_the_naive_rule_says(
            held in proptest::collection::vec(proptest::sample::select(&Permission::ALL[..]), 0..Permission::ALL.len()),
            purpose in proptest::sample::select(&Purpose::ALL[..]),
            action in proptest::sample::select(&Action::ALL[..]),
            facility in proptest::option::of(0..5),
            class in proptest::option::of(proptest::sample::select(&DataClass::ALL[..])),
            needed in proptest::bool::ANY,
        ) {
            // Without it almost every question would be refused for the first reason.
            let held: Vec<_> = held.into_iter().chain(needed.then_some(action.needs())).collect();
            let held = grants(&held);
            let target = Target { facility: facility.map(FacilityId), class };
            let allowed = decide(&held, purpose, action, target) == Decision::Allow;
            proptest::prop_assert_eq!(allowed, naive(&held, purpose, action, target));
        }
    }
}
