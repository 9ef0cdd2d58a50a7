//! Rows that figures are counted of, within the context's reach.

use db::{Error, Row, Tx};
use jiff::{SignedDuration, Timestamp};
use kernel::{FacilityId, OrganizationId};

/// A facility within reach.
pub(super) struct Place {
    pub(super) facility: FacilityId,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) time_zone: String,
}

/// The facilities of these numbers, by name.
pub(super) async fn list_places(
    tx: &Tx<'_>,
    organization: OrganizationId,
    facilities: &[i32],
) -> Result<Vec<Place>, Error> {
    let rows = tx
        .query(
            "SELECT facility_id, code, name, time_zone FROM org.facility
              WHERE organization_id = $1 AND facility_id = ANY ($2) AND facility_id <> 0 ORDER BY name, facility_id",
            &[&organization.0, &facilities],
        )
        .await?;
    let place = |row: &Row| Place {
        facility: FacilityId(row.get(0)),
        code: row.get(1),
        name: row.get(2),
        time_zone: row.get(3),
    };
    Ok(rows.iter().map(place).collect())
}

/// Counts of so many kinds by span.
fn counted<const N: usize>(rows: &[Row], spans: usize) -> [Vec<i64>; N] {
    let mut counts = std::array::from_fn(|_| vec![0; spans]);
    for row in rows {
        let span = usize::try_from(row.get::<_, i32>(0)).unwrap_or(usize::MAX);
        for (kind, of) in counts.iter_mut().enumerate() {
            if let Some(count) = of.get_mut(span) {
                *count = row.get(kind + 1);
            }
        }
    }
    counts
}

/// Where and when something is counted: the beginnings of spans, and the end of the last.
pub(super) struct Where<'a> {
    pub(super) organization: OrganizationId,
    pub(super) facility: FacilityId,
    pub(super) bounds: &'a [Timestamp],
}

impl Where<'_> {
    fn spans(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    fn edges(&self) -> (Timestamp, Timestamp) {
        let end = |at: Option<&Timestamp>| at.copied().unwrap_or(Timestamp::UNIX_EPOCH);
        (end(self.bounds.first()), end(self.bounds.last()))
    }
}

/// Notes that were begun: all, those signed in time, those that were not or are still open beyond it.
pub(super) async fn count_notes(
    tx: &Tx<'_>,
    at: &Where<'_>,
    (in_time, now): (SignedDuration, Timestamp),
) -> Result<[Vec<i64>; 3], Error> {
    let (first, last) = at.edges();
    let seconds = in_time.as_secs_f64();
    let rows = tx
        .query(
            "SELECT width_bucket(d.started_at, $3::timestamptz[]) - 1, count(*),
                    count(*) FILTER (WHERE d.body IS NULL AND d.saved_at <= d.started_at + make_interval(secs => $6)),
                    count(*) FILTER (WHERE CASE WHEN d.body IS NULL THEN d.saved_at ELSE $7 END
                                           > d.started_at + make_interval(secs => $6))
               FROM chart.draft d
              WHERE d.organization_id = $1 AND d.facility_id = $2 AND d.started_at >= $4 AND d.started_at < $5
              GROUP BY 1",
            &[&at.organization.0, &at.facility.0, &at.bounds, &first, &last, &seconds, &now],
        )
        .await?;
    Ok(counted(&rows, at.spans()))
}

/// Doses that were recorded late at a pass, by when they were due.
pub(super) async fn count_late_doses(
    tx: &Tx<'_>,
    at: &Where<'_>,
    late: SignedDuration,
) -> Result<[Vec<i64>; 1], Error> {
    let (first, last) = at.edges();
    let seconds = late.as_secs_f64();
    let rows = tx
        .query(
            "SELECT width_bucket(d.due_at, $3::timestamptz[]) - 1, count(*) FROM chart.dose d
              WHERE d.organization_id = $1 AND d.facility_id = $2 AND d.due_at >= $4 AND d.due_at < $5
                AND d.revoked_at IS NULL AND d.given_at > d.due_at + make_interval(secs => $6)
              GROUP BY 1",
            &[&at.organization.0, &at.facility.0, &at.bounds, &first, &last, &seconds],
        )
        .await?;
    Ok(counted(&rows, at.spans()))
}

/// Emergency accesses that were opened.
pub(super) async fn count_emergencies(tx: &Tx<'_>, at: &Where<'_>) -> Result<[Vec<i64>; 1], Error> {
    let (first, last) = at.edges();
    let rows = tx
        .query(
            "SELECT width_bucket(e.opened_at, $3::timestamptz[]) - 1, count(*) FROM org.emergency e
              WHERE e.organization_id = $1 AND e.facility_id = $2 AND e.opened_at >= $4 AND e.opened_at < $5
              GROUP BY 1",
            &[&at.organization.0, &at.facility.0, &at.bounds, &first, &last],
        )
        .await?;
    Ok(counted(&rows, at.spans()))
}

/// What stands out in the log: exports that were asked for and reports that were taken, and refusals.
pub(super) async fn count_exceptions(tx: &Tx<'_>, at: &Where<'_>) -> Result<[Vec<i64>; 2], Error> {
    let (first, last) = at.edges();
    // The condition in the middle is that of the index `event_exception`, word for word.
    let rows = tx
        .query(
            "SELECT width_bucket(e.at, $3::timestamptz[]) - 1,
                    count(DISTINCT e.request_id) FILTER (WHERE e.outcome = 'success' AND (
                        e.action = 'audit.take' OR (e.action = 'chart.export'
                            AND (e.membership_id = 0 OR e.detail LIKE 'export % asked for')))),
                    count(*) FILTER (WHERE e.outcome = 'denied')
               FROM audit.event e
              WHERE e.organization_id = $1 AND e.facility_id = $2 AND e.at >= $4 AND e.at < $5
                AND (e.outcome <> 'success' OR e.purpose = 'BTG'
                     OR e.action IN ('chart.export', 'audit.take', 'emergency.open', 'emergency.close', 'emergency.use'))
              GROUP BY 1",
            &[&at.organization.0, &at.facility.0, &at.bounds, &first, &last],
        )
        .await?;
    Ok(counted(&rows, at.spans()))
}
