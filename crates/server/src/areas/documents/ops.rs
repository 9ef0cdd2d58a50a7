//! Letting a file in: opening an upload, taking its bytes, looking them through, filing them.

use std::sync::Arc;
use std::time::Duration;

use adapters::objects::{Terms, upload_headers};
use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::keys::{DataKey, Keyring};
use db::{Ctx, Drawer, Event, Outcome, Request};
use fhir::ResourceType;
use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{DataClass, OrganizationId, PatientId, ResourceId, SessionId};
use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::check::{Fault, Format};
use super::error::Error;
use super::intake::{self, Looked};
use super::model::{self, CATEGORIES, Details, GRACE, OPEN, STUCK, Sealed, file_name, place, quarantine};
use super::store::{self, Found, New};
use crate::app::App;
use crate::http::{Failure, Holder, Incoming, Visit, one_of};

/// The most uploads of one post that wait at a time.
const WAITING: i64 = 100;
/// How long a request waits for the check; it goes on behind it.
const PATIENCE: Duration = Duration::from_secs(20);
const ACTION: Action = Action::Upload;
const RTYPE: ResourceType = ResourceType::DocumentReference;

/// A file that somebody wants to put into a record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDocument)]
pub(super) struct NewUpload {
    /// What it is called; folders and the like are left out of it.
    file_name: String,
    /// Its media type: PDF, JPEG, PNG, TIFF, HEIC, plain text, DOCX or XLSX.
    content_type: String,
    /// How many bytes it has, 50 MiB at most.
    size: i64,
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    sha256: String,
    /// 1 to 200 characters.
    title: String,
    #[schema(schema_with = categories)]
    category: String,
    /// The day it is of, such as `2026-03-01`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    date: Option<Date>,
    /// The document of this patient that it takes the place of.
    #[serde(default)]
    replaces: Option<Uuid>,
}

fn categories() -> Object {
    one_of(&CATEGORIES.map(|(code, ..)| code))
}

/// A header that has to be sent.
#[derive(Serialize, ToSchema)]
#[schema(as = UploadHeader)]
pub(super) struct Header {
    name: &'static str,
    value: String,
}

/// The way in for one file, once.
#[derive(Serialize, ToSchema)]
#[schema(as = UploadTicket)]
pub(super) struct Ticket {
    /// The upload, and the DocumentReference that it becomes.
    document: Uuid,
    /// Where the bytes go. It may be another origin, and holds no secret of ours but this one.
    url: String,
    /// `PUT`
    method: &'static str,
    /// To be sent as they are.
    headers: Vec<Header>,
    /// By when the bytes have to be sent.
    expires_at: Timestamp,
}

fn states() -> Object {
    one_of(&["waiting", "checking", "clean", "refused"])
}

/// How far an upload has come.
#[derive(Serialize, ToSchema)]
#[schema(as = DocumentUpload)]
pub(super) struct Upload {
    document: Uuid,
    #[schema(schema_with = states)]
    state: String,
    /// Why it was refused: `missing`, `length`, `checksum`, `content`, `polyglot`, `bomb`, `macros`, `infected`, `expired`.
    #[schema(required)]
    reason: Option<String>,
}

impl Upload {
    fn new(document: Uuid, state: &str, reason: Option<&str>) -> Self {
        Self { document, state: state.to_owned(), reason: reason.map(str::to_owned) }
    }
}

/// What is sealed into the address of an upload that comes through us.
#[derive(Serialize, Deserialize)]
struct Pass {
    organization: i32,
    quarantine: Uuid,
    bytes: u64,
    sha256: [u8; 32],
    content_type: String,
    expires_at: Timestamp,
}

fn details(app: &App, new: &NewUpload) -> Result<Details, Error> {
    let format = Format::of(&new.content_type).ok_or(Error::Kind)?;
    if new.size < 1 {
        return Err(Error::Invalid("size: at least 1"));
    }
    if u64::try_from(new.size).is_ok_and(|size| size > app.cabinet.limit) {
        return Err(Error::TooLong);
    }
    let sha256 = model::sha256(&new.sha256).ok_or(Error::Invalid("sha256: 64 hexadecimal digits"))?;
    if !CATEGORIES.iter().any(|(code, ..)| *code == new.category) {
        return Err(Error::Invalid("category: one of those listed"));
    }
    if new.date.is_some_and(|date| !(1850..=2200).contains(&date.year())) {
        return Err(Error::Invalid("date: a day of a patient's life"));
    }
    Ok(Details {
        title: model::title(&new.title)?,
        file_name: file_name(&new.file_name, format),
        category: new.category.clone(),
        date: new.date,
        content_type: format.media_type().to_owned(),
        sha256,
        replaces: new.replaces,
    })
}

fn event(found: (kernel::FacilityId, PatientId), document: Uuid, what: &str) -> Event {
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.facility = found.0;
    event.subjects.push(found);
    event.detail = Some(format!("document {document} {what}"));
    event
}

/// Lets the post of the context put one file into a record.
pub(super) async fn open(
    app: &App,
    ctx: &Ctx,
    session: Option<SessionId>,
    patient: PatientId,
    new: &NewUpload,
) -> Result<Ticket, Error> {
    let facility = app.store.may_add(ctx, ACTION, RTYPE, patient).await?;
    let details = details(app, new)?;
    if let Some(replaced) = details.replaces {
        let subject = format!("Patient/{patient}");
        let same = |body: &[u8]| {
            serde_json::from_slice::<serde_json::Value>(body)
                .is_ok_and(|body| body["subject"]["reference"] == subject.as_str())
        };
        if !app.store.sees(ctx, RTYPE, ResourceId(replaced), same).await? {
            return Err(Error::Invalid("replaces: no document of this patient"));
        }
    }
    let now = app.world.now();
    let (document, hidden) = (app.world.uuid(), Uuid::from_bytes(app.world.random()));
    let object = Uuid::from_bytes(app.world.random());
    let expires_at = now + OPEN;
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    if store::count_waiting(&tx, now).await? >= WAITING {
        return Err(Error::TooMany);
    }
    // Held until the row is there, so that row and key stand where the patient is.
    if app.store.hold(&tx, patient).await? != facility {
        return Err(db::Error::Conflict.into());
    }
    let key = db.keyring().current_patient_key(ctx, facility, patient, DataClass::Documents).await?;
    let clear = serde_json::to_vec(&details).map_err(|_| Error::Invalid("title"))?;
    let at = place(ctx.organization(), patient, document, Sealed::Details);
    let sealed = key.seal(&at, 0, &clear, &app.world);
    let ticket = ticket(app, ctx, &details, (document, hidden, new.size), expires_at).await?;
    let row = New {
        document,
        facility,
        patient,
        session,
        bytes: new.size,
        details: &sealed,
        quarantine: hidden,
        object,
        now,
        expires_at,
    };
    store::insert(&tx, &row, event((facility, patient), document, "opened")).await?;
    Ok(ticket)
}

async fn ticket(
    app: &App,
    ctx: &Ctx,
    details: &Details,
    (document, hidden, bytes): (Uuid, Uuid, i64),
    expires_at: Timestamp,
) -> Result<Ticket, Error> {
    let within = Duration::from_secs(u64::try_from(OPEN.as_secs()).unwrap_or(0));
    let terms = Terms { content_type: &details.content_type, sha256: &details.sha256, within };
    let (url, headers) = match app.cabinet.objects.grant(&quarantine(hidden), &terms).await? {
        Some(grant) => (grant.url, grant.headers),
        None => {
            let pass = Pass {
                organization: ctx.organization().0,
                quarantine: hidden,
                bytes: u64::try_from(bytes).unwrap_or_default(),
                sha256: details.sha256,
                content_type: details.content_type.clone(),
                expires_at,
            };
            let clear = serde_json::to_vec(&pass).map_err(|_| Error::Invalid("title"))?;
            let vault =
                app.store.db().vault(&program(ctx.request().clone(), OrganizationId::PLATFORM)).await?;
            let sealed = URL_SAFE_NO_PAD.encode(vault.seal(Drawer::UploadTicket, document, &clear));
            (format!("/api/uploads/{}.{sealed}", document.simple()), upload_headers(&terms))
        }
    };
    let headers = headers.into_iter().map(|(name, value)| Header { name, value }).collect();
    Ok(Ticket { document, url, method: "PUT", headers, expires_at })
}

fn program(request: Request, organization: OrganizationId) -> Ctx {
    Ctx::program(organization, request)
}

/// Takes the bytes of an upload by our own address, once, if they are what was agreed on.
pub(super) async fn receive(visit: &Visit, mut incoming: Incoming) -> Result<(), Failure> {
    let app = &visit.app;
    let (document, pass) = pass(visit).await?;
    let given = |name: &str| visit.header(name).unwrap_or_default().to_owned();
    let terms = Terms { content_type: &pass.content_type, sha256: &pass.sha256, within: Duration::ZERO };
    let agreed = upload_headers(&terms).iter().all(|(name, value)| given(name) == *value)
        && given("content-length") == pass.bytes.to_string()
        && !visit.has_header("content-encoding");
    if !agreed {
        return Err(Error::Terms.into());
    }
    let now = app.world.now();
    let ctx = program(visit.request.clone(), OrganizationId(pass.organization));
    let tx = app.store.db().begin(&ctx).await?;
    if pass.expires_at <= now || !store::receive(&tx, document, now).await? {
        return Err(Error::Ended.into());
    }
    drop(tx);
    let mut writer = app.cabinet.objects.writer(&quarantine(pass.quarantine)).await.map_err(Error::from)?;
    let (mut sum, mut left) = (Context::new(&SHA256), pass.bytes);
    while let Some(part) = incoming.next().await? {
        let Some(rest) = left.checked_sub(part.len() as u64) else { break };
        left = rest;
        sum.update(&part);
        writer.write(part).await.map_err(Error::from)?;
    }
    if left > 0 || sum.finish().as_ref() != pass.sha256 {
        writer.abort().await;
        return Err(Error::Terms.into());
    }
    writer.finish().await.map_err(Error::from)?;
    Ok(())
}

/// What was sealed into the address.
async fn pass(visit: &Visit) -> Result<(Uuid, Pass), Error> {
    let text = visit.param("upload");
    let (document, sealed) = text.split_once('.').filter(|_| text.len() < 2048).ok_or(Error::Ended)?;
    let document = Uuid::try_parse(document).map_err(|_| Error::Ended)?;
    let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Error::Ended)?;
    let vault = visit.app.store.db().vault(&visit.program()).await?;
    let clear = vault.open(Drawer::UploadTicket, document, &sealed).map_err(|_| Error::Ended)?;
    let pass: Pass = serde_json::from_slice(&clear).map_err(|_| Error::Ended)?;
    let here = visit.organization.is_none_or(|organization| organization.0 == pass.organization);
    if here { Ok((document, pass)) } else { Err(Error::Ended) }
}

async fn own(app: &App, ctx: &Ctx, session: Option<SessionId>, document: Uuid) -> Result<Found, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let found = store::find_own(&tx, document, session).await?;
    tx.commit().await?;
    match found {
        Some(found) => Ok(found),
        None => {
            app.store.db().record(ctx, Event::denied(ACTION.key(), "no such upload")).await?;
            Err(db::Error::NotFound.into())
        }
    }
}

/// How far one's own upload has come.
pub(super) async fn look(
    app: &App,
    ctx: &Ctx,
    session: Option<SessionId>,
    document: Uuid,
) -> Result<Upload, Error> {
    let found = own(app, ctx, session, document).await?;
    app.store.db().record(ctx, event((found.facility, found.patient), document, "looked at")).await?;
    Ok(Upload::new(document, &found.state, found.reason.as_deref()))
}

/// Says that the bytes are there: they are looked through and filed. What was decided already stays so.
pub(super) async fn complete(
    app: &App,
    ctx: &Ctx,
    (session, holder): (Option<SessionId>, Holder),
    document: Uuid,
) -> Result<Upload, Error> {
    let found = own(app, ctx, session, document).await?;
    if matches!(found.state.as_str(), "clean" | "refused") {
        app.store.db().record(ctx, event((found.facility, found.patient), document, "looked at")).await?;
        return Ok(Upload::new(document, &found.state, found.reason.as_deref()));
    }
    app.store.may_add(ctx, ACTION, RTYPE, found.patient).await?;
    let now = app.world.now();
    let tx = app.store.db().begin(ctx).await?;
    let taken = store::take(&tx, document, (now, now - GRACE, now - STUCK)).await?;
    tx.commit().await?;
    if !taken {
        let checking = found.state == "checking";
        return if checking { Ok(Upload::new(document, "checking", None)) } else { Err(Error::Over) };
    }
    let work = Work { app: app.clone(), ctx: ctx.clone(), holder, document, found, taken_at: now };
    // It goes on though whoever asked goes away: half a check is none.
    let running = tokio::spawn(work.run());
    match tokio::time::timeout(PATIENCE, running).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(db::Error::Unavailable("a check ended badly").into()),
        Err(_) => Ok(Upload::new(document, "checking", None)),
    }
}

/// One upload that is looked through.
struct Work {
    app: App,
    ctx: Ctx,
    holder: Holder,
    document: Uuid,
    found: Found,
    taken_at: Timestamp,
}

impl Work {
    async fn run(self) -> Result<Upload, Error> {
        let done = self.all().await;
        if let Err(error) = &done {
            tracing::warn!(target: "documents", document = %self.document, %error, "an upload could not be checked");
            // It waits again: nothing was decided.
            self.left().await;
        }
        done
    }

    async fn all(&self) -> Result<Upload, Error> {
        let _place = self.app.cabinet.place().await.ok_or(Error::Busy)?;
        let key = self.key().await?;
        let details = opened(&self.ctx, self.document, &self.found, &key)?;
        let upload = (self.document, &self.found);
        match intake::look_through(&self.app, &self.ctx, upload, &details, &key).await? {
            Looked::Refused(fault) => self.refuse(fault).await,
            Looked::Clean { header, sha1 } => self.file(&details, &header, &sha1).await,
        }
    }

    /// The key that the upload's details were sealed with; its bytes are sealed with the same.
    async fn key(&self) -> Result<Arc<DataKey>, Error> {
        let number = Keyring::number_of(&self.found.details).ok_or(db::Error::Seal("too short"))?;
        let wanted = (self.found.sealed_for, DataClass::Documents, number);
        let mut keys = self.app.store.db().keyring().patient_keys(&self.ctx, [wanted]).await?;
        let key = keys.remove(&wanted).ok_or(db::Error::Seal("the key it names is not there"))?;
        Ok(key.ok_or(db::Error::Erased)?)
    }

    async fn left(&self) {
        let undone = async {
            let tx = self.app.store.db().begin(&self.ctx).await?;
            store::decide(&tx, self.document, self.taken_at, ("waiting", None, None)).await?;
            tx.commit().await
        };
        if let Err(error) = undone.await {
            tracing::info!(target: "documents", document = %self.document, %error, "it stays taken for some minutes");
        }
        let sealed = model::object(self.found.object);
        let _ = self.app.cabinet.objects.delete(&sealed).await;
    }

    async fn refuse(&self, fault: Fault) -> Result<Upload, Error> {
        let db = self.app.store.db();
        let tx = db.begin(&self.ctx).await?;
        store::decide(&tx, self.document, self.taken_at, ("refused", Some(fault.code()), None)).await?;
        let mut event = event((self.found.facility, self.found.patient), self.document, "refused");
        (event.outcome, event.reason) = (Outcome::Failure, fault.code());
        db.record(&self.ctx, event).await?;
        tx.commit().await?;
        self.forget().await;
        Ok(Upload::new(self.document, "refused", Some(fault.code())))
    }

    async fn file(&self, details: &Details, header: &[u8], sha1: &[u8]) -> Result<Upload, Error> {
        // Looking through took a while: who may not write any more files nothing.
        let ctx = match self.holder.ctx().await {
            Ok(now) if now.membership() == self.ctx.membership() => now,
            _ => return Err(db::Error::Denied(None).into()),
        };
        let tx = self.app.store.db().begin(&ctx).await?;
        store::decide(&tx, self.document, self.taken_at, ("clean", None, Some(header))).await?;
        let name = store::find_name(&tx).await?;
        let now = self.app.world.now();
        let bytes = (self.found.bytes, sha1);
        let body =
            model::resource(self.document, self.found.patient, details, bytes, (&name, now)).to_string();
        self.app.store.file(&tx, RTYPE, ResourceId(self.document), body.as_bytes()).await?;
        self.forget().await;
        Ok(Upload::new(self.document, "clean", None))
    }

    /// Empties quarantine; what cannot be deleted now is swept later.
    async fn forget(&self) {
        if self.app.cabinet.objects.delete(&quarantine(self.found.quarantine)).await.is_err() {
            return;
        }
        let noted = async {
            let tx = self.app.store.db().begin(&self.ctx).await?;
            store::left_quarantine(&tx, self.document, self.app.world.now()).await
        };
        if let Err(error) = noted.await {
            tracing::info!(target: "documents", document = %self.document, %error, "it is swept again later");
        }
    }
}

/// What was said of a document, unsealed. It stays here or goes out with a receipt.
pub(super) fn opened(ctx: &Ctx, document: Uuid, found: &Found, key: &DataKey) -> Result<Details, Error> {
    let at = place(ctx.organization(), found.sealed_for, document, Sealed::Details);
    let (_, clear) = key.open(&at, &found.details)?;
    serde_json::from_slice(&clear).map_err(|_| db::Error::Seal("no details of ours").into())
}
