//! An export ends with the authority behind it, at any height of the chain and at any moment, within five seconds.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use kernel::MembershipId;
use serde_json::json;

use super::{Chain, House, chain, kick_off, settled, weigh};
use crate::people::admit;

fn post(membership: i64) -> MembershipId {
    MembershipId(i32::try_from(membership).unwrap())
}

fn ended() -> (String, Option<String>) {
    ("ended".to_owned(), Some("authority".to_owned()))
}

/// What is left when the authority ended: nothing, and a line of the log.
async fn expect_nothing_left(house: &House, chain: &Chain) {
    let begin = Instant::now();
    let what = "ended, and its files gone";
    house
        .within_five_seconds(what, async || {
            house.states().await.last() == Some(&ended()) && house.folder.files().is_empty()
        })
        .await;
    assert!(begin.elapsed() < Duration::from_secs(5));
    // A file goes before the row that names it.
    let sql = "SELECT count(*) FROM ops.export_file f FULL JOIN ops.export x USING (export_id)
                WHERE f.number IS NOT NULL OR x.key IS NOT NULL";
    let superuser = house.app.superuser().await;
    house
        .within_five_seconds("neither a file nor a key", async || {
            superuser.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0
        })
        .await;
    assert_eq!(house.logged("denied", "authority ended").await, 1);
    let of: i64 = house
        .app
        .superuser()
        .await
        .query_one(
            "SELECT count(*) FROM audit.event WHERE reason = 'authority ended' AND membership_id = $1 AND detail LIKE 'export %'",
            &[&i32::try_from(chain.exporter).unwrap()],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(of, 1, "the line is the exporter's");
}

#[tokio::test]
async fn an_export_ends_in_the_middle_when_a_post_two_above_does() {
    let house = House::new(2).await;
    let clinic = house.app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.all_powers(&[&north]).await;
    let ember = admit(&nurse, "Ember").await;
    weigh(&nurse, &ember, 500, 0).await;
    let condition =
        json!({"resourceType": "Condition", "subject": {"reference": format!("Patient/{ember}")}});
    nurse.post("/fhir/R4/Condition", &condition).await.expect_status(201);
    let chain = chain(&house.app, &clinic, &north).await;
    chain.ask().await;
    house
        .within_five_seconds("in the middle", async || {
            let one = chain.newest().await;
            one["state"] == "running" && one["records"].as_i64().unwrap() > 10
        })
        .await;
    assert_eq!(house.folder.files().len(), 1, "the conditions are there already");
    clinic.dismiss(post(chain.director)).await;
    let taken = || async {
        let sql = "SELECT records FROM ops.export";
        house.app.superuser().await.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    expect_nothing_left(&house, &chain).await;
    assert!(taken().await < 502, "it was in the middle");
    let after = house.logged("success", "chart.export").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(house.logged("success", "chart.export").await, after, "no page is read any more");
    chain.tab.get("/api/exports").await.expect_status(403);
}

#[tokio::test]
async fn an_export_that_waits_ends_when_a_post_two_above_does() {
    let mut house = House::new(50).await;
    house.kill();
    let clinic = house.app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let chain = chain(&house.app, &clinic, &north).await;
    chain.ask().await;
    assert_eq!(house.states().await, [("queued".to_owned(), None)]);
    clinic.dismiss(post(chain.director)).await;
    house.start().await;
    expect_nothing_left(&house, &chain).await;
}

#[tokio::test]
async fn complete_files_and_a_download_end_when_a_post_two_above_does() {
    let house = House::new(50).await;
    let clinic = house.app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.all_powers(&[&north]).await;
    let ember = admit(&nurse, "Ember").await;
    weigh(&nurse, &ember, 80, 100_000).await;
    let chain = chain(&house.app, &clinic, &north).await;
    chain.ask().await;
    let mut file = json!(null);
    for _ in 0..600 {
        let one = chain.newest().await;
        if one["state"] == "complete" {
            file = one["files"][0].clone();
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(file["type"], "Observation");
    let ask = chain.tab.ask("GET", file["url"].as_str().unwrap());
    let mut body = chain.tab.dressed(ask).stream().await;
    let mut got = body.next().await.unwrap().unwrap().len() as u64;
    clinic.dismiss(post(chain.director)).await;
    let revoked = Instant::now();
    let broken = loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        match body.next().await {
            Some(Ok(part)) => got += part.len() as u64,
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broken && got < file["bytes"].as_u64().unwrap(), "{got} of {file}");
    assert!(revoked.elapsed() < Duration::from_secs(5), "{:?}", revoked.elapsed());
    house
        .within_five_seconds("files gone", async || {
            house.states().await.last() == Some(&ended()) && house.folder.files().is_empty()
        })
        .await;
    chain.tab.get(file["url"].as_str().unwrap()).await.expect_status(403);
}

#[tokio::test]
async fn what_shrinks_above_ends_it_too_and_so_does_a_revoked_token() {
    let house = House::new(50).await;
    let clinic = house.app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let administrator = clinic.all_powers(&[&north]).await;
    admit(&administrator, "Ember").await;
    let chain = chain(&house.app, &clinic, &north).await;
    chain.ask().await;
    let complete = async || house.states().await.last() == Some(&("complete".to_owned(), None));
    house.within_five_seconds("complete", complete).await;
    // Exporting is denied in the middle of the chain: the post itself lives on.
    let path = format!("/api/people/{}", chain.head);
    let version = administrator.get(&path).await.expect_status(200).header("etag").to_owned();
    let denied = json!({"denied": ["chart.export"]}).to_string();
    administrator
        .ask("PUT", &path)
        .if_match(&version)
        .body("application/json", denied)
        .await
        .expect_status(200);
    house
        .within_five_seconds("denied above", async || {
            house.states().await.last() == Some(&ended()) && house.folder.files().is_empty()
        })
        .await;
    chain.browser.get("/api/me").await.expect_status(200);

    let program = clinic.all_powers(&[&north]).await;
    let status = kick_off(&program, "/fhir/R4/$export").await;
    settled(&program, &status).await.expect_status(200);
    assert_eq!(house.folder.files().len(), 1);
    clinic.revoke(&program).await;
    house
        .within_five_seconds("revoked", async || {
            house.states().await.last() == Some(&ended()) && house.folder.files().is_empty()
        })
        .await;
}
