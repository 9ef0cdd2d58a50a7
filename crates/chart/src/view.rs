//! A record as its reader sees it: [`policy::fields`] applied to a document.
//!
//! What is left is written anew in one form (no white space, members in order of their names), so that two documents
//! that differ only in what is hidden become the same bytes. What a text or a link would tell of the hidden goes with
//! it: the narrative, links to what does not exist for the reader, what a link repeats of a record partly hidden, and
//! elements that would be left empty. `meta.versionId` and `meta.lastUpdated` move with every change and are left out.

use db::Ctx;
use fhir::compartment::may_hold_patient_data;
use fhir::element::{Element, Elements, Inner};
use fhir::json::{Limits, Member, Node, Value, parse, push_quoted};
use fhir::{Reference, ResourceType};
use kernel::PatientId;
use policy::fields::{Sight, View};

use crate::record::Record;

/// Whether the record exists for the reader: its class, its type, its patient.
pub(crate) fn exists(ctx: &Ctx, record: &Record) -> bool {
    ctx.may_see(record.class) && shows(ctx, record.rtype, record.patient)
}

/// Whether records of this type and patient exist for the reader.
pub(crate) fn shows(ctx: &Ctx, rtype: ResourceType, patient: Option<PatientId>) -> bool {
    ctx.fields().is_none_or(|fields| fields.view(patient).shows(rtype.as_str()))
}

/// The document as `view` has it; `None` when nothing is left.
pub(crate) fn project(view: View<'_>, body: &[u8]) -> Option<Vec<u8>> {
    let root = parse(body, &Limits::default()).ok()?;
    let reader = Reader::of(view, &root);
    let mut out = Vec::with_capacity(body.len());
    reader.resource(&root, true, &mut out).then_some(out)
}

/// Who looks at one document.
pub(super) struct Reader<'v> {
    pub(super) view: View<'v>,
    /// The contained resources that are not there.
    gone: Vec<String>,
}

impl<'v> Reader<'v> {
    pub(super) fn of(view: View<'v>, root: &Node<'_>) -> Self {
        let contained = root.get("contained").map_or(&[][..], Node::items);
        let gone = contained.iter().filter(|one| !shows_resource(view, one));
        let gone = gone.filter_map(|one| Some(["#", one.text("id")?].concat())).collect();
        Self { view, gone }
    }

    fn resource(&self, node: &Node<'_>, outermost: bool, out: &mut Vec<u8>) -> bool {
        let Some((rtype, sight)) = self.sight_of(node) else { return false };
        out.extend_from_slice(b"{\"resourceType\":");
        push_quoted(out, rtype.as_str());
        for member in sorted(node) {
            let Some((element, sight)) = self.member(Elements::of(rtype), sight, member, true) else {
                continue;
            };
            if outermost && element.name == "meta" {
                let kept: Vec<&Member<'_>> =
                    sorted(&member.value).into_iter().filter(|one| !moves(one)).collect();
                self.named(member, out, |out| self.members(element.elements(), sight, &kept, out));
            } else {
                self.named(member, out, |out| self.value(element, sight, member, out));
            }
        }
        out.push(b'}');
        true
    }

    /// The type of a resource and how much of it is seen, if anything is.
    pub(super) fn sight_of(&self, node: &Node<'_>) -> Option<(ResourceType, Sight<'v>)> {
        let rtype = node.text("resourceType").and_then(ResourceType::parse)?;
        match self.view.resource(rtype.as_str()) {
            Sight::Nothing => None,
            sight => Some((rtype, sight)),
        }
    }

    /// The element a member stands for and how much of it is seen, if anything is.
    pub(super) fn member(
        &self,
        elements: Elements,
        sight: Sight<'v>,
        member: &Member<'_>,
        in_resource: bool,
    ) -> Option<(Element, Sight<'v>)> {
        let element = elements.find(bare(&member.key))?;
        let inner = match sight {
            Sight::Nothing => return None,
            Sight::Whole => Sight::Whole,
            Sight::Part(_) if in_resource && element.name == "id" => Sight::Whole,
            // A narrative tells of everything.
            Sight::Part(part) if in_resource && element.name == "text" && part.hides() => return None,
            Sight::Part(part) => part.member(element.name),
        };
        if matches!(inner, Sight::Nothing) { None } else { Some((element, inner)) }
    }

    /// Writes `"key":` and what `write` makes, or nothing when that is nothing.
    fn named(&self, member: &Member<'_>, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let from = out.len();
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        push_quoted(out, &member.key);
        out.push(b':');
        if !write(out) {
            out.truncate(from);
        }
    }

    fn value(&self, element: Element, sight: Sight<'v>, member: &Member<'_>, out: &mut Vec<u8>) -> bool {
        if matches!(element.inner, Inner::Primitive) {
            verbatim(&member.value, out);
            return true;
        }
        let one = |item: &Node<'_>, out: &mut Vec<u8>| self.one(element.inner, sight, item, out);
        let Value::Array(items) = &member.value.value else { return one(&member.value, out) };
        out.push(b'[');
        let empty = out.len();
        for item in items {
            let from = out.len();
            if from > empty {
                out.push(b',');
            }
            if !one(item, out) {
                out.truncate(from);
            }
        }
        out.push(b']');
        out.len() > empty + 1
    }

    /// Writes one value, or nothing when nothing is left of it.
    pub(super) fn one(&self, inner: Inner, sight: Sight<'v>, node: &Node<'_>, out: &mut Vec<u8>) -> bool {
        match inner {
            Inner::Primitive => {
                verbatim(node, out);
                true
            }
            Inner::Resource => self.resource(node, false, out),
            Inner::Elements(elements) => self.composite(elements, sight, node, out),
        }
    }

    fn composite(&self, elements: Elements, sight: Sight<'v>, node: &Node<'_>, out: &mut Vec<u8>) -> bool {
        if self.is_lost(elements, node) {
            return false;
        }
        let kept: Vec<&Member<'_>> =
            sorted(node).into_iter().filter(|member| !self.repeats(elements, node, member)).collect();
        self.members(Some(elements), sight, &kept, out)
    }

    fn members(
        &self,
        elements: Option<Elements>,
        sight: Sight<'v>,
        members: &[&Member<'_>],
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(elements) = elements else { return false };
        out.push(b'{');
        let empty = out.len();
        for member in members {
            if let Some((element, sight)) = self.member(elements, sight, member, false) {
                self.named(member, out, |out| self.value(element, sight, member, out));
            }
        }
        out.push(b'}');
        out.len() > empty + 1
    }

    /// Whether this is a link to what does not exist for the reader.
    pub(super) fn is_lost(&self, elements: Elements, node: &Node<'_>) -> bool {
        if elements.name() != "Reference" {
            return false;
        }
        let fragment = node.text("reference").filter(|text| text.starts_with('#'));
        fragment.is_some_and(|text| self.gone.iter().any(|gone| gone == text))
            || target(node).is_some_and(|rtype| !self.links_to(rtype))
    }

    fn links_to(&self, rtype: ResourceType) -> bool {
        self.view.shows(rtype.as_str())
            || (self.view.is_approved_only()
                && !self.view.hides(rtype.as_str())
                && !may_hold_patient_data(rtype))
    }

    /// Whether a member of a link repeats something of a record that the reader sees in part.
    pub(super) fn repeats(&self, elements: Elements, node: &Node<'_>, member: &Member<'_>) -> bool {
        elements.name() == "Reference"
            && matches!(bare(&member.key), "display" | "identifier")
            && target(node).is_some_and(|rtype| matches!(self.view.resource(rtype.as_str()), Sight::Part(_)))
    }
}

/// The type a link leads to, as it says.
fn target(node: &Node<'_>) -> Option<ResourceType> {
    let named = || node.text("type").and_then(ResourceType::parse);
    let led = node.text("reference").and_then(|text| match Reference::parse(text) {
        Reference::Relative { rtype, .. } | Reference::Conditional { rtype, .. } => Some(rtype),
        // Our own address may stand before it.
        Reference::Absolute(url) => {
            let url = url.split("/_history/").next().unwrap_or(url);
            url.rsplit('/').nth(1).and_then(ResourceType::parse)
        }
        _ => None,
    });
    led.or_else(named)
}

/// Whether a contained resource is seen.
fn shows_resource(view: View<'_>, node: &Node<'_>) -> bool {
    node.text("resourceType").and_then(ResourceType::parse).is_some_and(|rtype| view.shows(rtype.as_str()))
}

/// A member's name without the underscore of a primitive's twin.
pub(super) fn bare(key: &str) -> &str {
    key.strip_prefix('_').unwrap_or(key)
}

/// Members of `meta` that every change moves.
pub(super) fn moves(member: &Member<'_>) -> bool {
    matches!(bare(&member.key), "versionId" | "lastUpdated")
}

fn sorted<'n, 'a>(node: &'n Node<'a>) -> Vec<&'n Member<'a>> {
    let mut members: Vec<&Member<'a>> = node.members().iter().filter(|m| m.key != "resourceType").collect();
    members.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    members
}

/// Writes a value as it is, in the one form.
pub(super) fn verbatim(node: &Node<'_>, out: &mut Vec<u8>) {
    match &node.value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Number(text) => out.extend_from_slice(text.as_bytes()),
        Value::String(text) => push_quoted(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                verbatim(item, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<&Member<'_>> = members.iter().collect();
            members.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            out.push(b'{');
            for (index, member) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_quoted(out, &member.key);
                out.push(b':');
                verbatim(&member.value, out);
            }
            out.push(b'}');
        }
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
