//! The way out: a link to one document, good for a minute, for the post and browser that asked for it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::keys::Keyring;
use db::{Ctx, Event, Session};
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{ContextId, DataClass, ResourceId};
use policy::Action;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::Error;
use super::model::{Details, LINK, Sealed, names_file, place};
use super::ops::opened;
use super::store::{self, Found, Holder};
use crate::app::App;

const ACTION: Action = Action::Download;
const RTYPE: ResourceType = ResourceType::DocumentReference;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Preview,
    Download,
}

impl Purpose {
    pub(super) const WORDS: [&'static str; 2] = ["preview", "download"];

    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "preview" => Some(Self::Preview),
            "download" => Some(Self::Download),
            _ => None,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Download => "download",
        }
    }

    /// How often it is good: a viewer reads page by page, a download may break off and go on.
    fn uses(self) -> i32 {
        match self {
            Self::Preview => 64,
            Self::Download => 4,
        }
    }
}

/// A link, good once or a few times until then.
#[derive(Serialize, ToSchema)]
#[schema(as = DocumentLink)]
pub(super) struct Link {
    /// At this address, for the caller alone.
    url: String,
    expires_at: Timestamp,
    file_name: String,
    content_type: String,
    size: i64,
}

/// For whom links of a request are.
pub(super) fn holder(session: Option<&(Session, ContextId)>) -> Holder {
    Holder {
        session: session.map(|(session, _)| session.id()),
        context: session.map(|(_, context)| *context),
    }
}

/// Whether the file exists for the context: its DocumentReference does, and says to it where the file is.
pub(super) async fn is_seen(app: &App, ctx: &Ctx, document: Uuid) -> Result<bool, Error> {
    let sees = app.store.sees(ctx, RTYPE, ResourceId(document), |body| names_file(body, document));
    Ok(sees.await?)
}

/// A document that the context may have, and what was said of it.
pub(super) struct Seen {
    pub(super) document: Uuid,
    pub(super) found: Found,
    pub(super) details: Details,
    pub(super) chunks: db::keys::Chunks,
}

/// Finds it; whoever asks logs.
async fn find(app: &App, ctx: &Ctx, document: Uuid) -> Result<Option<Seen>, Error> {
    if !is_seen(app, ctx, document).await? {
        return Ok(None);
    }
    let tx = app.store.db().begin(ctx).await?;
    let found = store::find_clean(&tx, document).await?;
    tx.commit().await?;
    let Some(found) = found else { return Ok(None) };
    let number = Keyring::number_of(&found.details).ok_or(db::Error::Seal("too short"))?;
    let wanted = (found.sealed_for, DataClass::Documents, number);
    // Of a record that went over from another the key stands with that one, to whom the caller need not be tied: that they
    // may have the document was decided above.
    let door = ctx.at_the_door();
    let sight = if found.sealed_for == found.patient { ctx } else { &door };
    let mut keys = app.store.db().keyring().patient_keys(sight, [wanted]).await?;
    let Some(key) = keys.remove(&wanted) else { return Ok(None) };
    let key = key.ok_or(db::Error::Erased)?;
    let details = opened(ctx, document, &found, &key)?;
    let header = found.header.as_deref().ok_or(db::Error::Seal("no header of a file"))?;
    let at = place(ctx.organization(), found.sealed_for, document, Sealed::Bytes);
    let length = u64::try_from(found.bytes).unwrap_or_default();
    let chunks = key.open_chunks(&at, length, header)?;
    Ok(Some(Seen { document, found, details, chunks }))
}

/// The event of something done with a document.
pub(super) fn event(seen: &Seen, detail: String) -> Event {
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.facility = seen.found.facility;
    event.subjects.push((seen.found.facility, seen.found.patient));
    event.resource_type = Some(RTYPE.code());
    event.resource = Some(ResourceId(seen.document));
    event.detail = Some(detail);
    event
}

async fn refuse<T>(app: &App, ctx: &Ctx, reason: &'static str, error: Error) -> Result<T, Error> {
    app.store.db().record(ctx, Event::denied(ACTION.key(), reason)).await?;
    Err(error)
}

/// Makes a link.
pub(super) async fn mint(
    app: &App,
    ctx: &Ctx,
    session: Option<&(Session, ContextId)>,
    document: Uuid,
    purpose: Purpose,
) -> Result<Link, Error> {
    let Some(seen) = find(app, ctx, document).await? else {
        return refuse(app, ctx, "not found or out of reach", db::Error::NotFound.into()).await;
    };
    if purpose == Purpose::Preview && !seen.details.format()?.is_shown() {
        return Err(Error::NotShown);
    }
    let secret = app.world.random::<32>();
    let expires_at = app.world.now() + LINK;
    let event = event(&seen, format!("link for {}", purpose.word()));
    let tx = app.store.db().begin(ctx).await?;
    let digest = digest(&SHA256, &secret);
    let terms = (purpose.word(), purpose.uses(), expires_at);
    store::insert_link(&tx, (digest.as_ref(), document), holder(session), terms, event).await?;
    let context = session.map_or_else(|| "-".to_owned(), |(_, context)| context.to_string());
    Ok(Link {
        url: format!("/api/documents/content/{context}/{}", URL_SAFE_NO_PAD.encode(secret)),
        expires_at,
        file_name: seen.details.file_name,
        content_type: seen.details.content_type,
        size: seen.found.bytes,
    })
}

/// Uses a link: the document, if the caller is whom it was made for and may still have it.
pub(super) async fn follow(
    app: &App,
    ctx: &Ctx,
    session: Option<&(Session, ContextId)>,
    secret: &str,
) -> Result<(Seen, Purpose), Error> {
    let secret = URL_SAFE_NO_PAD.decode(secret).ok().filter(|secret| secret.len() == 32);
    let Some(secret) = secret else { return refuse(app, ctx, "no such link", Error::Ended).await };
    let digest = digest(&SHA256, &secret);
    let tx = app.store.db().begin(ctx).await?;
    let used = store::use_link(&tx, digest.as_ref(), holder(session), app.world.now()).await?;
    tx.commit().await?;
    let Some((document, purpose)) = used else {
        return refuse(app, ctx, "link unknown, used or expired", Error::Ended).await;
    };
    match (find(app, ctx, document).await?, Purpose::parse(&purpose)) {
        (Some(seen), Some(purpose)) => Ok((seen, purpose)),
        _ => refuse(app, ctx, "not found or out of reach", Error::Ended).await,
    }
}
