//! `/api/auth`, `/api/me`, `/api/people`: what is asked and answered, and nothing else.

mod factors;
mod grants;
mod links;
mod members;
mod roles;
mod sessions;
mod sign_in;
mod step_up;
mod ties;

use policy::Action;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use zeroize::Zeroizing;

pub(crate) use grants::{etag, if_match, proved, proved_above};
pub(crate) use sessions::{Membership, post};

use crate::http::{
    Access, Account, Answer, Body, Call, Cookie, Doc, Failure, Handler, Reply, Route, Verb, Visit,
};

const OUTSIDE: &str = "who signs in is not signed in yet; answers do not tell whether an account exists";
const DOOR: &str = "whether anyone is signed in is what it tells";
const LINK: &str = "the link is the proof";

/// The rows of people.
pub(crate) const ROUTES: &[Route] = &[
    visitor("/api/auth/login", OUTSIDE, &sign_in::PASSWORD, |v| Box::pin(sign_in::password(v))),
    visitor("/api/auth/login/factor", OUTSIDE, &sign_in::FACTOR, |v| Box::pin(sign_in::factor(v))),
    visitor("/api/auth/login/sms", OUTSIDE, &sign_in::SMS, |v| Box::pin(sign_in::sms(v))),
    visitor("/api/auth/login/passkey", OUTSIDE, &sign_in::PASSKEY, |v| Box::pin(sign_in::passkey(v))),
    visitor("/api/auth/login/passkey/finish", OUTSIDE, &sign_in::PASSKEY_FINISH, |v| {
        Box::pin(sign_in::passkey_finish(v))
    }),
    visitor("/api/auth/reset", OUTSIDE, &links::RESET, |v| Box::pin(links::reset(v))),
    visitor("/api/auth/reset/finish", LINK, &links::RESET_FINISH, |v| Box::pin(links::reset_finish(v))),
    visitor("/api/auth/email/finish", LINK, &links::EMAIL_FINISH, |v| Box::pin(links::email_finish(v))),
    visitor("/api/auth/invitation", LINK, &links::INVITATION, |v| Box::pin(links::invitation(v))),
    visitor("/api/auth/invitation/accept", LINK, &links::ACCEPT, |v| Box::pin(links::accept(v))),
    Route {
        method: Verb::Get,
        body: Body::None,
        audited: false,
        active: false,
        ..visitor("/api/auth/door", DOOR, &sessions::DOOR, |v| Box::pin(sessions::door(v)))
    },
    Route {
        active: false,
        ..account(Verb::Get, "/api/auth/session", &sessions::SESSION, |a| Box::pin(sessions::session(a)))
    },
    Route {
        body: Body::None,
        ..account(Verb::Post, "/api/auth/session/touch", &sessions::TOUCH, |_| {
            Box::pin(async { Ok(Reply::empty(204)) })
        })
    },
    account(Verb::Post, "/api/auth/logout", &sessions::LOGOUT, |a| Box::pin(sessions::logout(a))),
    account(Verb::Get, "/api/auth/contexts", &sessions::CONTEXTS, |a| Box::pin(sessions::contexts(a))),
    account(Verb::Post, "/api/auth/contexts", &sessions::OPEN, |a| Box::pin(sessions::open(a))),
    account(Verb::Delete, "/api/auth/contexts/{context}", &sessions::CLOSE, |a| Box::pin(sessions::close(a))),
    account(Verb::Get, "/api/auth/devices", &sessions::DEVICES, |a| Box::pin(sessions::devices(a))),
    account(Verb::Delete, "/api/auth/devices/{device}", &sessions::DEVICE_END, |a| {
        Box::pin(sessions::device_end(a))
    }),
    account(Verb::Get, "/api/auth/factors", &factors::LIST, |a| Box::pin(factors::list(a))),
    account(Verb::Post, "/api/auth/factors/totp", &factors::TOTP, |a| Box::pin(factors::totp(a))),
    account(Verb::Post, "/api/auth/factors/sms", &factors::SMS, |a| Box::pin(factors::sms(a))),
    account(Verb::Post, "/api/auth/factors/passkey/start", &factors::PASSKEY, |a| {
        Box::pin(factors::passkey(a))
    }),
    account(Verb::Post, "/api/auth/factors/passkey/finish", &factors::PASSKEY_FINISH, |a| {
        Box::pin(factors::passkey_finish(a))
    }),
    account(Verb::Post, "/api/auth/factors/recovery", &factors::RECOVERY, |a| Box::pin(factors::recovery(a))),
    account(Verb::Post, "/api/auth/factors/{factor}/confirm", &factors::CONFIRM, |a| {
        Box::pin(factors::confirm(a))
    }),
    account(Verb::Delete, "/api/auth/factors/{factor}", &factors::REMOVE, |a| Box::pin(factors::remove(a))),
    account(Verb::Post, "/api/auth/step-up", &step_up::SECRET, |a| Box::pin(step_up::secret(a))),
    account(Verb::Post, "/api/auth/step-up/sms", &step_up::SMS, |a| Box::pin(step_up::sms(a))),
    account(Verb::Post, "/api/auth/step-up/passkey", &step_up::PASSKEY, |a| Box::pin(step_up::passkey(a))),
    account(Verb::Post, "/api/auth/step-up/passkey/finish", &step_up::PASSKEY_FINISH, |a| {
        Box::pin(step_up::passkey_finish(a))
    }),
    account(Verb::Post, "/api/auth/password", &links::PASSWORD, |a| Box::pin(links::password(a))),
    account(Verb::Post, "/api/auth/email", &links::EMAIL, |a| Box::pin(links::email(a))),
    account(Verb::Post, "/api/auth/invitation/take-up", &links::TAKE_UP, |a| Box::pin(links::take_up(a))),
    member(Verb::Get, "/api/me", Access::Own, &members::ME, |c| Box::pin(members::me(c))),
    member(Verb::Get, "/api/people", Access::Needs(Action::ListPeople), &members::LIST, |c| {
        Box::pin(members::list(c))
    }),
    member(Verb::Post, "/api/people", Access::Needs(Action::Invite), &members::INVITE, |c| {
        Box::pin(members::invite(c))
    }),
    Route {
        health_data: true,
        ..member(
            Verb::Get,
            "/api/patients/{patient}/relationships",
            Access::Needs(Action::ListTies),
            &ties::LIST,
            |c| Box::pin(ties::list(c)),
        )
    },
    member(
        Verb::Put,
        "/api/patients/{patient}/relationships/{membership}/{kind}",
        Access::Needs(Action::EditTie),
        &ties::PUT,
        |c| Box::pin(ties::put(c)),
    ),
    member(
        Verb::Delete,
        "/api/patients/{patient}/relationships/{membership}/{kind}",
        Access::Needs(Action::EditTie),
        &ties::END,
        |c| Box::pin(ties::end(c)),
    ),
    member(Verb::Get, "/api/me/relationships", Access::Own, &ties::OWN, |c| Box::pin(ties::own(c))),
    member(Verb::Post, "/api/me/relationships/accept", Access::Own, &ties::ACCEPT, |c| {
        Box::pin(ties::accept(c))
    }),
    member(Verb::Get, "/api/roles", Access::Needs(Action::ListRoles), &roles::LIST, |c| {
        Box::pin(roles::list(c))
    }),
    member(Verb::Post, "/api/roles", Access::Needs(Action::EditRole), &roles::CREATE, |c| {
        Box::pin(roles::create(c))
    }),
    member(Verb::Put, "/api/roles/{role}", Access::Needs(Action::EditRole), &roles::CHANGE, |c| {
        Box::pin(roles::change(c))
    }),
    member(Verb::Delete, "/api/people/{membership}", Access::Needs(Action::EndPost), &members::END, |c| {
        Box::pin(members::end(c))
    }),
    member(Verb::Get, "/api/people/{membership}", Access::Needs(Action::LookAtPost), &grants::LOOK, |c| {
        Box::pin(grants::look(c))
    }),
    member(Verb::Put, "/api/people/{membership}", Access::Needs(Action::ChangePost), &grants::CHANGE, |c| {
        Box::pin(grants::change(c))
    }),
    member(Verb::Post, "/api/people/what-if", Access::Needs(Action::WhatIf), &grants::WHAT_IF, |c| {
        Box::pin(grants::what_if(c))
    }),
    Route {
        health_data: true,
        ..member(Verb::Get, "/api/people/reach", Access::Needs(Action::Reach), &grants::REACH, |c| {
            Box::pin(grants::reach(c))
        })
    },
];

const fn visitor(
    path: &'static str,
    reason: &'static str,
    doc: &'static Doc,
    handler: fn(Visit) -> Answer,
) -> Route {
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
        doc: Some(doc),
        handler: Handler::Visitor(handler),
    }
}

const fn account(
    method: Verb,
    path: &'static str,
    doc: &'static Doc,
    handler: fn(Account) -> Answer,
) -> Route {
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
        doc: Some(doc),
        handler: Handler::Account(handler),
    }
}

const fn member(
    method: Verb,
    path: &'static str,
    access: Access,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route {
        method,
        path,
        interaction: "people",
        access,
        resource: "membership",
        health_data: false,
        audited: true,
        body: if matches!(method, Verb::Post | Verb::Put) { Body::Json } else { Body::None },
        active: true,
        doc: Some(doc),
        handler: Handler::Private(handler),
    }
}

fn signed_in(cookie: &Cookie, value: &impl Serialize) -> Result<Reply, Failure> {
    Ok(Reply::json(200, value)?.with("set-cookie", cookie.set()))
}

/// With the cookie that the session has from now on, where it turned.
fn turned(reply: Reply, cookie: Option<&Cookie>) -> Reply {
    match cookie {
        Some(cookie) => reply.with("set-cookie", cookie.set()),
        None => reply,
    }
}

/// A secret as it comes in a body.
type Hidden = Zeroizing<String>;

/// A body without members.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// A WebAuthn ceremony that has begun.
#[derive(Serialize, ToSchema)]
struct Ceremony {
    /// Its handle, good for 10 minutes.
    #[schema(format = Password)]
    ceremony: String,
    /// What the browser's authenticator is asked with: PublicKeyCredentialRequestOptionsJSON or, where a passkey is
    /// added, PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3, section 5.1).
    #[schema(value_type = Object)]
    options: Value,
}

/// The end of a WebAuthn ceremony.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Finish {
    /// The handle.
    #[schema(value_type = String, format = Password, write_only)]
    ceremony: Hidden,
    /// What the authenticator answered: AuthenticationResponseJSON (WebAuthn Level 3, section 5.1).
    #[schema(value_type = Object)]
    credential: Value,
}
