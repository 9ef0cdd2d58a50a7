//! What people entrust to us: nothing of it is readable at rest, and none of it opens where it does not belong.

use chart::Store;
use credentials::password::Cost;
use db::{NewToken, Operator};
use jiff::SignedDuration;
use kernel::World;
use policy::Permission;
use serde_json::{Value, json};
use server::app::{App, Settings};
use testkit::{Answer, Browser, Client, PASSWORD, Person, TestApp, pg, totp};

use crate::support::Tenant;

const EMAIL: &str = "canarymail.q7x2@care.example";
const OTHER_EMAIL: &str = "canarymoved.q7x2@care.example";
const STRANGER: &str = "canarynobody.q7x2@care.example";
pub(crate) const NAME: &str = "Canaria Vogelsang-Q7X2";
const LABEL: &str = "canarylabel q7x2";
const PHONE: &str = "+12025550187";
const SECRET: &str = "canarypassword one q7x2";
const WRONG: &str = "canarypassword wrong q7x2";
const NEXT: &str = "canarypassword two q7x2";

/// The newest message to this address or number.
async fn mailed(app: &App, to: &str) -> String {
    while app.deliver_messages().await.unwrap() > 0 {}
    let kept = app.mailbox().unwrap().list();
    kept.into_iter().find(|kept| kept.to == to).unwrap_or_else(|| panic!("nothing to {to}")).text
}

fn token_in(text: &str) -> String {
    text.split_once('#').unwrap().1.split_whitespace().next().unwrap().to_owned()
}

/// A relative's life with an account, mistakes and all. Gives everything about it that nobody may find.
pub(crate) async fn live(store: &Store, operator: &mut Operator, tenant: &Tenant) -> Vec<String> {
    let settings =
        Settings { password_cost: Some(Cost { memory: 64, passes: 1, lanes: 1 }), ..Settings::default() };
    let app = App::new(store.clone(), World::system(), settings);
    let router = server::http::router(app.clone());
    let new = NewToken {
        name: "administrator",
        permissions: Permission::ALL.into_iter().collect(),
        facilities: &[tenant.north],
        expires_at: World::system().now() + SignedDuration::from_hours(1),
    };
    let issued = operator.issue_token(tenant.row.id, &new).await.unwrap();
    let administrator = Client::new(router.clone(), Some(&issued.text));
    let browser = Browser::new(Client::new(router.clone(), None));
    let mut secrets: Vec<String> =
        [EMAIL, OTHER_EMAIL, STRANGER, NAME, LABEL, &PHONE[2..], SECRET, WRONG, NEXT]
            .map(str::to_owned)
            .into();
    secrets.push(issued.text.clone());

    let offer = json!({
        "email": EMAIL, "name": NAME, "role": "Daughter", "kind": "portal",
        "permissions": ["chart.read"], "facilities": ["north"],
    });
    let post = administrator.ask("POST", "/api/people").body("application/json", offer.to_string());
    let membership = post.await.expect_status(201).json()["membership"].as_i64().unwrap();
    let invitation = token_in(&mailed(&app, EMAIL).await);
    browser.post("/api/auth/invitation", &json!({"token": invitation})).await.expect_status(200);
    let accepted = json!({"token": invitation, "name": NAME, "password": SECRET});
    browser.post("/api/auth/invitation/accept", &accepted).await.expect_status(200);
    secrets.push(invitation);
    let cookie = |browser: &Browser| browser.cookie().unwrap().split_once('=').unwrap().1.to_owned();
    secrets.push(cookie(&browser));

    let made =
        browser.post("/api/auth/factors/totp", &json!({"label": LABEL})).await.expect_status(201).json();
    let shared = made["secret"].as_str().unwrap().to_owned();
    let code = totp(&shared, app.world.now() - SignedDuration::from_secs(30));
    let path = format!("/api/auth/factors/{}/confirm", made["id"].as_str().unwrap());
    let codes = browser.post(&path, &json!({"code": code})).await.expect_status(200).json();
    secrets.extend(
        codes["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()),
    );
    secrets.push(cookie(&browser));
    let proof = browser.proof("factor.add", SECRET).await;
    let phone = json!({"phone": PHONE, "label": LABEL});
    let made = browser.post_proved("/api/auth/factors/sms", &phone, &proof).await.expect_status(201).json();
    secrets.push(proof);
    let sent = mailed(&app, PHONE).await;
    let code: String =
        sent.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    let path = format!("/api/auth/factors/{}/confirm", made["id"].as_str().unwrap());
    browser.post(&path, &json!({"code": code})).await.expect_status(200);
    browser.open("people", membership).await.get("/api/me").await.expect_status(200);

    let elsewhere = Browser::new(Client::new(router, None));
    elsewhere.sign_in(EMAIL, WRONG).await.expect_status(401);
    elsewhere.sign_in(STRANGER, WRONG).await.expect_status(401);
    elsewhere.sign_in(NAME, SECRET).await.expect_status(401);
    let half = elsewhere.sign_in(EMAIL, SECRET).await.expect_status(200).json();
    let login = half["login"].as_str().unwrap().to_owned();
    let now = totp(&shared, app.world.now());
    let second = json!({"login": login, "kind": "totp", "code": now});
    elsewhere.post("/api/auth/login/factor", &second).await.expect_status(200);
    secrets.extend([login, shared, cookie(&elsewhere)]);

    let proof = elsewhere.proof("email.change", SECRET).await;
    let moved = json!({"email": OTHER_EMAIL});
    let asked = elsewhere.post_proved("/api/auth/email", &moved, &proof).await;
    assert!(asked.status < 300, "{}", asked.text());
    let link = token_in(&mailed(&app, OTHER_EMAIL).await);
    let finished = elsewhere.post("/api/auth/email/finish", &json!({"token": link})).await;
    assert!(finished.status < 300, "{}", finished.text());
    secrets.push(link);
    for email in [OTHER_EMAIL, STRANGER] {
        elsewhere.post("/api/auth/reset", &json!({"email": email})).await.expect_status(202);
    }
    let reset = token_in(&mailed(&app, OTHER_EMAIL).await);
    let weak = json!({"token": reset, "password": NAME});
    elsewhere.post("/api/auth/reset/finish", &weak).await.expect_status(400);
    let new = json!({"token": reset, "password": NEXT});
    elsewhere.post("/api/auth/reset/finish", &new).await.expect_status(204);
    secrets.push(reset);
    // One more is never fetched: the message and the ticket stay behind.
    elsewhere.post("/api/auth/reset", &json!({"email": OTHER_EMAIL})).await.expect_status(202);
    administrator.get("/api/people").await.expect_status(200);
    administrator.delete(&format!("/api/people/{membership}")).await.expect_status(204);
    secrets
}

/// Two nurses of one clinic, and the tables behind the program's back.
async fn two(app: &TestApp) -> (Person, Person, pg::Client) {
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let ann = clinic.person("ann@care.example", &[Permission::ChartRead], &[&north]).await;
    let ben = clinic.person("ben@care.example", &[Permission::ChartRead], &[&north]).await;
    (ann, ben, app.superuser().await)
}

/// Exchanges a column between the two rows of a table.
fn swap(table: &str, column: &str) -> String {
    format!("UPDATE {table} t SET {column} = o.{column} FROM {table} o WHERE o.person_id <> t.person_id")
}

async fn sign_in(app: &TestApp, person: &Person, steps: i64) -> Result<Value, Answer> {
    let browser = app.browser();
    let half = browser.sign_in(&person.email, PASSWORD).await;
    if half.status != 200 {
        return Err(half);
    }
    let login = half.json()["login"].clone();
    let body = json!({"login": login, "kind": "totp", "code": app.code(&person.totp, steps)});
    let whole = browser.post("/api/auth/login/factor", &body).await;
    if whole.status != 200 {
        return Err(whole);
    }
    Ok(browser.get("/api/auth/session").await.expect_status(200).json())
}

#[tokio::test]
async fn what_a_person_entrusted_opens_only_where_it_stood() {
    for (what, table, column) in [
        ("names and addresses", "people.person", "details"),
        ("passwords", "people.person", "password"),
        ("shared secrets", "people.factor", "secret"),
    ] {
        let app = TestApp::new().await;
        let (ann, ben, superuser) = two(&app).await;
        assert_eq!(superuser.execute(&swap(table, column), &[]).await.unwrap(), 2, "{what}");
        for person in [&ann, &ben] {
            let told = sign_in(&app, person, 0).await;
            let refused = told.expect_err(&format!("{what}: {} is signed in", person.email));
            assert_eq!(refused.status, 500, "{what}: {}", refused.text());
            let text = refused.text().to_lowercase();
            assert!(!text.contains("care.example") && !text.contains("somebody"), "{what}: {text}");
        }
        superuser.execute(&swap(table, column), &[]).await.unwrap();
        for person in [&ann, &ben] {
            let session =
                sign_in(&app, person, 0).await.unwrap_or_else(|told| panic!("{what}: {}", told.text()));
            assert_eq!(session["person"]["email"], person.email.as_str(), "{what}: put back");
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_in_what_a_person_entrusted_is_refused() {
    for (table, column) in
        [("people.person", "details"), ("people.person", "password"), ("people.factor", "secret")]
    {
        let app = TestApp::new().await;
        let (ann, ben, superuser) = two(&app).await;
        let flip = format!(
            "UPDATE {table} SET {column} = set_byte({column}, length({column}) / 2, get_byte({column}, length({column}) / 2) # 1)
              WHERE person_id = (SELECT min(person_id) FROM people.person)"
        );
        assert_eq!(superuser.execute(&flip, &[]).await.unwrap(), 1);
        let refused = sign_in(&app, &ann, 0).await.expect_err("Ann is signed in");
        assert_eq!(refused.status, 500, "{column}: {}", refused.text());
        assert!(sign_in(&app, &ben, 0).await.is_ok(), "{column}: Ben is refused as well");
    }
}
