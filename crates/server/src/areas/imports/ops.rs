//! Sending a sheet, saying what its columns are, checking it, running it and taking it back: what asks for the work.

use std::io::Cursor;

use db::{Ctx, Drawer, Event, Session};
use jiff::tz::TimeZone;
use kernel::{ContextId, FacilityId, PersonId};
use policy::Action;
use sheets::{DateOrder, Kind, Limits, Look};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::error::Error;
use super::model::{KEPT, Mapped, State};
use super::store::{self, Import, New};
use crate::app::App;

/// Who is signed in, where somebody is.
pub(super) type Who<'a> = Option<&'a (Session, ContextId)>;

pub(super) fn event(action: Action, import: Uuid, what: &str) -> Event {
    let detail = Some(format!("import {import} {what}"));
    Event { detail, ..Event::success(action.key(), action.needs().key()) }
}

fn person(who: Who<'_>) -> Option<PersonId> {
    who.map(|(session, _)| session.person())
}

/// Whoever sees a part of the record, or of the people, cannot compare what a sheet says with what is here.
async fn sees_all(app: &App, ctx: &Ctx) -> Result<(), Error> {
    if ctx.fields().is_none() && !ctx.grants().by_relationship {
        return Ok(());
    }
    let denied = Event::denied(Action::ImportSheet.key(), "sees a part of the record");
    app.store.db().record(ctx, denied).await?;
    Err(db::Error::Denied(None).into())
}

async fn looked(sheet: Zeroizing<Vec<u8>>) -> Result<Look, Error> {
    let look = tokio::task::spawn_blocking(move || sheets::look(Cursor::new(&**sheet), &Limits::UPLOAD));
    Ok(look.await.map_err(|_| Error::Lost)??)
}

/// What stands above the columns, as it is hashed: the same however it is written.
fn headings(look: &Look) -> Vec<u8> {
    let all: Vec<String> = look.columns.iter().map(|column| sheets::words(&column.heading)).collect();
    all.join("\n").into_bytes()
}

/// Takes a file in.
pub(super) async fn send(
    app: &App,
    ctx: &Ctx,
    who: Who<'_>,
    (facility, kind): (FacilityId, Kind),
    sheet: &[u8],
) -> Result<Uuid, Error> {
    sees_all(app, ctx).await?;
    let look = looked(Zeroizing::new(sheet.to_vec())).await?;
    let db = app.store.db();
    let (import, now) = (app.world.uuid(), app.world.now());
    let vault = db.vault(ctx).await?;
    let new = New {
        import,
        facility,
        kind: kind.key(),
        sheet: &vault.seal(Drawer::Sheet, import, sheet),
        rows: i32::try_from(look.rows).unwrap_or(i32::MAX),
        headings: &vault.index("sheet-headings", &headings(&look)),
        person: person(who),
        now,
        kept_until: now + KEPT,
    };
    let mut told = event(Action::ImportSheet, import, &format!("sent: {} of {} rows", kind.key(), look.rows));
    told.facility = facility;
    let tx = db.begin(ctx).await?;
    store::insert(&tx, &new, told).await?;
    Ok(import)
}

/// An import within reach.
pub(super) async fn find(app: &App, ctx: &Ctx, id: Uuid) -> Result<Import, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let found = store::find(&tx, id).await?;
    tx.commit().await?;
    match found {
        Some(import) => Ok(import),
        None => {
            let denied = Event::denied(Action::ImportSheet.key(), "no such import");
            app.store.db().record(ctx, denied).await?;
            Err(Error::NotFound)
        }
    }
}

/// The file in clear, while it is kept.
pub(super) async fn sheet(app: &App, ctx: &Ctx, id: Uuid) -> Result<Zeroizing<Vec<u8>>, Error> {
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let sealed = store::find_sheet(&tx, id).await?;
    tx.commit().await?;
    let sealed = sealed.ok_or(Error::State("the file is not kept any more"))?;
    Ok(db.vault(ctx).await?.open(Drawer::Sheet, id, &sealed)?)
}

/// A sheet's columns, with what they are taken for.
pub(super) struct Columns {
    pub(super) look: Look,
    pub(super) kind: Kind,
    pub(super) mapped: Mapped,
    /// Whether a sheet with these headings was brought in before.
    pub(super) remembered: bool,
}

/// Looks at the columns of a file: what they were said to be, else what they were the last time, else what they seem.
pub(super) async fn columns(app: &App, ctx: &Ctx, id: Uuid) -> Result<Columns, Error> {
    sees_all(app, ctx).await?;
    let import = find(app, ctx, id).await?;
    let kind = Kind::of(&import.kind).ok_or(Error::NotFound)?;
    let clear = sheet(app, ctx, id).await?;
    let mut told = event(Action::ImportSheet, id, "columns looked at");
    told.facility = import.facility;
    // Durable before anything of the file leaves.
    app.store.db().record(ctx, told).await?;
    let look = looked(clear).await?;
    let tx = app.store.db().begin(ctx).await?;
    let before = store::remembered(&tx, kind.key(), &import.headings).await?;
    tx.commit().await?;
    let remembered = before.is_some();
    let said = match (&import.fields, &import.dates, &import.source) {
        (Some(fields), Some(dates), Some(source)) => Some(Mapped::of(fields, dates, source)),
        _ => before,
    };
    let mapped = said.unwrap_or_else(|| Mapped {
        columns: sheets::guess(kind, &look.columns),
        dates: look.dates.unwrap_or(DateOrder::MonthFirst),
        source: "spreadsheet".to_owned(),
    });
    Ok(Columns { look, kind, mapped, remembered })
}

/// The zone of a facility's walls.
pub(super) fn zone(import: &Import) -> TimeZone {
    import.time_zone.as_deref().and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC)
}

/// Says what the columns are, and begins to check every row.
pub(super) async fn check(
    app: &App,
    ctx: &Ctx,
    who: Who<'_>,
    id: Uuid,
    mapped: &Mapped,
) -> Result<(), Error> {
    sees_all(app, ctx).await?;
    let import = find(app, ctx, id).await?;
    let kind = Kind::of(&import.kind).ok_or(Error::NotFound)?;
    let zone = zone(&import);
    let today = app.world.now().to_zoned(zone.clone()).date();
    mapped.reading(kind, today, zone).check()?;
    let db = app.store.db();
    let mut told = event(Action::ImportSheet, id, "to be checked");
    told.facility = import.facility;
    let tx = db.begin(ctx).await?;
    let from = [State::Sent, State::Checked];
    if !begun(store::begin(&tx, id, (&from, State::Checking), Some(mapped), person(who), None).await)? {
        return Err(Error::State("the import is beyond its check, or its file is gone"));
    }
    store::forget_lines(&tx, id).await?;
    store::remember(&tx, (kind.key(), &import.headings), mapped, app.world.now()).await?;
    db.record(ctx, told).await?;
    tx.commit().await?;
    app.imports.asked.notify_one();
    Ok(())
}

/// Begins to bring the rows in, or goes on with what ended on the way.
pub(super) async fn run(app: &App, ctx: &Ctx, who: Who<'_>, id: Uuid) -> Result<(), Error> {
    let import = find(app, ctx, id).await?;
    if import.fields.is_none() {
        return Err(Error::State("say first what the columns are"));
    }
    let from = [State::Checked, State::Failed];
    put_to_work(app, ctx, who, &import, (&from, State::Running), Action::ImportSheet, "to be run").await
}

/// Begins to take back what was brought in.
pub(super) async fn undo(app: &App, ctx: &Ctx, who: Who<'_>, id: Uuid) -> Result<(), Error> {
    let import = find(app, ctx, id).await?;
    let from = [State::Done, State::Failed];
    put_to_work(app, ctx, who, &import, (&from, State::Undoing), Action::UndoSheet, "to be undone").await
}

async fn put_to_work(
    app: &App,
    ctx: &Ctx,
    who: Who<'_>,
    import: &Import,
    (from, to): (&[State], State),
    action: Action,
    what: &str,
) -> Result<(), Error> {
    sees_all(app, ctx).await?;
    let db = app.store.db();
    let mut told = event(action, import.import, what);
    told.facility = import.facility;
    let tx = db.begin(ctx).await?;
    if !begun(store::begin(&tx, import.import, (from, to), None, person(who), None).await)? {
        return Err(Error::State("the import does not stand where this can be done, or its time is over"));
    }
    db.record(ctx, told).await?;
    tx.commit().await?;
    app.imports.asked.notify_one();
    Ok(())
}

fn begun(begun: Result<bool, db::Error>) -> Result<bool, Error> {
    match begun {
        Err(db::Error::Constraint(name)) if name == "import_busy" => Err(Error::Busy),
        other => Ok(other?),
    }
}

/// Lets go of a file. What it brought in stays, and cannot be taken back as a whole any more.
pub(super) async fn discard(app: &App, ctx: &Ctx, id: Uuid) -> Result<(), Error> {
    let import = find(app, ctx, id).await?;
    let db = app.store.db();
    let mut told = event(Action::ImportSheet, id, "file let go of");
    told.facility = import.facility;
    let tx = db.begin(ctx).await?;
    if !store::discard(&tx, id, app.world.now()).await? {
        return Err(Error::State("the import is being worked on"));
    }
    db.record(ctx, told).await?;
    Ok(tx.commit().await?)
}
