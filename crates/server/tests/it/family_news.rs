//! What is new for relatives: of what they see, since they looked, and told of nothing else.

use serde_json::{Value, json};
use testkit::Client;

use crate::family::{MARK, Story, number, story};

const ALL: [&str; 3] = ["value", "note", "who"];

impl Story {
    async fn news(&self, relative: &Client) -> Value {
        self.page(relative).await["news"].take()
    }

    /// Looks; what was new.
    async fn looks(&self, relative: &Client) -> (Value, Value) {
        let news = self.news(relative).await;
        self.look(relative, &news).await.expect_status(204);
        (news["new"].clone(), news["changed"].clone())
    }

    async fn change(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let known = self.doctor.get(path).await.expect_status(200);
        let mut body = known.json();
        change(&mut body);
        self.doctor.put(path, &body).if_match(known.header("etag")).await.expect_status(200);
    }
}

#[tokio::test]
async fn what_came_or_changed_since_they_looked_is_told_until_they_look_again() {
    let story = story().await;
    story.approve(&story.daughter, "measurements", &["value"]).await;
    let first = story.weigh("01", "60.5").await;
    let news = story.news(&story.daughter).await;
    assert_eq!((&news["since"], &news["new"]), (&json!(null), &json!([])), "nobody looked yet");
    story.look(&story.daughter, &news).await.expect_status(204);
    assert_eq!(story.looks(&story.daughter).await, (json!([]), json!([])));

    let second = story.weigh("02", "61").await;
    story
        .change(&format!("/fhir/R4/Observation/{first}"), |it| it["valueQuantity"]["value"] = json!(62))
        .await;
    let news = story.news(&story.daughter).await;
    assert_eq!((&news["new"], &news["changed"]), (&json!([second]), &json!([first])));
    assert!(news["since"].is_string());
    // Fetched and not looked at, it stays new; and what came after the page was fetched is not taken for seen with it.
    let third = story.weigh("03", "63").await;
    story.look(&story.daughter, &news).await.expect_status(204);
    story.look(&story.daughter, &news).await.expect_status(204);
    let next = story.news(&story.daughter).await;
    assert_eq!((&next["new"], &next["changed"]), (&json!([third]), &json!([])));
    // A page that is not the one that is open says nothing.
    story.look(&story.daughter, &news).await.expect_status(412);
    assert_eq!(story.news(&story.daughter).await["new"], json!([third]));
    // Each of the family looks for themselves.
    story.approve(&story.son, "measurements", &["value"]).await;
    assert_eq!(story.news(&story.son).await["since"], json!(null));
    let path = format!("/api/family/{}/looked", story.mother);
    let theirs = json!({"look": story.news(&story.daughter).await["look"]}).to_string();
    story.son.ask("POST", &path).body("application/json", theirs.clone()).await.expect_status(412);
    story.doctor.ask("POST", &path).body("application/json", theirs).await.expect_status(404);
    // What was taken back by whoever wrote it is no news.
    story.looks(&story.daughter).await;
    story
        .change(&format!("/fhir/R4/Observation/{third}"), |it| {
            it["status"] = json!("entered-in-error");
            it["valueQuantity"]["value"] = json!(1);
        })
        .await;
    assert_eq!(story.looks(&story.daughter).await, (json!([]), json!([])));
    let logged = story
        .app
        .superuser()
        .await
        .query("SELECT membership_id FROM audit.event WHERE action = 'family.looked'", &[])
        .await
        .unwrap();
    let her = number(&story.daughter).await;
    assert!(logged.len() >= 4 && logged.iter().all(|row| row.get::<_, i32>(0) == her));
}

#[tokio::test]
async fn of_what_is_not_shared_or_not_any_more_nothing_is_news() {
    let story = story().await;
    story.approve(&story.daughter, "measurements", &["value"]).await;
    let one = story.weigh("01", "60.5").await;
    story.looks(&story.daughter).await;
    // A change of what she does not see, and records of which she sees none.
    story
        .change(&format!("/fhir/R4/Observation/{one}"), |it| {
            it["note"] = json!([{"text": format!("{MARK} 2")}])
        })
        .await;
    story.hidden().await;
    assert_eq!(story.looks(&story.daughter).await, (json!([]), json!([])));
    // More is shared of it: there is something to read. Less is: there is not.
    story.approve(&story.daughter, "measurements", &["value", "who"]).await;
    assert_eq!(story.looks(&story.daughter).await, (json!([]), json!([one])));
    story.approve(&story.daughter, "measurements", &["value"]).await;
    assert_eq!(story.looks(&story.daughter).await, (json!([]), json!([])));
    // New, withdrawn before she looked: not mentioned. Shared again: what she knew is not new, and what she never saw is.
    let two = story.weigh("02", "61").await;
    assert_eq!(story.news(&story.daughter).await["new"], json!([two]));
    story.approve(&story.daughter, "measurements", &[]).await;
    let page = story.page(&story.daughter).await;
    assert_eq!((&page["news"]["new"], &page["news"]["changed"]), (&json!([]), &json!([])));
    assert!(!page.to_string().contains(&two));
    story.look(&story.daughter, &page["news"]).await.expect_status(204);
    story.approve(&story.daughter, "measurements", &ALL).await;
    let news = story.news(&story.daughter).await;
    assert_eq!(news["new"], json!([two]));
    // What is kept of it says nothing.
    let rows = story
        .app
        .superuser()
        .await
        .query("SELECT coalesce(looked, ''), coalesce(offered, '') FROM org.family_news", &[])
        .await
        .unwrap();
    for row in &rows {
        for kept in [row.get::<_, Vec<u8>>(0), row.get(1)] {
            let id: uuid::Uuid = one.parse().unwrap();
            assert!(!kept.windows(16).any(|part| part == id.as_bytes()));
        }
    }
    assert!(!rows.is_empty());
}

#[tokio::test]
async fn answers_wait_until_they_are_read_and_nobody_else_is_told() {
    let story = story().await;
    let own = format!("/api/family/{}/letters", story.mother);
    let theirs = format!("/api/patients/{}/letters", story.mother);
    let membership = number(&story.daughter).await;
    let write = |who: &Client, path: &str, text: &str| {
        who.ask("POST", path).body("application/json", json!({"text": text}).to_string())
    };
    let read = |letter: &Value| {
        let path = format!("{own}/read");
        story.daughter.ask("POST", &path).body("application/json", json!({"letter": letter}).to_string())
    };
    write(&story.daughter, &own, "How is she?").await.expect_status(201);
    write(&story.daughter, &own, "And her knee?").await.expect_status(201);
    let threads = story.doctor.get(&theirs).await.expect_status(200).json();
    assert_eq!(threads["threads"][0]["waiting"], json!(2));
    for text in ["Well.", "Better."] {
        write(&story.doctor, &format!("{theirs}/{membership}"), text).await.expect_status(201);
    }
    let thread = story.daughter.get(&own).await.expect_status(200).json();
    assert_eq!((&thread["unread"], &thread["waiting"]), (&json!(2), &json!(0)));
    let letters = thread["letters"].as_array().unwrap();
    let some = read(&letters[2]["letter"]).await.expect_status(200).json();
    assert_eq!(some["unread"], json!(1));
    assert_eq!(read(&letters[3]["letter"]).await.expect_status(200).json()["unread"], json!(0));
    // An old page takes nothing back, and a letter that is none of hers is none.
    assert_eq!(read(&letters[1]["letter"]).await.expect_status(200).json()["unread"], json!(0));
    assert_eq!(story.daughter.get(&own).await.json()["unread"], json!(0));
    read(&json!("0190a000-0000-7000-8000-000000000000")).await.expect_status(404);
    write(&story.doctor, &format!("{theirs}/{membership}"), "She asks for you.").await.expect_status(201);
    assert_eq!(story.daughter.get(&own).await.json()["unread"], json!(1));
    // The care team is not told what she read, nor her brother.
    let threads = story.doctor.get(&theirs).await.expect_status(200).json();
    assert_eq!((&threads["threads"][0]["waiting"], threads["threads"][0].get("unread")), (&json!(0), None));
    assert_eq!(story.son.get(&own).await.expect_status(200).json()["unread"], json!(0));
}
