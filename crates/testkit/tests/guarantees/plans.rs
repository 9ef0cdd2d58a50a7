//! How searches are carried out: along an index, looking at few rows more than they give.
//!
//! `auto_explain` writes the plan of every statement, with what it did, into the server's log. Nothing else is asked of
//! the store than real searches.

use std::collections::BTreeMap;

use chart::{CreateOptions, SearchRequest, Store};
use db::{Ctx, NewToken};
use fhir::ResourceType;
use jiff::SignedDuration;
use jiff::civil::date;
use policy::Permission;
use serde_json::Value;
use server::app::{App, Settings};
use synth::{Profile, World};
use testkit::{Client, pg};

use crate::server::{DATABASE, Server};
use crate::support::{all_accepted, collection, into, request, skipped};

/// A plan and what it did.
struct Plan {
    text: String,
    root: Value,
}

impl Plan {
    /// Calls `visit` with every node of the plan.
    fn nodes(&self, visit: &mut impl FnMut(&Value)) {
        fn walk(node: &Value, visit: &mut impl FnMut(&Value)) {
            visit(node);
            node["Plans"].as_array().into_iter().flatten().for_each(|child| walk(child, visit));
        }
        walk(&self.root, visit);
    }

    /// What is wrong with it.
    fn faults(&self) -> Vec<String> {
        let given = self.root["Actual Rows"].as_f64().unwrap_or(0.0);
        let (mut removed, mut faults) = (0.0, Vec::new());
        self.nodes(&mut |node| {
            let table = node["Relation Name"].as_str().unwrap_or_default();
            if node["Node Type"] == "Seq Scan"
                && matches!(table, "resource" | "token" | "resource_version" | "patient_key")
            {
                faults.push(format!("reads all of {table}"));
            }
            let loops = node["Actual Loops"].as_f64().unwrap_or(1.0);
            for by in
                ["Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck"]
            {
                removed += node[by].as_f64().unwrap_or(0.0) * loops;
            }
        });
        // A page's worth of rows may be looked at in vain.
        if removed > 10.0 * given + 50.0 {
            faults.push(format!("looks at {removed} rows in vain to give {given}"));
        }
        faults
    }
}

/// The plans in a server's log, from `from` on, of statements about one of these tables.
fn plans(log: &str, from: usize, tables: &[&str]) -> Vec<Plan> {
    let mut plans = Vec::new();
    for entry in log[from..].split(" LOG:  duration: ").skip(1) {
        let Some((_, rest)) = entry.split_once("plan:\n") else { continue };
        let json: String = rest.lines().take_while(|line| line.starts_with('\t')).collect();
        let plan: Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
        let text = plan["Query Text"].as_str().unwrap().to_owned();
        if tables.iter().any(|table| text.contains(table)) {
            plans.push(Plan { text, root: plan["Plan"].clone() });
        }
    }
    plans
}

const PATIENTS: u32 = 24;

/// Every shape of search: the index walked, the order, what is looked at besides.
fn shapes(patient: &str) -> Vec<(ResourceType, String)> {
    use ResourceType::{Condition, Encounter, MedicationRequest, Observation, Patient};
    let of = |rtype, query: &str| (rtype, query.replace("$p", patient));
    vec![
        of(Observation, "patient=$p"),
        of(Observation, "patient=$p&_sort=date"),
        of(Observation, "patient=$p&code=8867-4"),
        of(Observation, "patient=$p&code=8867-4&date=ge2026-01-01"),
        of(Observation, "patient=$p&category=vital-signs&status=final"),
        of(Observation, "patient=$p&_sort=_lastUpdated"),
        of(Observation, "patient=$p&value-quantity=gt70"),
        of(Observation, "subject=Patient/$p&date=2026"),
        of(Observation, "code=8867-4"),
        of(Observation, "code=http://loinc.org|8867-4"),
        of(Observation, "code=8867-4&_sort=date"),
        of(Observation, "code=8867-4,8480-6&status=final"),
        of(Observation, "code=8867-4&category=vital-signs"),
        of(Observation, "date=ge2026-02-01"),
        of(Observation, "value-quantity=gt100"),
        of(Observation, "status=final"),
        of(Observation, "_lastUpdated=ge2020-01-01"),
        of(Observation, "_sort=-_lastUpdated"),
        of(Observation, ""),
        of(Observation, "_id=$p"),
        of(Patient, "_id=$p"),
        of(Patient, "identifier=MRN-1"),
        of(Patient, "name=mar"),
        of(Patient, "family=smith&gender=female"),
        of(Patient, "birthdate=lt1940"),
        of(Patient, "phonetic=smith"),
        of(Condition, "patient=$p&clinical-status=active"),
        of(Condition, "code=I10"),
        of(MedicationRequest, "patient=$p&status=active"),
        of(Encounter, "patient=$p&date=ge2025"),
        of(Encounter, "_count=200"),
    ]
}

/// Writes down the plan of every statement of connections made from now on.
async fn explain_all(superuser: &pg::Client) {
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_format = 'json'",
    ] {
        superuser.batch_execute(&format!("ALTER DATABASE {DATABASE} SET {setting}")).await.unwrap();
    }
}

async fn search(store: &Store, ctx: &Ctx, rtype: ResourceType, query: &str) {
    let pairs: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let request = SearchRequest { rtype, compartment: None, query: &pairs };
    store
        .search(ctx, request)
        .await
        .unwrap_or_else(|error| panic!("{rtype}?{query}: {error} {:?}", error.issues()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_shape_of_search_walks_an_index_and_looks_at_little_in_vain() {
    let server = Server::start(&[("fsync", "off"), ("shared_buffers", "64MB"), ("autovacuum", "off")]).await;
    let superuser = server.superuser(DATABASE).await;
    if superuser.batch_execute("LOAD 'auto_explain'").await.is_err() {
        return skipped("this PostgreSQL has no auto_explain");
    }
    let (store, mut operator) = (server.store(), server.operator().await);
    let world = World::new(
        Profile::Scale {
            organizations: 1,
            facilities_total: 2,
            patients_total: 2 * PATIENTS,
            resources_per_patient: 120,
        },
        7,
        date(2026, 3, 2),
    );
    let tenant = crate::support::tenant(&mut operator, "scale").await;
    let ctx = operator.enter(&tenant.row, &[tenant.north, tenant.south], request());
    let mut patient = String::new();
    for (facility, place) in [tenant.north, tenant.south].into_iter().enumerate() {
        for n in 0..PATIENTS {
            let mut resources = world.directory(0);
            resources.extend(world.patient(0, facility, n));
            let report = store.import_bundle(&ctx, &collection(&resources), &into(place)).await.unwrap();
            all_accepted(&report);
            let record = report.records.iter().find(|record| record.rtype == Some(ResourceType::Patient));
            patient = record.unwrap().id.unwrap().to_string();
        }
    }
    superuser.batch_execute("ANALYZE").await.unwrap();
    explain_all(&superuser).await;
    // New connections, which have the library.
    let store = server.store();
    let mut faults: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut seen = 0;
    for (rtype, query) in shapes(&patient) {
        let from = server.log().len();
        search(&store, &ctx, rtype, &query).await;
        let found = plans(&server.log(), from, &["chart.resource", "chart.token"]);
        assert!(!found.is_empty(), "{rtype}?{query}: no plan was written");
        seen += found.len();
        for plan in found {
            for fault in plan.faults() {
                let text: String = plan.text.split_whitespace().take(30).collect::<Vec<_>>().join(" ");
                faults.entry(format!("{rtype}?{query}")).or_default().push(format!("{fault}: {text}"));
            }
        }
    }
    let rows: i64 = superuser.query_one("SELECT count(*) FROM chart.resource", &[]).await.unwrap().get(0);
    println!("{seen} plans over {rows} records");
    assert!(rows > 5_000);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Sixty thousand looks at a thousand patients in a fortnight, and what is asked of them: who looked at one, and why one
/// look was allowed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_a_patient_is_an_index_lookup() {
    let server = Server::start(&[("fsync", "off"), ("shared_buffers", "64MB"), ("autovacuum", "off")]).await;
    let superuser = server.superuser(DATABASE).await;
    if superuser.batch_execute("LOAD 'auto_explain'").await.is_err() {
        return skipped("this PostgreSQL has no auto_explain");
    }
    let mut operator = server.operator().await;
    let tenant = crate::support::tenant(&mut operator, "scale").await;
    let ctx = operator.enter(&tenant.row, &[tenant.north], request());
    let body = crate::support::patient("Alder");
    let options = CreateOptions { facility: Some(tenant.north), ..CreateOptions::default() };
    let written = server.store().create(&ctx, ResourceType::Patient, &body, options).await.unwrap();
    let patient = written.document.id;
    let (organization, north) = (tenant.id(), tenant.north.0);
    let event =
        "now() - n * interval '20 seconds', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid";
    let looks = format!(
        "INSERT INTO audit.event (organization_id, facility_id, at, id, membership_id, action, outcome, reason, request_id,
             purpose)
         SELECT {organization}, {north}, {event}, 1, 'chart.read', 'success', 'chart.read', gen_random_uuid(), 'TREAT'
           FROM generate_series(1, 60000) n;
         INSERT INTO audit.subject (organization_id, facility_id, patient_id, at, event_id)
         SELECT {organization}, {north}, CASE WHEN n % 1000 = 0 THEN '{patient}'::uuid
                ELSE ('00000000-0000-7000-9000-' || lpad((n % 1000)::text, 12, '0'))::uuid END, {event}
           FROM generate_series(1, 60000) n"
    );
    superuser.batch_execute(&looks).await.unwrap();
    // What autovacuum does while the house runs: ranges of the BRIN index are summed up.
    superuser.batch_execute("VACUUM ANALYZE").await.unwrap();
    explain_all(&superuser).await;
    let new = NewToken {
        name: "test",
        permissions: [Permission::ChartRead, Permission::AuditReport].into_iter().collect(),
        facilities: &[tenant.north],
        expires_at: kernel::World::system().now() + SignedDuration::from_hours(1),
    };
    let token = operator.issue_token(tenant.row.id, &new).await.unwrap();
    let app = App::new(server.store(), kernel::World::system(), Settings::default());
    let client = Client::new(server::http::router(app), Some(&token.text));
    client.get(&format!("/fhir/R4/Patient/{patient}")).await.expect_status(200);

    let from = server.log().len();
    let listed = client.get(&format!("/api/patients/{patient}/accesses")).await.expect_status(200).json();
    let lines = listed["accesses"].as_array().unwrap();
    assert_eq!(lines.len(), 62, "sixty, the admission and the look");
    let look = lines[0]["event"].as_str().unwrap();
    client.get(&format!("/api/audit/events/{look}/why")).await.expect_status(200);
    let found: Vec<Plan> = plans(&server.log(), from, &["audit.event", "audit.subject"])
        .into_iter()
        .filter(|plan| !plan.text.contains("INSERT"))
        .collect();
    assert_eq!(found.len(), 3, "the list, the event, its patients");
    for plan in found {
        let mut looked_at = 0.0;
        plan.nodes(&mut |node| {
            let loops = node["Actual Loops"].as_f64().unwrap_or(0.0);
            for rows in ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"] {
                looked_at += node[rows].as_f64().unwrap_or(0.0) * loops;
            }
        });
        // A range of the BRIN index is looked at as a whole.
        assert!(looked_at < 3_000.0, "{looked_at} rows: {}\n{:#}", plan.text, plan.root);
    }
}
