//! The plane's counts. Each is behind a function that gives nothing else.

use db::{Error, Row, Tx};
use jiff::Timestamp;

use super::super::ops::{Counted, SessionsView, Vitals};

/// What the database says of itself.
pub(in super::super) async fn look_at_vitals(tx: &Tx<'_>, now: Timestamp) -> Result<Vitals, Error> {
    let rows = tx
        .query(
            "SELECT server_version, clock, last_event, oldest_effect, jobs_due, jobs_failed, mail_due, mail_failed,
                    months_ahead FROM platform.vitals($1)",
            &[&now],
        )
        .await?;
    let view = |row: &Row| Vitals {
        server_version: row.get(0),
        clock: row.get(1),
        last_event: row.get(2),
        oldest_effect: row.get(3),
        jobs: (row.get(4), row.get(5)),
        mail: (row.get(6), row.get(7)),
        months_ahead: row.get(8),
    };
    rows.first().map(view).ok_or(Error::NotFound)
}

/// Who is at work, by organization; the installation last.
pub(in super::super) async fn count_sessions(
    tx: &Tx<'_>,
    now: Timestamp,
) -> Result<Vec<SessionsView>, Error> {
    let rows = tx
        .query(
            "SELECT o.slug, s.sessions, s.contexts, s.active, s.refusals, s.locked
               FROM platform.count_sessions($1) s LEFT JOIN org.organization o USING (organization_id)
              ORDER BY o.slug NULLS LAST",
            &[&now],
        )
        .await?;
    let view = |row: &Row| SessionsView {
        organization: row.get(0),
        sessions: row.get(1),
        contexts: row.get(2),
        active: row.get(3),
        refusals: row.get(4),
        locked: row.get(5),
    };
    Ok(rows.iter().map(view).collect())
}

/// How much there is of what, by organization.
pub(in super::super) async fn count_figures(
    tx: &Tx<'_>,
    patient: i16,
    now: Timestamp,
) -> Result<Vec<Counted>, Error> {
    let rows = tx
        .query(
            "SELECT o.slug, o.kind, f.facilities, f.staff, f.ties, f.portals, f.patients, f.records, f.events
               FROM platform.figures($1, $2) f JOIN org.organization o USING (organization_id) ORDER BY o.slug",
            &[&patient, &now],
        )
        .await?;
    let view = |row: &Row| Counted {
        organization: row.get(0),
        kind: row.get(1),
        facilities: row.get(2),
        staff: row.get(3),
        ties: row.get(4),
        portals: row.get(5),
        patients: row.get(6),
        records: row.get(7),
        events: row.get(8),
    };
    Ok(rows.iter().map(view).collect())
}
