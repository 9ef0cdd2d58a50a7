//! Writing without seeing everything: what a writer cannot see, they cannot set, and their update does not erase.
//!
//! What they send is joined with what is hidden from them in the stored version. Items of a list are paired by what the
//! writer saw of them, then by their element ids, then by their order where as many are left on both sides; of an item
//! that the writer took away, what they did not see stays.

use fhir::ResourceType;
use fhir::element::{Elements, Inner};
use fhir::json::{Member, Node, Value, push_quoted};
use fhir::validate::Issue;
use policy::fields::{Sight, View};

use crate::intake::nowhere;
use crate::view::{Reader, bare, verbatim};

/// What the document sets that does not exist for its writer, in the words for what does not exist at all.
pub(crate) fn trespasses(view: View<'_>, rtype: ResourceType, root: &Node<'_>) -> Vec<Issue> {
    let check = Check { reader: Reader::of(view, root) };
    let mut issues = Vec::new();
    check.resource(root, rtype.as_str(), &mut issues);
    issues
}

struct Check<'v> {
    reader: Reader<'v>,
}

impl<'v> Check<'v> {
    fn resource(&self, node: &Node<'_>, path: &str, issues: &mut Vec<Issue>) {
        let Some((rtype, sight)) = self.reader.sight_of(node) else {
            issues.push(Issue::error("structure", path, "resourceType is missing or unknown"));
            return;
        };
        for member in node.members().iter().filter(|member| member.key != "resourceType") {
            self.member(Elements::of(rtype), sight, member, true, path, issues);
        }
    }

    fn member(
        &self,
        elements: Elements,
        sight: Sight<'v>,
        member: &Member<'_>,
        in_resource: bool,
        path: &str,
        issues: &mut Vec<Issue>,
    ) {
        let here = [path, ".", &member.key].concat();
        let Some(element) = elements.find(bare(&member.key)) else { return };
        let Some((_, sight)) = self.reader.member(elements, sight, member, in_resource) else {
            issues.push(Issue::error("structure", here, "unknown element"));
            return;
        };
        let items = member.value.items();
        let repeats = matches!(member.value.value, Value::Array(_));
        for (index, item) in items.iter().enumerate() {
            let here = if repeats { format!("{here}[{index}]") } else { here.clone() };
            match element.inner {
                Inner::Primitive => {}
                Inner::Resource => self.resource(item, &here, issues),
                Inner::Elements(inner) if self.reader.is_lost(inner, item) => {
                    issues.push(nowhere([&here, ".reference"].concat()));
                }
                Inner::Elements(inner) => {
                    for member in item.members() {
                        self.member(inner, sight, member, false, &here, issues);
                    }
                }
            }
        }
    }
}

/// The document with what its writer does not see of `stored`.
pub(crate) fn join(view: View<'_>, sent: &Node<'_>, stored: &Node<'_>) -> Vec<u8> {
    let join = Join { reader: Reader::of(view, stored) };
    let mut out = Vec::new();
    join.resource(sent, stored, &mut out);
    out
}

struct Join<'v> {
    reader: Reader<'v>,
}

impl<'v> Join<'v> {
    fn resource(&self, sent: &Node<'_>, stored: &Node<'_>, out: &mut Vec<u8>) {
        match self.reader.sight_of(stored) {
            Some((rtype, sight)) => self.object(Elements::of(rtype), sight, (sent, stored), true, out),
            None => verbatim(sent, out),
        }
    }

    /// The members sent, each with its hidden parts, then the hidden ones.
    fn object(
        &self,
        elements: Elements,
        sight: Sight<'v>,
        (sent, stored): (&Node<'_>, &Node<'_>),
        in_resource: bool,
        out: &mut Vec<u8>,
    ) {
        out.push(b'{');
        let mut separate = Separator::default();
        for member in sent.members() {
            separate.write(&member.key, out);
            let seen = self.reader.member(elements, sight, member, in_resource);
            match (stored.get(&member.key), seen) {
                (Some(before), Some((element, sight))) => {
                    self.value(element.inner, sight, (&member.value, before), out);
                }
                _ => verbatim(&member.value, out),
            }
        }
        for member in stored.members().iter().filter(|member| sent.get(&member.key).is_none()) {
            let mut rest = Vec::new();
            if self.rest_of_member(elements, sight, stored, member, in_resource, &mut rest) {
                separate.write(&member.key, out);
                out.extend_from_slice(&rest);
            }
        }
        out.push(b'}');
    }

    fn value(&self, inner: Inner, sight: Sight<'v>, pair: (&Node<'_>, &Node<'_>), out: &mut Vec<u8>) {
        let (sent, stored) = pair;
        match (inner, &sent.value, &stored.value) {
            (Inner::Primitive, ..) => verbatim(sent, out),
            (_, Value::Array(items), Value::Array(before)) => self.list(inner, sight, items, before, out),
            (Inner::Resource, Value::Object(_), Value::Object(_)) => self.resource(sent, stored, out),
            (Inner::Elements(elements), Value::Object(_), Value::Object(_)) => {
                // Of a link to something else nothing is kept.
                if elements.name() == "Reference" && sent.text("reference") != stored.text("reference") {
                    verbatim(sent, out);
                } else {
                    self.object(elements, sight, pair, false, out);
                }
            }
            _ => verbatim(sent, out),
        }
    }

    fn list(
        &self,
        inner: Inner,
        sight: Sight<'v>,
        sent: &[Node<'_>],
        stored: &[Node<'_>],
        out: &mut Vec<u8>,
    ) {
        let pairs = self.pairs(inner, sight, sent, stored);
        out.push(b'[');
        let mut first = true;
        for (item, before) in sent.iter().zip(&pairs) {
            comma(&mut first, out);
            match before {
                Some(before) => self.value(inner, sight, (item, &stored[*before]), out),
                None => verbatim(item, out),
            }
        }
        for (_, item) in stored.iter().enumerate().filter(|(at, _)| !pairs.contains(&Some(*at))) {
            let mut rest = Vec::new();
            if self.rest(inner, sight, item, &mut rest) {
                comma(&mut first, out);
                out.extend_from_slice(&rest);
            }
        }
        out.push(b']');
    }

    /// The stored item of each one sent.
    fn pairs(
        &self,
        inner: Inner,
        sight: Sight<'v>,
        sent: &[Node<'_>],
        stored: &[Node<'_>],
    ) -> Vec<Option<usize>> {
        let seen: Vec<Option<Vec<u8>>> = stored.iter().map(|item| self.seen(inner, sight, item)).collect();
        let given: Vec<Option<Vec<u8>>> = sent.iter().map(|item| self.seen(inner, sight, item)).collect();
        let mut free: Vec<usize> = (0..stored.len()).filter(|at| seen[*at].is_some()).collect();
        let mut pairs = vec![None; sent.len()];
        let same = |item: usize, at: usize| given[item] == seen[at];
        let named = |item: usize, at: usize| {
            sent[item].text("id").is_some() && sent[item].text("id") == stored[at].text("id")
        };
        for fits in [&same as &dyn Fn(usize, usize) -> bool, &named] {
            for (item, pair) in pairs.iter_mut().enumerate().filter(|(_, pair)| pair.is_none()) {
                if let Some(found) = free.iter().position(|at| fits(item, *at)) {
                    *pair = Some(free.remove(found));
                }
            }
        }
        if pairs.iter().filter(|pair| pair.is_none()).count() == free.len() {
            for (pair, at) in pairs.iter_mut().filter(|pair| pair.is_none()).zip(free) {
                *pair = Some(at);
            }
        }
        pairs
    }

    fn seen(&self, inner: Inner, sight: Sight<'v>, item: &Node<'_>) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        self.reader.one(inner, sight, item, &mut out).then_some(out)
    }

    /// What is hidden of a member that the writer did not send; false when that is nothing.
    fn rest_of_member(
        &self,
        elements: Elements,
        sight: Sight<'v>,
        node: &Node<'_>,
        member: &Member<'_>,
        in_resource: bool,
        out: &mut Vec<u8>,
    ) -> bool {
        if in_resource && member.key == "resourceType" {
            return false;
        }
        let seen = self.reader.member(elements, sight, member, in_resource);
        let Some((element, sight)) = seen.filter(|_| !self.reader.repeats(elements, node, member)) else {
            verbatim(&member.value, out);
            return true;
        };
        let Value::Array(items) = &member.value.value else {
            return self.rest(element.inner, sight, &member.value, out);
        };
        let mut first = true;
        out.push(b'[');
        for item in items {
            let mut rest = Vec::new();
            if self.rest(element.inner, sight, item, &mut rest) {
                comma(&mut first, out);
                out.extend_from_slice(&rest);
            }
        }
        out.push(b']');
        !first
    }

    /// What is hidden of a value; false when that is nothing.
    fn rest(&self, inner: Inner, sight: Sight<'v>, node: &Node<'_>, out: &mut Vec<u8>) -> bool {
        let elements = match inner {
            Inner::Primitive => return false,
            Inner::Elements(elements) if self.reader.is_lost(elements, node) => {
                verbatim(node, out);
                return true;
            }
            // What a link repeats of a record goes with the link.
            Inner::Elements(elements) if elements.name() == "Reference" => return false,
            Inner::Elements(elements) => elements,
            Inner::Resource => match self.reader.sight_of(node) {
                // A contained resource is one thing: it was taken away whole.
                Some(_) => return false,
                None => {
                    verbatim(node, out);
                    return true;
                }
            },
        };
        out.push(b'{');
        let mut separate = Separator::default();
        for member in node.members() {
            let mut rest = Vec::new();
            if self.rest_of_member(elements, sight, node, member, false, &mut rest) {
                separate.write(&member.key, out);
                out.extend_from_slice(&rest);
            }
        }
        out.push(b'}');
        separate.any
    }
}

#[derive(Default)]
struct Separator {
    any: bool,
}

impl Separator {
    /// Writes the key of the next member.
    fn write(&mut self, key: &str, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.any, true) {
            out.push(b',');
        }
        push_quoted(out, key);
        out.push(b':');
    }
}

fn comma(first: &mut bool, out: &mut Vec<u8>) {
    if !std::mem::take(first) {
        out.push(b',');
    }
}
