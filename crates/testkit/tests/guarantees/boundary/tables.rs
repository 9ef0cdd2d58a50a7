//! Every table, what the runtime role may do with it, and a row of it.

use super::records::RECORDS;

/// Columns and values of the row that a key names, of an organization and facility.
type Row = fn(i32, i32, u32) -> (&'static str, String);

/// A table of tenants' rows.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Whether its rows belong to a facility; to the organization as a whole otherwise.
    pub(crate) by_facility: bool,
    /// Of `S`ELECT, `I`NSERT, `U`PDATE, `D`ELETE, what the runtime role is granted; `u` for UPDATE of the columns that
    /// [`super::updates::updates`] names.
    pub(crate) grants: &'static str,
    /// `None`: such rows are made with their organization.
    pub(super) row: Option<Row>,
    /// The columns of its key besides the organization, for ON CONFLICT.
    pub(crate) key: &'static str,
}

/// Tables that the runtime role must not touch at all.
pub(crate) const CLOSED: [&str; 17] = [
    "audit.leaf",
    "audit.tile",
    "keyring.erasure",
    "keyring.known",
    "platform.administrator",
    "platform.announcement",
    "platform.backup",
    "platform.backup_count",
    "platform.keyring_apart",
    "platform.placement",
    "platform.plan",
    "platform.reading",
    "platform.rehearsal",
    "platform.slug",
    "platform.subscription",
    "refinery_schema_history",
    "sec.context_key",
];

pub(crate) fn uuid(n: u32) -> String {
    format!("'00000000-0000-7000-8000-{n:012}'::uuid")
}

pub(crate) fn hash(n: u32) -> String {
    format!("sha256('\\x{n:08x}'::bytea)")
}

/// A post of an organization that others decide for.
pub(crate) fn other(organization: i32) -> i32 {
    membership(organization) + 1
}

/// The post that rows of an organization name.
pub(crate) fn membership(organization: i32) -> i32 {
    organization * 1000 + 1
}

const MONTH: &str = "date_trunc('month', now())";

pub(crate) const TABLES: [Table; 38] = [
    Table { name: "org.organization", by_facility: false, grants: "Su", row: None, key: "" },
    Table { name: "org.facility", by_facility: true, grants: "S", row: None, key: "facility_id" },
    Table {
        name: "org.membership",
        by_facility: false,
        grants: "SIu",
        row: Some(|o, _, n| {
            (
                "organization_id, membership_id, parent_id, kind, name, created_at",
                format!("{o}, {n}, {}, 'person', 'x', now()", membership(o)),
            )
        }),
        key: "membership_id",
    },
    Table {
        name: "org.role",
        by_facility: false,
        grants: "SIu",
        row: Some(|o, _, n| {
            (
                "organization_id, role_key, title, plane, by_relationship, permissions, created_at, changed_at",
                format!("{o}, 'r{n}', 'x', 'staff', false, '{{}}', now(), now()"),
            )
        }),
        key: "role_key",
    },
    Table {
        name: "org.relationship",
        by_facility: true,
        grants: "SIu",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, patient_id, membership_id, kind, starts_at",
                format!("{o}, {f}, {}, {}, 'client', now() - interval '1 hour'", uuid(n), other(o)),
            )
        }),
        key: "patient_id, membership_id, kind",
    },
    Table {
        name: "org.relationship_past",
        by_facility: true,
        grants: "S",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, patient_id, membership_id, kind, starts_at, ends_at",
                format!(
                    "{o}, {f}, {}, {}, 'client', now() - interval '2 hours', now() - interval '1 hour'",
                    uuid(n),
                    other(o)
                ),
            )
        }),
        key: "patient_id, membership_id, kind, starts_at",
    },
    Table {
        name: "org.hidden_field",
        by_facility: false,
        grants: "SID",
        row: Some(|o, _, n| {
            ("organization_id, membership_id, path", format!("{o}, {}, 'Patient.field{n}'", other(o)))
        }),
        key: "membership_id, path",
    },
    Table {
        name: "org.sharing",
        by_facility: true,
        grants: "SIu",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, patient_id, membership_id, path, shared_by, starts_at",
                format!("{o}, {f}, {}, {}, 'Patient', {}, '2026-01-01'", uuid(n), other(o), membership(o)),
            )
        }),
        key: "patient_id, membership_id, path, starts_at",
    },
    Table {
        name: "org.emergency",
        by_facility: true,
        grants: "SIu",
        row: Some(|o, f, n| {
            (
                "organization_id, emergency_id, facility_id, patient_id, membership_id, reason, opened_at, ends_at",
                format!(
                    "{o}, {0}, {f}, {0}, {1}, '\\x00', now(), now() + interval '1 hour'",
                    uuid(n),
                    membership(o)
                ),
            )
        }),
        key: "emergency_id",
    },
    Table {
        name: "org.document",
        by_facility: true,
        grants: "SIu",
        row: Some(|o, f, n| {
            (
                "organization_id, document_id, facility_id, patient_id, sealed_for, membership_id, bytes, details, quarantine, object, created_at, expires_at",
                format!(
                    "{o}, {0}, {f}, {0}, {0}, {1}, 1, '\\x00', {0}, {0}, now(), now() + interval '15 minutes'",
                    uuid(n),
                    membership(o)
                ),
            )
        }),
        key: "document_id",
    },
    Table {
        name: "org.document_link",
        by_facility: false,
        grants: "SIu",
        row: Some(|o, _, n| {
            (
                "organization_id, digest, document_id, membership_id, purpose, uses, expires_at",
                format!(
                    "{o}, {}, {}, {}, 'preview', 1, now() + interval '50 seconds'",
                    hash(n),
                    uuid(n),
                    membership(o)
                ),
            )
        }),
        key: "digest",
    },
    Table {
        name: "org.reassignment",
        by_facility: true,
        grants: "S",
        row: Some(|o, f, n| {
            (
                "organization_id, reassignment_id, facility_id, target_id, patient_id, membership_id, reason, at",
                format!(
                    "{o}, {0}, {f}, (SELECT max(facility_id) FROM org.facility WHERE organization_id = {o} AND facility_id <> {f}), {0}, {1}, '\\x00', now()",
                    uuid(n),
                    membership(o)
                ),
            )
        }),
        key: "reassignment_id",
    },
    // After what moves them.
    Table {
        name: "chart.draft",
        by_facility: true,
        grants: "SIuD",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, draft_id, patient_id, membership_id, saved_by, started_at, saved_at, version, body",
                format!("{o}, {f}, {0}, {0}, {1}, {1}, now(), now(), 1, '\\x00'", uuid(n), membership(o)),
            )
        }),
        key: "draft_id",
    },
    Table {
        name: "chart.dose",
        by_facility: true,
        grants: "SIu",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, request_id, digest, patient_id, order_id, due_at, given_at, administration_id, membership_id, recorded_at",
                format!(
                    "{o}, {f}, {0}, {1}, {0}, {0}, now(), now(), {0}, {2}, now()",
                    uuid(n),
                    hash(n),
                    membership(o)
                ),
            )
        }),
        key: "request_id",
    },
    Table {
        name: "org.stock",
        by_facility: true,
        grants: "SI",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, stock_id, body, witness_to_give, membership_id, created_at",
                format!("{o}, {f}, {}, '\\x00', false, {}, now()", uuid(n), membership(o)),
            )
        }),
        key: "stock_id",
    },
    Table {
        name: "org.stock_entry",
        by_facility: true,
        grants: "SIu",
        row: Some(|o, f, n| {
            // Of the sheet that stands in the cell; it waits for a witness.
            (
                "organization_id, facility_id, stock_id, entry_id, kind, change, counted, membership_id, at",
                format!(
                    "{o}, {f}, {}, {}, 'counted', 0, 1, {}, now()",
                    uuid(standing(o, f)),
                    uuid(n),
                    membership(o)
                ),
            )
        }),
        key: "entry_id",
    },
    Table {
        name: "org.merge",
        by_facility: true,
        grants: "SIu",
        row: Some(|o, f, n| {
            (
                "organization_id, merge_id, facility_id, patient_id, absorbed_id, membership_id, at, patient_version, absorbed_version",
                format!(
                    "{o}, {0}, {f}, {0}, {1}, {2}, now(), 2, 2",
                    uuid(n),
                    uuid(n + 500_000_000),
                    membership(o)
                ),
            )
        }),
        key: "merge_id",
    },
    Table {
        name: "org.merge_record",
        by_facility: true,
        grants: "SI",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, merge_id, patient_id, id, version_before, version_after",
                format!("{o}, {f}, {0}, {0}, {0}, 1, 2", uuid(n)),
            )
        }),
        key: "merge_id, id",
    },
    Table {
        name: "org.support_request",
        by_facility: false,
        grants: "Su",
        row: Some(|o, _, n| {
            (
                "organization_id, request_id, person_id, administrator_id, name, reason, minutes, writes, asked_at",
                format!("{o}, {}, 1, {n}, 'x', '\\x00', 60, false, now()", uuid(n)),
            )
        }),
        key: "request_id",
    },
    Table {
        name: "org.service_token",
        by_facility: false,
        grants: "S",
        row: Some(|o, f, n| {
            (
                "organization_id, token_id, membership_id, hash, name, permissions, facilities, created_at, expires_at",
                format!(
                    "{o}, {}, {}, {}, 'x', '{{}}', '{{{f}}}', now(), now()",
                    uuid(n),
                    membership(o),
                    hash(n)
                ),
            )
        }),
        key: "token_id",
    },
    Table {
        name: "keyring.organization_key",
        by_facility: false,
        grants: "SI",
        row: Some(|o, _, n| {
            (
                "organization_id, purpose, number, wrapped, wrapped_by, commitment, created_at",
                format!("{o}, 1, {n}, '\\x00', 0, {}, now()", hash(n)),
            )
        }),
        key: "purpose, number",
    },
    Table {
        name: "keyring.patient_key",
        by_facility: true,
        grants: "SI",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, patient_id, class, number, wrapped, commitment, created_at",
                format!("{o}, {f}, {}, 0, 1, '\\x00', {}, now()", uuid(n), hash(n)),
            )
        }),
        key: "patient_id, class, number",
    },
    Table {
        name: "chart.resource",
        by_facility: true,
        grants: "SIU",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, id, patient_id, updated_at, starts_at, ends_at, version, type, class, patient_by, body",
                format!("{o}, {f}, {0}, {0}, now(), now(), now(), 1, 1, 0, 0, '\\x01'", uuid(n)),
            )
        }),
        key: "id",
    },
    Table {
        name: "chart.resource_version",
        by_facility: true,
        grants: "SI",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, id, patient_id, updated_at, superseded_at, version, type, class, body",
                format!("{o}, {f}, {0}, {0}, now(), now(), 1, 1, 0, '\\x01'", uuid(n)),
            )
        }),
        key: "id, version",
    },
    Table {
        name: "chart.token",
        by_facility: true,
        grants: "SID",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, patient_id, token, at, id",
                format!("{o}, {f}, {0}, {n}, {MONTH}, {0}", uuid(n)),
            )
        }),
        key: "token, at, id",
    },
    Table {
        name: "audit.event",
        by_facility: true,
        grants: "SI",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, at, id, membership_id, action, outcome, reason, request_id, purpose",
                format!("{o}, {f}, {MONTH}, {0}, 1, 'a.b', 'success', 'r', {0}, 'TREAT'", uuid(n)),
            )
        }),
        key: "at, id",
    },
    Table {
        name: "audit.subject",
        by_facility: true,
        grants: "SI",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, patient_id, at, event_id",
                format!("{o}, {f}, {0}, {MONTH}, {0}", uuid(n)),
            )
        }),
        key: "patient_id, at, event_id",
    },
    Table {
        name: "audit.checkpoint",
        by_facility: false,
        grants: "S",
        row: Some(|o, _, n| {
            (
                "organization_id, origin, size, root, signed_at, signature",
                format!("{o}, 'x', {n} + 1, {0}, now(), {0} || {0}", hash(n)),
            )
        }),
        key: "size",
    },
    Table {
        name: "org.handover",
        by_facility: true,
        grants: "SIu",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, handover_id, shift, starts_at, ends_at, signed_by, signed_at",
                format!(
                    "{o}, {f}, {}, 'day', to_timestamp({n}), to_timestamp({n} + 28800), {}, now()",
                    uuid(n),
                    membership(o)
                ),
            )
        }),
        key: "handover_id",
    },
    Table {
        name: "org.access_review",
        by_facility: true,
        grants: "S",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, review_id, started_by, started_at, due_at",
                format!("{o}, {f}, {}, {}, now(), now() + interval '1 day'", uuid(n), membership(o)),
            )
        }),
        key: "review_id",
    },
    Table {
        name: "org.access_review_post",
        by_facility: true,
        grants: "S",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, review_id, membership_id, name, role, permissions",
                format!("{o}, {f}, {}, {}, 'x', 'x', '{{}}'", uuid(n), membership(o)),
            )
        }),
        key: "review_id, membership_id",
    },
    Table {
        name: "ops.job",
        by_facility: true,
        grants: "SIUD",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, id, kind, run_at",
                format!("{o}, {f}, {}, 'test', now() + interval '1 day'", uuid(n)),
            )
        }),
        key: "id",
    },
    Table {
        name: "ops.export",
        by_facility: false,
        grants: "SIu",
        row: Some(|o, _, n| {
            // Those that end take no place among the few that may wait.
            (
                "organization_id, export_id, membership_id, person_id, request_id, purpose, request, patients_only, facilities, classes, state, reason, slot, created_at, expires_at",
                format!(
                    "{o}, {0}, {1}, 1, {0}, 'TREAT', 'x', false, '{{}}', '{{}}', 'ended', 'expired', 1, now(), now()",
                    uuid(n),
                    membership(o)
                ),
            )
        }),
        key: "export_id",
    },
    Table {
        name: "ops.export_file",
        by_facility: false,
        grants: "SID",
        row: Some(|o, _, n| {
            (
                "organization_id, export_id, number, type, deleted, ends_type, last_id, records, bytes, noticed, object, header",
                format!("{o}, {0}, 1, 1, false, true, {0}, 1, 1, false, {0}, '\\x00'", uuid(n)),
            )
        }),
        key: "export_id, number",
    },
    Table {
        name: "ops.import",
        by_facility: true,
        grants: "SIu",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, import_id, membership_id, person_id, request_id, purpose, kind, rows, headings, created_at, kept_until",
                format!(
                    "{o}, {f}, {0}, {1}, 1, {0}, 'TREAT', 'patients', 1, {2}, now(), now()",
                    uuid(n),
                    membership(o),
                    hash(n)
                ),
            )
        }),
        key: "import_id",
    },
    Table {
        name: "ops.import_mapping",
        by_facility: false,
        grants: "SIU",
        row: Some(|o, _, n| {
            (
                "organization_id, kind, headings, fields, dates, source, used_at",
                format!("{o}, 'patients', {}, '{{}}', 'month-first', 'x', now()", hash(n)),
            )
        }),
        key: "kind, headings",
    },
    Table {
        name: "ops.import_row",
        by_facility: true,
        grants: "SIUD",
        row: Some(|o, f, n| {
            (
                "organization_id, facility_id, import_id, number, outcome",
                format!("{o}, {f}, {}, 1, 'same'", uuid(n)),
            )
        }),
        key: "import_id, number",
    },
    Table {
        name: "ops.idempotency_key",
        by_facility: false,
        grants: "SI",
        row: Some(|o, _, n| {
            (
                "organization_id, membership_id, key, request_hash, status, created_at",
                format!("{o}, {}, {1}, {1}, 200, now()", membership(o), hash(n)),
            )
        }),
        key: "membership_id, key",
    },
];

/// The one whose key the database gives.
pub(crate) const OUTBOX: Table = Table {
    name: "ops.outbox",
    by_facility: true,
    grants: "SI",
    row: Some(|o, f, n| {
        (
            "organization_id, facility_id, patient_id, sequence, at, kind",
            format!("{o}, {f}, {}, {n}, now(), 'test'", uuid(n)),
        )
    }),
    key: "xact, sequence",
};

pub(crate) fn all() -> impl Iterator<Item = &'static Table> {
    TABLES.iter().chain([&OUTBOX]).chain(&RECORDS)
}

impl Table {
    /// Inserts the row that `n` names, with `more` after it.
    pub(crate) fn insert(&self, organization: i32, facility: i32, n: u32, more: &str) -> Option<String> {
        let facility = if self.by_facility { facility } else { 0 };
        let (columns, values) = self.row?(organization, facility, n);
        let name = self.name;
        let given = if name == OUTBOX.name { "OVERRIDING SYSTEM VALUE" } else { "" };
        Some(format!("INSERT INTO {name} ({columns}) {given} VALUES ({values}) {more}"))
    }

    pub(crate) fn may(&self, statement: char) -> bool {
        self.grants.contains(statement)
    }

    /// The cell's facility, as an expression.
    pub(crate) fn facility(&self) -> &'static str {
        if self.by_facility { "facility_id" } else { "0" }
    }
}

/// The number of the row that stands in a cell from the beginning.
pub(crate) fn standing(organization: i32, facility: i32) -> u32 {
    u32::try_from(organization * 10_000 + facility).unwrap()
}
