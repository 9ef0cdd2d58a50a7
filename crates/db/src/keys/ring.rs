//! The keyring: wrapped keys in the database, unwrapped ones in a bounded cache for minutes, zeroized when they leave.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool_postgres::Pool;
use jiff::Timestamp;
use kernel::{DataClass, FacilityId, MembershipId, OrganizationId, PatientId, World};
use moka::sync::Cache;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::custody::Custody;
use super::organization::{NO_WRAPPING, OrganizationKeys};
use super::seal::{DataKey, key_number};
use super::wrapping::{commitment, patient_label, unwrap, wrap};
use crate::context::cell;
use crate::group::Group;
use crate::signing::Signer;
use crate::tx::one;
use crate::{Ctx, Error};

const KEPT_PATIENTS: u64 = 20_000;
const KEPT_ORGANIZATIONS: u64 = 2_000;

/// Names a patient's key: patient, class, number.
pub type PatientKey = (PatientId, DataClass, u16);

type CacheKey = (OrganizationId, PatientId, i16, u16);

struct NewPatientKey {
    organization: OrganizationId,
    facility: FacilityId,
    patient: PatientId,
    class: DataClass,
    wrapped: Vec<u8>,
    wrapped_by: i32,
    commitment: [u8; 32],
    at: Timestamp,
}

/// What became of a new key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inserted {
    /// It is the patient's key now.
    New,
    /// The patient had one, or what wraps it was retired meanwhile: the new one must not be used.
    Refused,
    Failed,
}

/// Gives keys to those whose context reaches them.
pub struct Keyring {
    pool: Pool,
    /// The database that the keyring's data is in; the same where the keyring is not apart.
    main: Pool,
    apart: bool,
    signer: Signer,
    custody: Custody,
    world: World,
    pub(super) organizations: Cache<OrganizationId, Arc<OrganizationKeys>>,
    patients: Cache<CacheKey, Arc<DataKey>>,
    /// The newest of them, which new bodies are sealed with.
    newest: Cache<(OrganizationId, PatientId, i16), Arc<DataKey>>,
    /// How often keys were forgotten: what was asked for before is not remembered after.
    pub(super) forgotten: AtomicU64,
    inserts: Group<NewPatientKey, Inserted>,
}

impl Keyring {
    /// `apart` says whether the first of the pools leads to another database than the second.
    pub(crate) fn new(
        (pool, main, apart): (Pool, Pool, bool),
        signer: Signer,
        custody: Custody,
        world: World,
    ) -> Self {
        let (insert_pool, insert_signer, insert_world) = (pool.clone(), signer.clone(), world.clone());
        let inserts = Group::spawn(move |keys: Vec<NewPatientKey>| {
            let (pool, signer, world) = (insert_pool.clone(), insert_signer.clone(), insert_world.clone());
            async move {
                match insert_patient_keys(&pool, &signer, &world, &keys).await {
                    // Of several for one patient and class in one batch the first is the one that was inserted.
                    Ok(mut new) => keys
                        .iter()
                        .map(|key| new.remove(&(key.organization, key.patient, key.class as i16)))
                        .map(|new| if new { Inserted::New } else { Inserted::Refused })
                        .collect(),
                    Err(error) => {
                        tracing::error!(%error, "patient keys could not be written");
                        vec![Inserted::Failed; keys.len()]
                    }
                }
            }
        });
        let keep = custody.services().keep();
        let organizations = Cache::builder().max_capacity(KEPT_ORGANIZATIONS).time_to_live(keep).build();
        let (patients, newest) = (kept_patients(keep), kept_patients(keep));
        let forgotten = AtomicU64::new(0);
        Self {
            pool,
            main,
            apart,
            signer,
            custody,
            world,
            organizations,
            patients,
            newest,
            forgotten,
            inserts,
        }
    }

    pub(crate) fn custody(&self) -> &Custody {
        &self.custody
    }

    /// The key of records without a patient.
    ///
    /// # Errors
    /// As [`Keyring::token_keys`].
    pub async fn directory_key(&self, ctx: &Ctx) -> Result<Arc<DataKey>, Error> {
        Ok(Arc::clone(&self.organization(ctx).await?.directory))
    }

    /// Unwraps the keys that are needed to open `sealed` bodies. A key that this context does not reach is absent from the
    /// answer; one that was destroyed stands in it as `None`.
    ///
    /// # Errors
    /// [`Error::Seal`] when a stored key was altered; as any statement.
    pub async fn patient_keys(
        &self,
        ctx: &Ctx,
        wanted: impl IntoIterator<Item = PatientKey>,
    ) -> Result<HashMap<PatientKey, Option<Arc<DataKey>>>, Error> {
        let mut found = HashMap::new();
        let mut missing: Vec<PatientKey> = Vec::new();
        for key in wanted {
            if found.contains_key(&key) || missing.contains(&key) && missing.len() < 64 {
                continue;
            }
            match self.patients.get(&(ctx.organization(), key.0, key.1 as i16, key.2)) {
                Some(cached) => {
                    found.insert(key, Some(cached));
                }
                None => missing.push(key),
            }
        }
        if !missing.is_empty() {
            self.load_patient_keys(ctx, &missing, &mut found).await?;
        }
        Ok(found)
    }

    /// The number of the key that a sealed body names; `None` when it is no sealed body.
    pub fn number_of(sealed: &[u8]) -> Option<u16> {
        key_number(sealed)
    }

    /// Makes the first keys of new patients, in one durable step, before anything is sealed with them.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when they could not be made durable.
    pub async fn create_patient_keys(
        &self,
        ctx: &Ctx,
        wanted: &[(FacilityId, PatientId, DataClass)],
    ) -> Result<Vec<Arc<DataKey>>, Error> {
        let before = self.forgotten.load(Ordering::Acquire);
        let organization = self.organization(ctx).await?;
        let under = organization.current()?;
        let mut made = Vec::with_capacity(wanted.len());
        let mut writes = Vec::with_capacity(wanted.len());
        for &(facility, patient, class) in wanted {
            let key = Zeroizing::new(self.world.random::<32>());
            let label = patient_label(ctx.organization(), patient, class, 1);
            let new = NewPatientKey {
                organization: ctx.organization(),
                facility,
                patient,
                class,
                wrapped: wrap(under, &label, &key, &self.world),
                wrapped_by: organization.current,
                commitment: commitment(&key),
                at: self.world.now(),
            };
            writes.push(self.inserts.write(new));
            made.push((facility, patient, class, Arc::new(DataKey::new(1, key))));
        }
        let written = futures_util::future::join_all(writes).await;
        let mut keys = Vec::with_capacity(made.len());
        for ((facility, patient, class, key), inserted) in made.into_iter().zip(written) {
            keys.push(match inserted {
                Some(Inserted::New) => {
                    self.patients.insert((ctx.organization(), patient, class as i16, 1), Arc::clone(&key));
                    self.remember_newest(before, (ctx.organization(), patient, class as i16), &key);
                    key
                }
                // An import that was killed, or another writer, was here before: what is stored is what counts.
                Some(Inserted::Refused) => match self.newest_patient_key(ctx, patient, class).await {
                    Err(Error::NotFound) => self.create_again(ctx, (facility, patient, class)).await?,
                    found => found?,
                },
                Some(Inserted::Failed) | None => {
                    return Err(Error::Unavailable("the keyring cannot be written"));
                }
            });
        }
        Ok(keys)
    }

    /// Makes a key whose wrapping key was retired between its making and its writing.
    async fn create_again(
        &self,
        ctx: &Ctx,
        wanted: (FacilityId, PatientId, DataClass),
    ) -> Result<Arc<DataKey>, Error> {
        self.organizations.invalidate(&ctx.organization());
        let mut made = Box::pin(self.create_patient_keys(ctx, &[wanted])).await?;
        made.pop().ok_or(Error::NotFound)
    }

    /// The newest key that the table holds, past the cache.
    async fn newest_patient_key(
        &self,
        ctx: &Ctx,
        patient: PatientId,
        class: DataClass,
    ) -> Result<Arc<DataKey>, Error> {
        const NEWEST: &str =
            "SELECT patient_id, class, number, wrapped, commitment, wrapped_by FROM keyring.patient_key
              WHERE organization_id = $1 AND patient_id = $2 AND class = $3 ORDER BY number DESC LIMIT 1";
        let before = self.forgotten.load(Ordering::Acquire);
        let params: [&(dyn ToSql + Sync); 3] = [&ctx.organization().0, &patient.0, &(class as i16)];
        let mut found = self.load(ctx, NEWEST, &params).await?;
        let (_, key) = found.pop().ok_or(Error::NotFound)?;
        let key = key.ok_or(Error::Erased)?;
        self.remember_newest(before, (ctx.organization(), patient, class as i16), &key);
        Ok(key)
    }

    /// Remembers what new bodies are sealed with, unless something was forgotten since: it may have been this.
    fn remember_newest(&self, before: u64, of: (OrganizationId, PatientId, i16), key: &Arc<DataKey>) {
        self.newest.insert(of, Arc::clone(key));
        // Looked at afterwards: whatever is forgotten from here on finds it there.
        if self.forgotten.load(Ordering::Acquire) != before {
            self.newest.invalidate(&of);
        }
    }

    /// The key to seal new bodies of this patient and class with: the newest; made when the class is new for the patient.
    ///
    /// # Errors
    /// [`Error::Erased`] when the patient's keys were destroyed; as any statement.
    pub async fn current_patient_key(
        &self,
        ctx: &Ctx,
        facility: FacilityId,
        patient: PatientId,
        class: DataClass,
    ) -> Result<Arc<DataKey>, Error> {
        if let Some(key) = self.newest.get(&(ctx.organization(), patient, class as i16)) {
            return Ok(key);
        }
        match self.newest_patient_key(ctx, patient, class).await {
            Err(Error::NotFound) => {
                let mut made = self.create_patient_keys(ctx, &[(facility, patient, class)]).await?;
                made.pop().ok_or(Error::NotFound)
            }
            found => found,
        }
    }

    async fn load_patient_keys(
        &self,
        ctx: &Ctx,
        wanted: &[PatientKey],
        found: &mut HashMap<PatientKey, Option<Arc<DataKey>>>,
    ) -> Result<(), Error> {
        const NUMBERED: &str = "SELECT k.patient_id, k.class, k.number, k.wrapped, k.commitment, k.wrapped_by
               FROM unnest($2::uuid[], $3::int2[], $4::int4[]) w (patient_id, class, number)
               JOIN keyring.patient_key k ON k.organization_id = $1 AND k.patient_id = w.patient_id
                AND k.class = w.class AND k.number = w.number";
        let ids: Vec<Uuid> = wanted.iter().map(|(patient, _, _)| patient.0).collect();
        let classes: Vec<i16> = wanted.iter().map(|(_, class, _)| *class as i16).collect();
        let numbers: Vec<i32> = wanted.iter().map(|(_, _, number)| i32::from(*number)).collect();
        let params: [&(dyn ToSql + Sync); 4] = [&ctx.organization().0, &ids, &classes, &numbers];
        found.extend(self.load(ctx, NUMBERED, &params).await?);
        Ok(())
    }

    /// Loads and unwraps; of a key that was destroyed there is `None`.
    async fn load(
        &self,
        ctx: &Ctx,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<(PatientKey, Option<Arc<DataKey>>)>, Error> {
        let mut found = Vec::new();
        for again in [true, false] {
            let before = self.forgotten.load(Ordering::Acquire);
            let organization = self.organization(ctx).await?;
            let rows = self.query(ctx, sql, params).await?;
            let known = |row: &Row| organization.wrapping.contains_key(&row.get(5));
            if again && !rows.iter().all(|row| row.get::<_, Option<&[u8]>>(3).is_none() || known(row)) {
                // The wrapping key is changed for another at this moment: what is remembered of it is old.
                self.organizations.invalidate(&ctx.organization());
                continue;
            }
            for row in rows {
                let patient = PatientId(row.get(0));
                let Some(class) = DataClass::from_code(row.get(1)) else { continue };
                let Ok(number) = u16::try_from(row.get::<_, i32>(2)) else { continue };
                let Some(wrapped) = row.get::<_, Option<&[u8]>>(3) else {
                    found.push(((patient, class, number), None));
                    continue;
                };
                let under = organization.wrapping.get(&row.get(5)).ok_or(NO_WRAPPING)?;
                let label = patient_label(ctx.organization(), patient, class, number);
                let key = Arc::new(DataKey::new(number, unwrap(under, &label, wrapped, row.get(4))?));
                let of = (ctx.organization(), patient, class as i16, number);
                self.patients.insert(of, Arc::clone(&key));
                // As with the newest.
                if self.forgotten.load(Ordering::Acquire) != before {
                    self.patients.invalidate(&of);
                }
                found.push(((patient, class, number), Some(key)));
            }
            break;
        }
        Ok(found)
    }

    pub(super) async fn query(
        &self,
        ctx: &Ctx,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let signed = self.signer.context(ctx.membership(), ctx.cells(), self.world.now());
        one(&self.pool, &signed, sql, params).await
    }

    /// As [`Keyring::query`], in the database of the keyring's data.
    pub(super) async fn beside(
        &self,
        ctx: &Ctx,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let signed = self.signer.context(ctx.membership(), ctx.cells(), self.world.now());
        one(&self.main, &signed, sql, params).await
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn main(&self) -> &Pool {
        &self.main
    }

    pub(crate) fn is_apart(&self) -> bool {
        self.apart
    }

    pub(super) fn signer(&self) -> &Signer {
        &self.signer
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }

    /// Forgets the unwrapped keys of all patients.
    pub(crate) fn forget_patients(&self) {
        self.forgotten.fetch_add(1, Ordering::Release);
        self.patients.invalidate_all();
        self.newest.invalidate_all();
    }

    /// Forgets the unwrapped keys of a patient.
    pub(crate) fn forget_patient(&self, patient: PatientId) {
        self.forgotten.fetch_add(1, Ordering::Release);
        let numbered = self.patients.invalidate_entries_if(move |key, _| key.1 == patient);
        let newest = self.newest.invalidate_entries_if(move |key, _| key.1 == patient);
        // Fails only without `support_invalidation_closures`, and then forgets everything.
        if numbered.and(newest).is_err() {
            self.forget_patients();
        }
    }
}

/// What is remembered of patients' keys, and can be forgotten by patient.
fn kept_patients<K: Hash + Eq + Send + Sync + 'static>(keep: Duration) -> Cache<K, Arc<DataKey>> {
    let cache = Cache::builder().max_capacity(KEPT_PATIENTS).time_to_live(keep);
    cache.support_invalidation_closures().build()
}

async fn insert_patient_keys(
    pool: &Pool,
    signer: &Signer,
    world: &World,
    keys: &[NewPatientKey],
) -> Result<HashSet<(OrganizationId, PatientId, i16)>, Error> {
    // The organization's own row says whether what wraps them is still in use.
    let of =
        |key: &NewPatientKey| [key.facility, FacilityId::WHOLE].map(|place| cell(key.organization, place));
    let mut cells: Vec<i64> = keys.iter().flat_map(of).collect();
    cells.sort_unstable();
    cells.dedup();
    let signed = signer.context(MembershipId(0), &cells, world.now());
    let organizations: Vec<i32> = keys.iter().map(|key| key.organization.0).collect();
    let facilities: Vec<i32> = keys.iter().map(|key| key.facility.0).collect();
    let patients: Vec<Uuid> = keys.iter().map(|key| key.patient.0).collect();
    let classes: Vec<i16> = keys.iter().map(|key| key.class as i16).collect();
    let wrapped: Vec<&[u8]> = keys.iter().map(|key| key.wrapped.as_slice()).collect();
    let wrapped_by: Vec<i32> = keys.iter().map(|key| key.wrapped_by).collect();
    let commitments: Vec<&[u8]> = keys.iter().map(|key| key.commitment.as_slice()).collect();
    let times: Vec<Timestamp> = keys.iter().map(|key| key.at).collect();
    let rows = one(
        pool,
        &signed,
        "INSERT INTO keyring.patient_key (organization_id, facility_id, patient_id, class, number, wrapped,
             wrapped_by, commitment, created_at)
         SELECT k.organization_id, k.facility_id, k.patient_id, k.class, 1, k.wrapped, k.wrapped_by, k.commitment, k.created_at
           FROM unnest($1::int4[], $2::int4[], $3::uuid[], $4::int2[], $5::bytea[], $6::bytea[], $7::timestamptz[], $8::int4[])
             k (organization_id, facility_id, patient_id, class, wrapped, commitment, created_at, wrapped_by)
           JOIN keyring.organization_key w ON w.organization_id = k.organization_id AND w.purpose = 1
            AND w.number = k.wrapped_by AND w.retired_at IS NULL
         ON CONFLICT DO NOTHING RETURNING organization_id, patient_id, class",
        &[&organizations, &facilities, &patients, &classes, &wrapped, &commitments, &times, &wrapped_by],
    )
    .await?;
    Ok(rows.iter().map(|row| (OrganizationId(row.get(0)), PatientId(row.get(1)), row.get(2))).collect())
}
