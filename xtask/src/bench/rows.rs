//! The requests of each row.

use serde_json::{Value, json};

use super::Fallible;
use super::data::{Data, FHIR, escape, text};
use super::dice::Dice;
use super::http::{Answer, Caller};
use super::load::Script;

/// Entries of a transaction bundle.
pub(super) const ENTRIES: usize = 30;

/// Patients that each client of the update row changes in turn.
const CHANGED: usize = 4;

/// A row of HTTP requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Read,
    Create,
    Update,
    Identifier,
    Name,
    Observations,
    Bundle,
    Autosave,
    Shift,
}

impl Row {
    pub(super) const ALL: [Self; 9] = [
        Self::Read,
        Self::Create,
        Self::Update,
        Self::Identifier,
        Self::Name,
        Self::Observations,
        Self::Bundle,
        Self::Autosave,
        Self::Shift,
    ];

    /// What `--only` and the JSON call it.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Identifier => "identifier",
            Self::Name => "name",
            Self::Observations => "observations",
            Self::Bundle => "bundle",
            Self::Autosave => "autosave",
            Self::Shift => "shift",
        }
    }

    /// What the table calls it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Read => "FHIR read by id",
            Self::Create => "create Patient, validated",
            Self::Update => "update Patient, If-Match",
            Self::Identifier => "Patient by identifier",
            Self::Name => "Patient by name, typo-tolerant",
            Self::Observations => "Observation by patient+code, newest 20",
            Self::Bundle => "transaction bundle, per resource",
            Self::Autosave => "note autosave",
            Self::Shift => "a facility's shift, a resident",
        }
    }

    /// CPU milliseconds for one, at most.
    pub(super) fn target(self) -> f64 {
        match self {
            Self::Read | Self::Bundle => 0.25,
            Self::Create => 0.80,
            Self::Update => 0.90,
            Self::Identifier => 0.40,
            Self::Name | Self::Observations => 0.50,
            Self::Autosave => 1.0,
            // A list of fifty may cost 2.
            Self::Shift => 0.04,
        }
    }

    /// The status of a success.
    pub(super) fn status(self) -> u16 {
        if self == Self::Create { 201 } else { 200 }
    }

    /// How many of what is counted one request does, whose answers hold so many on average.
    pub(super) fn units(self, shown: usize) -> usize {
        match self {
            Self::Bundle => ENTRIES,
            Self::Shift => shown,
            _ => 1,
        }
    }

    /// A script for each of `clients`.
    pub(super) async fn scripts(self, caller: &Caller, data: &Data, clients: usize) -> Fallible<Vec<Script>> {
        if self == Self::Update {
            return updates(caller, data, clients).await;
        }
        if self == Self::Autosave {
            return autosaves(caller, data, clients).await;
        }
        let requests: Vec<Vec<u8>> = match self {
            Self::Read => {
                data.addresses.iter().map(|address| caller.get(&format!("{FHIR}/{address}"))).collect()
            }
            Self::Identifier => {
                searches(caller, data.identifiers.iter().map(|i| format!("identifier={}", escape(i))))
            }
            Self::Name => searches(
                caller,
                data.families.iter().map(|f| format!("phonetic={}&_count=20", escape(&slip(f)))),
            ),
            Self::Observations => {
                let query = |(patient, code, _): &(String, String, usize)| {
                    let code = escape(code);
                    caller.get(&format!(
                        "{FHIR}/Observation?patient={patient}&code={code}&_sort=-date&_count=20"
                    ))
                };
                data.series.iter().map(query).collect()
            }
            Self::Bundle => {
                data.visits.iter().map(|visit| caller.send("POST", FHIR, "", &bundle(visit))).collect()
            }
            Self::Shift => vec![caller.get(&data.shift)],
            Self::Create | Self::Update | Self::Autosave => Vec::new(),
        };
        let script = |number: usize| {
            let mut dice = Dice::new(number as u64);
            let (requests, patients, caller) = (requests.clone(), data.patients.clone(), caller.clone());
            let script: Script = Box::new(move |_| {
                if self == Self::Create {
                    let body = newcomer(dice.pick(&patients).clone(), &mut dice).to_string();
                    return caller.send("POST", &format!("{FHIR}/Patient"), "", body.as_bytes());
                }
                dice.pick(&requests).clone()
            });
            script
        };
        Ok((0..clients).map(script).collect())
    }
}

fn searches(caller: &Caller, queries: impl Iterator<Item = String>) -> Vec<Vec<u8>> {
    queries.map(|query| caller.get(&format!("{FHIR}/Patient?{query}"))).collect()
}

/// A slip of the finger: two letters inside the name change places.
fn slip(name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let at = letters.len() / 2;
    if at >= 1 && at + 1 < letters.len() {
        letters.swap(at, at + 1);
    }
    letters.into_iter().collect()
}

/// A patient like another, with a name and numbers of its own.
fn newcomer(mut patient: Value, dice: &mut Dice) -> Value {
    if let Some(members) = patient.as_object_mut() {
        members.remove("id");
        members.remove("meta");
    }
    for identifier in patient["identifier"].as_array_mut().into_iter().flatten() {
        identifier["value"] = json!(format!("B{:012}", dice.next() % 1_000_000_000_000));
    }
    if let Some(family) = patient["name"][0]["family"].as_str() {
        let letter = char::from(b'a' + (dice.next() % 26) as u8);
        patient["name"][0]["family"] = json!(format!("{family}{letter}"));
    }
    patient
}

/// Each client changes the telephone number of patients that nobody else touches.
async fn updates(caller: &Caller, data: &Data, clients: usize) -> Fallible<Vec<Script>> {
    let mut connection = caller.connect().await?;
    let mut dice = Dice::new(0x7570);
    let mut scripts = Vec::new();
    for _ in 0..clients {
        let mut mine = Vec::new();
        for _ in 0..CHANGED {
            let body = newcomer(dice.pick(&data.patients).clone(), &mut dice).to_string();
            let create = caller.send(
                "POST",
                &format!("{FHIR}/Patient"),
                "Prefer: return=representation\r\n",
                body.as_bytes(),
            );
            mine.push((connection.ask(&create).await?.json(201)?, 1_u32));
        }
        let (mut turn, mut dice, caller) = (0, Dice::new(dice.next()), caller.clone());
        let script: Script = Box::new(move |answer: Option<&Answer<'_>>| {
            if answer.is_some_and(|answer| answer.status == 200) {
                mine[turn].1 += 1;
                turn = (turn + 1) % mine.len();
            }
            let (patient, version) = &mut mine[turn];
            let number = format!("555-01{:02}", dice.below(100));
            patient["telecom"] = json!([{"system": "phone", "value": number, "use": "home"}]);
            let target = format!("{FHIR}/Patient/{}", text(patient, "id"));
            let condition = format!("If-Match: W/\"{version}\"\r\n");
            caller.send("PUT", &target, &condition, patient.to_string().as_bytes())
        });
        scripts.push(script);
    }
    Ok(scripts)
}

/// Each client writes a note of its own, and has it saved while it types.
async fn autosaves(caller: &Caller, data: &Data, clients: usize) -> Fallible<Vec<Script>> {
    const WORDS: [&str; 8] = ["slept", "well", "ate", "half", "walked", "with", "help", "calm"];
    let mut connection = caller.connect().await?;
    let mut dice = Dice::new(0x6e6f);
    let mut scripts = Vec::new();
    for _ in 0..clients {
        let patient = dice.pick(&data.patients);
        let path = format!("/api/patients/{}/note-drafts", text(patient, "id"));
        let begin = json!({"template": "https://lamplight.health/fhir/Questionnaire/shift-note|1"});
        let begin = caller.send("POST", &path, "", begin.to_string().as_bytes());
        let draft = connection.ask(&begin).await?.json(201)?;
        let target = format!("/api/note-drafts/{}", text(&draft, "id"));
        let (mut version, mut dice, caller) = (1_u32, Dice::new(dice.next()), caller.clone());
        let mut typed = String::new();
        let script: Script = Box::new(move |answer: Option<&Answer<'_>>| {
            if answer.is_some_and(|answer| answer.status == 200) {
                version += 1;
            }
            // Some words every five seconds, up to a long note, and then the next.
            if typed.len() > 2_000 {
                typed.clear();
            }
            for _ in 0..8 {
                typed.push_str(WORDS[dice.below(WORDS.len())]);
                typed.push(' ');
            }
            let code = |code: &str| json!([{"valueCoding": {"code": code}}]);
            let answers = json!({
                "shift-which": code("day"), "consciousness": code("alert-oriented"), "meal": code("half"),
                "skin": code("intact"), "mobility": code("with-one-person"),
                "heart-rate": [{"valueQuantity": {"value": 60 + dice.below(40)}}],
                "hand-over-text": [{"valueString": typed}],
            });
            let condition = format!("If-Match: \"{version}\"\r\n");
            caller.send("PUT", &target, &condition, json!({"answers": answers}).to_string().as_bytes())
        });
        scripts.push(script);
    }
    Ok(scripts)
}

/// A visit as a transaction: a new encounter, and everything else within it.
fn bundle(visit: &[Value]) -> Vec<u8> {
    const ENCOUNTER: &str = "urn:uuid:6d1c3a52-0000-4000-8000-000000000000";
    let entries: Vec<Value> = (0..ENTRIES)
        .map(|number| {
            let mut resource = visit[number % visit.len()].clone();
            if let Some(members) = resource.as_object_mut() {
                members.remove("id");
                members.remove("meta");
                if let Some(encounter) = members.get_mut("encounter") {
                    *encounter = json!({"reference": ENCOUNTER});
                }
            }
            let rtype = text(&resource, "resourceType").to_owned();
            let url = match number {
                0 => ENCOUNTER.to_owned(),
                _ => format!("urn:uuid:6d1c3a52-0000-4000-8000-{number:012}"),
            };
            json!({"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": rtype}})
        })
        .collect();
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries}).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_changes_the_inside_of_a_name() {
        assert_eq!(["Johnson", "Ng", "Lee", ""].map(slip), ["Johsnon", "Ng", "Lee", ""]);
    }

    #[test]
    fn a_bundle_holds_a_visit_as_new_records() {
        let visit = [
            json!({"resourceType": "Encounter", "id": "1", "meta": {}}),
            json!({"resourceType": "Observation", "id": "2", "encounter": {"reference": "Encounter/1"}}),
        ];
        let bundle: Value = serde_json::from_slice(&bundle(&visit)).unwrap();
        let entries = bundle["entry"].as_array().unwrap();
        assert_eq!(entries.len(), ENTRIES);
        assert_eq!(entries[0]["request"], json!({"method": "POST", "url": "Encounter"}));
        assert_eq!(entries[1]["resource"]["encounter"]["reference"], entries[0]["fullUrl"]);
        assert!(entries.iter().all(|entry| entry["resource"].get("id").is_none()));
    }

    #[test]
    fn a_newcomer_has_numbers_of_its_own() {
        let patient = json!({"id": "1", "identifier": [{"value": "a"}], "name": [{"family": "Lee"}]});
        let made = newcomer(patient, &mut Dice::new(1));
        assert!(
            made.get("id").is_none()
                && made["identifier"][0]["value"] != "a"
                && made["name"][0]["family"] != "Lee"
        );
    }
}
