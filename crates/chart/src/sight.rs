//! The store for those who do not see everything: which types and parameters there are, what stands for a version, how
//! they write.

use std::borrow::Cow;

use db::{Ctx, Event};
use fhir::ResourceType;
use fhir::compartment::patient_paths;
use fhir::json::parse;
use fhir::search::{Subject, reads};
use fhir::validate::Issue;
use jiff::Timestamp;
use kernel::{ResourceId, Version};
use policy::Action;

use crate::intake::{self, Draft, Placed};
use crate::model::{Document, Written};
use crate::record::{Keys, Record};
use crate::search::Door;
use crate::{Error, Store, merge, view};

/// A version that no record has.
const NEVER: Version = Version(0);
/// How often a change is tried again that met another which its writer cannot see.
const TRIES: usize = 3;

/// Whether records of this type can exist for the context.
pub fn has_type(ctx: &Ctx, rtype: ResourceType) -> bool {
    ctx.fields().is_none_or(|fields| fields.shows_type(rtype.as_str()))
}

/// Whether the context may ask for records of this type by whose they are.
pub fn has_compartment(ctx: &Ctx, rtype: ResourceType) -> bool {
    ctx.fields().is_none_or(|fields| {
        let seen = |path: &&[&str]| fields.shows_all_of(&[rtype.as_str(), ".", &path.join(".")].concat());
        rtype == ResourceType::Patient || patient_paths(rtype).iter().all(seen)
    })
}

/// Whether there is such a search parameter for the context: what it cannot read it cannot ask about.
pub fn has_parameter(ctx: &Ctx, rtype: ResourceType, subject: Subject) -> bool {
    let Some(fields) = ctx.fields() else { return true };
    match subject {
        Subject::Id => true,
        // It moves with what is hidden.
        Subject::LastUpdated => false,
        Subject::Param(param) => {
            let paths = reads(rtype, param);
            !paths.is_empty() && paths.iter().all(|path| fields.shows_all_of(path))
        }
    }
}

impl Store {
    /// As [`Store::update`], from the version that looks so to the context ([`Document::tag`]).
    ///
    /// # Errors
    /// As [`Store::update`].
    pub async fn update_seen(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        id: ResourceId,
        tag: &str,
        body: &[u8],
    ) -> Result<Written, Error> {
        for _ in 1..TRIES {
            let version = self.version_seen(&Door::Own(ctx), rtype, id, tag).await?;
            match self.update(ctx, rtype, id, Some(version), body).await {
                Err(Error::Db(db::Error::Conflict)) if version != NEVER => {}
                done => return done,
            }
        }
        let version = self.version_seen(&Door::Own(ctx), rtype, id, tag).await?;
        self.update(ctx, rtype, id, Some(version), body).await
    }

    /// As [`Store::delete`], from the version that looks so to the context.
    ///
    /// # Errors
    /// As [`Store::delete`].
    pub async fn delete_seen(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        id: ResourceId,
        tag: &str,
    ) -> Result<Version, Error> {
        let version = self.version_seen(&Door::Own(ctx), rtype, id, tag).await?;
        self.delete(ctx, rtype, id, Some(version)).await
    }

    /// The current version if it looks so to the context, else one that no record has. Nothing of it leaves.
    pub(crate) async fn version_seen(
        &self,
        door: &Door<'_>,
        rtype: ResourceType,
        id: ResourceId,
        tag: &str,
    ) -> Result<Version, Error> {
        let ctx = door.ctx();
        let Some(record) = self.current_row(door, rtype, id).await? else { return Ok(NEVER) };
        if record.sealed.is_none() || !view::exists(ctx, &record) {
            return Ok(NEVER);
        }
        let key = self.db.keyring().index_key(ctx).await?;
        let records = [record];
        let keys = Keys::of(&self.db, ctx, &records).await?;
        let [record] = records;
        let same = keys.open(ctx, &record)?.matches(|body| tag_of(&key, body) == tag);
        Ok(if same { record.version } else { NEVER })
    }

    /// Refuses what is not for relatives: they read what was approved.
    pub(crate) async fn may_change(&self, ctx: &Ctx, action: Action) -> Result<(), Error> {
        match ctx.fields() {
            Some(fields) if fields.is_approved_only() => self.refuse(ctx, action).await,
            _ => Ok(()),
        }
    }

    /// Refuses what concerns whole records.
    pub(crate) async fn sees_all(&self, ctx: &Ctx, action: Action) -> Result<(), Error> {
        if ctx.fields().is_some() { self.refuse(ctx, action).await } else { Ok(()) }
    }

    async fn refuse(&self, ctx: &Ctx, action: Action) -> Result<(), Error> {
        self.db.record(ctx, Event::denied(action.key(), "sees a part of the record")).await?;
        Err(db::Error::Denied(None).into())
    }

    /// A draft of what the context sends. What it cannot see does not exist in it.
    pub(crate) fn draft(
        &self,
        ctx: &Ctx,
        body: &[u8],
        rtype: ResourceType,
        place: (ResourceId, Version, Timestamp),
    ) -> Result<Draft, Error> {
        self.admit(ctx, body)?;
        self.draft_whole(ctx, body, rtype, place)
    }

    /// As [`Store::draft`] for an update of `record`: with what the context does not see of it.
    pub(crate) async fn redraft(
        &self,
        ctx: &Ctx,
        record: &Record,
        body: &[u8],
        at: Timestamp,
    ) -> Result<Draft, Error> {
        let whole = self.joined(ctx, record, body).await?;
        self.draft_whole(ctx, &whole, record.rtype, (record.id, record.version.next(), at))
    }

    fn draft_whole(
        &self,
        ctx: &Ctx,
        body: &[u8],
        rtype: ResourceType,
        place: (ResourceId, Version, Timestamp),
    ) -> Result<Draft, Error> {
        intake::draft(body, &self.limits, Some(rtype), place).map_err(|error| unseen(ctx, error))
    }

    /// Refuses a document that sets what does not exist for its writer.
    fn admit(&self, ctx: &Ctx, body: &[u8]) -> Result<(), Error> {
        let Some(fields) = ctx.fields() else { return Ok(()) };
        let root = parse(body, &self.limits)?;
        let issues = merge::trespasses(fields.view(None), intake::type_of(&root)?, &root);
        if issues.is_empty() { Ok(()) } else { Err(Error::Invalid(issues)) }
    }

    async fn joined<'b>(&self, ctx: &Ctx, record: &Record, body: &'b [u8]) -> Result<Cow<'b, [u8]>, Error> {
        let Some(fields) = ctx.fields() else { return Ok(Cow::Borrowed(body)) };
        self.admit(ctx, body)?;
        if record.sealed.is_none() {
            return Ok(Cow::Borrowed(body));
        }
        let sent = parse(body, &self.limits)?;
        let keys = Keys::of(&self.db, ctx, std::slice::from_ref(record)).await?;
        let mut whole = None;
        keys.open_whole(ctx, record)?.matches(|stored| {
            whole = parse(stored, &self.limits)
                .ok()
                .map(|stored| merge::join(fields.view(record.patient), &sent, &stored));
            true
        });
        whole.map(Cow::Owned).ok_or_else(|| db::Error::Seal("no JSON of ours").into())
    }

    /// The document of a record that was opened.
    pub(crate) async fn document(
        &self,
        ctx: &Ctx,
        record: &Record,
        body: Vec<u8>,
    ) -> Result<Document, Error> {
        Ok(Document {
            rtype: record.rtype,
            id: record.id,
            version: record.version,
            updated_at: record.updated_at,
            class: record.class,
            tag: self.tag(ctx, &body).await?,
            body,
        })
    }

    /// The document of a row just written, as its writer sees it.
    pub(crate) async fn written(&self, ctx: &Ctx, placed: Placed) -> Result<Document, Error> {
        let draft = placed.draft;
        ctx.shown().note(draft.class);
        let body = match ctx.fields() {
            None => draft.body,
            Some(fields) => {
                view::project(fields.view(draft.patient()), &draft.body).ok_or(db::Error::NotFound)?
            }
        };
        Ok(Document {
            rtype: draft.rtype,
            id: draft.id,
            version: draft.version,
            updated_at: draft.at,
            class: draft.class,
            tag: self.tag(ctx, &body).await?,
            body,
        })
    }

    async fn tag(&self, ctx: &Ctx, body: &[u8]) -> Result<Option<String>, Error> {
        if ctx.fields().is_none() {
            return Ok(None);
        }
        Ok(Some(tag_of(&self.db.keyring().index_key(ctx).await?, body)))
    }
}

/// What stands for the version of a document that its reader sees a part of: a keyed hash of that part.
fn tag_of(key: &db::keys::SearchKey, body: &[u8]) -> String {
    use std::fmt::Write as _;
    key.digest(&[b"tag", body])[..16].iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The error without what it says of elements that do not exist for the context.
fn unseen(ctx: &Ctx, error: Error) -> Error {
    let (Some(fields), Error::Invalid(issues)) = (ctx.fields(), &error) else { return error };
    let seen = |issue: &&Issue| {
        let mut path = String::with_capacity(issue.path.len());
        let mut inside = false;
        for letter in issue.path.chars() {
            inside = letter == '[' || (inside && letter != ']');
            if !inside && letter != ']' {
                path.push(letter);
            }
        }
        !fields.view(None).hides(&path)
    };
    let seen: Vec<Issue> = issues.iter().filter(seen).cloned().collect();
    if seen.is_empty() { Error::Request(422, "the resource is not acceptable") } else { Error::Invalid(seen) }
}
