//! The signed context: the database itself refuses any that the program did not make.

use super::furnish::furnish;
use super::tables::all;
use super::{Signer, attempt, cell, now, number, runtime};
use crate::support::House;

const COUNT: &str = "SELECT count(*) FROM chart.resource";

#[tokio::test]
async fn a_forged_context_is_refused_by_the_database_itself() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let (a, b) = (cell(house.a.id(), house.a.north.0), cell(house.b.id(), house.b.north.0));
    let good = signer.context(1, &[cell(house.a.id(), 0), a]);
    assert_eq!(number(&client, Some(&good), COUNT).await, Ok(2));

    let mut flipped = good.clone().into_bytes();
    flipped[10] = if flipped[10] == b'0' { b'1' } else { b'0' };
    let mut key = Signer::of(&superuser).await;
    key.outer[0] ^= 1;
    let (mac, payload) = good.split_at(64);
    let forged = [
        ("another cell", good.replace(&a.to_string(), &b.to_string())),
        ("a cell more", format!("{good},{b}")),
        ("a cell less", good.rsplit_once(',').unwrap().0.to_owned()),
        ("another membership", good.replacen(",1,", ",2,", 1)),
        ("a longer life", format!("{mac}9{payload}")),
        ("a changed MAC", String::from_utf8(flipped).unwrap()),
        ("no MAC", payload.to_owned()),
        ("the MAC in capitals", format!("{}{payload}", mac.to_uppercase())),
        ("half", good[..good.len() / 2].to_owned()),
        ("one letter", "x".to_owned()),
        ("a space", " ".to_owned()),
        ("an older one's MAC", format!("{}{payload}", &signer.context(1, &[b])[..64])),
        ("another key", key.context(1, &[a])),
        ("expired", signer.sign(&format!("{},1,{a}", now() - 1))),
        ("signed but no numbers", signer.sign("never,1,somewhere")),
        ("signed but too large", signer.sign(&format!("{},1,99999999999999999999", now() + 60))),
    ];
    for (what, context) in forged {
        for table in all() {
            let sql = format!("SELECT count(*) FROM {}", table.name);
            let refusal = number(&client, Some(&context), &sql).await;
            let refusal = refusal.expect_err(&format!("{what}: {}", table.name));
            let expected = ["LL401", "22P02", "22003"];
            assert!(expected.contains(&refusal.code.as_str()), "{what}: {refusal:?}");
            if let Some(sql) = table.insert(house.b.id(), house.b.north.0, 700_000, "") {
                assert!(attempt(&client, Some(&context), &sql).await.is_err(), "{what}: {sql}");
            }
        }
    }
}

#[tokio::test]
async fn no_context_is_left_behind_on_a_connection() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let signed = signer.context(1, &[cell(house.a.id(), 0), cell(house.a.id(), house.a.north.0)]);
    for end in ["COMMIT", "ROLLBACK", "SELECT 1 / 0; COMMIT"] {
        client.batch_execute("BEGIN").await.unwrap();
        client.query("SELECT set_config('lamplight.context', $1, true)", &[&signed]).await.unwrap();
        assert_eq!(client.query_one(COUNT, &[]).await.unwrap().get::<_, i64>(0), 2);
        if client.batch_execute(end).await.is_err() {
            client.batch_execute("ROLLBACK").await.unwrap();
        }
        assert_eq!(client.query_one(COUNT, &[]).await.unwrap().get::<_, i64>(0), 0, "after {end}");
        let left = client
            .query_one("SELECT coalesce(current_setting('lamplight.context', true), '')", &[])
            .await
            .unwrap();
        assert_eq!(left.get::<_, &str>(0), "", "after {end}");
    }
}

#[tokio::test]
async fn a_context_ends_at_its_second_even_on_an_open_connection() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let short = signer.sign(&format!("{},1,{}", now() + 1, cell(house.a.id(), house.a.north.0)));
    // Kept beyond the transaction on purpose, as injected SQL might.
    client.query("SELECT set_config('lamplight.context', $1, false)", &[&short]).await.unwrap();
    assert_eq!(client.query_one(COUNT, &[]).await.unwrap().get::<_, i64>(0), 1);
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    assert_eq!(number(&client, None, COUNT).await.unwrap_err().code, "LL401");
}

#[tokio::test]
async fn other_settings_open_nothing() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let signed = signer.context(1, &[cell(house.a.id(), house.a.north.0)]);
    for setting in [
        "SET LOCAL \"Lamplight.Cells\" = '1'",
        "SET LOCAL lamplight.organization = '2'",
        "SET LOCAL search_path = chart, sec, pg_catalog",
        "SET LOCAL check_function_bodies = off",
        "SET LOCAL session_replication_role = 'origin'",
        "SET LOCAL bytea_output = 'escape'",
        "SET LOCAL transaction_read_only = on",
        "SET LOCAL enable_indexscan = off",
        "SET LOCAL plan_cache_mode = 'force_custom_plan'",
        "SET LOCAL client_encoding = 'LATIN1'",
    ] {
        client.batch_execute("BEGIN").await.unwrap();
        client.query("SELECT set_config('lamplight.context', $1, true)", &[&signed]).await.unwrap();
        let refused = client.batch_execute(setting).await.is_err();
        if !refused {
            let foreign = format!(
                "{COUNT} WHERE organization_id <> {} OR facility_id <> {}",
                house.a.id(),
                house.a.north
            );
            let seen = client.query_one(&foreign, &[]).await.unwrap().get::<_, i64>(0);
            assert_eq!(seen, 0, "{setting}");
        }
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    for forbidden in [
        "SET session_replication_role = 'replica'",
        "SET lamplight_owner = 1; SET ROLE lamplight_owner",
        "SET log_statement = 'all'",
    ] {
        assert!(client.batch_execute(forbidden).await.is_err(), "{forbidden}");
    }
}

#[tokio::test]
async fn a_function_of_the_callers_cannot_listen_in_on_the_wall() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let signed = signer.context(1, &[cell(house.a.id(), house.a.north.0)]);
    // An error raised by a predicate would tell of a row that it saw: a leaky one runs behind the wall.
    for predicate in [
        "1 / (organization_id - $b) > 5",
        "pg_catalog.int4div(1, organization_id - $b) > 5",
        "('x' || organization_id)::int4 = 5",
    ] {
        let predicate = predicate.replace("$b", &house.b.id().to_string());
        let own = predicate.starts_with("('x'");
        let told = number(&client, Some(&signed), &format!("{COUNT} WHERE {predicate}")).await;
        assert_eq!(told.is_err(), own, "{predicate}: {told:?}");
    }
}
