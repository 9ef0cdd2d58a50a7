//! Reviewing who has access to a facility, and how long what is kept.

use serde_json::{Value, json};
use testkit::{Answer, Browser, Client, Facility, Organization, PASSWORD, Permission, Person, TestApp};

const REVIEWS: &str = "/api/access-reviews";
const REVIEWER: [Permission; 4] =
    [Permission::PeopleReview, Permission::PeopleRead, Permission::PeopleEnd, Permission::OrganizationManage];

struct House<'a> {
    clinic: Organization<'a>,
    north: Facility,
    south: Facility,
    reviewer: Person,
    tab: Browser,
    nurse: Person,
}

impl<'a> House<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let clinic = app.organization("clinic").await;
        let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
        let reviewer = clinic.person("reviewer@care.example", &REVIEWER, &[&north]).await;
        let tab = reviewer.browser.open("clinic", reviewer.membership).await;
        let held = [Permission::ChartRead, Permission::PeopleInvite];
        let nurse = clinic.person("nurse@care.example", &held, &[&north]).await;
        clinic.person("south@care.example", &[Permission::ChartRead], &[&south]).await;
        Self { clinic, north, south, reviewer, tab, nurse }
    }

    async fn start(&self) -> String {
        let started = self.tab.post(REVIEWS, &json!({"facility": "north"})).await.expect_status(201).json();
        format!("{REVIEWS}/{}", started["review"].as_str().unwrap())
    }

    async fn decide(&self, review: &str, membership: &Value, verdict: &str) -> Answer {
        let path = format!("{review}/posts/{membership}");
        let body = json!({"verdict": verdict}).to_string();
        let mut ask = self.tab.ask("PUT", &path).body("application/json", body);
        if verdict == "ended" {
            ask = ask.header("lamplight-step-up", &self.tab.proof("person.end", PASSWORD).await);
        }
        self.tab.send(ask).await
    }

    async fn sign(&self, review: &str) -> Answer {
        let proof = self.tab.proof("sign", PASSWORD).await;
        self.tab.post_proved(&format!("{review}/sign"), &json!({}), &proof).await
    }
}

fn people(review: &Value) -> &Vec<Value> {
    review["people"].as_array().unwrap()
}

fn of(review: &Value, membership: i64) -> &Value {
    people(review).iter().find(|one| one["membership"] == membership).unwrap()
}

#[tokio::test]
async fn every_post_is_kept_or_ended_by_somebody_else_and_the_whole_is_signed() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    // A post below the nurse's ends with it.
    let above = house.nurse.browser.open("clinic", house.nurse.membership).await;
    let proof = above.proof("person.invite", PASSWORD).await;
    let offer = json!({"email": "below@care.example", "name": "Below", "role": "Aide", "kind": "staff",
        "permissions": ["chart.read"], "facilities": ["north"], "by_relationship": false});
    above.post_proved("/api/people", &offer, &proof).await.expect_status(201);
    let list = house.tab.get(REVIEWS).await.expect_status(200).json();
    assert_eq!((&list["reviews"], &list["due"][0]["last_signed_at"]), (&json!([]), &Value::Null));
    assert_eq!(list["due"].as_array().unwrap().len(), 1, "of what is within reach");

    let review = house.start().await;
    let again = house.tab.post(REVIEWS, &json!({"facility": "north"})).await.expect_status(409).json();
    assert_eq!(again["code"], "review-open");
    let found = house.tab.get(&review).await.expect_status(200).json();
    let nurse = of(&found, house.nurse.membership);
    assert_eq!(
        (&nurse["below"], &nurse["alive"], &nurse["verdict"]),
        (&json!(1), &json!(true), &Value::Null)
    );
    assert!(nurse["last_seen_at"].is_string() && nurse["permissions"].to_string().contains("people.invite"));
    assert!(!found.to_string().contains("south@"), "{found}");
    let own = of(&found, house.reviewer.membership).clone();
    assert_eq!(own["own"], true);

    assert_eq!(house.sign(&review).await.expect_status(409).json()["code"], "review-undecided");
    let refused = house.decide(&review, &own["membership"], "kept").await.expect_status(409);
    assert_eq!(refused.json()["code"], "own-post");
    let asked = json!({"verdict": "ended"}).to_string();
    let path = format!("{review}/posts/{}", nurse["membership"]);
    let unproved = house.tab.ask("PUT", &path).body("application/json", asked);
    assert_eq!(house.tab.send(unproved).await.expect_status(403).json()["code"], "step-up-required");
    house.decide(&review, &nurse["membership"], "ended").await.expect_status(204);
    // Whoever was ended is out, and so is who stood below.
    let out = above.get("/api/me").await;
    assert!(out.status == 403 || out.status == 401, "{}", out.status);
    let found = house.tab.get(&review).await.expect_status(200).json();
    assert_eq!(of(&found, house.nurse.membership)["alive"], false);
    let again = house.decide(&review, &nurse["membership"], "kept").await.expect_status(409).json();
    assert_eq!(again["code"], "review-closed");
    for one in people(&found) {
        if one["verdict"].is_null() && one["own"] == false {
            house.decide(&review, &one["membership"], "kept").await.expect_status(204);
        }
    }
    // One's own waits for somebody else.
    assert_eq!(house.sign(&review).await.expect_status(409).json()["code"], "review-undecided");
    let second = house.clinic.person("second@care.example", &REVIEWER, &[&house.north]).await;
    let other = second.browser.open("clinic", second.membership).await;
    let path = format!("{review}/posts/{}", house.reviewer.membership);
    let keep = other.ask("PUT", &path).body("application/json", json!({"verdict": "kept"}).to_string());
    other.send(keep).await.expect_status(204);
    house.sign(&review).await.expect_status(204);
    assert_eq!(house.sign(&review).await.expect_status(409).json()["code"], "review-closed");
    let list = house.tab.get(REVIEWS).await.expect_status(200).json();
    assert_eq!(list["reviews"][0]["ended"], 1);
    assert!(list["due"][0]["last_signed_at"].is_string() && list["reviews"][0]["signed_by"].is_string());

    let database = app.superuser().await;
    let sql = "SELECT action, count(*) FROM audit.event
                WHERE action IN ('reviews.start', 'reviews.sign', 'people.end') AND outcome = 'success' GROUP BY 1 ORDER BY 1";
    let logged = database.query(sql, &[]).await.unwrap();
    let logged: Vec<(String, i64)> = logged.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected = [("people.end", 1), ("reviews.sign", 1), ("reviews.start", 1)];
    assert_eq!(logged, expected.map(|(action, count)| (action.to_owned(), count)));
}

#[tokio::test]
async fn a_review_is_of_who_may_review_within_reach() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let review = house.start().await;
    let elsewhere: Client = house.clinic.token(&REVIEWER, &[&house.south]).await;
    elsewhere.get(&review).await.expect_status(404);
    let ask =
        elsewhere.ask("POST", REVIEWS).body("application/json", json!({"facility": "north"}).to_string());
    ask.await.expect_status(400);
    assert_eq!(elsewhere.get(REVIEWS).await.expect_status(200).json()["reviews"], json!([]));
    let other = app.organization("other").await;
    let theirs = other.token(&REVIEWER, &[&other.facility("north").await]).await;
    theirs.get(&review).await.expect_status(404);
    let path = format!("{review}/posts/{}", house.nurse.membership);
    let ended = json!({"verdict": "ended"}).to_string();
    theirs.ask("PUT", &path).body("application/json", ended).await.expect_status(404);
    house.nurse.browser.open("clinic", house.nurse.membership).await.get(REVIEWS).await.expect_status(403);
    // Who reviews and may not end posts keeps them and ends none.
    let keeper = house.clinic.token(&[Permission::PeopleReview], &[&house.north]).await;
    let ended = json!({"verdict": "ended"}).to_string();
    keeper.ask("PUT", &path).body("application/json", ended).await.expect_status(403);
    let found = house.tab.get(&review).await.expect_status(200).json();
    assert_eq!(of(&found, house.nurse.membership)["verdict"], Value::Null, "nothing of it stays");
    for (body, status) in [
        (json!({"facility": "north", "due_at": "2020-01-01T00:00:00Z"}), 400),
        (json!({"facility": "nowhere"}), 400),
        (json!({"facility": "north", "who": 1}), 400),
    ] {
        house.tab.post(REVIEWS, &body).await.expect_status(status);
    }
}

#[tokio::test]
async fn how_long_what_is_kept_is_said_within_the_law_and_what_is_not_set_up_says_so() {
    const KEEPING: &str = "/api/organization/keeping";
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let admin = clinic.person("admin@care.example", &REVIEWER, &[&north]).await;
    let tab = admin.browser.open("clinic", admin.membership).await;
    let first = tab.get(KEEPING).await.expect_status(200).json();
    assert_eq!((&first["records"]["years"], &first["log"]["least"]), (&json!(5), &json!(6)));
    assert_eq!((&first["version"], &first["destroys"]), (&json!(1), &json!(false)));
    for what in ["proof", "archive", "backup", "rehearsal"] {
        assert_eq!(first[what]["state"], "not-set-up", "{what}");
    }
    // A backup was taken, and its rehearsal did not pass.
    let owner = app.superuser().await;
    owner
        .batch_execute(
            "INSERT INTO platform.backup VALUES (gen_random_uuid(), now(), now(), '20260101-000000F', 'full', 1);
             INSERT INTO platform.rehearsal VALUES (gen_random_uuid(), now(), now(), '20260101-000000F', 'faults', '{}')",
        )
        .await
        .unwrap();
    let then = tab.get(KEEPING).await.expect_status(200).json();
    assert_eq!(
        (&then["backup"]["state"], &then["rehearsal"]["state"]),
        (&json!("working"), &json!("failing"))
    );
    assert_eq!(then["rehearsal"]["last_at"], Value::Null, "none ever passed");
    let put = async |body: Value, version: &str| {
        let proof = tab.proof("organization.manage", PASSWORD).await;
        let ask = tab.ask("PUT", KEEPING).if_match(version).header("lamplight-step-up", &proof);
        tab.send(ask.body("application/json", body.to_string())).await
    };
    let said = |records, log, days, erasure, adult| {
        json!({"records_years": records, "log_years": log, "review_days": days, "erasure_days": erasure,
            "adult_years": adult})
    };
    let body = |records, log, days| said(records, log, days, 7, 18);
    let wrong = [body(4, 6, 90), body(10, 5, 90), body(10, 6, 1), body(101, 6, 90)];
    for wrong in wrong.into_iter().chain([said(10, 6, 90, 91, 18), said(10, 6, 90, 7, 15)]) {
        put(wrong, "W/\"1\"").await.expect_status(400);
    }
    let now = put(said(10, 7, 30, 0, 21), "W/\"1\"").await.expect_status(200).json();
    assert_eq!((&now["records"]["years"], &now["version"]), (&json!(10), &json!(2)));
    assert_eq!((&now["erasure_days"], &now["adult_years"]), (&json!(0), &json!(21)));
    put(body(11, 7, 30), "W/\"1\"").await.expect_status(412);
    put(body(11, 7, 30), "W/\"2\"").await.expect_status(200);
    let nurse = clinic.token(&[Permission::ChartRead], &[&north]).await;
    nurse.get(KEEPING).await.expect_status(403);
    // Another organization says it for itself.
    let other = app.organization("other").await;
    let theirs = other.token(&REVIEWER, &[&other.facility("north").await]).await;
    assert_eq!(theirs.get(KEEPING).await.expect_status(200).json()["version"], 1);
}
