//! Rows of `org.emergency`. Whoever calls says in whose context; `org.check_emergency` refuses the same again.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId, PatientId, PersonId};
use uuid::Uuid;

/// A post of an organization.
pub(super) type Post = (OrganizationId, MembershipId);

/// What the post is called, and whether it is of the staff.
pub(super) async fn find_post(
    tx: &Tx<'_>,
    (organization, membership): Post,
) -> Result<Option<(String, bool)>, Error> {
    let rows = tx
        .query(
            "SELECT name, plane = 'staff' FROM org.membership WHERE organization_id = $1 AND membership_id = $2",
            &[&organization.0, &membership.0],
        )
        .await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

/// Holds the post's row, so that it opens one emergency after another.
pub(super) async fn lock_post(tx: &Tx<'_>, (organization, membership): Post) -> Result<(), Error> {
    tx.query(
        "SELECT 1 FROM org.membership WHERE organization_id = $1 AND membership_id = $2 FOR NO KEY UPDATE",
        &[&organization.0, &membership.0],
    )
    .await
    .map(|_| ())
}

/// The living emergency of the post for this patient, and its end.
pub(super) async fn find_living(
    tx: &Tx<'_>,
    (organization, membership): Post,
    patient: PatientId,
    now: Timestamp,
) -> Result<Option<(Uuid, Timestamp)>, Error> {
    let rows = tx
        .query(
            "SELECT emergency_id, ends_at FROM org.emergency
              WHERE organization_id = $1 AND membership_id = $2 AND patient_id = $3 AND ends_at > $4
              ORDER BY ends_at DESC LIMIT 1",
            &[&organization.0, &membership.0, &patient.0, &now],
        )
        .await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

/// Whether an emergency of the post from before this time was not reviewed.
pub(super) async fn has_unreviewed(
    tx: &Tx<'_>,
    (organization, membership): Post,
    before: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "SELECT 1 FROM org.emergency
              WHERE organization_id = $1 AND membership_id = $2 AND reviewed_at IS NULL AND opened_at < $3 LIMIT 1",
            &[&organization.0, &membership.0, &before],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// The people who review emergencies at a facility, and a post of each that does.
pub(super) async fn list_reviewers(
    tx: &Tx<'_>,
    organization: OrganizationId,
    facility: FacilityId,
    now: Timestamp,
) -> Result<Vec<(PersonId, MembershipId)>, Error> {
    let rows = tx
        .query(
            "SELECT m.person_id, min(m.membership_id) FROM org.below($1, NULL, $3) t
               JOIN org.membership m ON m.organization_id = $1 AND m.membership_id = t.membership_id
              WHERE m.person_id IS NOT NULL AND t.alive AND $2 = ANY (t.facilities)
                AND 'emergency.review' = ANY (t.permissions)
              GROUP BY m.person_id",
            &[&organization.0, &facility.0, &now],
        )
        .await?;
    Ok(rows.iter().map(|row| (PersonId(row.get(0)), MembershipId(row.get(1)))).collect())
}

/// A new one: organization, id, facility, patient, post, sealed reason, begin, end.
pub(super) const INSERT: &str = "
    INSERT INTO org.emergency (organization_id, emergency_id, facility_id, patient_id, membership_id, reason, opened_at,
        ends_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Those in sight, or one post's own, those without a review first: id, facility, patient, post, its name, begin, end,
/// reason, time, post and words of the review, the facility's code.
pub(super) async fn list(
    tx: &Tx<'_>,
    organization: OrganizationId,
    of: Option<MembershipId>,
    at_most: i64,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT e.emergency_id, e.facility_id, e.patient_id, e.membership_id, m.name, e.opened_at, e.ends_at, e.reason,
                e.reviewed_at, e.reviewed_by, e.verdict, e.note, f.code
           FROM org.emergency e
           JOIN org.membership m ON m.organization_id = e.organization_id AND m.membership_id = e.membership_id
           JOIN org.facility f ON f.organization_id = e.organization_id AND f.facility_id = e.facility_id
          WHERE e.organization_id = $1 AND ($2::int4 IS NULL OR e.membership_id = $2)
          ORDER BY e.reviewed_at IS NOT NULL, e.opened_at DESC, e.emergency_id LIMIT $3",
        &[&organization.0, &of.map(|membership| membership.0), &at_most],
    )
    .await
}

/// One to be judged.
pub(super) struct Open {
    pub(super) facility: FacilityId,
    pub(super) patient: PatientId,
    pub(super) reviewed: bool,
    /// Whether the person who asks opened it, by this post or another of theirs.
    pub(super) own: bool,
}

/// The emergency of this id, as `reviewer` sees it.
pub(super) async fn find(
    tx: &Tx<'_>,
    (organization, reviewer): Post,
    id: Uuid,
) -> Result<Option<Open>, Error> {
    let rows = tx
        .query(
            "SELECT e.facility_id, e.patient_id, e.reviewed_at IS NOT NULL,
                    coalesce(e.membership_id = $2 OR m.person_id = r.person_id, false)
               FROM org.emergency e
               JOIN org.membership m ON m.organization_id = e.organization_id AND m.membership_id = e.membership_id
               LEFT JOIN org.membership r ON r.organization_id = e.organization_id AND r.membership_id = $2
              WHERE e.organization_id = $1 AND e.emergency_id = $3",
            &[&organization.0, &reviewer.0, &id],
        )
        .await?;
    Ok(rows.first().map(|row| Open {
        facility: FacilityId(row.get(0)),
        patient: PatientId(row.get(1)),
        reviewed: row.get(2),
        own: row.get(3),
    }))
}

/// Judges it, and ends it when it was not justified; false when somebody was faster.
pub(super) async fn review(
    tx: &Tx<'_>,
    (organization, reviewer): Post,
    id: Uuid,
    (verdict, note): (&str, &[u8]),
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE org.emergency SET reviewed_at = $5, reviewed_by = $2, verdict = $4, note = $6,
                    ends_at = CASE WHEN $4 = 'justified' THEN ends_at ELSE least(ends_at, $5) END
              WHERE organization_id = $1 AND emergency_id = $3 AND reviewed_at IS NULL RETURNING 1",
            &[&organization.0, &reviewer.0, &id, &verdict, &now, &note],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Ends the post's own living one; gives where and about whom it was.
pub(super) async fn close(
    tx: &Tx<'_>,
    (organization, membership): Post,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<(FacilityId, PatientId)>, Error> {
    let rows = tx
        .query(
            "UPDATE org.emergency SET ends_at = $4
              WHERE organization_id = $1 AND membership_id = $2 AND emergency_id = $3 AND ends_at > $4
             RETURNING facility_id, patient_id",
            &[&organization.0, &membership.0, &id, &now],
        )
        .await?;
    Ok(rows.first().map(|row| (FacilityId(row.get(0)), PatientId(row.get(1)))))
}
