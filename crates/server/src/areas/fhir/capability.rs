//! `capabilities`: <https://hl7.org/fhir/R4/http.html#capabilities>. Made from the tables that the program works by, once
//! for everyone; whoever shows who they are and sees a part of the record gets what there is for them.

use db::Ctx;
use fhir::ResourceType;
use fhir::search::{Kind, Subject, params};
use serde_json::{Value, json};

use super::negotiate::FHIR_JSON;
use crate::app::App;
use crate::http::{Failure, Reply};

const INTERACTIONS: [&str; 7] =
    ["read", "vread", "update", "delete", "history-instance", "create", "search-type"];

/// What there is for whoever sees a part of the record: versions would tell of changes to the rest.
const SEEN: [&str; 5] = ["read", "search-type", "update", "delete", "create"];
/// What there is of it for whoever sees what was approved.
const APPROVED: usize = 2;

const VARY: &str = "authorization, lamplight-context";

/// Bulk Data Access (<https://hl7.org/fhir/uv/bulkdata/STU2/operations.html>).
const BULK: &str = "http://hl7.org/fhir/uv/bulkdata";

/// The CapabilityStatement.
pub(super) async fn capabilities(app: App, ctx: Option<Ctx>) -> Result<Reply, Failure> {
    let at = || app.world.now().to_string();
    if let Some(ctx) = ctx.filter(|ctx| ctx.fields().is_some()) {
        let own = statement(&at(), Some(&ctx)).to_string();
        return Ok(Reply::of(200, FHIR_JSON, own).with("cache-control", "no-store").with("vary", VARY));
    }
    let statement = app.capability.get_or_init(|| statement(&at(), None).to_string().into_bytes());
    Ok(Reply::of(200, FHIR_JSON, statement.clone())
        .with("cache-control", "public, max-age=300")
        .with("vary", VARY))
}

fn statement(date: &str, ctx: Option<&Ctx>) -> Value {
    let there = |rtype: &&ResourceType| ctx.is_none_or(|ctx| chart::has_type(ctx, **rtype));
    let types: Vec<Value> =
        ResourceType::ALL.iter().filter(there).map(|rtype| resource(*rtype, ctx)).collect();
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": { "name": "Lamplight" },
        "implementation": { "description": "Lamplight" },
        "instantiates": [format!("{BULK}/CapabilityStatement/bulk-data")],
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{
            "mode": "server",
            "security": { "cors": false, "description": "Authorization: Bearer, a service token of an organization" },
            "resource": types,
            "interaction": [{ "code": "transaction" }, { "code": "batch" }],
            "operation": [{ "name": "export", "definition": format!("{BULK}/OperationDefinition/export") }],
            "compartment": ["http://hl7.org/fhir/CompartmentDefinition/patient"],
        }],
    })
}

fn resource(rtype: ResourceType, ctx: Option<&Ctx>) -> Value {
    let there = |subject| ctx.is_none_or(|ctx| chart::has_parameter(ctx, rtype, subject));
    let mut search = vec![json!({ "name": "_id", "type": "token" })];
    if there(Subject::LastUpdated) {
        search.push(json!({ "name": "_lastUpdated", "type": "date" }));
    }
    search.extend(
        params(rtype)
            .filter(|param| there(Subject::Param(param)))
            .filter_map(|param| Some(json!({ "name": param.code, "type": kind(param.kind)? }))),
    );
    let interactions: &[&str] = match ctx.and_then(Ctx::fields) {
        Some(fields) if fields.is_approved_only() => &SEEN[..APPROVED],
        Some(_) => &SEEN,
        None => &INTERACTIONS,
    };
    let interactions: Vec<Value> = interactions.iter().map(|code| json!({ "code": code })).collect();
    let mut resource = json!({
        "type": rtype.as_str(),
        "interaction": interactions,
        "versioning": "versioned-update",
        "readHistory": ctx.is_none(),
        "updateCreate": false,
        "conditionalCreate": true,
        "conditionalRead": "full-support",
        "conditionalUpdate": false,
        "conditionalDelete": "not-supported",
        "searchParam": search,
    });
    if rtype == ResourceType::Patient {
        let definition = format!("{BULK}/OperationDefinition/patient-export");
        resource["operation"] = json!([{ "name": "export", "definition": definition }]);
    }
    resource
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
        let text = statement("2026-01-01T00:00:00Z", None).to_string();
        let root = fhir::json::parse(text.as_bytes(), &fhir::json::Limits::default())
            .unwrap_or_else(|e| panic!("{e}"));
        let options = fhir::validate::ValidateOptions::default();
        assert_eq!(fhir::validate::validate(ResourceType::CapabilityStatement, &root, &options), []);
    }
}
