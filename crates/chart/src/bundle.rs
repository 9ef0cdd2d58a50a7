//! FHIR `transaction` and `batch` (<https://hl7.org/fhir/R4/http.html#transaction>).
//!
//! A transaction is one database transaction and one audit event: ids are given first, so that entries may refer to each
//! other in circles, then conditions are looked up, references rewritten, everything checked, and all of it written with
//! one statement a table. A batch is its entries one after the other.

use std::collections::HashMap;

use db::{Ctx, Event, Tx};
use fhir::ResourceType;
use fhir::bundle::{BundleType, Entry, Kind, Method, Plan, Response, Writer, read};
use fhir::json::{Node, parse};
use fhir::outcome::outcome;
use fhir::reference::{Reference, references};
use fhir::validate::Issue;
use kernel::{FacilityId, ResourceId, Version};
use policy::{Action, Target};

use crate::hooks::By;
use crate::intake::{self, Draft, Owned, Placed, rfc3339};
use crate::model::{CreateOptions, Document, SearchRequest};
use crate::places::Places;
use crate::search::Door;
use crate::sight::has_type;
use crate::store::tombstone;
use crate::write::{self, Change, SealingKeys};
use crate::{Error, Store, search};

/// Most entries of one bundle.
pub(crate) const MOST_ENTRIES: usize = 5_000;

/// What a transaction will do for one entry.
enum Step {
    /// Write a new resource, by position among the drafts.
    Create(ResourceType, ResourceId),
    /// `ifNoneExist` found this one.
    Exists(ResourceType, ResourceId),
    /// Replace, at this version.
    Update(ResourceType, ResourceId, Version),
    /// Delete, at this version.
    Delete(ResourceType, ResourceId, Version),
    /// Read after the commit.
    Get,
}

impl Store {
    /// Processes a Bundle and gives the response Bundle.
    ///
    /// # Errors
    /// [`Error::Entry`] naming the entry for which a transaction was undone; [`Error::Invalid`] for a Bundle that cannot
    /// be processed at all.
    pub async fn process(
        &self,
        ctx: &Ctx,
        body: &[u8],
        facility: Option<FacilityId>,
    ) -> Result<Vec<u8>, Error> {
        let root = parse(body, &self.limits)?;
        if intake::type_of(&root)? != ResourceType::Bundle {
            let issue = Issue::error("value", "resourceType", "a Bundle is expected here");
            return Err(Error::Invalid(vec![issue]));
        }
        let bundle = read(&root, MOST_ENTRIES).map_err(Error::Invalid)?;
        match bundle.kind {
            Kind::Transaction => {
                let order = bundle.order();
                match self.transaction(ctx, body, &bundle.entries, &order, facility).await {
                    // Another change was faster, which is said now, or a patient moved meanwhile.
                    Err(error) if error.is_conflict() => {
                        self.transaction(ctx, body, &bundle.entries, &order, facility).await
                    }
                    done => done,
                }
            }
            Kind::Batch => {
                let order = bundle.order();
                self.batch(ctx, body, &bundle.entries, &order, &bundle.refused, facility).await
            }
        }
    }

    async fn transaction(
        &self,
        ctx: &Ctx,
        body: &[u8],
        entries: &[Entry<'_>],
        order: &[usize],
        facility: Option<FacilityId>,
    ) -> Result<Vec<u8>, Error> {
        let world = self.db.world();
        let at = world.now();
        let tx = self.db.begin(ctx).await?;
        let mut steps: HashMap<usize, Step> = HashMap::new();
        let mut plan = Plan::new();
        for &position in order {
            let entry = &entries[position];
            let step = self.step_of(&tx, entry).await.map_err(|e| Error::Entry(entry.index, Box::new(e)))?;
            if let (
                Some(url),
                Step::Create(rtype, id) | Step::Exists(rtype, id) | Step::Update(rtype, id, _),
            ) = (entry.full_url, &step)
            {
                plan.assign(url, *rtype, &id.to_string());
            }
            steps.insert(position, step);
        }
        self.resolve_conditions(&tx, entries, &mut plan).await?;
        let mut drafts: Vec<(usize, Draft)> = Vec::new();
        for &position in order {
            let entry = &entries[position];
            let (rtype, id, version) = match steps[&position] {
                Step::Create(rtype, id) => (rtype, id, Version::FIRST),
                Step::Update(rtype, id, version) => (rtype, id, version.next()),
                _ => continue,
            };
            let draft = async {
                let resource = entry.resource.ok_or_else(missing_resource)?;
                let bytes = rewritten(body, resource, entry, &plan)?;
                if version == Version::FIRST || ctx.fields().is_none() {
                    return self.draft(ctx, &bytes, rtype, (id, version, at));
                }
                let before = Some(Version(version.0 - 1));
                let current = self.current(&tx, Action::Update, rtype, id, before).await?;
                self.redraft(ctx, &current.record, &bytes, at).await
            };
            drafts.push((position, draft.await.map_err(|error| Error::Entry(entry.index, Box::new(error)))?));
        }
        let (receipt_documents, deleted) =
            self.write_all(&tx, entries, &steps, order, drafts, facility).await?;
        drop(tx);
        let mut writer = Writer::new(BundleType::TransactionResponse, None, &[]);
        for (position, entry) in entries.iter().enumerate() {
            match steps.get(&position) {
                Some(Step::Create(..)) => {
                    respond(&mut writer, "201 Created", receipt_documents.get(&position))
                }
                Some(Step::Update(..)) => respond(&mut writer, "200 OK", receipt_documents.get(&position)),
                Some(Step::Exists(rtype, id)) => {
                    let document = self.read(ctx, *rtype, *id).await?;
                    respond(&mut writer, "200 OK", Some(&document));
                }
                Some(Step::Delete(..)) => {
                    let version = deleted.get(&position).filter(|_| ctx.fields().is_none());
                    let etag = version.map(|version| format!("W/\"{version}\""));
                    let response =
                        Response { status: "204 No Content", etag: etag.as_deref(), ..Response::default() };
                    writer.response(None, None, &response);
                }
                Some(Step::Get) | None => self.respond_to_get(ctx, &mut writer, entry).await,
            }
        }
        Ok(writer.finish())
    }

    /// What an entry asks for, with its conditions looked up.
    async fn step_of(&self, tx: &Tx<'_>, entry: &Entry<'_>) -> Result<Step, Error> {
        let rtype = self.type_of_entry(tx.ctx(), entry);
        match entry.method {
            Method::Post => {
                let rtype = rtype?;
                self.may_change(tx.ctx(), Action::Create).await?;
                if let Some(query) = entry.if_none_exist
                    && let Some(existing) = self.if_none_exist(tx, rtype, query).await?
                {
                    return Ok(Step::Exists(rtype, existing));
                }
                let world = self.db.world();
                Ok(Step::Create(rtype, ResourceId(world.uuid_at(world.now()))))
            }
            Method::Put => {
                let rtype = rtype?;
                self.may_change(tx.ctx(), Action::Update).await?;
                let (id, version) = self.matched(&Door::Given(tx), rtype, entry).await?;
                Ok(Step::Update(rtype, id, version))
            }
            Method::Delete => {
                let rtype = rtype?;
                self.may_change(tx.ctx(), Action::Delete).await?;
                let (id, version) = self.matched(&Door::Given(tx), rtype, entry).await?;
                Ok(Step::Delete(rtype, id, version))
            }
            Method::Get | Method::Head => Ok(Step::Get),
            Method::Patch => Err(Error::Request(405, "PATCH is not supported")),
        }
    }

    /// The type that an entry's url names, if there is such a type for the context.
    fn type_of_entry(&self, ctx: &Ctx, entry: &Entry<'_>) -> Result<ResourceType, Error> {
        let known = entry.target.rtype.filter(|rtype| has_type(ctx, *rtype));
        known.ok_or(Error::Request(400, "the entry's url names no resource type"))
    }

    /// The id and If-Match of an entry that changes a resource.
    async fn matched(
        &self,
        door: &Door<'_>,
        rtype: ResourceType,
        entry: &Entry<'_>,
    ) -> Result<(ResourceId, Version), Error> {
        let id =
            entry.target.id.ok_or(Error::Request(400, "conditional update and delete are not supported"))?;
        let id: ResourceId = id.parse().map_err(|_| db::Error::NotFound)?;
        let text =
            entry.if_match.ok_or(Error::Request(428, "say with ifMatch which version you mean to change"))?;
        if door.ctx().fields().is_some() {
            return Ok((id, self.version_seen(door, rtype, id, tag(text)).await?));
        }
        Ok((id, version_of(text).ok_or(Error::Request(400, "ifMatch is not a version"))?))
    }

    /// Looks up every conditional reference (`Practitioner?identifier=...`) once.
    async fn resolve_conditions(
        &self,
        tx: &Tx<'_>,
        entries: &[Entry<'_>],
        plan: &mut Plan,
    ) -> Result<(), Error> {
        for entry in entries {
            let Some(resource) = entry.resource else { continue };
            for site in references(resource) {
                let Reference::Conditional { rtype, query } = site.reference else { continue };
                if plan.resolve(site.text).is_some() {
                    continue;
                }
                let matches = search::conditional(self, tx, rtype, query)
                    .await
                    .map_err(|error| Error::Entry(entry.index, Box::new(error)))?;
                match matches.as_slice() {
                    [one] => plan.assign(site.text, rtype, &one.to_string()),
                    found => {
                        let what =
                            if found.is_empty() { "matches nothing" } else { "matches several resources" };
                        let issue =
                            Issue::error("not-found", site.path, format!("the conditional reference {what}"));
                        return Err(Error::Entry(entry.index, Box::new(Error::Invalid(vec![issue]))));
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes everything a transaction changes, and commits it with its one event.
    async fn write_all(
        &self,
        tx: &Tx<'_>,
        entries: &[Entry<'_>],
        steps: &HashMap<usize, Step>,
        order: &[usize],
        drafts: Vec<(usize, Draft)>,
        facility: Option<FacilityId>,
    ) -> Result<(HashMap<usize, Document>, HashMap<usize, Version>), Error> {
        let ctx = tx.ctx();
        let fail = |position: usize| {
            let index = entries[position].index;
            move |error: Error| Error::Entry(index, Box::new(error))
        };
        let mut event = Event::success("chart.transaction", Action::Create.needs().key());
        let mut deleted = HashMap::new();
        if steps.values().any(|step| matches!(step, Step::Delete(..))) {
            // Patients are held before any of their records is: who moves one takes them in this order.
            Places::look_up(tx, drafts.iter().map(|(_, draft)| draft)).await?;
        }
        for &position in order {
            let Step::Delete(rtype, id, version) = steps[&position] else { continue };
            let current =
                self.current(tx, Action::Delete, rtype, id, Some(version)).await.map_err(fail(position))?;
            self.may_delete(tx, &current).await.map_err(fail(position))?;
            let change = self.deletion(ctx, &current).await?;
            let note = tombstone(&change);
            write::replace(&self.db, tx, &SealingKeys::default(), By::Client, &change, None)
                .await
                .map_err(fail(position))?;
            write::note(&mut event, change.facility, change.patient, note);
            deleted.insert(position, version.next());
        }
        let placed = self.place_all(tx, entries, drafts, facility).await?;
        let keys = SealingKeys::of(&self.db, ctx, placed.iter().map(|(_, one, _)| one)).await?;
        let (mut created, mut documents) = (Vec::new(), HashMap::new());
        let mut positions = Vec::new();
        for (position, one, change) in placed {
            match change {
                None => {
                    created.push(one);
                    positions.push(position);
                }
                Some(change) => {
                    let change = Change { new: Some(&one), ..change };
                    let (note, _) = write::replace(&self.db, tx, &keys, By::Client, &change, None)
                        .await
                        .map_err(fail(position))?;
                    write::note(&mut event, one.facility, one.draft.patient(), note);
                    documents.insert(position, self.written(ctx, one).await?);
                }
            }
        }
        if created.is_empty() && event.writes.is_empty() {
            return Ok((documents, deleted));
        }
        event.detail = Some(format!("{} written", created.len() + event.writes.len()));
        write::insert(&self.db, tx, &keys, By::Client, &created, event).await?;
        for (position, one) in positions.into_iter().zip(created) {
            documents.insert(position, self.written(ctx, one).await?);
        }
        Ok((documents, deleted))
    }

    /// Finds every draft's facility: patients first, because the others go where their patient is.
    async fn place_all(
        &self,
        tx: &Tx<'_>,
        entries: &[Entry<'_>],
        drafts: Vec<(usize, Draft)>,
        facility: Option<FacilityId>,
    ) -> Result<Vec<(usize, Placed, Option<Change<'static>>)>, Error> {
        let ctx = tx.ctx();
        let tokens = self.db.keyring().token_keys(ctx).await?;
        let mut places = Places::look_up(tx, drafts.iter().map(|(_, draft)| draft)).await?;
        let own = |draft: &Draft| draft.owner == Owned::Own && draft.version == Version::FIRST;
        for (_, draft) in drafts.iter().filter(|(_, draft)| own(draft)) {
            places.add(draft.rtype, draft.id, places.home(ctx, draft, facility)?);
        }
        for (_, draft) in drafts.iter().filter(|(_, draft)| !own(draft) && draft.version == Version::FIRST) {
            // Where it goes does not matter to those that refer to it, only that it will be there.
            places.add(draft.rtype, draft.id, FacilityId::WHOLE);
        }
        let mut placed = Vec::with_capacity(drafts.len());
        for (position, draft) in drafts {
            let index = entries[position].index;
            let one = async {
                if draft.version != Version::FIRST {
                    places.check(&draft)?;
                    let before = Version(draft.version.0 - 1);
                    let current =
                        self.current(tx, Action::Update, draft.rtype, draft.id, Some(before)).await?;
                    let (one, change) = self.change(tx, Action::Update, &current, draft).await?;
                    return Ok((one, Some(change)));
                }
                let home = places.settle(ctx, &draft, facility)?;
                let target = Target { facility: Some(home), class: Some(draft.class) };
                self.db.authorize(ctx, Action::Create, target).await?;
                let at = draft.at;
                Ok((intake::place(draft, home, tokens.written(), at)?, None))
            };
            let (one, change) = one.await.map_err(|error| Error::Entry(index, Box::new(error)))?;
            placed.push((position, one, change));
        }
        Ok(placed)
    }

    async fn batch(
        &self,
        ctx: &Ctx,
        body: &[u8],
        entries: &[Entry<'_>],
        order: &[usize],
        refused: &[(usize, Issue)],
        facility: Option<FacilityId>,
    ) -> Result<Vec<u8>, Error> {
        let mut answers: HashMap<usize, Result<(&'static str, Option<Document>), Error>> = HashMap::new();
        for &position in order {
            let entry = &entries[position];
            let answer = self.batch_entry(ctx, body, entry, facility).await;
            if let Err(Error::Db(error)) = &answer
                && error.is_transient()
            {
                return answer.map(|_| Vec::new());
            }
            answers.insert(entry.index, answer);
        }
        let mut writer = Writer::new(BundleType::BatchResponse, None, &[]);
        let gets: HashMap<usize, &Entry<'_>> = entries
            .iter()
            .filter(|entry| matches!(entry.method, Method::Get | Method::Head))
            .map(|entry| (entry.index, entry))
            .collect();
        for index in 0..entries.len() + refused.len() {
            if let Some((_, issue)) = refused.iter().find(|(at, _)| *at == index) {
                refuse(&mut writer, 400, std::slice::from_ref(issue));
            } else if let Some(entry) = gets.get(&index) {
                self.respond_to_get(ctx, &mut writer, entry).await;
            } else {
                match answers.remove(&index) {
                    Some(Ok((status, document))) => respond(&mut writer, status, document.as_ref()),
                    Some(Err(error)) => refuse(&mut writer, error.status(), &error.issues()),
                    None => {}
                }
            }
        }
        Ok(writer.finish())
    }

    async fn batch_entry(
        &self,
        ctx: &Ctx,
        body: &[u8],
        entry: &Entry<'_>,
        facility: Option<FacilityId>,
    ) -> Result<(&'static str, Option<Document>), Error> {
        let rtype = self.type_of_entry(ctx, entry);
        match entry.method {
            Method::Post | Method::Put => {
                let resource = entry.resource.ok_or_else(missing_resource)?;
                let (start, end) = (resource.span.start as usize, resource.span.end as usize);
                let own = body.get(start..end).unwrap_or_default();
                let written = if entry.method == Method::Post {
                    let options =
                        CreateOptions { facility, if_none_exist: entry.if_none_exist, idempotency: None };
                    self.create(ctx, rtype?, own, options).await?
                } else {
                    let rtype = rtype?;
                    let (id, version) = self.matched(&Door::Own(ctx), rtype, entry).await?;
                    self.update(ctx, rtype, id, Some(version), own).await?
                };
                Ok((if written.created { "201 Created" } else { "200 OK" }, Some(written.document)))
            }
            Method::Delete => {
                let rtype = rtype?;
                let (id, version) = self.matched(&Door::Own(ctx), rtype, entry).await?;
                self.delete(ctx, rtype, id, Some(version)).await?;
                Ok(("204 No Content", None))
            }
            Method::Get | Method::Head => Ok(("200 OK", None)),
            Method::Patch => Err(Error::Request(405, "PATCH is not supported")),
        }
    }

    /// Answers a GET entry: a read, a vread or a search.
    async fn respond_to_get(&self, ctx: &Ctx, writer: &mut Writer, entry: &Entry<'_>) {
        match self.get(ctx, entry).await {
            Ok((_, Some(bundle))) => {
                let response = Response { status: "200 OK", ..Response::default() };
                writer.response(None, Some(&bundle), &response);
            }
            Ok((document, None)) => respond(writer, "200 OK", document.as_ref()),
            Err(error) => refuse(writer, error.status(), &error.issues()),
        }
    }

    async fn get(&self, ctx: &Ctx, entry: &Entry<'_>) -> Result<(Option<Document>, Option<Vec<u8>>), Error> {
        let target = entry.target;
        let rtype = self.type_of_entry(ctx, entry)?;
        if target.operation.is_some() || (target.history && target.version.is_none()) {
            return Err(Error::Request(400, "this cannot be asked for in a bundle"));
        }
        let Some(id) = target.id else {
            let pairs = search::decode(target.query.unwrap_or_default())?;
            let page = self.search(ctx, SearchRequest { rtype, compartment: None, query: &pairs }).await?;
            let mut bundle = Writer::new(BundleType::Searchset, page.total, &[]);
            for document in &page.entries {
                let full_url = format!("{rtype}/{}", document.id);
                bundle.found(&full_url, &document.body, fhir::bundle::Mode::Match);
            }
            return Ok((None, Some(bundle.finish())));
        };
        let id: ResourceId = id.parse().map_err(|_| db::Error::NotFound)?;
        let document = match target.version {
            None => self.read(ctx, rtype, id).await?,
            Some(version) => {
                let version = version.parse().map_err(|_| db::Error::NotFound)?;
                self.read_version(ctx, rtype, id, version).await?
            }
        };
        Ok((Some(document), None))
    }
}

/// Cuts an entry's resource out and rewrites its references; any that stays unresolved is an error.
fn rewritten(body: &[u8], resource: &Node<'_>, entry: &Entry<'_>, plan: &Plan) -> Result<Vec<u8>, Error> {
    let rewritten = plan
        .rewrite(body, resource, entry.full_url)
        .map_err(|error| Error::Invalid(vec![Issue::error("structure", "", error.to_string())]))?;
    if rewritten.unresolved.is_empty() {
        return Ok(rewritten.bytes);
    }
    Err(Error::Invalid(rewritten.unresolved.into_iter().map(intake::nowhere).collect()))
}

fn missing_resource() -> Error {
    Error::Invalid(vec![Issue::error("required", "resource", "the entry has no resource")])
}

/// `W/"3"`, `"3"` or `3`.
fn version_of(text: &str) -> Option<Version> {
    tag(text).parse().ok()
}

fn tag(text: &str) -> &str {
    text.strip_prefix("W/").unwrap_or(text).trim_matches('"')
}

fn respond(writer: &mut Writer, status: &str, document: Option<&Document>) {
    let Some(document) = document else {
        writer.response(None, None, &Response { status, ..Response::default() });
        return;
    };
    let (rtype, id) = (document.rtype, document.id);
    let (location, etag, modified) = match &document.tag {
        Some(tag) => (format!("{rtype}/{id}"), format!("W/\"{tag}\""), None),
        None => {
            let version = document.version;
            let modified = Some(rfc3339(document.updated_at));
            (format!("{rtype}/{id}/_history/{version}"), format!("W/\"{version}\""), modified)
        }
    };
    let response = Response {
        status,
        location: Some(&location),
        etag: Some(&etag),
        last_modified: modified.as_deref(),
        outcome: None,
    };
    writer.response(None, Some(&document.body), &response);
}

fn refuse(writer: &mut Writer, status: u16, issues: &[Issue]) {
    let outcome = outcome(issues);
    let status = status.to_string();
    let response = Response { status: &status, outcome: Some(outcome.as_bytes()), ..Response::default() };
    writer.response(None, None, &response);
}
