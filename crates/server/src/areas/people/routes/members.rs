//! `/api/me`, `/api/people`: the post that a context speaks as, and those of its organization.

use jiff::Timestamp;
use kernel::{ContextId, MembershipId};
use policy::{Action, Permission};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::grants::{facilities, membership, permissions, proved};
use super::sessions::{Membership, Person, Strength, kinds, post};
use crate::areas::people::Error;
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
    /// The colour that the organization chose for its pages, as `#rrggbb`.
    accent: String,
    /// A number that changes with the organization's logo; null where it has none.
    #[schema(required)]
    logo: Option<i32>,
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
        return Reply::json(200, &Me::Program(MeAsProgram { membership: ctx.membership(), permissions }));
    };
    let (details, posts) = ops::me(&call.app, session, ctx.request()).await?;
    let mine = posts
        .iter()
        .find(|post| post.organization == ctx.organization() && post.membership == ctx.membership())
        .ok_or_else(Failure::unlisted)?;
    let (accent, logo) = ops::looks(&call.app, ctx).await?;
    let me = MeInContext {
        context: *context,
        person: details.into(),
        post: post(mine),
        accent,
        logo,
        permissions,
        strength: Strength::of(session),
        second_factor_required: mine.second_factor_required && !session.two_factors(),
    };
    Reply::json(200, &Me::Person(Box::new(me)))
}

/// Everyone with a post, by name.
#[derive(Serialize, ToSchema)]
struct People {
    people: Vec<Member>,
}

pub(super) const LIST: Doc = Doc::new("Who has a post in the organization").gives::<People>(200);

pub(super) async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &People { people: ops::list_people(&call.app, &call.ctx).await? })
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
    /// The organization's role that it has; `role`, `kind`, `permissions` and `by_relationship` are then the role's, and
    /// not given.
    #[serde(default)]
    role_key: Option<String>,
    /// What the post is called, 1 to 100 characters.
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    #[schema(schema_with = kinds)]
    kind: Option<String>,
    /// The keys of what the post may do.
    #[serde(default)]
    permissions: Option<Vec<String>>,
    /// The keys of what neither it nor a post below it may do, whatever else says so.
    #[serde(default)]
    denied: Vec<String>,
    /// The codes of the facilities within its reach.
    facilities: Vec<String>,
    /// Whether it reaches only patients that it has a relationship with.
    #[serde(default)]
    by_relationship: Option<bool>,
    /// When it ends. As the post above it, when nothing is said.
    #[serde(default)]
    ends_at: Option<Timestamp>,
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
    let action = Action::Invite;
    let (role, plane, allowed, by_relationship) = match &new.role_key {
        Some(key) => {
            if new.role.is_some()
                || new.kind.is_some()
                || new.permissions.is_some()
                || new.by_relationship.is_some()
            {
                return Err(Error::Invalid("role_key: what the role says is not said beside it").into());
            }
            ops::role_for_post(&call.app, &call.ctx, key).await?
        }
        None => {
            let (Some(role), Some(kind), Some(keys)) = (new.role, new.kind, &new.permissions) else {
                return Err(Error::Invalid("either role_key, or role, kind and permissions").into());
            };
            let unknown = "permissions: there is one that is not known";
            (
                role,
                kind,
                permissions(&call, action, keys, unknown).await?,
                new.by_relationship.unwrap_or(false),
            )
        }
    };
    let denied = permissions(&call, action, &new.denied, "denied: there is one that is not known").await?;
    let facilities = facilities(&call, action, &new.facilities).await?;
    let post = ops::NewPost {
        email: &new.email,
        name: &new.name,
        role: &role,
        role_key: new.role_key.as_deref(),
        plane: &plane,
        permissions: allowed,
        denied,
        facilities: &facilities,
        by_relationship,
        ends_at: new.ends_at,
    };
    post.checked(call.app.world.now())?;
    proved(&call, "person.invite").await?;
    let (membership, _) = ops::invite(&call.app, &call.ctx, &post).await?;
    Reply::json(201, &Invited { membership })
}

pub(super) const END: Doc = Doc::new("End a post, and what hangs on it")
    .step_up("person.end")
    .problems(&["invalid", "last-administrator"]);

pub(super) async fn end(call: Call) -> Result<Reply, Failure> {
    let id = membership(&call)?;
    proved(&call, "person.end").await?;
    ops::end_post(&call.app, &call.ctx, id).await?;
    Ok(Reply::empty(204))
}
