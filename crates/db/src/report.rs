//! Who saw this patient: the per-patient activity report.

use std::net::IpAddr;

use jiff::Timestamp;
use kernel::{EventId, FacilityId, MembershipId, PatientId, RequestId, ResourceId};
use policy::{Action, Target};
use serde::Serialize;

use crate::{Ctx, Db, Error, Event};

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
        let tx = self.begin(ctx).await?;
        let rows = tx
            .last(
                "SELECT e.at, e.id, e.membership_id, m.name, s.facility_id, e.action, e.outcome, e.reason, e.purpose,
                        e.resource_type, e.resource_id, e.request_id, e.address, e.detail, e.on_behalf_of, b.name
                   FROM (SELECT * FROM audit.subject
                          WHERE organization_id = $1 AND patient_id = $2 AND at >= $3 AND at < $4
                          ORDER BY at DESC LIMIT $5) s
                   JOIN audit.event e ON e.organization_id = s.organization_id AND e.at = s.at AND e.id = s.event_id
                   LEFT JOIN org.membership m ON m.organization_id = e.organization_id
                    AND m.membership_id = e.membership_id
                   LEFT JOIN org.membership b ON b.organization_id = e.organization_id
                    AND b.membership_id = e.on_behalf_of
                  ORDER BY e.at DESC, e.id DESC",
                &[&ctx.organization().0, &patient.0, &window.from, &window.to, &window.limit],
            )
            .await?;
        drop(tx);
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
}
