//! The running program's parts, as every request gets them.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kernel::{FacilityId, MembershipId, OrganizationId, World};
use moka::sync::Cache;

pub use crate::http::Limits;
use crate::http::{Gauges, Metrics};

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
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) capability: Arc<OnceLock<Vec<u8>>>,
    facilities: Cache<Reach, Arc<Vec<(FacilityId, String)>>>,
}

/// Whose list of facilities: row security gives each reach another one.
type Reach = (OrganizationId, MembershipId, Vec<FacilityId>);

impl App {
    /// The program on `store`.
    pub fn new(store: chart::Store, world: World, settings: Settings) -> Self {
        Self {
            store,
            world,
            limits: settings.limits,
            gauges: Arc::new(Gauges::new(&settings.limits)),
            settings: Arc::new(settings),
            metrics: Arc::new(Metrics::new()),
            capability: Arc::default(),
            facilities: Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(10)).build(),
        }
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

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("settings", &self.settings).finish_non_exhaustive()
    }
}
