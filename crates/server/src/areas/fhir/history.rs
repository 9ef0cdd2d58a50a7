//! `history-instance`: <https://hl7.org/fhir/R4/http.html#history>. Newest first; `_cursor` is the version before which a
//! page starts.

use chart::Revision;
use fhir::bundle::{BundleType, Method, Response, Writer};
use kernel::Version;

use super::{answers, conditional, negotiate, search, target};
use crate::http::{Call, Failure, Reply};

/// Versions on a page, if the caller does not say.
const COUNT: u32 = 50;
/// Most versions on a page.
const MOST: u32 = 500;

/// The versions of one resource.
pub(super) async fn history(call: Call) -> Result<Reply, Failure> {
    let (rtype, id) = target::instance(&call)?;
    let pairs = search::pairs(call.query())?;
    negotiate::accepts_json(&call, &pairs)?;
    let (count, before) = page(&pairs)?;
    let history = call.app.store.history(&call.ctx, rtype, id, count, before).await?;
    let base = target::base(&call);
    let past = format!("{}/_history", answers::address(&base, rtype, id));
    let own = search::link(&past, call.query(), None);
    let next = history.next.map(|version| search::link(&past, call.query(), Some(&version.to_string())));
    let mut links = vec![("self", own.as_str())];
    links.extend(next.iter().map(|next| ("next", next.as_str())));
    let mut bundle = Writer::new(BundleType::History, Some(history.total), &links);
    let full_url = answers::address(&base, rtype, id);
    let (by_type, by_id) = (rtype.to_string(), format!("{rtype}/{id}"));
    for revision in &history.revisions {
        let (method, url, status) = asked(revision, &by_type, &by_id);
        let (etag, at) = (conditional::etag(revision.version), revision.updated_at.to_string());
        let response =
            Response { status, etag: Some(&etag), last_modified: Some(&at), ..Response::default() };
        bundle.version(&full_url, revision.body.as_deref(), method, url, &response);
    }
    Ok(Reply::of(200, negotiate::FHIR_JSON, bundle.finish()))
}

/// What request made this version.
fn asked<'a>(revision: &Revision, by_type: &'a str, by_id: &'a str) -> (Method, &'a str, &'static str) {
    match (&revision.body, revision.version) {
        (None, _) => (Method::Delete, by_id, "204 No Content"),
        (Some(_), Version::FIRST) => (Method::Post, by_type, "201 Created"),
        (Some(_), _) => (Method::Put, by_id, "200 OK"),
    }
}

fn page(pairs: &[(String, String)]) -> Result<(u32, Option<Version>), Failure> {
    let (mut count, mut before) = (COUNT, None);
    for (name, value) in pairs {
        match name.as_str() {
            "_format" | "_pretty" => {}
            "_count" => count = value.parse().ok().filter(|c| *c > 0).ok_or_else(|| wrong("_count"))?,
            "_cursor" => before = Some(value.parse().map_err(|_| wrong("_cursor"))?),
            _ => return Err(Failure::new(400, "not-supported", "a history takes _count and _cursor alone")),
        }
    }
    Ok((count.min(MOST), before))
}

fn wrong(name: &str) -> Failure {
    Failure::new(400, "value", &format!("{name}: must be a positive whole number"))
}
