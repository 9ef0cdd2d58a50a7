//! The walks, as SQL. Each is one prepared statement for all callers; what differs is bound. Identifiers never come from
//! a query.
//!
//! Parameters 1 to 14 are the same in all: organization, type, classes, cursor instant, cursor id, limit, patient,
//! updated from, updated to, ends after, starts before, and three sets of tokens that a row must also have.

/// What a row must satisfy besides being on the walk.
macro_rules! filter {
    () => {
        "c.type = $2 AND c.class = ANY ($3::int2[]) AND c.body IS NOT NULL
         AND ($7::uuid IS NULL OR c.patient_id = $7)
         AND c.updated_at >= $8 AND c.updated_at < $9 AND c.ends_at >= $10 AND c.starts_at < $11
         AND ($12::int8[] IS NULL OR EXISTS (SELECT 1 FROM chart.token x WHERE x.organization_id = $1
              AND x.token = ANY ($12) AND x.at = c.starts_at AND x.id = c.id))
         AND ($13::int8[] IS NULL OR EXISTS (SELECT 1 FROM chart.token x WHERE x.organization_id = $1
              AND x.token = ANY ($13) AND x.at = c.starts_at AND x.id = c.id))
         AND ($14::int8[] IS NULL OR EXISTS (SELECT 1 FROM chart.token x WHERE x.organization_id = $1
              AND x.token = ANY ($14) AND x.at = c.starts_at AND x.id = c.id))"
    };
}

macro_rules! columns {
    ($at:literal) => {
        concat!("c.id, c.version, c.facility_id, c.patient_id, c.class, c.updated_at, c.body, ", $at, " AS at")
    };
}

/// Along tokens, each within its own span of time; a row under several of them comes once.
macro_rules! by_tokens {
    ($past:literal, $way:literal) => {
        concat!(
            "SELECT DISTINCT ON (f.at, f.id) f.* FROM unnest($15::int8[], $16::timestamptz[], $17::timestamptz[]) k (token, low, high)
              CROSS JOIN LATERAL (
                SELECT ", columns!("t.at"), " FROM chart.token t
                  JOIN chart.resource c ON c.organization_id = t.organization_id AND c.id = t.id
                 WHERE t.organization_id = $1 AND t.token = k.token AND (t.at, t.id) ", $past, " ($4::timestamptz, $5::uuid)
                   AND t.at >= k.low AND t.at < k.high AND ", filter!(), "
                 ORDER BY t.at ", $way, ", t.id ", $way, " LIMIT $6) f
              ORDER BY f.at ", $way, ", f.id ", $way, " LIMIT $6"
        )
    };
}

/// Along one patient's records.
macro_rules! by_patient {
    ($past:literal, $way:literal) => {
        concat!(
            "SELECT ", columns!("c.starts_at"), " FROM chart.resource c
              WHERE c.organization_id = $1 AND c.patient_id = $15 AND (c.starts_at, c.id) ", $past, " ($4::timestamptz, $5::uuid)
                AND ", filter!(), "
              ORDER BY c.starts_at ", $way, ", c.id ", $way, " LIMIT $6"
        )
    };
}

/// Along a type, facility by facility.
macro_rules! by_type {
    ($column:literal, $past:literal, $way:literal) => {
        concat!(
            "SELECT f.* FROM unnest($15::int4[]) k (facility_id) CROSS JOIN LATERAL (
                SELECT ", columns!($column), " FROM chart.resource c
                 WHERE c.organization_id = $1 AND c.facility_id = k.facility_id AND (", $column, ", c.id) ", $past, " ($4::timestamptz, $5::uuid)
                   AND ", filter!(), "
                 ORDER BY ", $column, " ", $way, ", c.id ", $way, " LIMIT $6) f
              ORDER BY f.at ", $way, ", f.id ", $way, " LIMIT $6"
        )
    };
}

pub(super) const TOKENS_DOWN: &str = by_tokens!("<", "DESC");
pub(super) const TOKENS_UP: &str = by_tokens!(">", "ASC");
pub(super) const PATIENT_DOWN: &str = by_patient!("<", "DESC");
pub(super) const PATIENT_UP: &str = by_patient!(">", "ASC");
pub(super) const TYPE_DOWN: &str = by_type!("c.starts_at", "<", "DESC");
pub(super) const TYPE_UP: &str = by_type!("c.starts_at", ">", "ASC");
pub(super) const UPDATED_DOWN: &str = by_type!("c.updated_at", "<", "DESC");
pub(super) const UPDATED_UP: &str = by_type!("c.updated_at", ">", "ASC");

/// Named rows; the cursor and limit are there to have the same parameters.
pub(super) const IDS: &str = concat!(
    "SELECT ", columns!("c.starts_at"), " FROM chart.resource c
      WHERE c.organization_id = $1 AND c.id = ANY ($15::uuid[]) AND ($4::timestamptz, $5::uuid) IS NOT NULL AND ",
    filter!(),
    " ORDER BY c.id LIMIT $6"
);

/// How many rows of a type there are at the facilities, or of a patient.
pub(super) const COUNT: &str = "
    SELECT count(*) FROM chart.resource c
     WHERE c.organization_id = $1 AND c.facility_id = ANY ($2::int4[]) AND c.type = $3 AND c.class = ANY ($4::int2[])
       AND ($5::uuid IS NULL OR c.patient_id = $5) AND c.body IS NOT NULL";
