//! The values a resource is found by: <https://hl7.org/fhir/R4/search.html#ptypes>.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::table::{self, Emit, Form, Guard, Level, PathId};
use super::{Range, date, number, tables};
use crate::ResourceType;
use crate::json::{Node, Value};

/// A value and where it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<'a> {
    /// The elements it was read from.
    pub path: PathId,
    /// What stood there.
    pub value: Indexed<'a>,
}

/// A value as search compares it.
#[derive(Clone, Debug, PartialEq)]
pub enum Indexed<'a> {
    /// A Coding (each one of a CodeableConcept), Identifier, ContactPoint, code, boolean or plain text.
    Token {
        /// Its system. For a `code`, that of its value set where it has exactly one; for a ContactPoint, its `system`.
        system: Option<Cow<'a, str>>,
        /// The code, identifier value, `true` or `false`. None for a CodeableConcept's text.
        code: Option<Cow<'a, str>>,
        /// What `:text` searches: display, CodeableConcept.text or Identifier.type.text.
        text: Option<&'a str>,
    },
    /// An Identifier under one coding of its type, which is what `:of-type` asks for.
    TypedIdentifier {
        /// `Identifier.type.coding.system`
        system: Option<&'a str>,
        /// `Identifier.type.coding.code`
        code: &'a str,
        /// `Identifier.value`
        value: &'a str,
    },
    /// A Reference, canonical or uri that leads to another resource.
    Reference(Target<'a>),
    /// A span of time.
    Date(Range),
    /// One searchable part of a text: each name of a HumanName, each line of an Address.
    String(&'a str),
    /// A Quantity, Money or Range.
    Quantity {
        /// Least value; None when unbounded (`<5`). Equal to `high` for a plain quantity.
        low: Option<Decimal>,
        /// Greatest value; None when unbounded. A bound from a comparator counts as included.
        high: Option<Decimal>,
        /// `Quantity.system`; ISO 4217 for Money.
        system: Option<&'a str>,
        /// `Quantity.code` or the currency.
        code: Option<&'a str>,
        /// `Quantity.unit`, what people read.
        unit: Option<&'a str>,
    },
    /// A number, or the ends of a Range of numbers.
    Number {
        /// Least value; None when unbounded.
        low: Option<Decimal>,
        /// Greatest value; None when unbounded.
        high: Option<Decimal>,
    },
    /// A URI. A canonical with a version is found twice: as written, and without the version.
    Uri(&'a str),
}

/// Where a reference leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// `Type/id`; a version in the reference is left out.
    Local {
        /// The type.
        rtype: ResourceType,
        /// The id.
        id: &'a str,
    },
    /// An absolute URL, canonical or other text, as written.
    Url(&'a str),
    /// `Reference.identifier`.
    Logical {
        /// `Identifier.system`
        system: Option<&'a str>,
        /// `Identifier.value`
        value: &'a str,
        /// `Reference.type`, where it names a resource type.
        rtype: Option<ResourceType>,
    },
    /// `urn:uuid:...` or `urn:oid:...`
    Urn(&'a str),
}

const MONEY: &str = "urn:iso:std:iso:4217";
const SPECIAL_VALUES: &str = "http://terminology.hl7.org/CodeSystem/special-values";

/// Every value `root`, a resource of type `rt`, is found by. One pass over the members that any parameter reads.
/// Values that are malformed, and references to contained resources (`#id`), are left out.
pub fn extract<'a>(rt: ResourceType, root: &'a Node<'a>) -> Vec<Found<'a>> {
    let mut out = Vec::with_capacity(32);
    let mut visit = |emit: &'static Emit, node: &'a Node<'a>| {
        read(emit.form, node, &mut |value| out.push(Found { path: emit.path, value }));
    };
    walk(&table::of(rt).level, root, &mut visit);
    walk(&tables::COMMON.level, root, &mut visit);
    out
}

/// Calls `visit` for every node a level reads, repetitions one by one.
pub(super) fn walk<'a>(
    level: &'static Level,
    node: &'a Node<'a>,
    visit: &mut impl FnMut(&'static Emit, &'a Node<'a>),
) {
    for emit in level.emits {
        visit(emit, node);
    }
    if level.steps.is_empty() {
        return;
    }
    for member in node.members() {
        for step in level.steps.iter().filter(|s| s.name == member.key) {
            let items = member.value.items();
            let count = if matches!(step.guard, Guard::First) { 1 } else { items.len() };
            for item in items.iter().take(count).filter(|i| !matches!(i.value, Value::Null)) {
                match step.guard {
                    Guard::Equals(key, value) if item.text(key) != Some(value) => {}
                    _ => walk(&step.next, item, visit),
                }
            }
        }
    }
}

/// Reads one node. `out` is called for every value in it.
pub(super) fn read<'a>(form: Form, node: &'a Node<'a>, out: &mut impl FnMut(Indexed<'a>)) {
    match form {
        Form::Concept => concept(node, out),
        Form::Coding => coding(node, out),
        Form::Identifier => identifier(node, out),
        Form::Contact => {
            if let Some(value) = node.text("value") {
                out(token(node.text("system"), value, None));
            }
        }
        Form::Bool => node.as_bool().into_iter().for_each(|b| out(flag(b))),
        Form::Deceased => {
            let dead = node.get("deceasedDateTime").is_some()
                || node.get("deceasedBoolean").and_then(Node::as_bool).unwrap_or(false);
            out(flag(dead));
        }
        Form::Code(system) => {
            let system = (!system.is_empty()).then_some(system);
            node.as_str().into_iter().for_each(|code| out(token(system, code, None)));
        }
        Form::Plain => node.as_str().into_iter().for_each(|code| out(token(None, code, None))),
        Form::Text => texts(&[node], out),
        Form::Name => parts(node, &["family", "given", "prefix", "suffix", "text"], out),
        Form::Address => {
            parts(node, &["line", "city", "district", "state", "country", "postalCode", "text"], out);
        }
        Form::Date => dates(node.as_str().and_then(date::range), out),
        Form::Period => dates(date::period(node), out),
        Form::Timing => dates(date::timing(node), out),
        Form::Reference => reference(node, out),
        Form::CanonicalReference => {
            canonical(node, |url| target(url).into_iter().for_each(|t| out(Indexed::Reference(t))));
        }
        Form::UriReference => {
            let target = node.as_str().and_then(target);
            target.into_iter().for_each(|t| out(Indexed::Reference(t)));
        }
        Form::Entry => entry(node, out),
        Form::Quantity | Form::Money | Form::Range | Form::Number | Form::NumberRange => {
            amount(form, node).into_iter().for_each(out);
        }
        Form::Uri => node.as_str().into_iter().for_each(|url| out(Indexed::Uri(url))),
        Form::Canonical => canonical(node, |url| out(Indexed::Uri(url))),
        Form::Element => {}
    }
}

fn token<'a>(system: Option<&'a str>, code: &'a str, text: Option<&'a str>) -> Indexed<'a> {
    Indexed::Token { system: system.map(Cow::Borrowed), code: Some(Cow::Borrowed(code)), text }
}

fn flag<'a>(value: bool) -> Indexed<'a> {
    token(Some(SPECIAL_VALUES), if value { "true" } else { "false" }, None)
}

fn coding<'a>(node: &'a Node<'a>, out: &mut impl FnMut(Indexed<'a>)) {
    let (system, code, text) = (node.text("system"), node.text("code"), node.text("display"));
    if system.is_some() || code.is_some() || text.is_some() {
        let owned = |s: &'a str| Cow::Borrowed(s);
        out(Indexed::Token { system: system.map(owned), code: code.map(owned), text });
    }
}

fn concept<'a>(node: &'a Node<'a>, out: &mut impl FnMut(Indexed<'a>)) {
    node.get("coding").map_or(&[][..], Node::items).iter().for_each(|c| coding(c, out));
    if let Some(text) = node.text("text") {
        out(Indexed::Token { system: None, code: None, text: Some(text) });
    }
}

fn identifier<'a>(node: &'a Node<'a>, out: &mut impl FnMut(Indexed<'a>)) {
    let kind = node.get("type");
    let text = kind.and_then(|t| t.text("text"));
    let (system, value) = (node.text("system"), node.text("value"));
    if system.is_some() || value.is_some() || text.is_some() {
        let (system, code) = (system.map(Cow::Borrowed), value.map(Cow::Borrowed));
        out(Indexed::Token { system, code, text });
    }
    let codings = kind.and_then(|t| t.get("coding")).map_or(&[][..], Node::items);
    for coding in codings {
        if let (Some(code), Some(value)) = (coding.text("code"), value) {
            out(Indexed::TypedIdentifier { system: coding.text("system"), code, value });
        }
    }
}

fn texts<'a>(nodes: &[&'a Node<'a>], out: &mut impl FnMut(Indexed<'a>)) {
    let items = nodes.iter().flat_map(|n| n.items());
    items.filter_map(Node::as_str).filter(|s| !s.is_empty()).for_each(|s| out(Indexed::String(s)));
}

fn parts<'a>(node: &'a Node<'a>, names: &[&str], out: &mut impl FnMut(Indexed<'a>)) {
    for name in names {
        if let Some(part) = node.get(name) {
            texts(&[part], out);
        }
    }
}

fn dates<'a>(range: Option<Range>, out: &mut impl FnMut(Indexed<'a>)) {
    range.into_iter().for_each(|r| out(Indexed::Date(r)));
}

fn reference<'a>(node: &'a Node<'a>, out: &mut impl FnMut(Indexed<'a>)) {
    if let Some(target) = node.text("reference").and_then(target) {
        out(Indexed::Reference(target));
    }
    if let Some(identifier) = node.get("identifier")
        && let Some(value) = identifier.text("value")
    {
        let rtype = node.text("type").and_then(ResourceType::parse);
        out(Indexed::Reference(Target::Logical { system: identifier.text("system"), value, rtype }));
    }
}

/// What a literal reference leads to; `None` for a contained resource.
pub(super) fn target(text: &str) -> Option<Target<'_>> {
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    if text.starts_with("urn:") {
        return Some(Target::Urn(text));
    }
    let mut parts = text.split('/');
    if let (Some(first), Some(id)) = (parts.next(), parts.next())
        && let Some(rtype) = ResourceType::parse(first)
        && is_id(id)
        && matches!(
            (parts.next(), parts.next(), parts.next()),
            (None, ..) | (Some("_history"), Some(_), None)
        )
    {
        return Some(Target::Local { rtype, id });
    }
    Some(Target::Url(text))
}

/// The `id` type: <https://hl7.org/fhir/R4/datatypes.html#id>.
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

fn canonical<'a>(node: &'a Node<'a>, mut out: impl FnMut(&'a str)) {
    if let Some(url) = node.as_str().filter(|u| !u.is_empty()) {
        out(url);
        if let Some((plain, _)) = url.split_once('|') {
            out(plain);
        }
    }
}

fn entry<'a>(node: &'a Node<'a>, out: &mut impl FnMut(Indexed<'a>)) {
    let rtype = node.text("resourceType").and_then(ResourceType::parse);
    if let (Some(rtype), Some(id)) = (rtype, node.text("id")) {
        out(Indexed::Reference(Target::Local { rtype, id }));
    }
}

fn amount<'a>(form: Form, node: &'a Node<'a>) -> Option<Indexed<'a>> {
    let value = |n: &'a Node<'a>| n.get("value").and_then(Node::as_number).and_then(number::decimal);
    let (low, high) = match form {
        Form::Number => {
            let n = number::decimal(node.as_number()?)?;
            (Some(n), Some(n))
        }
        Form::Range | Form::NumberRange => {
            (node.get("low").and_then(value), node.get("high").and_then(value))
        }
        _ => {
            let n = value(node)?;
            match node.text("comparator") {
                Some("<" | "<=") => (None, Some(n)),
                Some(">" | ">=") => (Some(n), None),
                _ => (Some(n), Some(n)),
            }
        }
    };
    if low.is_none() && high.is_none() {
        return None;
    }
    Some(match form {
        Form::Number | Form::NumberRange => Indexed::Number { low, high },
        Form::Money => {
            Indexed::Quantity { low, high, system: Some(MONEY), code: node.text("currency"), unit: None }
        }
        _ => {
            let end = if form == Form::Range { node.get("low").or_else(|| node.get("high"))? } else { node };
            let (system, code, unit) = (end.text("system"), end.text("code"), end.text("unit"));
            Indexed::Quantity { low, high, system, code, unit }
        }
    })
}
