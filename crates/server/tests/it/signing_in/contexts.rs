//! Contexts side by side, and the end of them.

use std::sync::Arc;

use jiff::SignedDuration;
use kernel::{FixedClock, MembershipId, SystemEntropy, World};
use serde_json::json;
use testkit::{Limits, Permission, Quota, Settings, TestApp};

const EMAIL: &str = "ann@care.example";

#[tokio::test]
async fn a_nurse_and_daughter_works_as_both_at_once() {
    let quota = Quota::new(10_000, 10_000);
    let limits = Limits { per_person: quota, rate_per_organization: quota, ..Limits::default() };
    let app = TestApp::with(Settings { limits, ..Settings::default() }).await;
    let (a, b) = (app.organization("alder").await, app.organization("birch").await);
    let (at_a, at_b) = (a.facility("north").await, b.facility("south").await);
    let held = [Permission::ChartRead, Permission::ChartSearch, Permission::ChartWrite];
    let ann = a.person(EMAIL, &held, &[&at_a]).await;
    let daughter =
        b.take_up(&ann, "portal", &[Permission::ChartRead, Permission::ChartSearch], &[&at_b]).await;
    for (organization, facility, family) in [(&a, &at_a, "Alderman"), (&b, &at_b, "Birchwood")] {
        let everything = organization.all_powers(&[facility]).await;
        let patient = json!({"resourceType": "Patient", "name": [{"family": family}]});
        everything.post("/fhir/R4/Patient", &patient).facility(&facility.code).await.expect_status(201);
    }
    let nurse_tab = ann.browser.open("alder", ann.membership).await;
    let daughter_tab = ann.browser.open("birch", daughter).await;
    let mut asked = tokio::task::JoinSet::new();
    for turn in 0..1_000 {
        let nurse = turn % 2 == 0;
        let tab = if nurse { nurse_tab.clone() } else { daughter_tab.clone() };
        asked.spawn(async move { (nurse, tab.get("/fhir/R4/Patient").await) });
        if asked.len() >= 32 {
            asked.join_next().await.unwrap().unwrap();
        }
        while let Some(Ok((nurse, answer))) = asked.try_join_next() {
            check(nurse, answer);
        }
    }
    while let Some(answered) = asked.join_next().await {
        let (nurse, answer) = answered.unwrap();
        check(nurse, answer);
    }

    fn check(nurse: bool, answer: testkit::Answer) {
        let answer = answer.expect_status(200);
        let (own, other) = if nurse { ("Alderman", "Birchwood") } else { ("Birchwood", "Alderman") };
        let text = answer.text();
        assert!(text.contains(own) && !text.contains(other), "{text}");
        assert!(answer.headers.contains_key("lamplight-context"));
    }
    // Without a context, with one of nobody's, with one of another's: refused, not guessed.
    ann.browser.get("/fhir/R4/Patient").await.expect_status(400);
    ann.browser.tab("0190a000-0000-7000-8000-000000000000").get("/fhir/R4/Patient").await.expect_status(403);
    ann.browser.tab("nonsense").get("/fhir/R4/Patient").await.expect_status(403);
    let other = b.person("other@care.example", &held, &[&at_b]).await;
    let theirs = other.browser.open("birch", other.membership).await;
    let stolen = theirs.get("/api/me").await.json()["context"].as_str().unwrap().to_owned();
    ann.browser.tab(&stolen).get("/fhir/R4/Patient").await.expect_status(403);
    // One context is signed out; the other goes on.
    let closed = nurse_tab.get("/api/me").await.json()["context"].as_str().unwrap().to_owned();
    ann.browser.delete(&format!("/api/auth/contexts/{closed}")).await.expect_status(204);
    nurse_tab.get("/api/me").await.expect_status(403);
    daughter_tab.get("/api/me").await.expect_status(200);
}

#[tokio::test]
async fn a_dismissed_aide_is_out_on_the_next_click() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let aide = clinic.person("aide@care.example", &[Permission::ChartRead], &[&north]).await;
    let tab = aide.browser.open("clinic", aide.membership).await;
    for _ in 0..3 {
        tab.get("/api/me").await.expect_status(200);
    }
    clinic.dismiss(MembershipId(i32::try_from(aide.membership).unwrap())).await;
    tab.get("/api/me").await.expect_status(403);
    let left = aide.browser.get("/api/auth/contexts").await.expect_status(200).json();
    assert_eq!(left["memberships"], json!([]));
}

#[tokio::test]
async fn a_tablet_left_alone_locks_itself_whatever_polls() {
    let clock = Arc::new(FixedClock::at(World::system().now()));
    let world = World::new(clock.clone(), Arc::new(SystemEntropy::default()));
    let app = TestApp::in_world(Settings::default(), world).await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    let tab = nurse.browser.open("clinic", nurse.membership).await;
    for _ in 0..5 {
        clock.advance(SignedDuration::from_mins(10));
        tab.get("/api/me").await.expect_status(200);
    }
    for _ in 0..14 {
        clock.advance(SignedDuration::from_mins(1));
        tab.get("/api/auth/session").await.expect_status(200);
    }
    clock.advance(SignedDuration::from_mins(2));
    tab.get("/api/auth/session").await.expect_status(401);
    tab.get("/api/me").await.expect_status(401);
}
