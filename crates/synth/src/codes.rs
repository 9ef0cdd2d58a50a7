//! The codes charts are written in. Code systems are named by their canonical URLs; displays are ours where the
//! system's licence asks for more than naming the code.

mod findings;
mod medicines;
mod results;

pub(crate) use findings::{ALLERGENS, CONDITIONS, NO_KNOWN_ALLERGY, PROCEDURES, REACTIONS, VACCINES};
pub(crate) use medicines::{CONTROLLED, Drug, MEDICINES};
pub(crate) use results::{BLOOD_PRESSURE, DIASTOLIC, HEIGHT, LABS, Measure, SYSTOLIC, VITALS};

/// A Coding.
#[derive(Clone, Copy)]
pub(crate) struct Code {
    pub(crate) system: &'static str,
    pub(crate) code: &'static str,
    pub(crate) display: &'static str,
}

macro_rules! systems {
    ($($name:ident $url:literal;)*) => {$(
        pub(crate) const fn $name(code: &'static str, display: &'static str) -> Code {
            Code { system: $url, code, display }
        }
    )*};
}

systems! {
    snomed "http://snomed.info/sct";
    loinc "http://loinc.org";
    icd10 "http://hl7.org/fhir/sid/icd-10-cm";
    rxnorm "http://www.nlm.nih.gov/research/umls/rxnorm";
    cvx "http://hl7.org/fhir/sid/cvx";
    act "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    role "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
    marital "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus";
    language "urn:ietf:bcp:47";
    identifier_type "http://terminology.hl7.org/CodeSystem/v2-0203";
    observation_category "http://terminology.hl7.org/CodeSystem/observation-category";
    interpretation "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
    condition_category "http://terminology.hl7.org/CodeSystem/condition-category";
    condition_clinical "http://terminology.hl7.org/CodeSystem/condition-clinical";
    condition_verification "http://terminology.hl7.org/CodeSystem/condition-ver-status";
    allergy_clinical "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
    allergy_verification "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
    service_section "http://terminology.hl7.org/CodeSystem/v2-0074";
    organization_type "http://terminology.hl7.org/CodeSystem/organization-type";
    physical_type "http://terminology.hl7.org/CodeSystem/location-physical-type";
    goal_achievement "http://terminology.hl7.org/CodeSystem/goal-achievement";
    flag_category "http://terminology.hl7.org/CodeSystem/flag-category";
    communication_category "http://terminology.hl7.org/CodeSystem/communication-category";
    consent_scope "http://terminology.hl7.org/CodeSystem/consentscope";
    claim_type "http://terminology.hl7.org/CodeSystem/claim-type";
    process_priority "http://terminology.hl7.org/CodeSystem/processpriority";
    participation "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    contact_relationship "http://terminology.hl7.org/CodeSystem/v2-0131";
    discharge "http://terminology.hl7.org/CodeSystem/discharge-disposition";
    class_type "http://terminology.hl7.org/CodeSystem/coverage-class";
    medication_category "http://terminology.hl7.org/CodeSystem/medicationrequest-category";
    confidentiality "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
    revenue "https://lamplight.example/fhir/CodeSystem/care-service";
}

pub(crate) const RESTRICTED: Code = confidentiality("R", "restricted");

/// Labels of records about substance use, which 42 CFR Part 2 protects.
pub(crate) const SUBSTANCE_USE: [Code; 3] = [
    act("SUD", "substance use disorder information sensitivity"),
    act("ETHUD", "alcohol use disorder information sensitivity"),
    act("42CFRPart2", "42 CFR Part2"),
];

/// Labels of psychotherapy notes (45 CFR 164.501).
pub(crate) const PSYCHOTHERAPY: [Code; 2] = [
    act("PSY", "psychiatry disorder information sensitivity"),
    act("PSYTHPN", "psychotherapy note information sensitivity"),
];
