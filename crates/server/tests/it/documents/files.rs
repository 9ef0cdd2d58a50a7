//! Files that are not what they say, and what somebody does to the store behind our back.

use serde_json::json;

use super::{PDF, house, link, pdf, upload};
use crate::people::{admit, clinic};

#[tokio::test]
async fn what_is_not_what_it_says_is_refused_and_leaves_nothing() {
    let (app, folder) = house().await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec();
    let html = b"<!doctype html><script>alert(1)</script>".to_vec();
    let with_page = [b"%PDF-1.7\n<script>alert(1)</script>\n".as_slice(), &pdf("", 10)].concat();
    let mut with_archive = pdf("", 10);
    with_archive.extend_from_slice(b"PK\x05\x06");
    with_archive.extend_from_slice(&[0; 18]);
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("text/plain", svg.clone(), "content"),
        ("image/png", svg, "content"),
        ("text/plain", html.clone(), "content"),
        ("application/pdf", html, "content"),
        ("application/pdf", with_page, "polyglot"),
        ("application/pdf", with_archive, "polyglot"),
        ("image/jpeg", b"GIF89a/*<svg>*/=alert(1)".to_vec(), "content"),
        (docx, b"PK\x03\x04 and no directory".to_vec(), "content"),
    ];
    for (media_type, file, reason) in cases {
        let (id, state, why) = upload(&app, &nurse, &patient, ("a.bin", media_type), &file).await;
        assert_eq!((state.as_str(), why), ("refused", json!(reason)), "{media_type}");
        nurse.get(&format!("/fhir/R4/DocumentReference/{id}")).await.expect_status(404);
        link(&nurse, &id, "download").await.expect_status(404);
    }
    assert_eq!(folder.files().len(), 0, "nothing is left of them");
    // Only what the app can show has a preview.
    let heic = [&[0, 0, 0, 24][..], b"ftypheic\0\0\0\0mif1heic"].concat();
    let (id, state, _) = upload(&app, &nurse, &patient, ("a.heic", "image/heic"), &heic).await;
    assert_eq!(state, "clean");
    link(&nurse, &id, "preview").await.expect_status(422);
    link(&nurse, &id, "download").await.expect_status(200);
}

#[tokio::test]
async fn what_is_done_to_stored_bytes_is_found() {
    let (app, folder) = house().await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let file = pdf("", 250_000);
    let (id, ..) = upload(&app, &nurse, &patient, PDF, &file).await;
    let (path, sealed) = folder.files().remove(0);
    let (other, ..) = upload(&app, &nurse, &patient, PDF, &pdf("other", 249_995)).await;
    let (other_path, of_other) = folder.files().into_iter().find(|(name, _)| *name != path).unwrap();
    assert_eq!(sealed.len(), of_other.len());
    let chunk = 65_536 + 16;
    let mut swapped = sealed.clone();
    swapped[..2 * chunk].rotate_left(chunk);
    let mut bent = sealed.clone();
    bent[200_000] ^= 1;
    let grafted = [&sealed[..chunk], &of_other[chunk..]].concat();
    let cut = sealed[..3 * chunk].to_vec();
    for (what, stored) in [
        ("swapped", swapped),
        ("bent", bent),
        ("cut", cut),
        ("grafted", grafted),
        ("another's", of_other.clone()),
    ] {
        std::fs::write(&path, stored).unwrap();
        let minted = link(&nurse, &id, "download").await.expect_status(200).json();
        let whole = nurse.get(minted["url"].as_str().unwrap()).try_whole().await;
        assert!(whole.is_none(), "{what}: it must break off");
    }
    std::fs::write(&path, sealed).unwrap();
    let minted = link(&nurse, &id, "download").await.expect_status(200).json();
    assert!(nurse.get(minted["url"].as_str().unwrap()).await.body == file);
    // The rows of two documents exchanged: the bytes know whose they are.
    let su = app.superuser().await;
    su.batch_execute(&format!(
        "UPDATE org.document d SET object = e.object, header = e.header FROM org.document e
          WHERE d.document_id = '{id}' AND e.document_id = '{other}'"
    ))
    .await
    .ok();
    su.batch_execute(&format!(
        "ALTER TABLE org.document DISABLE TRIGGER check_document;
         UPDATE org.document d SET object = e.object, header = e.header FROM org.document e
          WHERE d.document_id = '{id}' AND e.document_id = '{other}'"
    ))
    .await
    .unwrap();
    let minted = link(&nurse, &id, "download").await.expect_status(200).json();
    assert!(nurse.get(minted["url"].as_str().unwrap()).try_whole().await.is_none());
    drop(other_path);
}
