//! Signed notes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{id, told};
use crate::areas::notes::model::Note;
use crate::areas::notes::ops;
use crate::http::{Call, Doc, Failure, Reply};

pub(super) const READ: Doc =
    Doc::new("A signed note, with who signed it, what was added to it, and whether it is as it was signed")
        .gives::<Note>(200);

pub(super) async fn read(call: Call) -> Result<Reply, Failure> {
    let done = ops::read(&call.app, &call.ctx, id(&call, "composition")?).await;
    told(&call, done.and_then(|note| Ok(Reply::json(200, &note)?)))
}

pub(super) const PDF: Doc = Doc::new("A signed note as PDF, to print and to give away").status(200);

pub(super) async fn pdf(call: Call) -> Result<Reply, Failure> {
    let done = ops::pdf(&call.app, &call.ctx, id(&call, "composition")?).await;
    told(
        &call,
        done.map(|bytes| {
            Reply::of(200, "application/pdf", bytes)
                .with("content-disposition", "attachment; filename=\"note.pdf\"")
        }),
    )
}

/// Nothing is said: who signs beside the author signs what is there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteCoSigning)]
struct CoSigning {}

pub(super) const CO_SIGN: Doc = Doc::new("Sign a note beside its author")
    .takes::<CoSigning>()
    .status(204)
    .step_up("sign")
    .problems(&["own-note", "already-signed", "note-altered"]);

pub(super) async fn co_sign(call: Call) -> Result<Reply, Failure> {
    let note = id(&call, "composition")?;
    let CoSigning {} = call.json()?;
    let ready = match ops::may_co_sign(&call.app, &call.ctx, note).await {
        Ok(ready) => ready,
        Err(error) => return told(&call, Err(error)),
    };
    if ready.step_up() {
        crate::areas::people::proved(&call, "sign").await?;
    }
    let done = ops::co_sign(&call.app, &call.ctx, ready).await;
    told(&call, done.map(|()| Reply::empty(204)))
}

/// What is added to a signed note.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteAddendumNew)]
struct Addendum {
    /// 1 to 20000 characters.
    text: String,
}

/// The addendum's own Composition.
#[derive(Serialize, ToSchema)]
#[schema(as = NoteAdded)]
struct Added {
    composition: Uuid,
}

pub(super) const ADD: Doc = Doc::new("Add to a signed note, signed in one's own name")
    .takes::<Addendum>()
    .gives::<Added>(201)
    .problems(&["invalid"]);

pub(super) async fn add(call: Call) -> Result<Reply, Failure> {
    let note = id(&call, "composition")?;
    let Addendum { text } = call.json()?;
    let done = ops::add(&call.app, &call.ctx, note, &text).await;
    told(&call, done.and_then(|composition| Ok(Reply::json(201, &Added { composition })?)))
}
