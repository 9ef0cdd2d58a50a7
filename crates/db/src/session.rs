//! Signed-in browsers: whose cookie it is, and as which of its open contexts a request speaks.
//!
//! The server keeps no current context: a request names one, and what it may do is that membership's alone.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use kernel::{ContextId, MembershipId, OrganizationId, PersonId, SessionId};
use policy::ModuleSet;

use crate::context::{Principal, grants};
use crate::revoked::Digest;
use crate::signing::sha256;
use crate::{Ctx, Db, Error, Request};

/// Activity is written down when the last that was written is this many times older than the idle limit allows.
const FRACTION: i32 = 20;

/// What is remembered of a session and one of its contexts.
pub(crate) struct Known {
    session: SessionId,
    person: PersonId,
    place: Box<str>,
    two_factors: bool,
    signed_in_at: Timestamp,
    /// Microseconds since 1970; moves on while this is remembered.
    used_at: AtomicI64,
    idle: SignedDuration,
    ends_at: Timestamp,
    opened: Option<(Arc<Principal>, bool)>,
}

impl Known {
    pub(crate) fn person(&self) -> PersonId {
        self.person
    }

    fn used_at(&self) -> Timestamp {
        Timestamp::from_microsecond(self.used_at.load(Ordering::Relaxed)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn is_alive(&self, now: Timestamp) -> bool {
        self.ends_at > now
            && self.used_at() + self.idle > now
            && self.opened.as_ref().is_none_or(|(principal, _)| principal.is_alive(now))
    }
}

/// A signed-in person's browser, as a request showed it.
#[derive(Clone)]
pub struct Session {
    known: Arc<Known>,
    digest: Digest,
}

impl Session {
    /// Its id.
    pub fn id(&self) -> SessionId {
        self.known.session
    }

    /// Who.
    pub fn person(&self) -> PersonId {
        self.known.person
    }

    /// Where its cookie is good: an organization's slug, or nothing for the installation's own address.
    pub fn place(&self) -> &str {
        &self.known.place
    }

    /// Whether a second factor was shown.
    pub fn two_factors(&self) -> bool {
        self.known.two_factors
    }

    /// Since when.
    pub fn signed_in_at(&self) -> Timestamp {
        self.known.signed_in_at
    }

    /// When it ends if nothing more is done.
    pub fn idle_ends_at(&self) -> Timestamp {
        (self.known.used_at() + self.known.idle).min(self.known.ends_at)
    }

    /// How long it may lie idle.
    pub fn idle(&self) -> SignedDuration {
        self.known.idle
    }

    /// When it ends whatever is done.
    pub fn ends_at(&self) -> Timestamp {
        self.known.ends_at
    }

    /// SHA-256 of the cookie's secret.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// A context of the person at their own account.
    pub fn account(&self, request: Request) -> Ctx {
        Ctx::person(self.known.person, request)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("id", &self.known.session).finish_non_exhaustive()
    }
}

/// The context that a request named.
pub struct Opened {
    /// As this membership it speaks.
    pub ctx: Ctx,
    /// Whether the organization asks this membership for a second factor.
    pub second_factor_required: bool,
}

/// What a cookie stands for.
pub struct SignedIn {
    /// The browser.
    pub session: Session,
    /// The context, when one was named and the session holds it.
    pub opened: Option<Opened>,
}

impl Db {
    /// Finds out whose cookie secret this is. Remembered for seconds and forgotten when the session, the context or the
    /// post ends. `active` says that the request is a person's doing and extends the session.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for every kind of wrong or ended session alike.
    pub async fn authenticate_session(
        &self,
        secret: &[u8],
        context: Option<ContextId>,
        active: bool,
        request: Request,
    ) -> Result<SignedIn, Error> {
        let digest = sha256(secret);
        let now = self.world().now();
        let memory = self.memory();
        let remembered = memory.as_ref().and_then(|memory| memory.sessions.get(&(digest, context)));
        let known = match remembered.filter(|known| known.is_alive(now)) {
            Some(known) => known,
            None => {
                let epoch = memory.as_ref().map(|memory| memory.epoch());
                let known = Arc::new(self.check_session(&digest, context, now).await?);
                if let (Some(memory), Some(epoch)) = (memory, epoch) {
                    memory.remember_session((digest, context), Arc::clone(&known), epoch);
                }
                known
            }
        };
        let session = Session { known, digest };
        if active {
            self.touch(&session, now, &request).await?;
        }
        let opened = session.known.opened.as_ref().map(|(principal, second_factor_required)| Opened {
            ctx: Ctx::of_post(Arc::clone(principal), request),
            second_factor_required: *second_factor_required,
        });
        Ok(SignedIn { session, opened })
    }

    async fn check_session(
        &self,
        digest: &Digest,
        context: Option<ContextId>,
        now: Timestamp,
    ) -> Result<Known, Error> {
        let client = self.inner.pools.runtime.get().await.map_err(Error::from_pool)?;
        let statement = client
            .prepare_cached("SELECT * FROM platform.check_session($1, $2, $3)")
            .await
            .map_err(Error::from_postgres)?;
        let row = client
            .query_opt(&statement, &[&digest.as_slice(), &context.map(|id| id.0), &now])
            .await
            .map_err(Error::from_postgres)?
            .ok_or(Error::Unauthenticated)?;
        // Before another is asked for.
        drop(client);
        let opened = match row.get::<_, Option<i32>>("organization_id") {
            None => None,
            Some(organization) => {
                let grants =
                    grants(row.get("permissions"), row.get("facilities"), row.get("by_relationship"));
                let membership = MembershipId(row.get("membership_id"));
                let principal =
                    Principal::new(OrganizationId(organization), row.get("slug"), membership, grants);
                let principal = principal.until(row.get("grant_ends_at"));
                Some((
                    Arc::new(self.completed(principal, ModuleSet::default()).await?),
                    row.get("second_factor_required"),
                ))
            }
        };
        Ok(Known {
            session: SessionId(row.get("session_id")),
            person: PersonId(row.get("person_id")),
            place: row.get::<_, &str>("place").into(),
            two_factors: row.get::<_, i16>("strength") > 1,
            signed_in_at: row.get("signed_in_at"),
            used_at: AtomicI64::new(row.get::<_, Timestamp>("used_at").as_microsecond()),
            idle: SignedDuration::from_secs(i64::from(row.get::<_, i32>("idle_seconds"))),
            ends_at: row.get("ends_at"),
            opened,
        })
    }

    /// Writes down that the person is there, now and then.
    async fn touch(&self, session: &Session, now: Timestamp, request: &Request) -> Result<(), Error> {
        let known = &session.known;
        let written = known.used_at();
        if now.duration_since(written) < known.idle / FRACTION {
            return Ok(());
        }
        let moved = known.used_at.compare_exchange(
            written.as_microsecond(),
            now.as_microsecond(),
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if moved.is_err() {
            // Another request of the session is writing it down.
            return Ok(());
        }
        let ctx = session.account(request.clone());
        self.begin(&ctx)
            .await?
            .last(
                "UPDATE people.session SET used_at = $2 WHERE session_id = $1 AND used_at < $2 AND ended_at IS NULL",
                &[&known.session.0, &now],
            )
            .await
            .map(|_| ())
    }
}
