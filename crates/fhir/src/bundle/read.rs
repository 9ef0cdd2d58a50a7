//! From a parsed document to entries.

use std::collections::HashSet;

use super::{Bundle, Entry, Kind, Method, Target};
use crate::ResourceType;
use crate::json::{Node, Value};
use crate::reference::is_id;
use crate::validate::Issue;

/// Reads a transaction or batch of at most `max_entries` entries.
///
/// # Errors
/// What makes the whole bundle unacceptable: it is none of the two, it is too long, two entries have one `fullUrl`, or
/// (transaction) an entry is malformed or two entries change one resource. Paths are FHIRPath from `Bundle`.
pub fn read<'n>(root: &'n Node<'n>, max_entries: usize) -> Result<Bundle<'n>, Vec<Issue>> {
    let kind = match bundle_type(root)? {
        "transaction" => Kind::Transaction,
        "batch" => Kind::Batch,
        _ => return Err(vec![Issue::error("value", "Bundle.type", "transaction or batch is expected")]),
    };
    let nodes = entries(root, max_entries)?;
    let mut issues = full_urls(nodes);
    let mut read = Vec::with_capacity(nodes.len());
    let mut refused = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        match entry(index, node) {
            Ok(entry) => read.push(entry),
            Err(issue) if kind == Kind::Batch => refused.push((index, issue)),
            Err(issue) => issues.push(issue),
        }
    }
    if kind == Kind::Transaction {
        issues.extend(changed_twice(&read));
    }
    issues.truncate(100);
    if issues.is_empty() { Ok(Bundle { kind, entries: read, refused }) } else { Err(issues) }
}

/// Reads any bundle of resources (collection, searchset, document, message, transaction, batch and their responses) for
/// import: each entry that holds a resource and no request becomes a create under its `fullUrl`; entries with a request
/// are read as in a transaction. Responses without a resource and the outcomes of a search are passed over.
///
/// # Errors
/// As for [`read`]; and a history, which holds several versions of a resource.
pub fn import<'n>(root: &'n Node<'n>, max_entries: usize) -> Result<Vec<Entry<'n>>, Vec<Issue>> {
    if bundle_type(root)? == "history" {
        return Err(vec![Issue::error("not-supported", "Bundle.type", "a history cannot be imported")]);
    }
    let nodes = entries(root, max_entries)?;
    let mut issues = full_urls(nodes);
    let mut read = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        if node.get("request").is_some() {
            match entry(index, node) {
                Ok(entry) => read.push(entry),
                Err(issue) => issues.push(issue),
            }
            continue;
        }
        let Some(resource) = node.get("resource") else { continue };
        if node.get("search").and_then(|s| s.text("mode")) == Some("outcome") {
            continue;
        }
        match resource_type(index, resource) {
            Ok(rtype) => read.push(Entry {
                index,
                full_url: node.text("fullUrl"),
                method: Method::Post,
                url: "",
                target: Target { rtype: Some(rtype), ..Target::default() },
                if_match: None,
                if_none_match: None,
                if_modified_since: None,
                if_none_exist: None,
                resource: Some(resource),
            }),
            Err(issue) => issues.push(issue),
        }
    }
    issues.extend(changed_twice(&read));
    issues.truncate(100);
    if issues.is_empty() { Ok(read) } else { Err(issues) }
}

/// `Bundle.type`.
fn bundle_type<'n>(root: &'n Node<'_>) -> Result<&'n str, Vec<Issue>> {
    if root.text("resourceType") != Some("Bundle") {
        return Err(vec![Issue::error("structure", "Bundle", "a Bundle is expected")]);
    }
    root.text("type")
        .ok_or_else(|| vec![Issue::error("required", "Bundle.type", "the type of the bundle is missing")])
}

/// `Bundle.entry`, its length checked.
fn entries<'n>(root: &'n Node<'n>, max: usize) -> Result<&'n [Node<'n>], Vec<Issue>> {
    let nodes = match root.get("entry") {
        None => &[][..],
        Some(Node { value: Value::Array(nodes), .. }) => nodes,
        Some(_) => return Err(vec![Issue::error("structure", "Bundle.entry", "an array is expected")]),
    };
    if nodes.len() > max {
        return Err(vec![Issue::error("too-costly", "Bundle.entry", format!("more than {max} entries"))]);
    }
    Ok(nodes)
}

/// Entries under a `fullUrl` already used (bdl-7; versions do not tell them apart here, as no history is read).
fn full_urls(nodes: &[Node<'_>]) -> Vec<Issue> {
    let mut seen = HashSet::new();
    nodes
        .iter()
        .enumerate()
        .filter_map(|(index, node)| node.text("fullUrl").map(|url| (index, url)))
        .filter(|(_, url)| !seen.insert(*url))
        .map(|(index, _)| {
            Issue::error(
                "duplicate",
                format!("Bundle.entry[{index}].fullUrl"),
                "another entry has this fullUrl",
            )
        })
        .collect()
}

/// Entries that change what another entry changes.
fn changed_twice(entries: &[Entry<'_>]) -> Vec<Issue> {
    let mut seen = HashSet::new();
    entries
        .iter()
        .filter(|e| matches!(e.method, Method::Put | Method::Patch | Method::Delete))
        .filter(|e| !seen.insert((e.target.rtype, e.target.id, e.target.query)))
        .map(|e| {
            let path = format!("Bundle.entry[{}].request.url", e.index);
            Issue::error("duplicate", path, "another entry changes the same resource")
        })
        .collect()
}

/// The type of an entry's resource.
fn resource_type(index: usize, resource: &Node<'_>) -> Result<ResourceType, Issue> {
    resource.text("resourceType").and_then(ResourceType::parse).ok_or_else(|| {
        let path = format!("Bundle.entry[{index}].resource");
        Issue::error("structure", path, "resourceType is missing or unknown")
    })
}

/// One entry with its request.
fn entry<'n>(index: usize, node: &'n Node<'n>) -> Result<Entry<'n>, Issue> {
    let fault = |code, place: &str, message: &str| {
        Issue::error(code, format!("Bundle.entry[{index}]{place}"), message)
    };
    let request =
        node.get("request").ok_or_else(|| fault("required", ".request", "the request is missing"))?;
    let method = request
        .text("method")
        .ok_or_else(|| fault("required", ".request.method", "the method is missing"))
        .and_then(|m| {
            Method::parse(m)
                .ok_or_else(|| fault("code-invalid", ".request.method", "not an HTTP method of FHIR"))
        })?;
    let url = request.text("url").ok_or_else(|| fault("required", ".request.url", "the URL is missing"))?;
    let target = target(url).ok_or_else(|| {
        fault(
            "value",
            ".request.url",
            "a URL relative to the FHIR base is expected: Type, Type/id or Type?query",
        )
    })?;
    let resource = node.get("resource");
    let entry = Entry {
        index,
        full_url: node.text("fullUrl"),
        method,
        url,
        target,
        if_match: request.text("ifMatch"),
        if_none_match: request.text("ifNoneMatch"),
        if_modified_since: request.text("ifModifiedSince"),
        if_none_exist: request.text("ifNoneExist"),
        resource,
    };
    match coherent(&entry)? {
        Some((code, place, message)) => Err(fault(code, place, message)),
        None => Ok(entry),
    }
}

type Complaint = Option<(&'static str, &'static str, &'static str)>;

/// Do method, URL and resource fit together?
fn coherent(entry: &Entry<'_>) -> Result<Complaint, Issue> {
    let Target { rtype, id, version, history, operation, query } = entry.target;
    let plain = version.is_none() && !history && operation.is_none();
    let one = rtype.is_some() && plain && (id.is_some() != query.is_some());
    let needs_one = Some(("value", ".request.url", "this method needs Type/id or Type?query"));
    Ok(match entry.method {
        Method::Get | Method::Head => None,
        Method::Delete => {
            if one {
                None
            } else {
                needs_one
            }
        }
        Method::Post if operation.is_some() => None,
        Method::Post | Method::Put | Method::Patch => {
            let Some(resource) = entry.resource else {
                return Ok(Some(("required", ".resource", "this method needs a resource")));
            };
            let actual = resource_type(entry.index, resource)?;
            match entry.method {
                Method::Post if rtype.is_none() || !plain || id.is_some() || query.is_some() => {
                    Some(("value", ".request.url", "a create needs the type and nothing else"))
                }
                Method::Put | Method::Patch if !one => needs_one,
                Method::Patch if !matches!(actual, ResourceType::Binary | ResourceType::Parameters) => {
                    Some(("value", ".resource", "a patch is a Binary or a Parameters"))
                }
                Method::Patch => None,
                _ if rtype != Some(actual) => {
                    Some(("value", ".resource.resourceType", "the URL names another type than the resource"))
                }
                Method::Put if id.is_some() && resource.text("id") != id => {
                    Some(("value", ".resource.id", "the URL names another id than the resource"))
                }
                _ => None,
            }
        }
    })
}

/// Takes a relative URL apart; `None` when it is not one of FHIR's.
fn target(url: &str) -> Option<Target<'_>> {
    let (path, query) = match url.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (url, None),
    };
    let mut target = Target { query, ..Target::default() };
    let mut steps = path.split('/').peekable();
    if path.is_empty() {
        return query.is_some_and(|q| !q.is_empty()).then_some(target);
    }
    if let Some(rtype) = steps.peek().and_then(|s| ResourceType::parse(s)) {
        target.rtype = Some(rtype);
        steps.next();
        if let Some(id) = steps.next_if(|s| is_id(s)) {
            target.id = Some(id);
        }
    } else if path == "metadata" {
        return Some(target);
    }
    if steps.next_if_eq(&"_history").is_some() {
        match (steps.next(), target.id) {
            (None, _) => target.history = true,
            (Some(version), Some(_)) if is_id(version) => target.version = Some(version),
            _ => return None,
        }
    }
    if let Some(operation) = steps.next_if(|s| s.starts_with('$') && s.len() > 1) {
        target.operation = Some(&operation[1..]);
    }
    steps.next().is_none().then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_urls_apart() {
        let patient = Target { rtype: Some(ResourceType::Patient), ..Target::default() };
        for (url, expected) in [
            ("Patient", patient),
            ("Patient/1", Target { id: Some("1"), ..patient }),
            ("Patient?a=b", Target { query: Some("a=b"), ..patient }),
            ("Patient/1/_history/2", Target { id: Some("1"), version: Some("2"), ..patient }),
            ("Patient/_history", Target { history: true, ..patient }),
            ("Patient/1/$everything", Target { id: Some("1"), operation: Some("everything"), ..patient }),
            ("$process?x=y", Target { operation: Some("process"), query: Some("x=y"), ..Target::default() }),
            ("?_type=Patient", Target { query: Some("_type=Patient"), ..Target::default() }),
            ("metadata", Target::default()),
        ] {
            assert!(target(url) == Some(expected), "{url}");
        }
        for bad in [
            "",
            "?",
            "/Patient",
            "patient/1",
            "Patient/1/2",
            "https://x.example/Patient/1",
            "Patient/",
            "Patient/../x",
        ] {
            assert!(target(bad).is_none(), "{bad}");
        }
    }
}
