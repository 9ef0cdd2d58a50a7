//! `search-type`, by address and by form, and search in a patient's compartment:
//! <https://hl7.org/fhir/R4/http.html#search>.
//!
//! Links of a search by address repeat what the client sent. A search by form is sent that way to keep health data out
//! of addresses: its answer has no `self`, and its `next` holds the cursor alone, to be sent with the same form.

use chart::SearchRequest;
use fhir::ResourceType;
use fhir::bundle::{BundleType, Mode, Writer};
use kernel::PatientId;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{answers, negotiate, target};
use crate::http::{Call, Failure, Reply};

/// `GET [type]?...`
pub(super) async fn by_address(call: Call) -> Result<Reply, Failure> {
    let rtype = target::rtype(&call, "type")?;
    let pairs = pairs(call.query())?;
    answer(&call, rtype, None, &pairs, Links::Repeat).await
}

/// `POST [type]/_search`
pub(super) async fn by_form(call: Call) -> Result<Reply, Failure> {
    let rtype = target::rtype(&call, "type")?;
    negotiate::brings_form(&call)?;
    let form = std::str::from_utf8(call.body()).map_err(|_| unreadable())?;
    let mut both = pairs(call.query())?;
    both.extend(pairs(form)?);
    answer(&call, rtype, None, &both, Links::Cursor).await
}

/// `GET Patient/[id]/[type]?...`
pub(super) async fn in_compartment(call: Call) -> Result<Reply, Failure> {
    let (of, id) = target::instance(&call)?;
    if of != ResourceType::Patient {
        return Err(Failure::unlisted());
    }
    if call.param("inner") == "*" {
        let message = "name a type: a compartment is not searched as a whole";
        return Err(Failure::new(400, "not-supported", message));
    }
    let rtype = target::rtype_of_patient(&call, "inner")?;
    let pairs = pairs(call.query())?;
    answer(&call, rtype, Some(PatientId(id.0)), &pairs, Links::Repeat).await
}

/// What links of a page may say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    Repeat,
    Cursor,
}

async fn answer(
    call: &Call,
    rtype: ResourceType,
    compartment: Option<PatientId>,
    query: &[(String, String)],
    links: Links,
) -> Result<Reply, Failure> {
    negotiate::accepts_json(call, query)?;
    let page = call.app.store.search(&call.ctx, SearchRequest { rtype, compartment, query }).await?;
    let base = target::base(call);
    let here = match compartment {
        Some(patient) => format!("{base}/Patient/{patient}/{rtype}"),
        None => format!("{base}/{rtype}"),
    };
    let (own, next) = match links {
        Links::Repeat => {
            let next = page.next.as_deref().map(|cursor| link(&here, call.query(), Some(cursor)));
            (Some(link(&here, call.query(), None)), next)
        }
        Links::Cursor => (None, page.next.as_deref().map(|cursor| link(&here, "", Some(cursor)))),
    };
    let mut written: Vec<(&str, &str)> = own.iter().map(|own| ("self", own.as_str())).collect();
    written.extend(next.iter().map(|next| ("next", next.as_str())));
    let mut bundle = Writer::new(BundleType::Searchset, page.total, &written);
    for entry in &page.entries {
        bundle.found(&answers::address(&base, entry.rtype, entry.id), &entry.body, Mode::Match);
    }
    Ok(Reply::of(200, negotiate::FHIR_JSON, bundle.finish()))
}

/// An address with the query as it was sent; with a cursor, that one in place of its own.
pub(super) fn link(address: &str, query: &str, cursor: Option<&str>) -> String {
    let mut parts: Vec<&str> = query.split('&').filter(|part| !part.is_empty()).collect();
    let next = cursor.map(|cursor| format!("_cursor={}", utf8_percent_encode(cursor, NON_ALPHANUMERIC)));
    if let Some(next) = &next {
        parts.retain(|part| {
            !decode(part.split('=').next().unwrap_or_default()).is_ok_and(|name| name == "_cursor")
        });
        parts.push(next);
    }
    if parts.is_empty() { address.to_owned() } else { format!("{address}?{}", parts.join("&")) }
}

/// The names and values of a query or form, decoded.
///
/// # Errors
/// 400 when they are no UTF-8.
pub(crate) fn pairs(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

/// The parameters of an interaction that takes none but `_format` and `_pretty`.
///
/// # Errors
/// 400 when there are others.
pub(super) fn no_parameters(call: &Call) -> Result<Vec<(String, String)>, Failure> {
    let pairs = pairs(call.query())?;
    if pairs.iter().all(|(name, _)| name == "_format" || name == "_pretty") {
        return Ok(pairs);
    }
    Err(Failure::new(400, "not-supported", "this interaction takes no parameters"))
}

fn decode(text: &str) -> Result<String, Failure> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().map(|decoded| decoded.into_owned()).map_err(|_| unreadable())
}

fn unreadable() -> Failure {
    Failure::new(400, "invalid", "the parameters are no UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_link_repeats_the_query_and_replaces_the_cursor() {
        let next = link("http://h/fhir/R4/Patient", "name=a%20b&_cursor=old&_count=2", Some("x/y"));
        assert_eq!(next, "http://h/fhir/R4/Patient?name=a%20b&_count=2&_cursor=x%2Fy");
        assert_eq!(link("http://h/P", "", None), "http://h/P");
    }

    #[test]
    fn pairs_are_decoded_strictly() {
        let decoded = pairs("name=J%C3%B6+rg&&flag").ok().unwrap();
        assert_eq!(decoded, [("name".to_owned(), "Jö rg".to_owned()), ("flag".to_owned(), String::new())]);
        assert!(pairs("name=%ff").is_err());
    }
}
