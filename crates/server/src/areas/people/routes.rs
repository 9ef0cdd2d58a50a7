//! `/api/auth`, `/api/me`, `/api/people`: what is asked and answered, and nothing else.

use kernel::{ContextId, MembershipId, SessionId};
use policy::{Action, Permission};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::model::FactorWhat;
use super::ops::{self, Post, Step};
use crate::http::{Access, Account, Answer, Body, Call, Cookie, Failure, Handler, Reply, Route, Verb, Visit};

const OUTSIDE: &str = "who signs in is not signed in yet; answers do not tell whether an account exists";
const LINK: &str = "the link is the proof";

/// The rows of people.
pub(crate) const ROUTES: &[Route] = &[
    visitor("/api/auth/login", OUTSIDE, |v| Box::pin(login(v))),
    visitor("/api/auth/login/factor", OUTSIDE, |v| Box::pin(login_factor(v))),
    visitor("/api/auth/login/sms", OUTSIDE, |v| Box::pin(login_sms(v))),
    visitor("/api/auth/login/passkey", OUTSIDE, |v| Box::pin(login_passkey(v))),
    visitor("/api/auth/login/passkey/finish", OUTSIDE, |v| Box::pin(login_passkey_finish(v))),
    visitor("/api/auth/reset", OUTSIDE, |v| Box::pin(reset(v))),
    visitor("/api/auth/reset/finish", LINK, |v| Box::pin(reset_finish(v))),
    visitor("/api/auth/email/finish", LINK, |v| Box::pin(email_finish(v))),
    visitor("/api/auth/invitation", LINK, |v| Box::pin(invitation(v))),
    visitor("/api/auth/invitation/accept", LINK, |v| Box::pin(invitation_accept(v))),
    Route { active: false, ..account(Verb::Get, "/api/auth/session", |a| Box::pin(session(a))) },
    account(Verb::Post, "/api/auth/session/touch", |_| Box::pin(async { Ok(Reply::empty(204)) })),
    account(Verb::Post, "/api/auth/logout", |a| Box::pin(logout(a))),
    account(Verb::Get, "/api/auth/contexts", |a| Box::pin(contexts(a))),
    account(Verb::Post, "/api/auth/contexts", |a| Box::pin(context_open(a))),
    account(Verb::Delete, "/api/auth/contexts/{context}", |a| Box::pin(context_close(a))),
    account(Verb::Get, "/api/auth/devices", |a| Box::pin(devices(a))),
    account(Verb::Delete, "/api/auth/devices/{device}", |a| Box::pin(device_end(a))),
    account(Verb::Get, "/api/auth/factors", |a| Box::pin(factors(a))),
    account(Verb::Post, "/api/auth/factors/totp", |a| Box::pin(factor_totp(a))),
    account(Verb::Post, "/api/auth/factors/sms", |a| Box::pin(factor_sms(a))),
    account(Verb::Post, "/api/auth/factors/passkey/start", |a| Box::pin(factor_passkey(a))),
    account(Verb::Post, "/api/auth/factors/passkey/finish", |a| Box::pin(factor_passkey_finish(a))),
    account(Verb::Post, "/api/auth/factors/recovery", |a| Box::pin(factor_recovery(a))),
    account(Verb::Post, "/api/auth/factors/{factor}/confirm", |a| Box::pin(factor_confirm(a))),
    account(Verb::Delete, "/api/auth/factors/{factor}", |a| Box::pin(factor_remove(a))),
    account(Verb::Post, "/api/auth/step-up", |a| Box::pin(step_up(a))),
    account(Verb::Post, "/api/auth/step-up/sms", |a| Box::pin(step_up_sms(a))),
    account(Verb::Post, "/api/auth/step-up/passkey", |a| Box::pin(step_up_passkey(a))),
    account(Verb::Post, "/api/auth/step-up/passkey/finish", |a| Box::pin(step_up_passkey_finish(a))),
    account(Verb::Post, "/api/auth/password", |a| Box::pin(password(a))),
    account(Verb::Post, "/api/auth/email", |a| Box::pin(email(a))),
    account(Verb::Post, "/api/auth/invitation/take-up", |a| Box::pin(invitation_take_up(a))),
    member(Verb::Get, "/api/me", Access::Own, |c| Box::pin(me(c))),
    member(Verb::Get, "/api/people", Access::Needs(Action::ListPeople), |c| Box::pin(people(c))),
    member(Verb::Post, "/api/people", Access::Needs(Action::Invite), |c| Box::pin(people_invite(c))),
    member(Verb::Delete, "/api/people/{membership}", Access::Needs(Action::EndPost), |c| {
        Box::pin(people_end(c))
    }),
];

const fn visitor(path: &'static str, reason: &'static str, handler: fn(Visit) -> Answer) -> Route {
    Route {
        method: Verb::Post,
        path,
        interaction: "people",
        access: Access::Visitor(reason),
        resource: "account",
        health_data: false,
        audited: true,
        body: Body::Json,
        active: true,
        handler: Handler::Visitor(handler),
    }
}

const fn account(method: Verb, path: &'static str, handler: fn(Account) -> Answer) -> Route {
    Route {
        method,
        path,
        interaction: "people",
        access: Access::Account,
        resource: "account",
        health_data: false,
        audited: !matches!(method, Verb::Get),
        body: if matches!(method, Verb::Post) { Body::Json } else { Body::None },
        active: true,
        handler: Handler::Account(handler),
    }
}

const fn member(method: Verb, path: &'static str, access: Access, handler: fn(Call) -> Answer) -> Route {
    Route {
        method,
        path,
        interaction: "people",
        access,
        resource: "membership",
        health_data: false,
        audited: true,
        body: if matches!(method, Verb::Post) { Body::Json } else { Body::None },
        active: true,
        handler: Handler::Private(handler),
    }
}

fn answer(status: u16, value: &Value) -> Result<Reply, Failure> {
    Ok(Reply::of(status, "application/json", value.to_string()))
}

/// A secret as it comes in a body.
type Hidden = Zeroizing<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    email: String,
    password: Hidden,
}

async fn login(visit: Visit) -> Result<Reply, Failure> {
    let Login { email, password } = visit.json()?;
    step(ops::sign_in(&visit, &email, password).await?)
}

fn step(step: Step) -> Result<Reply, Failure> {
    match step {
        Step::Factor { login, factors } => {
            answer(200, &json!({"next": "factor", "login": login, "factors": factors}))
        }
        Step::Enrol(cookie) => signed_in(&cookie, &json!({"next": "enroll"})),
        Step::Done(cookie) => signed_in(&cookie, &json!({"next": "done"})),
    }
}

fn signed_in(cookie: &Cookie, value: &Value) -> Result<Reply, Failure> {
    Ok(answer(200, value)?.with("set-cookie", cookie.set()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginFactor {
    login: Hidden,
    kind: String,
    code: Hidden,
}

async fn login_factor(visit: Visit) -> Result<Reply, Failure> {
    let LoginFactor { login, kind, code } = visit.json()?;
    step(ops::second_factor(&visit, &login, &kind, &code).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Handle {
    login: Hidden,
}

async fn login_sms(visit: Visit) -> Result<Reply, Failure> {
    let Handle { login } = visit.json()?;
    ops::send_code(&visit, &login).await?;
    Ok(Reply::empty(204))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaybeHandle {
    login: Option<Hidden>,
}

async fn login_passkey(visit: Visit) -> Result<Reply, Failure> {
    let MaybeHandle { login } = visit.json()?;
    let (ceremony, options) = ops::passkey_start(&visit, login.as_ref().map(|login| login.as_str())).await?;
    answer(200, &json!({"ceremony": ceremony, "options": options}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finish {
    ceremony: Hidden,
    credential: Value,
}

async fn login_passkey_finish(visit: Visit) -> Result<Reply, Failure> {
    let Finish { ceremony, credential } = visit.json()?;
    let cookie = ops::passkey_sign_in(&visit, &ceremony, &credential).await?;
    signed_in(&cookie, &json!({"next": "done"}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Email {
    email: String,
}

async fn reset(visit: Visit) -> Result<Reply, Failure> {
    let Email { email } = visit.json()?;
    ops::reset(&visit, &email).await?;
    Ok(Reply::empty(202))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    token: Hidden,
    password: Hidden,
}

async fn reset_finish(visit: Visit) -> Result<Reply, Failure> {
    let NewPassword { token, password } = visit.json()?;
    ops::finish_reset(&visit, &token, password).await?;
    Ok(Reply::empty(204))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    token: Hidden,
}

async fn email_finish(visit: Visit) -> Result<Reply, Failure> {
    let Token { token } = visit.json()?;
    ops::finish_email(&visit, &token).await?;
    Ok(Reply::empty(204))
}

async fn invitation(visit: Visit) -> Result<Reply, Failure> {
    let Token { token } = visit.json()?;
    let offer = ops::look_at_invitation(&visit, &token).await?;
    answer(
        200,
        &json!({
            "organization": {"slug": offer.slug, "name": offer.organization},
            "role": offer.role,
            "email": offer.email,
            "account": offer.account,
            "password_rules": {"min": 12, "max": 256},
        }),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accept {
    token: Hidden,
    name: String,
    password: Hidden,
}

async fn invitation_accept(visit: Visit) -> Result<Reply, Failure> {
    let Accept { token, name, password } = visit.json()?;
    step(ops::accept_invitation(&visit, &token, &name, password).await?)
}

async fn invitation_take_up(account: Account) -> Result<Reply, Failure> {
    let Token { token } = account.visit.json()?;
    ops::accept_signed_in(&account, &token).await?;
    answer(200, &json!({"next": "done"}))
}

fn strength(two_factors: bool) -> &'static str {
    if two_factors { "two-factor" } else { "password" }
}

async fn session(account: Account) -> Result<Reply, Failure> {
    let (details, required) = ops::whoami(&account).await?;
    let session = &account.session;
    answer(
        200,
        &json!({
            "person": details,
            "strength": strength(session.two_factors()),
            "second_factor_required": required,
            "signed_in_at": session.signed_in_at(),
            "idle_ends_at": session.idle_ends_at(),
            "ends_at": session.ends_at(),
            "idle_seconds": session.idle().as_secs(),
        }),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Logout {
    scope: Scope,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Scope {
    Device,
    Everywhere,
}

async fn logout(account: Account) -> Result<Reply, Failure> {
    let Logout { scope } = account.visit.json()?;
    ops::sign_out(&account, scope == Scope::Everywhere).await?;
    Ok(Reply::empty(204).with("set-cookie", Cookie::clear()).with("clear-site-data", "\"cache\""))
}

/// A colour by which a person tells two tabs apart: the same every time, another for each organization and side.
fn color(post: &Post) -> &'static str {
    const COLORS: [&str; 12] = [
        "teal", "indigo", "orange", "grape", "cyan", "pink", "lime", "blue", "red", "green", "violet",
        "yellow",
    ];
    let side = if post.plane == "portal" { 3 } else { 0 };
    let turn = usize::try_from(post.organization.0).unwrap_or(0) + side;
    COLORS[turn % COLORS.len()]
}

/// A post as the choice of contexts shows it.
pub(crate) fn post(post: &Post) -> Value {
    let facilities: Vec<Value> = post
        .facilities
        .iter()
        .map(|(code, name, zone)| json!({"code": code, "name": name, "time_zone": zone}))
        .collect();
    json!({
        "organization": {"slug": post.slug, "name": post.organization_name, "kind": post.organization_kind},
        "membership": post.membership,
        "role": post.role,
        "kind": post.plane,
        "color": color(post),
        "facilities": facilities,
    })
}

async fn contexts(account: Account) -> Result<Reply, Failure> {
    let (posts, open) = ops::open_contexts(&account).await?;
    let open: Vec<Value> = open
        .iter()
        .filter_map(|open| {
            let of = posts
                .iter()
                .find(|post| post.organization == open.organization && post.membership == open.membership)?;
            Some(json!({
                "context": open.context,
                "organization": of.slug,
                "membership": open.membership,
                "opened_at": open.opened_at,
            }))
        })
        .collect();
    let memberships: Vec<Value> = posts.iter().map(post).collect();
    answer(200, &json!({"memberships": memberships, "open": open}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenContext {
    organization: String,
    membership: MembershipId,
}

async fn context_open(account: Account) -> Result<Reply, Failure> {
    let OpenContext { organization, membership } = account.visit.json()?;
    let (context, opened) = ops::open_context(&account, &organization, membership).await?;
    let mut value = post(&opened);
    value["context"] = json!(context);
    answer(201, &value)
}

async fn context_close(account: Account) -> Result<Reply, Failure> {
    let id: ContextId = account.visit.param("context").parse().map_err(|_| Failure::unlisted())?;
    ops::close_context(&account, id).await?;
    Ok(Reply::empty(204))
}

async fn devices(account: Account) -> Result<Reply, Failure> {
    let devices: Vec<Value> = ops::devices(&account)
        .await?
        .into_iter()
        .map(|device| {
            json!({
                "id": device.id,
                "current": device.id == account.session.id(),
                "agent": device.agent,
                "address": device.address,
                "signed_in_at": device.signed_in_at,
                "used_at": device.used_at,
                "ends_at": device.ends_at,
                "contexts": device.contexts,
            })
        })
        .collect();
    answer(200, &json!({"devices": devices}))
}

async fn device_end(account: Account) -> Result<Reply, Failure> {
    let id: SessionId = account.visit.param("device").parse().map_err(|_| Failure::unlisted())?;
    ops::end_device(&account, id).await?;
    let reply = Reply::empty(204);
    Ok(if id == account.session.id() { reply.with("set-cookie", Cookie::clear()) } else { reply })
}

async fn factors(account: Account) -> Result<Reply, Failure> {
    let (factors, left, person) = ops::list_factors(&account).await?;
    let factors: Vec<Value> = factors
        .iter()
        .map(|factor| {
            let hint = match &factor.secret.what {
                FactorWhat::Sms(phone) => phone.get(phone.len().saturating_sub(4)..),
                FactorWhat::Totp(_) | FactorWhat::Passkey(_) => None,
            };
            json!({
                "id": factor.id,
                "kind": factor.kind,
                "label": factor.secret.label,
                "hint": hint,
                "added_at": factor.added_at,
                "used_at": factor.used_at,
            })
        })
        .collect();
    answer(
        200,
        &json!({"factors": factors, "recovery_codes_left": left, "password_changed_at": person.password_at}),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    label: String,
}

async fn factor_totp(account: Account) -> Result<Reply, Failure> {
    let Label { label } = account.visit.json()?;
    let made = ops::add_totp(&account, &label).await?;
    let value =
        json!({"id": made.id, "secret": made.secret.as_str(), "uri": made.uri.as_str(), "qr": made.qr});
    answer(201, &value)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phone {
    phone: String,
    label: String,
}

async fn factor_sms(account: Account) -> Result<Reply, Failure> {
    let Phone { phone, label } = account.visit.json()?;
    let id = ops::add_sms(&account, &phone, &label).await?;
    answer(201, &json!({"id": id}))
}

fn codes(codes: Option<Vec<Hidden>>) -> Value {
    codes.map_or(json!({}), |codes| {
        let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        json!({"recovery_codes": codes})
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    code: Hidden,
}

async fn factor_confirm(account: Account) -> Result<Reply, Failure> {
    let id: Uuid = account.visit.param("factor").parse().map_err(|_| Failure::unlisted())?;
    let Code { code } = account.visit.json()?;
    answer(200, &codes(ops::confirm(&account, id, &code).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn factor_passkey(account: Account) -> Result<Reply, Failure> {
    let Nothing {} = account.visit.json()?;
    let (ceremony, options) = ops::enrol_start(&account).await?;
    answer(200, &json!({"ceremony": ceremony, "options": options}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enrol {
    ceremony: Hidden,
    label: String,
    credential: Value,
}

async fn factor_passkey_finish(account: Account) -> Result<Reply, Failure> {
    let Enrol { ceremony, label, credential } = account.visit.json()?;
    let (id, given) = ops::enrol(&account, &ceremony, &label, &credential).await?;
    let mut value = codes(given);
    value["id"] = json!(id);
    answer(201, &value)
}

async fn factor_recovery(account: Account) -> Result<Reply, Failure> {
    let Nothing {} = account.visit.json()?;
    answer(200, &codes(Some(ops::renew_recovery_codes(&account).await?)))
}

async fn factor_remove(account: Account) -> Result<Reply, Failure> {
    let id: Uuid = account.visit.param("factor").parse().map_err(|_| Failure::unlisted())?;
    ops::remove_factor(&account, id).await?;
    Ok(Reply::empty(204))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepUp {
    action: String,
    with: String,
    secret: Hidden,
}

async fn step_up(account: Account) -> Result<Reply, Failure> {
    let StepUp { action, with, secret } = account.visit.json()?;
    let (proof, cookie) = ops::step_up(&account, &action, &with, secret).await?;
    signed_in(&cookie, &json!({"step_up": proof}))
}

async fn step_up_sms(account: Account) -> Result<Reply, Failure> {
    let Nothing {} = account.visit.json()?;
    ops::send_step_up_code(&account).await?;
    Ok(Reply::empty(204))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionName {
    action: String,
}

async fn step_up_passkey(account: Account) -> Result<Reply, Failure> {
    let ActionName { action } = account.visit.json()?;
    let (ceremony, options) = ops::step_up_passkey_start(&account, &action).await?;
    answer(200, &json!({"ceremony": ceremony, "options": options}))
}

async fn step_up_passkey_finish(account: Account) -> Result<Reply, Failure> {
    let Finish { ceremony, credential } = account.visit.json()?;
    let (proof, cookie) = ops::step_up_passkey(&account, &ceremony, &credential).await?;
    signed_in(&cookie, &json!({"step_up": proof}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    password: Hidden,
}

async fn password(account: Account) -> Result<Reply, Failure> {
    let Password { password } = account.visit.json()?;
    ops::change_password(&account, password).await?;
    Ok(Reply::empty(204))
}

async fn email(account: Account) -> Result<Reply, Failure> {
    let Email { email } = account.visit.json()?;
    ops::change_email(&account, &email).await?;
    Ok(Reply::empty(202))
}

async fn me(call: Call) -> Result<Reply, Failure> {
    let ctx = &call.ctx;
    let permissions: Vec<&str> = ctx.grants().permissions.iter().map(Permission::key).collect();
    let Some((session, context)) = &call.session else {
        // A program is its membership and nobody behind it.
        return answer(200, &json!({"membership": ctx.membership(), "permissions": permissions}));
    };
    let (details, posts) = ops::me(&call.app, session, ctx.request()).await?;
    let mine = posts
        .iter()
        .find(|post| post.organization == ctx.organization() && post.membership == ctx.membership())
        .ok_or_else(Failure::unlisted)?;
    let mut value = post(mine);
    value["context"] = json!(context);
    value["person"] = json!(details);
    value["permissions"] = json!(permissions);
    value["strength"] = json!(strength(session.two_factors()));
    value["second_factor_required"] = json!(mine.second_factor_required && !session.two_factors());
    answer(200, &value)
}

async fn people(call: Call) -> Result<Reply, Failure> {
    let members = ops::list_people(&call.app, &call.ctx).await?;
    answer(200, &json!({"people": members}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invitation {
    email: String,
    name: String,
    role: String,
    kind: String,
    permissions: Vec<String>,
    facilities: Vec<String>,
    #[serde(default)]
    by_relationship: bool,
}

async fn people_invite(call: Call) -> Result<Reply, Failure> {
    let new: Invitation = call.json()?;
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
    answer(201, &json!({"membership": membership}))
}

/// Asks a person for a step-up; a program has proved itself with its token.
async fn proved(call: &Call, action: &'static str) -> Result<(), Failure> {
    let Some((session, _)) = &call.session else { return Ok(()) };
    let given = call.header(ops::STEP_UP)?;
    Ok(ops::spend_step_up(&call.app, call.ctx.request(), session, given, action).await?)
}

async fn people_end(call: Call) -> Result<Reply, Failure> {
    let id = call.param("membership").parse().map(MembershipId).map_err(|_| Failure::unlisted())?;
    proved(&call, "person.end").await?;
    ops::end_post(&call.app, &call.ctx, id).await?;
    Ok(Reply::empty(204))
}
