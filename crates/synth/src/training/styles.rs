//! How other systems write the same matter.

use crate::codes::{
    CONDITIONS, Code, MEDICINES, PROCEDURES, act, claim_type, loinc, observation_category, process_priority,
    snomed,
};
use crate::json::Json;
use crate::person::Name;
use crate::random::{Stream, urn};
use crate::sheet::SynthResource;
use crate::time::{DAY, HOUR, push_instant};
use std::collections::BTreeMap;

/// US Core names of the profiles a resource of a type claims.
const US_CORE: [(&str, &str); 15] = [
    ("Patient", "us-core-patient"),
    ("AllergyIntolerance", "us-core-allergyintolerance"),
    ("CarePlan", "us-core-careplan"),
    ("CareTeam", "us-core-careteam"),
    ("Condition", "us-core-condition-problems-health-concerns"),
    ("Coverage", "us-core-coverage"),
    ("DiagnosticReport", "us-core-diagnosticreport-lab"),
    ("DocumentReference", "us-core-documentreference"),
    ("Encounter", "us-core-encounter"),
    ("Goal", "us-core-goal"),
    ("Immunization", "us-core-immunization"),
    ("MedicationRequest", "us-core-medicationrequest"),
    ("Observation", "us-core-observation-lab"),
    ("Organization", "us-core-organization"),
    ("Procedure", "us-core-procedure"),
];

/// The resource as a server gives it out: `id`, `meta`, literal references, and now and then a narrative.
pub(super) fn literal(
    resource: &SynthResource,
    known: &BTreeMap<String, &'static str>,
    number: usize,
) -> String {
    const OPEN: &str = "\"reference\":\"";
    let id = resource.full_url.trim_start_matches("urn:uuid:");
    let head = format!("{{\"resourceType\":\"{}\"", resource.resource_type);
    let mut out = format!("{head},\"id\":\"{id}\"");
    let mut rest = resource.json.strip_prefix(&head).unwrap_or_default();
    // A labelled resource has a meta of its own.
    if !rest.starts_with(",\"meta\"") {
        out.push_str(",\"meta\":{\"versionId\":\"1\",\"lastUpdated\":\"");
        push_instant(&mut out, 1_760_000_000 + number as i64 * 997);
        out.push('"');
        if let Some((_, profile)) = US_CORE.iter().find(|(name, _)| *name == resource.resource_type) {
            out.push_str(",\"profile\":[\"http://hl7.org/fhir/us/core/StructureDefinition/");
            out.push_str(profile);
            out.push_str("\"]");
        }
        out.push('}');
        if number % 3 == 1 && !rest.starts_with(",\"text\"") {
            out.push_str(",\"text\":{\"status\":\"generated\",\"div\":\"<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><p><b>Generated Narrative: ");
            out.push_str(resource.resource_type);
            out.push_str("</b></p></div>\"}");
        }
    }
    while let Some(at) = rest.find(OPEN) {
        let (before, after) = rest.split_at(at + OPEN.len());
        out.push_str(before);
        rest = after;
        let url = after.split('"').next().unwrap_or_default();
        if let Some(of) = known.get(url) {
            out.push_str(of);
            out.push('/');
            out.push_str(url.trim_start_matches("urn:uuid:"));
            rest = &after[url.len()..];
        }
    }
    out.push_str(rest);
    out
}

/// `n` samples of each of the types that simulators of claims and encounters write most.
pub(super) fn claims_system(seed: u64, n: usize) -> Vec<(&'static str, Vec<String>)> {
    let mut lists: Vec<(&'static str, Vec<String>)> = Vec::new();
    for at in 0..n {
        let visit = Visit::draw(seed, at as u64);
        for j in [
            visit.encounter(),
            visit.procedure(),
            visit.report(),
            visit.claim(),
            visit.benefit(),
            visit.observation(),
        ] {
            let of = j.resource_type;
            let json = j.finish().1;
            match lists.iter_mut().find(|(name, _)| *name == of) {
                Some((_, list)) => list.push(json),
                None => lists.push((of, vec![json])),
            }
        }
    }
    lists
}

/// One visit, of which each resource tells a part.
struct Visit {
    patient: String,
    name: String,
    doctor: String,
    doctor_url: String,
    provider: String,
    encounter: String,
    claim: String,
    start: i64,
    cents: i64,
    diagnosis: usize,
    procedure: usize,
    drug: usize,
    value: i64,
}

impl Visit {
    fn draw(seed: u64, at: u64) -> Self {
        let mut stream = Stream::new(&[seed, at, 77]);
        let url = |kind: u64| urn(&[seed, at / 6, 78, kind]);
        let own = |kind: u64| urn(&[seed, at, 79, kind]);
        let female = stream.chance(50);
        Self {
            name: Name::draw(&mut stream, female).full(),
            doctor: format!("Dr. {}", Name::draw(&mut stream, true).full()),
            patient: url(0),
            doctor_url: url(1),
            provider: url(2),
            encounter: own(3),
            claim: own(4),
            start: 1_500_000_000 + stream.between(0, 2900) * DAY + stream.between(8, 17) * HOUR,
            cents: stream.between(6_000, 90_000),
            diagnosis: stream.below(CONDITIONS.len() as u32) as usize,
            procedure: stream.below(PROCEDURES.len() as u32) as usize,
            drug: stream.below(MEDICINES.len() as u32) as usize,
            value: stream.near(1180, 300),
        }
    }

    fn open(&self, resource_type: &'static str, profile: &str, url: &str) -> Json {
        let mut j = Json::new(resource_type, String::new(), None);
        j.str("id", url.trim_start_matches("urn:uuid:"));
        if !profile.is_empty() {
            j.obj("meta", |j| {
                j.arr("profile", |j| {
                    j.value(&format!("http://hl7.org/fhir/us/core/StructureDefinition/{profile}"));
                });
            });
        }
        j
    }

    fn own(&self, kind: u64) -> String {
        urn(&[kind, self.start as u64, self.cents as u64])
    }

    fn encounter(&self) -> Json {
        let mut j = self.open("Encounter", "us-core-encounter", &self.encounter);
        j.identifiers(&[(
            "https://simulator.example/encounter",
            self.encounter.trim_start_matches("urn:uuid:"),
        )]);
        j.str("status", "finished");
        j.obj("class", |j| {
            j.str("system", "http://terminology.hl7.org/CodeSystem/v3-ActCode");
            j.str("code", "AMB");
        });
        let kind = snomed("185349003", "Encounter for check up (procedure)");
        j.concepts("type", &[kind], "Encounter for check up (procedure)");
        j.reference("subject", &self.patient, &self.name);
        j.one("participant", |j| {
            let performer = Code {
                system: "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
                code: "PPRF",
                display: "primary performer",
            };
            j.concepts("type", &[performer], "primary performer");
            j.period("period", self.start, Some(self.start + HOUR / 2));
            j.reference("individual", &self.doctor_url, &self.doctor);
        });
        j.period("period", self.start, Some(self.start + HOUR / 2));
        j.reference("serviceProvider", &self.provider, "TWO RIVERS FAMILY PRACTICE");
        j
    }

    fn procedure(&self) -> Json {
        let (code, text) = PROCEDURES[self.procedure];
        let mut j = self.open("Procedure", "us-core-procedure", &self.own(1));
        j.str("status", "completed");
        j.concept("code", &[code], text);
        j.reference("subject", &self.patient, "");
        j.reference("encounter", &self.encounter, "");
        j.period("performedPeriod", self.start, Some(self.start + 900));
        j.one("reasonReference", |j| j.target(&self.own(2), CONDITIONS[self.diagnosis].text));
        j
    }

    fn observation(&self) -> Json {
        let mut j = self.open("Observation", "us-core-observation-lab", &self.own(5));
        j.str("status", "final");
        j.concepts("category", &[observation_category("laboratory", "Laboratory")], "");
        let code = loinc("2339-0", "Glucose [Mass/volume] in Blood");
        j.concept("code", &[code], "Glucose [Mass/volume] in Blood");
        j.reference("subject", &self.patient, "");
        j.reference("encounter", &self.encounter, "");
        j.instant("effectiveDateTime", self.start);
        j.instant("issued", self.start);
        j.quantity("valueQuantity", self.value, 1, "mg/dL", "mg/dL");
        j
    }

    fn report(&self) -> Json {
        let mut j = self.open("DiagnosticReport", "us-core-diagnosticreport-note", &self.own(3));
        j.str("status", "final");
        let history = loinc("34117-2", "History and physical note");
        j.concepts("category", &[history, loinc("51847-2", "Evaluation + Plan note")], "");
        j.concept("code", &[history], "");
        j.reference("subject", &self.patient, "");
        j.reference("encounter", &self.encounter, "");
        j.instant("effectiveDateTime", self.start);
        j.instant("issued", self.start);
        j.references("performer", &self.doctor_url, &self.doctor);
        j.one("presentedForm", |j| {
            j.data(&format!(
                "\n# Chief Complaint\nNo complaints.\n\n# History of Present Illness\n{} is seen for a check up.\n\n\
                 # Medications\n{}\n\n# Assessment and Plan\n{}\n",
                self.name, MEDICINES[self.drug].code.display, CONDITIONS[self.diagnosis].text
            ));
        });
        j
    }

    fn claim(&self) -> Json {
        let mut j = self.open("Claim", "", &self.claim);
        j.str("status", "active");
        j.concept("type", &[claim_type("professional", "Professional")], "");
        j.str("use", "claim");
        j.reference("patient", &self.patient, &self.name);
        j.period("billablePeriod", self.start, Some(self.start + HOUR / 2));
        j.instant("created", self.start + HOUR / 2);
        j.reference("provider", &self.provider, "TWO RIVERS FAMILY PRACTICE");
        j.concept("priority", &[process_priority("normal", "Normal")], "");
        j.one("diagnosis", |j| {
            j.int("sequence", 1);
            j.reference("diagnosisReference", &self.own(2), "");
        });
        j.one("procedure", |j| {
            j.int("sequence", 1);
            j.reference("procedureReference", &self.own(1), "");
        });
        j.one("insurance", |j| {
            j.int("sequence", 1);
            j.bool("focal", true);
            j.obj("coverage", |j| j.str("display", "Medicare"));
        });
        j.one("item", |j| {
            j.int("sequence", 1);
            let (code, text) = PROCEDURES[self.procedure];
            j.concept("productOrService", &[code], text);
            j.one("encounter", |j| j.target(&self.encounter, ""));
            j.money("net", self.cents);
        });
        j.money("total", self.cents);
        j
    }

    fn benefit(&self) -> Json {
        let mut j = self.open("ExplanationOfBenefit", "", &self.own(4));
        j.one("contained", |j| {
            j.str("resourceType", "Coverage");
            j.str("id", "coverage");
            j.str("status", "active");
            j.concept("type", &[act("PUBLICPOL", "public healthcare")], "Medicare");
            j.reference("beneficiary", &self.patient, "");
            j.one("payor", |j| j.str("display", "Medicare"));
        });
        j.str("status", "active");
        j.concept("type", &[claim_type("professional", "Professional")], "");
        j.str("use", "claim");
        j.reference("patient", &self.patient, "");
        j.period("billablePeriod", self.start, Some(self.start + 365 * DAY));
        j.instant("created", self.start + HOUR / 2);
        j.obj("insurer", |j| j.str("display", "Medicare"));
        j.reference("provider", &self.doctor_url, "");
        j.reference("claim", &self.claim, "");
        j.str("outcome", "complete");
        j.one("insurance", |j| {
            j.bool("focal", true);
            j.reference("coverage", "#coverage", "Medicare");
        });
        j.one("item", |j| {
            j.int("sequence", 1);
            let (code, text) = PROCEDURES[self.procedure];
            j.concept("productOrService", &[code], text);
            j.period("servicedPeriod", self.start, Some(self.start + HOUR / 2));
            j.one("encounter", |j| j.target(&self.encounter, ""));
            j.money("net", self.cents);
            j.arr("adjudication", |j| {
                for (code, part) in [("submitted", 100), ("benefit", 80), ("copay", 20)] {
                    j.item(|j| {
                        let system = "http://terminology.hl7.org/CodeSystem/adjudication";
                        j.concept("category", &[Code { system, code, display: code }], "");
                        j.money("amount", self.cents * part / 100);
                    });
                }
            });
        });
        j.one("total", |j| {
            let system = "http://terminology.hl7.org/CodeSystem/adjudication";
            j.concept("category", &[Code { system, code: "submitted", display: "Submitted Amount" }], "");
            j.money("amount", self.cents);
        });
        j.obj("payment", |j| j.money("amount", self.cents * 4 / 5));
        j
    }
}
