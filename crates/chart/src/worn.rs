//! How many bodies a patient's key has sealed, counted from the bodies themselves: each names its key (ADR 0043).

use db::keys::PatientKey;
use db::{Ctx, Event};
use kernel::{DataClass, PatientId};
use uuid::Uuid;

use crate::{Error, Store};

/// Reading all takes as long as it takes.
const PATIENT: &str = "SELECT set_config('statement_timeout', '0', true)";

/// Of a body only the number of its key is read. An unfinished note was sealed once a version.
const COUNT: &str = "
    WITH sealed AS (
        SELECT patient_id, class, substring(body FROM 2 FOR 2) AS number, count(*) AS bodies
          FROM chart.resource WHERE organization_id = $1 AND patient_id IS NOT NULL AND body IS NOT NULL GROUP BY 1, 2, 3
        UNION ALL
        SELECT patient_id, class, substring(body FROM 2 FOR 2), count(*) FROM chart.resource_version
         WHERE organization_id = $1 AND patient_id IS NOT NULL AND body IS NOT NULL GROUP BY 1, 2, 3
        UNION ALL
        SELECT patient_id, 0::int2, substring(body FROM 2 FOR 2), sum(version)::int8
          FROM chart.draft WHERE organization_id = $1 AND body IS NOT NULL GROUP BY 1, 2, 3
    )
    SELECT patient_id, class, get_byte(number, 0) * 256 + get_byte(number, 1) FROM sealed
     GROUP BY patient_id, class, number HAVING sum(bodies) >= $2::int8";

impl Store {
    /// The keys that sealed so many bodies or more, newest and older ones, of patients whom the context reaches. Asked by the
    /// operator, for all facilities of an organization.
    ///
    /// # Errors
    /// As any statement.
    pub async fn worn_keys(&self, ctx: &Ctx, bodies: i64) -> Result<Vec<PatientKey>, Error> {
        let tx = self.db().begin(ctx).await?;
        tx.query(PATIENT, &[]).await?;
        let rows = tx.query(COUNT, &[&ctx.organization().0, &bodies]).await?;
        tx.commit().await?;
        let mut worn = Vec::with_capacity(rows.len());
        for row in &rows {
            let (patient, class, number): (Uuid, i16, i32) = (row.get(0), row.get(1), row.get(2));
            let (Some(class), Ok(number)) = (DataClass::from_code(class), u16::try_from(number)) else {
                return Err(db::Error::Stored("the key of a body").into());
            };
            worn.push((PatientId(patient), class, number));
        }
        let mut event = Event::success("keys.count", "operator");
        event.detail = Some(format!("{} keys sealed {bodies} bodies or more", worn.len()));
        self.db().record(ctx, event).await?;
        Ok(worn)
    }
}
