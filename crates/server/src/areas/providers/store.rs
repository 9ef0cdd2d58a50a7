//! Rows of providers and of who is who there. The context is the program's own, in the provider's organization.

use db::{Drawer, Error, Row, Tx, Vault};
use jiff::Timestamp;
use kernel::{OrganizationId, PersonId};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::model::Provider;

/// Ids and names of the providers that people may use, by name.
pub(super) async fn list_providers(
    tx: &Tx<'_>,
    organization: OrganizationId,
) -> Result<Vec<(Uuid, String)>, Error> {
    let rows = tx
        .query(
            "SELECT provider_id, name FROM org.identity_provider
              WHERE organization_id = $1 AND disabled_at IS NULL ORDER BY name, provider_id",
            &[&organization.0],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The provider of this id, if people may use it. `vault` is its organization's.
pub(super) async fn find_provider(
    tx: &Tx<'_>,
    vault: &Vault,
    organization: OrganizationId,
    id: Uuid,
) -> Result<Option<Provider>, Error> {
    let rows = tx
        .query(
            "SELECT name, issuer, client_id, secret, trusts_mfa, mfa_acr, email_domains FROM org.identity_provider
              WHERE organization_id = $1 AND provider_id = $2 AND disabled_at IS NULL",
            &[&organization.0, &id],
        )
        .await?;
    rows.first().map(|row| provider(vault, id, row)).transpose()
}

fn provider(vault: &Vault, id: Uuid, row: &Row) -> Result<Provider, Error> {
    let secret = match row.get::<_, Option<&[u8]>>(3) {
        None => None,
        Some(sealed) => {
            let clear = vault.open(Drawer::ProviderSecret, id, sealed)?;
            let text = std::str::from_utf8(&clear).map_err(|_| Error::Seal("not what was sealed"))?;
            Some(Zeroizing::new(text.to_owned()))
        }
    };
    Ok(Provider {
        id,
        name: row.get(0),
        issuer: row.get(1),
        client_id: row.get(2),
        secret,
        trusts_mfa: row.get(4),
        mfa_acr: row.get(5),
        email_domains: row.get(6),
    })
}

/// The key by which somebody of a provider is found: of issuer and subject, which together are never given again.
pub(super) fn subject_key(vault: &Vault, issuer: &str, subject: &str) -> [u8; 32] {
    vault.index("identity", &[issuer.as_bytes(), b"\0", subject.as_bytes()].concat())
}

/// Who this is there.
pub(super) async fn find_identity(
    tx: &Tx<'_>,
    organization: OrganizationId,
    provider: Uuid,
    subject_key: &[u8; 32],
) -> Result<Option<PersonId>, Error> {
    let rows = tx
        .query(
            "SELECT person_id FROM org.identity
              WHERE organization_id = $1 AND provider_id = $2 AND subject_key = $3",
            &[&organization.0, &provider, &subject_key.as_slice()],
        )
        .await?;
    Ok(rows.first().map(|row| PersonId(row.get(0))))
}

/// From now on they are this person; false when the provider has another account for that person, or somebody was
/// faster.
pub(super) async fn insert_identity(
    tx: &Tx<'_>,
    organization: OrganizationId,
    provider: Uuid,
    subject_key: &[u8; 32],
    person: PersonId,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "INSERT INTO org.identity (organization_id, provider_id, subject_key, person_id, created_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1",
            &[&organization.0, &provider, &subject_key.as_slice(), &person.0, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}
