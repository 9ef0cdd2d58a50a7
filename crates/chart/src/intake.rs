//! From a client's bytes to a draft that may be written: parsed, validated, placed.

use fhir::compartment::{Owner, patient_of, patient_paths};
use fhir::json::{Limits, Node, parse};
use fhir::reference::{Reference, references};
use fhir::search::extract;
use fhir::stamp::stamp;
use fhir::validate::{Issue, Severity, ValidateOptions, validate};
use fhir::{ResourceType, compartment};
use jiff::Timestamp;
use kernel::{DataClass, FacilityId, PatientId, ResourceId, Version};
use uuid::Uuid;

use crate::hooks::{self, Kept};
use crate::index::{self, Index, Scope};
use crate::{Error, compress, files};

/// A resource on its way in: accepted as a document, its place not yet known.
pub(crate) struct Draft {
    pub(crate) rtype: ResourceType,
    pub(crate) id: ResourceId,
    pub(crate) version: Version,
    pub(crate) at: Timestamp,
    pub(crate) owner: Owned,
    /// Which element names the owner, along [`patient_paths`]; 0 is the subject.
    pub(crate) owner_by: i16,
    pub(crate) class: DataClass,
    /// Whose it is to write, when not everybody's.
    pub(crate) kept: Option<Kept>,
    /// Local resources it refers to, with the path of the first reference to each.
    pub(crate) links: Vec<Link>,
    /// The document as it will be read back.
    pub(crate) body: Vec<u8>,
}

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owned {
    /// It is the patient.
    Own,
    /// The patient's.
    By(PatientId),
    /// No patient's.
    Nobody,
}

/// A reference to a resource of this server.
pub(crate) struct Link {
    pub(crate) rtype: ResourceType,
    pub(crate) id: Uuid,
    pub(crate) path: String,
}

impl Draft {
    /// The patient, once the row has an id.
    pub(crate) fn patient(&self) -> Option<PatientId> {
        match self.owner {
            Owned::Own => Some(PatientId(self.id.0)),
            Owned::By(patient) => Some(patient),
            Owned::Nobody => None,
        }
    }

    /// Whether a row without a patient belongs to the organization's directory rather than to a facility.
    pub(crate) fn is_directory(&self) -> bool {
        self.owner == Owned::Nobody && !compartment::may_hold_patient_data(self.rtype)
    }
}

/// The type that a document says it has.
pub(crate) fn type_of(root: &Node<'_>) -> Result<ResourceType, Error> {
    let name = root.text("resourceType").ok_or_else(|| {
        Error::Invalid(vec![Issue::error(
            "required",
            "resourceType",
            "a resource must name its resourceType",
        )])
    })?;
    ResourceType::parse(name).ok_or_else(|| {
        Error::Invalid(vec![Issue::error("value", "resourceType", "not a resource type of FHIR R4")])
    })
}

/// Parses and validates `body` as a resource of `rtype` that is to become `id` at `version`.
pub(crate) fn draft(
    body: &[u8],
    limits: &Limits,
    rtype: Option<ResourceType>,
    (id, version, at): (ResourceId, Version, Timestamp),
) -> Result<Draft, Error> {
    let root = parse(body, limits)?;
    let named = type_of(&root)?;
    if rtype.is_some_and(|rtype| rtype != named) {
        return Err(Error::Invalid(vec![Issue::error(
            "invalid",
            "resourceType",
            "not the type of the address",
        )]));
    }
    let options = ValidateOptions { conditional_references: false, ..ValidateOptions::default() };
    let issues: Vec<Issue> = validate(named, &root, &options);
    if issues.iter().any(|issue| issue.severity == Severity::Error) {
        return Err(Error::Invalid(issues));
    }
    let owner = match patient_of(named, &root) {
        Owner::Own => Owned::Own,
        Owner::Patient(text) => Owned::By(local_patient(named, text)?),
        Owner::Urn(_) => {
            return Err(Error::Invalid(vec![Issue::error(
                "not-found",
                named.as_str(),
                "the patient is named by a urn that leads nowhere",
            )]));
        }
        Owner::Nobody => Owned::Nobody,
    };
    let links = links(&root)?;
    let owner_by = owner_by(named, &root);
    let stamped =
        stamp(body, &root, &id.to_string(), &version.to_string(), &rfc3339(at)).map_err(|error| {
            Error::Invalid(vec![Issue::error("structure", named.as_str(), error.to_string())])
        })?;
    Ok(Draft {
        rtype: named,
        id,
        version,
        at,
        owner,
        owner_by,
        class: class_of(named, &root),
        kept: hooks::kept(named, &root),
        links,
        body: stamped,
    })
}

/// The place, among the paths to a patient, of the first that leads to one.
fn owner_by(rtype: ResourceType, root: &Node<'_>) -> i16 {
    let leads = |path: &&'static [&'static str]| {
        let mut nodes = vec![root];
        for step in path.iter() {
            nodes = nodes.iter().filter_map(|node| node.get(step)).flat_map(Node::items).collect();
        }
        nodes.iter().filter_map(|node| node.text("reference")).any(|text| text.starts_with("Patient/"))
    };
    patient_paths(rtype).iter().position(leads).and_then(|at| i16::try_from(at).ok()).unwrap_or(0)
}

fn local_patient(rtype: ResourceType, text: &str) -> Result<PatientId, Error> {
    text.parse().map_err(|_| {
        Error::Invalid(vec![Issue::error(
            "not-found",
            rtype.as_str(),
            "the patient it refers to does not exist here",
        )])
    })
}

/// The local resources that a document refers to. Ids of this server are UUIDs; any other leads nowhere.
pub(crate) fn links(root: &Node<'_>) -> Result<Vec<Link>, Error> {
    let mut links: Vec<Link> = Vec::new();
    let mut lost = Vec::new();
    for site in references(root) {
        match site.reference {
            Reference::Relative { rtype, id, .. } => match Uuid::try_parse(id) {
                Ok(id) if links.iter().any(|link| link.id == id && link.rtype == rtype) => {}
                Ok(id) => links.push(Link { rtype, id, path: site.path }),
                Err(_) => lost.push(nowhere(site.path)),
            },
            Reference::Urn(_) | Reference::Conditional { .. } | Reference::Invalid => {
                lost.push(nowhere(site.path))
            }
            _ => {}
        }
    }
    if lost.is_empty() { Ok(links) } else { Err(Error::Invalid(lost)) }
}

pub(crate) fn nowhere(path: impl Into<String>) -> Issue {
    Issue::error("not-found", path, "the reference does not lead to a resource here")
}

/// RFC 3339 with microseconds, UTC: `meta.lastUpdated`.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    format!("{at:.6}")
}

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// The data class, from the sensitivity labels of `meta.security` (HL7 v3 ActCode) and the type.
fn class_of(rtype: ResourceType, root: &Node<'_>) -> DataClass {
    let labels = root.get("meta").and_then(|meta| meta.get("security")).map(Node::items).unwrap_or_default();
    let is_file = rtype == ResourceType::DocumentReference && files::is_file(root);
    let is_document = rtype == ResourceType::Binary || is_file;
    let mut class = if is_document { DataClass::Documents } else { DataClass::General };
    for label in labels.iter().filter(|label| label.text("system") == Some(ACT_CODE)) {
        match label.text("code") {
            Some("SUD" | "ETH" | "ETHUD" | "OPIOIDUD" | "42CFRPart2") => class = DataClass::SubstanceUse,
            Some("PSY" | "PSYTHPN" | "BH") if class != DataClass::SubstanceUse => {
                class = DataClass::Counselling
            }
            _ => {}
        }
    }
    class
}

/// A draft that has its place: ready to be sealed.
pub(crate) struct Placed {
    pub(crate) draft: Draft,
    pub(crate) facility: FacilityId,
    pub(crate) index: Index,
    /// Dictionary set and compressed body.
    pub(crate) packed: (u8, Vec<u8>),
}

/// Gives a draft its place, index and compressed form.
pub(crate) fn place(
    draft: Draft,
    facility: FacilityId,
    keys: &[db::keys::SearchKey],
    created_at: Timestamp,
) -> Result<Placed, Error> {
    let root = parse(&draft.body, &Limits::default())?;
    let scope = Scope { rtype: draft.rtype, facility, patient: draft.patient(), class: draft.class };
    let index = index::index(keys, scope, &extract(draft.rtype, &root), created_at);
    let packed = compress::compress(draft.rtype, &draft.body);
    Ok(Placed { draft, facility, index, packed })
}
