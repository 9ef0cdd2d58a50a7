//! `/api/patients/{patient}/family`, `/api/family/{patient}`: what is asked and answered, and nothing else.

use chart::Seen;
use jiff::Timestamp;
use kernel::{MembershipId, PatientId};
use policy::Action;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::letters::{self, Thread, Threads};
use super::looks::{self, Since};
use super::mails::{self, Chosen, Every};
use super::ops::{self, Family, Wanted};
use crate::areas::people::{if_match, proved};
use crate::http::{Access, Answer, Body, Call, Doc, Failure, Handler, Reply, Route, Verb, Visit};

const FAMILY: &str = "/api/patients/{patient}/family";
const RELATIVE: &str = "/api/patients/{patient}/family/{membership}";
const CATEGORY: &str = "/api/patients/{patient}/family/{membership}/{category}";
const PREVIEW: &str = "/api/patients/{patient}/family/{membership}/preview";
const HOME: &str = "/api/family/{patient}";
const LOOKED: &str = "/api/family/{patient}/looked";
const MAILS: &str = "/api/me/family-mails";
const STOP: &str = "/api/unsubscribe/{token}";
const READ: &str = "/api/family/{patient}/letters/read";
const OWN: &str = "/api/family/{patient}/letters";
const THREADS: &str = "/api/patients/{patient}/letters";
const THREAD: &str = "/api/patients/{patient}/letters/{membership}";

/// The rows of the family portal.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Get, FAMILY, Action::ApproveSharing, &LIST, |c| Box::pin(list(c))),
    row(Verb::Delete, RELATIVE, Action::ApproveSharing, &WITHDRAW, |c| Box::pin(withdraw(c))),
    row(Verb::Put, CATEGORY, Action::ApproveSharing, &APPROVE, |c| Box::pin(approve(c))),
    row(Verb::Get, PREVIEW, Action::ApproveSharing, &LOOK, |c| Box::pin(preview(c))),
    row(Verb::Get, HOME, Action::Read, &SEE, |c| Box::pin(home(c))),
    by_itself(Verb::Post, LOOKED, Action::Read, &LOOK_DONE, |c| Box::pin(looked(c))),
    by_itself(Verb::Post, READ, Action::ReadLetters, &READ_DONE, |c| Box::pin(read(c))),
    by_itself(Verb::Get, OWN, Action::ReadLetters, &MINE, |c| Box::pin(own(c))),
    row(Verb::Post, OWN, Action::WriteLetter, &WRITE, |c| Box::pin(write(c))),
    by_itself(Verb::Get, THREADS, Action::ReadLetters, &THEIRS, |c| Box::pin(threads(c))),
    row(Verb::Post, THREAD, Action::WriteLetter, &ANSWER, |c| Box::pin(answer(c))),
    chosen_by_oneself(Verb::Get, &CHOSEN, |c| Box::pin(chosen(c))),
    chosen_by_oneself(Verb::Put, &CHOOSE, |c| Box::pin(choose(c))),
    stopping(Verb::Post, Access::Program(TOKEN), true, &STOPPED, |v| Box::pin(stop(v))),
    stopping(Verb::Get, Access::Visitor(TOKEN), false, &STOP_PAGE, |v| Box::pin(stop_page(v))),
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route {
        health_data: true,
        ..Route::within("family", (method, path), Access::Needs(action), doc, handler)
    }
}

/// What a page asks without anybody touching it: it says of nobody that they are there, and keeps no session alive.
const fn by_itself(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route { active: false, ..row(method, path, action, doc, handler) }
}

const fn chosen_by_oneself(method: Verb, doc: &'static Doc, handler: fn(Call) -> Answer) -> Route {
    Route::within("family", (method, MAILS), Access::Needs(Action::Read), doc, handler)
}

const TOKEN: &str = "what the mail holds is the proof, and is good for nothing but ending such mails";

const fn stopping(
    method: Verb,
    access: Access,
    audited: bool,
    doc: &'static Doc,
    handler: fn(Visit) -> Answer,
) -> Route {
    Route {
        method,
        path: STOP,
        interaction: "family",
        access,
        resource: "family",
        health_data: false,
        audited,
        // Whatever a mail program sends.
        body: Body::None,
        active: false,
        doc: Some(doc),
        handler: Handler::Visitor(handler),
    }
}

const LIST: Doc = Doc::new(
    "The relatives of a patient who have a post here, what each of them sees, who approved it and until when, and what else \
     there is to approve",
)
.gives::<Family>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::list(&call.app, &call.ctx, patient(&call)?).await?)
}

/// What a relative sees of a category.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FamilyDecision)]
struct Decision {
    /// Fields of the category; none withdraws it.
    fields: Vec<String>,
    /// When it ends by itself; null: when it is withdrawn.
    #[serde(default)]
    until: Option<Timestamp>,
}

const APPROVE: Doc = Doc::new(
    "Approve fields of a category for a relative, and no others of it. What only takes something back asks for no proof",
)
.takes::<Decision>()
.gives::<Family>(200)
.step_up("sharing.approve")
.conditional()
.problems(&["invalid"]);

async fn approve(call: Call) -> Result<Reply, Failure> {
    let Decision { fields, until } = call.json()?;
    let version = if_match(&call)?;
    let (patient, membership) = (patient(&call)?, membership(&call)?);
    let wanted = Wanted { patient, membership, category: call.param("category"), fields, until };
    let opens = ops::opens(&call.app, &call.ctx, &wanted).await?;
    if opens {
        proved(&call, "sharing.approve").await?;
    }
    Reply::json(200, &ops::approve(&call.app, &call.ctx, &wanted, version, opens).await?)
}

const WITHDRAW: Doc = Doc::new("Withdraw everything that was approved for a relative").gives::<Family>(200);

async fn withdraw(call: Call) -> Result<Reply, Failure> {
    let which = (patient(&call)?, membership(&call)?);
    Reply::json(200, &ops::withdraw(&call.app, &call.ctx, which).await?)
}

/// A patient's records as a relative sees them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of what is written from the records' own bytes")]
struct FamilyHome {
    /// FHIR resources, the patient first.
    #[schema(value_type = Vec<Object>)]
    resources: Vec<serde_json::Value>,
    /// Whether these are all.
    complete: bool,
    /// On a relative's own page, and not on what is looked at beforehand.
    news: Option<Since>,
}

const LOOK: Doc = Doc::new("What a relative sees, for whoever approves it: by the same way as theirs")
    .query(&[
        ("category", "as it would be with this category's `fields` approved and no others of it"),
        ("fields", "joined by commas"),
    ])
    .gives::<FamilyHome>(200)
    .problems(&["invalid"]);

async fn preview(call: Call) -> Result<Reply, Failure> {
    let which = (patient(&call)?, membership(&call)?);
    let instead = instead(call.query())?;
    told(&ops::preview(&call.app, &call.ctx, which, instead).await?, None)
}

/// `category=A&fields=B,C`, or nothing.
fn instead(query: &str) -> Result<Option<(&str, Vec<String>)>, Failure> {
    if query.is_empty() {
        return Ok(None);
    }
    let refused = || Failure::coded(400, "invalid", "category and fields are what may be asked for");
    let (category, fields) =
        query.strip_prefix("category=").and_then(|rest| rest.split_once("&fields=")).ok_or_else(refused)?;
    if fields.contains('&') {
        return Err(refused());
    }
    let fields = fields.replace("%2C", ",");
    let fields = fields.split(',').filter(|field| !field.is_empty()).map(str::to_owned).collect();
    Ok(Some((category, fields)))
}

const SEE: Doc = Doc::new(
    "What a relative sees of a patient: what was approved for them, and nothing else; and what of it is new since they last \
     looked",
)
.gives::<FamilyHome>(200);

async fn home(call: Call) -> Result<Reply, Failure> {
    let (seen, news) = looks::home(&call.app, &call.ctx, patient(&call)?).await?;
    told(&seen, Some(&news))
}

/// A page that was looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FamilyLook)]
struct Look {
    /// From the page's `news`.
    look: Uuid,
}

const LOOK_DONE: Doc = Doc::new(
    "Say that a relative's page was really looked at: what it showed is not new the next time. Refused (412) when the page was \
     fetched again since",
)
.takes::<Look>()
.status(204)
.problems(&["invalid"]);

async fn looked(call: Call) -> Result<Reply, Failure> {
    let Look { look } = call.json()?;
    looks::looked(&call.app, &call.ctx, patient(&call)?, look).await?;
    Ok(Reply::empty(204))
}

fn told(seen: &Seen, news: Option<&Since>) -> Result<Reply, Failure> {
    let mut body = format!("{{\"complete\":{},\"resources\":[", seen.complete).into_bytes();
    for (index, document) in seen.documents.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&document.body);
    }
    body.push(b']');
    if let Some(news) = news {
        let news = serde_json::to_vec(news).map_err(|_| Failure::broken("what is new cannot be written"))?;
        body.extend_from_slice(b",\"news\":");
        body.extend_from_slice(&news);
    }
    body.push(b'}');
    Ok(Reply::of(200, "application/json", body))
}

/// What somebody writes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FamilyLetterNew)]
struct New {
    /// At most 4000 characters.
    text: String,
}

const MINE: Doc =
    Doc::new("What a relative and the care team of a patient wrote to each other, for the relative")
        .gives::<Thread>(200);

async fn own(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &letters::own(&call.app, &call.ctx, patient(&call)?).await?)
}

/// A letter that was read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FamilyLetterRead)]
struct LetterRead {
    /// The last of those that were read.
    letter: Uuid,
}

const READ_DONE: Doc = Doc::new("Say up to which letter a relative has read their thread")
    .takes::<LetterRead>()
    .gives::<Thread>(200)
    .problems(&["invalid"]);

async fn read(call: Call) -> Result<Reply, Failure> {
    let LetterRead { letter } = call.json()?;
    Reply::json(200, &letters::seen(&call.app, &call.ctx, patient(&call)?, letter).await?)
}

const WRITE: Doc = Doc::new("Write to the care team, as a relative; it is given a task to answer")
    .takes::<New>()
    .gives::<Thread>(201)
    .problems(&["invalid"]);

async fn write(call: Call) -> Result<Reply, Failure> {
    let New { text } = call.json()?;
    Reply::json(201, &letters::write(&call.app, &call.ctx, patient(&call)?, &text).await?)
}

const THEIRS: Doc =
    Doc::new("What relatives of a patient and the care team wrote to each other, those that wait first")
        .gives::<Threads>(200);

async fn threads(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &letters::all(&call.app, &call.ctx, patient(&call)?).await?)
}

const ANSWER: Doc = Doc::new("Write to a relative, as the care team; what asked for an answer is done")
    .takes::<New>()
    .gives::<Threads>(201)
    .problems(&["invalid"]);

async fn answer(call: Call) -> Result<Reply, Failure> {
    let New { text } = call.json()?;
    let which = (patient(&call)?, membership(&call)?);
    Reply::json(201, &letters::answer(&call.app, &call.ctx, which, &text).await?)
}

fn membership(call: &Call) -> Result<MembershipId, Failure> {
    call.param("membership").parse().map(MembershipId).map_err(|_| Failure::unlisted())
}

fn patient(call: &Call) -> Result<PatientId, Failure> {
    let text = call.param("patient");
    text.parse().ok().filter(|id: &PatientId| id.to_string() == text).ok_or_else(Failure::unlisted)
}

const CHOSEN: Doc =
    Doc::new("Whether a relative is told by mail when there is news, and how often").gives::<Chosen>(200);

async fn chosen(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &mails::chosen(&call.app, &call.ctx).await?)
}

/// What a relative chooses about mails.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FamilyMailsChoice)]
struct Choice {
    digest: Every,
}

const CHOOSE: Doc = Doc::new(
    "Choose whether to be told by mail when there is news: never, each morning or on Mondays. A mail says that there is \
     something, and nothing of what or of whom",
)
.takes::<Choice>()
.gives::<Chosen>(200)
.conditional()
.problems(&["no-address"]);

async fn choose(call: Call) -> Result<Reply, Failure> {
    let Choice { digest } = call.json()?;
    let version = if_match(&call)?;
    Reply::json(200, &mails::choose(&call.app, &call.ctx, digest, version).await?)
}

const STOPPED: Doc = Doc::new(
    "Stop mails about news by what one of them holds, without signing in (RFC 8058). Said twice it is the same",
)
.status(204);

async fn stop(visit: Visit) -> Result<Reply, Failure> {
    mails::stop(&visit, visit.param("token")).await?;
    Ok(Reply::empty(204))
}

const STOP_PAGE: Doc =
    Doc::new("The page that asks whether to stop mails about news: what opens links stops nothing")
        .status(303);

async fn stop_page(visit: Visit) -> Result<Reply, Failure> {
    let token = visit.param("token");
    if !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        return Err(Failure::unlisted());
    }
    let page = visit.app.link(visit.slug(), "unsubscribe", token);
    Ok(Reply::empty(303).with("location", page))
}
