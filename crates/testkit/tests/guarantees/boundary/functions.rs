//! The secrets behind the walls, and the functions that may look behind them.

use std::collections::BTreeSet;

use testkit::pg;

use super::tables::furnish;
use super::{Signer, attempt, cell, number, runtime};
use crate::support::House;

#[tokio::test]
async fn the_context_key_and_the_slugs_cannot_be_read() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let signed = signer.context(0, &[cell(house.a.id(), 0)]);
    for table in [
        "sec.context_key",
        "platform.slug",
        "public.refinery_schema_history",
        "pg_authid",
        "pg_shadow",
        "pg_largeobject",
    ] {
        for context in [None, Some(signed.as_str())] {
            let refusal =
                number(&client, context, &format!("SELECT count(*) FROM {table}")).await.unwrap_err();
            assert_eq!(refusal.code, "42501", "{table}");
        }
    }
    let refusal =
        number(&client, Some(&signed), "SELECT count(hash) FROM org.service_token").await.unwrap_err();
    assert_eq!(refusal.code, "42501");
}

#[tokio::test]
async fn every_function_the_runtime_role_may_call_has_a_case_here() {
    let house = House::new().await;
    let rows = house
        .superuser()
        .await
        .query(
            "SELECT p.oid::regproc::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
                AND has_function_privilege('lamplight_app', p.oid, 'EXECUTE')",
            &[],
        )
        .await
        .unwrap();
    let there: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let known = [
        "audit.prepare_months",
        "chart.demand",
        "ops.claim_job",
        "ops.sweep",
        "platform.check_token",
        "sec.cell",
        "sec.cells",
        "sec.related",
    ];
    assert_eq!(there, known.map(str::to_owned).into());
}

#[tokio::test]
async fn a_token_is_known_only_to_its_holder() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let client = runtime(&house).await;
    for secret in ["sha256('guess')", "NULL", "''::bytea"] {
        let sql = format!(
            "SELECT count(*) FROM org.service_token t, LATERAL platform.check_token(t.organization_id, t.token_id, {secret})"
        );
        assert_eq!(number(&client, None, &sql).await, Ok(0), "{secret}");
        let token = "00000000-0000-7000-8000-000000010000";
        let sql = format!("SELECT count(*) FROM platform.check_token({}, '{token}', {secret})", house.a.id());
        assert_eq!(number(&client, None, &sql).await, Ok(0), "{secret}");
    }
}

#[tokio::test]
async fn what_the_context_says_is_all_that_its_functions_say() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    assert_eq!(number(&client, None, "SELECT coalesce(cardinality(sec.cells()), 0)::int8").await, Ok(0));
    assert_eq!(number(&client, None, "SELECT coalesce(cardinality(sec.related()), 0)::int8").await, Ok(0));
    let signed = signer.context(1, &[cell(house.a.id(), 0)]);
    assert_eq!(number(&client, Some(&signed), "SELECT cardinality(sec.cells())::int8").await, Ok(3));
    assert_eq!(number(&client, Some(&signed), "SELECT cardinality(sec.related())::int8").await, Ok(0));
}

async fn of_b(superuser: &pg::Client, house: &House, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table} WHERE organization_id = {}", house.b.id());
    superuser.query_one(&sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_sweep_takes_nothing_that_is_young_whatever_it_is_asked() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let signed = signer.context(1, &[cell(house.a.id(), house.a.north.0)]);
    let before =
        [of_b(&superuser, &house, "ops.outbox").await, of_b(&superuser, &house, "ops.idempotency_key").await];
    assert_eq!(before, [3, 1]);
    for intervals in ["'0', '0'", "'-1 day', '-1 day'"] {
        let _ = attempt(&client, Some(&signed), &format!("SELECT ops.sweep({intervals})")).await;
    }
    let after =
        [of_b(&superuser, &house, "ops.outbox").await, of_b(&superuser, &house, "ops.idempotency_key").await];
    assert_eq!(after, before, "the runtime role took another organization's undelivered events and answers");
}

#[tokio::test]
async fn a_job_cannot_be_claimed_out_of_the_context_of_another_organization() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    superuser.batch_execute("UPDATE ops.job SET run_at = now() - interval '1 hour'").await.unwrap();
    let only_b = format!("DELETE FROM ops.job WHERE organization_id = {}", house.a.id());
    superuser.batch_execute(&only_b).await.unwrap();
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let signed = signer.context(1, &[cell(house.a.id(), house.a.north.0)]);
    let claim = "SELECT count(*) FROM ops.claim_job(interval '100 years')";
    for context in [Some(signed.as_str()), None] {
        let claimed = number(&client, context, claim).await;
        assert!(
            !matches!(claimed, Ok(1)),
            "with a context: {}: claimed a job of another organization",
            context.is_some()
        );
    }
}

#[tokio::test]
async fn months_are_prepared_within_reason() {
    let house = House::new().await;
    let client = runtime(&house).await;
    let tables = "SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'";
    let before = number(&client, None, tables).await.unwrap();
    // A year is enough for a program that was asleep; thousands of tables are an attack.
    let _ = attempt(&client, None, "SELECT audit.prepare_months('2100-01-01', 120)").await;
    let after = number(&client, None, tables).await.unwrap();
    assert!(after - before <= 48, "{} partitions were made at once", after - before);
}
