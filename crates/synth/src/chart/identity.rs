//! Patient, RelatedPerson, Coverage and Consent.

use super::Chart;
use crate::codes::{
    act, class_type, consent_scope, contact_relationship, identifier_type, language, loinc, marital, role,
};
use crate::directory::{PAYERS, address, marker_telecom};
use crate::json::Json;
use crate::time::DAY;

const MRN: &str = "https://lamplight.example/mrn";
const SSN: &str = "http://hl7.org/fhir/sid/us-ssn";
const MEMBER: &str = "https://lamplight.example/member-id";

impl Chart<'_> {
    pub(super) fn identity(&mut self) {
        self.write_patient();
        self.write_kin();
        self.write_coverage();
        self.write_consent();
    }

    fn write_patient(&mut self) {
        let mut j = self.sheet.open("Patient");
        let person = &self.person;
        j.arr("identifier", |j| {
            identifier(j, ("MR", "Medical record number"), MRN, &person.mrn);
            identifier(j, ("SS", "Social Security number"), SSN, &person.ssn);
            j.marker_identifier();
        });
        j.bool("active", !self.deceased);
        j.one("name", |j| {
            j.str("use", "official");
            j.text("text", &person.name.full());
            j.str("family", person.name.family);
            j.arr("given", |j| {
                j.value(person.name.given);
                if let Some(middle) = person.middle {
                    j.value(middle);
                }
            });
        });
        j.arr("telecom", |j| {
            telecom(j, "phone", &person.phone, "home");
            telecom(j, "email", &person.mail, "home");
            marker_telecom(j);
        });
        j.str("gender", person.gender());
        j.date("birthDate", person.birth);
        if self.deceased {
            j.instant("deceasedDateTime", self.now);
        }
        j.one("address", |j| {
            j.str("use", "home");
            address(j, &person.street, self.place);
        });
        let (code, display) = person.marital;
        j.concept("maritalStatus", &[marital(code, display)], display);
        self.write_contact(&mut j);
        let (code, display) = person.language;
        j.one("communication", |j| {
            j.concept("language", &[language(code, display)], display);
            j.bool("preferred", true);
        });
        j.references("generalPractitioner", &self.physician.url, &self.physician.display);
        j.reference("managingOrganization", &self.site.organization, &self.place.name);
        self.patient = self.sheet.close(j);
    }

    fn write_contact(&self, j: &mut Json) {
        let person = &self.person;
        j.one("contact", |j| {
            let emergency = contact_relationship("C", "Emergency Contact");
            j.concepts("relationship", &[emergency], self.kinship().1);
            j.obj("name", |j| {
                j.text("text", &person.kin.full());
                j.str("family", person.kin.family);
                j.arr("given", |j| j.value(person.kin.given));
            });
            j.arr("telecom", |j| {
                telecom(j, "phone", &person.kin_phone, "mobile");
                marker_telecom(j);
            });
            j.str("gender", if person.kin_female { "female" } else { "male" });
        });
    }

    fn kinship(&self) -> (&'static str, &'static str) {
        if self.person.kin_female { ("DAUC", "Daughter") } else { ("SONC", "Son") }
    }

    fn write_kin(&mut self) {
        let mut j = self.sheet.open("RelatedPerson");
        let person = &self.person;
        j.identifiers(&[(MEMBER, &format!("{}-K1", person.mrn))]);
        j.bool("active", true);
        j.reference("patient", &self.patient, &self.formal);
        let (code, display) = self.kinship();
        j.concepts("relationship", &[role(code, display)], display);
        j.one("name", |j| {
            j.text("text", &person.kin.full());
            j.str("family", person.kin.family);
            j.arr("given", |j| j.value(person.kin.given));
        });
        j.arr("telecom", |j| {
            telecom(j, "phone", &person.kin_phone, "mobile");
            telecom(j, "email", &person.kin.mail(&person.kin_tag), "home");
            marker_telecom(j);
        });
        j.str("gender", if person.kin_female { "female" } else { "male" });
        j.one("address", |j| address(j, &person.street, self.place));
        self.kin = self.sheet.close(j);
    }

    fn write_coverage(&mut self) {
        let second = self.rng.below(2) as usize + 1;
        for (order, payer) in [0, second].into_iter().enumerate() {
            if order == 1 && !self.rng.chance(45) {
                continue;
            }
            let member = format!("{}{}", self.person.member, ["A", "M", "E"][payer]);
            let mut j = self.sheet.open("Coverage");
            j.identifiers(&[(MEMBER, &member)]);
            j.str("status", "active");
            j.concept("type", &[act("PUBLICPOL", "public healthcare")], PAYERS[payer]);
            j.reference("subscriber", &self.patient, &self.formal);
            j.text("subscriberId", &member);
            j.reference("beneficiary", &self.patient, &self.formal);
            j.obj("period", |j| j.date("start", self.admitted - 900 * DAY));
            j.references("payor", &self.group.payers[payer], PAYERS[payer]);
            j.one("class", |j| {
                j.concept("type", &[class_type("plan", "Plan")], "");
                j.text("value", ["PART-B", "LTC-WAIVER", "SUPPLEMENT-G"][payer]);
                j.text("name", PAYERS[payer]);
            });
            j.int("order", order as i64 + 1);
            let url = self.sheet.close(j);
            if order == 0 {
                self.coverage = url;
            }
        }
    }

    fn write_consent(&mut self) {
        let mut j = self.sheet.open("Consent");
        j.str("status", "active");
        j.concept("scope", &[consent_scope("treatment", "Treatment")], "Consent to treatment");
        j.concepts("category", &[loinc("59284-0", "Patient Consent")], "Consent on admission");
        j.reference("patient", &self.patient, &self.formal);
        j.instant("dateTime", self.admitted);
        j.references("performer", &self.kin, &self.person.kin.full());
        j.references("organization", &self.site.organization, &self.place.name);
        j.obj("sourceAttachment", |j| {
            j.data(&format!("{} agrees to care and treatment at {}.", self.formal, self.place.name));
            j.text("title", "Signed consent");
        });
        j.concept("policyRule", &[act("OPTIN", "opt-in")], "Consent to treatment and disclosure for payment");
        j.obj("provision", |j| {
            j.str("type", "permit");
            j.obj("period", |j| j.date("start", self.admitted));
        });
        self.sheet.close(j);
    }
}

fn identifier(j: &mut Json, kind: (&'static str, &'static str), system: &str, value: &str) {
    j.item(|j| {
        j.str("use", "official");
        j.concept("type", &[identifier_type(kind.0, kind.1)], "");
        j.str("system", system);
        j.str("value", value);
    });
}

fn telecom(j: &mut Json, system: &str, value: &str, purpose: &str) {
    j.item(|j| {
        j.str("system", system);
        j.str("value", value);
        j.str("use", purpose);
    });
}
