//! What becomes of an Encounter (<https://hl7.org/fhir/R4/encounter.html>) as its patient comes and goes; pure.

use fhir::json::{amend, quote};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::Error;

const PLACES: &str = "http://terminology.hl7.org/CodeSystem/location-physical-type";
const DISPOSITIONS: &str = "http://terminology.hl7.org/CodeSystem/discharge-disposition";

/// Where people go at the end (HL7 discharge-disposition), and what it is called.
const ENDS: [(&str, &str); 10] = [
    ("home", "Home"),
    ("alt-home", "Alternative home"),
    ("other-hcf", "Other healthcare facility"),
    ("hosp", "Hospice"),
    ("long", "Long-term care"),
    ("aadvice", "Left against advice"),
    ("exp", "Expired"),
    ("rehab", "Rehabilitation"),
    ("snf", "Skilled nursing facility"),
    ("oth", "Other"),
];

/// A room, a bed or a wing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StayPlace)]
pub(super) struct Place {
    /// Its Location, where there is one.
    #[serde(default)]
    location: Option<Uuid>,
    /// What it is called, 1 to 100 characters.
    name: String,
}

impl Place {
    pub(super) fn checked(&self) -> Result<(), Error> {
        text(&self.name, 100).map(drop).ok_or(Error::Invalid("room: 1 to 100 characters"))
    }

    fn here(&self, at: Timestamp) -> Value {
        let mut location = json!({"display": self.name.trim()});
        if let Some(id) = self.location {
            location["reference"] = format!("Location/{id}").into();
        }
        json!({"location": location, "status": "active", "period": {"start": instant(at)}})
    }
}

/// Where somebody is who is away.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = StayAway)]
pub(super) enum Away {
    /// In hospital.
    Hospital,
    /// With family, or at home.
    Home,
    /// Elsewhere.
    Other,
}

impl Away {
    fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::Hospital => ("si", "Site"),
            Self::Home => ("ho", "House"),
            Self::Other => ("area", "Area"),
        }
    }
}

/// What a text says, when it is there and no longer than `most`.
pub(super) fn text(given: &str, most: usize) -> Option<&str> {
    let said = given.trim();
    (!said.is_empty() && said.chars().count() <= most).then_some(said)
}

fn instant(at: Timestamp) -> String {
    // Nobody notes more than the second.
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// Of an Encounter, what comings and goings change. Everything else stays as it is written.
pub(super) struct Stay {
    pub(super) status: String,
    pub(super) period: Value,
    status_history: Vec<Value>,
    pub(super) places: Vec<Value>,
    pub(super) hospitalization: Value,
}

impl Stay {
    /// Reads the body of an Encounter.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let whole: Value = serde_json::from_slice(body).ok()?;
        let list = |name: &str| whole[name].as_array().cloned().unwrap_or_default();
        Some(Self {
            status: whole["status"].as_str()?.to_owned(),
            period: whole["period"].clone(),
            status_history: list("statusHistory"),
            places: list("location"),
            hospitalization: whole["hospitalization"].clone(),
        })
    }

    /// Since when it is as it is.
    fn since(&self) -> Option<Timestamp> {
        let last = self.status_history.last().and_then(|past| past["period"]["end"].as_str());
        let moved = self.places.iter().filter_map(|place| place["period"]["start"].as_str());
        let begun = last.or_else(|| self.period["start"].as_str());
        begun.into_iter().chain(moved).filter_map(|text| text.parse().ok()).max()
    }

    /// Nothing happens before what happened last, nor in the future.
    pub(super) fn fits(&self, at: Timestamp, now: Timestamp) -> Result<(), Error> {
        if at > now {
            return Err(Error::Invalid("at: must not be in the future"));
        }
        if self.since().is_some_and(|since| at < since) {
            return Err(Error::Invalid("at: must not be before what is recorded last"));
        }
        Ok(())
    }

    fn becomes(&mut self, status: &str, at: Timestamp) {
        let last = self.status_history.last().map(|past| past["period"]["end"].clone());
        let mut period = json!({"end": instant(at)});
        if let Some(start) = last.filter(Value::is_string).or_else(|| Some(self.period["start"].clone()))
            && start.is_string()
        {
            period["start"] = start;
        }
        self.status_history.push(json!({"status": self.status, "period": period}));
        status.clone_into(&mut self.status);
    }

    fn leave_places(&mut self, which: &[&str], becomes: &str, at: Timestamp) {
        for place in &mut self.places {
            let status = place["status"].as_str().unwrap_or("active");
            if !which.contains(&status) || place["period"]["end"].is_string() {
                continue;
            }
            place["status"] = becomes.into();
            if becomes == "completed" {
                if !place["period"].is_object() {
                    place["period"] = json!({});
                }
                place["period"]["end"] = instant(at).into();
            }
        }
    }

    /// To another room.
    pub(super) fn transfer(&mut self, to: &Place, at: Timestamp) -> Result<(), Error> {
        self.is_here()?;
        self.leave_places(&["active", "planned"], "completed", at);
        self.places.push(to.here(at));
        Ok(())
    }

    /// Away, with the intention to return. The room is held for them, or given up.
    pub(super) fn leave(&mut self, kind: Away, to: &str, hold: bool, at: Timestamp) -> Result<(), Error> {
        self.is_here()?;
        self.leave_places(&["active", "planned"], if hold { "reserved" } else { "completed" }, at);
        let (code, display) = kind.code();
        self.places.push(json!({
            "location": {"display": to},
            "status": "active",
            "physicalType": {"coding": [{"system": PLACES, "code": code, "display": display}]},
            "period": {"start": instant(at)},
        }));
        self.becomes("onleave", at);
        Ok(())
    }

    /// Back, to the room that was held or to another.
    pub(super) fn come_back(&mut self, to: Option<&Place>, at: Timestamp) -> Result<(), Error> {
        match self.status.as_str() {
            "onleave" => {}
            "in-progress" | "arrived" | "triaged" => return Err(Error::Here),
            _ => return Err(Error::Ended),
        }
        self.leave_places(&["active"], "completed", at);
        match to {
            Some(place) => {
                self.leave_places(&["reserved"], "completed", at);
                self.places.push(place.here(at));
            }
            None => self.leave_places(&["reserved"], "active", at),
        }
        self.becomes("in-progress", at);
        Ok(())
    }

    /// Gone for good.
    pub(super) fn discharge(
        &mut self,
        disposition: &str,
        destination: Option<&str>,
        at: Timestamp,
    ) -> Result<(), Error> {
        let Some((code, display)) = ENDS.iter().find(|(code, _)| *code == disposition) else {
            return Err(Error::Invalid("disposition: a code of HL7's discharge-disposition"));
        };
        if !matches!(self.status.as_str(), "in-progress" | "onleave" | "arrived" | "triaged") {
            return Err(Error::Ended);
        }
        self.leave_places(&["active", "reserved", "planned"], "completed", at);
        self.becomes("finished", at);
        if !self.period.is_object() {
            self.period = json!({});
        }
        self.period["end"] = instant(at).into();
        if !self.hospitalization.is_object() {
            self.hospitalization = json!({});
        }
        self.hospitalization["dischargeDisposition"] =
            json!({"coding": [{"system": DISPOSITIONS, "code": code, "display": display}]});
        if let Some(destination) = destination {
            self.hospitalization["destination"] = json!({"display": destination});
        }
        Ok(())
    }

    fn is_here(&self) -> Result<(), Error> {
        match self.status.as_str() {
            "in-progress" | "arrived" | "triaged" => Ok(()),
            "onleave" => Err(Error::Away),
            _ => Err(Error::Ended),
        }
    }

    /// The document with what changed; every other member byte for byte as it was.
    pub(super) fn written_into(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut members = vec![("status", quote(&self.status))];
        let list = |values: &[Value]| Value::from(values.to_vec()).to_string();
        if !self.status_history.is_empty() {
            members.push(("statusHistory", list(&self.status_history)));
        }
        if !self.places.is_empty() {
            members.push(("location", list(&self.places)));
        }
        for (name, value) in [("period", &self.period), ("hospitalization", &self.hospitalization)] {
            if value.is_object() {
                members.push((name, value.to_string()));
            }
        }
        amend(body, &members).ok()
    }
}

/// Who comes to stay, and how.
pub(super) struct Arrival<'a> {
    pub(super) patient: String,
    /// The member `managingOrganization` of the patient.
    pub(super) organization: Option<Value>,
    pub(super) room: Option<&'a Place>,
    pub(super) from: Timestamp,
    pub(super) reason: Option<&'a str>,
    pub(super) source: Option<&'a str>,
    pub(super) again: bool,
}

impl Arrival<'_> {
    /// The Encounter that begins.
    pub(super) fn encounter(&self) -> Value {
        let mut hospitalization = json!({});
        if let Some(source) = self.source {
            hospitalization["admitSource"] = json!({"text": source});
        }
        if self.again {
            hospitalization["reAdmission"] = json!({"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/v2-0092", "code": "R", "display": "Re-admission"}]});
        }
        let mut made = json!({
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP",
                      "display": "inpatient encounter"},
            "subject": {"reference": self.patient},
            "period": {"start": instant(self.from)},
        });
        if let Some(room) = self.room {
            made["location"] = json!([room.here(self.from)]);
        }
        if let Some(reason) = self.reason {
            made["reasonCode"] = json!([{"text": reason}]);
        }
        if hospitalization.as_object().is_some_and(|members| !members.is_empty()) {
            made["hospitalization"] = hospitalization;
        }
        if let Some(organization) = &self.organization {
            made["serviceProvider"] = organization.clone();
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use fhir::json::{Limits, parse};

    use super::*;

    const BODY: &str = r#"{"resourceType":"Encounter","status":"in-progress","length":{"value":1.50},
        "period":{"start":"2026-01-01T10:00:00Z"},"location":[{"location":{"display":"Room 4"}}]}"#;

    fn at(hour: i8) -> Timestamp {
        format!("2026-01-02T{hour:02}:00:00Z").parse().unwrap()
    }

    fn room(name: &str) -> Place {
        Place { location: None, name: name.to_owned() }
    }

    #[test]
    fn a_stay_goes_through_its_states_and_keeps_each_in_its_history() {
        let mut stay = Stay::read(BODY.as_bytes()).unwrap();
        stay.transfer(&room("Room 5"), at(8)).unwrap();
        stay.leave(Away::Hospital, "County Hospital", true, at(9)).unwrap();
        assert!(matches!(stay.transfer(&room("Room 6"), at(10)), Err(Error::Away)));
        stay.come_back(None, at(11)).unwrap();
        assert!(matches!(stay.come_back(None, at(12)), Err(Error::Here)));
        assert!(matches!(stay.discharge("nowhere", None, at(12)), Err(Error::Invalid(_))));
        stay.discharge("home", Some("With her daughter"), at(12)).unwrap();
        assert!(matches!(stay.discharge("home", None, at(13)), Err(Error::Ended)));
        let body = stay.written_into(BODY.as_bytes()).unwrap();
        let text = String::from_utf8(body.clone()).unwrap();
        assert!(text.contains("1.50"), "what is not ours stays as written");
        let whole: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(whole["status"], "finished");
        assert_eq!(whole["period"]["end"], "2026-01-02T12:00:00Z");
        let told: Vec<_> =
            whole["statusHistory"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
        assert_eq!(told, ["in-progress", "onleave", "in-progress"]);
        let places = whole["location"].as_array().unwrap();
        assert!(
            places.iter().all(|place| place["status"] == "completed" && place["period"]["end"].is_string())
        );
        assert_eq!(places.len(), 3);
        let root = parse(&body, &Limits::default()).unwrap();
        let options = fhir::validate::ValidateOptions::default();
        let faults = fhir::validate::validate(fhir::ResourceType::Encounter, &root, &options);
        assert!(
            faults.iter().all(|fault| !fault.path.contains("location") && !fault.path.contains("status"))
        );
    }

    #[test]
    fn nothing_happens_before_what_happened_or_in_the_future() {
        let mut stay = Stay::read(BODY.as_bytes()).unwrap();
        stay.transfer(&room("Room 5"), at(8)).unwrap();
        assert!(stay.fits(at(7), at(20)).is_err());
        assert!(stay.fits(at(21), at(20)).is_err());
        assert!(stay.fits(at(9), at(20)).is_ok());
    }
}
