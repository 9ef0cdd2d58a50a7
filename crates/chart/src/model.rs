//! What goes in and comes out of the store.

use db::IdempotencyKey;
use fhir::ResourceType;
use fhir::validate::Issue;
use jiff::Timestamp;
use kernel::{DataClass, FacilityId, PatientId, ResourceId, Version};
use policy::Action;
use uuid::Uuid;

/// A resource in clear, on its way to someone whose reading of it is in the log. It has no `Debug`.
pub struct Document {
    /// The type.
    pub rtype: ResourceType,
    /// The logical id.
    pub id: ResourceId,
    /// `meta.versionId`.
    pub version: Version,
    /// `meta.lastUpdated`.
    pub updated_at: Timestamp,
    /// The data class.
    pub class: DataClass,
    /// For a reader who sees a part of it: what stands for the version. Version and time then stay here.
    pub tag: Option<String>,
    /// The JSON as the client wrote it, or the part that its reader sees, with `id`, `meta.versionId` and `meta.lastUpdated` set.
    pub body: Vec<u8>,
}

impl Document {
    /// Writes it as a line of newline-delimited JSON.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        if self.body.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            // Line breaks between tokens; inside strings JSON has none.
            out.extend_from_slice(&fhir::json::minify(&self.body));
        } else {
            out.extend_from_slice(&self.body);
        }
        out.push(b'\n');
    }
}

/// How a create is to be done.
#[derive(Clone, Copy, Debug, Default)]
pub struct CreateOptions<'a> {
    /// The facility for a new record without a patient, and for a new patient; may be left out where the context has one
    /// facility. Records of a patient go where the patient is.
    pub facility: Option<FacilityId>,
    /// `If-None-Exist`: a query. One match: nothing is created. Several: an error.
    pub if_none_exist: Option<&'a str>,
    /// `Idempotency-Key`: recorded in the transaction of the create; one that was used before is
    /// [`db::Error::is_key_used`], and nothing is created.
    pub idempotency: Option<&'a IdempotencyKey>,
}

/// The outcome of a create or update.
pub struct Written {
    /// The resource as it now stands.
    pub document: Document,
    /// Whether it is new.
    pub created: bool,
}

/// A search.
#[derive(Clone, Copy, Debug)]
pub struct SearchRequest<'a> {
    /// The type searched for.
    pub rtype: ResourceType,
    /// Only what belongs to this patient (`Patient/<id>/<type>`).
    pub compartment: Option<PatientId>,
    /// Parameter names and values, percent-decoded.
    pub query: &'a [(String, String)],
}

/// One page of a search.
pub struct Page {
    /// The matches, in order.
    pub entries: Vec<Document>,
    /// How many match in all, when asked for or known.
    pub total: Option<u64>,
    /// What `_cursor` continues with.
    pub next: Option<String>,
}

/// One version of a resource.
pub struct Revision {
    /// The version.
    pub version: Version,
    /// When it was made.
    pub updated_at: Timestamp,
    /// Its JSON; `None` for a deletion.
    pub body: Option<Vec<u8>>,
}

/// Versions of one resource, newest first.
pub struct History {
    /// The versions.
    pub revisions: Vec<Revision>,
    /// How many there are in all.
    pub total: u64,
    /// The version before which the next page starts.
    pub next: Option<Version>,
}

/// How an import is to be done.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Where new patients go.
    pub facility: FacilityId,
    /// A name for where the records come from; ids of one source never meet those of another.
    pub source: String,
    /// Check everything, write nothing.
    pub dry_run: bool,
    /// As what it stands in the log; its permission is asked for.
    pub action: Action,
}

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// Written as new.
    Created,
    /// It was there and differed: a new version was written.
    Updated,
    /// It was there and is the same.
    Unchanged,
    /// It was there and differs, and what arrived is only the copy of a directory record (a practitioner, an
    /// organization) that a patient's bundle carries along: the directory's own record stays.
    Kept,
    /// Not written; why.
    Refused(Vec<Issue>),
}

/// One record of an import.
#[derive(Clone, Debug)]
pub struct ImportRecord {
    /// Its place in the bundle or file, from 0.
    pub index: usize,
    /// Its type, when it has one.
    pub rtype: Option<ResourceType>,
    /// Its id here.
    pub id: Option<ResourceId>,
    /// What became of it.
    pub outcome: Imported,
}

/// The result of importing one bundle or one run of lines.
#[derive(Clone, Debug, Default)]
pub struct ImportReport {
    /// One line a record, in order.
    pub records: Vec<ImportRecord>,
}

/// An export, page by page.
#[derive(Clone, Copy, Debug)]
pub struct ExportRequest {
    /// Only this type.
    pub rtype: ResourceType,
    /// Only this patient's records.
    pub patient: Option<PatientId>,
    /// Only after this id.
    pub after: Option<Uuid>,
    /// At most this many.
    pub limit: i64,
}

/// One page of an export, in order of id.
pub struct ExportPage {
    /// The records.
    pub documents: Vec<Document>,
    /// What [`ExportRequest::after`] continues with; `None` at the end.
    pub next: Option<Uuid>,
}

/// What an export that is done bit by bit takes.
#[derive(Clone, Copy, Debug)]
pub struct ExportScope<'a> {
    /// Records at these facilities, and those of the organization as a whole.
    pub facilities: &'a [FacilityId],
    /// Of these classes.
    pub classes: &'a [DataClass],
    /// Only records of patients.
    pub patients_only: bool,
    /// Only records of these patients.
    pub patients: Option<&'a [PatientId]>,
    /// Of patients only these, and what is of no patient.
    pub related: Option<&'a [PatientId]>,
    /// Only what changed after this time.
    pub since: Option<Timestamp>,
}

/// A patient's records as somebody sees them.
pub struct Seen {
    /// Each as that reader gets it.
    pub documents: Vec<Document>,
    /// Whether these are all.
    pub complete: bool,
}
