//! The list of resources being built, for one patient or for one directory.

use crate::exam::{Canary, MarkScope, Marks};
use crate::json::Json;
use crate::random::{mix_text, urn};
use std::rc::Rc;

/// One finished resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthResource {
    /// FHIR resource type.
    pub resource_type: &'static str,
    /// `urn:uuid:` by which other resources refer to this one.
    pub full_url: String,
    /// The resource as compact FHIR R4 JSON, `resourceType` first, no `id`.
    pub json: String,
}

pub(crate) struct Sheet {
    salt: u64,
    scope: Option<Rc<MarkScope>>,
    counts: Vec<(&'static str, u32)>,
    pub(crate) resources: Vec<SynthResource>,
    pub(crate) canaries: Vec<Canary>,
}

impl Sheet {
    /// `salt` tells this sheet's URLs from those of every other; with a `scope` the texts carry markers.
    pub(crate) fn new(salt: u64, scope: Option<MarkScope>) -> Self {
        let scope = scope.map(Rc::new);
        Self { salt, scope, counts: Vec::with_capacity(32), resources: Vec::new(), canaries: Vec::new() }
    }

    /// Starts the next resource of a type.
    pub(crate) fn open(&mut self, resource_type: &'static str) -> Json {
        let number = self.count(resource_type);
        let url = urn(&[self.salt, mix_text(resource_type), u64::from(number)]);
        self.start(resource_type, url, number)
    }

    /// Starts a resource whose URL others already know.
    pub(crate) fn open_as(&mut self, resource_type: &'static str, url: String) -> Json {
        let number = self.count(resource_type);
        self.start(resource_type, url, number)
    }

    fn count(&mut self, resource_type: &'static str) -> u32 {
        if let Some((_, count)) = self.counts.iter_mut().find(|(name, _)| *name == resource_type) {
            *count += 1;
            return *count - 1;
        }
        self.counts.push((resource_type, 1));
        0
    }

    fn start(&mut self, resource_type: &'static str, url: String, number: u32) -> Json {
        let marks = self.scope.as_ref().map(|scope| {
            let resource = format!("{resource_type}-{number}");
            Box::new(Marks { scope: scope.clone(), resource, labels: Vec::new(), found: Vec::new() })
        });
        Json::new(resource_type, url, marks)
    }

    /// Files the resource and gives its URL.
    pub(crate) fn close(&mut self, json: Json) -> String {
        let resource_type = json.resource_type;
        let (full_url, json, marks) = json.finish();
        if let Some(marks) = marks {
            self.canaries.extend(marks.into_canaries(resource_type, &full_url));
        }
        self.resources.push(SynthResource { resource_type, full_url: full_url.clone(), json });
        full_url
    }
}
