//! From a synthetic world into the chart: organizations and facilities, then the directory, then the patients.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chart::{ImportOptions, ImportReport, Imported, Store};
use db::{Error, NewFacility, NewOrganization, Operator, Organization};
use eyre::{WrapErr as _, bail};
use indicatif::ProgressBar;
use kernel::FacilityId;
use synth::{OrganizationPlan, SynthResource, World};
use tokio::task::JoinSet;

use crate::boot::Installation;
use crate::cli::session::{self, Session};
use crate::cli::unit::{self, Counts, Failure};
use crate::cli::{out, progress};

/// Resources of one bundle, hence of one transaction.
const BUNDLE: usize = 200;

/// How many refusals are told in words.
const TOLD: usize = 5;

/// Everything the workers share.
struct Load {
    world: World,
    source: String,
    places: Vec<Place>,
    /// Organization, facility and number of each patient.
    patients: Vec<(usize, usize, u32)>,
    next: AtomicUsize,
    told: AtomicUsize,
    bar: ProgressBar,
}

/// An organization of the world, and its facilities in the order of the plan.
struct Place {
    session: Session,
    store: Store,
    facilities: Vec<FacilityId>,
    directory: Vec<SynthResource>,
    types: Types,
}

/// Loads the whole world: organizations of the main database through `main`, which is opened when there is none yet,
/// others each in their own.
pub(super) async fn load(
    installation: &Installation,
    main: Option<&Store>,
    world: World,
    source: String,
    jobs: usize,
) -> eyre::Result<Counts> {
    let mut stores = Stores { main: main.cloned(), jobs };
    let mut places = Vec::new();
    let mut patients = Vec::new();
    for (org, plan) in world.organizations().iter().enumerate() {
        places.push(found(installation, &mut stores, plan, world.directory(org)).await?);
        for (facility, place) in plan.facilities.iter().enumerate() {
            patients.extend((0..place.patients).map(|n| (org, facility, n)));
        }
    }
    let bar = progress::bar(patients.len() as u64, "patients");
    let (next, told) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let load = Arc::new(Load { world, source, places, patients, next, told, bar });
    let mut counts = Counts::default();
    for org in 0..load.places.len() {
        load.write(org, 0, &load.places[org].directory, &mut counts).await?;
    }
    let mut workers = JoinSet::new();
    for _ in 0..jobs {
        workers.spawn(work(Arc::clone(&load)));
    }
    while let Some(ended) = workers.join_next().await {
        // The first failure ends the others: the set is dropped.
        let done = ended.wrap_err("a worker ended badly")??;
        counts.created += done.created;
        counts.updated += done.updated;
        counts.unchanged += done.unchanged;
        counts.kept += done.kept;
        counts.refused += done.refused;
    }
    load.bar.finish_and_clear();
    Ok(counts)
}

async fn work(load: Arc<Load>) -> eyre::Result<Counts> {
    let mut counts = Counts::default();
    while let Some(&(org, facility, n)) = load.patients.get(load.next.fetch_add(1, Ordering::Relaxed)) {
        let chart = load.world.patient(org, facility, n);
        load.write(org, facility, &chart, &mut counts).await?;
        load.bar.inc(1);
    }
    Ok(counts)
}

impl Load {
    /// Writes the resources in bundles, in order: what is referred to comes first.
    async fn write(
        &self,
        org: usize,
        facility: usize,
        resources: &[SynthResource],
        counts: &mut Counts,
    ) -> eyre::Result<()> {
        let place = &self.places[org];
        let options = ImportOptions {
            facility: place.facilities[facility],
            source: self.source.clone(),
            dry_run: false,
            action: policy::Action::Import,
        };
        let mut types = place.types.clone();
        types.extend(types_of(resources));
        for some in resources.chunks(BUNDLE) {
            let body = bundle(some, &types);
            let report = unit::import(async || {
                let ctx = place.session.context(&place.facilities);
                place.store.import_bundle(&ctx, body.as_bytes(), &options).await
            });
            match report.await {
                Ok(report) => {
                    counts.add(&report);
                    self.tell(&report);
                }
                Err(Failure::Stop(error)) => return Err(error),
                Err(Failure::Refused(error)) => bail!("a bundle was refused: {}", describe(&error)),
            }
        }
        Ok(())
    }

    fn tell(&self, report: &ImportReport) {
        for record in &report.records {
            let Imported::Refused(issues) = &record.outcome else { continue };
            if self.told.fetch_add(1, Ordering::Relaxed) < TOLD {
                let words: Vec<_> =
                    issues.iter().map(|issue| format!("{}: {}", issue.path, issue.message)).collect();
                let rtype = record.rtype.map(fhir::ResourceType::as_str).unwrap_or("record");
                self.bar.suspend(|| out::note(format!("refused {rtype}: {}", words.join("; "))));
            }
        }
    }
}

fn describe(error: &chart::Error) -> String {
    let issues = error.issues();
    let words: Vec<_> =
        issues.iter().take(3).map(|issue| format!("{} {}", issue.path, issue.message)).collect();
    words.join("; ")
}

/// A collection, which an import takes as creates under their `fullUrl`s.
fn bundle(resources: &[SynthResource], types: &Types) -> String {
    let length = resources.iter().map(|resource| resource.json.len() + 100).sum();
    let mut text = String::with_capacity(length);
    text.push_str(r#"{"resourceType":"Bundle","type":"collection","entry":["#);
    for (at, resource) in resources.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // A urn:uuid holds nothing to escape.
        text.extend([comma, r#"{"fullUrl":""#, &*resource.full_url, r#"","resource":"#]);
        name_references(&resource.json, types, &mut text);
        text.push('}');
    }
    text.push_str("]}");
    text
}

/// The type of each resource that may be referred to, by its `urn:uuid:`.
type Types = HashMap<String, &'static str>;

/// Appends `json` with its references as `Type/id`: a urn means a resource of the same bundle, the type and id one of
/// the same source wherever it is.
fn name_references(json: &str, types: &Types, text: &mut String) {
    const REFERENCE: &str = r#""reference":""#;
    const URN: &str = "urn:uuid:";
    let mut parts = json.split(REFERENCE);
    text.extend(parts.next());
    for part in parts {
        text.push_str(REFERENCE);
        let end = part.find('"').unwrap_or(part.len());
        let (urn, rest) = part.split_at(end);
        match types.get(urn) {
            Some(rtype) => text.extend([rtype, "/", urn.strip_prefix(URN).unwrap_or(urn)]),
            None => text.push_str(urn),
        }
        text.push_str(rest);
    }
}

/// The stores opened so far: the main database has one for all of its organizations.
struct Stores {
    main: Option<Store>,
    jobs: usize,
}

impl Stores {
    fn of(&mut self, installation: &Installation, session: &Session) -> eyre::Result<Store> {
        if !session.database().is_same(installation.main()) {
            return session.store(self.jobs);
        }
        let known = match self.main.take() {
            Some(known) => known,
            None => session.store(self.jobs)?,
        };
        Ok(self.main.insert(known).clone())
    }
}

/// Finds or makes an organization of the plan and its facilities.
async fn found(
    installation: &Installation,
    stores: &mut Stores,
    plan: &OrganizationPlan,
    directory: Vec<SynthResource>,
) -> eyre::Result<Place> {
    let database = session::locate(installation, &plan.slug).await?;
    let mut operator = session::sign_in(&database, &plan.slug).await?;
    let organization = organization(&mut operator, plan).await?;
    let mut session = Session::within(database, operator, organization).await?;
    let store = stores.of(installation, &session)?;
    let mut facilities = Vec::new();
    for place in &plan.facilities {
        let new =
            NewFacility { code: &place.code, name: &place.name, time_zone: place.time_zone, state: "live" };
        let known = session.facilities.iter().find(|facility| facility.code == place.code);
        let id = match known {
            Some(facility) => facility.id,
            None => {
                let made = session.operator.create_facility(session.organization.id, &new).await?;
                session.facilities.push(made.clone());
                made.id
            }
        };
        facilities.push(id);
    }
    let types = types_of(&directory).collect();
    Ok(Place { session, store, facilities, directory, types })
}

fn types_of(resources: &[SynthResource]) -> impl Iterator<Item = (String, &'static str)> + '_ {
    resources.iter().map(|resource| (resource.full_url.clone(), resource.resource_type))
}

async fn organization(operator: &mut Operator, plan: &OrganizationPlan) -> Result<Organization, Error> {
    match operator.organization(&plan.slug).await {
        Err(Error::NotFound) => {
            let new = NewOrganization { slug: &plan.slug, name: &plan.name, kind: plan.kind.as_str() };
            operator.create_organization(&new).await
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_json_whose_references_have_types() {
        let resource = |number: u8| {
            SynthResource {
            resource_type: "Basic",
            full_url: format!("urn:uuid:00000000-0000-0000-0000-00000000000{number}"),
            json: r#"{"resourceType":"Basic","subject":{"reference":"urn:uuid:7"},"author":{"reference":"urn:uuid:8"}}"#
                .to_owned(),
        }
        };
        let types = Types::from([("urn:uuid:7".to_owned(), "Patient")]);
        let text = bundle(&[resource(1), resource(2)], &types);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["entry"].as_array().unwrap().len(), 2);
        assert_eq!(json["entry"][1]["resource"]["resourceType"], "Basic");
        assert_eq!(json["entry"][1]["resource"]["subject"]["reference"], "Patient/7");
        assert_eq!(json["entry"][1]["resource"]["author"]["reference"], "urn:uuid:8");
    }
}
