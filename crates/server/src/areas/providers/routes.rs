//! `/api/auth/providers`: a browser goes to a provider and comes back, by redirects alone.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Binding, parameter, path_of_ours};
use super::{Error, ops};
use crate::areas::people::Step;
use crate::http::{Access, Answer, Body, Doc, Failure, Handler, Reply, Route, Verb, Visit};

const OUTSIDE: &str = "who signs in is not signed in yet; the names of the providers are on the sign-in page";

/// The rows of providers.
pub(crate) const ROUTES: &[Route] = &[
    Route { audited: false, ..visitor("/api/auth/providers", &LIST, |v| Box::pin(list(v))) },
    visitor("/api/auth/providers/{provider}/start", &START, |v| Box::pin(start(v))),
    visitor("/api/auth/providers/callback", &CALLBACK, |v| Box::pin(callback(v))),
];

const fn visitor(path: &'static str, doc: &'static Doc, handler: fn(Visit) -> Answer) -> Route {
    Route {
        method: Verb::Get,
        path,
        interaction: "providers",
        access: Access::Visitor(OUTSIDE),
        resource: "identity-provider",
        health_data: false,
        audited: true,
        body: Body::None,
        active: true,
        doc: Some(doc),
        handler: Handler::Visitor(handler),
    }
}

/// The identity providers of the organization whose address is asked.
#[derive(Serialize, ToSchema)]
struct Providers {
    providers: Vec<Provider>,
}

/// An identity provider.
#[derive(Serialize, ToSchema)]
struct Provider {
    id: Uuid,
    /// What the sign-in page calls it.
    name: String,
}

const LIST: Doc = Doc::new("The identity providers to sign in with").gives::<Providers>(200);
const START: Doc =
    Doc::new("Go to an identity provider").status(303).query(&[("return", "A path of ours to come back to")]);
const CALLBACK: Doc = Doc::new("Come back from an identity provider").status(303).query(&[
    ("state", "RFC 6749, section 4.1.2"),
    ("code", "RFC 6749, section 4.1.2"),
    ("iss", "RFC 9207, section 2"),
]);

async fn list(visit: Visit) -> Result<Reply, Failure> {
    let providers = ops::list(&visit).await?.into_iter().map(|(id, name)| Provider { id, name }).collect();
    Ok(Reply::of(200, "application/json", json!(Providers { providers }).to_string()))
}

fn go(to: impl Into<String>) -> Reply {
    Reply::empty(303).with("location", to)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Back to the sign-in page: one answer for whatever was wrong.
fn refused(error: Error) -> Result<Reply, Failure> {
    match error {
        Error::Refused => Ok(go("/sign-in?error=provider").with("set-cookie", Binding::clear())),
        error => Err(error.into()),
    }
}

async fn start(visit: Visit) -> Result<Reply, Failure> {
    let back = parameter(visit.query(), "return");
    match ops::start(&visit, visit.param("provider"), path_of_ours(back.as_deref())).await {
        Ok((url, browser)) => Ok(go(url).with("set-cookie", Binding::set(&browser))),
        Err(error) => refused(error),
    }
}

async fn callback(visit: Visit) -> Result<Reply, Failure> {
    let answer = ops::Answer {
        state: parameter(visit.query(), "state"),
        code: parameter(visit.query(), "code"),
        issuer: parameter(visit.query(), "iss"),
        browser: Binding::of(visit.header_values("cookie")),
    };
    let (step, back) = match ops::finish(&visit, answer).await {
        Ok(signed_in) => signed_in,
        Err(error) => return refused(error),
    };
    let reply = match step {
        Step::Done(cookie) => go(back).with("set-cookie", cookie.set()),
        Step::Enrol(cookie) => go(page("/enroll", &back)).with("set-cookie", cookie.set()),
        // In the fragment, which reaches no log: the page goes on as after a right password.
        Step::Factor { login, factors } => {
            go(format!("{}#login={login}&factors={}", page("/sign-in", &back), factors.join(",")))
        }
    };
    Ok(reply.with("set-cookie", Binding::clear()))
}

/// A page that goes on to `back`.
fn page(path: &str, back: &str) -> String {
    if back == "/" { path.to_owned() } else { format!("{path}?return={}", encoded(back)) }
}
