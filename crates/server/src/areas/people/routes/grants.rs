//! `/api/people/{membership}` and what is asked of grants: what a post may do, what a change would do, who sees whom.

use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, PatientId};
use policy::{Action, Permission, PermissionSet};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::areas::people::Error;
use crate::areas::people::ops::{self, Change, Outlook, Reach, Trial, View};
use crate::http::{Above, Call, Doc, Failure, Reply};

/// The post of the path.
pub(super) fn membership(call: &Call) -> Result<MembershipId, Failure> {
    call.param("membership").parse().map(MembershipId).map_err(|_| Failure::unlisted())
}

/// The permissions of these keys. One that is not known is refused like one that is not held: it is in the log.
pub(super) async fn permissions(
    call: &Call,
    action: Action,
    keys: &[String],
    unknown: &'static str,
) -> Result<PermissionSet, Failure> {
    match keys.iter().map(|key| key.parse::<Permission>()).collect() {
        Ok(known) => Ok(known),
        Err(_) => {
            let error = Error::Invalid(unknown);
            Ok(ops::refuse(&call.app, &call.ctx, action, "unknown permission", error).await?)
        }
    }
}

/// The facilities of these codes, all of them within the caller's reach.
pub(super) async fn facilities(
    call: &Call,
    action: Action,
    codes: &[String],
) -> Result<Vec<FacilityId>, Failure> {
    let mut facilities = Vec::with_capacity(codes.len());
    for code in codes {
        let Some(found) = call.app.facility(&call.ctx, code).await? else {
            let error = Error::Invalid("facilities: there is one that is out of reach");
            return Ok(ops::refuse(&call.app, &call.ctx, action, "facility out of reach", error).await?);
        };
        facilities.push(found);
    }
    Ok(facilities)
}

/// Asks a person for a step-up; a program has proved itself with its token.
pub(crate) async fn proved(call: &Call, action: &'static str) -> Result<(), Failure> {
    let Some((session, _)) = &call.session else { return Ok(()) };
    let given = call.header(ops::STEP_UP)?;
    Ok(ops::spend_step_up(&call.app, call.ctx.request(), session, given, action).await?)
}

/// Asks someone on the plane for a step-up.
pub(crate) async fn proved_above(above: &Above, action: &'static str) -> Result<(), Failure> {
    Ok(ops::prove(&above.account, action).await?)
}

pub(crate) fn etag(version: i32) -> String {
    format!("W/\"{version}\"")
}

pub(super) const LOOK: Doc =
    Doc::new("A post: what it may do, the posts above it and right below it").gives::<View>(200);

pub(super) async fn look(call: Call) -> Result<Reply, Failure> {
    let view = ops::look(&call.app, &call.ctx, membership(&call)?).await?;
    Ok(Reply::json(200, &view)?.with("etag", etag(view.version)))
}

/// What is to be otherwise at a post. What is not there stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct PostChange {
    /// What the post is called, 1 to 100 characters.
    role: Option<String>,
    /// The keys of what the post may do.
    permissions: Option<Vec<String>>,
    /// The keys of what neither it nor a post below it may do, whatever else says so.
    denied: Option<Vec<String>>,
    /// The codes of facilities. Those out of the caller's reach stay as they are.
    facilities: Option<Vec<String>>,
    /// Whether it reaches only patients that it has a relationship with.
    by_relationship: Option<bool>,
    /// When it ends; null for no end of its own.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Timestamp>)]
    ends_at: Option<Option<Timestamp>>,
}

/// Tells null from a member that is not there.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl PostChange {
    async fn understood(self, call: &Call, action: Action) -> Result<Change, Failure> {
        let mut change = Change {
            role: self.role,
            by_relationship: self.by_relationship,
            ends_at: self.ends_at,
            ..Change::default()
        };
        if let Some(keys) = &self.permissions {
            let unknown = "permissions: there is one that is not known";
            change.permissions = Some(permissions(call, action, keys, unknown).await?);
        }
        if let Some(keys) = &self.denied {
            let unknown = "denied: there is one that is not known";
            change.denied = Some(permissions(call, action, keys, unknown).await?);
        }
        if let Some(codes) = &self.facilities {
            change.facilities = Some(facilities(call, action, codes).await?);
        }
        Ok(change)
    }
}

/// A post that was changed.
#[derive(Serialize, ToSchema)]
struct Changed {
    #[schema(value_type = i32)]
    membership: MembershipId,
    /// Its version now, as in the `ETag`.
    version: i32,
}

pub(super) const CHANGE: Doc = Doc::new("Change what a post may do, and so what those below it may")
    .takes::<PostChange>()
    .gives::<Changed>(200)
    .conditional()
    .step_up("person.change")
    .problems(&["invalid", "last-administrator"]);

pub(super) async fn change(call: Call) -> Result<Reply, Failure> {
    let id = membership(&call)?;
    let body: PostChange = call.json()?;
    let version = if_match(&call)?;
    let change = body.understood(&call, Action::ChangePost).await?;
    proved(&call, "person.change").await?;
    let version = ops::change(&call.app, &call.ctx, id, version, &change).await?;
    Ok(Reply::json(200, &Changed { membership: id, version })?.with("etag", etag(version)))
}

/// The version that the change starts from; one that we never gave is not the current one.
pub(crate) fn if_match(call: &Call) -> Result<i32, Failure> {
    let text = call.header("if-match")?.ok_or(Error::VersionMissing)?.trim();
    let tag = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let tag = tag.ok_or(Error::Invalid("the header if-match must hold one version, such as W/\"3\""))?;
    tag.parse().map_err(|_| db::Error::Conflict.into())
}

/// A change to think of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Question {
    #[schema(value_type = i32)]
    membership: MembershipId,
    /// What would be otherwise; or `end`.
    #[serde(default)]
    change: Option<PostChange>,
    /// Whether the post would be ended.
    #[serde(default)]
    end: bool,
}

pub(super) const WHAT_IF: Doc = Doc::new("What a change of a post would do to it and to those below it")
    .takes::<Question>()
    .gives::<Outlook>(200)
    .problems(&["invalid", "last-administrator"]);

pub(super) async fn what_if(call: Call) -> Result<Reply, Failure> {
    let question: Question = call.json()?;
    let trial = match (question.change, question.end) {
        (Some(change), false) => Trial::Change(change.understood(&call, Action::WhatIf).await?),
        (None, true) => Trial::End,
        _ => return Err(Error::Invalid("either change or end").into()),
    };
    Reply::json(200, &ops::what_if(&call.app, &call.ctx, question.membership, &trial).await?)
}

pub(super) const REACH: Doc = Doc::new("Who can see a patient's chart, and by what chain of posts")
    .query(&[("patient", "the patient's id; it must be there")])
    .gives::<Reach>(200)
    .problems(&["invalid"]);

pub(super) async fn reach(call: Call) -> Result<Reply, Failure> {
    let patient = call.query().strip_prefix("patient=").and_then(|id| id.parse::<PatientId>().ok());
    let patient = patient.ok_or(Error::Invalid("the query must name one patient by id, and nothing else"))?;
    Reply::json(200, &ops::reach(&call.app, &call.ctx, patient).await?)
}
