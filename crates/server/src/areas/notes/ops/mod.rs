//! Writing, signing and reading notes.

mod carry;
mod drafts;
mod journal;
mod paper;
mod patients;
mod sign;
mod signed;
mod snapshots;
mod templates;

use std::sync::Arc;
use std::time::Duration;

use db::{Ctx, Event};
use kernel::OrganizationId;
use moka::sync::Cache;
use policy::{Action, Plane};

use super::error::Error;
use super::model::Template;
use crate::app::App;

pub(super) use drafts::{Beginning, begin, discard, fetch, list_of, list_own, save};
pub(super) use journal::journal_key;
pub(super) use paper::pdf;
pub(crate) use patients::patient_names;
pub(super) use sign::{prepare, sign, summary};
pub(super) use signed::{add, co_sign, may_co_sign, read};
pub(super) use snapshots::take;
#[cfg(test)]
pub(super) use templates::standard_set;
pub(super) use templates::{
    NewTemplate, list as list_templates, make as make_template, retire as retire_template,
};

/// The templates that were understood: a version of one never changes.
pub(crate) struct Memory {
    templates: Cache<(OrganizationId, String), Arc<Template>>,
}

impl Default for Memory {
    fn default() -> Self {
        let templates = Cache::builder().max_capacity(2_000).time_to_live(Duration::from_mins(10)).build();
        Self { templates }
    }
}

/// Notes are whole: whoever sees a part of the record, or comes in by a portal, writes none and finds none.
async fn sees_whole(app: &App, ctx: &Ctx, action: Action) -> Result<(), Error> {
    if ctx.fields().is_none() && ctx.plane() == Plane::Staff {
        return Ok(());
    }
    app.store.db().record(ctx, Event::denied(action.key(), "sees a part of the record")).await?;
    Err(db::Error::Denied(None).into())
}
