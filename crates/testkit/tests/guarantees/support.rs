//! Two organizations with two facilities each, and small tools.

use chart::{ImportOptions, ImportReport, Imported, Store};
use db::{Ctx, Db, NewFacility, NewOrganization, NewToken, Operator, Organization, Purpose, Request};
use jiff::SignedDuration;
use kernel::{FacilityId, RequestId, World};
use policy::Permission;
use synth::SynthResource;
use testkit::{Cluster, TestDb, pg};

/// The root key of the test databases; a wrong one fails every test at once.
pub(crate) fn root_key() -> db::keys::RootKey {
    db::keys::RootKey::from_bytes(*b"the root key of all of our tests")
}

/// Whether the counts of an acceptance are to be run.
pub(crate) fn full_scale() -> bool {
    std::env::var("LAMPLIGHT_TEST_SCALE").is_ok_and(|scale| scale == "full")
}

/// Tells whoever runs the tests.
#[expect(clippy::print_stdout, reason = "what a test found out is told to whoever runs it")]
pub(crate) fn say(what: &str) {
    println!("{what}");
}

/// Says why a test shows nothing here.
pub(crate) fn skipped(why: &str) {
    say(&format!("SKIPPED: {why}"));
}

/// An organization and its two facilities.
pub(crate) struct Tenant {
    pub(crate) row: Organization,
    pub(crate) north: FacilityId,
    pub(crate) south: FacilityId,
}

impl Tenant {
    pub(crate) fn id(&self) -> i32 {
        self.row.id.0
    }
}

/// The store on a database of its own, with the organizations `a` and `b`.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) operator: Operator,
    pub(crate) a: Tenant,
    pub(crate) b: Tenant,
    pub(crate) database: TestDb,
    last_token: String,
}

impl House {
    pub(crate) async fn new() -> Self {
        let database = TestDb::new().await;
        let mut operator = database.operator().await;
        let (a, b) = (tenant(&mut operator, "a").await, tenant(&mut operator, "b").await);
        Self { store: Store::new(database.db.clone()), operator, a, b, database, last_token: String::new() }
    }

    /// All powers at both facilities.
    pub(crate) fn everywhere(&self, tenant: &Tenant) -> Ctx {
        self.at(tenant, &[tenant.north, tenant.south])
    }

    /// All powers at these facilities.
    pub(crate) fn at(&self, tenant: &Tenant, facilities: &[FacilityId]) -> Ctx {
        self.operator.enter(&tenant.row, facilities, request())
    }

    pub(crate) async fn superuser(&self) -> pg::Client {
        self.database.superuser().await
    }

    /// A token with these permissions, and its context.
    pub(crate) async fn token(
        &mut self,
        tenant: &str,
        permissions: &[Permission],
        facilities: &[FacilityId],
    ) -> Ctx {
        let organization = self.operator.organization(tenant).await.unwrap().id;
        let new = NewToken {
            name: "test",
            permissions: permissions.iter().copied().collect(),
            facilities,
            expires_at: World::system().now() + SignedDuration::from_hours(1),
        };
        let issued = self.operator.issue_token(organization, &new).await.unwrap();
        self.last_token = issued.text;
        self.token_again().await
    }

    /// The context of the token issued last, asked for again.
    pub(crate) async fn token_again(&self) -> Ctx {
        self.store.db().authenticate(&self.last_token, request()).await.unwrap()
    }
}

pub(crate) async fn tenant(operator: &mut Operator, slug: &str) -> Tenant {
    let new = NewOrganization { slug, name: slug, kind: "clinic" };
    let row = operator.create_organization(&new).await.unwrap();
    let mut made = Vec::new();
    for code in ["north", "south"] {
        let new = NewFacility { code, name: code, time_zone: "America/Chicago", state: "live" };
        made.push(operator.create_facility(row.id, &new).await.unwrap().id);
    }
    Tenant { row, north: made[0], south: made[1] }
}

pub(crate) fn request() -> Request {
    Request { id: RequestId(World::system().uuid()), address: None, purpose: Purpose::Operations }
}

/// A role of ours at a bare connection.
pub(crate) async fn login(database: &TestDb, role: &str) -> pg::Client {
    bare(database.owner().name().unwrap(), Some(role)).await
}

/// A bare connection to a database of the tests' cluster, as a role of ours, else as the superuser.
pub(crate) async fn bare(database: &str, role: Option<&str>) -> pg::Client {
    let mut config: pg::Config = Cluster::shared().await.superuser().parse().unwrap();
    config.dbname(database);
    if let Some(role) = role {
        config.user(role).password(root_key().role_password(role));
    }
    let (client, connection) = config.connect(pg::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A second program on the same database: nothing in its caches.
pub(crate) async fn another_program(database: &TestDb, sizes: db::PoolSizes) -> Db {
    program_with(database, sizes, db::keys::KeyServices::default()).await
}

/// The same, with these key services.
pub(crate) async fn program_with(
    database: &TestDb,
    sizes: db::PoolSizes,
    key_services: db::keys::KeyServices,
) -> Db {
    let name: String =
        database.superuser().await.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    let endpoint = db::Endpoint::parse(Cluster::shared().await.superuser(), None).unwrap().database(&name);
    let endpoint = endpoint.login("lamplight_app", &root_key().role_password("lamplight_app"));
    Db::open(db::Config {
        endpoint,
        platform: None,
        keyring: None,
        sizes,
        root: root_key(),
        key_services,
        world: World::system(),
    })
    .unwrap()
}

/// Where records of a test go.
pub(crate) fn into(facility: FacilityId) -> ImportOptions {
    ImportOptions { facility, source: "test".to_owned(), dry_run: false, action: policy::Action::Import }
}

/// Fails, naming them, when records were refused.
#[track_caller]
pub(crate) fn all_accepted(report: &ImportReport) {
    let refused: Vec<_> = report
        .records
        .iter()
        .filter(|record| matches!(record.outcome, Imported::Refused(_)))
        .take(3)
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

/// Synthetic resources as a collection.
pub(crate) fn collection(resources: &[SynthResource]) -> Vec<u8> {
    let entries: Vec<String> = resources
        .iter()
        .map(|resource| format!(r#"{{"fullUrl":"{}","resource":{}}}"#, resource.full_url, resource.json))
        .collect();
    format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, entries.join(",")).into_bytes()
}

/// A patient whose family name is `family`.
pub(crate) fn patient(family: &str) -> Vec<u8> {
    format!(
        r#"{{"resourceType":"Patient","identifier":[{{"system":"urn:mrn","value":"MRN-1"}}],"name":[{{"family":"{family}","given":["Ada"]}}],"gender":"female","birthDate":"1941-03-02"}}"#
    )
    .into_bytes()
}

/// A note of a patient.
pub(crate) fn note(patient: impl std::fmt::Display, day: u32, text: &str) -> Vec<u8> {
    format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"8716-3"}}]}},"subject":{{"reference":"Patient/{patient}"}},"effectiveDateTime":"2026-01-{day:02}T08:00:00Z","valueString":"{text}"}}"#
    )
    .into_bytes()
}

/// How many rows every table of ours holds.
pub(crate) async fn rows(superuser: &pg::Client) -> Vec<(String, i64)> {
    let tables = superuser
        .query(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
                AND n.nspname IN ('chart', 'keyring', 'ops', 'audit', 'org') ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let mut counts = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let count = superuser.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0);
        counts.push((table, count));
    }
    counts
}

/// The charts alone: what a refused write must leave as it was. The log grows with every refusal.
pub(crate) async fn chart_rows(superuser: &pg::Client) -> Vec<(String, i64)> {
    rows(superuser)
        .await
        .into_iter()
        .filter(|(table, _)| table.starts_with("chart.") || table == "ops.outbox")
        .collect()
}
