//! The description of `/api` (OpenAPI 3.1, <https://spec.openapis.org/oas/v3.1.1>), made from the table of routes: a
//! row that is not described is not there, and a test fails.
//!
//! `/fhir` is described by its CapabilityStatement, `/oauth` by its discovery document.

mod doc;
mod problems;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use doc::Schemas;
pub(crate) use doc::{Doc, one_of, one_of_or_null};
use problems::Problem;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};

use crate::http::{Access, Body, FACILITY, Handler, Reply, Route, Verb, routes};

/// The description, for whoever writes a client.
pub(super) const ROUTES: &[Route] = &[Route {
    method: Verb::Get,
    path: "/api/openapi.json",
    interaction: "description",
    access: Access::Public("the same for everyone; it says what may be asked and holds no data"),
    resource: "program",
    health_data: false,
    audited: false,
    body: Body::None,
    active: false,
    doc: Some(&Doc::new("This description").gives::<Description>(200)),
    handler: Handler::Public(|_| {
        Box::pin(async {
            Ok(Reply::of(200, "application/json", description()).with("cache-control", "no-cache"))
        })
    }),
}];

/// An OpenAPI document.
#[derive(utoipa::ToSchema)]
struct Description {}

/// The rows that belong in the description.
fn described() -> impl Iterator<Item = (&'static Route, Option<&'static Doc>)> {
    let ours = |path: &str| path.starts_with("/api/") || path.starts_with("/platform/");
    routes().iter().filter(move |row| ours(row.path)).map(|row| (row, row.doc))
}

/// The document, as it is committed and served.
pub fn description() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = serde_json::to_string_pretty(&document().0).unwrap_or_default();
        text.push('\n');
        text
    });
    &TEXT
}

// In the order in which these are written, so that the committed file is the same whoever builds it.
#[derive(Serialize)]
struct Document {
    openapi: &'static str,
    info: Value,
    servers: Value,
    paths: BTreeMap<&'static str, BTreeMap<String, Operation>>,
    components: Components,
}

#[derive(Serialize)]
struct Components {
    schemas: BTreeMap<String, RefOr<Schema>>,
    #[serde(rename = "securitySchemes")]
    security_schemes: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    operation_id: String,
    summary: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    tags: [&'static str; 1],
    parameters: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<RequestBody>,
    responses: BTreeMap<String, Response>,
    security: Vec<BTreeMap<&'static str, [(); 0]>>,
}

#[derive(Serialize)]
struct RequestBody {
    required: bool,
    content: Content,
}

#[derive(Serialize)]
struct Response {
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content>,
}

/// By media type.
type Content = BTreeMap<&'static str, Media>;

#[derive(Serialize)]
struct Media {
    schema: RefOr<Schema>,
}

fn content(media_type: &'static str, schema: RefOr<Schema>) -> Content {
    BTreeMap::from([(media_type, Media { schema })])
}

fn document() -> (Document, Vec<String>) {
    let mut schemas = Schemas::default();
    let mut paths: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for (row, doc) in described() {
        let Some(doc) = doc else { continue };
        paths.entry(row.path).or_default().insert(verb(row), operation(row, doc, &mut schemas));
    }
    let document = Document {
        openapi: "3.1.0",
        info: json!({
            "title": "Lamplight",
            "description": "People, sessions, posts and what they see. The clinical record is at /fhir/R4, which its CapabilityStatement describes.",
            "license": {"identifier": "Apache-2.0", "name": "Apache-2.0"},
            "version": env!("CARGO_PKG_VERSION"),
        }),
        servers: json!([{"url": "/"}]),
        paths,
        components: Components { schemas: schemas.by_name, security_schemes: schemes() },
    };
    (document, schemas.ambiguous)
}

fn verb(row: &Route) -> String {
    format!("{:?}", row.method).to_lowercase()
}

fn operation(row: &Route, doc: &Doc, schemas: &mut Schemas) -> Operation {
    let body = doc.takes.map(|shape| content("application/json", shape.add(schemas)));
    Operation {
        operation_id: operation_id(row),
        summary: doc.summary,
        description: remarks(row, doc),
        tags: [row.resource],
        parameters: parameters(row, doc),
        request_body: body.map(|content| RequestBody { required: true, content }),
        responses: responses(row, doc, schemas),
        security: security(row, doc),
    }
}

/// `postAuthLoginSms` for `POST /api/auth/login/sms`.
fn operation_id(row: &Route) -> String {
    let words = row.path.trim_start_matches("/api").split(|c: char| !c.is_ascii_alphanumeric());
    let mut id = verb(row);
    for word in words {
        let mut letters = word.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
    id
}

fn remarks(row: &Route, doc: &Doc) -> Option<String> {
    let mut remarks = Vec::new();
    if let Access::Needs(action) = row.access {
        remarks.push(format!("Needs the permission `{}`.", action.needs().key()));
    }
    if let Access::Platform(permission) = row.access {
        remarks.push(format!("Needs `{}` on the plane above organizations.", permission.key()));
    }
    if let Some(action) = doc.step_up {
        remarks.push(format!("May ask for a step-up for `{action}`."));
    }
    if !row.active {
        remarks.push("Does not extend the session.".to_owned());
    }
    (!remarks.is_empty()).then(|| remarks.join(" "))
}

fn parameters(row: &Route, doc: &Doc) -> Vec<Value> {
    let in_path = row.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = in_path.map(|name| {
        let schema = match name {
            "membership" | "administrator" => json!({"format": "int32", "type": "integer"}),
            "id" | "context" | "device" | "factor" | "provider" => {
                json!({"format": "uuid", "type": "string"})
            }
            _ => json!({"type": "string"}),
        };
        json!({"in": "path", "name": name, "required": true, "schema": schema})
    });
    let in_query = doc.query.iter().map(|(name, meaning)| {
        json!({"description": meaning, "in": "query", "name": name, "required": false, "schema": {"type": "string"}})
    });
    let facility = matches!(row.access, Access::EachEntry)
        .then(|| json!({"in": "header", "name": FACILITY, "required": false, "schema": {"type": "string"}}));
    let version = doc.conditional.then(|| {
        json!({"description": "The ETag of the version to be changed.", "in": "header", "name": "If-Match",
            "required": true, "schema": {"type": "string"}})
    });
    in_path.chain(in_query).chain(facility).chain(version).map(sorted).collect()
}

/// Who is to be known, and by what.
fn security(row: &Route, doc: &Doc) -> Vec<BTreeMap<&'static str, [(); 0]>> {
    let by = |names: &[&'static str]| names.iter().map(|name| (*name, [])).collect::<BTreeMap<_, [(); 0]>>();
    let mut ways = match row.access {
        Access::Public(_) | Access::Visitor(_) | Access::Program(_) => vec![],
        Access::Account | Access::Platform(_) | Access::OnPlatform => vec![vec!["session"]],
        Access::Own | Access::Needs(_) | Access::EachEntry => vec![vec!["session", "context"], vec!["token"]],
    };
    if let (Some(_), Some(first)) = (doc.step_up, ways.first().cloned()) {
        ways.insert(1, [first, vec!["step-up"]].concat());
    }
    ways.iter().map(|names| by(names)).collect()
}

fn schemes() -> Value {
    sorted(json!({
        "session": {
            "description": "The browser's session, set by the server. An unsafe request with it must come from a page of the same origin.",
            "in": "cookie", "name": "__Host-lamplight", "type": "apiKey",
        },
        "context": {
            "description": "The context, opened with POST /api/auth/contexts, in which the request is made. The answer repeats it.",
            "in": "header", "name": "Lamplight-Context", "type": "apiKey",
        },
        "step-up": {
            "description": "A step-up's proof, for one action and one use, five minutes long.",
            "in": "header", "name": "Lamplight-Step-Up", "type": "apiKey",
        },
        "token": {"description": "A token of another program.", "scheme": "bearer", "type": "http"},
    }))
}

/// Codes that follow from the row, beside the route's own.
fn codes(row: &Route, doc: &Doc) -> BTreeSet<&'static str> {
    let mut codes: BTreeSet<_> = doc.problems.iter().copied().collect();
    if !matches!(row.access, Access::Public(_)) {
        codes.insert("too-many-requests");
        if row.method != Verb::Get {
            codes.insert("foreign-origin");
        }
    }
    match row.access {
        Access::Public(_) | Access::Visitor(_) | Access::Program(_) => {}
        Access::Account | Access::Platform(_) | Access::OnPlatform => codes.extend(["signed-out"]),
        Access::Own | Access::Needs(_) | Access::EachEntry => {
            codes.extend([
                "signed-out",
                "context-required",
                "context-refused",
                "emergency-refused",
                "module-required",
                "purpose-refused",
                "purpose-unknown",
                "second-factor-required",
            ]);
        }
    }
    if matches!(row.access, Access::Needs(action) if !action.is_about_closed())
        && row.path.contains("{patient}")
    {
        codes.extend(["record-erased", "record-restricted"]);
    }
    if doc.step_up.is_some() {
        codes.insert("step-up-required");
    }
    codes
}

fn responses(row: &Route, doc: &Doc, schemas: &mut Schemas) -> BTreeMap<String, Response> {
    let mut reasons: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for code in codes(row, doc) {
        if let Some((status, meaning)) = problems::find(code) {
            reasons.entry(status).or_default().push(format!("`{code}`: {meaning}"));
        }
    }
    let mut plain = |status: u16, reason: &str| reasons.entry(status).or_default().push(reason.to_owned());
    if doc.takes.is_some() {
        plain(400, "not JSON, an unknown member, or one that is missing");
        plain(413, "the body is too long");
        plain(415, "the body is not `application/json`, or is encoded");
    }
    if matches!(row.access, Access::Needs(_) | Access::Platform(_)) {
        plain(403, "a permission is missing");
    }
    if doc.conditional {
        plain(412, "the version is not the current one");
        plain(428, "no `If-Match`");
    }
    if matches!(row.access, Access::Platform(_) | Access::OnPlatform) {
        plain(404, "not there, or the caller is not on the plane");
    } else if row.path.contains('{') {
        plain(404, "not there, or out of reach");
    }
    if !matches!(row.access, Access::Public(_)) {
        plain(
            503,
            "too busy, or the audit log or the database cannot be reached; Retry-After says for how long",
        );
    }
    let problem = doc::Shape::of::<Problem>();
    let mut all: BTreeMap<String, Response> = reasons
        .into_iter()
        .map(|(status, reasons)| {
            let content = Some(content("application/problem+json", problem.add(schemas)));
            (status.to_string(), Response { description: reasons.join("; "), content })
        })
        .collect();
    let description = match doc.status {
        201 => "Made",
        202 => "Will be done",
        204 => "Done",
        303 => "Goes on elsewhere: see Location",
        _ => "Here it is",
    };
    let content = doc.gives.map(|shape| content("application/json", shape.add(schemas)));
    all.insert(doc.status.to_string(), Response { description: description.to_owned(), content });
    all
}

/// With the members of objects in alphabetical order, whatever serde_json was built to keep.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let map: BTreeMap<_, _> = map.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(map.into_iter().collect())
        }
        Value::Array(all) => Value::Array(all.into_iter().map(sorted).collect()),
        plain => plain,
    }
}
