//! Which program answers: an organization in a database of its own has one of its own at its address (ADR 0016). What
//! goes on there reaches no other: neither its database nor its share of the machine is anybody else's.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use tower::{ServiceExt as _, service_fn};

use crate::app::App;
use crate::http::host::{self, Place};
use crate::http::{Failure, edge, router};

/// The organizations in databases of their own, by slug. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Placed(Arc<RwLock<BTreeMap<String, House>>>);

#[derive(Debug)]
struct House {
    database: String,
    /// Its program, once its database was found to be in order.
    program: Option<Program>,
    /// Whether its database lets us in.
    up: bool,
}

#[derive(Debug)]
struct Program {
    app: App,
    router: Router,
}

/// Who answers at an address.
enum Answering {
    /// The main program.
    Main,
    /// That of an organization.
    Own(Router),
    /// Nobody for now: its database is down, or not in order.
    Nobody,
}

impl Placed {
    /// Says that the organization is elsewhere: nothing answers at its address until it is opened.
    pub(crate) fn expect(&self, slug: &str, database: &str) {
        let house = House { database: database.to_owned(), program: None, up: false };
        self.with(|houses| houses.insert(slug.to_owned(), house));
    }

    /// Lets its program answer.
    pub(crate) fn open(&self, slug: &str, app: App) {
        let program = Program { router: router(app.clone()), app };
        self.with(|houses| {
            if let Some(house) = houses.get_mut(slug) {
                house.program = Some(program);
                house.up = true;
            }
        });
    }

    /// Notes whether its database lets us in.
    pub(crate) fn set_up(&self, slug: &str, up: bool) {
        self.with(|houses| {
            if let Some(house) = houses.get_mut(slug) {
                house.up = up;
            }
        });
    }

    /// It is not in a database of its own any more.
    pub(crate) fn forget(&self, slug: &str) {
        self.with(|houses| houses.remove(slug));
    }

    /// The databases that are not served from now.
    pub(crate) fn down(&self) -> Vec<String> {
        self.with(|houses| {
            houses.values().filter(|house| !house.up).map(|house| house.database.clone()).collect()
        })
    }

    /// Connections of all their pools: open, free, waited for.
    pub(crate) fn pool_status(&self) -> (usize, usize, usize) {
        self.with(|houses| {
            houses.values().filter_map(|house| house.program.as_ref()).fold((0, 0, 0), |sum, program| {
                let (open, free, waiting) = program.app.store.db().pool_status();
                (sum.0 + open, sum.1 + free, sum.2 + waiting)
            })
        })
    }

    fn answering(&self, slug: &str) -> Answering {
        let houses = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match houses.get(slug) {
            None => Answering::Main,
            Some(House { program: Some(program), up: true, .. }) => Answering::Own(program.router.clone()),
            Some(_) => Answering::Nobody,
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut BTreeMap<String, House>) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The router in front of all programs: it picks by host alone, before anything else of a request is looked at.
pub(crate) fn front(app: &App) -> Router {
    let (main, nobody) = (router(app.clone()), nobody(app));
    let (placed, settings) = (app.placed.clone(), Arc::clone(&app.settings));
    Router::new().fallback_service(service_fn(move |request: Request| {
        let authority = host::authority(request.uri(), request.headers());
        let place = authority.map(|authority| host::place(authority.host(), settings.domain.as_deref()));
        let answering = match place {
            Some(Place::Organization(slug)) => placed.answering(&slug),
            _ => Answering::Main,
        };
        match answering {
            Answering::Main => main.clone().oneshot(request),
            Answering::Own(own) => own.oneshot(request),
            Answering::Nobody => nobody.clone().oneshot(request),
        }
    }))
}

/// Answers everything with "not now".
fn nobody(app: &App) -> Router {
    let refuse = || async {
        Failure::new(503, "transient", "this organization cannot be served at the moment")
            .with("retry-after", "5")
    };
    Router::new().fallback(refuse).layer(from_fn_with_state(app.clone(), edge::edge))
}
