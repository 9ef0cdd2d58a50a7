//! Relatives, and posts that see a part of the record.

use serde_json::json;
use testkit::{Client, Permission};

use super::{PDF, house, link, new, open, pdf, upload};
use crate::people::admit;

async fn number(client: &Client) -> i32 {
    let me = client.get("/api/me").await.expect_status(200).json();
    i32::try_from(me["membership"].as_i64().unwrap()).unwrap()
}

async fn paths(client: &Client, path: &str, paths: &[&str]) {
    let body = json!({"paths": paths}).to_string();
    client.ask("PUT", path).body("application/json", body).await.expect_status(200);
}

#[tokio::test]
async fn a_relative_gets_a_file_while_it_is_shared_with_them() {
    let (app, _folder) = house().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let doctor = clinic.all_powers(&[&north]).await;
    let daughter = clinic
        .token(&[Permission::ChartRead, Permission::ChartSearch, Permission::ChartWrite], &[&north])
        .await;
    let su = app.superuser().await;
    let post = number(&daughter).await;
    let portal =
        "UPDATE org.membership SET plane = 'portal', by_relationship = true WHERE membership_id = $1";
    su.execute(portal, &[&post]).await.unwrap();
    let patient = admit(&doctor, "Ember").await;
    let (id, ..) = upload(&app, &doctor, &patient, PDF, &pdf("", 10)).await;
    let tie = "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
               SELECT organization_id, facility_id, id, $2, 'family', now() - interval '1 hour'
                 FROM chart.resource WHERE id = $1::text::uuid";
    link(&daughter, &id, "download").await.expect_status(404);
    su.execute(tie, &[&patient, &post]).await.unwrap();
    link(&daughter, &id, "download").await.expect_status(404);
    // Its title is shared, and not what is in it.
    let sharing = format!("/api/patients/{patient}/sharing/{post}");
    paths(&doctor, &sharing, &["Patient.name", "DocumentReference.description", "DocumentReference.status"])
        .await;
    let seen = daughter.get(&format!("/fhir/R4/DocumentReference/{id}")).await.expect_status(200).json();
    assert_eq!((&seen["description"], &seen["content"]), (&json!("Blood count"), &json!(null)));
    link(&daughter, &id, "download").await.expect_status(404);
    paths(&doctor, &sharing, &["Patient.name", "DocumentReference"]).await;
    let minted = link(&daughter, &id, "preview").await.expect_status(200).json();
    daughter.get(minted["url"].as_str().unwrap()).await.expect_status(200);
    // Taken back, the link that was made is worth nothing.
    paths(&doctor, &sharing, &["Patient.name"]).await;
    daughter.get(minted["url"].as_str().unwrap()).await.expect_status(404);
    // Relatives read what was approved; they put nothing in.
    open(&daughter, &patient, &new("a.pdf", PDF.1, &pdf("", 10))).await.expect_status(403);
}

#[tokio::test]
async fn a_post_that_does_not_see_contents_gets_no_link() {
    let (app, _folder) = house().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let doctor = clinic.all_powers(&[&north]).await;
    let aide = clinic.all_powers(&[&north]).await;
    let patient = admit(&doctor, "Ember").await;
    let (id, ..) = upload(&app, &doctor, &patient, PDF, &pdf("", 10)).await;
    link(&aide, &id, "download").await.expect_status(200);
    let hidden = format!("/api/people/{}/hidden-fields", number(&aide).await);
    paths(&doctor, &hidden, &["DocumentReference.content"]).await;
    link(&aide, &id, "download").await.expect_status(404);
    paths(&doctor, &hidden, &["DocumentReference"]).await;
    link(&aide, &id, "download").await.expect_status(404);
    open(&aide, &patient, &new("a.pdf", PDF.1, &pdf("", 10))).await.expect_status(404);
}
