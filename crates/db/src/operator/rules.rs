//! An organization's rules for sign-in.

use kernel::OrganizationId;
use serde::Serialize;

use super::Operator;
use crate::Error;

/// How its people sign in. What is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct SignInRules {
    /// Whether patients, relatives and others at the portal are asked for a second factor. Staff always is.
    pub portal_second_factor: Option<bool>,
    /// After how many seconds of nothing a session ends: 60 to 86,400.
    pub idle_seconds: Option<i32>,
    /// After how many seconds a session ends whatever is done: 300 to 2,592,000.
    pub session_seconds: Option<i32>,
}

impl Operator {
    /// Changes the rules, for sessions that begin from now on; gives those in force.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Constraint`] for a number out of range.
    pub async fn sign_in_rules(
        &self,
        organization: OrganizationId,
        rules: SignInRules,
    ) -> Result<SignInRules, Error> {
        let row = self
            .client
            .query_opt(
                "UPDATE org.organization SET portal_second_factor = coalesce($2, portal_second_factor),
                     idle_seconds = coalesce($3, idle_seconds), session_seconds = coalesce($4, session_seconds)
                  WHERE organization_id = $1 RETURNING portal_second_factor, idle_seconds, session_seconds",
                &[&organization.0, &rules.portal_second_factor, &rules.idle_seconds, &rules.session_seconds],
            )
            .await
            .map_err(Error::from_postgres)?
            .ok_or(Error::NotFound)?;
        Ok(SignInRules {
            portal_second_factor: row.get(0),
            idle_seconds: row.get(1),
            session_seconds: row.get(2),
        })
    }
}
