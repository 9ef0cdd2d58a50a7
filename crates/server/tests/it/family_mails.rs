//! Mails that there is news: asked for, once a period, of nothing that is not shared, and over at once.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use server::app::{App, Settings};
use testkit::{Answer, Browser, Permission, Person};

use crate::family::{MARK, Story, story_of};

const EMAIL: &str = "dora@family.example";
const SUBJECT: &str = "There is something new for you on Lamplight";
const MAILS: &str = "/api/me/family-mails";

/// A daughter with an account, at her page.
struct Daughter {
    story: Story,
    person: Person,
    tab: Browser,
    post: i32,
}

async fn daughter() -> Daughter {
    let held = [Permission::ChartRead, Permission::ChartSearch, Permission::LettersWrite];
    let (story, person) = story_of(Some((EMAIL, &held))).await;
    let person = person.unwrap();
    let post = i32::try_from(person.membership).unwrap();
    let bind = "UPDATE org.membership SET plane = 'portal', by_relationship = true, role = 'Family' WHERE membership_id = $1";
    story.app.superuser().await.execute(bind, &[&post]).await.unwrap();
    story.tie_post(post).await;
    let tab = person.browser.open("clinic", person.membership).await;
    let daughter = Daughter { story, person, tab, post };
    daughter.shares(&["value"]).await;
    daughter
}

impl Daughter {
    async fn shares(&self, fields: &[&str]) {
        let body = json!({"fields": fields});
        self.story.decide_for(self.post, "measurements", body).await.expect_status(200);
    }

    async fn chooses(&self, digest: &str, version: &str) -> Answer {
        let body = json!({"digest": digest}).to_string();
        let ask = self.tab.ask("PUT", MAILS).if_match(version).body("application/json", body);
        self.tab.send(ask).await
    }

    /// Chooses from what is chosen now.
    async fn wants(&self, digest: &str) {
        let known = self.tab.get(MAILS).await.expect_status(200);
        let known = known.json();
        let now = self.chooses(digest, known["version"].as_str().unwrap()).await.expect_status(200).json();
        assert_eq!(now["digest"], digest);
        assert_ne!(now["version"], known["version"]);
    }

    async fn chosen(&self) -> Value {
        self.tab.get(MAILS).await.expect_status(200).json()["digest"].take()
    }

    /// Her page, which she looks at.
    async fn looks(&self) {
        let page = format!("/api/family/{}", self.story.mother);
        let news = self.tab.get(&page).await.expect_status(200).json()["news"].take();
        let said = self.tab.post(&format!("{page}/looked"), &json!({"look": news["look"]})).await;
        said.expect_status(204);
    }

    async fn does(&self, sql: &str) {
        self.story.app.superuser().await.batch_execute(sql).await.unwrap();
        self.story.app.app.store.db().forget_authority();
    }

    /// It is the next morning: mails are written, and not sent yet.
    async fn morning(&self) {
        self.does("UPDATE org.family_news SET due_at = now() - interval '1 minute', locked_until = NULL WHERE due_at IS NOT NULL").await;
        self.story.app.app.tell_families().await.unwrap();
    }

    /// How many mails about news came so far.
    async fn told(&self) -> usize {
        self.story.app.sent().await;
        let kept = self.story.app.app.mailbox().unwrap().list();
        kept.iter().filter(|mail| mail.subject.as_deref() == Some(SUBJECT)).count()
    }

    async fn told_next_morning(&self) -> usize {
        let before = self.told().await;
        self.morning().await;
        self.told().await - before
    }
}

#[tokio::test]
async fn a_mail_is_asked_for_and_says_nothing_but_that_there_is_news() {
    let she = daughter().await;
    let story = &she.story;
    story.weigh("01", "60.5").await;
    assert_eq!(she.chosen().await, json!("off"));
    assert_eq!(she.told_next_morning().await, 0, "nobody asked");
    she.looks().await;
    she.chooses("daily", "W/\"7\"").await.expect_status(412);
    let body = || json!({"digest": "daily"}).to_string();
    she.tab.send(she.tab.ask("PUT", MAILS).body("application/json", body())).await.expect_status(428);
    she.chooses("hourly", "W/\"1\"").await.expect_status(400);
    she.wants("daily").await;
    // Who has no address, and who is no relative.
    let put =
        |who: &testkit::Client| who.ask("PUT", MAILS).if_match("W/\"1\"").body("application/json", body());
    assert_eq!(put(&story.son).await.expect_status(409).json()["code"], "no-address");
    put(&story.doctor).await.expect_status(403);
    assert_eq!(story.doctor.get(MAILS).await.expect_status(200).json()["digest"], "off");

    assert_eq!(she.told_next_morning().await, 0, "she has seen it all");
    let weight = story.weigh("02", "61").await;
    story.hidden().await;
    assert_eq!(she.told_next_morning().await, 1);
    assert_eq!(she.told_next_morning().await, 0, "she was told");
    // What she does not see is no news.
    story.hidden().await;
    let path = format!("/fhir/R4/Observation/{weight}");
    let known = story.doctor.get(&path).await;
    let mut changed = known.json();
    changed["note"] = json!([{"text": format!("{MARK} 2")}]);
    story.doctor.put(&path, &changed).if_match(known.header("etag")).await.expect_status(200);
    assert_eq!(she.told_next_morning().await, 0);
    // An answer is, and so is what came since.
    let letters = format!("/api/patients/{}/letters/{}", story.mother, she.post);
    let answer = json!({"text": format!("{MARK} She is well.")}).to_string();
    story.doctor.ask("POST", &letters).body("application/json", answer).await.expect_status(201);
    assert_eq!(she.told_next_morning().await, 1);
    story.weigh("03", "62").await;
    she.looks().await;
    assert_eq!(she.told_next_morning().await, 0, "she looked before it was sent");

    for mail in story.app.app.mailbox().unwrap().list() {
        let all = format!("{:?} {} {:?} {:?}", mail.subject, mail.text, mail.html, mail.stop);
        for word in [MARK, "Alder", "north", "weight", "60.5", "measure", &story.mother, &weight] {
            assert!(!all.contains(word), "{word}: {all}");
        }
        if mail.subject.as_deref() == Some(SUBJECT) {
            assert_eq!(mail.to, EMAIL);
            assert!(
                mail.text.contains("at clinic.") && mail.text.contains(&format!("/open/clinic/{}", she.post))
            );
        }
    }
    // It is in the log that she was told and what she chose; and not that she looked.
    let rows = story
        .app
        .superuser()
        .await
        .query(
            "SELECT action, membership_id, coalesce(detail, '') FROM audit.event
              WHERE action IN ('family.mails', 'family.told', 'family.looked') OR purpose = 'FAMRQT'",
            &[],
        )
        .await
        .unwrap();
    let of = |action: &str, member: i32| {
        rows.iter().filter(|row| row.get::<_, &str>(0) == action && row.get::<_, i32>(1) == member).count()
    };
    assert_eq!((of("family.mails", she.post), of("family.told", she.post)), (1, 2));
    assert_eq!(of("family.looked", she.post), 2);
    assert!(of("chart.search", 0) > 3, "the program looked, under its own name");
}

#[tokio::test]
async fn however_many_look_and_whoever_is_stopped_a_mail_is_written_once() {
    let she = daughter().await;
    let (story, app) = (&she.story, &she.story.app.app);
    she.wants("weekly").await;
    story.weigh("01", "60.5").await;
    let rows = async || {
        let sql = "SELECT due_at FROM org.family_news WHERE due_at IS NOT NULL";
        story.app.superuser().await.query_one(sql, &[]).await.unwrap().get::<_, Timestamp>(0)
    };
    // Another process took it and was killed.
    she.does("UPDATE org.family_news SET due_at = now() - interval '1 minute' WHERE due_at IS NOT NULL")
        .await;
    let db = story.app.database.open_again();
    let claimed = db.claim_digest(uuid::Uuid::from_u128(1), Duration::from_secs(600)).await.unwrap();
    assert_eq!(claimed.unwrap().1.0, she.post);
    assert_eq!(app.tell_families().await.unwrap(), 0, "it is the other's for a while");
    assert_eq!(she.told().await, 0);
    she.does("UPDATE org.family_news SET locked_until = now() WHERE locked_until IS NOT NULL").await;
    let second =
        App::new(chart::Store::new(story.app.database.open_again()), app.world.clone(), Settings::default());
    let both = (0..8).map(|n| if n % 2 == 0 { app.tell_families() } else { second.tell_families() });
    let all = futures_util::future::join_all(both).await;
    assert_eq!(all.into_iter().map(Result::unwrap).sum::<usize>(), 1);
    assert_eq!(she.told().await, 1);
    let next = rows().await;
    assert!(next > app.world.now(), "{next}");
    assert_eq!(app.tell_families().await.unwrap(), 0);
    assert_eq!(she.told().await, 1);
    // When the mail cannot be written nothing is told, and it is tried again.
    story.weigh("02", "61").await;
    she.does("ALTER TABLE people.message ADD CONSTRAINT shut CHECK (false) NOT VALID").await;
    she.morning().await;
    she.does("ALTER TABLE people.message DROP CONSTRAINT shut").await;
    assert_eq!(she.told().await, 1);
    assert_eq!(she.told_next_morning().await, 1);
}

#[tokio::test]
async fn it_is_over_at_once_with_the_tie_the_approval_and_the_wish() {
    let she = daughter().await;
    let story = &she.story;
    she.wants("daily").await;
    // Withdrawn before the morning.
    story.weigh("01", "60.5").await;
    she.shares(&[]).await;
    assert_eq!(she.told_next_morning().await, 0);
    she.shares(&["value"]).await;
    assert_eq!(she.told_next_morning().await, 1);
    // Written and not sent yet: by her own wish, by the end of her tie, of her post, of her account.
    let ends = [
        "UPDATE org.relationship SET ends_at = now() WHERE kind = 'family'",
        "UPDATE org.membership SET ends_at = now() WHERE person_id IS NOT NULL",
        "UPDATE people.person SET disabled_at = now()",
    ];
    let begins = [
        "UPDATE org.relationship SET ends_at = 'infinity' WHERE kind = 'family'",
        "UPDATE org.membership SET ends_at = NULL WHERE person_id IS NOT NULL",
        "UPDATE people.person SET disabled_at = NULL",
    ];
    for (day, (end, begin)) in ends.into_iter().zip(begins).enumerate() {
        story.weigh(&format!("1{day}"), "62").await;
        she.morning().await;
        she.does(end).await;
        assert_eq!(she.told().await, 1, "{end}");
        story.weigh(&format!("2{day}"), "63").await;
        assert_eq!(she.told_next_morning().await, 0, "{end}");
        she.does(begin).await;
    }
    let tab = she.person.browser.open("clinic", she.person.membership).await;
    let she = Daughter { tab, ..she };
    let story = &she.story;
    she.looks().await;
    story.weigh("27", "64").await;
    she.morning().await;
    she.wants("off").await;
    assert_eq!(she.told().await, 1);
    story.weigh("28", "65").await;
    assert_eq!(she.told_next_morning().await, 0);
    she.wants("daily").await;
    assert_eq!(she.told_next_morning().await, 1);
}

#[tokio::test]
async fn a_mail_stops_the_next_ones_without_signing_in_and_does_nothing_else() {
    let she = daughter().await;
    let story = &she.story;
    she.wants("daily").await;
    story.weigh("01", "60.5").await;
    assert_eq!(she.told_next_morning().await, 1);
    let kept = story.app.app.mailbox().unwrap().list();
    let mail = kept.iter().find(|mail| mail.subject.as_deref() == Some(SUBJECT)).unwrap();
    let stop = mail.stop.clone().unwrap();
    let (host, path) = stop.strip_prefix("http://").unwrap().split_once("/api").unwrap();
    let path = format!("/api{path}");
    assert!(host.starts_with("clinic."), "{stop}");
    let stranger = story.app.stranger();
    let at = |method: &'static str, host: &str, path: &str| stranger.ask(method, path).header("host", host);
    // A program that looks into mails opens links; nothing is stopped by that.
    let opened = at("GET", host, &path).await.expect_status(303);
    let token = path.rsplit('/').next().unwrap();
    assert!(
        opened.header("location").ends_with(&format!("/unsubscribe#{token}")),
        "{}",
        opened.header("location")
    );
    assert!(mail.text.contains(opened.header("location")), "the one in the mail is the same page");
    assert_eq!(she.chosen().await, json!("daily"));
    let mut other = token.to_owned().into_bytes();
    other[30] = if other[30] == b'A' { b'B' } else { b'A' };
    let other = format!("/api/unsubscribe/{}", String::from_utf8(other).unwrap());
    at("POST", host, &other).await.expect_status(404);
    at("POST", host, "/api/unsubscribe/x%0d%0ay").await.expect_status(404);
    at("GET", host, "/api/unsubscribe/x%0d%0ay").await.expect_status(404);
    story.app.organization("elsewhere").await;
    at("POST", &host.replacen("clinic", "elsewhere", 1), &path).await.expect_status(404);
    assert_eq!(she.chosen().await, json!("daily"));
    // As mail programs send it, twice.
    for _ in 0..2 {
        let body = "List-Unsubscribe=One-Click";
        at("POST", host, &path).body("application/x-www-form-urlencoded", body).await.expect_status(204);
        assert_eq!(she.chosen().await, json!("off"));
    }
    story.weigh("02", "61").await;
    assert_eq!(she.told_next_morning().await, 0);
    let sql =
        "SELECT detail FROM audit.event WHERE action = 'family.mails' AND membership_id = $1 ORDER BY at";
    let rows = story.app.superuser().await.query(sql, &[&she.post]).await.unwrap();
    let said: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(said, ["daily", "off", "off already"]);
    // She may want them again.
    she.wants("weekly").await;
    assert_eq!(she.told_next_morning().await, 1);
}
