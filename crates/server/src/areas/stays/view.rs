//! How a stay is told.

use chart::Document;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A stay as it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Stay)]
pub(super) struct StayView {
    /// The Encounter.
    pub(super) stay: String,
    /// The patient.
    pub(super) patient: String,
    /// What a change names in `If-Match`.
    pub(super) version: String,
    /// FHIR's `Encounter.status`: `in-progress`, `onleave`, `finished`, ...
    status: String,
    from: Option<String>,
    until: Option<String>,
    /// The room where they are, or that is held for them.
    pub(super) room: Option<String>,
    /// Where they are who are away.
    pub(super) away: Option<String>,
    reason: Option<String>,
    /// Which facility's stay it is, by name.
    at: Option<String>,
    /// A code of HL7's discharge-disposition.
    disposition: Option<String>,
    destination: Option<String>,
    /// Every place of the stay, in order.
    places: Vec<PlaceView>,
    #[serde(skip)]
    class: Option<String>,
    /// What it was before: each status with its time.
    past: Vec<PastView>,
}

/// A place of a stay.
#[derive(Serialize, ToSchema)]
#[schema(as = StayPlacePast)]
struct PlaceView {
    name: Option<String>,
    /// FHIR's `Encounter.location.status`; `reserved` is a room that is held.
    status: Option<String>,
    from: Option<String>,
    until: Option<String>,
}

/// A status that was.
#[derive(Serialize, ToSchema)]
#[schema(as = StayStatusPast)]
struct PastView {
    status: Option<String>,
    from: Option<String>,
    until: Option<String>,
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The text of a concept, or what its code is called.
fn words(concept: &Value) -> Option<String> {
    text(&concept["text"]).or_else(|| text(&concept["coding"][0]["display"]))
}

impl StayView {
    /// Whether it is one, and no visit.
    pub(super) fn is_stay(&self) -> bool {
        self.class.as_deref() == Some("IMP")
    }

    /// Of an Encounter; nothing of one that is no JSON.
    pub(super) fn of(document: &Document) -> Option<Self> {
        let whole: Value = serde_json::from_slice(&document.body).ok()?;
        let places = list(&whole["location"]);
        let stands = |place: &&Value| !place["period"]["end"].is_string();
        let is_away = whole["status"] == "onleave";
        let named = |statuses: &[&str]| {
            let of = |place: &&Value| statuses.contains(&place["status"].as_str().unwrap_or("active"));
            let found: Vec<String> = places
                .iter()
                .filter(|place| of(place) && stands(place))
                .filter_map(|place| text(&place["location"]["display"]))
                .collect();
            (!found.is_empty()).then(|| found.join(", "))
        };
        let tag = document.tag.clone().unwrap_or_else(|| document.version.to_string());
        let subject = whole["subject"]["reference"].as_str().and_then(|text| text.strip_prefix("Patient/"));
        Some(Self {
            stay: document.id.to_string(),
            patient: subject.unwrap_or_default().to_owned(),
            version: format!("W/\"{tag}\""),
            status: text(&whole["status"])?,
            from: text(&whole["period"]["start"]),
            until: text(&whole["period"]["end"]),
            room: named(if is_away { &["reserved"] } else { &["active"] }),
            away: if is_away { named(&["active"]) } else { None },
            reason: words(&whole["reasonCode"][0]),
            at: text(&whole["serviceProvider"]["display"]),
            disposition: text(&whole["hospitalization"]["dischargeDisposition"]["coding"][0]["code"]),
            destination: text(&whole["hospitalization"]["destination"]["display"]),
            class: text(&whole["class"]["code"]),
            places: places
                .iter()
                .map(|place| PlaceView {
                    name: text(&place["location"]["display"]),
                    status: text(&place["status"]),
                    from: text(&place["period"]["start"]),
                    until: text(&place["period"]["end"]),
                })
                .collect(),
            past: list(&whole["statusHistory"])
                .iter()
                .map(|past| PastView {
                    status: text(&past["status"]),
                    from: text(&past["period"]["start"]),
                    until: text(&past["period"]["end"]),
                })
                .collect(),
        })
    }
}
