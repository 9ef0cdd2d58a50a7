//! Of tables of which the runtime role may update some columns, which.

/// Of a table with the grant `u`, the columns that may be updated.
pub(crate) fn updates(table: &str) -> &'static [&'static str] {
    match table {
        "org.membership" => &[
            "by_relationship",
            "denied",
            "ends_at",
            "facilities",
            "name",
            "permissions",
            "person_id",
            "role",
        ],
        "org.organization" => &["modules_off"],
        "org.role" => &["by_relationship", "changed_at", "hidden", "permissions", "tie", "title", "version"],
        "org.relationship" => &["ends_at", "patient_consent_at", "starts_at"],
        "org.sharing" => &["ends_at"],
        "org.document" => &["checked_at", "header", "reason", "state", "swept_at"],
        "org.document_link" => &["uses"],
        "ops.export" => &[
            "done",
            "expires_at",
            "finished_at",
            "key",
            "locked_until",
            "reason",
            "records",
            "state",
            "swept_at",
        ],
        "ops.import" => &[
            "access",
            "attempts",
            "compared",
            "dates",
            "fields",
            "finished_at",
            "kept_until",
            "locked_until",
            "membership_id",
            "person_id",
            "purpose",
            "reached",
            "reason",
            "request_id",
            "sheet",
            "source",
            "state",
            "token_id",
        ],
        "org.emergency" => &["ends_at", "note", "reviewed_at", "reviewed_by", "verdict"],
        "org.merge" => &["carried", "undone_at", "undone_by"],
        "org.handover" => &["received_at", "received_by"],
        "chart.draft" => {
            &["body", "composition_id", "merges", "patient_id", "saved_at", "saved_by", "version"]
        }
        "chart.dose" => &["revoked_at", "revoked_by"],
        "org.stock_entry" => &["administration_id", "witness_id", "witnessed_at"],
        "org.support_request" => {
            &["decided_by", "ended_at", "granted_minutes", "granted_write", "target_id", "verdict"]
        }
        "oauth.signing_key" => &["ends_at"],
        "oauth.family" | "oauth.access" => &["ended_at"],
        "oauth.code" => &["family_id", "used_at"],
        "oauth.refresh" => &["used_at"],
        _ => &[],
    }
}
