//! A MedicationRequest (<https://hl7.org/fhir/R4/medicationrequest.html>) as far as whoever gives it needs it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::prn::Prn;
use super::schedule::{Bounded, Plan};
use super::timing::{bounded, moment};

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Status {
    Active,
    OnHold,
    /// Stopped, completed, entered in error, a draft.
    Other,
}

/// What is ordered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Medication {
    pub(in super::super) name: String,
    /// Codes of it, whatever their systems.
    pub(in super::super) codes: Vec<String>,
    /// Its Medication, when it is a record.
    pub(in super::super) reference: Option<String>,
}

/// An order.
#[derive(Clone, Debug)]
pub(in super::super) struct Order {
    pub(in super::super) status: Status,
    pub(in super::super) patient: String,
    pub(in super::super) medication: Medication,
    /// The dosage in words.
    pub(in super::super) dosage: Option<String>,
    pub(in super::super) route: Option<String>,
    /// The amount, as FHIR's Quantity.
    pub(in super::super) dose: Value,
    pub(in super::super) plans: Vec<Bounded>,
    pub(in super::super) prn: Option<Prn>,
    /// Whether some of its times are for somebody to read.
    pub(in super::super) unclear: bool,
    pub(in super::super) held_because: Option<String>,
}

/// The text of a concept, or what its code is called.
fn words(concept: &Value) -> Option<String> {
    let text = concept["text"].as_str().or_else(|| concept["coding"][0]["display"].as_str());
    text.or_else(|| concept["coding"][0]["code"].as_str()).map(str::to_owned)
}

/// The codes of a concept.
fn codes(concept: &Value) -> Vec<String> {
    let codings = concept["coding"].as_array().into_iter().flatten();
    codings.filter_map(|coding| coding["code"].as_str().map(str::to_owned)).collect()
}

/// What a Medication is called, and its codes and numbers.
pub(in super::super) fn texts(medication: &Value) -> (Option<String>, Vec<String>) {
    let mut known = codes(&medication["code"]);
    let identifiers = medication["identifier"].as_array().into_iter().flatten();
    known.extend(identifiers.filter_map(|one| one["value"].as_str().map(str::to_owned)));
    (words(&medication["code"]), known)
}

impl Order {
    /// Of its body; nothing when it is no order for somebody.
    pub(in super::super) fn read(whole: &Value, written: Timestamp, zone: &TimeZone) -> Option<Self> {
        let patient = whole["subject"]["reference"].as_str()?.strip_prefix("Patient/")?.to_owned();
        let is_order = matches!(
            whole["intent"].as_str()?,
            "order" | "original-order" | "reflex-order" | "filler-order" | "instance-order"
        );
        let status = match whole["status"].as_str()? {
            "active" if is_order => Status::Active,
            "on-hold" if is_order => Status::OnHold,
            _ => Status::Other,
        };
        let concept = &whole["medicationCodeableConcept"];
        let reference = &whole["medicationReference"];
        let name = words(concept).or_else(|| reference["display"].as_str().map(str::to_owned));
        let medication = Medication {
            name: name.unwrap_or_default(),
            codes: codes(concept),
            reference: reference["reference"]
                .as_str()
                .and_then(|text| text.strip_prefix("Medication/"))
                .map(str::to_owned),
        };
        let authored = moment(&whole["authoredOn"], zone, false).unwrap_or(written);
        let dosages = whole["dosageInstruction"].as_array().map_or(&[][..], Vec::as_slice);
        let first = dosages.first().unwrap_or(&Value::Null);
        let dose = first["doseAndRate"][0]["doseQuantity"].clone();
        let plans: Vec<Bounded> =
            dosages.iter().map(|dosage| bounded(dosage, authored, None, zone)).collect();
        let said: Vec<&str> = dosages.iter().filter_map(|dosage| dosage["text"].as_str()).collect();
        let prn = dosages.iter().find_map(Prn::read);
        Some(Self {
            status,
            patient,
            medication,
            dosage: (!said.is_empty()).then(|| said.join("; ")),
            route: words(&first["route"]),
            unclear: plans.is_empty()
                || plans.iter().any(|plan| plan.plan == Plan::Unclear)
                || prn.as_ref().is_some_and(|prn| prn.unclear),
            prn,
            plans,
            dose,
            held_because: words(&whole["statusReason"]),
        })
    }

    /// Whether it may be given as needed on that day, by the bounds of its dosages.
    pub(in super::super) fn is_needed_at(&self, at: Timestamp) -> bool {
        let within = |plan: &Bounded| plan.from <= at && plan.until.is_none_or(|until| at < until);
        self.plans.iter().any(|plan| plan.plan == Plan::AsNeeded && within(plan))
    }

    /// Whether a dose of it is due at this very time.
    pub(in super::super) fn has(&self, due: Timestamp, zone: &TimeZone) -> Option<super::Place> {
        let until = due.checked_add(jiff::SignedDuration::from_secs(1)).ok()?;
        super::places(&self.plans, (due, until), zone).into_iter().next().filter(|place| place.due == due)
    }

    /// The place that something takes which was given at a time and does not say.
    pub(in super::super) fn place_at(&self, at: Timestamp, zone: &TimeZone) -> Option<super::Place> {
        let (from, until) = (at.checked_sub(super::MISSED).ok()?, at.checked_add(super::EARLY * 2).ok()?);
        super::taken(&super::places(&self.plans, (from, until), zone), at)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_says_what_when_and_how_it_stands() {
        let body = json!({"resourceType": "MedicationRequest", "status": "active", "intent": "order",
            "subject": {"reference": "Patient/1"}, "authoredOn": "2026-01-01",
            "medicationCodeableConcept": {"text": "Metformin 500 mg", "coding": [{"code": "861007"}]},
            "dosageInstruction": [{"text": "1 tablet twice a day",
                "timing": {"repeat": {"timeOfDay": ["08:00:00", "18:00:00"]}},
                "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}]}]});
        let now = "2026-01-05T00:00:00Z".parse().unwrap();
        let order = Order::read(&body, now, &TimeZone::UTC).unwrap();
        assert_eq!((order.status, order.unclear), (Status::Active, false));
        assert_eq!(order.medication.codes, ["861007"]);
        assert!(
            order.prn.is_none()
                && order.has("2026-01-05T18:00:00Z".parse().unwrap(), &TimeZone::UTC).is_some()
        );
        assert!(order.has("2026-01-05T18:00:01Z".parse().unwrap(), &TimeZone::UTC).is_none());
        let plan = json!({"intent": "plan", "status": "active", "subject": {"reference": "Patient/1"}});
        let order = Order::read(&plan, now, &TimeZone::UTC).unwrap();
        assert_eq!((order.status, order.unclear), (Status::Other, true));
    }
}
