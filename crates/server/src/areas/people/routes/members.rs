//! `/api/me`, `/api/people`: the post that a context speaks as, and those of its organization.

use kernel::{ContextId, MembershipId};
use policy::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer;
use super::sessions::{Membership, Person, Strength, kinds, post};
use crate::areas::people::ops::{self, Member};
use crate::http::{Call, Doc, Failure, Reply};

/// Who asks.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Me {
    /// A person in a context.
    Person(Box<MeInContext>),
    /// Another program, which is its membership and nobody behind it.
    Program(MeAsProgram),
}

/// A person in a context.
#[derive(Serialize, ToSchema)]
struct MeInContext {
    #[schema(value_type = uuid::Uuid)]
    context: ContextId,
    person: Person,
    #[serde(flatten)]
    post: Membership,
    /// The keys of what the post may do.
    permissions: Vec<&'static str>,
    strength: Strength,
    /// Whether a second factor must be set up before anything else.
    second_factor_required: bool,
}

/// Another program.
#[derive(Serialize, ToSchema)]
struct MeAsProgram {
    #[schema(value_type = i32)]
    membership: MembershipId,
    /// The keys of what the membership may do.
    permissions: Vec<&'static str>,
}

pub(super) const ME: Doc = Doc::new("Who asks, and what they may do").gives::<Me>(200);

pub(super) async fn me(call: Call) -> Result<Reply, Failure> {
    let ctx = &call.ctx;
    let permissions = ctx.grants().permissions.iter().map(Permission::key).collect();
    let Some((session, context)) = &call.session else {
        return answer(200, &Me::Program(MeAsProgram { membership: ctx.membership(), permissions }));
    };
    let (details, posts) = ops::me(&call.app, session, ctx.request()).await?;
    let mine = posts
        .iter()
        .find(|post| post.organization == ctx.organization() && post.membership == ctx.membership())
        .ok_or_else(Failure::unlisted)?;
    let me = MeInContext {
        context: *context,
        person: details.into(),
        post: post(mine),
        permissions,
        strength: Strength::of(session),
        second_factor_required: mine.second_factor_required && !session.two_factors(),
    };
    answer(200, &Me::Person(Box::new(me)))
}

/// Everyone with a post, by name.
#[derive(Serialize, ToSchema)]
struct People {
    people: Vec<Member>,
}

pub(super) const LIST: Doc = Doc::new("Who has a post in the organization").gives::<People>(200);

pub(super) async fn list(call: Call) -> Result<Reply, Failure> {
    answer(200, &People { people: ops::list_people(&call.app, &call.ctx).await? })
}

/// A post to be offered: below one's own, with no more than one has.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMember {
    /// Where the invitation goes.
    #[schema(format = "email")]
    email: String,
    /// 1 to 100 characters.
    name: String,
    /// What the post is called, 1 to 100 characters.
    role: String,
    #[schema(schema_with = kinds)]
    kind: String,
    /// The keys of what the post may do.
    permissions: Vec<String>,
    /// The codes of the facilities within its reach.
    facilities: Vec<String>,
    /// Whether it reaches only patients that it has a relationship with.
    #[serde(default)]
    by_relationship: bool,
}

/// A post that was offered.
#[derive(Serialize, ToSchema)]
struct Invited {
    /// Its number.
    #[schema(value_type = i32)]
    membership: MembershipId,
}

pub(super) const INVITE: Doc = Doc::new("Offer a post: an invitation is sent")
    .takes::<NewMember>()
    .gives::<Invited>(201)
    .step_up("person.invite")
    .problems(&["invalid"]);

pub(super) async fn invite(call: Call) -> Result<Reply, Failure> {
    let new: NewMember = call.json()?;
    let unknown = |what| Failure::coded(400, "invalid", what);
    let permissions = new.permissions.iter().map(|key| key.parse::<Permission>());
    let permissions = permissions
        .collect::<Result<_, _>>()
        .map_err(|_| unknown("permissions: there is one that is not known"))?;
    let mut facilities = Vec::with_capacity(new.facilities.len());
    for code in &new.facilities {
        let found = call.app.facility(&call.ctx, code).await?;
        facilities.push(found.ok_or_else(|| unknown("facilities: there is one that is out of reach"))?);
    }
    proved(&call, "person.invite").await?;
    let post = ops::NewPost {
        email: &new.email,
        name: &new.name,
        role: &new.role,
        plane: &new.kind,
        permissions,
        facilities: &facilities,
        by_relationship: new.by_relationship,
    };
    let (membership, _) = ops::invite(&call.app, &call.ctx, &post).await?;
    answer(201, &Invited { membership })
}

/// Asks a person for a step-up; a program has proved itself with its token.
pub(crate) async fn proved(call: &Call, action: &'static str) -> Result<(), Failure> {
    let Some((session, _)) = &call.session else { return Ok(()) };
    let given = call.header(ops::STEP_UP)?;
    Ok(ops::spend_step_up(&call.app, call.ctx.request(), session, given, action).await?)
}

pub(super) const END: Doc = Doc::new("End a post").step_up("person.end").problems(&["invalid"]);

pub(super) async fn end(call: Call) -> Result<Reply, Failure> {
    let id = call.param("membership").parse().map(MembershipId).map_err(|_| Failure::unlisted())?;
    proved(&call, "person.end").await?;
    ops::end_post(&call.app, &call.ctx, id).await?;
    Ok(Reply::empty(204))
}
