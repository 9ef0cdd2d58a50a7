//! A search read to its end: for pages that show a house, or all of something, at once.

use chart::{Document, SearchRequest};
use db::Ctx;
use fhir::ResourceType;
use kernel::{FacilityId, PatientId};

use crate::app::App;

/// Records on a page, and the most pages of a list.
const PAGE: &str = "1000";
const PAGES: usize = 100;

/// Where a search looks.
#[derive(Clone, Copy)]
pub(crate) enum Within {
    /// At every facility of the post.
    Reach,
    /// At one of them, and in the organization's own records.
    Facility(FacilityId),
    /// In the compartment of a patient.
    Patient(PatientId),
}

/// Asks for no more than the type.
pub(super) const ANY: &[(&str, &str)] = &[];

/// What `read` makes of each match.
///
/// # Errors
/// As [`chart::Store::search`]; 400 when there is more than a list holds: one that ends somewhere would look whole.
pub(super) async fn every<T, S: AsRef<str>>(
    app: &App,
    ctx: &Ctx,
    (within, rtype): (Within, ResourceType),
    query: &[(&str, S)],
    mut read: impl FnMut(Document) -> Option<T>,
) -> Result<Vec<T>, chart::Error> {
    let mut asked: Vec<(String, String)> =
        query.iter().map(|(name, value)| ((*name).to_owned(), value.as_ref().to_owned())).collect();
    asked.push(("_count".to_owned(), PAGE.to_owned()));
    let fixed = asked.len();
    let compartment = match within {
        Within::Patient(patient) => Some(patient),
        Within::Reach | Within::Facility(_) => None,
    };
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let request = SearchRequest { rtype, compartment, query: &asked };
        let page = match within {
            Within::Facility(facility) => app.store.search_at(ctx, facility, request).await?,
            Within::Reach | Within::Patient(_) => app.store.search(ctx, request).await?,
        };
        found.extend(page.entries.into_iter().filter_map(&mut read));
        let Some(next) = page.next else { return Ok(found) };
        asked.truncate(fixed);
        asked.push(("_cursor".to_owned(), next));
    }
    Err(chart::Error::Request(400, "there is too much of this for one list"))
}

/// As [`every`]; nothing, which is not none, where what is asked for is out of the post's sight.
pub(super) async fn every_in_sight<T, S: AsRef<str>>(
    app: &App,
    ctx: &Ctx,
    at: (Within, ResourceType),
    query: &[(&str, S)],
    read: impl FnMut(Document) -> Option<T>,
) -> Result<Option<Vec<T>>, chart::Error> {
    match every(app, ctx, at, query, read).await {
        Ok(found) => Ok(Some(found)),
        // To whom fields are hidden, a parameter that reads them is unknown; to others only one that does not exist.
        Err(chart::Error::Db(db::Error::NotFound) | chart::Error::Query(_)) if ctx.fields().is_some() => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
