//! `/api/patients/{patient}/documents`, `/api/documents` and `/api/uploads`: what is asked and answered, and nothing else.

use kernel::{PatientId, SessionId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use policy::Action;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::error::Error;
use super::links::{self, Link, Purpose};
use super::model::object;
use super::ops::{self, NewUpload, Ticket, Upload};
use super::outgoing::{Outgoing, Sealed};
use super::send::{Reader, wanted};
use crate::http::{
    Access, Answer, Body, CHECK, Call, DOWNLOAD, Doc, Failure, Handler, Incoming, Reply, Route, Verb, Visit,
    one_of,
};

/// The rows of documents.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Post, "/api/patients/{patient}/documents/uploads", Action::Upload, &OPEN, |c| {
        Box::pin(open(c))
    }),
    Route {
        method: Verb::Put,
        path: "/api/uploads/{upload}",
        interaction: "upload",
        access: Access::Visitor(
            "what lets in is sealed into the address: for one file of known length, type and checksum, once",
        ),
        resource: "document",
        health_data: false,
        audited: false,
        body: Body::File,
        active: false,
        doc: Some(&PUT),
        handler: Handler::Upload(|visit, incoming| Box::pin(put(visit, incoming))),
    },
    row(Verb::Get, "/api/documents/uploads/{document}", Action::Upload, &LOOK, |c| Box::pin(look(c))),
    Route {
        interaction: CHECK,
        body: Body::None,
        ..row(Verb::Post, "/api/documents/uploads/{document}/complete", Action::Upload, &COMPLETE, |c| {
            Box::pin(complete(c))
        })
    },
    Route {
        health_data: true,
        ..row(Verb::Post, "/api/documents/{document}/links", Action::Download, &MINT, |c| Box::pin(mint(c)))
    },
    Route {
        interaction: DOWNLOAD,
        health_data: true,
        ..row(Verb::Get, "/api/documents/content/{context}/{link}", Action::Download, &CONTENT, |c| {
            Box::pin(content(c))
        })
    },
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route::within("document", (method, path), Access::Needs(action), doc, handler)
}

fn id(call: &Call) -> Result<Uuid, Failure> {
    call.param("document").parse().map_err(|_| Failure::unlisted())
}

fn session(call: &Call) -> Option<SessionId> {
    call.session.as_ref().map(|(session, _)| session.id())
}

const OPEN: Doc = Doc::new("Be let in to put one file into a patient's record")
    .takes::<NewUpload>()
    .gives::<Ticket>(201)
    .problems(&["invalid", "storage-unavailable", "too-large", "too-many-uploads", "type-not-taken"]);

async fn open(call: Call) -> Result<Reply, Failure> {
    let patient: PatientId = call.param("patient").parse().map_err(|_| Failure::unlisted())?;
    let new: NewUpload = call.json()?;
    let ticket = ops::open(&call.app, &call.ctx, session(&call), patient, &new).await?;
    Reply::json(201, &ticket)
}

const PUT: Doc = Doc::new(
    "The bytes of a file, with the headers of its ticket; once. Where files lie in a bucket, tickets name an address there",
)
.status(200)
.problems(&["not-as-agreed", "storage-unavailable"]);

async fn put(visit: Visit, incoming: Incoming) -> Result<Reply, Failure> {
    ops::receive(&visit, incoming).await?;
    Ok(Reply::empty(200))
}

const LOOK: Doc = Doc::new("How far one's own upload has come").gives::<Upload>(200);

async fn look(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::look(&call.app, &call.ctx, session(&call), id(&call)?).await?)
}

const COMPLETE: Doc = Doc::new(
    "Say that the bytes are there: they are looked through, sealed, and filed as a DocumentReference of this id. Asked \
     again, it tells what was decided",
)
.gives::<Upload>(200)
.problems(&["scanner-unavailable", "storage-unavailable", "upload-over"]);

async fn complete(mut call: Call) -> Result<Reply, Failure> {
    let holder = call.hold().ok_or_else(|| Failure::broken("a check without its holder"))?;
    let upload = ops::complete(&call.app, &call.ctx, (session(&call), holder), id(&call)?).await?;
    Reply::json(200, &upload)
}

fn purposes() -> Object {
    one_of(&Purpose::WORDS)
}

/// What a link is wanted for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDocumentLink {
    #[schema(schema_with = purposes)]
    purpose: String,
}

const MINT: Doc =
    Doc::new("A link to the bytes of a document, for the caller alone and for less than a minute")
        .takes::<NewDocumentLink>()
        .gives::<Link>(200)
        .problems(&["invalid", "no-preview"]);

async fn mint(call: Call) -> Result<Reply, Failure> {
    let new: NewDocumentLink = call.json()?;
    let purpose = Purpose::parse(&new.purpose).ok_or(Error::Invalid("purpose: preview or download"))?;
    let link = links::mint(&call.app, &call.ctx, call.session.as_ref(), id(&call)?, purpose).await?;
    Reply::json(200, &link)
}

const CONTENT: Doc = Doc::new("The bytes of a document, by a link. It takes `Range`").status(200);

/// What a document may do wherever it is shown: nothing.
const POLICY: &str =
    "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// What stands in a file name of RFC 8187 without being encoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

fn disposition(purpose: Purpose, name: &str) -> String {
    let kind = if purpose == Purpose::Preview { "inline" } else { "attachment" };
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "._- ".contains(letter) { letter } else { '_' })
        .collect();
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, PLAIN))
}

async fn content(mut call: Call) -> Result<Reply, Failure> {
    let holder = call.hold().ok_or_else(|| Failure::broken("a download without its holder"))?;
    let (app, ctx) = (&call.app, &call.ctx);
    let (seen, purpose) = links::follow(app, ctx, call.session.as_ref(), call.param("link")).await?;
    let length = u64::try_from(seen.found.bytes).unwrap_or_default();
    // Nothing is kept that a part could belong to: who asks for one on a condition gets all of it.
    let range = if call.header("if-range")?.is_some() { None } else { call.header("range")? };
    let Ok(range) = wanted(range, length) else {
        let failure = Failure::new(416, "value", "the file has no such part");
        return Err(failure.with("content-range", &format!("bytes */{length}")));
    };
    let part = range.clone().unwrap_or(0..length);
    let detail = format!("{} bytes {}-{}", purpose.word(), part.start, part.end);
    // Durable before the first byte leaves.
    app.store.db().record(ctx, links::event(&seen, detail)).await?;
    let (media_type, name) = (seen.details.content_type.clone(), seen.details.file_name.clone());
    let media_type =
        if media_type == "text/plain" { "text/plain; charset=utf-8".to_owned() } else { media_type };
    let sealed = Sealed { object: object(seen.found.object), chunks: seen.chunks };
    let reader = Reader { app: app.clone(), ctx: ctx.clone(), holder, document: seen.document };
    let place = (&app.cabinet.objects, &app.world);
    let sending = Outgoing::begin(place, sealed, part.clone(), reader).await.map_err(Error::from)?;
    let status = if range.is_some() { 206 } else { 200 };
    let mut reply = Reply::file(status, &media_type, part.end - part.start, sending.stream())
        .with("accept-ranges", "bytes")
        .with("content-disposition", disposition(purpose, &name))
        .with("content-security-policy", POLICY)
        .with("cross-origin-resource-policy", "same-origin");
    if range.is_some() {
        reply = reply.with("content-range", format!("bytes {}-{}/{length}", part.start, part.end - 1));
    }
    Ok(reply)
}
