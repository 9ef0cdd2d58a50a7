//! The entry point: a world is its plans and the URLs and names that charts refer to.

use crate::chart::Chart;
use crate::codes::MEDICINES;
use crate::directory::{self, ROSTER};
use crate::exam::{Canary, MarkScope};
use crate::person::Name;
use crate::profile::{OrganizationPlan, Profile, plans};
use crate::random::{Stream, mix, urn};
use crate::sheet::{Sheet, SynthResource};
use crate::time::midnight;
use jiff::Timestamp;
use jiff::civil::Date;

/// A synthetic world. Cheap to share between threads: it does not change.
#[derive(Debug)]
pub struct World {
    pub(crate) profile: Profile,
    pub(crate) seed: u64,
    pub(crate) today: i64,
    pub(crate) until: Option<i64>,
    pub(crate) organizations: Vec<OrganizationPlan>,
    pub(crate) groups: Vec<Group>,
}

/// What the directory of one organization holds for charts to refer to.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) organization: String,
    pub(crate) payers: [String; 3],
    pub(crate) laboratory: String,
    pub(crate) pharmacy: String,
    pub(crate) hospital: String,
    pub(crate) medications: Vec<String>,
    pub(crate) sites: Vec<Site>,
}

/// What a facility's part of the directory holds.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) organization: String,
    pub(crate) building: String,
    pub(crate) units: Vec<String>,
    /// None in a scale world.
    pub(crate) rooms: Vec<String>,
    /// In the order of [`ROSTER`].
    pub(crate) staff: Vec<Staff>,
}

#[derive(Debug)]
pub(crate) struct Staff {
    pub(crate) url: String,
    pub(crate) given: &'static str,
    pub(crate) family: &'static str,
    pub(crate) female: bool,
    pub(crate) display: String,
}

/// Streams of a patient, and the salt of the directory.
const DIRECTORY: u64 = 1;
const IDENTITY: u64 = 2;
const HISTORY: u64 = 3;
const URLS: u64 = 4;

impl World {
    /// Plans a world. Everything that follows depends on these three arguments only; `today` is the day on which the
    /// charts end.
    pub fn new(profile: Profile, seed: u64, today: Date) -> Self {
        let organizations = plans(profile, seed);
        let groups = organizations
            .iter()
            .enumerate()
            .map(|(at, plan)| group(profile, seed, at as u64, plan))
            .collect();
        Self { profile, seed, today: midnight(today), until: None, organizations, groups }
    }

    /// The same, with controlled medications and every dose of the last days up to this moment, so that a medication pass can go
    /// on. Everything else of the charts is as it was.
    #[must_use]
    pub fn until(self, now: Timestamp) -> Self {
        Self { until: Some(now.as_second()), ..self }
    }

    /// The organizations to create, in the order of the `org` argument of the other functions.
    pub fn organizations(&self) -> Vec<OrganizationPlan> {
        self.organizations.clone()
    }

    /// Organization, Location, Practitioner, PractitionerRole and Medication of an organization.
    ///
    /// # Panics
    /// Where there is no organization `org`.
    pub fn directory(&self, org: usize) -> Vec<SynthResource> {
        self.directory_sheet(org).resources
    }

    /// The chart of patient `n` of a facility: the Patient first, then everything else of that patient.
    ///
    /// # Panics
    /// Where there is no such organization or facility. `n` is not checked against the plan.
    pub fn patient(&self, org: usize, facility: usize, n: u32) -> Vec<SynthResource> {
        self.patient_sheet(org, facility, n).resources
    }

    /// Every marker of the world; empty unless the profile is [`Profile::Exam`].
    pub fn exam_manifest(&self) -> Vec<Canary> {
        let mut canaries = Vec::new();
        if self.profile != Profile::Exam {
            return canaries;
        }
        for (org, plan) in self.organizations.iter().enumerate() {
            canaries.extend(self.directory_sheet(org).canaries);
            for (facility, place) in plan.facilities.iter().enumerate() {
                for n in 0..place.patients {
                    canaries.extend(self.patient_sheet(org, facility, n).canaries);
                }
            }
        }
        canaries
    }

    fn directory_sheet(&self, org: usize) -> Sheet {
        let salt = mix(&[self.seed, org as u64, DIRECTORY]);
        let scope = self.scope(org, "shared", "directory".to_owned(), salt);
        let mut sheet = Sheet::new(salt, scope);
        directory::write(self, org, &mut sheet);
        sheet
    }

    fn patient_sheet(&self, org: usize, facility: usize, n: u32) -> Sheet {
        let place = &self.organizations[org].facilities[facility];
        let own = [org as u64, facility as u64, u64::from(n)];
        // Patient n of a facility is the same person in both exam organizations.
        let person = if self.profile == Profile::Exam { [0, own[1], own[2]] } else { own };
        let stream = |of: [u64; 3], purpose| Stream::new(&[self.seed, of[0], of[1], of[2], purpose]);
        let salt = mix(&[self.seed, own[0], own[1], own[2], URLS]);
        let sheet = Sheet::new(salt, self.scope(org, &place.code, n.to_string(), salt));
        Chart::new(self, org, facility, n, stream(person, IDENTITY), stream(own, HISTORY), sheet).write()
    }

    fn scope(&self, org: usize, facility: &str, patient: String, salt: u64) -> Option<MarkScope> {
        (self.profile == Profile::Exam).then(|| MarkScope {
            organization: self.organizations[org].slug.clone(),
            facility: facility.to_owned(),
            patient,
            salt,
        })
    }
}

fn group(profile: Profile, seed: u64, org: u64, plan: &OrganizationPlan) -> Group {
    let salt = mix(&[seed, org, DIRECTORY]);
    let shared = |kind: u64, at: usize| urn(&[salt, kind, at as u64]);
    let site = |(at, place): (usize, &crate::profile::FacilityPlan)| {
        let url = |kind: u64, number: usize| urn(&[salt, at as u64, kind, number as u64]);
        let mut stream = Stream::new(&[salt, at as u64]);
        let staff = ROSTER.iter().enumerate().map(|(number, post)| {
            let female = stream.chance(72);
            let Name { family, given } = Name::draw(&mut stream, female);
            let display = format!("{given} {family}, {}", post.credential);
            Staff { url: url(13, number), given, family, female, display }
        });
        let rooms =
            if matches!(profile, Profile::Scale { .. }) { 0 } else { place.patients.div_ceil(2) as usize };
        Site {
            organization: url(10, 0),
            building: url(11, 0),
            staff: staff.collect(),
            units: (0..3).map(|number| url(12, number)).collect(),
            rooms: (0..rooms).map(|number| url(14, number)).collect(),
        }
    };
    Group {
        organization: shared(20, 0),
        payers: [shared(21, 0), shared(21, 1), shared(21, 2)],
        laboratory: shared(22, 0),
        pharmacy: shared(23, 0),
        hospital: shared(24, 0),
        medications: (0..MEDICINES.len()).map(|at| shared(25, at)).collect(),
        sites: plan.facilities.iter().enumerate().map(site).collect(),
    }
}
