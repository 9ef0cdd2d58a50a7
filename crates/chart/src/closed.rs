//! Records that are restricted or erased (ADR 0040): row security hides the one, and of the other no body is left. Whoever
//! comes for either is told so.

use db::{Ctx, Tx};
use fhir::ResourceType;
use fhir::json::parse;
use jiff::civil::Date;
use kernel::{FacilityId, PatientId, ResourceId};
use policy::Plane;
use uuid::Uuid;

use crate::record::Keys;
use crate::search::Door;
use crate::{Error, Store};

/// Why a record is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// For the time being, but to who looks for a legal reason.
    Restricted,
    /// For ever.
    Erased,
}

const CLOSED: &str = "
    SELECT patient_id, facility_id, true FROM org.erased WHERE organization_id = $1 AND patient_id = ANY ($2)
    UNION ALL
    SELECT patient_id, facility_id, false FROM org.restriction
     WHERE organization_id = $1 AND patient_id = ANY ($2) AND lifted_at IS NULL";

impl Closed {
    /// What whoever comes for it is told. Who comes from outside is told of no restriction.
    fn refusal(self, ctx: &Ctx) -> Option<db::Error> {
        match self {
            Self::Erased => Some(db::Error::Erased),
            Self::Restricted if ctx.sees_restricted() => None,
            Self::Restricted if ctx.plane() == Plane::Staff => Some(db::Error::Restricted),
            Self::Restricted => Some(db::Error::NotFound),
        }
    }
}

impl Store {
    /// Whether the record of this patient is restricted or erased, and where they are or were; `None` also when they are out
    /// of reach.
    ///
    /// # Errors
    /// As any statement.
    pub async fn closed(
        &self,
        ctx: &Ctx,
        patient: PatientId,
    ) -> Result<Option<(Closed, FacilityId)>, db::Error> {
        let tx = self.db.begin(ctx).await?;
        let rows = tx.last(CLOSED, &[&ctx.organization().0, &vec![patient.0]]).await?;
        Ok(rows.first().map(|row| {
            let closed = if row.get(2) { Closed::Erased } else { Closed::Restricted };
            (closed, FacilityId(row.get(1)))
        }))
    }

    /// Refuses what is asked of a record that is erased, or restricted for this context.
    ///
    /// # Errors
    /// [`db::Error::Erased`] and [`db::Error::Restricted`] for these; as any statement.
    pub async fn refuse_closed(&self, ctx: &Ctx, patient: PatientId) -> Result<(), db::Error> {
        let refusal = self.closed(ctx, patient).await?.and_then(|(closed, _)| closed.refusal(ctx));
        refusal.map_or(Ok(()), Err)
    }

    /// The patient's birth date, when it is known to the day: for what is computed of it. It is not shown, and no event
    /// says that it was.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn birth_date(&self, ctx: &Ctx, patient: PatientId) -> Result<Option<Date>, Error> {
        let (rtype, id) = (ResourceType::Patient, ResourceId(patient.0));
        let sight = ctx.beside_restriction();
        let record = self.current_row(&Door::Own(&sight), rtype, id).await?;
        let records = [record.filter(|record| record.sealed.is_some()).ok_or(db::Error::NotFound)?];
        let keys = Keys::of(&self.db, &sight, &records).await?;
        let [record] = records;
        let mut born = None;
        keys.open_whole(&sight, &record)?.matches(|body| {
            let Ok(root) = parse(body, &self.limits) else { return false };
            born = root.text("birthDate").and_then(|text| text.parse().ok());
            born.is_some()
        });
        Ok(born)
    }
}

/// Says of patients who were not found that they are restricted or erased, when one of them is.
pub(crate) async fn refuse(tx: &Tx<'_>, missing: &[Uuid]) -> Result<(), Error> {
    if missing.is_empty() {
        return Ok(());
    }
    let rows = tx.query(CLOSED, &[&tx.ctx().organization().0, &missing]).await?;
    let closed = |row: &db::Row| if row.get(2) { Closed::Erased } else { Closed::Restricted };
    let refusal = rows.iter().find_map(|row| closed(row).refusal(tx.ctx()));
    refusal.map_or(Ok(()), |error| Err(error.into()))
}
