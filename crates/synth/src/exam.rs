//! Markers: in the exam profile every free text of every resource carries one that occurs nowhere else, so that text
//! seen in the wrong place names the record it leaked from.

use crate::random::mix_text;
use std::fmt::Write as _;
use std::rc::Rc;

/// One marker, where it stands, and who may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// `CANARY_<organization>_<facility>_<patient>_<field>_<rand>`; letters, digits, `_` and `-`, five underscores.
    pub marker: String,
    /// Slug of the organization.
    pub organization: String,
    /// Code of the facility, or `shared` for the organization's directory.
    pub facility: String,
    /// Number of the patient in the facility from 0, or `directory`.
    pub patient: String,
    /// FHIR resource type.
    pub resource_type: &'static str,
    /// Place of the text: the type, its number among the patient's resources of that type, and the path of elements
    /// and indexes, all joined by `-`. Where it ends in `attachment-data` the marker is inside base64.
    pub field: String,
    /// `urn:uuid:` of the resource that holds the marker.
    pub full_url: String,
    /// Scopes that may see the text, any one of which suffices. The words of a scope, divided by spaces, must all
    /// hold: `organization:<slug>`, `facility:<code>`, and `sensitivity:<code>` for a labelled resource.
    pub may_see: Vec<String>,
}

/// Whose markers these are.
#[derive(Debug)]
pub(crate) struct MarkScope {
    pub(crate) organization: String,
    pub(crate) facility: String,
    pub(crate) patient: String,
    pub(crate) salt: u64,
}

/// The markers of one resource being written.
#[derive(Debug)]
pub(crate) struct Marks {
    pub(crate) scope: Rc<MarkScope>,
    /// Resource type and number, such as `Observation-3`.
    pub(crate) resource: String,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) found: Vec<(String, String)>,
}

impl Marks {
    /// Makes the marker of a field and remembers it.
    pub(crate) fn add(&mut self, path: &str) -> String {
        const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let field = format!("{}-{path}", self.resource);
        let MarkScope { organization, facility, patient, salt } = &*self.scope;
        let mut marker = String::with_capacity(112);
        // Writing to a String cannot fail.
        let _ = write!(marker, "CANARY_{organization}_{facility}_{patient}_{field}_");
        let random = crate::random::mix(&[*salt, mix_text(&marker)]);
        marker.extend((0..8).map(|at| char::from(BASE32[(random >> (at * 5) & 31) as usize])));
        self.found.push((marker.clone(), field));
        marker
    }

    /// The manifest entries of a finished resource.
    pub(crate) fn into_canaries(
        self,
        resource_type: &'static str,
        url: &str,
    ) -> impl Iterator<Item = Canary> {
        let Self { scope, labels, found, .. } = self;
        let mut may_see = format!("organization:{}", scope.organization);
        if scope.facility != "shared" {
            let _ = write!(may_see, " facility:{}", scope.facility);
        }
        for label in labels {
            let _ = write!(may_see, " sensitivity:{label}");
        }
        let full_url = url.to_owned();
        found.into_iter().map(move |(marker, field)| Canary {
            marker,
            organization: scope.organization.clone(),
            facility: scope.facility.clone(),
            patient: scope.patient.clone(),
            resource_type,
            field,
            full_url: full_url.clone(),
            may_see: vec![may_see.clone()],
        })
    }
}
