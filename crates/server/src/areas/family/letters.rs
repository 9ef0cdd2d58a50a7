//! What a relative and the care team write to each other: Communications (<https://hl7.org/fhir/R4/communication.html>) that
//! name the relative's post. A relative reads their own thread and nothing else of that type, whatever was approved; the
//! care team reads them in the chart like any record, and is given a task for each that waits for an answer.

use chart::{Document, LETTER, New, SearchRequest};
use db::{Ctx, Event};
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::{MembershipId, PatientId, PersonId, ResourceId};
use policy::Action;
use policy::fields::Fields;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::looks::Shelf;
use super::ops::{self, called};
use super::store;
use crate::app::App;
use crate::areas::notes::POST;
use crate::areas::tasks;
use crate::http::{Failure, one_of};

/// Letters shown of a thread, the last ones.
const SHOWN: usize = 200;
/// How long a family waits for an answer at most.
const ANSWER: SignedDuration = SignedDuration::from_hours(4);
/// The most characters of one.
const LONGEST: usize = 4_000;

fn sides() -> Object {
    one_of(&["family", "team"])
}

/// Something that was written.
#[derive(Serialize, ToSchema)]
#[schema(as = FamilyLetter)]
pub(super) struct Letter {
    letter: String,
    #[schema(schema_with = sides)]
    from: &'static str,
    /// Who wrote it.
    who: String,
    at: Timestamp,
    text: String,
}

/// What a relative and the care team wrote to each other.
#[derive(Serialize, ToSchema)]
#[schema(as = FamilyThread)]
pub(super) struct Thread {
    /// The relative's post.
    #[schema(value_type = i32)]
    membership: MembershipId,
    name: String,
    /// Whether the care team has not answered yet.
    waits: bool,
    /// How many letters of the family the care team has not answered.
    waiting: usize,
    /// How many letters of the care team the relative has not seen. Told to the relative alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<usize>,
    /// The first that is shown first.
    letters: Vec<Letter>,
    /// Whether there are earlier ones that are not shown.
    more: bool,
}

/// The threads of a patient.
#[derive(Serialize, ToSchema)]
#[schema(as = FamilyThreads)]
pub(super) struct Threads {
    threads: Vec<Thread>,
}

fn read(document: &Document) -> Option<Letter> {
    let whole: Value = serde_json::from_slice(&document.body).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(Letter {
        letter: document.id.to_string(),
        from: if whole["sender"]["type"] == "RelatedPerson" { "family" } else { "team" },
        who: text(&whole["sender"]["display"]).unwrap_or_default(),
        at: whole["sent"].as_str()?.parse().ok()?,
        text: text(&whole["payload"][0]["contentString"])?,
    })
}

/// The letters of a thread in the context of whoever may read them.
pub(super) async fn thread(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    (membership, name): (MembershipId, String),
) -> Result<Thread, Failure> {
    let mut query = vec![
        ("identifier".to_owned(), format!("{LETTER}|{membership}")),
        ("_count".to_owned(), SHOWN.to_string()),
    ];
    let mut letters = Vec::new();
    let more = loop {
        let request =
            SearchRequest { rtype: ResourceType::Communication, compartment: Some(patient), query: &query };
        let page = app.store.search(ctx, request).await?;
        letters.extend(page.entries.iter().filter_map(read));
        // A page may be short and go on.
        let Some(next) = page.next else { break false };
        if letters.len() >= SHOWN {
            break true;
        }
        query.truncate(2);
        query.push(("_cursor".to_owned(), next));
    };
    letters.sort_by(|a, b| (a.at, &a.letter).cmp(&(b.at, &b.letter)));
    let waiting = letters.iter().rev().take_while(|one| one.from == "family").count();
    Ok(Thread { membership, name, waits: waiting > 0, waiting, unread: None, letters, more })
}

impl Thread {
    /// How many of the care team's letters came after this one; all, when it is none of those shown.
    pub(super) fn unread_after(&self, last: Option<Uuid>) -> usize {
        let last = last.map(|id| id.to_string());
        let read = last.and_then(|id| self.letters.iter().position(|one| one.letter == id));
        let later = self.letters.iter().skip(read.map_or(0, |read| read + 1));
        later.filter(|one| one.from == "team").count()
    }

    /// The last letter.
    pub(super) fn last(&self) -> Option<Uuid> {
        self.letters.last().and_then(|one| one.letter.parse().ok())
    }
}

/// The context of a relative, who sees of the patient their letters beside what was approved; whose thread it is stands in
/// the question.
fn reader(ctx: &Ctx, patient: PatientId) -> Result<Ctx, Failure> {
    ops::needs_relative(ctx)?;
    // Who wrote is a link, which goes with the type that it leads to.
    let letters = Fields::sharing(ctx.fields(), patient, ["Communication", "RelatedPerson"]);
    Ok(ctx.with_eyes_of(ctx.grants(), Some(letters)))
}

/// A relative's own thread.
pub(super) async fn own(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Thread, Failure> {
    let reader = reader(ctx, patient)?;
    app.store.facility_of(ctx, patient).await?;
    let tx = app.store.db().begin(ctx).await?;
    let (person, role) = store::find_self(&tx).await?;
    tx.commit().await?;
    let name = called(app, ctx, (person, &role)).await?;
    let mut thread = thread(app, &reader, patient, (ctx.membership(), name)).await?;
    let looked = Shelf::own(app, ctx).await?.looked().await?;
    let last = looked.find(patient).and_then(|glance| glance.letter);
    thread.unread = Some(thread.unread_after(last));
    Ok(thread)
}

/// The relative has read their thread up to a letter, and never less than before.
pub(super) async fn seen(app: &App, ctx: &Ctx, patient: PatientId, letter: Uuid) -> Result<Thread, Failure> {
    let mut thread = own(app, ctx, patient).await?;
    let place = |id: Uuid| {
        let id = id.to_string();
        thread.letters.iter().position(|one| one.letter == id)
    };
    let here = place(letter).ok_or_else(Failure::unlisted)?;
    let mut last = letter;
    let shelf = Shelf::own(app, ctx).await?;
    shelf
        .change(|book| {
            let glance = book.of(patient);
            last = glance.letter.filter(|known| place(*known) > Some(here)).unwrap_or(letter);
            glance.letter = Some(last);
        })
        .await?;
    thread.unread = Some(thread.unread_after(Some(last)));
    Ok(thread)
}

/// Every thread of a patient, those that wait first, for the care team.
pub(super) async fn all(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Threads, Failure> {
    staff(ctx)?;
    app.store.facility_of(ctx, patient).await?;
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list_relatives(&tx, patient, app.world.now()).await?;
    tx.commit().await?;
    let mut threads = Vec::new();
    for row in &rows {
        let person = row.get::<_, Option<i32>>(1).map(PersonId);
        let name = called(app, ctx, (person, row.get(2))).await?;
        threads.push(thread(app, ctx, patient, (MembershipId(row.get(0)), name)).await?);
    }
    threads.sort_by_key(|thread| !thread.waits);
    Ok(Threads { threads })
}

/// A relative writes. The first letter that waits for an answer is a task as well.
pub(super) async fn write(app: &App, ctx: &Ctx, patient: PatientId, text: &str) -> Result<Thread, Failure> {
    let text = said(text)?;
    let before = own(app, ctx, patient).await?;
    let now = app.world.now();
    let post = format!("{}/{}", ctx.slug(), ctx.membership());
    let who = json!({
        "type": "RelatedPerson", "identifier": {"system": POST, "value": post}, "display": before.name,
    });
    let id = ResourceId(app.world.uuid());
    let mut records = vec![letter(id, patient, (ctx.membership(), &who), text, now)];
    if !before.waits {
        let wanted = tasks::Wanted {
            patient,
            kind: "answer-family",
            text: None,
            due: now + ANSWER,
            again: None,
            urgent: false,
            about: Some(format!("Communication/{id}")),
            team: Some("nursing"),
        };
        let body = wanted.document(&who, now).to_string().into_bytes();
        records.push(New { rtype: ResourceType::Task, id: ResourceId(app.world.uuid()), body });
    }
    // Nothing is read by it: a letter is written whole, by one who sees a part.
    let writer = ctx.with_eyes_of(ctx.grants(), None);
    enter(app, &writer, patient, records).await?;
    own(app, ctx, patient).await
}

/// The care team answers; the task that asked for it is done.
pub(super) async fn answer(
    app: &App,
    ctx: &Ctx,
    (patient, membership): (PatientId, MembershipId),
    text: &str,
) -> Result<Threads, Failure> {
    staff(ctx)?;
    let text = said(text)?;
    let now = app.world.now();
    let facility = app.store.facility_of(ctx, patient).await?;
    let tx = app.store.db().begin(ctx).await?;
    let there = store::hold_relative(&tx, patient, membership, now).await?;
    tx.commit().await?;
    if !there {
        return Err(Failure::unlisted());
    }
    let before = thread(app, ctx, patient, (membership, String::new())).await?;
    let who = tasks::who(app, ctx).await?;
    let id = ResourceId(app.world.uuid());
    enter(app, ctx, patient, vec![letter(id, patient, (membership, &who), text, now)]).await?;
    let unanswered: Vec<String> = before
        .letters
        .iter()
        .rev()
        .take_while(|one| one.from == "family")
        .map(|one| format!("Communication/{}", one.letter))
        .collect();
    for (task, _) in tasks::about(app, ctx, facility, &unanswered).await? {
        let open = task.is_open().then(|| task.task.parse().ok()).flatten();
        let Some(id) = open else { continue };
        // It was answered, whatever becomes of the task: whoever sees it may still close it.
        if tasks::finish(app, ctx, (id, &task.version), true, None).await.is_err() {
            tracing::warn!(target: "family", task = %id, "a letter was answered, and its task is not done");
        }
    }
    all(app, ctx, patient).await
}

async fn enter(app: &App, ctx: &Ctx, patient: PatientId, records: Vec<New>) -> Result<(), Failure> {
    let tx = app.store.db().begin(ctx).await?;
    let facility = app.store.hold(&tx, patient).await?;
    let action = Action::WriteLetter;
    let mut event = Event::success(action.key(), action.needs().key());
    event.facility = facility;
    event.subjects.push((facility, patient));
    app.store.enter(&tx, action, records, event).await?;
    Ok(())
}

/// A letter, its thread and who wrote it.
fn letter(
    id: ResourceId,
    patient: PatientId,
    (thread, who): (MembershipId, &Value),
    text: &str,
    at: Timestamp,
) -> New {
    let body = json!({
        "resourceType": "Communication",
        "identifier": [{"system": LETTER, "value": thread.to_string()}],
        "status": "completed",
        "category": [{"text": "Letter between the family and the care team"}],
        "subject": {"reference": format!("Patient/{patient}")},
        "sent": at.to_string(),
        "sender": who,
        "payload": [{"contentString": text}],
    });
    New { rtype: ResourceType::Communication, id, body: body.to_string().into_bytes() }
}

fn said(text: &str) -> Result<&str, Failure> {
    let text = text.trim();
    let fine = !text.is_empty() && text.chars().count() <= LONGEST;
    if fine { Ok(text) } else { Err(Failure::coded(400, "invalid", "text: 1 to 4000 characters")) }
}

/// Only who sees all of it: a relative has their own address, and others from outside have none.
fn staff(ctx: &Ctx) -> Result<(), Failure> {
    if ctx.plane() == policy::Plane::Staff { Ok(()) } else { Err(Failure::unlisted()) }
}
