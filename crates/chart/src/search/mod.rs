//! FHIR search (<https://hl7.org/fhir/R4/search.html>) over sealed rows.
//!
//! A plan picks the one index that narrows most (ids, a token, the patient, the time of change, the type), walks it in
//! the order asked for, and looks at the opened body of each candidate for whatever the index could not answer exactly.
//! A page costs what it shows: when the budget of candidates is used up before the page is full, the page is short and
//! `next` goes on from there.

pub(crate) mod cursor;
mod plan;
mod run;
mod sql;

use db::{Ctx, Tx};
use fhir::ResourceType;
use fhir::search::{Limits, Search, Summary, Total, parse_known};
use kernel::{FacilityId, ResourceId};
use percent_encoding::percent_decode_str;
use policy::{Action, Target};

use crate::model::{Page, SearchRequest};
use crate::sight::{has_compartment, has_parameter, has_type};
use crate::{Error, Store};

pub(crate) use run::{Door, order};

/// Resources on a page when the query does not say.
const PAGE: u32 = 20;
/// Most matches that may be put in an order the index does not have, or counted.
const COUNTED: usize = 10_000;

impl Store {
    /// FHIR `search-type`, and compartment search when a patient is given.
    ///
    /// # Errors
    /// [`Error::Query`] naming the parameters that cannot be answered; 400 when the order asked for needs more matches
    /// in memory than are allowed.
    pub async fn search(&self, ctx: &Ctx, request: SearchRequest<'_>) -> Result<Page, Error> {
        self.search_within(ctx, ctx.facilities(), request).await
    }

    /// As [`Store::search`], of one of the facilities within reach and the organization's own records.
    ///
    /// # Errors
    /// As [`Store::search`]; not found when the facility is out of reach.
    pub async fn search_at(
        &self,
        ctx: &Ctx,
        facility: FacilityId,
        request: SearchRequest<'_>,
    ) -> Result<Page, Error> {
        if !ctx.facilities().contains(&facility) {
            return Err(db::Error::NotFound.into());
        }
        self.search_within(ctx, &[facility], request).await
    }

    async fn search_within(
        &self,
        ctx: &Ctx,
        facilities: &[FacilityId],
        request: SearchRequest<'_>,
    ) -> Result<Page, Error> {
        self.db.authorize(ctx, Action::Search, Target::default()).await?;
        if !has_type(ctx, request.rtype)
            || (request.compartment.is_some() && !has_compartment(ctx, request.rtype))
        {
            return Err(db::Error::NotFound.into());
        }
        self.answer(ctx, facilities, request).await
    }

    /// As [`Store::search`] of one patient's records for the program, which knows whose they are, to show them to a reader who
    /// may not ask for that.
    pub(crate) async fn search_of(&self, ctx: &Ctx, request: SearchRequest<'_>) -> Result<Page, Error> {
        self.db.authorize(ctx, Action::Search, Target::default()).await?;
        self.answer(ctx, ctx.facilities(), request).await
    }

    async fn answer(
        &self,
        ctx: &Ctx,
        facilities: &[FacilityId],
        request: SearchRequest<'_>,
    ) -> Result<Page, Error> {
        let now = self.db.world().now().as_microsecond();
        let pairs = request.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let known = |subject| has_parameter(ctx, request.rtype, subject);
        let search = parse_known(request.rtype, pairs, &Limits::at(now), &known).map_err(Error::Query)?;
        if !search.elements.is_empty() {
            return Err(Error::Request(400, "_elements: not supported"));
        }
        run::page(self, ctx, facilities, request, &search).await
    }
}

/// The ids that a conditional reference or create means; at most two are looked for. It is a search like any other: it
/// needs the permission and is logged.
pub(crate) async fn conditional(
    store: &Store,
    tx: &Tx<'_>,
    rtype: ResourceType,
    query: &str,
) -> Result<Vec<ResourceId>, Error> {
    store.db.authorize(tx.ctx(), Action::Search, Target::default()).await?;
    let pairs = decode(query)?;
    let now = store.db.world().now().as_microsecond();
    let borrowed = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let known = |subject| has_parameter(tx.ctx(), rtype, subject);
    let search: Search = parse_known(rtype, borrowed, &Limits::at(now), &known).map_err(Error::Query)?;
    if search.clauses.is_empty() {
        return Err(Error::Request(400, "a condition must have at least one search parameter"));
    }
    run::conditional(store, tx, rtype, &search).await
}

/// Takes a query string apart.
pub(crate) fn decode(query: &str) -> Result<Vec<(String, String)>, Error> {
    let text = |part: &str| {
        percent_decode_str(&part.replace('+', " "))
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| Error::Request(400, "the condition is not UTF-8"))
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((text(name)?, text(value)?))
        })
        .collect()
}

/// Whether the query asks only how many match.
fn counts_only(search: &Search) -> bool {
    matches!(search.summary, Some(Summary::Count)) || search.count == Some(0)
}

/// Whether the query asks how many match besides.
fn wants_total(search: &Search) -> bool {
    counts_only(search) || matches!(search.total, Total::Accurate | Total::Estimate)
}
