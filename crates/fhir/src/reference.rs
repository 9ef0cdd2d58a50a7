//! References between resources: <https://hl7.org/fhir/R4/references.html>.

use std::fmt::{self, Write as _};

use crate::ResourceType;
use crate::json::{Node, Span, Value};

/// What a `Reference.reference` says. `Debug` shows the form only: queries and URLs may hold identifiers of people.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reference<'a> {
    /// `Type/id` or `Type/id/_history/version` on this server.
    Relative {
        /// The type named.
        rtype: ResourceType,
        /// The logical id.
        id: &'a str,
        /// The version, when one is named.
        version: Option<&'a str>,
    },
    /// `urn:uuid:` or `urn:oid:`, whole.
    Urn(&'a str),
    /// Any other URL with a scheme, whole.
    Absolute(&'a str),
    /// `Type?query`, allowed in transactions.
    Conditional {
        /// The type named.
        rtype: ResourceType,
        /// What follows the question mark.
        query: &'a str,
    },
    /// `#id` of a contained resource, or `#`: the container.
    Fragment,
    /// None of these.
    Invalid,
}

impl<'a> Reference<'a> {
    /// Reads the text of a reference.
    pub fn parse(text: &'a str) -> Self {
        if text.starts_with('#') {
            return Self::Fragment;
        }
        if text.starts_with("urn:uuid:") || text.starts_with("urn:oid:") {
            return Self::Urn(text);
        }
        if scheme(text) {
            return Self::Absolute(text);
        }
        Self::relative(text).unwrap_or(Self::Invalid)
    }

    fn relative(text: &'a str) -> Option<Self> {
        let end = text.find(['/', '?'])?;
        let rtype = ResourceType::parse(&text[..end])?;
        let rest = &text[end + 1..];
        if text.as_bytes()[end] == b'?' {
            return (!rest.is_empty()).then_some(Self::Conditional { rtype, query: rest });
        }
        let (id, version) = match rest.split_once("/_history/") {
            Some((id, version)) => (id, Some(version)),
            None => (rest, None),
        };
        (is_id(id) && version.is_none_or(is_id)).then_some(Self::Relative { rtype, id, version })
    }
}

impl fmt::Debug for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relative { rtype, .. } => write!(f, "Relative({rtype})"),
            Self::Urn(_) => f.write_str("Urn"),
            Self::Absolute(_) => f.write_str("Absolute"),
            Self::Conditional { rtype, .. } => write!(f, "Conditional({rtype})"),
            Self::Fragment => f.write_str("Fragment"),
            Self::Invalid => f.write_str("Invalid"),
        }
    }
}

/// FHIR's `id`: 1 to 64 of letters, digits, `-` and `.`.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

/// Does the text begin with a URI scheme and hold no white space?
fn scheme(text: &str) -> bool {
    let Some((name, rest)) = text.split_once(':') else { return false };
    name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && !rest.bytes().any(|b| b.is_ascii_whitespace())
}

/// A reference and where it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct RefSite<'n> {
    /// The JSON string, quotes included: what a splice replaces.
    pub span: Span,
    /// FHIRPath of the string, from the root: `Observation.subject.reference`.
    pub path: String,
    /// The text.
    pub text: &'n str,
    /// What it says; never a fragment.
    pub reference: Reference<'n>,
}

/// A `urn:uuid:` or `urn:oid:` that a transaction replaces, outside `Reference.reference`.
#[derive(Clone, PartialEq, Eq)]
pub struct UrnSite<'n> {
    /// The JSON string, quotes included.
    pub span: Span,
    /// FHIRPath of the string.
    pub path: String,
    /// The whole unescaped string: the URN, or the narrative that holds URNs in `href` and `src`.
    pub text: &'n str,
    /// Is the string a narrative?
    pub narrative: bool,
}

/// Every string member called `reference`, wherever it stands (contained resources, extensions, entries of a bundle),
/// except fragments. (R4 has no other string element of that name.)
pub fn references<'n>(root: &'n Node<'_>) -> Vec<RefSite<'n>> {
    let mut sites = Vec::new();
    walk(root, &mut |key, node, trail| {
        if key == "reference"
            && let Some(text) = node.as_str()
        {
            let reference = Reference::parse(text);
            if reference != Reference::Fragment {
                sites.push(RefSite { span: node.span, path: render(root, trail), text, reference });
            }
        }
    });
    sites
}

/// The other places where a transaction replaces URNs: <https://hl7.org/fhir/R4/http.html#trules> names elements of type
/// uri, url, oid and uuid and the links of narratives. Types are not looked up: any string that is wholly a URN counts,
/// except `reference` (see [`references`]), `fullUrl` and `value` (`Identifier.value` is a string, and no uri element
/// of R4 is called so). As only URNs of the bundle are replaced, a false hit needs a text equal to one of them.
pub fn urn_sites<'n>(root: &'n Node<'_>) -> Vec<UrnSite<'n>> {
    let mut sites = Vec::new();
    walk(root, &mut |key, node, trail| {
        if let Some(text) = node.as_str()
            && !matches!(key, "reference" | "fullUrl" | "value")
        {
            let narrative = key == "div" && (text.contains("urn:uuid:") || text.contains("urn:oid:"));
            if narrative || matches!(Reference::parse(text), Reference::Urn(_)) {
                sites.push(UrnSite { span: node.span, path: render(root, trail), text, narrative });
            }
        }
    });
    sites
}

/// A step on the way to a value.
enum Step<'n> {
    Key(&'n str),
    Index(usize),
}

/// Visits every value with the key it stands under (an array's items under the array's key).
fn walk<'n, 'a>(root: &'n Node<'a>, visit: &mut impl FnMut(&'n str, &'n Node<'a>, &[Step<'n>])) {
    fn go<'n, 'a>(
        key: &'n str,
        node: &'n Node<'a>,
        trail: &mut Vec<Step<'n>>,
        visit: &mut impl FnMut(&'n str, &'n Node<'a>, &[Step<'n>]),
    ) {
        match &node.value {
            Value::Object(members) => {
                for member in members {
                    trail.push(Step::Key(&member.key));
                    go(&member.key, &member.value, trail, visit);
                    trail.pop();
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    trail.push(Step::Index(index));
                    go(key, item, trail, visit);
                    trail.pop();
                }
            }
            _ => visit(key, node, trail),
        }
    }
    go("", root, &mut Vec::new(), visit);
}

/// The trail as FHIRPath, beginning with the type of the root.
fn render(root: &Node<'_>, trail: &[Step<'_>]) -> String {
    let name = root.text("resourceType").and_then(ResourceType::parse).map_or("$", ResourceType::as_str);
    let mut path = name.to_owned();
    for step in trail {
        // Writing to a String cannot fail.
        let _ = match step {
            Step::Key(key) => write!(path, ".{}", crate::json::shown(key)),
            Step::Index(index) => write!(path, "[{index}]"),
        };
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, parse};

    const URN: &str = "urn:uuid:6a4e5c1c-9f0b-4f43-8f0d-0c6f2d6f1a11";

    #[test]
    fn reads_each_form() {
        let relative = |rtype, id, version| Reference::Relative { rtype, id, version };
        for (text, expected) in [
            ("Patient/1", relative(ResourceType::Patient, "1", None)),
            ("Patient/a-b.c/_history/2", relative(ResourceType::Patient, "a-b.c", Some("2"))),
            (URN, Reference::Urn(URN)),
            ("urn:oid:1.2.3", Reference::Urn("urn:oid:1.2.3")),
            ("https://x.example/Patient/1", Reference::Absolute("https://x.example/Patient/1")),
            (
                "Practitioner?identifier=a|b",
                Reference::Conditional { rtype: ResourceType::Practitioner, query: "identifier=a|b" },
            ),
            ("#p", Reference::Fragment),
        ] {
            assert_eq!(Reference::parse(text), expected, "{text}");
        }
        for bad in
            ["", "Patient", "Patient/", "Patient/a b", "Foo/1", "/Patient/1", "Patient/1/x", "Patient?", "a:"]
        {
            assert_eq!(Reference::parse(bad), Reference::Invalid, "{bad}");
        }
    }

    #[test]
    fn finds_references_and_urns_where_they_stand() {
        let source = format!(
            r##"{{"resourceType":"DocumentReference","contained":[{{"managingOrganization":{{"reference":"{URN}"}}}}],
            "subject":{{"reference":"Patient/1"}},"author":[{{"reference":"#a"}},{{"reference":"Practitioner/2"}}],
            "identifier":[{{"value":"{URN}"}}],"content":[{{"attachment":{{"url":"{URN}"}}}}],
            "text":{{"div":"<div><a href=\"{URN}\">x</a></div>"}},
            "extension":[{{"valueReference":{{"reference":"Group/3"}}}}]}}"##
        );
        let root = parse(source.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
        let sites = references(&root);
        let paths: Vec<&str> = sites.iter().map(|s| s.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "DocumentReference.contained[0].managingOrganization.reference",
                "DocumentReference.subject.reference",
                "DocumentReference.author[1].reference",
                "DocumentReference.extension[0].valueReference.reference",
            ]
        );
        let span = sites[1].span;
        assert_eq!(&source[span.start as usize..span.end as usize], "\"Patient/1\"");
        let urns: Vec<_> = urn_sites(&root).into_iter().map(|s| (s.path, s.narrative)).collect();
        assert_eq!(
            urns,
            [
                ("DocumentReference.content[0].attachment.url".to_owned(), false),
                ("DocumentReference.text.div".to_owned(), true),
            ]
        );
    }
}
