//! The operator registers other programs: OAuth clients of an organization.

use kernel::{FacilityId, OrganizationId};
use policy::{Permission, PermissionSet};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::Operator;
use crate::Error;

/// What a new client needs. Whether its addresses and keys are sound is the caller's to see.
pub struct NewClient<'a> {
    /// Its name, which people read where they are asked for consent.
    pub name: &'a str,
    /// Its own page.
    pub uri: Option<&'a str>,
    /// Where codes may be sent, to the last character.
    pub redirect_uris: &'a [String],
    /// `authorization_code`, `refresh_token`, `client_credentials`.
    pub grants: &'a [&'a str],
    /// Its public keys (RFC 7517); without, it is a public client.
    pub jwks: Option<&'a Value>,
    /// What it may ask for.
    pub scope: &'a [&'a str],
    /// What it may do by itself and where: makes a membership of its own.
    pub service: Option<(PermissionSet, &'a [FacilityId])>,
}

/// A client as lists show it.
#[derive(Clone, Debug, Serialize)]
pub struct ClientInfo {
    /// Its id.
    pub client_id: Uuid,
    /// Its name.
    pub name: String,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// As [`NewClient::grants`].
    pub grants: Vec<String>,
    /// Whether it has no keys.
    pub public: bool,
    /// What it may ask for.
    pub scope: Vec<String>,
    /// Since when no more.
    pub disabled_at: Option<jiff::Timestamp>,
}

impl Operator {
    /// Registers a client; gives its id.
    ///
    /// # Errors
    /// [`Error::Constraint`] naming what was refused.
    pub async fn create_client(
        &mut self,
        organization: OrganizationId,
        new: &NewClient<'_>,
    ) -> Result<Uuid, Error> {
        let now = self.world.now();
        let id = self.world.uuid();
        let tx = self.client.transaction().await.map_err(Error::from_postgres)?;
        let mut membership: Option<i32> = None;
        if let Some((permissions, facilities)) = &new.service {
            let permissions: Vec<&str> = permissions.iter().map(Permission::key).collect();
            let facilities: Vec<i32> = facilities.iter().map(|facility| facility.0).collect();
            let row = tx
                .query_one(
                    "INSERT INTO org.membership (organization_id, membership_id, kind, name, created_at,
                         permissions, facilities)
                     VALUES ($1, nextval('org.membership_number'), 'service', $2, $3, $4, $5)
                     RETURNING membership_id",
                    &[&organization.0, &new.name, &now, &permissions, &facilities],
                )
                .await
                .map_err(Error::from_postgres)?;
            membership = Some(row.get(0));
        }
        tx.execute(
            "INSERT INTO oauth.client (organization_id, client_id, name, uri, redirect_uris, grants, jwks, scope,
                 membership_id, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                &organization.0,
                &id,
                &new.name,
                &new.uri,
                &new.redirect_uris,
                &new.grants,
                &new.jwks,
                &new.scope,
                &membership,
                &now,
            ],
        )
        .await
        .map_err(Error::from_postgres)?;
        tx.commit().await.map_err(Error::from_postgres)?;
        Ok(id)
    }

    /// The clients of an organization, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn clients(&self, organization: OrganizationId) -> Result<Vec<ClientInfo>, Error> {
        let rows = self
            .client
            .query(
                "SELECT client_id, name, redirect_uris, grants, jwks IS NULL, scope, disabled_at FROM oauth.client
                  WHERE organization_id = $1 ORDER BY created_at DESC, client_id",
                &[&organization.0],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(rows
            .iter()
            .map(|row| ClientInfo {
                client_id: row.get(0),
                name: row.get(1),
                redirect_uris: row.get(2),
                grants: row.get(3),
                public: row.get(4),
                scope: row.get(5),
                disabled_at: row.get(6),
            })
            .collect())
    }

    /// Ends a client, with all its tokens and the membership that was made for it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such living client.
    pub async fn revoke_client(&self, organization: OrganizationId, client: Uuid) -> Result<(), Error> {
        let changed = self
            .client
            .execute(
                "WITH ended AS (
                     UPDATE oauth.client SET disabled_at = $3
                      WHERE organization_id = $1 AND client_id = $2 AND disabled_at IS NULL
                     RETURNING organization_id, membership_id),
                 post AS (
                     UPDATE org.membership m SET ends_at = $3 FROM ended e
                      WHERE m.organization_id = e.organization_id AND m.membership_id = e.membership_id)
                 SELECT 1 FROM ended",
                &[&organization.0, &client, &self.world.now()],
            )
            .await
            .map_err(Error::from_postgres)?;
        if changed == 1 { Ok(()) } else { Err(Error::NotFound) }
    }
}
