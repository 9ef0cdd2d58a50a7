//! What the charts of an organization share: its houses, its people, its suppliers and its formulary.

use crate::codes::{Code, Drug, MEDICINES, identifier_type, organization_type, physical_type, role, snomed};
use crate::json::Json;
use crate::person::phone;
use crate::profile::FacilityPlan;
use crate::random::{Stream, mix};
use crate::sheet::Sheet;
use crate::world::{Group, Site, Staff, World};

/// A post in a facility.
pub(crate) struct Post {
    pub(crate) code: Code,
    pub(crate) credential: &'static str,
}

const fn post(code: &'static str, title: &'static str, credential: &'static str) -> Post {
    Post { code: snomed(code, title), credential }
}

pub(crate) const ROSTER: [Post; 14] = [
    post("309343006", "Physician", "MD"),
    post("309343006", "Physician", "DO"),
    post("224571005", "Nurse practitioner", "NP"),
    post("106292003", "Registered nurse", "RN"),
    post("106292003", "Registered nurse", "RN"),
    post("106292003", "Licensed practical nurse", "LPN"),
    post("106292003", "Licensed practical nurse", "LPN"),
    post("133932002", "Care aide", "CNA"),
    post("133932002", "Care aide", "CNA"),
    post("133932002", "Care aide", "CNA"),
    post("133932002", "Care aide", "CNA"),
    post("106328005", "Clinical social worker", "LCSW"),
    post("36682004", "Physical therapist", "PT"),
    post("159033005", "Dietitian", "RD"),
];

pub(crate) const UNITS: [&str; 3] = ["Garden Wing", "Lake Wing", "Memory Care"];
pub(crate) const PAYERS: [&str; 3] =
    ["Medicare Part B (synthetic)", "State Medicaid (synthetic)", "Evergreen Mutual Health"];
pub(crate) const LABORATORY: &str = "Bluebird Clinical Laboratory";
pub(crate) const PHARMACY: &str = "Corner Lantern Pharmacy";
pub(crate) const HOSPITAL: &str = "Saint Odile General Hospital";

pub(crate) fn write(world: &World, org: usize, sheet: &mut Sheet) {
    let (plan, group) = (&world.organizations[org], &world.groups[org]);
    let provider = organization_type("prov", "Healthcare Provider");
    let insurer = organization_type("ins", "Insurance Company");
    organization(sheet, &group.organization, &plan.name, &plan.slug, provider, None);
    for (url, name) in group.payers.iter().zip(PAYERS) {
        organization(sheet, url, name, "payer", insurer, None);
    }
    let suppliers =
        [(&group.laboratory, LABORATORY), (&group.pharmacy, PHARMACY), (&group.hospital, HOSPITAL)];
    for (url, name) in suppliers {
        organization(sheet, url, name, "supplier", provider, None);
    }
    for (drug, url) in MEDICINES.iter().zip(&group.medications) {
        medication(sheet, drug, url);
    }
    for (at, (place, site)) in plan.facilities.iter().zip(&group.sites).enumerate() {
        organization(
            sheet,
            &site.organization,
            &place.name,
            &place.code,
            provider,
            Some((group, &plan.name)),
        );
        locations(sheet, place, site);
        let mut stream = Stream::new(&[mix(&[world.seed, org as u64]), at as u64, 9]);
        for (staff, post) in site.staff.iter().zip(&ROSTER) {
            practitioner(sheet, staff, post, &mut stream);
            practitioner_role(sheet, staff, post, place, site);
        }
    }
}

fn organization(
    sheet: &mut Sheet,
    url: &str,
    name: &str,
    code: &str,
    kind: Code,
    parent: Option<(&Group, &str)>,
) {
    let mut j = sheet.open_as("Organization", url.to_owned());
    j.identifiers(&[("https://lamplight.example/organization", code)]);
    j.bool("active", true);
    j.concepts("type", &[kind], "");
    j.text("name", name);
    if let Some((group, name)) = parent {
        j.reference("partOf", &group.organization, name);
    }
    sheet.close(j);
}

fn locations(sheet: &mut Sheet, place: &FacilityPlan, site: &Site) {
    let building = physical_type("bu", "Building");
    location(sheet, (&site.building, &place.name), building, place, site, None);
    for (url, name) in site.units.iter().zip(UNITS) {
        location(sheet, (url, name), physical_type("wi", "Wing"), place, site, Some(&site.building));
    }
    for (at, url) in site.rooms.iter().enumerate() {
        let unit = &site.units[at % site.units.len()];
        location(sheet, (url, &room_name(at)), physical_type("ro", "Room"), place, site, Some(unit));
    }
}

pub(crate) fn room_name(at: usize) -> String {
    format!("Room {}", 101 + at / 10 * 100 + at % 10)
}

fn location(
    sheet: &mut Sheet,
    (url, name): (&str, &str),
    kind: Code,
    place: &FacilityPlan,
    site: &Site,
    part_of: Option<&str>,
) {
    let mut j = sheet.open_as("Location", url.to_owned());
    j.str("status", "active");
    j.text("name", name);
    j.mark("description");
    j.str("mode", "instance");
    j.concepts("type", &[role("NCCF", "Nursing or custodial care facility")], "");
    if part_of.is_none() {
        j.obj("address", |j| address(j, "1 Lantern Street", place));
    }
    j.concept("physicalType", &[kind], "");
    j.reference("managingOrganization", &site.organization, &place.name);
    if let Some(part_of) = part_of {
        j.reference("partOf", part_of, "");
    }
    sheet.close(j);
}

/// The members of an Address.
pub(crate) fn address(j: &mut Json, street: &str, place: &FacilityPlan) {
    j.arr("line", |j| {
        j.value(street);
        j.mark_value();
    });
    j.str("city", place.city);
    j.str("state", place.state);
    j.str("postalCode", &place.postal_code);
    j.str("country", "US");
}

/// A well-formed NPI that starts with 9 and is therefore never issued: the Luhn check digit covers the prefix 80840.
fn npi(stream: &mut Stream) -> String {
    let body = format!("9{:08}", stream.below(100_000_000));
    let sum: u32 = format!("80840{body}")
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn practitioner(sheet: &mut Sheet, staff: &Staff, post: &Post, stream: &mut Stream) {
    let mut j = sheet.open_as("Practitioner", staff.url.clone());
    j.identifiers(&[("http://hl7.org/fhir/sid/us-npi", &npi(stream))]);
    j.bool("active", true);
    j.one("name", |j| {
        j.str("use", "official");
        j.text("text", &staff.display);
        j.str("family", staff.family);
        j.arr("given", |j| j.value(staff.given));
        j.arr("suffix", |j| j.value(post.credential));
    });
    j.arr("telecom", |j| {
        j.item(|j| {
            j.str("system", "phone");
            j.str("value", &phone(stream));
            j.str("use", "work");
        });
        marker_telecom(j);
    });
    j.str("gender", if staff.female { "female" } else { "male" });
    j.one("qualification", |j| {
        j.concept("code", &[identifier_type("MD", "Medical License number")], post.credential);
    });
    sheet.close(j);
}

/// One more ContactPoint of an exam chart.
pub(crate) fn marker_telecom(j: &mut Json) {
    if j.exam() {
        j.item(|j| {
            j.str("system", "other");
            j.mark("value");
        });
    }
}

fn practitioner_role(sheet: &mut Sheet, staff: &Staff, post: &Post, place: &FacilityPlan, site: &Site) {
    let mut j = sheet.open("PractitionerRole");
    j.bool("active", true);
    j.reference("practitioner", &staff.url, &staff.display);
    j.reference("organization", &site.organization, &place.name);
    j.concepts("code", &[post.code], post.code.display);
    j.references("location", &site.building, &place.name);
    sheet.close(j);
}

fn medication(sheet: &mut Sheet, drug: &Drug, url: &str) {
    let mut j = sheet.open_as("Medication", url.to_owned());
    j.concept("code", &[drug.code], drug.code.display);
    j.str("status", "active");
    sheet.close(j);
}
