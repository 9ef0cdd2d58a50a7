//! A stored row, and opening it.

use std::collections::HashMap;
use std::sync::Arc;

use db::keys::{DataKey, Keyring, PatientKey, Place};
use db::{Ctx, Db, Phi, Row, Subject};
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{DataClass, FacilityId, PatientId, ResourceId, Version};

use crate::index::Scope;
use crate::{Error, compress, view};

/// `chart.resource` and its past, as a number in the associated data of every body.
pub(crate) const TABLE: u8 = 1;
/// `chart.draft`, as such a number.
pub const DRAFT: u8 = 24;

/// A row of `chart.resource` or `chart.resource_version`, still sealed.
pub(crate) struct Record {
    pub(crate) rtype: ResourceType,
    pub(crate) id: ResourceId,
    pub(crate) version: Version,
    pub(crate) facility: FacilityId,
    pub(crate) patient: Option<PatientId>,
    pub(crate) class: DataClass,
    pub(crate) updated_at: Timestamp,
    /// `None`: deleted.
    pub(crate) sealed: Option<Vec<u8>>,
}

impl Record {
    /// Reads the columns `id, version, facility_id, patient_id, class, updated_at, body`, in this order.
    pub(crate) fn read(rtype: ResourceType, row: &Row) -> Result<Self, Error> {
        Ok(Self {
            rtype,
            id: ResourceId(row.get(0)),
            version: Version(row.get(1)),
            facility: FacilityId(row.get(2)),
            patient: row.get::<_, Option<_>>(3).map(PatientId),
            class: DataClass::from_code(row.get(4)).ok_or(db::Error::Seal("unknown data class"))?,
            updated_at: row.get(5),
            sealed: row.get(6),
        })
    }

    /// Where it is and whose it is: what its tokens are scoped by.
    pub(crate) fn scope(&self) -> Scope {
        Scope { rtype: self.rtype, facility: self.facility, patient: self.patient, class: self.class }
    }

    pub(crate) fn subject(&self, ctx: &Ctx) -> Subject {
        Subject {
            organization: ctx.organization(),
            facility: self.facility,
            patient: self.patient,
            resource: self.id,
            class: self.class,
        }
    }

    fn key(&self) -> Option<PatientKey> {
        let number = Keyring::number_of(self.sealed.as_ref()?)?;
        self.patient.map(|patient| (patient, self.class, number))
    }
}

/// Where a body of this row stands.
pub(crate) fn place(
    ctx: &Ctx,
    patient: Option<PatientId>,
    class: DataClass,
    row: ResourceId,
    version: Version,
) -> Place {
    Place { organization: ctx.organization(), patient, class, table: TABLE, row, version }
}

/// The keys that open a set of records.
pub(crate) struct Keys {
    directory: Option<Arc<DataKey>>,
    /// `None`: destroyed.
    patients: HashMap<PatientKey, Option<Arc<DataKey>>>,
}

impl Keys {
    /// Gathers them: from the cache, else in one query.
    pub(crate) async fn of(db: &Db, ctx: &Ctx, records: &[Record]) -> Result<Self, Error> {
        let directory = if records.iter().any(|record| record.patient.is_none() && record.sealed.is_some()) {
            Some(db.keyring().directory_key(ctx).await?)
        } else {
            None
        };
        let patients = db.keyring().patient_keys(ctx, records.iter().filter_map(Record::key)).await?;
        Ok(Self { directory, patients })
    }

    /// Opens a record that exists for the context, as the context sees it. A record whose key was destroyed is
    /// [`db::Error::Erased`].
    pub(crate) fn open(&self, ctx: &Ctx, record: &Record) -> Result<Phi<Vec<u8>>, Error> {
        let whole = self.open_whole(ctx, record)?;
        let Some(fields) = ctx.fields() else { return Ok(whole) };
        let view = fields.view(record.patient);
        whole
            .map(|body| view::project(view, &body).ok_or("nothing is left of it"))
            .transpose()
            .map_err(|reason| db::Error::Seal(reason).into())
    }

    /// Opens a record whoever asks, for what is computed from it and does not leave.
    pub(crate) fn open_whole(&self, ctx: &Ctx, record: &Record) -> Result<Phi<Vec<u8>>, Error> {
        let sealed = record.sealed.as_ref().ok_or(Error::Gone(record.version))?;
        let key = match record.patient {
            None => self.directory.as_ref(),
            Some(_) => match record.key().and_then(|key| self.patients.get(&key)) {
                Some(key) => Some(key.as_ref().ok_or(db::Error::Erased)?),
                None => None,
            },
        };
        let key = key.ok_or_else(|| {
            tracing::error!(resource = %record.id, version = record.version.0, "a sealed body names a key that is not there");
            db::Error::Seal("the key it names is not there")
        })?;
        let place = place(ctx, record.patient, record.class, record.id, record.version);
        let opened = key.open(&place, sealed).inspect_err(|error| {
            tracing::error!(%error, resource = %record.id, version = record.version.0, "a sealed body was refused");
        })?;
        let rtype = record.rtype;
        Phi::new(opened, record.subject(ctx))
            .map(|(set, bytes)| compress::decompress(rtype, set, &bytes))
            .transpose()
            .map_err(|reason| db::Error::Seal(reason).into())
    }
}
