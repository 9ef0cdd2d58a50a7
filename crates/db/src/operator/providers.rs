//! The operator enters the identity providers of organizations.

use jiff::Timestamp;
use kernel::OrganizationId;
use serde::Serialize;
use uuid::Uuid;

use super::Operator;
use crate::Error;

/// What a new identity provider needs.
pub struct NewProvider<'a> {
    /// Its id: the secret is sealed for it.
    pub id: Uuid,
    /// What its button says.
    pub name: &'a str,
    /// Exactly as the provider writes it.
    pub issuer: &'a str,
    /// Who we are there.
    pub client_id: &'a str,
    /// Sealed in [`crate::Drawer::ProviderSecret`] for `id`; a public client has none.
    pub secret: Option<&'a [u8]>,
    /// Whether two factors shown there are two factors here.
    pub trusts_mfa: bool,
    /// Which classes (`acr`) say so, beside the methods (`amr`).
    pub mfa_acr: &'a [String],
    /// Lower-case domains of whose addresses it knows the owners.
    pub email_domains: &'a [String],
}

/// An identity provider as the operator sees it; its secret stays where it is.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderInfo {
    /// Its id.
    pub id: Uuid,
    /// As [`NewProvider::name`].
    pub name: String,
    /// As [`NewProvider::issuer`].
    pub issuer: String,
    /// As [`NewProvider::client_id`].
    pub client_id: String,
    /// Whether we prove ourselves with a secret.
    pub confidential: bool,
    /// As [`NewProvider::trusts_mfa`].
    pub trusts_mfa: bool,
    /// As [`NewProvider::mfa_acr`].
    pub mfa_acr: Vec<String>,
    /// As [`NewProvider::email_domains`].
    pub email_domains: Vec<String>,
    /// How many people sign in by it.
    pub people: i64,
    /// When it was entered.
    pub created_at: Timestamp,
    /// Since when nobody signs in by it any more.
    pub disabled_at: Option<Timestamp>,
}

impl Operator {
    /// Enters an identity provider.
    ///
    /// # Errors
    /// [`Error::Constraint`] naming what was refused.
    pub async fn create_provider(
        &self,
        organization: OrganizationId,
        new: &NewProvider<'_>,
    ) -> Result<(), Error> {
        self.client
            .execute(
                "INSERT INTO org.identity_provider (organization_id, provider_id, name, issuer, client_id, secret,
                     trusts_mfa, mfa_acr, email_domains, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                &[
                    &organization.0,
                    &new.id,
                    &new.name,
                    &new.issuer,
                    &new.client_id,
                    &new.secret,
                    &new.trusts_mfa,
                    &new.mfa_acr,
                    &new.email_domains,
                    &self.world.now(),
                ],
            )
            .await
            .map(|_| ())
            .map_err(Error::from_postgres)
    }

    /// The identity providers of an organization, by name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn providers(&self, organization: OrganizationId) -> Result<Vec<ProviderInfo>, Error> {
        let rows = self
            .client
            .query(
                "SELECT p.provider_id, p.name, p.issuer, p.client_id, p.secret IS NOT NULL, p.trusts_mfa, p.mfa_acr,
                        p.email_domains, p.created_at, p.disabled_at,
                        (SELECT count(*) FROM org.identity i
                          WHERE i.organization_id = p.organization_id AND i.provider_id = p.provider_id)
                   FROM org.identity_provider p WHERE p.organization_id = $1 ORDER BY p.name, p.provider_id",
                &[&organization.0],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(rows
            .iter()
            .map(|row| ProviderInfo {
                id: row.get(0),
                name: row.get(1),
                issuer: row.get(2),
                client_id: row.get(3),
                confidential: row.get(4),
                trusts_mfa: row.get(5),
                mfa_acr: row.get(6),
                email_domains: row.get(7),
                people: row.get(10),
                created_at: row.get(8),
                disabled_at: row.get(9),
            })
            .collect())
    }

    /// Nobody begins or finishes a sign-in by this provider any more. Sessions that there are go on to their end.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such provider that is enabled.
    pub async fn disable_provider(&self, organization: OrganizationId, provider: Uuid) -> Result<(), Error> {
        let changed = self
            .client
            .execute(
                "UPDATE org.identity_provider SET disabled_at = $3
                  WHERE organization_id = $1 AND provider_id = $2 AND disabled_at IS NULL",
                &[&organization.0, &provider, &self.world.now()],
            )
            .await
            .map_err(Error::from_postgres)?;
        if changed == 1 { Ok(()) } else { Err(Error::NotFound) }
    }
}
