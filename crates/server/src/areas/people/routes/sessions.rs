//! `/api/auth/session`, `contexts`, `devices`: the browser that is signed in, and the posts open in it.

use jiff::Timestamp;
use kernel::{ContextId, MembershipId, SessionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::areas::people::model::Details;
use crate::areas::people::ops::{self, Post};
use crate::http::{Account, Cookie, Doc, Failure, Reply, Visit, one_of};

/// A person.
#[derive(Serialize, ToSchema)]
pub(super) struct Person {
    name: String,
    /// The address, as typed.
    email: String,
}

impl From<Details> for Person {
    fn from(Details { email, name }: Details) -> Self {
        Self { name, email }
    }
}

/// How strongly someone is signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Strength {
    /// With the password alone.
    Password,
    /// With two factors, or a passkey that checked its holder.
    TwoFactor,
}

impl Strength {
    pub(super) fn of(session: &db::Session) -> Self {
        if session.two_factors() { Self::TwoFactor } else { Self::Password }
    }
}

/// The session of this browser.
#[derive(Serialize, ToSchema)]
struct Session {
    person: Person,
    strength: Strength,
    /// Whether a second factor must be set up before anything else.
    second_factor_required: bool,
    signed_in_at: Timestamp,
    /// When it ends unless something is asked before.
    idle_ends_at: Timestamp,
    /// When it ends whatever is asked.
    ends_at: Timestamp,
    /// After how many seconds without a request it ends.
    idle_seconds: i64,
}

pub(super) const SESSION: Doc = Doc::new("Who is signed in, and until when").gives::<Session>(200);

pub(super) async fn session(account: Account) -> Result<Reply, Failure> {
    Reply::json(200, &view(&account).await?)
}

async fn view(account: &Account) -> Result<Session, Failure> {
    let (details, second_factor_required) = ops::whoami(account).await?;
    let session = &account.session;
    Ok(Session {
        person: details.into(),
        strength: Strength::of(session),
        second_factor_required,
        signed_in_at: session.signed_in_at(),
        idle_ends_at: session.idle_ends_at(),
        ends_at: session.ends_at(),
        idle_seconds: session.idle().as_secs(),
    })
}

/// Whom the app's pages find at the door.
#[derive(Serialize, ToSchema)]
struct Door {
    /// The session of this browser, if there is one.
    #[schema(required)]
    session: Option<Session>,
    /// Whether this person is on the plane above organizations, and this its address.
    plane: bool,
}

pub(super) const DOOR: Doc =
    Doc::new("Whether anyone is signed in, and until when: not an error where nobody is").gives::<Door>(200);

pub(super) async fn door(visit: Visit) -> Result<Reply, Failure> {
    let Some(session) = ops::session_of(&visit).await? else {
        return Reply::json(200, &Door { session: None, plane: false });
    };
    let account = Account { visit, session };
    let plane = ops::is_on_plane(&account).await?;
    Reply::json(200, &Door { session: Some(view(&account).await?), plane })
}

pub(super) const TOUCH: Doc = Doc::new("Say that the person is there: extends the session");

/// Which sessions end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Logout {
    scope: LogoutScope,
}

#[derive(Deserialize, PartialEq, ToSchema)]
#[serde(rename_all = "lowercase")]
enum LogoutScope {
    /// This browser's.
    Device,
    /// All of the person's.
    Everywhere,
}

pub(super) const LOGOUT: Doc = Doc::new("Sign out").takes::<Logout>();

pub(super) async fn logout(account: Account) -> Result<Reply, Failure> {
    let Logout { scope } = account.visit.json()?;
    ops::sign_out(&account, scope == LogoutScope::Everywhere).await?;
    Ok(Reply::empty(204).with("set-cookie", Cookie::clear()).with("clear-site-data", "\"cache\""))
}

/// A colour by which a person tells two tabs apart: the same every time, another for each organization and side.
fn color(post: &Post) -> &'static str {
    let side = if post.plane == "portal" { 3 } else { 0 };
    let turn = usize::try_from(post.organization.0).unwrap_or(0) + side;
    COLORS[turn % COLORS.len()]
}

const COLORS: [&str; 12] =
    ["teal", "indigo", "orange", "grape", "cyan", "pink", "lime", "blue", "red", "green", "violet", "yellow"];

fn colors() -> Object {
    one_of(&COLORS)
}

/// The sides of an organization.
pub(super) fn kinds() -> Object {
    one_of(&["staff", "portal"])
}

/// An organization.
#[derive(Serialize, ToSchema)]
struct Organization {
    /// Its name in addresses.
    slug: String,
    name: String,
    kind: String,
}

/// A site of an organization.
#[derive(Serialize, ToSchema)]
struct Facility {
    code: String,
    name: String,
    /// By its name in the IANA time zone database.
    time_zone: String,
}

/// A post of a person's in an organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct Membership {
    organization: Organization,
    /// Its number.
    #[schema(value_type = i32)]
    membership: MembershipId,
    /// What it is called.
    role: String,
    #[schema(schema_with = kinds)]
    kind: String,
    /// The colour of its tabs: a name of the app's palette.
    #[schema(schema_with = colors)]
    color: &'static str,
    /// Those within its reach.
    facilities: Vec<Facility>,
    /// What it is when it is support access.
    #[schema(required)]
    support: Option<SupportAccess>,
}

/// Somebody of the platform has the view of a post for a while, because the organization said so.
#[derive(Serialize, ToSchema)]
struct SupportAccess {
    /// What it was asked for and is ended by.
    request: uuid::Uuid,
    /// Who has it.
    by: String,
    /// Whose view it is.
    #[serde(rename = "for")]
    of: String,
    ends_at: Timestamp,
    read_only: bool,
}

/// A post as the choice of contexts shows it.
pub(crate) fn post(post: &Post) -> Membership {
    let facility = |(code, name, time_zone): &(String, String, String)| Facility {
        code: code.clone(),
        name: name.clone(),
        time_zone: time_zone.clone(),
    };
    Membership {
        organization: Organization {
            slug: post.slug.clone(),
            name: post.organization_name.clone(),
            kind: post.organization_kind.clone(),
        },
        membership: post.membership,
        role: post.role.clone(),
        kind: post.plane.clone(),
        color: color(post),
        facilities: post.facilities.iter().map(facility).collect(),
        support: post.support.as_ref().map(|support| SupportAccess {
            request: support.request,
            by: support.by.clone(),
            of: support.of.clone(),
            ends_at: support.ends_at,
            read_only: !support.writes,
        }),
    }
}

/// The posts of who is signed in, and those that are open in this browser.
#[derive(Serialize, ToSchema)]
struct Contexts {
    memberships: Vec<Membership>,
    open: Vec<OpenContext>,
}

/// A post that is open in this browser.
#[derive(Serialize, ToSchema)]
struct OpenContext {
    /// What the header Lamplight-Context names.
    #[schema(value_type = uuid::Uuid)]
    context: ContextId,
    /// The organization's name in addresses.
    organization: String,
    #[schema(value_type = i32)]
    membership: MembershipId,
    opened_at: Timestamp,
}

pub(super) const CONTEXTS: Doc =
    Doc::new("The person's posts, and those that are open").gives::<Contexts>(200);

pub(super) async fn contexts(account: Account) -> Result<Reply, Failure> {
    let (posts, open) = ops::open_contexts(&account).await?;
    let open = open.iter().filter_map(|open| {
        let of = posts
            .iter()
            .find(|post| post.organization == open.organization && post.membership == open.membership)?;
        Some(OpenContext {
            context: open.context,
            organization: of.slug.clone(),
            membership: open.membership,
            opened_at: open.opened_at,
        })
    });
    let open = open.collect();
    Reply::json(200, &Contexts { memberships: posts.iter().map(post).collect(), open })
}

/// Which post to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChosenPost {
    /// The organization's name in addresses.
    organization: String,
    #[schema(value_type = i32)]
    membership: MembershipId,
}

/// A post that was opened.
#[derive(Serialize, ToSchema)]
struct OpenedContext {
    /// What the header Lamplight-Context is to name.
    #[schema(value_type = uuid::Uuid)]
    context: ContextId,
    #[serde(flatten)]
    post: Membership,
}

pub(super) const OPEN: Doc = Doc::new("Open one of the person's posts, beside those that are open")
    .takes::<ChosenPost>()
    .gives::<OpenedContext>(201);

pub(super) async fn open(account: Account) -> Result<Reply, Failure> {
    let ChosenPost { organization, membership } = account.visit.json()?;
    let (context, opened) = ops::open_context(&account, &organization, membership).await?;
    Reply::json(201, &OpenedContext { context, post: post(&opened) })
}

pub(super) const CLOSE: Doc = Doc::new("Close a context; the others go on");

pub(super) async fn close(account: Account) -> Result<Reply, Failure> {
    let id: ContextId = account.visit.param("context").parse().map_err(|_| Failure::unlisted())?;
    ops::close_context(&account, id).await?;
    Ok(Reply::empty(204))
}

/// The browsers in which a person is signed in, the last used first.
#[derive(Serialize, ToSchema)]
struct Devices {
    devices: Vec<Device>,
}

/// A browser that is signed in.
#[derive(Serialize, ToSchema)]
struct Device {
    #[schema(value_type = uuid::Uuid)]
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    /// Browser and system, in words.
    agent: String,
    /// The network it signed in from: the address without its last part.
    #[schema(required)]
    address: Option<String>,
    signed_in_at: Timestamp,
    used_at: Timestamp,
    /// When it ends whatever is asked.
    ends_at: Timestamp,
    /// How many contexts are open in it.
    contexts: i64,
}

pub(super) const DEVICES: Doc = Doc::new("Where the person is signed in").gives::<Devices>(200);

pub(super) async fn devices(account: Account) -> Result<Reply, Failure> {
    let devices = ops::devices(&account).await?.into_iter().map(|device| Device {
        id: device.id,
        current: device.id == account.session.id(),
        agent: device.agent,
        address: device.address,
        signed_in_at: device.signed_in_at,
        used_at: device.used_at,
        ends_at: device.ends_at,
        contexts: device.contexts,
    });
    Reply::json(200, &Devices { devices: devices.collect() })
}

pub(super) const DEVICE_END: Doc = Doc::new("Sign out a browser");

pub(super) async fn device_end(account: Account) -> Result<Reply, Failure> {
    let id: SessionId = account.visit.param("device").parse().map_err(|_| Failure::unlisted())?;
    ops::end_device(&account, id).await?;
    let reply = Reply::empty(204);
    Ok(if id == account.session.id() { reply.with("set-cookie", Cookie::clear()) } else { reply })
}
