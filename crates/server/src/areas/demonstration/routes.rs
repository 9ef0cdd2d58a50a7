//! `/api/auth/demo`: who may be chosen, and choosing. Elsewhere than in a demonstration nobody may, and choosing does
//! not exist.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ops;
use crate::http::{Access, Account, Answer, Body, Doc, Failure, Handler, Reply, Route, Verb, Visit};

const DEMONSTRATION: &str =
    "the invented people of a demonstration, for this machine alone; elsewhere there are none";

/// The rows of the demonstration.
pub(crate) const ROUTES: &[Route] = &[
    Route { audited: false, ..visitor(Verb::Get, Body::None, &LIST, |v| Box::pin(async move { list(&v) })) },
    visitor(Verb::Post, Body::Json, &CHOOSE, |v| Box::pin(choose(v))),
    Route {
        method: Verb::Post,
        path: "/api/auth/demo/step-up",
        access: Access::Account,
        body: Body::Json,
        doc: Some(&PROVE),
        handler: Handler::Account(|a| Box::pin(prove(a))),
        ..visitor(Verb::Post, Body::Json, &CHOOSE, |v| Box::pin(choose(v)))
    },
];

const fn visitor(method: Verb, body: Body, doc: &'static Doc, handler: fn(Visit) -> Answer) -> Route {
    Route {
        method,
        path: "/api/auth/demo",
        interaction: "demonstration",
        access: Access::Visitor(DEMONSTRATION),
        resource: "account",
        health_data: false,
        audited: true,
        body,
        active: true,
        doc: Some(doc),
        handler: Handler::Visitor(handler),
    }
}

/// Someone invented.
#[derive(Serialize, ToSchema)]
struct DemoPerson {
    /// What to choose them by; the app knows by it what to say of them.
    key: &'static str,
    name: String,
    /// The address of their account.
    email: String,
    posts: Vec<DemoPost>,
}

/// A post of theirs.
#[derive(Serialize, ToSchema)]
struct DemoPost {
    role: String,
    /// The names of its facilities.
    facilities: Vec<String>,
}

/// Who may be chosen here.
#[derive(Serialize, ToSchema)]
struct DemoPeople {
    people: Vec<DemoPerson>,
}

const LIST: Doc =
    Doc::new("The invented people to try this demonstration as; none elsewhere").gives::<DemoPeople>(200);

fn list(visit: &Visit) -> Result<Reply, Failure> {
    let people = ops::here(visit).map_or(&[][..], |shown| shown.people());
    let people = people.iter().map(|one| DemoPerson {
        key: one.key,
        name: one.name.clone(),
        email: one.email.clone(),
        posts: one
            .posts
            .iter()
            .map(|(role, facilities)| DemoPost { role: role.clone(), facilities: facilities.clone() })
            .collect(),
    });
    Reply::json(200, &DemoPeople { people: people.collect() })
}

/// Whom one wants to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DemoChoice {
    /// As the list has it.
    person: String,
}

/// Signed in.
#[derive(Serialize, ToSchema)]
struct DemoChosen {
    next: &'static str,
}

const CHOOSE: Doc =
    Doc::new("Sign in as one of a demonstration's invented people; elsewhere it does not exist")
        .takes::<DemoChoice>()
        .gives::<DemoChosen>(200);

async fn choose(visit: Visit) -> Result<Reply, Failure> {
    if ops::here(&visit).is_none() {
        return Err(Failure::unlisted());
    }
    let DemoChoice { person } = visit.json()?;
    let cookie = ops::sign_in(&visit, &person).await?;
    Ok(Reply::json(200, &DemoChosen { next: "done" })?.with("set-cookie", cookie.set()))
}

/// An action that asks for a step-up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DemoStepUp {
    /// What the problem `step-up-required` named.
    action: String,
}

/// A proof.
#[derive(Serialize, ToSchema)]
struct DemoProof {
    /// For the header Lamplight-Step-Up: one action, one use, five minutes.
    #[schema(format = Password)]
    step_up: String,
}

const PROVE: Doc =
    Doc::new("Prove oneself for an action as one of a demonstration's invented people; the cookie changes")
        .takes::<DemoStepUp>()
        .gives::<DemoProof>(200)
        .problems(&["invalid"]);

async fn prove(account: Account) -> Result<Reply, Failure> {
    if ops::here(&account.visit).is_none() {
        return Err(Failure::unlisted());
    }
    let DemoStepUp { action } = account.visit.json()?;
    let (step_up, cookie) = ops::prove(&account, &action).await?;
    Ok(Reply::json(200, &DemoProof { step_up })?.with("set-cookie", cookie.set()))
}
