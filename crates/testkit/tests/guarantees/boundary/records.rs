//! Tables of what is decided about records; they stand behind the others, because nothing is written to who is erased.

use super::tables::{Table, membership, uuid};

pub(crate) const RECORDS: [Table; 5] = [
    Table {
        name: "chart.token_key",
        by_facility: false,
        grants: "S",
        row: Some(|o, _, n| ("organization_id, number, state", format!("{o}, {n}, 1"))),
        key: "number",
    },
    Table {
        name: "org.legal_hold",
        by_facility: true,
        grants: "S",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, hold_id, patient_id, kind, matter, placed_by, placed_at",
                format!("{o}, {f}, {0}, {0}, 'audit', '\\x00', {1}, now()", uuid(n), membership(o)),
            )
        }),
        key: "hold_id",
    },
    Table {
        name: "org.restriction",
        by_facility: true,
        grants: "S",
        row: Some(|o, f, n| {
            // Lifted: one that stands hides what others look for.
            (
                "organization_id, facility_id, restriction_id, patient_id, ground, restricted_by, restricted_at, lifted_by, lifted_at",
                format!("{o}, {f}, {0}, {0}, 'request', {1}, now(), {1}, now()", uuid(n), membership(o)),
            )
        }),
        key: "restriction_id, patient_id",
    },
    Table {
        name: "org.erasure",
        by_facility: true,
        grants: "S",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, erasure_id, patient_id, patients, ground, asked_by, asked_at, state",
                format!(
                    "{o}, {f}, {0}, {0}, ARRAY[{0}], 'request', {1}, now(), 'asked'",
                    uuid(n),
                    membership(o)
                ),
            )
        }),
        key: "erasure_id",
    },
    Table {
        name: "org.erased",
        by_facility: true,
        grants: "S",
        row: Some(|o, f, n| {
            // Of those who stand in every table nobody is erased: nothing could be written to their rows.
            let patient = if n < 500_000 { n + 900_000 } else { n };
            (
                "organization_id, facility_id, patient_id, erasure_id, erased_at",
                format!("{o}, {f}, {0}, {0}, now()", uuid(patient)),
            )
        }),
        key: "patient_id",
    },
];
