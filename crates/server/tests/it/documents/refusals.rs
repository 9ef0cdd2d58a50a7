//! What is not let in, and who gets nothing.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use kernel::{FixedClock, World};
use serde_json::{Value, json};
use server::app::Settings;
use testkit::{Permission, TestApp};

use super::{PDF, complete, house, link, new, open, pdf, put, upload};
use crate::people::{admit, clinic};

#[tokio::test]
async fn an_upload_is_what_it_was_opened_for_and_nothing_else() {
    let (app, folder) = house().await;
    let (_, nurse) = clinic(&app).await;
    let (stranger, patient) = (app.stranger(), admit(&nurse, "Ember").await);
    let file = pdf("", 1000);
    let said = new("a.pdf", PDF.1, &file);
    let ticket = open(&nurse, &patient, &said).await.expect_status(201).json();
    let url = ticket["url"].as_str().unwrap();
    let good = || put(&stranger, &ticket, &file);
    // Method, length, type, checksum, form.
    for method in ["GET", "POST", "DELETE", "PATCH"] {
        stranger.ask(method, url).await.expect_status(405);
    }
    put(&stranger, &ticket, &file[1..]).await.expect_status(422);
    put(&stranger, &ticket, &[file.as_slice(), b"x"].concat()).await.expect_status(422);
    good().header("content-type", "text/html").await.expect_status(422);
    good().header("x-amz-checksum-sha256", "AAAA").await.expect_status(422);
    good().header("if-none-match", "\"x\"").await.expect_status(422);
    good().header("content-encoding", "gzip").await.expect_status(422);
    // Another upload's address with this one's seal, an altered seal, none.
    let other = open(&nurse, &patient, &said).await.expect_status(201).json();
    let part = |ticket: &Value, at: usize| {
        let url = ticket["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        url.split('.').nth(at).unwrap().to_owned()
    };
    let mut bent = part(&ticket, 1);
    bent.replace_range(40..41, if &bent[40..41] == "A" { "B" } else { "A" });
    for upload in [
        format!("{}.{}", part(&other, 0), part(&ticket, 1)),
        format!("{}.{bent}", part(&ticket, 0)),
        format!("{}.", part(&ticket, 0)),
        part(&ticket, 0),
        "..%2f..%2fetc%2fpasswd".to_owned(),
    ] {
        let mut forged = ticket.clone();
        forged["url"] = json!(format!("/api/uploads/{upload}"));
        put(&stranger, &forged, &file).await.expect_status(404);
    }
    // At the address of another organization.
    app.organization("other").await;
    put(&stranger.at("other.localhost"), &ticket, &file).await.expect_status(404);
    // None of that used it up; twice it is good for nothing.
    good().await.expect_status(200);
    good().await.expect_status(404);
    complete(&nurse, &ticket).await.expect_status(200);
    good().await.expect_status(404);
    // The right headers and other bytes: used up, and nothing is kept.
    let mut wrong = file.clone();
    wrong[500] ^= 1;
    put(&stranger, &other, &wrong).await.expect_status(422);
    put(&stranger, &other, &file).await.expect_status(404);
    let refused = complete(&nurse, &other).await.expect_status(200).json();
    assert_eq!((&refused["state"], &refused["reason"]), (&json!("refused"), &json!("missing")));
    assert_eq!(folder.files().len(), 1, "the one that was filed");
}

#[tokio::test]
async fn what_is_said_of_a_file_is_checked_before_it_comes() {
    let (app, _folder) = house().await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let said = new("a.pdf", PDF.1, b"%PDF-1.7");
    let with = |name: &str, value: Value| {
        let mut said = said.clone();
        said[name] = value;
        said
    };
    for kind in [
        "image/svg+xml",
        "text/html",
        "application/xhtml+xml",
        "application/zip",
        "image/gif",
        "",
        "application/PDF",
    ] {
        open(&nurse, &patient, &with("content_type", json!(kind))).await.expect_status(422);
    }
    open(&nurse, &patient, &with("size", json!(52_428_801_i64))).await.expect_status(422);
    for (name, wrong) in [
        ("size", json!(0)),
        ("size", json!(-1)),
        ("size", json!("9")),
        ("sha256", json!("00")),
        ("title", json!("")),
        ("title", json!("a\u{0}b")),
        ("title", json!("x".repeat(201))),
        ("category", json!("gossip")),
        ("date", json!("01.03.2026")),
        ("date", json!("0001-01-01")),
        ("replaces", json!("0190a000-0000-7000-8000-000000000000")),
        ("membership", json!(1)),
    ] {
        let refused = open(&nurse, &patient, &with(name, wrong.clone())).await;
        assert_eq!(refused.status, 400, "{name} {wrong}: {}", refused.text());
    }
    open(&nurse, "nobody", &said).await.expect_status(404);
    open(&nurse, "0190a000-0000-7000-8000-000000000000", &said).await.expect_status(404);
    for _ in 0..100 {
        open(&nurse, &patient, &said).await.expect_status(201);
    }
    let refused = open(&nurse, &patient, &said).await.expect_status(429);
    assert_eq!(refused.header("retry-after"), "60");
}

#[tokio::test]
async fn time_ends_an_upload_and_a_link() {
    let clock = Arc::new(FixedClock::at(World::system().now()));
    let world = World::new(clock.clone(), Arc::new(kernel::SeededEntropy::new(7)));
    let app = TestApp::in_world(Settings::default(), world).await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let file = pdf("", 10);
    let (id, ..) = upload(&app, &nurse, &patient, PDF, &file).await;
    let late = open(&nurse, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(201).json();
    let sent = open(&nurse, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(201).json();
    put(&app.stranger(), &sent, &file).await.expect_status(200);
    let minted = link(&nurse, &id, "download").await.expect_status(200).json();
    clock.advance(SignedDuration::from_secs(60));
    nurse.get(minted["url"].as_str().unwrap()).await.expect_status(404);
    clock.advance(SignedDuration::from_mins(20));
    put(&app.stranger(), &late, &file).await.expect_status(404);
    // What came in time may still be completed for a while, and then no more.
    clock.advance(SignedDuration::from_mins(90));
    complete(&nurse, &sent).await.expect_status(409);
}

#[tokio::test]
async fn a_link_is_its_callers_alone_and_good_a_few_times() {
    let (app, _folder) = house().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let nurse = clinic.all_powers(&[&north]).await;
    let colleague = clinic.all_powers(&[&north]).await;
    let elsewhere = clinic.all_powers(&[&south]).await;
    let other = app.organization("other").await;
    let away = other.facility("away").await;
    let foreign = other.all_powers(&[&away]).await;
    let patient = admit(&nurse, "Ember").await;
    let file = pdf("", 10);
    for stranger in [&elsewhere, &foreign] {
        open(stranger, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(404);
    }
    let ticket = open(&nurse, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(201).json();
    put(&app.stranger(), &ticket, &file).await.expect_status(200);
    // Nobody but who opened it completes it, or learns how far it is.
    let path = format!("/api/documents/uploads/{}", ticket["document"].as_str().unwrap());
    for stranger in [&colleague, &elsewhere, &foreign] {
        complete(stranger, &ticket).await.expect_status(404);
        stranger.get(&path).await.expect_status(404);
    }
    complete(&nurse, &ticket).await.expect_status(200);
    let id = ticket["document"].as_str().unwrap();
    let minted = link(&nurse, id, "download").await.expect_status(200).json();
    let url = minted["url"].as_str().unwrap();
    for stranger in [&colleague, &elsewhere, &foreign] {
        stranger.get(url).await.expect_status(404);
    }
    app.stranger().get(url).await.expect_status(401);
    for stranger in [&elsewhere, &foreign] {
        link(stranger, id, "download").await.expect_status(404);
    }
    link(&colleague, id, "download").await.expect_status(200);
    link(&nurse, id, "export").await.expect_status(400);
    let answers = [(); 6].map(|()| nurse.get(url));
    let mut statuses = Vec::new();
    for answer in answers {
        statuses.push(answer.await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 404, 404]);
    nurse.get("/api/documents/content/-/nonsense").await.expect_status(404);
}

#[tokio::test]
async fn who_may_not_is_not_let_in() {
    let (app, _folder) = house().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.all_powers(&[&north]).await;
    let reader = clinic.token(&[Permission::ChartRead, Permission::ChartSearch], &[&north]).await;
    let patient = admit(&nurse, "Ember").await;
    let file = pdf("", 10);
    open(&reader, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(403);
    // Whose right ends after the way in was given brings nothing in by it.
    let leaver = clinic.all_powers(&[&north]).await;
    let ticket = open(&leaver, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(201).json();
    clinic.revoke(&leaver).await;
    let mut tries = 0;
    while leaver.get("/api/me").await.status != 401 {
        tries += 1;
        assert!(tries < 100, "a revoked token is dead within seconds");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    complete(&leaver, &ticket).await.expect_status(401);
}

#[tokio::test]
async fn a_download_ends_when_its_authority_does() {
    use futures_util::StreamExt as _;

    let (app, _folder) = house().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.all_powers(&[&north]).await;
    let patient = admit(&nurse, "Ember").await;
    let file = pdf("", 20 << 20);
    let (id, state, _) = upload(&app, &nurse, &patient, PDF, &file).await;
    assert_eq!(state, "clean");
    let minted = link(&nurse, &id, "download").await.expect_status(200).json();
    let second = link(&nurse, &id, "download").await.expect_status(200).json();
    let mut body = nurse.get(minted["url"].as_str().unwrap()).stream().await;
    let first = body.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"%PDF"));
    clinic.revoke(&nurse).await;
    let revoked = std::time::Instant::now();
    let mut got = first.len();
    let broken = loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        match body.next().await {
            Some(Ok(part)) => got += part.len(),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broken && got < file.len(), "{got} of {}", file.len());
    assert!(revoked.elapsed() < Duration::from_secs(5), "{:?}", revoked.elapsed());
    nurse.get(second["url"].as_str().unwrap()).await.expect_status(401);
}

/// Not only one's own end counts: so does that of any post above, however far.
#[tokio::test]
async fn a_download_ends_when_a_post_two_above_does() {
    use futures_util::StreamExt as _;

    let (app, _folder) = house().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.all_powers(&[&north]).await;
    let patient = admit(&nurse, "Ember").await;
    let file = pdf("", 20 << 20);
    let (id, state, _) = upload(&app, &nurse, &patient, PDF, &file).await;
    assert_eq!(state, "clean");
    let chain = crate::exports::chain(&app, &clinic, &north).await;
    let path = format!("/api/documents/{id}/links");
    let mint =
        async || chain.tab.post(&path, &json!({"purpose": "download"})).await.expect_status(200).json();
    let (minted, second) = (mint().await, mint().await);
    let ask = chain.tab.ask("GET", minted["url"].as_str().unwrap());
    let mut body = chain.tab.dressed(ask).stream().await;
    let mut got = body.next().await.unwrap().unwrap().len();
    clinic.dismiss(kernel::MembershipId(i32::try_from(chain.director).unwrap())).await;
    let revoked = std::time::Instant::now();
    let broken = loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        match body.next().await {
            Some(Ok(part)) => got += part.len(),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broken && got < file.len(), "{got} of {}", file.len());
    assert!(revoked.elapsed() < Duration::from_secs(5), "{:?}", revoked.elapsed());
    chain.tab.get(second["url"].as_str().unwrap()).await.expect_status(403);
}
