//! Signing: the draft is taken, and what it says becomes records that never change, in one transaction.

use std::sync::Arc;

use db::{Ctx, Event, Tx};
use fhir::ResourceType;
use kernel::{DataClass, ResourceId, Version};
use policy::{Action, Target};
use uuid::Uuid;

use super::drafts::{Found, Kept, find, overtaken, show};
use super::templates;
use crate::app::App;
use crate::areas::notes::error::Error;
use crate::areas::notes::fhir::{self as resources, Head, Meaning, Note, Signer};
use crate::areas::notes::model::{
    Answers, Author, Beside, Section, Template, asked, hash, hex, missing, scores, summary as words,
};
use crate::areas::notes::store::{self, House};

/// How often a signing is tried that met another which had nothing to do with it.
const TRIES: usize = 3;
/// The most characters of a reason.
const MOST_REASON: usize = 500;

/// A draft that can be signed.
pub(in super::super) struct Ready {
    found: Found,
    template: Arc<Template>,
    reason: Option<String>,
    corrects: Option<Uuid>,
    /// Whether the template asks for a step-up.
    pub(in super::super) step_up: bool,
}

/// What would be signed, and what is still to be answered.
pub(in super::super) async fn summary(
    app: &App,
    ctx: &Ctx,
    draft: Uuid,
) -> Result<(Vec<Section>, Vec<String>), Error> {
    let found = find(app, ctx, Action::LookAtDrafts, draft).await?;
    let house = house(app, ctx, found.row.facility).await?;
    let draft = show(app, ctx, found).await?;
    let template = templates::fetch(app, ctx, &draft.template.template).await?;
    let beside = Beside { snapshots: &draft.snapshots, reason: None, zone: &house.zone };
    let answers = asked(&template, &draft.answers);
    Ok((words(&template, &answers, &beside), missing(&template, &answers)))
}

async fn house(app: &App, ctx: &Ctx, facility: kernel::FacilityId) -> Result<House, Error> {
    let tx = app.store.db().begin(ctx).await?;
    Ok(store::fetch_house(&tx, (ctx.organization(), ctx.membership()), facility).await?)
}

/// Whoever signs now.
pub(super) async fn signer(
    app: &App,
    ctx: &Ctx,
    facility: kernel::FacilityId,
) -> Result<(Signer, House), Error> {
    let house = house(app, ctx, facility).await?;
    let membership = ctx.membership();
    let name = if house.name.trim().is_empty() { format!("Post {membership}") } else { house.name.clone() };
    let signer = Signer {
        author: Author { membership, name },
        slug: ctx.slug().to_owned(),
        organization: house.organization.clone(),
        at: app.world.now(),
    };
    Ok((signer, house))
}

/// Whether a version of a draft can be signed.
pub(in super::super) async fn prepare(
    app: &App,
    ctx: &Ctx,
    (draft, version): (Uuid, i32),
    reason: Option<&str>,
) -> Result<Ready, Error> {
    let found = find(app, ctx, Action::SignNote, draft).await?;
    if found.row.version != version {
        return Err(Error::Changed(Box::new(show(app, ctx, found).await?)));
    }
    let (mut name, mut corrects) = (String::new(), None);
    found.kept.matches(|kept| {
        name.clone_from(&kept.template);
        corrects = kept.corrects;
        true
    });
    let template = templates::fetch(app, ctx, &name).await?;
    let reason = reason.map(str::trim);
    let fits =
        |text: &str| (1..=MOST_REASON).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    match (corrects.is_some(), reason) {
        (true, Some(text)) if fits(text) => {}
        (true, _) => return Err(Error::coded(400, "invalid", "reason: 1 to 500 characters")),
        (false, None) => {}
        (false, Some(_)) => return Err(Error::coded(400, "invalid", "reason: with a correction only")),
    }
    let mut lacking = None;
    found.kept.matches(|kept| {
        let answers = asked(&template, &kept.answers);
        let beside = Beside { snapshots: &kept.snapshots, reason: None, zone: &jiff::tz::TimeZone::UTC };
        let missing = missing(&template, &answers);
        if !missing.is_empty() || words(&template, &answers, &beside).is_empty() {
            lacking = Some(missing);
        }
        true
    });
    match lacking {
        Some(missing) => Err(Error::Incomplete(missing)),
        None => {
            let step_up = template.step_up;
            Ok(Ready { found, template, reason: reason.map(str::to_owned), corrects, step_up })
        }
    }
}

/// Signs; gives the Composition and the hash.
pub(in super::super) async fn sign(app: &App, ctx: &Ctx, ready: Ready) -> Result<(Uuid, String), Error> {
    for _ in 1..TRIES {
        match sign_once(app, ctx, &ready).await {
            // Somebody else stored the template meanwhile.
            Err(Error::Failure(failure)) if failure.is_conflict() => {}
            done => return done,
        }
    }
    sign_once(app, ctx, &ready).await
}

async fn sign_once(app: &App, ctx: &Ctx, ready: &Ready) -> Result<(Uuid, String), Error> {
    const ACTION: Action = Action::SignNote;
    let db = app.store.db();
    let (draft, version, patient) = (ready.found.row.id, ready.found.row.version, ready.found.row.patient);
    let composition = match ready.corrects {
        // One note is corrected by one: what corrects it has an id that follows from its own.
        Some(old) => ResourceId(templates::derived(app, ctx, "note-correction", old.as_bytes()).await?),
        None => ResourceId(app.world.uuid()),
    };
    let template = templates::to_store(app, ctx, ACTION, &ready.template).await?;
    let (signer, house) = signer(app, ctx, ready.found.row.facility).await?;
    let mut made = None;
    ready.found.kept.matches(|kept| {
        made = records(app, ready, kept, composition, &signer, &house);
        true
    });
    let (mut records, hash) = made.ok_or(db::Error::Stored("a note that cannot be written"))?;
    records.extend(template);
    let hash = hex(&hash);
    let tx = db.begin(ctx).await?;
    // The patient first, as everybody who moves or writes of them does.
    let facility = app.store.hold(&tx, patient).await?;
    db.authorize(ctx, ACTION, Target { facility: Some(facility), class: Some(DataClass::General) }).await?;
    match take(&tx, (draft, version), &signer, composition).await {
        Err(db::Error::Conflict) => {
            drop(tx);
            return Err(overtaken(app, ctx, draft).await);
        }
        done => done?,
    }
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event = event.about(ResourceType::Composition.code(), Some((composition, Version::FIRST)));
    let replaces = ready.corrects.map(|old| format!(" replaces {old}")).unwrap_or_default();
    event.detail = Some(format!("draft {draft} hash {hash}{replaces}"));
    match app.store.enter(&tx, ACTION, records, event).await {
        Err(chart::Error::Db(db::Error::Constraint(name))) if name == "resource_pkey" => {
            drop(tx);
            taken(app, ctx, ready, composition).await
        }
        Err(error) => Err(error.into()),
        Ok(_) => Ok((composition.0, hash)),
    }
}

async fn take(
    tx: &Tx<'_>,
    draft: (Uuid, i32),
    signer: &Signer,
    composition: ResourceId,
) -> Result<(), db::Error> {
    let organization = tx.ctx().organization();
    store::archive(tx, organization, draft, (signer.author.membership, signer.at), composition).await
}

/// Which of the ids was taken: that of the one correction, or that of the template.
async fn taken<T>(app: &App, ctx: &Ctx, ready: &Ready, composition: ResourceId) -> Result<T, Error> {
    if ready.corrects.is_some() {
        match app.store.read(ctx, ResourceType::Composition, composition).await {
            Ok(_) => {
                return Err(Error::coded(
                    409,
                    "already-corrected",
                    "another correction replaced the note already",
                ));
            }
            Err(chart::Error::Db(db::Error::NotFound)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(db::Error::Conflict.into())
}

/// Everything that signing writes, and the hash.
fn records(
    app: &App,
    ready: &Ready,
    kept: &Kept,
    composition: ResourceId,
    signer: &Signer,
    house: &House,
) -> Option<(Vec<chart::New>, [u8; 32])> {
    let template = &ready.template;
    let answers: Answers = asked(template, &kept.answers);
    let scores = scores(template, &answers);
    let reason = ready.reason.as_deref();
    let sections =
        words(template, &answers, &Beside { snapshots: &kept.snapshots, reason, zone: &house.zone });
    let next = || ResourceId(app.world.uuid());
    let (response, patient) = (next(), ready.found.row.patient);
    let note = Note {
        id: composition,
        response,
        patient,
        template,
        answers: &answers,
        scores: &scores,
        snapshots: &kept.snapshots,
        sections: &sections,
        signer,
    };
    let data = resources::response(&note);
    let observed = resources::observations(&note, next);
    let written = resources::sections(note.sections, &kept.snapshots, &observed);
    let hash = hash(Some(&data), &written)?;
    let kind = resources::kind(template);
    let head = Head {
        id: composition,
        patient,
        title: &template.title,
        kind: &kind,
        signer,
        relates: ready.corrects.map(|old| ("replaces", old)),
        response: Some(response),
        co_sign: template.co_sign,
    };
    let signature = resources::provenance((composition, patient), signer, Meaning::Author, &hash, reason);
    let mut records = vec![
        resources::record(ResourceType::Composition, composition, &resources::composition(&head, written)),
        resources::record(ResourceType::QuestionnaireResponse, response, &data),
        resources::record(ResourceType::Provenance, next(), &signature),
    ];
    records.extend(observed.into_iter().map(|one| one.record));
    Some((records, hash))
}
