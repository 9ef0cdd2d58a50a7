//! The plane above organizations: who is on it, and its transactions (ADR 0018).

use std::fmt;

use kernel::PersonId;
use policy::PlatformPermission;

use crate::{Ctx, Db, Error, Request, Session, tx};

/// Someone at work on the plane. Made only from a session with two factors.
pub struct Administrator {
    ctx: Ctx,
    number: i32,
    person: PersonId,
    name: String,
    permissions: Vec<PlatformPermission>,
}

impl Administrator {
    /// The context: it reaches the plane's own rows, and no organization's but what the plane may know of it.
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// Their number on the plane, as logs give it.
    pub fn number(&self) -> i32 {
        self.number
    }

    /// Whose account.
    pub fn person(&self) -> PersonId {
        self.person
    }

    /// What they are called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What they may do.
    pub fn permissions(&self) -> &[PlatformPermission] {
        &self.permissions
    }

    /// Whether they may.
    pub fn may(&self, permission: PlatformPermission) -> bool {
        self.permissions.contains(&permission)
    }
}

impl fmt::Debug for Administrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Administrator").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Db {
    /// Whether this program serves the plane.
    pub fn has_platform(&self) -> bool {
        self.inner.pools.platform.is_some()
    }

    /// The administrator whose session this is. Asked of the database every time; `None` for everyone else, for a session
    /// without a second factor, and where the plane is not served.
    ///
    /// # Errors
    /// As any statement.
    pub async fn administrator(
        &self,
        session: &Session,
        request: Request,
    ) -> Result<Option<Administrator>, Error> {
        let Some(pool) = &self.inner.pools.platform else { return Ok(None) };
        let now = self.world().now();
        let ctx = Ctx::platform(0, request.clone());
        let signed = self.inner.signer.context(ctx.membership(), ctx.cells(), now);
        let rows = tx::one(
            pool,
            &signed,
            "SELECT administrator_id, name, permissions FROM platform.find_administrator($1, $2, $3)",
            &[&session.id().0, &session.person().0, &now],
        )
        .await?;
        Ok(rows.first().map(|row| {
            let (number, held): (i32, Vec<&str>) = (row.get(0), row.get(2));
            Administrator {
                ctx: Ctx::platform(number, request),
                number,
                person: session.person(),
                name: row.get(1),
                // A key that this version does not know grants nothing.
                permissions: held.iter().filter_map(|key| key.parse().ok()).collect(),
            }
        }))
    }
}
