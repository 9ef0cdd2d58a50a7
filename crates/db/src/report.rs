//! Who saw this patient: the per-patient activity report.

use std::net::IpAddr;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use kernel::{EventId, FacilityId, MembershipId, PatientId, RequestId, ResourceId};
use policy::{Action, Target};
use serde::Serialize;

use crate::{Ctx, Db, Error, Event, Row};

/// From when (inclusive) to when (exclusive).
#[derive(Clone, Copy, Debug)]
pub struct ReportWindow {
    /// First instant.
    pub from: Timestamp,
    /// First instant no more.
    pub to: Timestamp,
    /// At most this many lines.
    pub limit: i64,
}

/// One thing that was done with the patient's record.
#[derive(Clone, Debug, Serialize)]
pub struct ReportLine {
    /// When.
    pub at: Timestamp,
    /// The event.
    pub event: EventId,
    /// Who: the post; 0 is the operator.
    pub membership: MembershipId,
    /// Its name.
    pub name: Option<String>,
    /// The post whose view it had, when it was support access.
    pub on_behalf_of: Option<MembershipId>,
    /// That post's name.
    pub on_behalf_of_name: Option<String>,
    /// Where.
    pub facility: FacilityId,
    /// What, `area.verb`.
    pub action: String,
    /// `success`, `denied` or `failure`.
    pub outcome: String,
    /// Why it was allowed or refused.
    pub reason: String,
    /// Purpose of use.
    pub purpose: String,
    /// FHIR resource type, by code.
    pub resource_type: Option<i16>,
    /// The one resource, if it was one.
    pub resource: Option<ResourceId>,
    /// The request.
    pub request: RequestId,
    /// From where.
    pub address: Option<IpAddr>,
    /// Names and counts.
    pub detail: Option<String>,
}

/// How many parts of a report are looked for at a time.
const PARTS: i64 = 4;

/// A period in parts, the newest first. Somebody's lines lie all over the log: each is a read of its own, and where they
/// come from a disk it is the waiting that takes long, so that parts which wait together are there sooner.
pub fn parts((from, to): (Timestamp, Timestamp)) -> Vec<(Timestamp, Timestamp)> {
    let length = to.as_microsecond() - from.as_microsecond();
    let bound = |part: i64| match part {
        0 => Ok(from),
        PARTS => Ok(to),
        _ => Timestamp::from_microsecond(from.as_microsecond() + length / PARTS * part),
    };
    let parts: Result<Vec<_>, jiff::Error> =
        (0..PARTS).rev().map(|part| Ok((bound(part)?, bound(part + 1)?))).collect();
    parts.unwrap_or_else(|_| vec![(from, to)])
}

impl Db {
    /// The report, newest first. Asking for it is itself logged, as something done with the patient's record.
    ///
    /// # Errors
    /// [`Error::Denied`] without the permission; as any statement.
    pub async fn audit_report(
        &self,
        ctx: &Ctx,
        patient: PatientId,
        window: ReportWindow,
    ) -> Result<Vec<ReportLine>, Error> {
        self.authorize(ctx, Action::AuditReport, Target::default()).await?;
        let some = parts((window.from, window.to))
            .into_iter()
            .map(|part| self.report_part(ctx, patient, part, window.limit));
        let mut rows: Vec<Row> = try_join_all(some).await?.into_iter().flatten().collect();
        rows.truncate(usize::try_from(window.limit).unwrap_or(usize::MAX));
        let mut event = Event::success(Action::AuditReport.key(), Action::AuditReport.needs().key());
        if let Some(row) = rows.first() {
            event.facility = FacilityId(row.get(4));
            event.subjects.push((event.facility, patient));
        }
        event.detail = Some(format!("{} lines", rows.len()));
        self.record(ctx, event).await?;
        Ok(rows
            .iter()
            .map(|row| ReportLine {
                at: row.get(0),
                event: EventId(row.get(1)),
                membership: MembershipId(row.get(2)),
                name: row.get(3),
                facility: FacilityId(row.get(4)),
                action: row.get(5),
                outcome: row.get(6),
                reason: row.get(7),
                purpose: row.get(8),
                resource_type: row.get(9),
                resource: row.get::<_, Option<_>>(10).map(ResourceId),
                request: RequestId(row.get(11)),
                address: row.get(12),
                detail: row.get(13),
                on_behalf_of: row.get::<_, Option<_>>(14).map(MembershipId),
                on_behalf_of_name: row.get(15),
            })
            .collect())
    }

    async fn report_part(
        &self,
        ctx: &Ctx,
        patient: PatientId,
        (from, to): (Timestamp, Timestamp),
        limit: i64,
    ) -> Result<Vec<Row>, Error> {
        let tx = self.begin(ctx).await?;
        let rows = tx
            .last(
                "SELECT e.at, e.id, e.membership_id, m.name, s.facility_id, e.action, e.outcome, e.reason, e.purpose,
                        e.resource_type, e.resource_id, e.request_id, e.address, e.detail, e.on_behalf_of, b.name
                   FROM (SELECT * FROM audit.subject
                          WHERE organization_id = $1 AND patient_id = $2 AND at >= $3 AND at < $4
                          ORDER BY at DESC, event_id DESC LIMIT $5) s
                   JOIN audit.event e ON e.organization_id = s.organization_id AND e.at = s.at AND e.id = s.event_id
                   LEFT JOIN org.membership m ON m.organization_id = e.organization_id
                    AND m.membership_id = e.membership_id
                   LEFT JOIN org.membership b ON b.organization_id = e.organization_id
                    AND b.membership_id = e.on_behalf_of
                  ORDER BY e.at DESC, e.id DESC",
                &[&ctx.organization().0, &patient.0, &from, &to, &limit],
            )
            .await?;
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_whole_period_without_gaps_the_newest_first() {
        for (from, to) in [
            ("2026-01-01T00:00:00Z", "2026-12-31T23:59:59.123456Z"),
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000001Z"),
        ] {
            let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
            let parts = parts((from, to));
            assert_eq!((parts.len(), parts[0].1, parts[3].0), (4, to, from));
            assert!(parts.windows(2).all(|two| two[0].0 == two[1].1), "{parts:?}");
            assert!(parts.iter().all(|(from, to)| from <= to), "{parts:?}");
        }
    }
}
