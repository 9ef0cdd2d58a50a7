//! An organization's own keys: those that wrap others, those of search tokens, of blind indexes, of records without a patient.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use kernel::{OrganizationId, WrappingKey};
use tokio_postgres::Row;
use zeroize::Zeroizing;

use super::ring::Keyring;
use super::seal::{DataKey, SearchKey};
use super::tokens::{FIRST_SEARCH_KEY, TokenKeys, TokenState};
use super::wrapping::{INDEX, SEARCH, WRAPS_OTHERS, commitment, organization_label, unwrap, wrap};
use crate::{Ctx, Error};

/// Into how many parts the time that keys are remembered is divided: after the first they are asked for again.
const PARTS: u32 = 5;
const DIRECTORY: i16 = 3;

/// An organization's unwrapped keys.
pub(super) struct OrganizationKeys {
    /// The keys that wrap the others, by number: while one is changed for another, both.
    pub(super) wrapping: BTreeMap<i32, Zeroizing<[u8; 32]>>,
    /// The one that new keys are wrapped with.
    pub(super) current: i32,
    tokens: Arc<TokenKeys>,
    index: SearchKey,
    pub(super) directory: Arc<DataKey>,
    /// When they are asked for again, though they are remembered for longer: whatever a key service does then, they work for
    /// most of that time.
    renew_at: Timestamp,
    /// Whether somebody does so.
    renewing: AtomicBool,
}

pub(super) const NO_WRAPPING: Error = Error::Seal("the organization's wrapping key is missing");

impl OrganizationKeys {
    /// What new keys are wrapped with.
    pub(super) fn current(&self) -> Result<&[u8; 32], Error> {
        self.wrapping.get(&self.current).map(|key| &**key).ok_or(NO_WRAPPING)
    }
}

impl Keyring {
    /// The keys that make search tokens for the context's organization.
    ///
    /// # Errors
    /// [`Error::Seal`] when a stored key was altered; as any statement.
    pub async fn token_keys(&self, ctx: &Ctx) -> Result<Arc<TokenKeys>, Error> {
        Ok(Arc::clone(&self.organization(ctx).await?.tokens))
    }

    /// The key of the organization's blind indexes, and of marks that it alone can make: of pages, of versions, of imported
    /// records' names. It stays.
    ///
    /// # Errors
    /// As [`Keyring::token_keys`].
    pub async fn index_key(&self, ctx: &Ctx) -> Result<SearchKey, Error> {
        Ok(self.organization(ctx).await?.index.clone())
    }

    /// Forgets the unwrapped keys of an organization itself.
    pub fn forget_organization(&self, organization: OrganizationId) {
        self.forgotten.fetch_add(1, Ordering::Release);
        self.organizations.invalidate(&organization);
    }

    pub(super) async fn organization(&self, ctx: &Ctx) -> Result<Arc<OrganizationKeys>, Error> {
        let Some(kept) = self.organizations.get(&ctx.organization()) else {
            return self.load_organization(ctx).await;
        };
        if self.world().now() < kept.renew_at || kept.renewing.swap(true, Ordering::Relaxed) {
            return Ok(kept);
        }
        let renewed = self.load_organization(ctx).await;
        kept.renewing.store(false, Ordering::Relaxed);
        match renewed {
            Err(Error::KeyService(_)) => Ok(kept),
            renewed => renewed,
        }
    }

    async fn load_organization(&self, ctx: &Ctx) -> Result<Arc<OrganizationKeys>, Error> {
        let before = self.forgotten.load(Ordering::Acquire);
        // Asked first: a key is there before the data names it, and still there when it does so no more.
        let states = self.token_states(ctx).await?;
        let mut rows = self.organization_rows(ctx).await?;
        if rows.is_empty() {
            self.create_organization_keys(ctx).await?;
            rows = self.organization_rows(ctx).await?;
        }
        let (mut wrapping, mut current) = (BTreeMap::new(), 0);
        let (mut search, mut index, mut directory) = (BTreeMap::new(), None, None);
        for row in &rows {
            let (purpose, number): (i16, i32) = (row.get(0), row.get(1));
            if purpose == WRAPS_OTHERS {
                let of = WrappingKey { organization: ctx.organization(), number };
                wrapping.insert(number, self.custody().unwrap(of, row.get(2), row.get(3)).await?);
                if !row.get::<_, bool>(5) {
                    current = number;
                }
                continue;
            }
            let label = organization_label(ctx.organization(), purpose, number);
            let under = wrapping.get(&row.get(4)).ok_or(NO_WRAPPING)?;
            let key = unwrap(under, &label, row.get(2), row.get(3))?;
            match purpose {
                SEARCH => drop(search.insert(number, SearchKey::new(&key))),
                INDEX => index = Some(SearchKey::new(&key)),
                _ => {
                    let number = u16::try_from(number).map_err(|_| Error::Seal("key number out of range"))?;
                    directory = Some(Arc::new(DataKey::new(number, key)));
                }
            }
        }
        let index = index.or_else(|| search.get(&FIRST_SEARCH_KEY).cloned());
        let (Some(index), Some(directory), true) = (index, directory, current > 0) else {
            return Err(Error::Seal("the organization's keys are incomplete"));
        };
        let part = self.custody().services().keep() / PARTS;
        let renew_at = self.world().now() + SignedDuration::try_from(part).unwrap_or_default();
        let renewing = AtomicBool::new(false);
        let tokens = Arc::new(TokenKeys::new(&states, search));
        let keys = OrganizationKeys { wrapping, current, tokens, index, directory, renew_at, renewing };
        let keys = Arc::new(keys);
        self.organizations.insert(ctx.organization(), Arc::clone(&keys));
        // As with patients' newest.
        if self.forgotten.load(Ordering::Acquire) != before {
            self.organizations.invalidate(&ctx.organization());
        }
        Ok(keys)
    }

    /// What the data says of its tokens.
    async fn token_states(&self, ctx: &Ctx) -> Result<Vec<(i32, TokenState)>, Error> {
        const STATES: &str =
            "SELECT number, state FROM chart.token_key WHERE organization_id = $1 ORDER BY number";
        let rows = self.beside(ctx, STATES, &[&ctx.organization().0]).await?;
        rows.iter().map(|row| Ok((row.get(0), TokenState::from_code(row.get(1))?))).collect()
    }

    async fn organization_rows(&self, ctx: &Ctx) -> Result<Vec<Row>, Error> {
        self.query(
            ctx,
            "SELECT purpose, number, wrapped, commitment, wrapped_by, retired_at IS NOT NULL FROM keyring.organization_key
              WHERE organization_id = $1 AND wrapped IS NOT NULL AND (purpose = 1 OR retired_at IS NULL)
              ORDER BY purpose, number",
            &[&ctx.organization().0],
        )
        .await
    }

    async fn create_organization_keys(&self, ctx: &Ctx) -> Result<(), Error> {
        let wrapping = Zeroizing::new(self.world().random::<32>());
        let (mut purposes, mut wrapped, mut commitments) = (Vec::new(), Vec::new(), Vec::new());
        for purpose in [WRAPS_OTHERS, SEARCH, DIRECTORY, INDEX] {
            purposes.push(purpose);
            if purpose == WRAPS_OTHERS {
                let of = WrappingKey { organization: ctx.organization(), number: 1 };
                wrapped.push(self.custody().wrap(of, &wrapping).await?);
                commitments.push(commitment(&wrapping).to_vec());
                continue;
            }
            let label = organization_label(ctx.organization(), purpose, 1);
            let fresh = Zeroizing::new(self.world().random::<32>());
            wrapped.push(wrap(&wrapping, &label, &fresh, self.world()));
            commitments.push(commitment(&fresh).to_vec());
        }
        // If another process was first, this waits for it and all rows of the other stand.
        self.query(
            ctx,
            "INSERT INTO keyring.organization_key (organization_id, purpose, number, wrapped, wrapped_by, commitment,
                 created_at)
             SELECT $1, k.purpose, 1, k.wrapped, CASE WHEN k.purpose = 1 THEN 0 ELSE 1 END, k.commitment, $5
               FROM unnest($2::int2[], $3::bytea[], $4::bytea[]) k (purpose, wrapped, commitment)
             ON CONFLICT DO NOTHING",
            &[&ctx.organization().0, &purposes, &wrapped, &commitments, &self.world().now()],
        )
        .await?;
        Ok(())
    }
}
