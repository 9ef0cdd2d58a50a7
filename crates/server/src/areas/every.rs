//! A search at a facility, read to its end: for the pages that show a house at once.

use chart::{Document, SearchRequest};
use db::Ctx;
use fhir::ResourceType;
use kernel::FacilityId;

use crate::app::App;

/// Records on a page, and pages of a list: a house has a few hundred people.
const PAGE: &str = "500";
const PAGES: usize = 8;

/// What `read` makes of each match that the caller sees; nothing, which is not none, where the type is out of sight or
/// what is asked for is.
pub(super) async fn every<T>(
    app: &App,
    ctx: &Ctx,
    (facility, rtype): (FacilityId, ResourceType),
    query: &[(&str, String)],
    read: impl Fn(&Document) -> Option<T>,
) -> Result<Option<Vec<T>>, chart::Error> {
    let mut asked: Vec<(String, String)> =
        query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    asked.push(("_count".to_owned(), PAGE.to_owned()));
    let fixed = asked.len();
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let request = SearchRequest { rtype, compartment: None, query: &asked };
        let page = match app.store.search_at(ctx, facility, request).await {
            Ok(page) => page,
            Err(chart::Error::Db(db::Error::NotFound) | chart::Error::Query(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        found.extend(page.entries.iter().filter_map(&read));
        let Some(next) = page.next else { break };
        asked.truncate(fixed);
        asked.push(("_cursor".to_owned(), next));
    }
    Ok(Some(found))
}
