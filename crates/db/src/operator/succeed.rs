//! Patients' keys that get a successor, which new bodies are sealed with from then on (ADR 0043).

use std::collections::HashSet;

use kernel::{DataClass, OrganizationId, PatientId};
use tokio_postgres::Row;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Operator;
use crate::Error;
use crate::keys::{Custody, PatientKey, commitment, patient_label, wrap};

/// Keys that are made together.
const TOGETHER: usize = 1_000;

/// Of whom keys get a successor.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// Of everybody in the organization.
    All,
    /// Of this patient.
    Patient(PatientId),
    /// These keys, where they are the newest.
    Keys(&'a [PatientKey]),
}

impl Operator {
    /// Makes the next key of each of these patients and classes, where the keyring is, and tells every program to forget the
    /// one before, over `data`, where they listen; tells how many were made. What was sealed before stays readable. A program
    /// that is not reached goes on with the key before for minutes. Called again it makes others again; what was interrupted
    /// may be called again all the same.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the patient has no keys; [`Error::KeyService`]; [`Error::Seal`] when a stored key was altered;
    /// [`Error::Conflict`] when the wrapping key is changed for another all the time.
    pub async fn succeed_patient_keys(
        &mut self,
        custody: &Custody,
        (organization, whose): (OrganizationId, Whose<'_>),
        data: &Self,
    ) -> Result<u64, Error> {
        let newest = self.newest(organization, whose).await?;
        if newest.is_empty() && matches!(whose, Whose::Patient(_)) {
            return Err(Error::NotFound);
        }
        let mut made = 0;
        for some in newest.chunks(TOGETHER) {
            let patients = self.succeed(custody, organization, some).await?;
            data.tell_to_forget(&patients).await?;
            made += patients.len() as u64;
        }
        Ok(made)
    }

    /// The newest key of each patient and class that is not erased.
    async fn newest(&self, organization: OrganizationId, whose: Whose<'_>) -> Result<Vec<PatientKey>, Error> {
        const NEWEST: &str = "SELECT patient_id, class, max(number) FROM keyring.patient_key
              WHERE organization_id = $1 AND ($2::uuid IS NULL OR patient_id = $2)
              GROUP BY patient_id, class HAVING bool_and(wrapped IS NOT NULL) ORDER BY patient_id, class";
        let patient = match whose {
            Whose::Patient(patient) => Some(patient.0),
            Whose::All | Whose::Keys(_) => None,
        };
        let rows = self.client.query(NEWEST, &[&organization.0, &patient]).await;
        let named = |row: &Row| {
            let number = u16::try_from(row.get::<_, i32>(2)).ok()?;
            Some((PatientId(row.get(0)), DataClass::from_code(row.get(1))?, number))
        };
        let rows = rows.map_err(Error::from_postgres)?;
        let all: Option<Vec<PatientKey>> = rows.iter().map(named).collect();
        let mut all = all.ok_or(Error::Stored("a patient's key"))?;
        if let Whose::Keys(keys) = whose {
            let wanted: HashSet<&PatientKey> = keys.iter().collect();
            all.retain(|key| wanted.contains(key));
        }
        Ok(all)
    }

    async fn succeed(
        &mut self,
        custody: &Custody,
        organization: OrganizationId,
        before: &[PatientKey],
    ) -> Result<Vec<Uuid>, Error> {
        // The wrapping key may be retired between its unwrapping and the statement, which then adds nothing.
        for _ in 0..3 {
            let wrapping = self.wrapping(custody, organization).await?;
            let by = self.in_use(organization).await?;
            let Some(under) = wrapping.get(&by) else { continue };
            let made = self.add(organization, before, (by, under)).await?;
            if !made.is_empty() || self.in_use(organization).await? == by {
                return Ok(made);
            }
        }
        Err(Error::Conflict)
    }

    /// The wrapping key that is not retired.
    pub(super) async fn in_use(&self, organization: OrganizationId) -> Result<i32, Error> {
        const IN_USE: &str = "SELECT number FROM keyring.organization_key
              WHERE organization_id = $1 AND purpose = 1 AND retired_at IS NULL AND wrapped IS NOT NULL";
        let row = self.client.query_opt(IN_USE, &[&organization.0]).await.map_err(Error::from_postgres)?;
        Ok(row.ok_or(Error::NotFound)?.get(0))
    }

    /// Adds the next numbers; gives the patient of each.
    async fn add(
        &mut self,
        organization: OrganizationId,
        before: &[PatientKey],
        (by, under): (i32, &[u8; 32]),
    ) -> Result<Vec<Uuid>, Error> {
        let (mut patients, mut classes, mut numbers) = (vec![], vec![], vec![]);
        let (mut keys, mut commitments) = (vec![], vec![]);
        for &(patient, class, number) in before {
            let number = number.checked_add(1).ok_or(Error::Stored("the number of a key"))?;
            let key = Zeroizing::new(self.world.random::<32>());
            keys.push(wrap(under, &patient_label(organization, patient, class, number), &key, &self.world));
            commitments.push(commitment(&key).to_vec());
            patients.push(patient.0);
            classes.push(class as i16);
            numbers.push(i32::from(number));
        }
        let sql = "SELECT patient_id FROM keyring.succeed($1, $2, $3, $4, $5, $6, $7, $8)";
        let (org, now) = (organization.0, self.world.now());
        let rows = self
            .client
            .query(sql, &[&org, &patients, &classes, &numbers, &keys, &by, &commitments, &now])
            .await
            .map_err(Error::from_postgres)?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn tell_to_forget(&self, patients: &[Uuid]) -> Result<(), Error> {
        let told: HashSet<&Uuid> = patients.iter().collect();
        let told: Vec<String> = told.into_iter().map(|patient| format!("patient:{patient}")).collect();
        let sql = "SELECT pg_notify('lamplight_revoked', t) FROM unnest($1::text[]) t";
        self.client.query(sql, &[&told]).await.map(drop).map_err(Error::from_postgres)
    }
}
