//! `capabilities`: <https://hl7.org/fhir/R4/http.html#capabilities>. Made from the tables that the program works by, once,
//! and the same for everyone.

use fhir::ResourceType;
use fhir::search::{Kind, params};
use serde_json::{Value, json};

use super::negotiate::FHIR_JSON;
use crate::app::App;
use crate::http::{Failure, Reply};

const INTERACTIONS: [&str; 7] =
    ["read", "vread", "update", "delete", "history-instance", "create", "search-type"];

/// The CapabilityStatement.
pub(super) async fn capabilities(app: App) -> Result<Reply, Failure> {
    let statement =
        app.capability.get_or_init(|| statement(&app.world.now().to_string()).to_string().into_bytes());
    Ok(Reply::of(200, FHIR_JSON, statement.clone()).with("cache-control", "public, max-age=300"))
}

fn statement(date: &str) -> Value {
    let types: Vec<Value> = ResourceType::ALL.iter().map(|rtype| resource(*rtype)).collect();
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": { "name": "Lamplight" },
        "implementation": { "description": "Lamplight" },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{
            "mode": "server",
            "security": { "cors": false, "description": "Authorization: Bearer, a service token of an organization" },
            "resource": types,
            "interaction": [{ "code": "transaction" }, { "code": "batch" }],
            "compartment": ["http://hl7.org/fhir/CompartmentDefinition/patient"],
        }],
    })
}

fn resource(rtype: ResourceType) -> Value {
    let mut search: Vec<Value> =
        vec![json!({ "name": "_id", "type": "token" }), json!({ "name": "_lastUpdated", "type": "date" })];
    search.extend(
        params(rtype).filter_map(|param| Some(json!({ "name": param.code, "type": kind(param.kind)? }))),
    );
    json!({
        "type": rtype.as_str(),
        "interaction": INTERACTIONS.map(|code| json!({ "code": code })),
        "versioning": "versioned-update",
        "readHistory": true,
        "updateCreate": false,
        "conditionalCreate": true,
        "conditionalRead": "full-support",
        "conditionalUpdate": false,
        "conditionalDelete": "not-supported",
        "searchParam": search,
    })
}

/// The code of <https://hl7.org/fhir/R4/valueset-search-param-type.html>; none for what search refuses.
fn kind(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Token => "token",
        Kind::String => "string",
        Kind::Date => "date",
        Kind::Reference => "reference",
        Kind::Quantity => "quantity",
        Kind::Number => "number",
        Kind::Uri => "uri",
        Kind::Composite => "composite",
        Kind::Special => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_is_a_valid_resource() {
        let text = statement("2026-01-01T00:00:00Z").to_string();
        let root = fhir::json::parse(text.as_bytes(), &fhir::json::Limits::default())
            .unwrap_or_else(|e| panic!("{e}"));
        let options = fhir::validate::ValidateOptions::default();
        assert_eq!(fhir::validate::validate(ResourceType::CapabilityStatement, &root, &options), []);
    }
}
