use crate::app::App;
use crate::areas::notes::error::Error;
use crate::areas::notes::model::{Draft, Note, NoteTemplate, Section};
use db::Ctx;
use serde_json::Value;
use uuid::Uuid;

fn later<T>() -> Result<T, Error> {
    Err(crate::http::Failure::new(501, "not-supported", "not built yet").into())
}
pub(in super::super) struct NewTemplate {
    pub(in super::super) questionnaire: Value,
    pub(in super::super) active: bool,
    pub(in super::super) replaces: Option<String>,
}
pub(in super::super) struct Ready {
    pub(in super::super) step_up: bool,
}
pub(in super::super) struct CoSign;
impl CoSign {
    pub(in super::super) fn step_up(&self) -> bool {
        false
    }
}
pub(in super::super) async fn make_template(_: &App, _: &Ctx, _: NewTemplate) -> Result<NoteTemplate, Error> {
    later()
}
pub(in super::super) async fn retire_template(_: &App, _: &Ctx, _: &str) -> Result<(), Error> {
    later()
}
pub(in super::super) async fn take(
    _: &App,
    _: &Ctx,
    _: (Uuid, i32),
    _: (Option<Option<bool>>, Option<Option<bool>>),
) -> Result<Draft, Error> {
    later()
}
pub(in super::super) async fn summary(
    _: &App,
    _: &Ctx,
    _: Uuid,
) -> Result<(Vec<Section>, Vec<String>), Error> {
    later()
}
pub(in super::super) async fn prepare(
    _: &App,
    _: &Ctx,
    _: (Uuid, i32),
    _: Option<&str>,
) -> Result<Ready, Error> {
    later()
}
pub(in super::super) async fn sign(_: &App, _: &Ctx, _: Ready) -> Result<(Uuid, String), Error> {
    later()
}
pub(in super::super) async fn read(_: &App, _: &Ctx, _: Uuid) -> Result<Note, Error> {
    later()
}
pub(in super::super) async fn may_co_sign(_: &App, _: &Ctx, _: Uuid) -> Result<CoSign, Error> {
    later()
}
pub(in super::super) async fn co_sign(_: &App, _: &Ctx, _: CoSign) -> Result<(), Error> {
    later()
}
pub(in super::super) async fn add(_: &App, _: &Ctx, _: Uuid, _: &str) -> Result<Uuid, Error> {
    later()
}
