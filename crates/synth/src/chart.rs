//! One patient's chart. Resources are written in an order in which each refers only to earlier ones, so a chart may be
//! cut off anywhere and still resolves.

mod billing;
mod care;
mod findings;
mod identity;
mod medications;
mod notes;
mod pass;
mod results;
mod sensitive;
mod shift;
mod stay;

use crate::codes::Drug;
use crate::directory::{UNITS, room_name};
use crate::json::Json;
use crate::person::Person;
use crate::profile::{FacilityPlan, Profile};
use crate::random::Stream;
use crate::sheet::Sheet;
use crate::time::{DAY, HOUR, MINUTE};
use crate::world::{Group, Site, Staff, World};
use std::ops::Range;

const PHYSICIANS: Range<usize> = 0..3;
const NURSES: Range<usize> = 3..7;
const AIDES: Range<usize> = 7..11;
const COUNSELLOR: usize = 11;
const THERAPIST: usize = 12;
const DIETITIAN: usize = 13;

pub(crate) struct Chart<'w> {
    profile: Profile,
    group: &'w Group,
    site: &'w Site,
    place: &'w FacilityPlan,
    n: u32,
    person: Person,
    formal: String,
    rng: Stream,
    sheet: Sheet,
    /// Midnight UTC at the end of the record: today, or the day of death.
    now: i64,
    deceased: bool,
    /// Up to when doses are written, where a pass goes on.
    until: Option<i64>,
    admitted: i64,
    physician: &'w Staff,
    place_url: &'w str,
    place_name: String,
    patient: String,
    kin: String,
    coverage: String,
    stay: String,
    /// Index into the code table and URL.
    conditions: Vec<(usize, String)>,
    /// What is ordered, its place in the directory, and URL.
    orders: Vec<(&'static Drug, Option<usize>, String)>,
    goals: Vec<String>,
    /// Body weight in tenths of a kilogram and height in centimetres.
    build: (i64, i64),
}

impl<'w> Chart<'w> {
    pub(crate) fn new(
        world: &'w World,
        org: usize,
        facility: usize,
        n: u32,
        mut identity: Stream,
        mut rng: Stream,
        sheet: Sheet,
    ) -> Self {
        let (group, place) = (&world.groups[org], &world.organizations[org].facilities[facility]);
        let site = &group.sites[facility];
        let person = Person::draw(&mut identity, place, n, world.today);
        let deceased = world.profile != Profile::Exam && n % 23 == 22;
        let now = if deceased { world.today - rng.between(10, 120) * DAY } else { world.today };
        let (place_url, place_name) = if site.rooms.is_empty() {
            let at = n as usize % site.units.len();
            (&site.units[at], UNITS[at].to_owned())
        } else {
            let at = n as usize / 2 % site.rooms.len();
            (&site.rooms[at], room_name(at))
        };
        Self {
            profile: world.profile,
            formal: person.formal(),
            physician: &site.staff[rng.between(0, PHYSICIANS.end as i64 - 1) as usize],
            admitted: now - rng.between(60, 2000) * DAY + 19 * HOUR,
            build: if person.female {
                (rng.near(640, 130), rng.near(158, 8))
            } else {
                (rng.near(780, 140), rng.near(173, 9))
            },
            group,
            site,
            place,
            n,
            person,
            rng,
            sheet,
            now,
            deceased,
            until: world.until,
            place_url,
            place_name,
            patient: String::new(),
            kin: String::new(),
            coverage: String::new(),
            stay: String::new(),
            conditions: Vec::new(),
            orders: Vec::new(),
            goals: Vec::new(),
        }
    }

    pub(crate) fn write(mut self) -> Sheet {
        self.identity();
        self.stays();
        self.findings();
        self.medications();
        self.results();
        self.care();
        self.notes();
        self.billing();
        self.sensitive();
        if let Some(until) = self.until {
            self.pass(until);
            self.shift(until);
        }
        if let Profile::Scale { resources_per_patient, .. } = self.profile {
            self.fill(resources_per_patient as usize);
        }
        self.sheet
    }

    /// `hour` local time, `days` before the record ends; never in the future.
    fn ago(&self, days: i64, hour: i64) -> i64 {
        let offset = (hour + i64::from(self.place.hours_behind_utc)) * HOUR;
        (self.now - days * DAY + offset).min(self.now - 5 * MINUTE)
    }

    /// `hour` local time on one of the days `low..=high` before the record ends.
    fn within(&mut self, low: i64, high: i64, hour: i64) -> i64 {
        let days = self.rng.between(low, high);
        self.ago(days, hour)
    }

    /// Someone of a part of the roster.
    fn any(&mut self, posts: Range<usize>) -> &'w Staff {
        let at = self.rng.between(posts.start as i64, posts.end as i64 - 1);
        &self.site.staff[at as usize]
    }

    fn subject(&self, j: &mut Json) {
        j.reference("subject", &self.patient, &self.formal);
    }

    /// `subject` and `encounter` of most resources.
    fn about(&self, j: &mut Json) {
        self.subject(j);
        j.reference("encounter", &self.stay, "");
    }
}

fn by(j: &mut Json, key: &'static str, staff: &Staff) {
    j.reference(key, &staff.url, &staff.display);
}
