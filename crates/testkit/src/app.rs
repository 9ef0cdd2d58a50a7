//! The program under test, and who uses it.

use std::net::SocketAddr;

use axum::Router;
use credentials::password::Cost;
use db::{NewFacility, NewOrganization, NewToken, Request};
use jiff::SignedDuration;
use kernel::{FacilityId, OrganizationId, RequestId, World};
use policy::Permission;
use server::app::{App, Settings};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::{TestDb, pg};

/// The whole program on a database of its own.
pub struct TestApp {
    /// The program's parts.
    pub app: App,
    /// Its database.
    pub database: TestDb,
    router: Router,
}

impl TestApp {
    /// A new one, with the usual settings.
    ///
    /// # Panics
    /// As everything here: when the test cannot be set up.
    pub async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// A new one.
    ///
    /// # Panics
    /// When the test cannot be set up.
    pub async fn with(settings: Settings) -> Self {
        Self::in_world(settings, World::system()).await
    }

    /// A new one, with its own time and dice.
    ///
    /// # Panics
    /// When the test cannot be set up.
    pub async fn in_world(settings: Settings, world: World) -> Self {
        Self::on(TestDb::in_world(world.clone()).await, settings, world)
    }

    /// A new one on this database.
    pub fn on(database: TestDb, settings: Settings, world: World) -> Self {
        let store = chart::Store::new(database.db.clone());
        let app = App::new(store, world, cheap(settings));
        let router = server::http::router(app.clone());
        Self { app, database, router }
    }

    /// A second program on the same database, with the usual settings. Callers reach it with [`Client::through`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn second(&self) -> Router {
        let store = chart::Store::new(self.database.open_again());
        server::http::router(App::new(store, self.app.world.clone(), cheap(Settings::default())))
    }

    /// Creates an organization with this subdomain.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn organization(&self, slug: &str) -> Organization<'_> {
        let new = NewOrganization { slug, name: slug, kind: "clinic" };
        let made = self.database.operator().await.create_organization(&new).await;
        Organization { app: self, row: made.unwrap_or_else(|error| panic!("organization {slug}: {error}")) }
    }

    /// Someone without a token.
    pub fn stranger(&self) -> Client {
        Client::new(self.router.clone(), None)
    }

    /// Someone with this token.
    pub fn bearer(&self, token: &str) -> Client {
        Client::new(self.router.clone(), Some(token))
    }

    /// A database client that no wall holds back, to look into tables.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn superuser(&self) -> pg::Client {
        self.database.superuser().await
    }

    /// Listens on a port of this machine.
    ///
    /// # Panics
    /// When there is none.
    pub async fn listen(&self) -> Listening {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let app = self.app.clone();
        let task = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            server::http::serve(app, listener, shutdown).await.expect("served");
        });
        Listening { address, stop, task }
    }
}

/// Passwords that cost next to nothing, where the test does not say what they cost.
fn cheap(settings: Settings) -> Settings {
    let cost = settings.password_cost.or(Some(Cost { memory: 64, passes: 1, lanes: 1 }));
    Settings { password_cost: cost, ..settings }
}

/// The program at a port.
pub struct Listening {
    /// The port.
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Listening {
    /// Begins to stop: nothing new is taken, what is at work may end. The handle ends when all has.
    pub fn stop(self) -> JoinHandle<()> {
        let _ = self.stop.send(());
        self.task
    }
}

/// An organization of a test.
pub struct Organization<'a> {
    app: &'a TestApp,
    row: db::Organization,
}

/// A facility of a test.
pub struct Facility {
    /// Its number.
    pub id: FacilityId,
    /// Its code.
    pub code: String,
}

impl Organization<'_> {
    pub(crate) fn app(&self) -> &TestApp {
        self.app
    }

    /// Its number.
    pub fn id(&self) -> OrganizationId {
        self.row.id
    }

    /// Creates a facility.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn facility(&self, code: &str) -> Facility {
        let new = NewFacility { code, name: code, time_zone: "America/Chicago", state: "live" };
        let made = self.app.database.operator().await.create_facility(self.id(), &new).await;
        let made = made.unwrap_or_else(|error| panic!("facility {code}: {error}"));
        Facility { id: made.id, code: made.code }
    }

    /// Someone with a token of these permissions at these facilities, valid for a day.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn token(&self, permissions: &[Permission], facilities: &[&Facility]) -> Client {
        let facilities: Vec<FacilityId> = facilities.iter().map(|facility| facility.id).collect();
        let new = NewToken {
            name: "test",
            permissions: permissions.iter().copied().collect(),
            facilities: &facilities,
            expires_at: self.app.app.world.now() + SignedDuration::from_hours(24),
        };
        let issued = self.app.database.operator().await.issue_token(self.id(), &new).await;
        let issued = issued.unwrap_or_else(|error| panic!("token: {error}"));
        let mut client = self.app.bearer(&issued.text);
        client.token_id = Some(issued.id);
        client
    }

    /// Someone who may do everything at these facilities.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn all_powers(&self, facilities: &[&Facility]) -> Client {
        self.token(&Permission::ALL, facilities).await
    }

    /// Revokes the token of a client.
    ///
    /// # Panics
    /// When it has none or it is revoked already.
    pub async fn revoke(&self, client: &Client) {
        let token = client.token_id.expect("a client of this organization");
        let revoked = self.app.database.operator().await.revoke_token(self.id(), token).await;
        revoked.unwrap_or_else(|error| panic!("revoke: {error}"));
    }

    /// The operator's own context here, for work below HTTP.
    ///
    /// # Panics
    /// When the operator cannot sign in.
    pub async fn context(&self, facilities: &[&Facility]) -> db::Ctx {
        let facilities: Vec<FacilityId> = facilities.iter().map(|facility| facility.id).collect();
        let request = Request {
            id: RequestId(self.app.app.world.uuid()),
            address: None,
            purpose: db::Purpose::Operations,
        };
        self.app.database.operator().await.enter(&self.row, &facilities, request)
    }
}
