//! Resources as answers.

use chart::Document;
use fhir::ResourceType;
use kernel::{ResourceId, Version};

use super::conditional::{etag, http_date, quoted};
use super::negotiate::{FHIR_JSON, Return};
use super::target::base;
use crate::http::{Call, Reply};

/// Where a resource is.
pub(super) fn address(base: &str, rtype: ResourceType, id: ResourceId) -> String {
    format!("{base}/{rtype}/{id}")
}

/// Where a version is.
pub(super) fn version_address(base: &str, rtype: ResourceType, id: ResourceId, version: Version) -> String {
    format!("{base}/{rtype}/{id}/_history/{version}")
}

/// A resource that was asked for.
pub(super) fn shown(mut document: Document) -> Reply {
    let body = std::mem::take(&mut document.body);
    stamped(Reply::of(200, FHIR_JSON, body), &document)
}

/// That the caller has it already.
pub(super) fn unchanged(document: &Document) -> Reply {
    stamped(Reply::empty(304), document)
}

/// Which version it is. Whoever sees a part of the record is told of that part and not when the whole changed.
fn stamped(reply: Reply, document: &Document) -> Reply {
    match &document.tag {
        Some(tag) => reply.with("etag", quoted(tag)),
        None => {
            reply.with("etag", etag(document.version)).with("last-modified", http_date(document.updated_at))
        }
    }
}

/// A resource just written.
pub(super) fn written(call: &Call, status: u16, mut document: Document, wanted: Return) -> Reply {
    let body = std::mem::take(&mut document.body);
    let (base, rtype, id) = (base(call), document.rtype, document.id);
    let location = match document.tag {
        Some(_) => address(&base, rtype, id),
        None => version_address(&base, rtype, id, document.version),
    };
    let reply = match wanted {
        Return::Representation => Reply::of(status, FHIR_JSON, body),
        Return::Minimal => Reply::empty(status),
        Return::Outcome => Reply::of(status, FHIR_JSON, fhir::outcome::outcome(&[])),
    };
    stamped(reply.with("location", location), &document)
}
