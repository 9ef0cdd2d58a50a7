//! A question of the log reads what it shows, however much there is (docs/limits.md): in blocks, which no machine makes more.

use testkit::{TestApp, pg};

use crate::people::admit;

/// Forty thousand events of the last ten days, one in a hundred of this patient and each about somebody; as seen as what
/// is older than an hour is.
async fn lengthen(database: &pg::Client, patient: &str) {
    let events = format!(
        "(SELECT r.organization_id, r.facility_id, now() - interval '10 days' + i * interval '20 seconds' AS at,
                 md5('event ' || i)::uuid AS id,
                 CASE WHEN i % 100 = 0 THEN '{patient}' ELSE md5('patient ' || i)::uuid END AS patient
           FROM chart.resource r, generate_series(1, 40000) i WHERE r.id = '{patient}') made"
    );
    // In one transaction, in which it is one time.
    let made = format!(
        "INSERT INTO audit.event (organization_id, facility_id, at, id, membership_id, action, outcome, reason, request_id,
             purpose)
         SELECT organization_id, facility_id, at, id, 1, 'chart.read', 'success', 'chart.read', id, 'TREAT' FROM {events};
         INSERT INTO audit.subject (organization_id, facility_id, patient_id, at, event_id)
         SELECT organization_id, facility_id, patient, at, id FROM {events}"
    );
    for told in [made.as_str(), "VACUUM ANALYZE audit.event", "VACUUM ANALYZE audit.subject"] {
        database.batch_execute(told).await.unwrap();
    }
}

/// Blocks of the log that were read or written until now. A connection tells what it did at the latest when it ends.
async fn blocks(database: &pg::Client) -> i64 {
    let ended = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle'";
    database.query_one(ended, &[]).await.unwrap();
    let told = "SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))::int8
                  FROM pg_statio_all_tables WHERE schemaname = 'audit'";
    database.query_one(told, &[]).await.unwrap().get(0)
}

/// The lines of a page or of a table.
fn shown(answer: &str) -> usize {
    match serde_json::from_str::<serde_json::Value>(answer) {
        Ok(page) => page["lines"].as_array().or(page["accesses"].as_array()).map_or(0, Vec::len),
        Err(_) => answer.lines().count() - 1,
    }
}

#[tokio::test]
async fn a_question_of_a_long_log_reads_what_it_shows() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let desk = clinic.all_powers(&[&north]).await;
    let patient = admit(&desk, "Long").await;
    // By a connection of its own, whose reads are told when it ends: before the first question.
    lengthen(&app.superuser().await, &patient).await;
    let database = app.superuser().await;
    let lines = |many: i64| many * 101;
    for (question, lines_shown, most) in [
        // A line of a report: the event, found by its index.
        (format!("/api/patients/{patient}/accesses"), 100, lines(12)),
        (format!("/api/patients/{patient}/accesses/csv"), 402, lines(40)),
        // A line of a search: the event, and whom it concerned.
        ("/api/audit/events".to_owned(), 100, lines(16)),
        (format!("/api/audit/events?patient={patient}"), 100, lines(16)),
        ("/api/audit/events?membership=1".to_owned(), 100, lines(16)),
        ("/api/audit/events?facility=north".to_owned(), 100, lines(16)),
        // What never was.
        ("/api/audit/events?what=moved".to_owned(), 0, lines(3)),
        ("/api/audit/events?what=moved&membership=1".to_owned(), 0, lines(3)),
        ("/api/audit/events?emergency=true".to_owned(), 0, lines(3)),
    ] {
        let before = blocks(&database).await;
        let answer = desk.get(&question).await.expect_status(200);
        let read = blocks(&database).await - before;
        assert_eq!(shown(&answer.text()), lines_shown, "{question}");
        assert!(read < most, "{question} reads {read} blocks, {most} at most");
    }
}
