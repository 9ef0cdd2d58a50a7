//! Records coming in in bulk. Ids here are derived from where a record comes from and what it was called there, so that
//! importing again finds what is already in: nothing changes, and an import that was killed goes on.

use std::collections::{HashMap, HashSet};

use db::keys::SearchKey;
use db::{Ctx, Event, Tx};
use fhir::ResourceType;
use fhir::bundle::{Entry, Plan, import};
use fhir::compartment::may_hold_patient_data;
use fhir::json::{Edit, Node, parse, quote, splice};
use fhir::reference::{Reference, references};
use fhir::stamp::stamp;
use fhir::validate::Issue;
use jiff::Timestamp;
use kernel::{FacilityId, PatientId, ResourceId, Version};
use policy::{Action, Target};
use uuid::Uuid;

use crate::hooks::By;
use crate::intake::{self, Draft, Owned, Placed, rfc3339};
use crate::model::{ImportOptions, ImportRecord, ImportReport, Imported};
use crate::places::{NOT_OPEN, Places, are_open, hold, stands};
use crate::record::{Keys, Record};
use crate::write::{self, Change, SealingKeys};
use crate::{Error, Store, search};

/// Most entries of one imported bundle, and most rows written in one transaction.
const MOST_ENTRIES: usize = 50_000;
const WRITTEN_TOGETHER: usize = 2_000;

/// A record on its way in.
struct Arrival {
    index: usize,
    rtype: ResourceType,
    id: ResourceId,
    /// Standing alone, its references rewritten.
    bytes: Vec<u8>,
}

/// Gives the ids of one source.
struct Naming<'a> {
    key: &'a SearchKey,
    source: &'a str,
    facility: FacilityId,
}

impl Naming<'_> {
    /// The id of what `source` calls `rtype/name`: a UUID of version 8 made of an HMAC.
    fn id(&self, rtype: ResourceType, name: &str) -> ResourceId {
        // What a neighbouring facility imported under the same name must not show, so only the directory shares names.
        let facility = if may_hold_patient_data(rtype) { self.facility } else { FacilityId::WHOLE };
        let parts: [&[u8]; 5] = [
            b"import",
            self.source.as_bytes(),
            &facility.0.to_be_bytes(),
            rtype.as_str().as_bytes(),
            name.as_bytes(),
        ];
        let digest = self.key.digest(&parts);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        ResourceId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl Store {
    /// Imports one bundle (transaction, batch, collection, searchset). A record that cannot be accepted refuses its
    /// bundle: nothing of it is written.
    ///
    /// # Errors
    /// When the bundle cannot be read at all, or the database cannot be reached. Refused records are in the report.
    pub async fn import_bundle(
        &self,
        ctx: &Ctx,
        body: &[u8],
        options: &ImportOptions,
    ) -> Result<ImportReport, Error> {
        self.db.authorize(ctx, options.action, Target::default()).await?;
        self.sees_all(ctx, options.action).await?;
        // Two imports may bring the same record at the same time; the second then finds it there.
        match self.import_bundle_once(ctx, body, options).await {
            Err(Error::Db(db::Error::Constraint(_) | db::Error::Conflict)) => {
                self.import_bundle_once(ctx, body, options).await
            }
            other => other,
        }
    }

    async fn import_bundle_once(
        &self,
        ctx: &Ctx,
        body: &[u8],
        options: &ImportOptions,
    ) -> Result<ImportReport, Error> {
        let root = parse(body, &self.limits)?;
        if intake::type_of(&root)? != ResourceType::Bundle {
            return Err(Error::Invalid(vec![Issue::error(
                "value",
                "resourceType",
                "a Bundle is expected here",
            )]));
        }
        let entries = import(&root, MOST_ENTRIES).map_err(Error::Invalid)?;
        let key = self.db.keyring().index_key(ctx).await?;
        let naming = Naming { key: &key, source: &options.source, facility: options.facility };
        let mut plan = Plan::new();
        let mut arrivals = Vec::with_capacity(entries.len());
        let mut refused = Vec::new();
        let mut named: Vec<(&Entry<'_>, &Node<'_>, ResourceType, ResourceId)> = Vec::new();
        for entry in &entries {
            let Some(resource) = entry.resource else { continue };
            match name_of(entry, resource) {
                Ok((rtype, name)) => {
                    let id = naming.id(rtype, name);
                    if let Some(url) = entry.full_url {
                        plan.assign(url, rtype, &id.to_string());
                    }
                    named.push((entry, resource, rtype, id));
                }
                Err(issue) => refused.push((entry.index, None, vec![issue])),
            }
        }
        let mut ours: HashSet<Uuid> = named.iter().map(|(_, _, _, id)| id.0).collect();
        self.import_conditions(ctx, &named, &mut plan, &mut ours).await?;
        for (entry, resource, rtype, id) in named {
            match plan.rewrite(body, resource, entry.full_url) {
                Ok(rewritten) if rewritten.unresolved.is_empty() => {
                    match localize(&rewritten.bytes, &self.limits, &naming, &ours) {
                        Ok(bytes) => arrivals.push(Arrival { index: entry.index, rtype, id, bytes }),
                        Err(error) => refused.push((entry.index, Some(rtype), error.issues())),
                    }
                }
                Ok(rewritten) => {
                    let issues = rewritten.unresolved.into_iter().map(intake::nowhere).collect();
                    refused.push((entry.index, Some(rtype), issues));
                }
                Err(error) => {
                    let issue = Issue::error("structure", rtype.as_str(), error.to_string());
                    refused.push((entry.index, Some(rtype), vec![issue]));
                }
            }
        }
        self.bring_in(ctx, arrivals, refused, options, true).await
    }

    /// Imports resources, one JSON document each (NDJSON lines). A line that cannot be accepted is refused alone.
    ///
    /// # Errors
    /// When the database cannot be reached. Refused records are in the report.
    pub async fn import_lines(
        &self,
        ctx: &Ctx,
        lines: &[&[u8]],
        options: &ImportOptions,
    ) -> Result<ImportReport, Error> {
        self.db.authorize(ctx, options.action, Target::default()).await?;
        self.sees_all(ctx, options.action).await?;
        match self.import_lines_once(ctx, lines, options).await {
            Err(Error::Db(db::Error::Conflict)) => self.import_lines_once(ctx, lines, options).await,
            other => other,
        }
    }

    async fn import_lines_once(
        &self,
        ctx: &Ctx,
        lines: &[&[u8]],
        options: &ImportOptions,
    ) -> Result<ImportReport, Error> {
        let key = self.db.keyring().index_key(ctx).await?;
        let naming = Naming { key: &key, source: &options.source, facility: options.facility };
        let mut arrivals = Vec::with_capacity(lines.len());
        let mut refused = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let arrival = parse(line, &self.limits).map_err(Error::from).and_then(|root| {
                let rtype = intake::type_of(&root)?;
                let name = root.text("id").ok_or_else(|| {
                    Error::Invalid(vec![Issue::error(
                        "required",
                        format!("{rtype}.id"),
                        "a record must have an id",
                    )])
                })?;
                let bytes = localize(line, &self.limits, &naming, &HashSet::new())?;
                Ok(Arrival { index, rtype, id: naming.id(rtype, name), bytes })
            });
            match arrival {
                Ok(arrival) => arrivals.push(arrival),
                Err(error) => refused.push((index, None, error.issues())),
            }
        }
        self.bring_in(ctx, arrivals, refused, options, false).await
    }

    /// The ids that records of this type of a source have here.
    ///
    /// # Errors
    /// When the keyring cannot be read.
    pub async fn imported_ids(
        &self,
        ctx: &Ctx,
        options: &ImportOptions,
        rtype: ResourceType,
        names: &[&str],
    ) -> Result<Vec<ResourceId>, Error> {
        let key = self.db.keyring().index_key(ctx).await?;
        let naming = Naming { key: &key, source: &options.source, facility: options.facility };
        Ok(names.iter().map(|name| naming.id(rtype, name)).collect())
    }

    /// Looks up conditional references once for the whole bundle.
    async fn import_conditions(
        &self,
        ctx: &Ctx,
        named: &[(&Entry<'_>, &Node<'_>, ResourceType, ResourceId)],
        plan: &mut Plan,
        ours: &mut HashSet<Uuid>,
    ) -> Result<(), Error> {
        let mut tried: HashSet<String> = HashSet::new();
        for (_, resource, _, _) in named {
            for site in references(resource) {
                let Reference::Conditional { rtype, query } = site.reference else { continue };
                if plan.resolve(site.text).is_some() || !tried.insert(site.text.to_owned()) {
                    continue;
                }
                let tx = self.db.begin(ctx).await?;
                let matches = search::conditional(self, &tx, rtype, query).await?;
                tx.rollback().await?;
                // What matches nothing, or several, stays unresolved and refuses its record.
                if let [one] = matches.as_slice() {
                    plan.assign(site.text, rtype, &one.to_string());
                    ours.insert(one.0);
                }
            }
        }
        Ok(())
    }

    /// Checks, compares and writes what arrived.
    async fn bring_in(
        &self,
        ctx: &Ctx,
        arrivals: Vec<Arrival>,
        refused: Vec<(usize, Option<ResourceType>, Vec<Issue>)>,
        options: &ImportOptions,
        together: bool,
    ) -> Result<ImportReport, Error> {
        let at = self.db.world().now();
        let mut report = ImportReport::default();
        for (index, rtype, issues) in refused {
            report.records.push(ImportRecord { index, rtype, id: None, outcome: Imported::Refused(issues) });
        }
        let existing = self.existing(ctx, &arrivals).await?;
        let of_a_patient = together && arrivals.iter().any(|arrival| arrival.rtype == ResourceType::Patient);
        let mut drafts = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            let record = |outcome| ImportRecord {
                index: arrival.index,
                rtype: Some(arrival.rtype),
                id: Some(arrival.id),
                outcome,
            };
            let before = existing.get(&arrival.id.0);
            match before.map(|known| known.same(&arrival, &self.limits)).transpose() {
                Ok(Some(true)) => report.records.push(record(Imported::Unchanged)),
                Ok(Some(false)) if of_a_patient && !may_hold_patient_data(arrival.rtype) => {
                    report.records.push(record(Imported::Kept));
                }
                Ok(_) => {
                    let version = before.map_or(Version::FIRST, |known| known.version.next());
                    let stamp = (arrival.id, version, at);
                    match intake::draft(&arrival.bytes, &self.limits, Some(arrival.rtype), stamp) {
                        Ok(draft) => drafts.push((arrival.index, before.map(|known| known.facility), draft)),
                        Err(error) => report.records.push(record(Imported::Refused(error.issues()))),
                    }
                }
                Err(error) => report.records.push(record(Imported::Refused(error.issues()))),
            }
        }
        let any_refused = report.records.iter().any(|record| matches!(record.outcome, Imported::Refused(_)));
        if together && any_refused {
            for (index, _, draft) in &drafts {
                report.records.push(not_written(*index, draft));
            }
        } else if !drafts.is_empty() {
            self.write_drafts(ctx, drafts, options, together, &mut report).await?;
        }
        report.records.sort_by_key(|record| record.index);
        Ok(report)
    }

    /// What is already in, opened for comparison: the event of the import concerns these patients too.
    async fn existing(&self, ctx: &Ctx, arrivals: &[Arrival]) -> Result<HashMap<Uuid, Known>, Error> {
        let mut known = HashMap::new();
        let by_id: HashMap<Uuid, ResourceType> =
            arrivals.iter().map(|arrival| (arrival.id.0, arrival.rtype)).collect();
        for chunk in arrivals.chunks(WRITTEN_TOGETHER) {
            let ids: Vec<Uuid> = chunk.iter().map(|arrival| arrival.id.0).collect();
            let tx = self.db.begin(ctx).await?;
            let rows = tx
                .last(
                    "SELECT id, version, facility_id, patient_id, class, updated_at, body FROM chart.resource
                      WHERE organization_id = $1 AND id = ANY ($2)",
                    &[&ctx.organization().0, &ids],
                )
                .await?;
            drop(tx);
            let mut records = Vec::with_capacity(rows.len());
            for row in &rows {
                let rtype = by_id.get(&row.get::<_, Uuid>(0)).copied().unwrap_or(ResourceType::Basic);
                records.push(Record::read(rtype, row)?);
            }
            if records.is_empty() {
                continue;
            }
            let keys = Keys::of(&self.db, ctx, &records).await?;
            for record in records {
                let body = if record.sealed.is_some() { Some(keys.open_whole(ctx, &record)?) } else { None };
                known.insert(
                    record.id.0,
                    Known {
                        version: record.version,
                        facility: record.facility,
                        updated_at: record.updated_at,
                        body,
                    },
                );
            }
        }
        Ok(known)
    }

    async fn write_drafts(
        &self,
        ctx: &Ctx,
        drafts: Vec<(usize, Option<FacilityId>, Draft)>,
        options: &ImportOptions,
        together: bool,
        report: &mut ImportReport,
    ) -> Result<(), Error> {
        let tx = self.db.begin(ctx).await?;
        let mut places = Places::look_up(&tx, drafts.iter().map(|(_, _, draft)| draft)).await?;
        let new_patient = |(_, before, draft): &(usize, Option<FacilityId>, Draft)| {
            before.is_none() && draft.owner == Owned::Own
        };
        if drafts.iter().any(new_patient) && !are_open(&tx, &[options.facility]).await? {
            return Err(NOT_OPEN);
        }
        tx.rollback().await?;
        let before = places.patients();
        for (_, _, draft) in &drafts {
            // Patients first: the records of a patient go where the patient is.
            let home = if draft.owner == Owned::Own { options.facility } else { FacilityId::WHOLE };
            if !places.knows(draft.id) {
                places.add(draft.rtype, draft.id, home);
            }
        }
        let tokens = self.db.keyring().token_keys(ctx).await?;
        let mut ready: Vec<(usize, bool, Placed)> = Vec::with_capacity(drafts.len());
        let mut lost = Vec::new();
        for (index, exists, draft) in drafts {
            let wanted = exists.or(Some(options.facility).filter(|_| !draft.is_directory()));
            // Lines refer forward and in circles to lines that come later; only the patient must be here already.
            let home =
                if together { places.settle(ctx, &draft, wanted) } else { places.home(ctx, &draft, wanted) };
            match home {
                Ok(home) => {
                    let placed = intake::place(draft, home, tokens.written(), self.db.world().now())?;
                    ready.push((index, exists.is_some(), placed));
                }
                Err(error) => lost.push((index, draft, error)),
            }
        }
        if together && !lost.is_empty() {
            for (index, _, placed) in &ready {
                report.records.push(not_written(*index, &placed.draft));
            }
            ready.clear();
        }
        for (index, draft, error) in lost {
            let outcome = Imported::Refused(error.issues());
            report.records.push(ImportRecord {
                index,
                rtype: Some(draft.rtype),
                id: Some(draft.id),
                outcome,
            });
        }
        if !options.dry_run {
            self.write_ready(ctx, &ready, &before, options).await?;
        }
        for (index, exists, placed) in &ready {
            let outcome = if *exists { Imported::Updated } else { Imported::Created };
            let (rtype, id) = (Some(placed.draft.rtype), Some(placed.draft.id));
            report.records.push(ImportRecord { index: *index, rtype, id, outcome });
        }
        Ok(())
    }

    async fn write_ready(
        &self,
        ctx: &Ctx,
        ready: &[(usize, bool, Placed)],
        before: &HashMap<PatientId, FacilityId>,
        options: &ImportOptions,
    ) -> Result<(), Error> {
        let (changed, new): (Vec<_>, Vec<_>) = ready.iter().partition(|(_, exists, _)| *exists);
        for (_, _, placed) in changed {
            self.write_change(ctx, options.action, placed).await?;
        }
        for chunk in new.chunks(WRITTEN_TOGETHER) {
            let placed: Vec<&Placed> = chunk.iter().map(|(_, _, placed)| placed).collect();
            let tx = self.db.begin(ctx).await?;
            hold_again(&tx, &placed, before).await?;
            let keys = SealingKeys::of(&self.db, ctx, placed.iter().copied()).await?;
            write::insert(&self.db, &tx, &keys, By::Import, placed, import_event(chunk.len(), options))
                .await?;
        }
        Ok(())
    }

    async fn write_change(&self, ctx: &Ctx, action: Action, placed: &Placed) -> Result<(), Error> {
        let tx: Tx<'_> = self.db.begin(ctx).await?;
        let draft = &placed.draft;
        if let Some(patient) = draft.patient() {
            stands(&hold(&tx, &[patient]).await?, patient, placed.facility)?;
        }
        let before = Version(draft.version.0 - 1);
        let current = self.current(&tx, action, draft.rtype, draft.id, Some(before)).await?;
        let keys = SealingKeys::of(&self.db, ctx, std::iter::once(placed)).await?;
        let change = self.deletion(ctx, &current).await?;
        let change = Change { new: Some(placed), at: draft.at, facility: placed.facility, ..change };
        let event = write::event(action, draft.rtype, draft.id, draft.version);
        write::replace(&self.db, &tx, &keys, By::Import, &change, Some(event)).await?;
        Ok(())
    }
}

/// Holds the patients of new records where they were found before.
async fn hold_again(
    tx: &Tx<'_>,
    placed: &[&Placed],
    before: &HashMap<PatientId, FacilityId>,
) -> Result<(), Error> {
    let mut owners: Vec<(PatientId, FacilityId)> = placed
        .iter()
        .filter_map(|one| one.draft.patient().map(|patient| (patient, one.facility)))
        .filter(|(patient, _)| before.contains_key(patient))
        .collect();
    owners.sort_unstable_by_key(|(patient, _)| patient.0);
    owners.dedup();
    if owners.is_empty() {
        return Ok(());
    }
    let patients: Vec<PatientId> = owners.iter().map(|(patient, _)| *patient).collect();
    let held = hold(tx, &patients).await?;
    owners.iter().try_for_each(|(patient, facility)| stands(&held, *patient, *facility))
}

/// A record that is already in.
struct Known {
    version: Version,
    /// Where it is, which need not be where its source says: patients move.
    facility: FacilityId,
    updated_at: Timestamp,
    body: Option<db::Phi<Vec<u8>>>,
}

impl Known {
    /// Whether what arrives is what is there, but for id, version and time.
    fn same(&self, arrival: &Arrival, limits: &fhir::json::Limits) -> Result<bool, Error> {
        let Some(body) = &self.body else { return Ok(false) };
        let root = parse(&arrival.bytes, limits)?;
        let (id, version) = (arrival.id.to_string(), self.version.to_string());
        let stamped = stamp(&arrival.bytes, &root, &id, &version, &rfc3339(self.updated_at))
            .map_err(|error| Error::Invalid(vec![Issue::error("structure", "", error.to_string())]))?;
        Ok(body.matches(|body| *body == stamped))
    }
}

fn import_event(count: usize, options: &ImportOptions) -> Event {
    let mut event = Event::success(options.action.key(), options.action.needs().key());
    event.facility = options.facility;
    event.detail = Some(format!("{count} created"));
    event
}

fn not_written(index: usize, draft: &Draft) -> ImportRecord {
    let issue = Issue::error(
        "processing",
        draft.rtype.as_str(),
        "not written: another record of its bundle was refused",
    );
    ImportRecord {
        index,
        rtype: Some(draft.rtype),
        id: Some(draft.id),
        outcome: Imported::Refused(vec![issue]),
    }
}

/// What the source calls a record: its id, else what its `fullUrl` ends in.
fn name_of<'n>(entry: &Entry<'n>, resource: &'n Node<'n>) -> Result<(ResourceType, &'n str), Issue> {
    let rtype = resource.text("resourceType").and_then(ResourceType::parse);
    let rtype =
        rtype.ok_or_else(|| Issue::error("value", "resourceType", "not a resource type of FHIR R4"))?;
    let tail = |url: &'n str| url.rsplit(['/', ':']).next();
    let name = resource.text("id").or_else(|| entry.full_url.and_then(tail)).filter(|name| !name.is_empty());
    name.map(|name| (rtype, name))
        .ok_or_else(|| Issue::error("required", rtype.as_str(), "a record must have an id or a fullUrl"))
}

/// Rewrites the references that still name records as the source does (`Type/name`); those to `ours` were rewritten
/// before.
fn localize(
    bytes: &[u8],
    limits: &fhir::json::Limits,
    naming: &Naming<'_>,
    ours: &HashSet<Uuid>,
) -> Result<Vec<u8>, Error> {
    let root = parse(bytes, limits)?;
    let mut edits: Vec<(fhir::json::Span, String)> = Vec::new();
    for site in references(&root) {
        let Reference::Relative { rtype, id, .. } = site.reference else { continue };
        if !Uuid::try_parse(id).is_ok_and(|id| ours.contains(&id)) {
            edits.push((site.span, quote(&format!("{rtype}/{}", naming.id(rtype, id)))));
        }
    }
    if edits.is_empty() {
        return Ok(bytes.to_vec());
    }
    let edits: Vec<Edit<'_>> = edits.iter().map(|(span, text)| (*span, text.as_str())).collect();
    splice(bytes, &edits)
        .map_err(|error| Error::Invalid(vec![Issue::error("structure", "", error.to_string())]))
}
