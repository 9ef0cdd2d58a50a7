//! What patients are called.

use std::collections::HashMap;

use chart::SearchRequest;
use db::Ctx;
use fhir::ResourceType;
use kernel::PatientId;
use policy::Permission;
use serde_json::Value;

use crate::app::App;
use crate::areas::notes::error::Error;

/// The most that one search asks for.
const TOGETHER: usize = 100;

/// The names of patients, of those whom the context may search for.
pub(crate) async fn patient_names(
    app: &App,
    ctx: &Ctx,
    patients: &[PatientId],
) -> Result<HashMap<PatientId, String>, chart::Error> {
    let mut names = HashMap::new();
    if patients.is_empty() || !ctx.grants().permissions.contains(Permission::ChartSearch) {
        return Ok(names);
    }
    let mut ids: Vec<String> = patients.iter().map(ToString::to_string).collect();
    ids.sort_unstable();
    ids.dedup();
    for some in ids.chunks(TOGETHER) {
        let query = [("_id".to_owned(), some.join(",")), ("_count".to_owned(), some.len().to_string())];
        let request = SearchRequest { rtype: ResourceType::Patient, compartment: None, query: &query };
        for document in app.store.search(ctx, request).await?.entries {
            let patient: Value = serde_json::from_slice(&document.body).unwrap_or_default();
            names.insert(PatientId(document.id.0), said(&patient));
        }
    }
    Ok(names)
}

/// As [`patient_names`], for notes.
pub(super) async fn names(
    app: &App,
    ctx: &Ctx,
    patients: &[PatientId],
) -> Result<HashMap<PatientId, String>, Error> {
    Ok(patient_names(app, ctx, patients).await?)
}

/// The first name of a Patient, as it is said.
pub(super) fn said(patient: &Value) -> String {
    let names = patient["name"].as_array().map_or(&[][..], Vec::as_slice);
    let name = names.iter().find(|name| name["use"] != "old").or(names.first());
    let Some(name) = name else { return String::new() };
    if let Some(text) = name["text"].as_str() {
        return text.to_owned();
    }
    let given = name["given"].as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_str);
    given.chain(name["family"].as_str()).collect::<Vec<_>>().join(" ")
}
