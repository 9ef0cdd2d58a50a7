//! One look at an organization's events for all who follow there.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use db::{Ctx, Point, Purpose, Request};
use kernel::{MembershipId, OrganizationId, RequestId};
use tokio::sync::watch;

use super::model::Position;
use super::{error::Error, store};
use crate::app::App;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// In how many places a post may follow, and all of an organization's: nobody's screens hold up another's house.
const PLACES: usize = 16;
const HOUSE: usize = 512;

/// Who follows where.
#[derive(Default)]
pub(crate) struct Hub {
    tails: Mutex<HashMap<OrganizationId, watch::Receiver<Position>>>,
    places: Mutex<Places>,
}

/// How many follow, of each post and of each organization.
#[derive(Default)]
struct Places {
    posts: HashMap<(OrganizationId, MembershipId), usize>,
    houses: HashMap<OrganizationId, usize>,
}

/// One fewer.
fn leave<K: Eq + std::hash::Hash>(counted: &mut HashMap<K, usize>, key: &K) {
    if let Some(taken) = counted.get_mut(key) {
        *taken -= 1;
        if *taken == 0 {
            counted.remove(key);
        }
    }
}

/// A place among those who follow; given back when it is dropped.
pub(super) struct Place {
    hub: Arc<Hub>,
    post: (OrganizationId, MembershipId),
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.hub.places.lock().unwrap_or_else(PoisonError::into_inner);
        leave(&mut places.posts, &self.post);
        leave(&mut places.houses, &self.post.0);
    }
}

impl Hub {
    /// Takes a place for a post.
    pub(super) fn enter(self: &Arc<Self>, ctx: &Ctx) -> Result<Place, Error> {
        let post = (ctx.organization(), ctx.membership());
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = places.posts.get(&post).copied().unwrap_or_default();
        let together = places.houses.get(&post.0).copied().unwrap_or_default();
        if taken >= PLACES || together >= HOUSE {
            return Err(Error::TooMany);
        }
        places.posts.insert(post, taken + 1);
        places.houses.insert(post.0, together + 1);
        Ok(Place { hub: Arc::clone(self), post })
    }

    /// How far an organization's events have come, moving as they do; looked at while anyone follows.
    pub(super) async fn tail(
        self: &Arc<Self>,
        app: &App,
        organization: OrganizationId,
    ) -> Result<watch::Receiver<Position>, Error> {
        if let Some(tail) = self.known(organization) {
            return Ok(tail);
        }
        let first = look(app, organization).await?;
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tail) = tails.get(&organization).filter(|tail| tail.has_changed().is_ok()) {
            return Ok(tail.clone());
        }
        let (moved, tail) = watch::channel(first);
        tails.insert(organization, tail.clone());
        drop(tails);
        tokio::spawn(watch_over(app.clone(), Arc::clone(self), organization, moved));
        Ok(tail)
    }

    /// The one that is looked at already: while its sender lives.
    fn known(&self, organization: OrganizationId) -> Option<watch::Receiver<Position>> {
        let tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        tails.get(&organization).filter(|tail| tail.has_changed().is_ok()).cloned()
    }
}

/// Looks until nobody follows any more.
async fn watch_over(app: App, hub: Arc<Hub>, organization: OrganizationId, moved: watch::Sender<Position>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        {
            let mut tails = hub.tails.lock().unwrap_or_else(PoisonError::into_inner);
            // The one in the hub is no follower.
            if moved.receiver_count() <= 1 {
                tails.remove(&organization);
                return;
            }
        }
        match look(&app, organization).await {
            Ok(tail) => {
                moved.send_if_modified(|known| {
                    let newer = tail > *known;
                    *known = tail.max(*known);
                    newer
                });
            }
            // Followers wait, and miss nothing: they go on from where they are.
            Err(error) => tracing::debug!(%error, "events cannot be looked at"),
        }
    }
}

async fn look(app: &App, organization: OrganizationId) -> Result<Position, Error> {
    let id = RequestId(app.world.uuid());
    let ctx = Ctx::program(organization, Request { id, address: None, purpose: Purpose::Operations });
    app.store.db().pass(Point::Telling).await?;
    let tx = app.store.db().begin(&ctx).await?;
    let tail = store::find_tail(&tx).await?;
    tx.commit().await?;
    Ok(tail.unwrap_or_default())
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}
