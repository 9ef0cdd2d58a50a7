//! Where the records are that others refer to, and what holds a patient there.
//!
//! Whoever writes a new record of a patient holds the patient's row (`FOR KEY SHARE`) from the moment it was asked where
//! the patient is until the commit; whoever moves the patient holds it `FOR UPDATE`. So a record never lands where the
//! patient was (ADR 0015).

use std::collections::HashMap;

use db::{Ctx, Tx};
use fhir::ResourceType;
use fhir::validate::Issue;
use kernel::{FacilityId, PatientId, ResourceId};
use uuid::Uuid;

use crate::intake::{self, Draft, Owned};
use crate::{Error, closed};

/// Patients are held, the others only looked up.
const LINKS: &str = "
    WITH held AS (
        SELECT id, type, facility_id FROM chart.resource
         WHERE organization_id = $1 AND id = ANY ($2) AND type = $3 AND body IS NOT NULL FOR KEY SHARE)
    SELECT id, type, facility_id FROM held
    UNION ALL
    SELECT id, type, facility_id FROM chart.resource
     WHERE organization_id = $1 AND id = ANY ($2) AND type <> $3 AND body IS NOT NULL";

const HOLD: &str = "
    SELECT id, facility_id FROM chart.resource
     WHERE organization_id = $1 AND id = ANY ($2) AND type = $3 ORDER BY id FOR KEY SHARE";

/// Holds patients where they are until the transaction ends, and says where that is. Those that are not there, or out of
/// reach, are missing.
pub(crate) async fn hold(
    tx: &Tx<'_>,
    patients: &[PatientId],
) -> Result<HashMap<PatientId, FacilityId>, Error> {
    let ids: Vec<Uuid> = patients.iter().map(|patient| patient.0).collect();
    let rows = tx.query(HOLD, &[&tx.ctx().organization().0, &ids, &ResourceType::Patient.code()]).await?;
    Ok(rows.iter().map(|row| (PatientId(row.get(0)), FacilityId(row.get(1)))).collect())
}

/// A patient who was moved meanwhile is met again where they are now.
pub(crate) fn stands(
    held: &HashMap<PatientId, FacilityId>,
    patient: PatientId,
    at: FacilityId,
) -> Result<(), Error> {
    if held.get(&patient) == Some(&at) { Ok(()) } else { Err(db::Error::Conflict.into()) }
}

/// What is said when one facility has no patients yet.
pub(crate) const NOT_OPEN: Error =
    Error::Request(409, "facility-not-open: the facility is being prepared and takes no patients yet");

/// What is said of a patient whose record goes on in another.
pub(crate) const MERGED: Error =
    Error::Request(409, "patient-merged: the record goes on in another, and nothing is written to this one");

/// The database's refusal of a patient at such a facility, or of whom nothing is written any more, in words.
pub(crate) fn admitted<T>(done: Result<T, db::Error>) -> Result<T, Error> {
    match done {
        Err(db::Error::Constraint(name)) if name == "facility_open" => Err(NOT_OPEN),
        Err(db::Error::Constraint(name)) if name == "patient_merged" => Err(MERGED),
        other => Ok(other?),
    }
}

/// Whether all of the facilities take patients.
pub(crate) async fn are_open(tx: &Tx<'_>, facilities: &[FacilityId]) -> Result<bool, Error> {
    let ids: Vec<i32> = facilities.iter().map(|facility| facility.0).collect();
    let rows = tx
        .query(
            "SELECT 1 FROM org.facility WHERE organization_id = $1 AND facility_id = ANY ($2) AND state = 'preparing'",
            &[&tx.ctx().organization().0, &ids],
        )
        .await?;
    Ok(rows.is_empty())
}

/// Where the resources are that drafts refer to.
#[derive(Default)]
pub(crate) struct Places {
    known: HashMap<Uuid, (i16, FacilityId)>,
}

impl Places {
    /// Looks up everything that `drafts` refer to, in one statement, and holds the patients among it.
    pub(crate) async fn look_up<'d>(
        tx: &Tx<'_>,
        drafts: impl IntoIterator<Item = &'d Draft>,
    ) -> Result<Self, Error> {
        let mut ids: Vec<Uuid> =
            drafts.into_iter().flat_map(|draft| draft.links.iter().map(|link| link.id)).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let patient = ResourceType::Patient.code();
        let rows = tx.query(LINKS, &[&tx.ctx().organization().0, &ids, &patient]).await?;
        let known: HashMap<Uuid, (i16, FacilityId)> =
            rows.iter().map(|row| (row.get(0), (row.get(1), FacilityId(row.get(2))))).collect();
        ids.retain(|id| !known.contains_key(id));
        closed::refuse(tx, &ids).await?;
        Ok(Self { known })
    }

    /// Adds a resource that is being written in the same transaction.
    pub(crate) fn add(&mut self, rtype: ResourceType, id: ResourceId, facility: FacilityId) {
        self.known.insert(id.0, (rtype.code(), facility));
    }

    /// The patients among what was looked up, and where each is.
    pub(crate) fn patients(&self) -> HashMap<PatientId, FacilityId> {
        let is_patient = |rtype: &i16| *rtype == ResourceType::Patient.code();
        let of = self.known.iter().filter(|(_, (rtype, _))| is_patient(rtype));
        of.map(|(id, (_, facility))| (PatientId(*id), *facility)).collect()
    }

    /// Whether a resource is known to be, or about to be, here.
    pub(crate) fn knows(&self, id: ResourceId) -> bool {
        self.known.contains_key(&id.0)
    }

    /// Every reference must lead somewhere.
    pub(crate) fn check(&self, draft: &Draft) -> Result<(), Error> {
        let lost: Vec<Issue> = draft
            .links
            .iter()
            .filter(|link| self.known.get(&link.id).is_none_or(|(rtype, _)| *rtype != link.rtype.code()))
            .filter(|link| link.id != draft.id.0)
            .map(|link| intake::nowhere(link.path.clone()))
            .collect();
        if lost.is_empty() { Ok(()) } else { Err(Error::Invalid(lost)) }
    }

    /// The facility a new row goes to.
    pub(crate) fn settle(
        &self,
        ctx: &Ctx,
        draft: &Draft,
        wanted: Option<FacilityId>,
    ) -> Result<FacilityId, Error> {
        self.check(draft)?;
        self.home(ctx, draft, wanted)
    }

    /// As [`Places::settle`], whether or not its references lead anywhere.
    pub(crate) fn home(
        &self,
        ctx: &Ctx,
        draft: &Draft,
        wanted: Option<FacilityId>,
    ) -> Result<FacilityId, Error> {
        if let Owned::By(patient) = draft.owner {
            let place = self.known.get(&patient.0).map(|(_, facility)| *facility);
            return place.ok_or_else(|| Error::Invalid(vec![intake::nowhere(draft.rtype.as_str())]));
        }
        match (wanted, ctx.facilities()) {
            (Some(facility), _) => Ok(facility),
            (None, _) if draft.is_directory() => Ok(FacilityId::WHOLE),
            (None, [only]) => Ok(*only),
            (None, _) => Err(Error::Request(400, "name the facility in the header Lamplight-Facility")),
        }
    }
}
