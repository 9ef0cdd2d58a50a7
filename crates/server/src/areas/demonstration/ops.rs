//! Making the people, and signing in as one of them.

use std::collections::HashMap;

use db::{Ctx, Event};
use fhir::ResourceType;
use kernel::{FacilityId, MembershipId, PatientId, PersonId};
use policy::{PermissionSet, Tie};

use super::cast::{CAST, Name, Part, Post, SHARED, STOCK};
use super::store;
use crate::app::App;
use crate::areas::medications;
use crate::areas::people::{self, NewPost};
use crate::http::{Account, Cookie, Failure, Visit};

/// Where all of them have their mail: a domain that nobody can own (RFC 2606).
const DOMAIN: &str = "demonstration.example";

/// The people who may be chosen at one organization's address.
#[derive(Clone, Debug)]
pub struct Demonstration {
    slug: String,
    people: Vec<Shown>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) key: &'static str,
    pub(super) person: PersonId,
    pub(super) name: String,
    pub(super) email: String,
    /// Of each post: the role's title and the names of its facilities.
    pub(super) posts: Vec<(String, Vec<String>)>,
}

/// Where they are settled.
pub(crate) struct House<'a> {
    /// The operator's context there, at every facility.
    pub(crate) operator: &'a Ctx,
    pub(crate) slug: &'a str,
    /// Number and name of each facility, in the order of the plan.
    pub(crate) facilities: Vec<(FacilityId, String)>,
    /// Who the resident of this place and number is.
    pub(crate) resident: &'a dyn Fn(usize, u32) -> Resident,
}

/// A resident, as the world that they come from describes them.
pub(crate) struct Resident {
    /// `system|value`.
    pub(crate) identifier: String,
    pub(crate) name: String,
    pub(crate) kin: String,
}

/// Makes the people who are not there yet, and what their houses count; gives all of the people.
pub(crate) async fn settle(app: &App, house: &House<'_>) -> Result<Demonstration, people::Error> {
    let mut settled = Settled { app, house, first: HashMap::new() };
    let mut shown = Vec::new();
    for part in &CAST {
        shown.push(settled.part(part).await?);
    }
    for (facility, _) in &house.facilities {
        let stocked = medications::stock_up(app, house.operator, *facility, &STOCK).await;
        stocked.map_err(|_| people::Error::Invalid("the demonstration's medications cannot be stocked"))?;
    }
    Ok(Demonstration { slug: house.slug.to_owned(), people: shown })
}

struct Settled<'a> {
    app: &'a App,
    house: &'a House<'a>,
    /// The first post of each part.
    first: HashMap<&'static str, MembershipId>,
}

impl Settled<'_> {
    async fn part(&mut self, part: &'static Part) -> Result<Shown, people::Error> {
        let name = match part.name {
            Name::Is(name) => name.to_owned(),
            Name::Resident(place, number) => (self.house.resident)(place, number).name,
            Name::KinOf(place, number) => (self.house.resident)(place, number).kin,
        };
        let email = format!("{}@{DOMAIN}", part.key);
        let request = self.house.operator.request().clone();
        let person = people::find_or_make(self.app, request, (&email, &name)).await?;
        let mut held: Vec<_> =
            people::posts_at(self.app, self.house.operator, person, self.house.slug).await?;
        held.sort_by_key(|post| post.membership.0);
        // What was interrupted goes on with the post that is missing.
        for post in part.posts.iter().skip(held.len()) {
            self.post(part.key, person, &name, &email, post).await?;
        }
        if held.len() < part.posts.len() {
            held = people::posts_at(self.app, self.house.operator, person, self.house.slug).await?;
            held.sort_by_key(|post| post.membership.0);
        }
        if let Some(first) = held.first() {
            self.first.insert(part.key, first.membership);
        }
        let names = |post: &people::Post| post.facilities.iter().map(|(_, name, _)| name.clone()).collect();
        let posts = held.iter().map(|post| (post.role.clone(), names(post))).collect();
        Ok(Shown { key: part.key, person, name, email, posts })
    }

    async fn post(
        &self,
        key: &'static str,
        person: PersonId,
        name: &str,
        email: &str,
        post: &Post,
    ) -> Result<(), people::Error> {
        let (app, ctx, now) = (self.app, self.house.operator, self.app.world.now());
        let parent = post.below.and_then(|above| self.first.get(above).copied());
        let facilities: Vec<FacilityId> =
            post.places.iter().map(|place| self.house.facilities[*place].0).collect();
        let mut patients = Vec::new();
        for (place, number) in post.tied.map_or(&[][..], |(_, patients)| patients) {
            patients.push(self.patient(*place, *number).await?);
        }
        let new = NewPost {
            email,
            name,
            role: post.role,
            role_key: Some(post.role),
            // What the role says.
            plane: "staff",
            permissions: PermissionSet::default(),
            denied: PermissionSet::default(),
            facilities: &facilities,
            by_relationship: post.tied.is_some(),
            ends_at: None,
        };
        let tx = app.store.db().begin(ctx).await?;
        let waiting = match post.below {
            None => store::find_first_post(&tx, post.role).await?,
            Some(_) => None,
        };
        let membership = match waiting {
            Some(waiting) => waiting,
            None => people::insert_post(app, &tx, &new, parent).await?,
        };
        for at in &patients {
            let tie = post.tied.map_or(Tie::CareTeam, |(tie, _)| tie);
            store::insert_tie(&tx, membership, *at, tie, now).await?;
            if tie == Tie::Family {
                let by = self.first.get("physician").copied().unwrap_or(membership);
                store::insert_sharing(&tx, (membership, by), *at, &SHARED, now).await?;
            }
        }
        let detail = Some(format!("membership {membership} part {key} ties {}", patients.len()));
        let event = Event { detail, subjects: patients, ..Event::success("people.invite", "demonstration") };
        app.store.db().record(ctx, event).await?;
        tx.commit().await?;
        people::hand_over(app, ctx, membership, person, name).await
    }

    /// Where a resident of the world is in the chart.
    async fn patient(&self, place: usize, number: u32) -> Result<(FacilityId, PatientId), people::Error> {
        let resident = (self.house.resident)(place, number);
        let query = [("identifier".to_owned(), resident.identifier)];
        let request = chart::SearchRequest { rtype: ResourceType::Patient, compartment: None, query: &query };
        let found = self.app.store.search(self.house.operator, request).await;
        let found =
            found.map_err(|_| people::Error::Invalid("the demonstration's residents cannot be found"))?;
        let id = found.entries.first().map(|document| PatientId(document.id.0));
        let id = id.ok_or(people::Error::Invalid("a resident of the demonstration is not in the chart"))?;
        let at = self.app.store.find_patient(self.house.operator, self.house.operator, id).await?;
        Ok((at.ok_or(db::Error::NotFound)?, id))
    }
}

/// Who may be chosen where this was asked: nobody but by this machine at the demonstration's own address.
pub(super) fn here(visit: &Visit) -> Option<&Demonstration> {
    let near = visit.address().is_none_or(|address| address.to_canonical().is_loopback());
    let shown = visit.app.settings.demonstration.as_deref()?;
    (near && visit.slug() == shown.slug).then_some(shown)
}

impl Demonstration {
    /// The subdomain of its organization.
    pub(crate) fn slug(&self) -> &str {
        &self.slug
    }

    pub(super) fn people(&self) -> &[Shown] {
        &self.people
    }
}

/// Signs in as one of them.
pub(super) async fn sign_in(visit: &Visit, key: &str) -> Result<Cookie, Failure> {
    let shown = here(visit).ok_or_else(Failure::unlisted)?;
    let one = shown.people.iter().find(|one| one.key == key);
    let one = one.ok_or_else(|| Failure::coded(404, "not-found", "there is no such person here"))?;
    Ok(people::sign_in_shown(visit, one.person).await?)
}

/// Proves for an action that it is one of them: there is nothing else that they could show.
pub(super) async fn prove(account: &Account, action: &str) -> Result<(String, Cookie), Failure> {
    let shown = here(&account.visit).ok_or_else(Failure::unlisted)?;
    if !shown.people.iter().any(|one| one.person == account.session.person()) {
        return Err(Failure::unlisted());
    }
    Ok(people::prove_shown(account, action).await?)
}
