//! Codes are found as one types, and what was typed is written nowhere.

use serde_json::{Value, json};
use testkit::{Ask, Client, Permission, TestApp};

fn ask(client: &Client, path: &str, body: &Value) -> Ask {
    client.ask("POST", path).body("application/json", body.to_string())
}

async fn found(client: &Client, list: &str, query: &str) -> Vec<String> {
    let asked = ask(client, &format!("/api/terminology/{list}"), &json!({"query": query, "limit": 8})).await;
    let codes = asked.expect_status(200).json()["codes"].clone();
    codes.as_array().unwrap().iter().map(|code| code["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_code_is_found_by_its_beginning_and_by_words() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let aide = clinic.token(&[Permission::ChartRead], &[&north]).await;
    assert_eq!(found(&aide, "icd-10", "e11.9").await, ["E11.9"]);
    assert_eq!(found(&aide, "icd-10", "hypertenson").await[0], "I10");
    assert!(found(&aide, "icd-10", "uti").await.contains(&"N39.0".to_owned()));
    assert!(found(&aide, "cvx", "influenza high dose").await.contains(&"135".to_owned()));
    assert!(found(&aide, "cvx", "08").await.contains(&"08".to_owned()));
    assert!(found(&aide, "icd-10", "").await.is_empty());
    ask(&app.stranger(), "/api/terminology/icd-10", &json!({"query": "I10"})).await.expect_status(401);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_without_its_words() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let aide = clinic.token(&[Permission::ChartRead], &[&north]).await;
    let path = "/api/terminology/icd-10";
    let marker = "zebrafever";
    let bad: [Value; 7] = [
        json!({}),
        json!({"query": 7}),
        json!({"query": marker.repeat(11)}),
        json!({"query": marker, "limit": 0}),
        json!({"query": marker, "limit": 51}),
        json!({"query": marker, "limit": -1}),
        json!({"query": marker, "patient": "x"}),
    ];
    for body in bad {
        let refused = ask(&aide, path, &body).await;
        assert!((400..500).contains(&refused.status), "{body}: {}", refused.status);
        assert!(!refused.text().contains(marker), "{}", refused.text());
    }
    for query in ["\u{0}\u{7}", "%'; DROP", "日本語", "''''", "(((("] {
        assert!(found(&aide, "icd-10", query).await.len() <= 8);
    }
    aide.get(path).await.expect_status(405);
}
