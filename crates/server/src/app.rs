//! The running program's parts, as every request gets them.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use adapters::Mailbox;
use adapters::mail::Mailer;
use adapters::oidc::Oidc;
use adapters::sms::Texter;
use credentials::passkey::{Passkeys, RelyingParty};
use credentials::password::{Cost, HashQueue, Hasher, Limits as HashLimits};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId, RequestId, World};
use moka::sync::Cache;
use policy::PlatformPermission;
use tokio::sync::{Notify, Semaphore, watch};

pub use crate::areas::documents::Cabinet;
use crate::areas::{
    demonstration, documents, events, exports, family, imports, notes, oauth, people, platform,
};

use crate::http::{Gauges, Metrics, Placed, Quotas};
pub use crate::http::{Limits, Quota};

/// How the program answers HTTP.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The domain whose subdomains are the organizations, such as `care.example`; `localhost` always is one.
    pub domain: Option<String>,
    /// Whether callers reach us over TLS (ended in front of us): addresses in answers then begin with `https`.
    pub https: bool,
    /// Proxies in front of us, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How much may be asked.
    pub limits: Limits,
    /// The port of our pages where the scheme does not say it: the links in messages need it.
    pub port: Option<u16>,
    /// What mail and text messages go through; without, they are kept in memory to be looked at.
    pub carriers: Option<Carriers>,
    /// Whether what would have been sent is shown at `/mailbox`: in development only.
    pub show_mailbox: bool,
    /// Whether identity providers on this machine may be asked, without TLS: in development only.
    pub local_providers: bool,
    /// The invented people to try the program as: in a demonstration only.
    pub demonstration: Option<Arc<demonstration::Demonstration>>,
    /// What hashing a password costs; without, what OWASP recommends. Tests take less.
    pub password_cost: Option<Cost>,
    /// Where files of patients lie, and who looks for viruses in them; without, they are kept in memory.
    pub cabinet: Option<Cabinet>,
    /// Whether this program takes backups and rehearses them, so that it has to tell how they stand.
    pub backs_up: bool,
    /// How many records an export reads at a time; without, the usual number. Tests take fewer.
    pub export_page: Option<u16>,
    /// How many rows of a spreadsheet are brought in at a time; without, the usual number. Tests take fewer.
    pub import_batch: Option<u16>,
}

/// What messages go through.
#[derive(Clone, Debug)]
pub struct Carriers {
    /// Mail.
    pub mailer: Mailer,
    /// Text messages; without, no phone is a factor.
    pub texter: Option<Texter>,
    /// Where they stay when they go nowhere.
    pub mailbox: Option<Mailbox>,
}

impl Carriers {
    /// Keeps everything in memory.
    pub fn mailbox(world: &World) -> Self {
        let mailbox = Mailbox::new(world.clone());
        Self {
            mailer: Mailer::Mailbox(mailbox.clone()),
            texter: Some(Texter::Mailbox(mailbox.clone())),
            mailbox: Some(mailbox),
        }
    }
}

/// The parts. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The chart, and under it the database.
    pub store: chart::Store,
    /// Time and randomness.
    pub world: World,
    /// How much may be asked.
    pub limits: Limits,
    pub(crate) settings: Arc<Settings>,
    pub(crate) carriers: Arc<Carriers>,
    /// Told when a message was written down.
    pub(crate) post: Arc<Notify>,
    pub(crate) passwords: HashQueue,
    /// Places for those who show a password: so few at a time that the database has time for everyone else.
    pub(crate) sign_ins: Arc<Semaphore>,
    own_passkeys: Option<Arc<Passkeys>>,
    pub(crate) oidc: Oidc,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) quotas: Arc<Quotas>,
    /// Since when this program runs.
    pub(crate) since: Timestamp,
    pub(crate) plane: Arc<platform::Memory>,
    pub(crate) capability: Arc<OnceLock<Vec<u8>>>,
    pub(crate) events: Arc<events::Hub>,
    pub(crate) cabinet: Cabinet,
    pub(crate) exports: Arc<exports::Desk>,
    pub(crate) imports: Arc<imports::Desk>,
    pub(crate) notes: Arc<notes::Memory>,
    /// True when the program is about to end: answers that go on end then.
    pub(crate) stopping: watch::Receiver<bool>,
    stop: Arc<watch::Sender<bool>>,
    /// The organizations that other programs of this process serve.
    pub(crate) placed: Placed,
    /// The subdomain where people find their accounts; empty: the installation's own address.
    home: Arc<str>,
    facilities: Cache<Reach, Arc<Vec<(FacilityId, String)>>>,
    organizations: Cache<String, OrganizationId>,
}

/// Whose list of facilities: row security gives each reach another one.
type Reach = (OrganizationId, MembershipId, Vec<FacilityId>);

impl App {
    /// The program on `store`.
    pub fn new(store: chart::Store, world: World, settings: Settings) -> Self {
        let (stop, stopping) = watch::channel(false);
        let cabinet = settings.cabinet.clone().unwrap_or_default();
        Self {
            store,
            limits: settings.limits,
            gauges: Arc::new(Gauges::new(&settings.limits)),
            quotas: Arc::new(Quotas::new(&settings.limits)),
            organizations: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(Duration::from_secs(10))
                .build(),
            carriers: Arc::new(settings.carriers.clone().unwrap_or_else(|| Carriers::mailbox(&world))),
            post: Arc::default(),
            passwords: passwords(&settings),
            sign_ins: Arc::new(Semaphore::new(cores().max(2))),
            own_passkeys: settings
                .domain
                .as_deref()
                .and_then(|domain| passkeys(domain, true, &settings))
                .map(Arc::new),
            oidc: Oidc::new(world.clone(), settings.local_providers).expect("TLS is part of this program"),
            exports: Arc::new(exports::Desk::new(settings.export_page)),
            imports: Arc::new(imports::Desk::new(settings.import_batch)),
            settings: Arc::new(settings),
            metrics: Arc::new(Metrics::new()),
            since: world.now(),
            plane: Arc::default(),
            capability: Arc::default(),
            events: Arc::default(),
            cabinet,
            notes: Arc::default(),
            stopping,
            stop: Arc::new(stop),
            placed: Placed::default(),
            home: Arc::default(),
            facilities: Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(10)).build(),
            world,
        }
    }

    /// The same program on another database, for the organization `slug`, which has it and its people to itself. They
    /// share figures and the queue of passwords, which are the machine's; what waits for a database is each one's own.
    pub(crate) fn beside(&self, slug: &str, store: chart::Store) -> Self {
        Self {
            home: slug.into(),
            metrics: Arc::clone(&self.metrics),
            passwords: self.passwords.clone(),
            stop: Arc::clone(&self.stop),
            stopping: self.stopping.clone(),
            cabinet: self.cabinet.clone(),
            ..Self::new(store, self.world.clone(), (*self.settings).clone())
        }
    }

    /// The address of a page of ours, at an organization's own address or the installation's. It is never taken from a
    /// request: a link in a mail leads to us, whatever host somebody wrote into their request.
    pub(crate) fn page(&self, slug: &str, page: &str) -> String {
        let settings = &self.settings;
        let domain = settings.domain.as_deref().unwrap_or("localhost");
        let slug = if slug.is_empty() { &*self.home } else { slug };
        let dot = if slug.is_empty() { "" } else { "." };
        let port = settings.port.map(|port| format!(":{port}")).unwrap_or_default();
        let scheme = if settings.https || settings.domain.is_some() { "https" } else { "http" };
        format!("{scheme}://{slug}{dot}{domain}{port}/{page}")
    }

    /// A link to a page with a token in its fragment, which reaches no log.
    pub(crate) fn link(&self, slug: &str, page: &str, token: &str) -> String {
        format!("{}#{token}", self.page(slug, page))
    }

    /// The relying party at a host. Passkeys belong to the installation's domain and are good at every organization's
    /// address below it; on a developer's machine each name below `localhost` stands for itself, because browsers take
    /// `localhost` for a public suffix.
    pub(crate) fn passkeys(&self, host: &str) -> Passkeys {
        let domain = self.settings.domain.as_deref().map(|domain| format!(".{}", domain.to_lowercase()));
        let below = domain.is_some_and(|domain| format!(".{}", host.to_lowercase()).ends_with(&domain));
        match &self.own_passkeys {
            Some(own) if below => Passkeys::clone(own),
            // An address has no passkeys: browsers refuse them there.
            _ => passkeys(host, false, &self.settings)
                .or_else(|| passkeys("localhost", false, &self.settings))
                .expect("localhost is a host"),
        }
    }

    /// Ends the answers that go on: the program is about to.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// What would have been sent, when nothing is.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        self.carriers.mailbox.as_ref()
    }

    /// Sends the messages that are due now, once.
    ///
    /// # Errors
    /// As any statement.
    pub async fn deliver_messages(&self) -> Result<usize, db::Error> {
        people::deliver_due(self).await
    }

    /// Writes the mails to relatives that are due now, when there is news; how many posts were looked at.
    ///
    /// # Errors
    /// As any statement.
    pub async fn tell_families(&self) -> Result<usize, db::Error> {
        family::send_due(self).await
    }

    /// Invites someone to the plane above organizations, for whoever holds the owner's login; gives their number there and
    /// the link.
    ///
    /// # Errors
    /// [`db::Error::Config`] naming what is wrong with what was given; as any statement.
    pub async fn invite_administrator(
        &self,
        operator: &db::Operator,
        (email, name): (&str, &str),
        permissions: Vec<PlatformPermission>,
    ) -> Result<(i32, String), db::Error> {
        let request = db::Request {
            id: RequestId(self.world.uuid()),
            address: None,
            purpose: db::Purpose::Administration,
        };
        let new = platform::Invite { email, name, permissions };
        platform::invite_by_operator(self, operator, request, &new).await.map_err(|error| match error {
            platform::Error::Db(error) => error,
            other => db::Error::Config(other.to_string()),
        })
    }

    /// Deletes what is left of uploads that nobody completed; gives how many objects went.
    ///
    /// # Errors
    /// As any statement.
    pub async fn sweep_documents(&self) -> Result<usize, db::Error> {
        documents::sweep(self).await
    }

    /// Works on spreadsheets that are brought in, for as long as it is let.
    pub async fn work_on_imports(&self) {
        imports::always(self.clone()).await;
    }

    /// Works on exports, and watches over them, for as long as it is let.
    pub async fn work_on_exports(&self) {
        exports::always(self.clone()).await;
    }

    /// Forgets codes, tokens and assertions of other programs that have ended.
    ///
    /// # Errors
    /// As any statement.
    pub async fn sweep_tokens(&self) -> Result<(), db::Error> {
        oauth::sweep(self).await
    }

    /// The organization whose subdomain this is; known for ten seconds.
    pub(crate) async fn organization(&self, slug: &str) -> Result<Option<OrganizationId>, db::Error> {
        if let Some(known) = self.organizations.get(slug) {
            return Ok(Some(known));
        }
        let found = self.store.db().organization_of(slug).await?;
        if let Some(id) = found {
            self.organizations.insert(slug.to_owned(), id);
        }
        Ok(found)
    }

    /// The facility of this code, if the context reaches one; known for ten seconds.
    pub(crate) async fn facility(&self, ctx: &db::Ctx, code: &str) -> Result<Option<FacilityId>, db::Error> {
        let mut reach = ctx.facilities().to_vec();
        reach.sort_unstable();
        let reach = (ctx.organization(), ctx.membership(), reach);
        let known = match self.facilities.get(&reach) {
            Some(known) => known,
            None => {
                let listed = Arc::new(self.store.db().facilities(ctx).await?);
                self.facilities.insert(reach, Arc::clone(&listed));
                listed
            }
        };
        let found = known.iter().find(|(id, known)| known == code && ctx.facilities().contains(id));
        Ok(found.map(|(id, _)| *id))
    }
}

fn passwords(settings: &Settings) -> HashQueue {
    let cost = settings.password_cost.unwrap_or(Cost::OWASP);
    let hasher =
        Hasher::new(cost).unwrap_or_else(|_| Hasher::new(Cost::OWASP).expect("a cost that is right"));
    HashQueue::new(hasher, HashLimits { waiting: 256, ..HashLimits::for_cores(cores()) })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn passkeys(host: &str, subdomains: bool, settings: &Settings) -> Option<Passkeys> {
    let party = RelyingParty {
        id: host.to_lowercase(),
        name: "Lamplight".to_owned(),
        subdomains,
        port: settings.port,
    };
    Passkeys::new(party).ok()
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("settings", &self.settings).finish_non_exhaustive()
    }
}
