//! Walking a plan.

use std::cmp::Ordering;
use std::collections::HashMap;

use db::{Ctx, Db, Event, Phi, Row, ToSql, Tx};
use fhir::ResourceType;
use fhir::json::parse;
use fhir::search::{
    Clause, Comparison, Modifier, Predicate, Range, Search, SortKey, SortValue, Subject, extract, matches,
    sort_key,
};
use jiff::Timestamp;
use kernel::{FacilityId, ResourceId};
use policy::Action;
use uuid::Uuid;

use super::cursor::Cursor;
use super::plan::{Order, Plan, Via, narrow};
use super::{COUNTED, PAGE, counts_only, sql, wants_total};
use crate::index::instant;
use crate::model::{Page, SearchRequest};
use crate::record::{Keys, Record};
use crate::{Error, Store, view};

/// Candidates looked at for one page before it is given out short.
const BUDGET: usize = 3_000;
/// Rows fetched at a time when bodies decide.
const CHUNK: usize = 100;

/// A row that satisfies the search, still closed.
pub(crate) struct Candidate {
    pub(crate) record: Record,
    pub(crate) body: Phi<Vec<u8>>,
    keys: Vec<Option<SortValue>>,
}

/// Rows, and where the walk stopped when there may be more.
pub(crate) struct Candidates {
    pub(crate) found: Vec<Candidate>,
    pub(crate) stopped: Option<Cursor>,
}

/// Where statements run: in a transaction of the caller's, or each in one of its own. A search inside a transaction must
/// never ask for a second connection: enough of them at once would wait for each other for ever.
pub(crate) enum Door<'a> {
    Own(&'a Ctx),
    Given(&'a Tx<'a>),
}

impl Door<'_> {
    pub(crate) fn ctx(&self) -> &Ctx {
        match self {
            Self::Own(ctx) => ctx,
            Self::Given(tx) => tx.ctx(),
        }
    }

    /// Whether a search through this door may wait for another search: one inside a transaction holds a connection
    /// that the other may need.
    pub(crate) fn waits(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    pub(crate) async fn rows(
        &self,
        db: &Db,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        match self {
            Self::Own(ctx) => Ok(db.begin(ctx).await?.last(sql, params).await?),
            Self::Given(tx) => Ok(tx.query(sql, params).await?),
        }
    }
}

/// One page of a search.
pub(super) async fn page(
    store: &Store,
    ctx: &Ctx,
    facilities: &[FacilityId],
    request: SearchRequest<'_>,
    search: &Search,
) -> Result<Page, Error> {
    let key = store.db.keyring().index_key(ctx).await?;
    let tokens = store.db.keyring().token_keys(ctx).await?;
    let fingerprint = fingerprint(&request);
    let cursor = search.cursor.as_deref().map(|text| Cursor::read(text, &key, &fingerprint)).transpose()?;
    let door = Door::Own(ctx);
    let plan = ready(
        store,
        &door,
        Plan::make((ctx, facilities), tokens.searched(), request.rtype, request.compartment, search),
    )
    .await?;
    let count = search.count.unwrap_or(PAGE) as usize;
    let mut total = None;
    if wants_total(search) {
        total = Some(how_many(store, &door, &plan).await?);
    }
    let mut found = Vec::new();
    let mut stopped = None;
    if !counts_only(search) {
        (found, stopped) = match plan.order {
            Order::Memory if plan.is_by_texts(ctx, search) => {
                by_texts(store, &door, &plan, search, cursor, count).await?
            }
            Order::Memory => sorted(store, &door, &plan, search, cursor, count).await?,
            Order::Walk { .. } => {
                let walked = walk(store, &door, &plan, cursor, count, BUDGET, &[]).await?;
                (walked.found, walked.stopped)
            }
        };
        if total.is_none() && cursor.is_none() && stopped.is_none() {
            total = u64::try_from(found.len()).ok();
        }
    }
    let mut event =
        Event::success(Action::Search.key(), Action::Search.needs().key()).about(request.rtype.code(), None);
    event.detail = Some(describe(&request, found.len()));
    event = event.showing(found.iter().map(|one| &one.body));
    if let (Some(patient), true) = (plan.patient, event.subjects.is_empty()) {
        // A search of a record that shows nothing has still looked into it.
        if let Ok(facility) = store.facility_of(ctx, patient).await {
            event.subjects.push((facility, patient));
            event.facility = facility;
        }
    }
    let receipt = store.db.record(ctx, event).await?;
    let next = stopped.map(|cursor| cursor.write(&key, &fingerprint));
    let mut entries = Vec::with_capacity(found.len());
    for one in found {
        entries.push(store.document(ctx, &one.record, one.body.open(&receipt)?).await?);
    }
    Ok(Page { entries, total, next })
}

/// At most two ids that satisfy a condition, looked for in the caller's transaction.
pub(super) async fn conditional(
    store: &Store,
    tx: &Tx<'_>,
    rtype: ResourceType,
    search: &Search,
) -> Result<Vec<ResourceId>, Error> {
    let tokens = store.db.keyring().token_keys(tx.ctx()).await?;
    let door = Door::Given(tx);
    let plan = ready(
        store,
        &door,
        Plan::make((tx.ctx(), tx.ctx().facilities()), tokens.searched(), rtype, None, search),
    )
    .await?;
    let walked = walk(store, &door, &plan, None, 2, COUNTED, &[]).await?;
    if walked.found.len() < 2 && walked.stopped.is_some() {
        return Err(too_costly());
    }
    let mut event =
        Event::success(Action::Search.key(), Action::Search.needs().key()).about(rtype.code(), None);
    event.detail = Some(format!("{} found by a condition", walked.found.len()));
    store.db.record(tx.ctx(), event.showing(walked.found.iter().map(|one| &one.body))).await?;
    Ok(walked.found.into_iter().map(|one| one.record.id).collect())
}

/// Lets the directory turn its clauses into ids.
async fn ready<'s>(store: &Store, door: &Door<'_>, mut plan: Plan<'s>) -> Result<Plan<'s>, Error> {
    if plan.directory.is_empty() {
        return Ok(plan);
    }
    let found = store.directory.find(&store.db, door, plan.rtype, &plan.facilities, &plan.directory).await?;
    let named = match std::mem::replace(&mut plan.via, Via::Type) {
        Via::Ids(ids) => Some(ids),
        _ => None,
    };
    plan.via = Via::Ids(narrow(named, found));
    Ok(plan)
}

/// Walks from the cursor until `want` rows are found, the walk ends or the budget is spent.
async fn walk(
    store: &Store,
    door: &Door<'_>,
    plan: &Plan<'_>,
    from: Option<Cursor>,
    want: usize,
    mut budget: usize,
    sort: &[SortKey],
) -> Result<Candidates, Error> {
    let ctx = door.ctx();
    let mut cursor = from;
    let mut shown = from;
    let mut found: Vec<Candidate> = Vec::new();
    // A place tells who is there: for those who do not see everything it is always that of a row they were shown.
    let stop = |walked, shown| if ctx.fields().is_some() { shown } else { walked };
    if ctx.fields().is_some() {
        budget = COUNTED;
    }
    loop {
        // One more than wanted tells whether there is more.
        let missing = want + 1 - found.len();
        let limit =
            if plan.residual.is_empty() { missing } else { missing.max(CHUNK.min(missing * 2)) }.min(1_000);
        let (rows, ended) = step(store, door, plan, cursor, limit).await?;
        budget = budget.saturating_sub(rows.len());
        let records = rows.iter().map(|row| Record::read(plan.rtype, row)).collect::<Result<Vec<_>, _>>()?;
        let keys = Keys::of(&store.db, ctx, &records).await?;
        for (row, record) in rows.iter().zip(records) {
            let at: Timestamp = row.get(7);
            let place = Cursor::new(at, record.id.0);
            if !view::exists(ctx, &record) || !plan.facilities.contains(&record.facility) {
                cursor = Some(place);
                continue;
            }
            let body = match keys.open(ctx, &record) {
                Ok(body) => body,
                // Erased between the walk and the key: it is not there any more.
                Err(Error::Db(db::Error::Erased)) => continue,
                Err(error) => return Err(error),
            };
            let mut sort_values = Vec::new();
            if plan.as_subject && row.get::<_, i16>(8) != 0 {
                cursor = Some(place);
                continue;
            }
            if !holds(store, plan, &record, &body, sort, &mut sort_values) {
                cursor = Some(place);
                continue;
            }
            if found.len() == want {
                return Ok(Candidates { found, stopped: stop(cursor, shown) });
            }
            cursor = Some(place);
            shown = cursor;
            found.push(Candidate { record, body, keys: sort_values });
        }
        if ended {
            return Ok(Candidates { found, stopped: None });
        }
        if budget == 0 {
            if ctx.fields().is_some() && found.is_empty() {
                return Err(too_costly());
            }
            return Ok(Candidates { found, stopped: stop(cursor, shown) });
        }
    }
}

/// Fetches the next rows of the walk; says whether they were the last.
async fn step(
    store: &Store,
    door: &Door<'_>,
    plan: &Plan<'_>,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<(Vec<Row>, bool), Error> {
    let descending = !matches!(plan.order, Order::Walk { descending: false });
    let start = if descending { (instant(i64::MAX), Uuid::max()) } else { (instant(i64::MIN), Uuid::nil()) };
    let (at, id) = cursor.map_or(start, |cursor| (cursor.instant(), cursor.id));
    let rows_wanted = i64::try_from(limit).unwrap_or(i64::MAX);
    let organization = door.ctx().organization().0;
    let rtype = plan.rtype.code();
    let patient = plan.patient.map(|patient| patient.0);
    let (updated_from, updated_to) = (instant(plan.updated.low), instant(plan.updated.high));
    let (ends_after, starts_before) = (instant(plan.clinical.low), instant(plan.clinical.high));
    let also = |n: usize| plan.also.get(n);
    let (also_1, also_2, also_3) = (also(0), also(1), also(2));
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![
        &organization,
        &rtype,
        &plan.classes,
        &at,
        &id,
        &rows_wanted,
        &patient,
        &updated_from,
        &updated_to,
        &ends_after,
        &starts_before,
    ];
    let facilities: Vec<i32> = plan.facilities.iter().map(|facility| facility.0).collect();
    let also_params: [&(dyn ToSql + Sync); 3] = [&also_1, &also_2, &also_3];
    let more = !plan.also.is_empty();
    let finish = |params: &mut Vec<_>| {
        if more {
            params.extend(also_params);
        }
    };
    let rows = match &plan.via {
        Via::Ids(ids) => {
            let from = cursor.map_or(0, |cursor| ids.partition_point(|id| *id <= cursor.id));
            let rest = &ids[from..];
            let chunk: Vec<Uuid> = rest.iter().copied().take(limit).collect();
            if chunk.is_empty() {
                return Ok((Vec::new(), true));
            }
            params.push(&chunk);
            finish(&mut params);
            let rows = door.rows(&store.db, sql::IDS.statement(descending, more), &params).await?;
            // Rows that the filter left out are not seen by the cursor, so a chunk without any must not end the walk.
            if rows.is_empty() && rest.len() > chunk.len() {
                let last = Cursor::new(at, chunk[chunk.len() - 1]);
                return Box::pin(step(store, door, plan, Some(last), limit)).await;
            }
            return Ok((rows, rest.len() <= chunk.len()));
        }
        Via::Tokens(steps) => {
            let tokens: Vec<i64> = steps.iter().map(|step| step.token).collect();
            let lows: Vec<Timestamp> = steps.iter().map(|step| step.low).collect();
            let highs: Vec<Timestamp> = steps.iter().map(|step| step.high).collect();
            params.extend([&tokens as &(dyn ToSql + Sync), &lows, &highs]);
            finish(&mut params);
            door.rows(&store.db, sql::TOKENS.statement(descending, more), &params).await?
        }
        Via::Patient(patient) => {
            params.push(&patient.0);
            finish(&mut params);
            door.rows(&store.db, sql::PATIENT.statement(descending, more), &params).await?
        }
        Via::Updated => {
            params.push(&facilities);
            finish(&mut params);
            door.rows(&store.db, sql::UPDATED.statement(descending, more), &params).await?
        }
        Via::Type => {
            params.push(&facilities);
            finish(&mut params);
            door.rows(&store.db, sql::TYPE.statement(descending, more), &params).await?
        }
    };
    let ended = rows.len() < limit;
    Ok((rows, ended))
}

/// Whether a row satisfies what the index could not decide; gathers its sort values on the way.
fn holds(
    store: &Store,
    plan: &Plan<'_>,
    record: &Record,
    body: &Phi<Vec<u8>>,
    sort: &[SortKey],
    values: &mut Vec<Option<SortValue>>,
) -> bool {
    if !plan.changed.iter().all(|clause| changed(clause, record.updated_at)) {
        return false;
    }
    if plan.residual.is_empty() && sort.is_empty() {
        return true;
    }
    body.matches(|body| {
        let Ok(root) = parse(body, &store.limits) else { return false };
        let found = extract(plan.rtype, &root);
        if !plan.residual.iter().all(|clause| matches(clause, &root, &found)) {
            return false;
        }
        for key in sort {
            values.push(match key.by {
                Subject::Id => Some(SortValue::Text(record.id.to_string())),
                Subject::LastUpdated => Some(SortValue::Date(record.updated_at.as_microsecond())),
                Subject::Param(_) => sort_key(*key, &found),
            });
        }
        true
    })
}

/// `_lastUpdated`, decided on the row: an instant of one microsecond.
fn changed(clause: &Clause, at: Timestamp) -> bool {
    let value = Range { low: at.as_microsecond(), high: at.as_microsecond() + 1 };
    let any = clause.any.iter().any(|predicate| {
        let Predicate::Date { comparison, range } = predicate else { return false };
        let within = range.contains(value);
        match comparison {
            Comparison::Eq => within,
            Comparison::Ne => !within,
            Comparison::Gt => value.high > range.high,
            Comparison::Lt => value.low < range.low,
            Comparison::Ge => value.high > range.high || within,
            Comparison::Le => value.low < range.low || within,
            Comparison::Sa => value.low >= range.high,
            Comparison::Eb => value.high <= range.low,
            Comparison::Ap => value.overlaps(*range),
        }
    });
    match clause.modifier {
        Some(Modifier::Missing) => clause.any.contains(&Predicate::Missing(false)),
        _ => any,
    }
}

/// The order of two by the values that they have under the keys; without one last, in either direction.
pub(crate) fn order<T: Ord>(keys: &[SortKey], left: &[Option<T>], right: &[Option<T>]) -> Ordering {
    let one = |(index, key): (usize, &SortKey)| match (
        left.get(index).and_then(Option::as_ref),
        right.get(index).and_then(Option::as_ref),
    ) {
        (Some(left), Some(right)) if key.descending => right.cmp(left),
        (Some(left), Some(right)) => left.cmp(right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    keys.iter().enumerate().map(one).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The order of texts that the directory knows: what is not on the page is not opened, however many match.
async fn by_texts(
    store: &Store,
    door: &Door<'_>,
    plan: &Plan<'_>,
    search: &Search,
    cursor: Option<Cursor>,
    count: usize,
) -> Result<(Vec<Candidate>, Option<Cursor>), Error> {
    let of = match &plan.via {
        Via::Ids(ids) => Some(ids.as_slice()),
        _ => None,
    };
    let directory = &store.directory;
    let ids = directory.ordered(&store.db, door, plan.rtype, &plan.facilities, of, &search.sort).await?;
    let mut at = shown_before(cursor);
    let mut page: Vec<(usize, Candidate)> = Vec::new();
    // One more than wanted tells whether there is more.
    while page.len() <= count && at < ids.len() {
        let chunk = &ids[at..ids.len().min(at + count + 1)];
        let places: HashMap<Uuid, usize> = chunk.iter().zip(at..).map(|(id, at)| (*id, at)).collect();
        let mut named = chunk.to_vec();
        named.sort_unstable();
        let mut part = plan.clone();
        part.via = Via::Ids(named);
        let found = walk(store, door, &part, None, chunk.len(), COUNTED, &[]).await?.found;
        let before = page.len();
        page.extend(found.into_iter().filter_map(|one| Some((*places.get(&one.record.id.0)?, one))));
        page[before..].sort_unstable_by_key(|(at, _)| *at);
        at += chunk.len();
    }
    let next = page.get(count).map(|(at, _)| *at);
    page.truncate(count);
    let stopped = next.map(|at| after(at, page.last().map(|(_, one)| one)));
    Ok((page.into_iter().map(|(_, one)| one).collect(), stopped))
}

/// An order that no index has: all matches, up to a bound, in memory.
async fn sorted(
    store: &Store,
    door: &Door<'_>,
    plan: &Plan<'_>,
    search: &Search,
    cursor: Option<Cursor>,
    count: usize,
) -> Result<(Vec<Candidate>, Option<Cursor>), Error> {
    // Before any of them is opened for nothing.
    let known = match &plan.via {
        Via::Ids(ids) if plan.residual.is_empty() && plan.also.is_empty() && plan.changed.is_empty() => {
            Some(ids.len() as u64)
        }
        _ => counted(store, door, plan).await?,
    };
    if known.is_some_and(|known| known > COUNTED as u64) {
        return Err(too_costly());
    }
    let walked = walk(store, door, plan, None, COUNTED, COUNTED, &search.sort).await?;
    if walked.stopped.is_some() {
        return Err(too_costly());
    }
    let mut all = walked.found;
    all.sort_by(|a, b| order(&search.sort, &a.keys, &b.keys).then_with(|| a.record.id.cmp(&b.record.id)));
    let from = shown_before(cursor);
    let rest: Vec<Candidate> = all.into_iter().skip(from).collect();
    let more = rest.len() > count;
    let page: Vec<Candidate> = rest.into_iter().take(count).collect();
    let stopped = more.then(|| after(from + page.len(), page.last()));
    Ok((page, stopped))
}

/// Where an order has no index, a cursor is the place in it up to which was shown, and the last of the page.
fn after(shown: usize, last: Option<&Candidate>) -> Cursor {
    let id = last.map_or(Uuid::nil(), |one| one.record.id.0);
    Cursor { at: i64::try_from(shown).unwrap_or(i64::MAX), id }
}

/// What [`after`] was given.
fn shown_before(cursor: Option<Cursor>) -> usize {
    cursor.and_then(|cursor| usize::try_from(cursor.at).ok()).unwrap_or(0)
}

/// How many match in all, where PostgreSQL can say so without a row being opened.
async fn counted(store: &Store, door: &Door<'_>, plan: &Plan<'_>) -> Result<Option<u64>, Error> {
    let sees_all_rows = door.ctx().fields().is_none_or(|fields| !fields.is_approved_only());
    let plain = sees_all_rows
        && plan.residual.is_empty()
        && plan.changed.is_empty()
        && plan.also.is_empty()
        && !plan.as_subject;
    if plain
        && matches!(plan.via, Via::Type | Via::Patient(_))
        && plan.clinical.low == i64::MIN
        && plan.clinical.high == i64::MAX
    {
        let facilities: Vec<i32> = plan.facilities.iter().map(|facility| facility.0).collect();
        let patient = plan.patient.map(|patient| patient.0);
        let params: [&(dyn ToSql + Sync); 5] =
            [&door.ctx().organization().0, &facilities, &plan.rtype.code(), &plan.classes, &patient];
        let rows = door.rows(&store.db, sql::COUNT, &params).await?;
        return Ok(Some(rows.first().map_or(0, |row| u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))));
    }
    Ok(None)
}

/// How many match in all.
async fn how_many(store: &Store, door: &Door<'_>, plan: &Plan<'_>) -> Result<u64, Error> {
    if let Some(count) = counted(store, door, plan).await? {
        return Ok(count);
    }
    let walked = walk(store, door, plan, None, COUNTED, COUNTED, &[]).await?;
    if walked.stopped.is_some() {
        return Err(too_costly());
    }
    Ok(u64::try_from(walked.found.len()).unwrap_or(u64::MAX))
}

fn too_costly() -> Error {
    Error::Request(400, "too many records match to be counted or sorted: narrow the search")
}

/// Type, compartment and every parameter but the cursor: what a cursor is bound to.
fn fingerprint(request: &SearchRequest<'_>) -> Vec<u8> {
    let mut bytes = request.rtype.code().to_be_bytes().to_vec();
    if let Some(patient) = request.compartment {
        bytes.extend_from_slice(patient.0.as_bytes());
    }
    for (name, value) in request.query.iter().filter(|(name, _)| name != "_cursor") {
        for part in [name, value] {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    bytes
}

/// The names of the parameters and the number of results, for the log. A name was checked by the parser.
fn describe(request: &SearchRequest<'_>, found: usize) -> String {
    let names: Vec<&str> = request.query.iter().map(|(name, _)| name.as_str()).collect();
    format!("{found} shown; parameters: {}", names.join(","))
}
