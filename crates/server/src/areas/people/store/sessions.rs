//! Signed-in browsers and the posts open in them.

use std::net::IpAddr;

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::{ContextId, MembershipId, OrganizationId, PersonId, SessionId};

/// A new session's row.
pub(in crate::areas::people) struct NewSession<'a> {
    pub(in crate::areas::people) id: SessionId,
    pub(in crate::areas::people) person: PersonId,
    pub(in crate::areas::people) digest: [u8; 32],
    pub(in crate::areas::people) place: &'a str,
    pub(in crate::areas::people) two_factors: bool,
    pub(in crate::areas::people) idle_seconds: i32,
    pub(in crate::areas::people) ends_at: Timestamp,
    pub(in crate::areas::people) address: Option<IpAddr>,
    pub(in crate::areas::people) agent: &'a str,
}

/// Signed in. Says how many sessions the person ever had, and how many with this program.
pub(in crate::areas::people) async fn insert_session(
    tx: &Tx<'_>,
    new: &NewSession<'_>,
    now: Timestamp,
) -> Result<(i64, i64), Error> {
    let rows = tx
        .query(
            "SELECT count(*), count(*) FILTER (WHERE agent = $2) FROM people.session WHERE person_id = $1",
            &[&new.person.0, &new.agent],
        )
        .await?;
    let before = (rows[0].get(0), rows[0].get(1));
    tx.query(
        "INSERT INTO people.session (session_id, person_id, digest, place, strength, signed_in_at, used_at,
             idle_seconds, ends_at, address, agent)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10)",
        &[
            &new.id.0,
            &new.person.0,
            &new.digest.as_slice(),
            &new.place,
            &(if new.two_factors { 2_i16 } else { 1 }),
            &now,
            &new.idle_seconds,
            &new.ends_at,
            &new.address,
            &new.agent,
        ],
    )
    .await?;
    Ok(before)
}

/// Another cookie for the same session, and what was proved since.
pub(in crate::areas::people) async fn rotate_session(
    tx: &Tx<'_>,
    id: SessionId,
    digest: &[u8; 32],
    strengthen: bool,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE people.session SET digest = $2, strength = CASE WHEN $3 THEN 2 ELSE strength END
              WHERE session_id = $1 AND ended_at IS NULL RETURNING 1",
            &[&id.0, &digest.as_slice(), &strengthen],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Ends the session of this cookie, whosever it is.
pub(in crate::areas::people) async fn end_session_by_digest(
    tx: &Tx<'_>,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "UPDATE people.session SET ended_at = $2 WHERE digest = $1 AND ended_at IS NULL",
        &[&digest.as_slice(), &now],
    )
    .await
    .map(|_| ())
}

/// Ends sessions of a person: this one, or all but `except`.
pub(in crate::areas::people) async fn end_sessions(
    tx: &Tx<'_>,
    person: PersonId,
    only: Option<SessionId>,
    except: Option<SessionId>,
    now: Timestamp,
) -> Result<u64, Error> {
    let rows = tx
        .query(
            "UPDATE people.session SET ended_at = $4 WHERE person_id = $1 AND ended_at IS NULL
                AND ($2::uuid IS NULL OR session_id = $2) AND ($3::uuid IS NULL OR session_id <> $3) RETURNING 1",
            &[&person.0, &only.map(|id| id.0), &except.map(|id| id.0), &now],
        )
        .await?;
    Ok(rows.len() as u64)
}

/// Ends every session at an organization's own address, and closes its contexts in those of elsewhere; gives how many
/// sessions ended. In the program's context, which reaches all of them.
pub(in crate::areas::people) async fn end_sessions_at(
    tx: &Tx<'_>,
    (organization, place): (OrganizationId, &str),
    now: Timestamp,
) -> Result<u64, Error> {
    let rows = tx
        .query(
            "UPDATE people.session SET ended_at = $2
              WHERE place = $1 AND ended_at IS NULL AND ends_at > $2 RETURNING 1",
            &[&place, &now],
        )
        .await?;
    tx.query(
        "UPDATE people.context SET closed_at = $2 WHERE organization_id = $1 AND closed_at IS NULL",
        &[&organization.0, &now],
    )
    .await?;
    Ok(rows.len() as u64)
}

/// The living sessions of a person, the last used first: id, agent, address, signed in, used, ends, open contexts.
pub(in crate::areas::people) async fn list_sessions(
    tx: &Tx<'_>,
    person: PersonId,
    now: Timestamp,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT s.session_id, s.agent, s.address, s.signed_in_at, s.used_at, s.ends_at,
                (SELECT count(*) FROM people.context c WHERE c.session_id = s.session_id AND c.closed_at IS NULL)
           FROM people.session s
          WHERE s.person_id = $1 AND s.ended_at IS NULL AND s.ends_at > $2
            AND s.used_at + make_interval(secs => s.idle_seconds) > $2
          ORDER BY s.used_at DESC",
        &[&person.0, &now],
    )
    .await
}

/// Opens a context in a session.
pub(in crate::areas::people) async fn insert_context(
    tx: &Tx<'_>,
    id: ContextId,
    session: SessionId,
    person: PersonId,
    (organization, membership): (OrganizationId, MembershipId),
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO people.context (context_id, session_id, person_id, organization_id, membership_id, opened_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[&id.0, &session.0, &person.0, &organization.0, &membership.0, &now],
    )
    .await
    .map(|_| ())
}

/// The open contexts of a session: id, organization, membership, since when.
pub(in crate::areas::people) async fn list_contexts(
    tx: &Tx<'_>,
    session: SessionId,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT context_id, organization_id, membership_id, opened_at FROM people.context
          WHERE session_id = $1 AND closed_at IS NULL ORDER BY opened_at",
        &[&session.0],
    )
    .await
}

/// Closes a context of a session; false when it was not open.
pub(in crate::areas::people) async fn close_context(
    tx: &Tx<'_>,
    session: SessionId,
    id: ContextId,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE people.context SET closed_at = $3 WHERE session_id = $1 AND context_id = $2 AND closed_at IS NULL
             RETURNING 1",
            &[&session.0, &id.0, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}
