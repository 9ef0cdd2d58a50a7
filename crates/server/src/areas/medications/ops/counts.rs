//! Counts of controlled medications: sheets, and what became of what they count. The database sums up.

use db::{Ctx, Drawer, Event, Tx};
use jiff::{SignedDuration, Timestamp};
use kernel::{FacilityId, ResourceId};
use policy::{Action, Target};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Dose, Outcome, said, sees_whole};
use crate::app::App;
use crate::areas::medications::error::Error;
use crate::areas::medications::model::Order;
use crate::areas::medications::store::{self, Sheet};
use crate::http::Failure;

/// How long what a second person confirmed may wait to be given.
const WITNESSED: SignedDuration = SignedDuration::from_mins(30);
/// How long an entry waits for a witness.
const WAITS: SignedDuration = SignedDuration::from_hours(24);
/// The most entries of a list.
const MOST: i64 = 200;
/// Thousandths of what a sheet counts.
const WHOLE: f64 = 1_000.0;
/// The most that is counted of anything.
const LIMIT: i64 = 1_000_000_000;

/// What is sealed of a sheet.
#[derive(Deserialize, Serialize)]
struct Kept {
    medication: String,
    codes: Vec<String>,
    unit: String,
    place: String,
}

/// A sheet, open.
pub(super) struct Open {
    sheet: Sheet,
    kept: Kept,
}

impl Open {
    /// Whether it counts something with one of these codes.
    pub(super) fn counts(&self, codes: &[String]) -> bool {
        self.kept.codes.iter().any(|code| codes.contains(code))
    }

    pub(super) fn id(&self) -> Uuid {
        self.sheet.id
    }

    pub(super) fn facility(&self) -> FacilityId {
        self.sheet.facility
    }
}

fn waiting_since(app: &App) -> Timestamp {
    let now = app.world.now();
    now.saturating_sub(WAITS).unwrap_or(now)
}

fn event(action: Action, facility: FacilityId, detail: String) -> Event {
    let mut event = Event::success(action.key(), action.needs().key());
    event.facility = facility;
    event.detail = Some(detail);
    event
}

/// The sheets of a facility, or of all within reach.
pub(super) async fn open_all(app: &App, ctx: &Ctx, facility: Option<FacilityId>) -> Result<Vec<Open>, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let sheets = store::list_sheets(&tx, ctx.organization(), facility, waiting_since(app)).await?;
    drop(tx);
    if sheets.is_empty() {
        return Ok(Vec::new());
    }
    let vault = app.store.db().vault(ctx).await?;
    let open = |sheet: Sheet| {
        let clear = vault.open(Drawer::Stock, sheet.id, &sheet.body)?;
        let kept = serde_json::from_slice(&clear).map_err(|_| db::Error::Seal("no sheet of ours"))?;
        Ok(Open { sheet, kept })
    };
    sheets.into_iter().map(open).collect()
}

/// Those that a dose at a facility is taken from.
pub(super) async fn at(app: &App, ctx: &Ctx, facility: FacilityId) -> Result<Vec<Open>, Error> {
    open_all(app, ctx, Some(facility)).await
}

/// What a dose takes from where.
pub(super) struct Taken {
    stock: Uuid,
    facility: FacilityId,
    amount: i64,
    witnessed: Option<Uuid>,
}

/// What a dose takes: what is counted is taken from a sheet, and from one of its own.
pub(super) fn taken(
    dose: &Dose,
    sheets: &[Open],
    codes: &[String],
    order: &Order,
) -> Result<Option<Taken>, Error> {
    let fitting: Vec<&Open> = sheets.iter().filter(|sheet| sheet.counts(codes)).collect();
    if dose.outcome != Outcome::Given || fitting.is_empty() {
        return match dose.stock {
            Some(_) => Err(Error::invalid("stock: nothing is taken from a sheet")),
            None => Ok(None),
        };
    }
    let from = fitting.iter().find(|sheet| Some(sheet.id()) == dose.stock).ok_or_else(|| {
        Error::coded(422, "count-needed", "this medication is counted: say from which sheet it was taken")
    })?;
    #[expect(clippy::cast_possible_truncation, reason = "within what is counted")]
    let ordered = || {
        let amount = order.dose["value"].as_f64()?;
        (0.001..=1_000_000.0).contains(&amount).then(|| (amount * WHOLE).round() as i64)
    };
    let amount = dose.amount.or_else(ordered).filter(|amount| (1..=LIMIT).contains(amount));
    let amount = amount.ok_or_else(|| Error::invalid("amount: say how much was taken"))?;
    Ok(Some(Taken { stock: from.id(), facility: from.facility(), amount, witnessed: dose.witnessed }))
}

/// Takes it, in the transaction of the dose.
pub(super) async fn take(app: &App, tx: &Tx<'_>, taken: Taken, dose: &store::Dose) -> Result<(), Error> {
    let organization = tx.ctx().organization().0;
    let change = -taken.amount;
    if let Some(entry) = taken.witnessed {
        let since = dose.recorded.saturating_sub(WITNESSED).unwrap_or(dose.recorded);
        let params: [&(dyn db::ToSql + Sync); 7] = [
            &organization,
            &taken.stock,
            &entry,
            &dose.administration.0,
            &tx.ctx().membership().0,
            &change,
            &since,
        ];
        return match tx.query(store::USE_WITNESSED, &params).await {
            Err(db::Error::Conflict) => {
                Err(Error::coded(409, "witness-needed", "a second person has to confirm it first"))
            }
            done => Ok(done.map(|_| ())?),
        };
    }
    insert(
        tx,
        (taken.stock, taken.facility, app.world.uuid()),
        "given",
        (change, None),
        Some(dose.administration),
        dose.recorded,
        None,
    )
    .await
}

/// What was taken for a dose that was recorded in error comes back.
pub(super) async fn give_back(
    app: &App,
    tx: &Tx<'_>,
    administration: ResourceId,
    at: Timestamp,
) -> Result<(), Error> {
    let given = store::find_given(tx, tx.ctx().organization(), administration).await?;
    let Some((stock, facility, change)) = given else { return Ok(()) };
    insert(
        tx,
        (stock, facility, app.world.uuid()),
        "corrected",
        (-change, None),
        Some(administration),
        at,
        None,
    )
    .await
}

async fn insert(
    tx: &Tx<'_>,
    (stock, facility, entry): (Uuid, FacilityId, Uuid),
    kind: &str,
    (change, counted): (i64, Option<i64>),
    administration: Option<ResourceId>,
    at: Timestamp,
    note: Option<Vec<u8>>,
) -> Result<(), Error> {
    let administration = administration.map(|id| id.0);
    let params: [&(dyn db::ToSql + Sync); 11] = [
        &tx.ctx().organization().0,
        &facility.0,
        &stock,
        &entry,
        &kind,
        &change,
        &counted,
        &administration,
        &tx.ctx().membership().0,
        &at,
        &note,
    ];
    tx.query(store::INSERT_ENTRY, &params).await?;
    Ok(())
}

/// Sheets.
#[derive(Serialize, ToSchema)]
#[schema(as = MedicationCounts)]
pub(in super::super) struct Counts {
    sheets: Vec<SheetView>,
}

/// A sheet. Amounts are thousandths of its unit.
#[derive(Serialize, ToSchema)]
#[schema(as = MedicationCount)]
pub(in super::super) struct SheetView {
    stock: Uuid,
    #[schema(value_type = i32)]
    facility: FacilityId,
    medication: String,
    /// What is counted: tablets, millilitres.
    unit: String,
    /// The cart or the safe.
    place: String,
    witness_to_give: bool,
    on_hand: i64,
    entries: i32,
    /// By how much the last count differed, where it did and nothing corrected it since.
    difference: Option<i64>,
    counted_at: Option<Timestamp>,
    /// How many entries wait for a witness.
    waiting: i64,
}

fn view(open: Open) -> SheetView {
    let Open { sheet, kept } = open;
    SheetView {
        stock: sheet.id,
        facility: sheet.facility,
        medication: kept.medication,
        unit: kept.unit,
        place: kept.place,
        witness_to_give: sheet.witness_to_give,
        on_hand: sheet.on_hand,
        entries: sheet.entries,
        difference: sheet.last_count.map(|(difference, _)| difference).filter(|difference| *difference != 0),
        counted_at: sheet.last_count.map(|(_, at)| at),
        waiting: sheet.waiting,
    }
}

/// The sheets of a facility, or of all within reach.
pub(in super::super) async fn list(
    app: &App,
    ctx: &Ctx,
    facility: Option<FacilityId>,
) -> Result<Counts, Error> {
    const ACTION: Action = Action::LookAtCounts;
    sees_whole(app, ctx, ACTION).await?;
    let sheets = open_all(app, ctx, facility).await?;
    let event = event(ACTION, facility.unwrap_or(FacilityId::WHOLE), format!("{} sheets", sheets.len()));
    app.store.db().record(ctx, event).await?;
    Ok(Counts { sheets: sheets.into_iter().map(view).collect() })
}

/// A new sheet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MedicationCountNew)]
pub(in super::super) struct SheetNew {
    /// What is counted, with its strength: 1 to 200 characters.
    medication: String,
    /// Its codes (RxNorm, NDC): what is ordered by one of them is taken from this sheet. At most 20.
    codes: Vec<String>,
    /// What is counted: `tablet`, `mL`.
    unit: String,
    /// The cart or the safe.
    place: String,
    /// Whether a second person confirms before it is given.
    #[serde(default)]
    witness_to_give: bool,
}

fn name(text: &str, most: usize) -> Result<String, Error> {
    let text = text.trim();
    let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Error::coded(422, "count-invalid", "a name is empty or too long"))
    }
}

/// Opens a sheet.
pub(in super::super) async fn open(
    app: &App,
    ctx: &Ctx,
    facility: FacilityId,
    new: &SheetNew,
) -> Result<SheetView, Error> {
    const ACTION: Action = Action::KeepCounts;
    sees_whole(app, ctx, ACTION).await?;
    let db = app.store.db();
    db.authorize(ctx, ACTION, Target { facility: Some(facility), class: None }).await?;
    if new.codes.is_empty() || new.codes.len() > 20 {
        return Err(Error::coded(422, "count-invalid", "codes: 1 to 20"));
    }
    let kept = Kept {
        medication: name(&new.medication, 200)?,
        codes: new.codes.iter().map(|code| name(code, 50)).collect::<Result<_, _>>()?,
        unit: name(&new.unit, 30)?,
        place: name(&new.place, 100)?,
    };
    let (id, at) = (app.world.uuid(), app.world.now());
    let clear = serde_json::to_vec(&kept).map_err(|_| db::Error::Stored("a sheet has no JSON"))?;
    let body = db.vault(ctx).await?.seal(Drawer::Stock, id, &clear);
    let params: [&(dyn db::ToSql + Sync); 7] =
        [&ctx.organization().0, &facility.0, &id, &body, &new.witness_to_give, &ctx.membership().0, &at];
    let tx = db.begin(ctx).await?;
    tx.last_audited(store::INSERT_SHEET, &params, event(ACTION, facility, format!("sheet {id} opened")))
        .await?;
    let sheet = Sheet {
        id,
        facility,
        body,
        witness_to_give: new.witness_to_give,
        on_hand: 0,
        entries: 0,
        last_count: None,
        waiting: 0,
    };
    Ok(view(Open { sheet, kept }))
}

/// What becomes of what is counted.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = MedicationCountKind)]
pub(in super::super) enum Kind {
    /// It came.
    Received,
    /// It is to be given, and a second person confirms that before.
    Given,
    /// It was thrown away; a second person saw it.
    Wasted,
    /// It was counted by two.
    Counted,
    /// The sheet was wrong; a second person agrees.
    Corrected,
}

/// A new entry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MedicationCountEntryNew)]
pub(in super::super) struct EntryNew {
    kind: Kind,
    /// How much, in thousandths: what came, was wasted or is to be given; what was counted; by how much a correction changes
    /// the sheet, which may be less than nothing.
    amount: i64,
    /// Why: 1 to 500 characters, for what is wasted or corrected.
    #[serde(default)]
    note: Option<String>,
}

/// The entries of a sheet, those that wait for a witness first, for a day, then the newest first; at most 200.
#[derive(Serialize, ToSchema)]
#[schema(as = MedicationCountEntries)]
pub(in super::super) struct Entries {
    entries: Vec<EntryView>,
}

/// An entry of a sheet. Amounts are thousandths of its unit.
#[derive(Serialize, ToSchema)]
#[schema(as = MedicationCountEntry)]
struct EntryView {
    entry: Uuid,
    /// `received`, `given`, `wasted`, `counted`, `corrected`.
    kind: String,
    change: i64,
    /// What somebody counted.
    counted: Option<i64>,
    by: String,
    at: Timestamp,
    note: Option<String>,
    /// Who confirmed it.
    witness: Option<String>,
    /// The place in the sheet; without one it waits.
    number: Option<i32>,
    /// What there was afterwards.
    balance: Option<i64>,
    /// Whether the caller entered it, and is no witness of it.
    own: bool,
}

/// The entries of a sheet.
pub(in super::super) async fn list_entries(app: &App, ctx: &Ctx, stock: Uuid) -> Result<Entries, Error> {
    const ACTION: Action = Action::LookAtCounts;
    sees_whole(app, ctx, ACTION).await?;
    let sheet = find(app, ctx, ACTION, stock).await?;
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list_entries(&tx, ctx.organization(), stock, (waiting_since(app), MOST)).await?;
    drop(tx);
    let vault = app.store.db().vault(ctx).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let note = row.note.map(|note| vault.open(Drawer::StockNote, row.id, &note)).transpose()?;
        let note = note.map(|note| String::from_utf8_lossy(&note).into_owned());
        entries.push(EntryView {
            entry: row.id,
            kind: row.kind,
            change: row.change,
            counted: row.counted,
            own: row.by.0 == ctx.membership(),
            by: row.by.1,
            at: row.at,
            note,
            witness: row.witness,
            number: row.number,
            balance: row.balance,
        });
    }
    app.store.db().record(ctx, event(ACTION, sheet.facility, format!("sheet {stock}"))).await?;
    Ok(Entries { entries })
}

async fn find(app: &App, ctx: &Ctx, action: Action, stock: Uuid) -> Result<Sheet, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let found = store::find_sheet(&tx, ctx.organization(), stock, waiting_since(app)).await?;
    drop(tx);
    match found {
        Some(sheet) => Ok(sheet),
        None => {
            app.store.db().record(ctx, Event::denied(action.key(), "no such sheet")).await?;
            Err(Failure::unlisted().into())
        }
    }
}

/// Enters something into a sheet; gives the entry.
pub(in super::super) async fn enter(
    app: &App,
    ctx: &Ctx,
    stock: Uuid,
    new: &EntryNew,
) -> Result<Uuid, Error> {
    const ACTION: Action = Action::KeepCounts;
    sees_whole(app, ctx, ACTION).await?;
    let sheet = find(app, ctx, ACTION, stock).await?;
    let db = app.store.db();
    db.authorize(ctx, ACTION, Target { facility: Some(sheet.facility), class: None }).await?;
    let note = new.note.as_deref().map(said).transpose()?;
    if note.is_none() && matches!(new.kind, Kind::Wasted | Kind::Corrected) {
        return Err(Error::coded(422, "reason-needed", "say why"));
    }
    let least = match new.kind {
        Kind::Counted => 0,
        Kind::Corrected => -LIMIT,
        _ => 1,
    };
    if !(least..=LIMIT).contains(&new.amount) || (new.kind == Kind::Corrected && new.amount == 0) {
        return Err(Error::coded(422, "count-invalid", "amount: not of an entry of this kind"));
    }
    let (kind, change, counted) = match new.kind {
        Kind::Received => ("received", new.amount, None),
        Kind::Given => ("given", -new.amount, None),
        Kind::Wasted => ("wasted", -new.amount, None),
        Kind::Counted => ("counted", 0, Some(new.amount)),
        Kind::Corrected => ("corrected", new.amount, None),
    };
    let (entry, at) = (app.world.uuid(), app.world.now());
    let note = match note {
        Some(note) => Some(db.vault(ctx).await?.seal(Drawer::StockNote, entry, note.as_bytes())),
        None => None,
    };
    let tx = db.begin(ctx).await?;
    insert(&tx, (stock, sheet.facility, entry), kind, (change, counted), None, at, note).await?;
    let event = event(ACTION, sheet.facility, format!("sheet {stock} entry {entry} {kind}"));
    tx.last_audited(store::NOTHING, &[], event).await?;
    Ok(entry)
}

/// Confirms somebody else's entry.
pub(in super::super) async fn confirm(app: &App, ctx: &Ctx, stock: Uuid, entry: Uuid) -> Result<(), Error> {
    const ACTION: Action = Action::WitnessCount;
    sees_whole(app, ctx, ACTION).await?;
    let sheet = find(app, ctx, ACTION, stock).await?;
    let db = app.store.db();
    db.authorize(ctx, ACTION, Target { facility: Some(sheet.facility), class: None }).await?;
    let at = app.world.now();
    let since = waiting_since(app);
    let params: [&(dyn db::ToSql + Sync); 6] =
        [&ctx.organization().0, &stock, &entry, &ctx.membership().0, &at, &since];
    let event = event(ACTION, sheet.facility, format!("sheet {stock} entry {entry} witnessed"));
    let tx = db.begin(ctx).await?;
    match tx.last_audited(store::WITNESS, &params, event).await {
        Err(db::Error::Conflict) => {
            Err(Error::coded(409, "witness-done", "there is no such entry that waits for a witness"))
        }
        done => Ok(done.map(|_| ())?),
    }
}

/// What an order takes from: for who gives it.
pub(super) fn fitting(sheets: &[Open], facility: FacilityId, codes: &[String]) -> Vec<(Uuid, String, bool)> {
    let fits = |sheet: &&Open| sheet.facility() == facility && sheet.counts(codes);
    sheets
        .iter()
        .filter(fits)
        .map(|sheet| (sheet.id(), sheet.kept.place.clone(), sheet.sheet.witness_to_give))
        .collect()
}

/// A sheet that a demonstration begins with.
pub(crate) struct Stocked {
    pub(crate) medication: &'static str,
    pub(crate) code: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) place: &'static str,
    /// How much of it came, in thousandths.
    pub(crate) amount: i64,
}

/// Opens these sheets where a facility has none.
pub(crate) async fn stock_up(
    app: &App,
    ctx: &Ctx,
    facility: FacilityId,
    all: &[Stocked],
) -> Result<(), Failure> {
    if !open_all(app, ctx, Some(facility)).await?.is_empty() {
        return Ok(());
    }
    for one in all {
        let new = SheetNew {
            medication: one.medication.to_owned(),
            codes: vec![one.code.to_owned()],
            unit: one.unit.to_owned(),
            place: one.place.to_owned(),
            witness_to_give: false,
        };
        let sheet = open(app, ctx, facility, &new).await?;
        let came = EntryNew { kind: Kind::Received, amount: one.amount, note: None };
        enter(app, ctx, sheet.stock, &came).await?;
    }
    Ok(())
}
