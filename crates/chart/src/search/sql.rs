//! The walks, as SQL. Each is one prepared statement for all callers; what differs is bound. Identifiers never come from
//! a query.
//!
//! Parameters 1 to 11 are the same in all: organization, type, classes, cursor instant, cursor id, limit, patient,
//! updated from, updated to, ends after, starts before. Then comes what the walk goes along, then, in the statements
//! that say so, three sets of tokens that a row must also have: kept apart, because a plan with their sub-plans costs
//! every search that has none.

/// What a row must satisfy besides being on the walk.
macro_rules! filter {
    () => {
        "c.type = $2 AND c.class = ANY ($3::int2[]) AND c.body IS NOT NULL
         AND ($7::uuid IS NULL OR c.patient_id = $7)
         AND c.updated_at >= $8 AND c.updated_at < $9 AND c.ends_at >= $10 AND c.starts_at < $11"
    };
}

/// The tokens that it must have too. `OFFSET 0`: each row's own are looked up, where the planner would rather gather those of
/// everybody into a hash table first.
macro_rules! has {
    ($at:literal, $id:literal $(, $also:literal)*) => {
        concat!("true" $(,
            " AND ($", $also, "::int8[] IS NULL OR EXISTS (SELECT 1 FROM chart.token x WHERE x.organization_id = $1
                 AND x.token = ANY ($", $also, ") AND x.at = ", $at, " AND x.id = ", $id, " OFFSET 0))"
        )*)
    };
}

macro_rules! columns {
    ($at:literal) => {
        concat!(
            "c.id, c.version, c.facility_id, c.patient_id, c.class, c.updated_at, c.body, ",
            $at,
            " AS at, c.patient_by"
        )
    };
}

/// Along tokens, each within its own span of time; a row under several of them comes once. `OFFSET 0`: a row is fetched by its
/// id, also while there are no statistics, when the planner holds another index for as good.
macro_rules! by_tokens {
    ($past:literal, $way:literal $(, $also:literal)*) => {
        concat!(
            "SELECT DISTINCT ON (f.at, f.id) f.* FROM unnest($12::int8[], $13::timestamptz[], $14::timestamptz[]) k (token, low, high)
              CROSS JOIN LATERAL (
                SELECT ", columns!("t.at"), " FROM chart.token t
                  CROSS JOIN LATERAL (SELECT * FROM chart.resource r
                                       WHERE r.organization_id = t.organization_id AND r.id = t.id OFFSET 0) c
                 WHERE t.organization_id = $1 AND t.token = k.token AND (t.at, t.id) ", $past, " ($4::timestamptz, $5::uuid)
                   AND t.at >= k.low AND t.at < k.high AND ", filter!(), " AND ", has!("c.starts_at", "c.id" $(, $also)*), "
                 ORDER BY t.at ", $way, ", t.id ", $way, " LIMIT $6) f
              ORDER BY f.at ", $way, ", f.id ", $way, " LIMIT $6"
        )
    };
}

/// Along one patient's records.
macro_rules! by_patient {
    ($past:literal, $way:literal $(, $also:literal)*) => {
        concat!(
            "SELECT ", columns!("c.starts_at"), " FROM chart.resource c
              WHERE c.organization_id = $1 AND c.patient_id = $12 AND (c.starts_at, c.id) ", $past, " ($4::timestamptz, $5::uuid)
                AND ", filter!(), " AND ", has!("c.starts_at", "c.id" $(, $also)*), "
              ORDER BY c.starts_at ", $way, ", c.id ", $way, " LIMIT $6"
        )
    };
}

/// Along a type, facility by facility.
macro_rules! by_type {
    ($column:literal, $past:literal, $way:literal $(, $also:literal)*) => {
        concat!(
            "SELECT f.* FROM unnest($12::int4[]) k (facility_id) CROSS JOIN LATERAL (
                SELECT ", columns!($column), " FROM chart.resource c
                 WHERE c.organization_id = $1 AND c.facility_id = k.facility_id AND (", $column, ", c.id) ", $past, " ($4::timestamptz, $5::uuid)
                   AND ", filter!(), " AND ", has!("c.starts_at", "c.id" $(, $also)*), "
                 ORDER BY ", $column, " ", $way, ", c.id ", $way, " LIMIT $6) f
              ORDER BY f.at ", $way, ", f.id ", $way, " LIMIT $6"
        )
    };
}

/// A walk in both directions, without and with further token sets.
pub(super) struct Walk {
    down: [&'static str; 2],
    up: [&'static str; 2],
}

impl Walk {
    pub(super) fn statement(&self, descending: bool, also: bool) -> &'static str {
        (if descending { self.down } else { self.up })[usize::from(also)]
    }
}

pub(super) const TOKENS: Walk = Walk {
    down: [by_tokens!("<", "DESC"), by_tokens!("<", "DESC", 15, 16, 17)],
    up: [by_tokens!(">", "ASC"), by_tokens!(">", "ASC", 15, 16, 17)],
};
pub(super) const PATIENT: Walk = Walk {
    down: [by_patient!("<", "DESC"), by_patient!("<", "DESC", 13, 14, 15)],
    up: [by_patient!(">", "ASC"), by_patient!(">", "ASC", 13, 14, 15)],
};
pub(super) const TYPE: Walk = Walk {
    down: [by_type!("c.starts_at", "<", "DESC"), by_type!("c.starts_at", "<", "DESC", 13, 14, 15)],
    up: [by_type!("c.starts_at", ">", "ASC"), by_type!("c.starts_at", ">", "ASC", 13, 14, 15)],
};
pub(super) const UPDATED: Walk = Walk {
    down: [by_type!("c.updated_at", "<", "DESC"), by_type!("c.updated_at", "<", "DESC", 13, 14, 15)],
    up: [by_type!("c.updated_at", ">", "ASC"), by_type!("c.updated_at", ">", "ASC", 13, 14, 15)],
};

macro_rules! by_ids {
    ($($also:literal),*) => {
        concat!(
            "SELECT ", columns!("c.starts_at"), " FROM unnest($12::uuid[]) k (id)
               CROSS JOIN LATERAL (SELECT * FROM chart.resource r
                                    WHERE r.organization_id = $1 AND r.id = k.id OFFSET 0) c
              WHERE ($4::timestamptz, $5::uuid) IS NOT NULL AND ",
            filter!(), " AND ", has!("c.starts_at", "c.id" $(, $also)*), " ORDER BY c.id LIMIT $6"
        )
    };
}

/// Named rows, in order of id; the cursor is there to have the same parameters.
pub(super) const IDS: Walk =
    Walk { down: [by_ids!(), by_ids!(13, 14, 15)], up: [by_ids!(), by_ids!(13, 14, 15)] };

/// How many rows of a type there are at the facilities, or of a patient.
pub(super) const COUNT: &str = "
    SELECT count(*) FROM chart.resource c
     WHERE c.organization_id = $1 AND c.facility_id = ANY ($2::int4[]) AND c.type = $3 AND c.class = ANY ($4::int2[])
       AND ($5::uuid IS NULL OR c.patient_id = $5) AND c.body IS NOT NULL";
