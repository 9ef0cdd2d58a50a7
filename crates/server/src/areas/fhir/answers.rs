//! Resources as answers.

use chart::Document;
use fhir::ResourceType;
use kernel::{ResourceId, Version};

use super::conditional::{etag, http_date};
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
pub(super) fn shown(document: Document) -> Reply {
    let Document { version, updated_at, body, .. } = document;
    Reply::of(200, FHIR_JSON, body).with("etag", etag(version)).with("last-modified", http_date(updated_at))
}

/// That the caller has it already.
pub(super) fn unchanged(document: &Document) -> Reply {
    Reply::empty(304)
        .with("etag", etag(document.version))
        .with("last-modified", http_date(document.updated_at))
}

/// A resource just written.
pub(super) fn written(call: &Call, status: u16, document: Document, wanted: Return) -> Reply {
    let Document { rtype, id, version, updated_at, body } = document;
    let reply = match wanted {
        Return::Representation => Reply::of(status, FHIR_JSON, body),
        Return::Minimal => Reply::empty(status),
        Return::Outcome => Reply::of(status, FHIR_JSON, fhir::outcome::outcome(&[])),
    };
    reply
        .with("location", version_address(&base(call), rtype, id, version))
        .with("etag", etag(version))
        .with("last-modified", http_date(updated_at))
}
