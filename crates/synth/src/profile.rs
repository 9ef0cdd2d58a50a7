//! What a world holds: organizations, facilities, and how many people live where.

use crate::names::{FACILITIES, TOWNS, ZONES};
use crate::random::Stream;

/// Which world to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// One senior-care group of five facilities with about two dozen residents each and full charts.
    Demo,
    /// Two organizations with the same patients, in which every free text carries a marker of its own.
    Exam,
    /// Many patients whose charts are mostly observations.
    Scale {
        /// Number of organizations, at least one.
        organizations: u32,
        /// Number of facilities in all organizations together, at least one for each organization.
        facilities_total: u32,
        /// Number of patients in all facilities together.
        patients_total: u32,
        /// Number of resources of each patient, exactly; charts are cut off below about 60.
        resources_per_patient: u32,
    },
}

impl Profile {
    /// 20 organizations, 200 facilities, 50,000 patients and 10,000,000 resources of patients.
    pub const SCALE: Self = Self::Scale {
        organizations: 20,
        facilities_total: 200,
        patients_total: 50_000,
        resources_per_patient: 200,
    };
}

/// Line of work of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationKind {
    /// Assisted living, memory care and nursing homes.
    SeniorCare,
    /// Outpatient clinics.
    Clinic,
}

impl OrganizationKind {
    /// The kind as a slug.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SeniorCare => "senior-care",
            Self::Clinic => "clinic",
        }
    }
}

/// An organization to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationPlan {
    /// Subdomain label, unique in the world.
    pub slug: String,
    /// Printed name.
    pub name: String,
    /// Line of work.
    pub kind: OrganizationKind,
    /// Facilities, in the order of the `facility` argument of [`crate::World::patient`].
    pub facilities: Vec<FacilityPlan>,
}

/// A facility to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacilityPlan {
    /// Slug, unique in the organization, such as `maple-court`.
    pub code: String,
    /// Printed name.
    pub name: String,
    /// IANA time zone.
    pub time_zone: &'static str,
    /// Hours by which the zone's standard time is behind UTC.
    pub hours_behind_utc: u8,
    /// Invented town.
    pub city: &'static str,
    /// Two-letter state.
    pub state: &'static str,
    /// Five-digit postal code.
    pub postal_code: String,
    /// Number of patients; they are numbered from 0.
    pub patients: u32,
}

fn facility(code: String, name: String, place: usize, patients: u32) -> FacilityPlan {
    let (time_zone, hours_behind_utc, state, postal) = ZONES[place % ZONES.len()];
    let city = TOWNS[place % TOWNS.len()];
    let postal_code = format!("{postal}{:02}", place % 90 + 10);
    FacilityPlan { code, name, time_zone, hours_behind_utc, city, state, postal_code, patients }
}

pub(crate) fn plans(profile: Profile, seed: u64) -> Vec<OrganizationPlan> {
    match profile {
        Profile::Demo => vec![demo(seed)],
        Profile::Exam => vec![exam("exam-a", "Exam A Senior Care"), exam("exam-b", "Exam B Senior Care")],
        Profile::Scale { organizations, facilities_total, patients_total, .. } => {
            let organizations = organizations.max(1);
            scale(organizations, facilities_total.max(organizations), patients_total)
        }
    }
}

fn demo(seed: u64) -> OrganizationPlan {
    let mut stream = Stream::new(&[seed, 0x6465_6d6f]);
    let facilities = FACILITIES[..5].iter().enumerate().map(|(at, (code, name))| {
        let patients = 22 + stream.below(5);
        facility((*code).to_owned(), format!("{name} Senior Living"), at, patients)
    });
    OrganizationPlan {
        slug: "juniper-hollow".to_owned(),
        name: "Juniper Hollow Senior Care".to_owned(),
        kind: OrganizationKind::SeniorCare,
        facilities: facilities.collect(),
    }
}

fn exam(slug: &str, name: &str) -> OrganizationPlan {
    let facilities = [("north", "North House"), ("south", "South House")].into_iter().enumerate();
    OrganizationPlan {
        slug: slug.to_owned(),
        name: name.to_owned(),
        kind: OrganizationKind::SeniorCare,
        facilities: facilities.map(|(at, (code, name))| facility(code.into(), name.into(), at, 6)).collect(),
    }
}

/// Sizes differ by up to a third around the mean, as those of real houses do; the totals are exact.
fn scale(organizations: u32, facilities: u32, patients: u32) -> Vec<OrganizationPlan> {
    let (mean, rest) = (patients / facilities, patients % facilities);
    let size = |at: u32| {
        let swing = mean / 3 * (at / 2 % 4) / 3;
        let partner = at ^ 1;
        let swung = match at % 2 {
            _ if partner >= facilities => mean,
            0 => mean + swing,
            _ => mean - swing,
        };
        swung + u32::from(at < rest)
    };
    let share = |organization: u32| {
        (u64::from(facilities) * u64::from(organization) / u64::from(organizations)) as u32
    };
    let organization = |number: u32| {
        let facilities = (share(number)..share(number + 1)).map(|at| {
            let local = (at - share(number)) as usize;
            let (code, name) = FACILITIES[local % FACILITIES.len()];
            let (code, name) = match local / FACILITIES.len() {
                0 => (code.to_owned(), name.to_owned()),
                round => (format!("{code}-{}", round + 1), format!("{name} {}", round + 1)),
            };
            facility(code, name, at as usize, size(at))
        });
        OrganizationPlan {
            slug: format!("scale-{number:03}"),
            name: format!("Scale Care Group {number:03}"),
            kind: if number % 5 == 4 { OrganizationKind::Clinic } else { OrganizationKind::SeniorCare },
            facilities: facilities.collect(),
        }
    };
    (0..organizations).map(organization).collect()
}
