//! Since they last looked: what is new on a relative's page, and that it was looked at.
//!
//! What they have seen is kept of their post, and it moves when the page says that it was looked at, up to what that page
//! showed: neither by a page that was fetched and not seen, nor by what came after it.

use chart::Seen;
use db::{Ctx, Drawer, Event, Vault};
use jiff::Timestamp;
use kernel::{MembershipId, PatientId};
use policy::Action;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::news::{Book, Glance, News, Page, Shown};
use super::{ops, store};
use crate::app::App;
use crate::http::Failure;

/// What is new on a relative's page since they last looked, of what they see now.
#[derive(Serialize, ToSchema)]
#[schema(as = FamilyNews)]
pub(super) struct Since {
    /// When they last looked; null: never, and nothing is marked.
    #[schema(required)]
    since: Option<Timestamp>,
    /// Ids of records that were not there.
    new: Vec<String>,
    /// Ids of records in which something can be read that could not.
    changed: Vec<String>,
    /// By which it is said that this page was looked at.
    look: Uuid,
}

/// The row of a post, in the program's context: row security shows it to no other.
pub(super) struct Shelf<'a> {
    pub(super) app: &'a App,
    pub(super) program: Ctx,
    pub(super) vault: Vault,
    membership: MembershipId,
}

impl<'a> Shelf<'a> {
    /// Of the context's own post.
    pub(super) async fn own(app: &'a App, ctx: &Ctx) -> Result<Self, db::Error> {
        Self::of(app, Ctx::program(ctx.organization(), ctx.request().clone()), ctx.membership()).await
    }

    /// Of a post, for the program itself.
    pub(super) async fn of(app: &'a App, program: Ctx, membership: MembershipId) -> Result<Self, db::Error> {
        let vault = app.store.db().vault(&program).await?;
        Ok(Self { app, program, vault, membership })
    }

    fn row(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.membership.0.unsigned_abs()))
    }

    pub(super) fn open(&self, drawer: Drawer, sealed: Option<&[u8]>) -> Result<Book, db::Error> {
        let Some(sealed) = sealed else { return Ok(Book::default()) };
        let clear = self.vault.open(drawer, self.row(), sealed)?;
        Book::read(&clear).ok_or(db::Error::Seal("what a relative has seen cannot be read"))
    }

    pub(super) fn seal(&self, drawer: Drawer, book: &Book) -> Vec<u8> {
        self.vault.seal(drawer, self.row(), &book.write())
    }

    /// What the post has seen.
    pub(super) async fn looked(&self) -> Result<Book, db::Error> {
        let tx = self.app.store.db().begin(&self.program).await?;
        let sealed = store::find_looked(&tx, self.membership).await?;
        tx.commit().await?;
        self.open(Drawer::FamilyLooked, sealed.as_deref())
    }

    /// Changes what the post has seen, with nobody in between.
    pub(super) async fn change(&self, change: impl FnOnce(&mut Book)) -> Result<(), db::Error> {
        let tx = self.app.store.db().begin(&self.program).await?;
        store::make(&tx, self.membership).await?;
        let known = store::hold(&tx, self.membership).await?;
        let mut book = self.open(Drawer::FamilyLooked, known.looked.as_deref())?;
        change(&mut book);
        store::set_looked(&tx, self.membership, &self.seal(Drawer::FamilyLooked, &book)).await?;
        tx.commit().await
    }
}

/// The records of a page that say something.
pub(super) fn shown(vault: &Vault, seen: &Seen) -> Vec<Shown> {
    seen.documents.iter().filter_map(|document| Shown::of(vault, &document.body)).collect()
}

/// A relative's page with what is new on it.
pub(super) async fn home(app: &App, ctx: &Ctx, patient: PatientId) -> Result<(Seen, Since), Failure> {
    let seen = ops::home(app, ctx, patient).await?;
    let shelf = Shelf::own(app, ctx).await?;
    let shown = shown(&shelf.vault, &seen);
    let looked = shelf.looked().await?;
    let known = looked.find(patient);
    let since = known.and_then(|glance| glance.at);
    let page = known.map(|glance| glance.page.clone()).unwrap_or_default();
    let News { fresh, changed } = since.map(|_| page.new_of(&shown)).unwrap_or_default();
    let look = app.world.uuid();
    let mut offered = Book::default();
    *offered.of(patient) = Glance { at: Some(app.world.now()), letter: None, page: page.beyond(&shown) };
    let tx = app.store.db().begin(&shelf.program).await?;
    store::make(&tx, ctx.membership()).await?;
    store::offer(&tx, ctx.membership(), look, &shelf.seal(Drawer::FamilyOffered, &offered)).await?;
    tx.commit().await?;
    Ok((seen, Since { since, new: fresh, changed, look }))
}

/// The page of that look was looked at. Said again it changes nothing; of a page that was fetched again since it is refused,
/// because the later one is what is open.
pub(super) async fn looked(app: &App, ctx: &Ctx, patient: PatientId, look: Uuid) -> Result<(), Failure> {
    ops::needs_relative(ctx)?;
    let facility = app.store.facility_of(ctx, patient).await?;
    let shelf = Shelf::own(app, ctx).await?;
    let tx = app.store.db().begin(&shelf.program).await?;
    let known = store::hold(&tx, ctx.membership()).await?;
    if known.offer != Some(look) {
        return Err(db::Error::Conflict.into());
    }
    let Some(offered) = known.offered else { return Ok(()) };
    let mut offered = shelf.open(Drawer::FamilyOffered, Some(&offered))?;
    if offered.find(patient).is_none() {
        return Err(db::Error::Conflict.into());
    }
    let mut book = shelf.open(Drawer::FamilyLooked, known.looked.as_deref())?;
    let seen = std::mem::take(offered.of(patient));
    let mine = book.of(patient);
    mine.at = mine.at.max(seen.at);
    mine.page.take(seen.page);
    let mut event = Event::success("family.looked", Action::Read.needs().key());
    event.facility = facility;
    event.subjects.push((facility, patient));
    app.store.db().record(ctx, event).await?;
    store::set_looked(&tx, ctx.membership(), &shelf.seal(Drawer::FamilyLooked, &book)).await?;
    let mut told = shelf.open(Drawer::FamilyTold, known.told.as_deref())?;
    // They have seen it, whatever they were told of.
    told.of(patient).page = Page::default();
    store::drop_offer(&tx, ctx.membership(), &shelf.seal(Drawer::FamilyTold, &told)).await?;
    Ok(tx.commit().await?)
}
