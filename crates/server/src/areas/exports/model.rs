//! What is asked for, and how it is told.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use db::Ctx;
use fhir::{Reference, ResourceType};
use jiff::{SignedDuration, Timestamp};
use kernel::{DataClass, OrganizationId, PatientId, ResourceId, Version};
use policy::{Action, Decision, Purpose, Target};
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::Error;
use super::store::{File, Row};

/// How long the files are kept, and how long an export may wait and run.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long a worker that says nothing is believed to live.
pub(super) const LEASE: Duration = Duration::from_secs(30);
/// How often one is begun anew.
pub(super) const TRIES: i32 = 5;
/// A file is closed when it is as long as this, in bytes: what is in clear is in memory alone.
pub(super) const FILE: usize = 16 << 20;
/// Where files lie in the object store.
pub(super) const FOLDER: &str = "exports";
/// The media type of a file.
pub(super) const NDJSON: &str = "application/fhir+ndjson";
/// The most patients that are named.
const PATIENTS: usize = 100;

/// What somebody wants.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Asked {
    pub(super) patients_only: bool,
    pub(super) types: Option<Vec<ResourceType>>,
    pub(super) patients: Option<Vec<PatientId>>,
    pub(super) since: Option<Timestamp>,
}

impl Asked {
    /// What the parameters of an address say.
    pub(super) fn of_query(patients_only: bool, pairs: &[(String, String)]) -> Result<Self, Error> {
        let mut asked = Self { patients_only, ..Self::default() };
        for (name, value) in pairs {
            match name.as_str() {
                "patient" => return Err(Error::Invalid("patient is sent in a body, by POST")),
                name => asked.take(name, value)?,
            }
        }
        Ok(asked)
    }

    /// What a Parameters resource says.
    pub(super) fn of_parameters(patients_only: bool, body: &Value) -> Result<Self, Error> {
        const FORM: Error =
            Error::Invalid("the body must be a Parameters resource with values of its parameters");
        let mut asked = Self { patients_only, ..Self::default() };
        let body = body.as_object().ok_or(FORM)?;
        let known = |name: &String| ["resourceType", "parameter", "id", "meta"].contains(&name.as_str());
        if body.get("resourceType") != Some(&json!("Parameters")) || !body.keys().all(known) {
            return Err(FORM);
        }
        let given = match body.get("parameter") {
            None => &[][..],
            Some(given) => given.as_array().ok_or(FORM)?,
        };
        for one in given {
            let one = one.as_object().filter(|one| one.len() == 2).ok_or(FORM)?;
            let name = one.get("name").and_then(Value::as_str).ok_or(FORM)?;
            let value = |kinds: &[&str]| kinds.iter().find_map(|kind| one.get(*kind)).ok_or(FORM);
            if name == "patient" {
                let patient = value(&["valueReference"])?["reference"].as_str().ok_or(FORM)?;
                asked.name_patient(patient)?;
            } else {
                let value = value(&["valueString", "valueCode", "valueInstant"])?;
                asked.take(name, value.as_str().ok_or(FORM)?)?;
            }
        }
        Ok(asked)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Error> {
        const LATER: [&str; 5] = [
            "_elements",
            "_typeFilter",
            "includeAssociatedData",
            "organizeOutputBy",
            "allowPartialManifests",
        ];
        match name {
            // It overrides the header, and was looked at with it.
            "_format" | "_pretty" => Ok(()),
            // A plus that stood in an address arrives as a blank.
            "_outputFormat" => match value {
                "application/fhir+ndjson" | "application/fhir ndjson" | "application/ndjson" | "ndjson" => {
                    Ok(())
                }
                _ => Err(Error::Invalid("_outputFormat: application/fhir+ndjson")),
            },
            "_since" if self.since.is_some() => Err(Error::Invalid("_since: once")),
            "_since" => {
                self.since = Some(value.parse().map_err(|_| Error::Invalid("_since: an instant"))?);
                Ok(())
            }
            "_type" => {
                let types = self.types.get_or_insert_default();
                for name in value.split(',') {
                    let unknown = Error::Invalid("_type: types of FHIR R4, with commas between them");
                    types.push(ResourceType::parse(name).ok_or(unknown)?);
                }
                types.sort_unstable_by_key(|rtype| rtype.code());
                types.dedup();
                Ok(())
            }
            other => match LATER.into_iter().find(|known| *known == other) {
                Some(known) => Err(Error::Unsupported(known)),
                None => Err(Error::Invalid("there is a parameter that is not known")),
            },
        }
    }

    /// The same as parameters of an address, without the patients: those are named in bodies alone.
    pub(super) fn query(&self) -> String {
        let types = self.types.as_ref().map(|types| {
            format!("_type={}", types.iter().map(|rtype| rtype.as_str()).collect::<Vec<_>>().join(","))
        });
        let since = self.since.map(|since| format!("_since={since}"));
        types.into_iter().chain(since).collect::<Vec<_>>().join("&")
    }

    fn name_patient(&mut self, text: &str) -> Result<(), Error> {
        const WRONG: Error = Error::Invalid("patient: references to patients, a hundred at most");
        if !self.patients_only {
            return Err(Error::Invalid("patient: with Patient/$export alone"));
        }
        let Reference::Relative { rtype: ResourceType::Patient, id, .. } = Reference::parse(text) else {
            return Err(WRONG);
        };
        let patients = self.patients.get_or_insert_default();
        let id: PatientId = id.to_string().parse().map_err(|_| WRONG)?;
        if !patients.contains(&id) {
            patients.push(id);
        }
        if patients.len() > PATIENTS { Err(WRONG) } else { Ok(()) }
    }

    /// Refuses what does not exist for the context.
    pub(super) fn check(&self, ctx: &Ctx) -> Result<(), Error> {
        if ctx.fields().is_some() && self.since.is_some() {
            // It would tell of changes to what is hidden.
            return Err(Error::Invalid("there is a parameter that is not known"));
        }
        let unseen = |rtype: &ResourceType| !is_taken(ctx, self.patients_only, *rtype);
        if self.types.iter().flatten().any(unseen) {
            return Err(Error::Invalid("_type: types of FHIR R4, with commas between them"));
        }
        Ok(())
    }
}

/// Whether records of the type may be among what is taken.
fn is_taken(ctx: &Ctx, patients_only: bool, rtype: ResourceType) -> bool {
    chart::has_type(ctx, rtype) && (!patients_only || chart::has_compartment(ctx, rtype))
}

/// The types that an export takes, in order, as far as they exist for the context.
pub(super) fn types(ctx: &Ctx, row: &Row) -> Vec<ResourceType> {
    let all = match &row.types {
        Some(types) => types.iter().filter_map(|code| ResourceType::from_code(*code)).collect(),
        None => ResourceType::ALL.to_vec(),
    };
    all.into_iter().filter(|rtype| is_taken(ctx, row.patients_only, *rtype)).collect()
}

/// The classes that the context sees, as they are stored.
pub(super) fn classes(ctx: &Ctx) -> Vec<i16> {
    DataClass::ALL.into_iter().filter(|class| ctx.may_see(*class)).map(|class| class as i16).collect()
}

/// What stands for the elements that are hidden from the context.
pub(super) fn hidden(ctx: &Ctx) -> Option<Vec<u8>> {
    let paths = ctx.fields()?.hidden().join("\n");
    Some(digest(&SHA256, paths.as_bytes()).as_ref().to_vec())
}

/// Whether the context may have what the export took: it may export, and sees what it saw when it asked.
pub(super) fn is_within(ctx: &Ctx, row: &Row) -> bool {
    let purpose = ctx.request().purpose;
    policy::decide(ctx.grants(), purpose, Action::Export, Target::default()) == Decision::Allow
        && purpose != Purpose::BreakGlass
        && row.is_related
        && row.facilities.iter().all(|id| ctx.facilities().iter().any(|known| known.0 == *id))
        && row.classes.iter().all(|class| classes(ctx).contains(class))
        && (ctx.fields().is_none() || hidden(ctx) == row.fields)
}

/// The name of a file in the object store.
pub(super) fn object(name: Uuid) -> String {
    format!("{FOLDER}/{}", name.simple())
}

/// Where the bytes of a file stand in the seal.
pub(super) fn place(organization: OrganizationId, object: Uuid) -> db::keys::Place {
    db::keys::Place {
        organization,
        patient: None,
        class: DataClass::General,
        table: 34,
        row: ResourceId(object),
        version: Version::FIRST,
    }
}

/// The address of an export's status.
pub(super) fn address(base: &str, export: Uuid) -> String {
    format!("{base}/$export/{export}")
}

/// The manifest of a complete export
/// (<https://hl7.org/fhir/uv/bulkdata/STU2/export.html#response---complete-status>).
pub(super) fn manifest(base: &str, row: &Row, files: &[File]) -> Value {
    let listed = |deleted: bool| -> Vec<Value> {
        let of_kind = files.iter().filter(|file| file.deleted == deleted);
        of_kind
            .map(|file| {
                let url = format!("{}/{}", address(base, row.export), file.number);
                // Of deletions each line holds many.
                match deleted {
                    true => json!({"type": "Bundle", "url": url}),
                    false => json!({"type": file.type_name(), "url": url, "count": file.records}),
                }
            })
            .collect()
    };
    json!({
        "transactionTime": row.as_of.map(|at| at.to_string()),
        "request": row.request,
        "requiresAccessToken": true,
        "output": listed(false),
        "deleted": listed(true),
        "error": [],
    })
}

/// A line that says what was deleted, as a transaction that would do the same.
pub(super) fn deletions(rtype: ResourceType, ids: &[ResourceId], out: &mut Vec<u8>) {
    let entries: Vec<Value> = ids
        .iter()
        .map(|id| json!({"request": {"method": "DELETE", "url": format!("{rtype}/{id}")}}))
        .collect();
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    out.extend_from_slice(bundle.to_string().as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<Asked, String> {
        let pairs: Vec<(String, String)> = text
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Asked::of_query(false, &pairs).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_asked_for_is_understood_whole_or_refused() {
        let asked =
            query("_type=Patient,Observation&_type=Patient&_since=2026-01-01T00:00:00Z&_outputFormat=ndjson");
        let asked = asked.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(asked.types, Some(vec![ResourceType::Observation, ResourceType::Patient]));
        assert_eq!(asked.since, "2026-01-01T00:00:00Z".parse().ok());
        for wrong in [
            "_type=",
            "_type=Patient,,Observation",
            "_type=patient",
            "_since=yesterday",
            "_since=2026-01-01",
            "_since=2026-01-01T00:00:00Z&_since=2026-01-01T00:00:00Z",
            "_outputFormat=text/csv",
            "_elements=id",
            "_typeFilter=Patient",
            "_sort=name",
            "patient=Patient/1",
        ] {
            let refused = query(wrong).expect_err(wrong);
            assert!(!refused.contains("yesterday") && !refused.contains("csv"), "{refused}");
        }
    }

    #[test]
    fn a_body_says_the_same_and_names_patients() {
        let id = "0190a000-0000-7000-8000-000000000000";
        let body = json!({"resourceType": "Parameters", "parameter": [
            {"name": "_type", "valueString": "Observation"},
            {"name": "_since", "valueInstant": "2026-01-01T00:00:00Z"},
            {"name": "patient", "valueReference": {"reference": format!("Patient/{id}")}},
        ]});
        let asked = Asked::of_parameters(true, &body).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(asked.patients, Some(vec![id.parse().unwrap()]));
        assert_eq!(asked.types, Some(vec![ResourceType::Observation]));
        assert!(Asked::of_parameters(false, &body).is_err(), "patients are named of patients alone");
        for wrong in [
            json!({}),
            json!({"resourceType": "Patient"}),
            json!({"resourceType": "Parameters", "parameter": {}}),
            json!({"resourceType": "Parameters", "parameter": [{"name": "_type"}]}),
            json!({"resourceType": "Parameters", "parameter": [{"name": "_type", "valueString": 3}]}),
            json!({"resourceType": "Parameters", "parameter": [{"name": "_x", "valueString": "3"}]}),
            json!({"resourceType": "Parameters", "parameter": [
                {"name": "patient", "valueReference": {"reference": "Group/1"}}]}),
        ] {
            assert!(Asked::of_parameters(true, &wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            Asked::of_parameters(false, &json!({"resourceType": "Parameters"})).ok(),
            Some(Asked::default())
        );
    }
}
