//! Codes, families, and the tokens of both kinds.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::{MembershipId, OrganizationId, PersonId, SessionId};
use uuid::Uuid;

use crate::areas::oauth::model::{Consent, Scopes};

/// A code's row.
pub(in crate::areas::oauth) struct Code {
    pub(in crate::areas::oauth) consent: Consent,
    pub(in crate::areas::oauth) redirect_uri: String,
    pub(in crate::areas::oauth) challenge: String,
    pub(in crate::areas::oauth) nonce: Option<String>,
    pub(in crate::areas::oauth) expires_at: Timestamp,
    pub(in crate::areas::oauth) used: bool,
    pub(in crate::areas::oauth) family: Option<Uuid>,
}

/// A new code.
pub(in crate::areas::oauth) async fn insert_code(
    tx: &Tx<'_>,
    organization: OrganizationId,
    digest: &[u8; 32],
    code: &Code,
) -> Result<(), Error> {
    let of = &code.consent;
    tx.query(
        "INSERT INTO oauth.code (organization_id, digest, client_id, redirect_uri, challenge, nonce, scope, person_id,
             session_id, membership_id, auth_time, two_factors, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            &organization.0,
            &digest.as_slice(),
            &of.client,
            &code.redirect_uri,
            &code.challenge,
            &code.nonce,
            &of.scope.keys(),
            &of.person.0,
            &of.session.0,
            &of.membership.0,
            &of.auth_time,
            &of.two_factors,
            &code.expires_at,
        ],
    )
    .await
    .map(|_| ())
}

fn consent(row: &Row) -> Consent {
    Consent {
        client: row.get("client_id"),
        person: PersonId(row.get("person_id")),
        session: SessionId(row.get("session_id")),
        membership: MembershipId(row.get("membership_id")),
        scope: Scopes::stored(&row.get::<_, Vec<String>>("scope")),
        auth_time: row.get("auth_time"),
        two_factors: row.get("two_factors"),
    }
}

/// The code of this digest, held until the transaction ends, so that of two who show it one is the second.
pub(in crate::areas::oauth) async fn find_code(
    tx: &Tx<'_>,
    organization: OrganizationId,
    digest: &[u8; 32],
) -> Result<Option<Code>, Error> {
    let rows = tx
        .query(
            "SELECT client_id, redirect_uri, challenge, nonce, scope, person_id, session_id, membership_id, auth_time,
                    two_factors, expires_at, used_at IS NOT NULL AS used, family_id
               FROM oauth.code WHERE organization_id = $1 AND digest = $2 FOR UPDATE",
            &[&organization.0, &digest.as_slice()],
        )
        .await?;
    Ok(rows.first().map(|row| Code {
        consent: consent(row),
        redirect_uri: row.get("redirect_uri"),
        challenge: row.get("challenge"),
        nonce: row.get("nonce"),
        expires_at: row.get("expires_at"),
        used: row.get("used"),
        family: row.get("family_id"),
    }))
}

/// Shown, whether something was issued for it or not.
pub(in crate::areas::oauth) async fn use_code(
    tx: &Tx<'_>,
    organization: OrganizationId,
    digest: &[u8; 32],
    family: Option<Uuid>,
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "UPDATE oauth.code SET used_at = coalesce(used_at, $4), family_id = coalesce($3, family_id)
          WHERE organization_id = $1 AND digest = $2",
        &[&organization.0, &digest.as_slice(), &family, &now],
    )
    .await
    .map(|_| ())
}

/// A new family.
pub(in crate::areas::oauth) async fn insert_family(
    tx: &Tx<'_>,
    organization: OrganizationId,
    id: Uuid,
    of: &Consent,
    (now, ends_at): (Timestamp, Timestamp),
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO oauth.family (organization_id, family_id, client_id, person_id, session_id, membership_id, scope,
             auth_time, two_factors, created_at, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            &organization.0,
            &id,
            &of.client,
            &of.person.0,
            &of.session.0,
            &of.membership.0,
            &of.scope.keys(),
            &of.auth_time,
            &of.two_factors,
            &now,
            &ends_at,
        ],
    )
    .await
    .map(|_| ())
}

/// Ends a family, and with it all its tokens; false when it had ended.
pub(in crate::areas::oauth) async fn end_family(
    tx: &Tx<'_>,
    organization: OrganizationId,
    id: Uuid,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE oauth.family SET ended_at = $3
              WHERE organization_id = $1 AND family_id = $2 AND ended_at IS NULL RETURNING 1",
            &[&organization.0, &id, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// A new refresh token.
pub(in crate::areas::oauth) async fn insert_refresh(
    tx: &Tx<'_>,
    organization: OrganizationId,
    digest: &[u8; 32],
    family: Uuid,
    expires_at: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO oauth.refresh (organization_id, digest, family_id, expires_at) VALUES ($1, $2, $3, $4)",
        &[&organization.0, &digest.as_slice(), &family, &expires_at],
    )
    .await
    .map(|_| ())
}

/// A refresh token's row and its family's.
pub(in crate::areas::oauth) struct ClosedRefresh {
    pub(in crate::areas::oauth) consent: Consent,
    pub(in crate::areas::oauth) family: Uuid,
    pub(in crate::areas::oauth) family_ends_at: Timestamp,
    pub(in crate::areas::oauth) family_ended: bool,
    pub(in crate::areas::oauth) expires_at: Timestamp,
    pub(in crate::areas::oauth) used: bool,
}

/// The refresh token of this digest, held with its family until the transaction ends.
pub(in crate::areas::oauth) async fn find_refresh(
    tx: &Tx<'_>,
    organization: OrganizationId,
    digest: &[u8; 32],
) -> Result<Option<ClosedRefresh>, Error> {
    let rows = tx
        .query(
            "SELECT f.client_id, f.person_id, f.session_id, f.membership_id, f.scope, f.auth_time, f.two_factors,
                    f.family_id, f.ends_at, r.expires_at, r.used_at IS NOT NULL AS used,
                    f.ended_at IS NOT NULL OR f.created_at < coalesce(p.password_at, '-infinity') AS ended
               FROM oauth.refresh r
               JOIN oauth.family f ON f.organization_id = r.organization_id AND f.family_id = r.family_id
               JOIN people.person p ON p.person_id = f.person_id
              WHERE r.organization_id = $1 AND r.digest = $2 FOR UPDATE OF r, f",
            &[&organization.0, &digest.as_slice()],
        )
        .await?;
    Ok(rows.first().map(|row| ClosedRefresh {
        consent: consent(row),
        family: row.get("family_id"),
        family_ends_at: row.get("ends_at"),
        family_ended: row.get("ended"),
        expires_at: row.get("expires_at"),
        used: row.get("used"),
    }))
}

/// Used up.
pub(in crate::areas::oauth) async fn use_refresh(
    tx: &Tx<'_>,
    organization: OrganizationId,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "UPDATE oauth.refresh SET used_at = $3 WHERE organization_id = $1 AND digest = $2",
        &[&organization.0, &digest.as_slice(), &now],
    )
    .await
    .map(|_| ())
}

/// A new access token's row.
pub(in crate::areas::oauth) struct Access<'a> {
    pub(in crate::areas::oauth) digest: [u8; 32],
    pub(in crate::areas::oauth) client: Uuid,
    pub(in crate::areas::oauth) family: Option<Uuid>,
    pub(in crate::areas::oauth) membership: MembershipId,
    pub(in crate::areas::oauth) scope: &'a Scopes,
    pub(in crate::areas::oauth) expires_at: Timestamp,
}

/// A new access token.
pub(in crate::areas::oauth) async fn insert_access(
    tx: &Tx<'_>,
    organization: OrganizationId,
    new: &Access<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO oauth.access (organization_id, digest, client_id, family_id, membership_id, scope, created_at,
             expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            &organization.0,
            &new.digest.as_slice(),
            &new.client,
            &new.family,
            &new.membership.0,
            &new.scope.keys(),
            &now,
            &new.expires_at,
        ],
    )
    .await
    .map(|_| ())
}

/// An access token's row, with whom it speaks for.
pub(in crate::areas::oauth) struct ClosedAccess {
    pub(in crate::areas::oauth) client: Uuid,
    pub(in crate::areas::oauth) membership: MembershipId,
    pub(in crate::areas::oauth) person: Option<PersonId>,
    pub(in crate::areas::oauth) scope: Scopes,
    pub(in crate::areas::oauth) created_at: Timestamp,
    pub(in crate::areas::oauth) expires_at: Timestamp,
    /// Whether it opens anything now, as `platform.check_access_token` says.
    pub(in crate::areas::oauth) is_good: bool,
}

/// The access token of this digest, good or not.
pub(in crate::areas::oauth) async fn find_access(
    tx: &Tx<'_>,
    organization: OrganizationId,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<Option<ClosedAccess>, Error> {
    let rows = tx
        .query(
            "SELECT a.client_id, a.membership_id, f.person_id, a.scope, a.created_at, a.expires_at,
                    EXISTS (SELECT 1 FROM platform.check_access_token($1, $2, $3))
               FROM oauth.access a
               LEFT JOIN oauth.family f ON f.organization_id = a.organization_id AND f.family_id = a.family_id
              WHERE a.organization_id = $1 AND a.digest = $2",
            &[&organization.0, &digest.as_slice(), &now],
        )
        .await?;
    Ok(rows.first().map(|row| ClosedAccess {
        client: row.get(0),
        membership: MembershipId(row.get(1)),
        person: row.get::<_, Option<i32>>(2).map(PersonId),
        scope: Scopes::stored(&row.get::<_, Vec<String>>(3)),
        created_at: row.get(4),
        expires_at: row.get(5),
        is_good: row.get(6),
    }))
}

/// Ends one access token.
pub(in crate::areas::oauth) async fn end_access(
    tx: &Tx<'_>,
    organization: OrganizationId,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "UPDATE oauth.access SET ended_at = $3 WHERE organization_id = $1 AND digest = $2 AND ended_at IS NULL",
        &[&organization.0, &digest.as_slice(), &now],
    )
    .await
    .map(|_| ())
}

/// Whether what a consent stands on still stands: the post is that person's, the person is not disabled, and, unless it
/// was given to go on without them, they are signed in.
pub(in crate::areas::oauth) async fn find_membership(
    tx: &Tx<'_>,
    organization: OrganizationId,
    of: &Consent,
    offline: bool,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "SELECT 1 FROM org.membership m
               JOIN people.person p ON p.person_id = m.person_id AND p.disabled_at IS NULL
               JOIN people.session s ON s.session_id = $4 AND s.person_id = m.person_id
              WHERE m.organization_id = $1 AND m.membership_id = $2 AND m.person_id = $3
                AND EXISTS (SELECT 1 FROM org.effective($1, $2, $6) e WHERE e.alive)
                AND ($5 OR (s.ended_at IS NULL AND s.ends_at > $6))",
            &[&organization.0, &of.membership.0, &of.person.0, &of.session.0, &offline, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Forgets what has ended, in every organization.
pub(in crate::areas::oauth) async fn delete_ended(tx: &Tx<'_>, now: Timestamp) -> Result<(), Error> {
    tx.query("SELECT platform.sweep_oauth($1)", &[&now]).await.map(|_| ())
}
