//! The key of search tokens, changed for another in steps that programs can work beside (ADR 0044). What is done with tokens is
//! the data's to say, the keys are the keyring's: they may be two databases.

use kernel::OrganizationId;
use zeroize::Zeroizing;

use super::Operator;
use crate::Error;
use crate::keys::{
    Custody, FIRST_SEARCH_KEY, INDEX, SEARCH, TokenState, commitment, organization_label, unwrap, wrap,
};

/// Names the lock of whoever changes an organization's search key.
const CHANGING: i32 = 731_044;

impl Operator {
    /// What is done with the tokens of which key, at the data; nothing where the key was never changed.
    ///
    /// # Errors
    /// As any statement.
    pub async fn token_states(&self, organization: OrganizationId) -> Result<Vec<(i32, TokenState)>, Error> {
        let sql = "SELECT number, state FROM chart.token_key WHERE organization_id = $1 ORDER BY number";
        let rows = self.client.query(sql, &[&organization.0]).await.map_err(Error::from_postgres)?;
        rows.iter().map(|row| Ok((row.get(0), TokenState::from_code(row.get(1))?))).collect()
    }

    /// Says it, at the data, and tells every program.
    ///
    /// # Errors
    /// As any statement.
    pub async fn set_token_states(
        &mut self,
        organization: OrganizationId,
        states: &[(i32, TokenState)],
    ) -> Result<(), Error> {
        let numbers: Vec<i32> = states.iter().map(|(number, _)| *number).collect();
        let codes: Vec<i16> = states.iter().map(|(_, state)| *state as i16).collect();
        let tx = self.client.transaction().await.map_err(Error::from_postgres)?;
        let sql = "DELETE FROM chart.token_key WHERE organization_id = $1";
        tx.execute(sql, &[&organization.0]).await.map_err(Error::from_postgres)?;
        let sql = "INSERT INTO chart.token_key (organization_id, number, state)
                   SELECT $1, n.number, n.state FROM unnest($2::int4[], $3::int2[]) n (number, state)";
        tx.execute(sql, &[&organization.0, &numbers, &codes]).await.map_err(Error::from_postgres)?;
        let sql = "SELECT pg_notify('lamplight_revoked', 'keys:' || $1::int4)";
        tx.query(sql, &[&organization.0]).await.map_err(Error::from_postgres)?;
        tx.commit().await.map_err(Error::from_postgres)
    }

    /// Waits until every transaction at the data is over that is at work now.
    ///
    /// # Errors
    /// [`Error::Timeout`] when one is not over after minutes; as any statement.
    pub async fn all_are_over(&mut self) -> Result<(), Error> {
        let row = self.client.query_one("SELECT pg_current_xact_id()::text::int8", &[]).await;
        self.older_are_over(row.map_err(Error::from_postgres)?.get(0)).await
    }

    /// The search keys whose bytes the keyring has, by number.
    ///
    /// # Errors
    /// As any statement.
    pub async fn search_keys(&self, organization: OrganizationId) -> Result<Vec<i32>, Error> {
        let sql = "SELECT number FROM keyring.organization_key
                    WHERE organization_id = $1 AND purpose = $2 AND wrapped IS NOT NULL ORDER BY number";
        let rows = self.client.query(sql, &[&organization.0, &SEARCH]).await;
        Ok(rows.map_err(Error::from_postgres)?.iter().map(|row| row.get(0)).collect())
    }

    /// Keeps the change of an organization's search key to this connection, until it ends; says whether nobody else had it.
    ///
    /// # Errors
    /// As any statement.
    pub async fn hold_search_keys(&self, organization: OrganizationId) -> Result<bool, Error> {
        let sql = "SELECT pg_try_advisory_lock($1, $2)";
        let row = self.client.query_one(sql, &[&CHANGING, &organization.0]).await;
        Ok(row.map_err(Error::from_postgres)?.get(0))
    }

    /// Makes the next search key, in the keyring; gives its number. Nothing uses it until the data names it.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the organization has no keys yet; [`Error::Conflict`] while the wrapping key is changed for
    /// another; [`Error::Seal`] when a stored key was altered; [`Error::KeyService`].
    pub async fn add_search_key(
        &self,
        custody: &Custody,
        organization: OrganizationId,
    ) -> Result<i32, Error> {
        let wrapping = self.wrapping(custody, organization).await?;
        let by = self.in_use(organization).await?;
        let under = wrapping.get(&by).ok_or(Error::Conflict)?;
        let sql = "SELECT purpose, number, wrapped, commitment, wrapped_by FROM keyring.organization_key
                    WHERE organization_id = $1 AND purpose = ANY ($2) ORDER BY purpose, number";
        let rows = self.client.query(sql, &[&organization.0, &vec![SEARCH, INDEX]]).await;
        let rows = rows.map_err(Error::from_postgres)?;
        if !rows.iter().any(|row| row.get::<_, i16>(0) == INDEX) {
            // What was made with the first search key and is no token goes on with the same bytes, which stay.
            let first = rows.iter().find(|row| row.get::<_, i32>(1) == FIRST_SEARCH_KEY);
            let first = first.ok_or(Error::NotFound)?;
            let (label, by) = (organization_label(organization, SEARCH, FIRST_SEARCH_KEY), first.get(4));
            let wrapped: Option<&[u8]> = first.get(2);
            let wrapped = wrapped.ok_or(Error::Seal("the organization's keys are incomplete"))?;
            let key = unwrap(wrapping.get(&by).ok_or(Error::Conflict)?, &label, wrapped, first.get(3))?;
            self.insert_key(organization, (INDEX, 1), (by, under), &key).await?;
        }
        let number = rows.iter().filter(|row| row.get::<_, i16>(0) == SEARCH).map(|row| row.get(1)).max();
        let number = number.unwrap_or(0) + 1;
        let key = Zeroizing::new(self.world.random::<32>());
        self.insert_key(organization, (SEARCH, number), (by, under), &key).await?;
        Ok(number)
    }

    async fn insert_key(
        &self,
        organization: OrganizationId,
        (purpose, number): (i16, i32),
        (by, under): (i32, &[u8; 32]),
        key: &[u8; 32],
    ) -> Result<(), Error> {
        // Nothing is wrapped with a key that is retired (ADR 0038).
        let sql = "INSERT INTO keyring.organization_key (organization_id, purpose, number, wrapped, wrapped_by, commitment,
                       created_at)
                   SELECT $1, $2, $3, $4, w.number, $6, $7 FROM keyring.organization_key w
                    WHERE w.organization_id = $1 AND w.purpose = 1 AND w.number = $5 AND w.retired_at IS NULL";
        let wrapped = wrap(under, &organization_label(organization, purpose, number), key, &self.world);
        let (committed, now) = (commitment(key).to_vec(), self.world.now());
        let done = self
            .client
            .execute(sql, &[&organization.0, &purpose, &number, &wrapped, &by, &committed, &now])
            .await;
        if done.map_err(Error::from_postgres)? == 1 { Ok(()) } else { Err(Error::Conflict) }
    }

    /// Destroys the search keys before this one, in the keyring; tells how many.
    ///
    /// # Errors
    /// As any statement.
    pub async fn destroy_search_keys(&self, organization: OrganizationId, before: i32) -> Result<u64, Error> {
        let sql = "UPDATE keyring.organization_key SET wrapped = NULL, retired_at = $4, destroyed_at = $4
                    WHERE organization_id = $1 AND purpose = $2 AND number < $3 AND wrapped IS NOT NULL";
        let now = self.world.now();
        let done = self.client.execute(sql, &[&organization.0, &SEARCH, &before, &now]).await;
        let done = done.map_err(Error::from_postgres)?;
        self.sweep_keys().await?;
        Ok(done)
    }
}
