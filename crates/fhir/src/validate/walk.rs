//! The walk over a document beside its element tables.

use super::primitive::{self, Wrong};
use super::table::{E, K, Primitive, Type};
use super::{Issue, Path, ValidateOptions};
use crate::generated::elements::{CODES, ELEMENT, EXTENSION, KINDS, ROOTS, TARGETS};
use crate::json::{Member, Node, Value};
use crate::{Reference, ResourceType};

/// The most choices any one type has (ElementDefinition).
const CHOICES: usize = 8;

/// The state of one validation.
pub(super) struct Walk<'o, 'n> {
    pub(super) issues: Vec<Issue>,
    pub(super) cap: usize,
    pub(super) options: &'o ValidateOptions,
    /// Contained resources of the resource at hand.
    pub(super) contained: &'n [Node<'n>],
    /// Is the resource at hand itself contained?
    pub(super) inside: bool,
}

impl<'n> Walk<'_, 'n> {
    #[cold]
    fn error(&mut self, code: &'static str, path: &Path<'_>, message: impl Into<String>) {
        if self.issues.len() < self.cap {
            self.issues.push(Issue::error(code, path.render(), message));
        }
    }

    fn full(&self) -> bool {
        self.issues.len() >= self.cap
    }

    /// A resource that must be of type `rt`.
    pub(super) fn resource(&mut self, rt: ResourceType, node: &'n Node<'n>, path: &Path<'_>) {
        let Value::Object(members) = &node.value else {
            return self.error("structure", path, "a resource is an object");
        };
        match node.get("resourceType").map(Node::as_str) {
            Some(Some(name)) if name == rt.as_str() => {}
            Some(_) => {
                self.error("structure", &path.child("resourceType"), "another resourceType is expected here")
            }
            None => self.error("structure", path, "resourceType is missing"),
        }
        let outer = self.contained;
        if !self.inside {
            self.contained = node.get("contained").map_or(&[], Node::items);
        }
        self.members(&KINDS[usize::from(ROOTS[rt.index()])], members, true, path);
        self.contained = outer;
    }

    /// A resource of any type: contained, in a bundle or in parameters.
    fn any_resource(&mut self, node: &'n Node<'n>, contained: bool, path: &Path<'_>) {
        if !matches!(node.value, Value::Object(_)) {
            return self.error("structure", path, "a resource is an object");
        }
        let Some(rt) = node.text("resourceType").and_then(ResourceType::parse) else {
            return self.error("structure", path, "resourceType is missing or unknown");
        };
        if contained && node.get("contained").is_some() {
            self.error(
                "invariant",
                &path.child("contained"),
                "a contained resource contains none itself (dom-2)",
            );
        }
        if contained && node.get("id").is_none() {
            self.error("required", &path.child("id"), "a contained resource needs an id");
        }
        let outer = self.inside;
        let outer_contained = self.contained;
        self.inside = contained;
        self.resource(rt, node, path);
        self.inside = outer;
        self.contained = outer_contained;
    }

    /// The members of an object of a composite type.
    fn members(&mut self, kind: &'static K, members: &'n [Member<'n>], resource: bool, path: &Path<'_>) {
        if members.is_empty() {
            return self.error("invariant", path, "an object holds something (ele-1)");
        }
        let mut filled = 0_u64;
        let mut chosen = [0_u16; CHOICES];
        for member in members {
            if self.full() {
                return;
            }
            let key: &str = &member.key;
            if resource && key == "resourceType" {
                continue;
            }
            let (name, beside) = match key.strip_prefix('_') {
                Some(name) => (name, true),
                None => (key, false),
            };
            let Some(element) = kind.find(name) else {
                self.error("structure", &path.child(key), "unknown element");
                continue;
            };
            let ty = element.kind();
            if beside && !matches!(ty, Type::Primitive(_)) {
                self.error(
                    "structure",
                    &path.child(key),
                    "unknown element: only primitives have an underscore twin",
                );
                continue;
            }
            let slot = usize::from(element.3);
            filled |= 1 << slot;
            if slot > 0 && slot <= kind.2.len() && slot <= CHOICES {
                if chosen[slot - 1] != 0 && chosen[slot - 1] != element.1 + 1 {
                    self.error(
                        "structure",
                        &path.child(kind.2[slot - 1]),
                        "only one of the choices may be given",
                    );
                }
                chosen[slot - 1] = element.1 + 1;
            }
            let path = path.child(element.0);
            match ty {
                Type::Primitive(primitive) if beside => {
                    self.beside(element, primitive, members, &member.value, &path)
                }
                Type::Primitive(primitive) => {
                    self.primitive(element, primitive, members, &member.value, &path)
                }
                Type::Resource => self.each(element, &member.value, &path, |walk, node, path| {
                    walk.any_resource(node, element.0 == "contained", path);
                }),
                Type::Kind(index) => self.each(element, &member.value, &path, |walk, node, path| {
                    walk.composite(element, index, node, path);
                }),
            }
        }
        let missing = kind.1 & !filled;
        if missing != 0 {
            self.missing(kind, missing, path);
        }
    }

    /// Reports the required elements that are missing.
    #[cold]
    fn missing(&mut self, kind: &'static K, missing: u64, path: &Path<'_>) {
        for slot in (1..64).filter(|slot| missing >> slot & 1 == 1) {
            let name = match kind.2.get(slot - 1) {
                Some(choice) => choice,
                None => kind.3.iter().find(|e| usize::from(e.3) == slot).map_or("", |e| e.0),
            };
            self.error("required", &path.child(name), "a required element is missing");
        }
    }

    /// Each value of a non-primitive element, repetition checked.
    fn each(
        &mut self,
        element: &'static E,
        node: &'n Node<'n>,
        path: &Path<'_>,
        mut check: impl FnMut(&mut Self, &'n Node<'n>, &Path<'_>),
    ) {
        match (&node.value, element.2 != 0) {
            (Value::Array(items), true) => {
                if items.is_empty() {
                    self.error("structure", path, "an array is never empty");
                }
                for (index, item) in items.iter().enumerate() {
                    check(self, item, &path.at(index));
                }
            }
            (Value::Array(_), false) => {
                self.error("structure", path, "this element does not repeat: no array here")
            }
            (Value::Object(_), true) => {
                self.error("structure", path, "this element repeats: an array is expected")
            }
            _ => check(self, node, path),
        }
    }

    /// One value of a composite type.
    fn composite(&mut self, element: &'static E, index: u16, node: &'n Node<'n>, path: &Path<'_>) {
        let Value::Object(members) = &node.value else {
            return self.error("structure", path, "an object is expected");
        };
        let kind = &KINDS[usize::from(index)];
        self.members(kind, members, false, path);
        if index == EXTENSION {
            let nested = members.iter().any(|m| m.key == "extension");
            let value = members.iter().any(|m| m.key.trim_start_matches('_').starts_with("value"));
            if nested == value {
                self.error("invariant", path, "an extension has either extensions or a value (ext-1)");
            }
        } else if kind.0 == "Reference" {
            self.reference(element, node, path);
        }
    }

    /// The target of a reference.
    fn reference(&mut self, element: &'static E, node: &'n Node<'n>, path: &Path<'_>) {
        let targets = TARGETS[usize::from(element.5)];
        let allowed = |rt: ResourceType| targets.is_empty() || targets.contains(&rt.code());
        let stated = node.text("type").and_then(ResourceType::parse);
        if stated.is_some_and(|rt| !allowed(rt)) {
            self.error("value", &path.child("type"), "this type cannot be referred to here");
        }
        let Some(text) = node.text("reference") else { return };
        let place = path.child("reference");
        let named = match Reference::parse(text) {
            Reference::Relative { rtype, .. } => rtype,
            Reference::Conditional { rtype, .. } if self.options.conditional_references => rtype,
            Reference::Fragment => return self.fragment(&text[1..], &allowed, &place),
            Reference::Urn(_) | Reference::Absolute(_) => return,
            Reference::Conditional { .. } | Reference::Invalid => {
                return self.error("value", &place, "not a reference");
            }
        };
        if !allowed(named) {
            self.error("value", &place, "this type cannot be referred to here");
        } else if stated.is_some_and(|rt| rt != named) {
            self.error("value", &path.child("type"), "type and reference name different types");
        }
    }

    /// A reference to a contained resource.
    fn fragment(&mut self, id: &str, allowed: &dyn Fn(ResourceType) -> bool, place: &Path<'_>) {
        if id.is_empty() {
            return;
        }
        let Some(target) = self.contained.iter().find(|c| c.text("id") == Some(id)) else {
            return self.error("invariant", place, "no contained resource has this id (ref-1)");
        };
        if target.text("resourceType").and_then(ResourceType::parse).is_some_and(|rt| !allowed(rt)) {
            self.error("value", place, "this type cannot be referred to here");
        }
    }

    /// The value or values of a primitive element.
    fn primitive(
        &mut self,
        element: &'static E,
        primitive: Primitive,
        members: &'n [Member<'n>],
        node: &'n Node<'n>,
        path: &Path<'_>,
    ) {
        match (&node.value, element.2 != 0) {
            (Value::Array(items), true) => {
                if items.is_empty() {
                    self.error("structure", path, "an array is never empty");
                }
                for (index, item) in items.iter().enumerate() {
                    if !matches!(item.value, Value::Null) {
                        self.scalar(element, primitive, item, &path.at(index));
                    } else if !twin(members, element.0, index) {
                        self.error(
                            "structure",
                            &path.at(index),
                            "null stands only where an extension takes its place",
                        );
                    }
                }
            }
            (Value::Array(_), false) => {
                self.error("structure", path, "this element does not repeat: no array here")
            }
            (_, true) => self.error("structure", path, "this element repeats: an array is expected"),
            (_, false) => self.scalar(element, primitive, node, path),
        }
    }

    /// One primitive value.
    fn scalar(&mut self, element: &'static E, primitive: Primitive, node: &Node<'_>, path: &Path<'_>) {
        match primitive::check(primitive, node) {
            Ok(()) => {
                let codes = CODES[usize::from(element.4)];
                if !codes.is_empty()
                    && let Some(code) = node.as_str()
                    && codes.binary_search(&code).is_err()
                {
                    self.error("code-invalid", path, "not a code of the required value set");
                }
            }
            Err(Wrong::Json(expected)) => self.error("structure", path, format!("a {expected} is expected")),
            Err(Wrong::Format) => self.error("value", path, format!("not a valid {}", name(primitive))),
        }
    }

    /// What stands beside a primitive, under its name with an underscore: id and extensions.
    fn beside(
        &mut self,
        element: &'static E,
        primitive: Primitive,
        members: &'n [Member<'n>],
        node: &'n Node<'n>,
        path: &Path<'_>,
    ) {
        if primitive == Primitive::Xhtml {
            return self.error("structure", path, "a narrative has no extensions");
        }
        let kind = &KINDS[usize::from(ELEMENT)];
        match (&node.value, element.2 != 0) {
            (Value::Array(items), true) => {
                if items.iter().all(|item| matches!(item.value, Value::Null)) {
                    self.error("structure", path, "an array is never empty");
                }
                let values = members.iter().find(|m| m.key == element.0).map_or(&[][..], |m| m.value.items());
                for (index, item) in items.iter().enumerate() {
                    match &item.value {
                        Value::Null if values.get(index).is_none_or(|v| matches!(v.value, Value::Null)) => {
                            self.error("structure", &path.at(index), "neither a value nor an extension");
                        }
                        Value::Null => {}
                        Value::Object(inner) => self.members(kind, inner, false, &path.at(index)),
                        _ => self.error("structure", &path.at(index), "an object or null is expected"),
                    }
                }
            }
            (Value::Object(inner), false) => self.members(kind, inner, false, path),
            (_, true) => self.error("structure", path, "this element repeats: an array is expected"),
            (_, false) => self.error("structure", path, "an object is expected"),
        }
    }
}

/// Does the underscore twin of `name` hold an object at `index`?
fn twin(members: &[Member<'_>], name: &str, index: usize) -> bool {
    members
        .iter()
        .find(|m| m.key.strip_prefix('_') == Some(name))
        .and_then(|m| m.value.items().get(index))
        .is_some_and(|item| matches!(item.value, Value::Object(_)))
}

/// The name of a primitive type as FHIR writes it.
fn name(primitive: Primitive) -> &'static str {
    match primitive {
        Primitive::Base64Binary => "base64Binary",
        Primitive::Boolean => "boolean",
        Primitive::Canonical => "canonical",
        Primitive::Code => "code",
        Primitive::Date => "date",
        Primitive::DateTime => "dateTime",
        Primitive::Decimal => "decimal",
        Primitive::Id => "id",
        Primitive::Instant => "instant",
        Primitive::Integer => "integer",
        Primitive::Markdown => "markdown",
        Primitive::Oid => "oid",
        Primitive::PositiveInt => "positiveInt",
        Primitive::String => "string",
        Primitive::Time => "time",
        Primitive::UnsignedInt => "unsignedInt",
        Primitive::Uri => "uri",
        Primitive::Url => "url",
        Primitive::Uuid => "uuid",
        Primitive::Xhtml => "narrative",
    }
}
