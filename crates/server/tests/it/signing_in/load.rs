//! Signing in under load, and what time tells.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{Limits, PASSWORD, Permission, Quota, Settings, TestApp};

fn wide() -> Limits {
    let quota = Quota::new(100_000, 100_000);
    Limits { per_source: quota, per_person: quota, rate_per_organization: quota, ..Limits::default() }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_does_not_tell_whether_an_account_exists() {
    let pairs =
        if std::env::var("LAMPLIGHT_TEST_SCALE").is_ok_and(|scale| scale == "full") { 1_000 } else { 100 };
    let app = TestApp::with(Settings { limits: wide(), ..Settings::default() }).await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    for n in 0..10 {
        clinic.person(&format!("n{n}@care.example"), &[Permission::ChartRead], &[&north]).await;
    }
    let browser = app.browser();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let mut mails = app.sent().await.len();
    for pair in 0..pairs {
        // In turn, so that whatever else the machine does falls on both alike.
        for (there, times) in [(true, &mut known), (false, &mut unknown)] {
            let email =
                if there { format!("n{}@care.example", pair % 10) } else { format!("x{pair}@care.example") };
            let begun = Instant::now();
            let answer = browser.sign_in(&email, "not this one, no").await;
            times.push(begun.elapsed());
            assert_eq!(answer.status, 401);
        }
        if pair % 10 == 0 && pair < 200 {
            for email in [format!("n{}@care.example", pair / 10 % 10), format!("x{pair}@care.example")] {
                browser.post("/api/auth/reset", &json!({"email": email})).await.expect_status(202);
                let now = app.sent().await.len();
                assert!(now == mails + 1 || now == 200, "{email}");
                mails = now;
            }
        }
    }
    let (known, unknown) = (median(known), median(unknown));
    println!("known {known:?}, unknown {unknown:?}, {pairs} pairs");
    assert!(known.abs_diff(unknown) < Duration::from_millis(20), "{known:?} {unknown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sign_ins_leave_room_for_work() {
    let cost = Some(credentials::password::Cost::OWASP);
    let app = TestApp::with(Settings { limits: wide(), password_cost: cost, ..Settings::default() }).await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic
        .person("nurse@care.example", &[Permission::ChartRead, Permission::ChartWrite], &[&north])
        .await;
    let tab = nurse.browser.open("clinic", nurse.membership).await;
    let everything = clinic.all_powers(&[&north]).await;
    let made =
        everything.post("/fhir/R4/Patient", &json!({"resourceType": "Patient"})).facility("north").await;
    let path = format!("/fhir/R4/Patient/{}", made.expect_status(201).id());
    let read = async |times: usize| {
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let begun = Instant::now();
            tab.get(&path).await.expect_status(200);
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        (took[times / 2], took[times * 99 / 100])
    };
    read(50).await;
    let calm = read(300).await;
    let mut storm = tokio::task::JoinSet::new();
    for n in 0..200 {
        let browser = app.browser();
        storm.spawn(async move { browser.sign_in(&format!("n{n}@care.example"), PASSWORD).await.status });
    }
    let under = read(300).await;
    let mut answers = std::collections::BTreeMap::new();
    while let Some(status) = storm.join_next().await {
        *answers.entry(status.unwrap()).or_insert(0) += 1;
    }
    println!("calm {calm:?}, under 200 sign-ins {under:?}, answers {answers:?}");
    // Every one was answered, and those for whom there was no room were told to come again.
    assert_eq!(answers.values().sum::<i32>(), 200);
    assert!(answers.keys().all(|status| [401, 429, 503].contains(status)), "{answers:?}");
    // The machine is shared and noisy; what must not happen is that reading stands still while passwords are hashed.
    assert!(under.0 < calm.0 * 10 + Duration::from_millis(50), "{calm:?} {under:?}");
}
