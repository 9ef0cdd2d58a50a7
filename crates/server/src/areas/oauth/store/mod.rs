//! Rows of OAuth, as they are. The context is the program's own of the organization: row security shows no other's.

mod tokens;

pub(super) use tokens::{
    Access, Code, delete_ended, end_access, end_family, find_access, find_code, find_membership,
    find_refresh, insert_access, insert_code, insert_family, insert_refresh, use_code, use_refresh,
};

use db::{Drawer, Error, Row, Tx, Vault};
use jiff::Timestamp;
use kernel::{MembershipId, OrganizationId};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::model::{Client, Scopes};

/// A living client.
pub(super) async fn find_client(
    tx: &Tx<'_>,
    organization: OrganizationId,
    id: Uuid,
) -> Result<Option<Client>, Error> {
    let rows = tx
        .query(
            "SELECT client_id, name, uri, redirect_uris, grants, jwks, scope, membership_id FROM oauth.client
              WHERE organization_id = $1 AND client_id = $2 AND disabled_at IS NULL",
            &[&organization.0, &id],
        )
        .await?;
    Ok(rows.first().map(|row| Client {
        id: row.get(0),
        name: row.get(1),
        uri: row.get(2),
        redirect_uris: row.get(3),
        grants: row.get(4),
        jwks: row.get(5),
        scope: Scopes::stored(&row.get::<_, Vec<String>>(6)),
        membership: row.get::<_, Option<i32>>(7).map(MembershipId),
    }))
}

/// Remembers an assertion; false when it was shown before.
pub(super) async fn insert_assertion(
    tx: &Tx<'_>,
    organization: OrganizationId,
    client: Uuid,
    jti: &[u8; 32],
    expires_at: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "INSERT INTO oauth.assertion_jti (organization_id, client_id, jti, expires_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (organization_id, client_id, jti) DO NOTHING RETURNING 1",
            &[&organization.0, &client, &jti.as_slice(), &expires_at],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// A signing key's row, opened.
pub(super) struct StoredKey {
    pub(super) generation: i32,
    pub(super) pkcs8: Zeroizing<Vec<u8>>,
    pub(super) created_at: Timestamp,
    pub(super) signs_at: Timestamp,
}

/// The keys that have not ended, oldest first.
pub(super) async fn list_keys(
    tx: &Tx<'_>,
    vault: &Vault,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<Vec<StoredKey>, Error> {
    let rows = tx
        .query(
            "SELECT generation, key_id, sealed, created_at, signs_at FROM oauth.signing_key
              WHERE organization_id = $1 AND (ends_at IS NULL OR ends_at > $2) ORDER BY generation",
            &[&organization.0, &now],
        )
        .await?;
    let key = |row: &Row| {
        Ok(StoredKey {
            generation: row.get(0),
            pkcs8: vault.open(Drawer::SigningKey, row.get(1), row.get(2))?,
            created_at: row.get(3),
            signs_at: row.get(4),
        })
    };
    rows.iter().map(key).collect()
}

/// The next key: from `signs_at` on it signs, and those before it end at `last_ends_at`. False when another process
/// was faster.
pub(super) async fn insert_key(
    tx: &Tx<'_>,
    vault: &Vault,
    organization: OrganizationId,
    (id, pkcs8): (Uuid, &[u8]),
    generation: i32,
    (now, signs_at, last_ends_at): (Timestamp, Timestamp, Timestamp),
) -> Result<bool, Error> {
    let sealed = vault.seal(Drawer::SigningKey, id, pkcs8);
    let rows = tx
        .query(
            "INSERT INTO oauth.signing_key (organization_id, generation, key_id, sealed, created_at, signs_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization_id, generation) DO NOTHING RETURNING 1",
            &[&organization.0, &generation, &id, &sealed, &now, &signs_at],
        )
        .await?;
    if rows.is_empty() {
        return Ok(false);
    }
    tx.query(
        "UPDATE oauth.signing_key SET ends_at = $3
          WHERE organization_id = $1 AND generation < $2 AND ends_at IS NULL",
        &[&organization.0, &generation, &last_ends_at],
    )
    .await?;
    Ok(true)
}
