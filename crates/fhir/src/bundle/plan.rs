//! Rewriting references between the entries of a bundle. Ids are assigned first, so cycles are no difficulty.

use std::collections::HashMap;

use crate::json::{Edit, Node, Span, SpliceError, quote, splice};
use crate::reference::{Reference, references, urn_sites};
use crate::{ResourceType, reference::is_id};

/// What each `fullUrl` (or conditional reference) of a bundle has become.
#[derive(Clone, Default)]
pub struct Plan {
    assigned: HashMap<String, String>,
}

/// A resource cut out of its bundle.
#[derive(Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The resource as a document of its own.
    pub bytes: Vec<u8>,
    /// FHIRPath, from the resource, of each `urn:` or conditional reference that the plan does not know.
    pub unresolved: Vec<String>,
}

impl Plan {
    /// A plan that knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on `text` (a `fullUrl`, or a reference like `Practitioner?identifier=..`) means `rtype/id`.
    pub fn assign(&mut self, text: &str, rtype: ResourceType, id: &str) {
        self.assigned.insert(text.to_owned(), format!("{rtype}/{id}"));
    }

    /// What `text` has become, as `Type/id`.
    pub fn resolve(&self, text: &str) -> Option<&str> {
        self.assigned.get(text).map(String::as_str)
    }

    /// Cuts `resource` out of `source` and rewrites what the plan knows: references (relative ones are completed with
    /// the base of the entry's own `full_url`, <https://hl7.org/fhir/R4/bundle.html#references>), URNs in other
    /// elements and in the links of narratives. A `#fragment` behind a reference is not looked at.
    ///
    /// # Errors
    /// [`SpliceError`] when `resource` is not of the tree of `source`.
    pub fn rewrite(
        &self,
        source: &[u8],
        resource: &Node<'_>,
        full_url: Option<&str>,
    ) -> Result<Rewritten, SpliceError> {
        let Span { start, end } = resource.span;
        let own = source.get(start as usize..end as usize).ok_or(SpliceError)?;
        let place = |span: Span| Span { start: span.start - start, end: span.end - start };
        let base = full_url.and_then(base);
        let mut edits: Vec<(Span, String)> = Vec::new();
        let mut unresolved = Vec::new();
        for site in references(resource) {
            let known = match site.reference {
                Reference::Relative { rtype, id, .. } => {
                    base.and_then(|base| self.resolve(&format!("{base}{rtype}/{id}")))
                }
                _ => self.resolve(site.text),
            };
            match (known, site.reference) {
                (Some(known), _) => edits.push((place(site.span), quote(known))),
                (None, Reference::Urn(_) | Reference::Conditional { .. }) => unresolved.push(site.path),
                _ => {}
            }
        }
        for site in urn_sites(resource) {
            if site.narrative {
                if let Some(text) = self.links(site.text) {
                    edits.push((place(site.span), quote(&text)));
                }
            } else if let Some(known) = self.resolve(site.text) {
                edits.push((place(site.span), quote(known)));
            }
        }
        let edits: Vec<Edit<'_>> = edits.iter().map(|(span, text)| (*span, text.as_str())).collect();
        Ok(Rewritten { bytes: splice(own, &edits)?, unresolved })
    }

    /// A narrative with the URNs in its `href` and `src` rewritten; `None` when nothing changes.
    fn links(&self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut changed = false;
        while let Some(at) = rest.find("urn:") {
            let (before, after) = rest.split_at(at);
            out.push_str(before);
            let quoted = before.chars().next_back().filter(|q| matches!(q, '"' | '\''));
            let attribute = before.trim_end_matches(['"', '\'']).trim_end();
            let link = attribute
                .strip_suffix('=')
                .map(str::trim_end)
                .is_some_and(|a| a.ends_with("href") || a.ends_with("src"));
            let end = quoted.and_then(|q| after.find(q)).unwrap_or(4);
            match self.resolve(&after[..end]).filter(|_| link) {
                Some(known) => {
                    out.push_str(known);
                    changed = true;
                }
                None => out.push_str(&after[..end]),
            }
            rest = &after[end..];
        }
        out.push_str(rest);
        changed.then_some(out)
    }
}

/// The server base of a RESTful `fullUrl`: `https://x/fhir/` of `https://x/fhir/Patient/1`.
fn base(full_url: &str) -> Option<&str> {
    let (front, id) = full_url.rsplit_once('/')?;
    let (base, rtype) = front.rsplit_once('/')?;
    (is_id(id) && ResourceType::parse(rtype).is_some()).then(|| &full_url[..base.len() + 1])
}
