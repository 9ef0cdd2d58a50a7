//! Text messages to a stand-in for Twilio: what is asked, and what each answer means.

use std::time::Duration;

use adapters::sms::{Sent, Texter, Twilio, TwilioConfig};
use adapters::{SendError, Why};
use serde_json::json;
use wiremock::matchers::{body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{text, world};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const KEY: &str = "SK0123456789abcdef0123456789abcdef";
const SERVICE: &str = "MG0123456789abcdef0123456789abcdef";
const SID: &str = "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const MESSAGES: &str = "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json";

fn config(base: &str, key: Option<&str>, sender: &str) -> Texter {
    let patience = Duration::from_millis(500);
    let config = TwilioConfig::new(ACCOUNT, key, "s3cret", sender).unwrap().with_base(base).unwrap();
    Texter::Twilio(Twilio::new(config.with_patience(patience, patience), world()).unwrap())
}

fn created() -> ResponseTemplate {
    ResponseTemplate::new(201).set_body_json(json!({"sid": SID, "status": "queued", "error_code": null}))
}

async fn answering(answer: ResponseTemplate) -> (MockServer, Texter) {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    let texter = config(&server.uri(), None, SERVICE);
    (server, texter)
}

#[tokio::test]
async fn a_request_is_a_form_signed_with_the_account() {
    let server = MockServer::start().await;
    let form = "To=%2B14155552671&MessagingServiceSid=MG0123456789abcdef0123456789abcdef\
                &Body=123456+is+your+code%3A+50%25+%2B+1+%26+more%0A%0A%40care.example+%23123456";
    Mock::given(method("POST"))
        .and(path(MESSAGES))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        // base64 of account:s3cret
        .and(header("authorization", "Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjpzM2NyZXQ="))
        .and(body_string(form))
        .respond_with(created())
        .expect(1)
        .mount(&server)
        .await;
    let sent = config(&server.uri(), None, SERVICE).send(&text()).await;
    assert_eq!(sent, Ok(Sent { sid: Some(SID.to_owned()) }));
}

#[tokio::test]
async fn an_api_key_signs_and_a_number_sends() {
    let (server, _) = answering(created()).await;
    config(&server.uri(), Some(KEY), "(415) 555-0132").send(&text()).await.unwrap();
    let asked = &server.received_requests().await.unwrap()[0];
    assert_eq!(asked.url.path(), MESSAGES);
    let authorization = asked.headers["authorization"].to_str().unwrap();
    // base64 of SK01...: the account is in the path alone.
    assert!(authorization.starts_with("Basic U0swMTIz"), "{authorization}");
    let body = String::from_utf8(asked.body.clone()).unwrap();
    assert!(body.contains("&From=%2B14155550132&") && !body.contains("MessagingServiceSid"), "{body}");
}

#[tokio::test]
async fn each_refusal_has_its_meaning() {
    for (status, code, why) in [
        (400, 21211, Why::Recipient),
        (400, 21614, Why::NotMobile),
        (400, 21610, Why::OptedOut),
        (400, 21408, Why::Region),
        (400, 21606, Why::Sender),
        (400, 21617, Why::Refused),
        (401, 20003, Why::Credentials),
        (403, 20003, Why::Credentials),
        (404, 20404, Why::Credentials),
    ] {
        let body = json!({"code": code, "message": "The number +14155552671 ...", "more_info": "https://x", "status": status});
        let (_server, texter) = answering(ResponseTemplate::new(status).set_body_json(body)).await;
        let error = texter.send(&text()).await.unwrap_err();
        assert_eq!(error, SendError::Permanent { why, code: Some(code) });
    }
    let (_server, texter) = answering(ResponseTemplate::new(422).set_body_string("<html>")).await;
    let error = texter.send(&text()).await.unwrap_err();
    assert_eq!(error, SendError::Permanent { why: Why::Refused, code: Some(422) });
}

#[tokio::test]
async fn busy_is_for_now_and_says_until_when() {
    let body = json!({"code": 20429, "message": "Too Many Requests", "status": 429});
    for (answer, code, seconds) in [
        (ResponseTemplate::new(429).set_body_json(&body).insert_header("retry-after", "7"), 20429, Some(7)),
        (ResponseTemplate::new(429).set_body_json(&body), 20429, None),
        (
            ResponseTemplate::new(503).insert_header("retry-after", "Sun, 22 Nov 2026 03:00:30 GMT"),
            503,
            Some(30),
        ),
        (ResponseTemplate::new(500).set_body_string("oops"), 500, None),
    ] {
        let (_server, texter) = answering(answer).await;
        let error = texter.send(&text()).await.unwrap_err();
        let retry_after = seconds.map(Duration::from_secs);
        assert_eq!(error, SendError::Transient { why: Why::Busy, code: Some(code), retry_after });
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let (elsewhere, _) = answering(created()).await;
    for status in [301, 302, 307, 308] {
        let answer = ResponseTemplate::new(status).insert_header("location", elsewhere.uri());
        let (_server, texter) = answering(answer).await;
        let error = texter.send(&text()).await.unwrap_err();
        assert_eq!((error.why(), error.is_transient()), (Why::Protocol, true), "{status}");
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn no_answer_in_time_no_server_and_nonsense_are_for_now() {
    let (_server, texter) = answering(created().set_delay(Duration::from_secs(5))).await;
    assert_eq!(texter.send(&text()).await.unwrap_err().why(), Why::Timeout);
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    assert_eq!(config(&gone, None, SERVICE).send(&text()).await.unwrap_err().why(), Why::Network);
    for answer in [
        ResponseTemplate::new(200).set_body_string("welcome to the airport's network"),
        ResponseTemplate::new(201).set_body_string("{}"),
        ResponseTemplate::new(201).set_body_json(json!({"sid": "../../x", "status": "queued"})),
        ResponseTemplate::new(201).set_body_bytes(vec![b' '; 70_000]),
    ] {
        let (_server, texter) = answering(answer).await;
        let error = texter.send(&text()).await.unwrap_err();
        assert_eq!((error.why(), error.is_transient()), (Why::Protocol, true));
    }
}

#[tokio::test]
async fn taken_and_failed_at_once_is_a_refusal() {
    let body = json!({"sid": SID, "status": "failed", "error_code": 30006});
    let (_server, texter) = answering(ResponseTemplate::new(201).set_body_json(body)).await;
    let error = texter.send(&text()).await.unwrap_err();
    assert_eq!(error, SendError::Permanent { why: Why::NotMobile, code: Some(30006) });
}

#[tokio::test]
async fn a_stranger_s_certificate_ends_it() {
    use crate::smtp_server::{Manners, Server};
    let server = Server::start(Manners { implicit: true, ..Manners::default() }).await;
    let texter = config(&format!("https://localhost:{}", server.port), None, SERVICE);
    assert_eq!(texter.send(&text()).await.unwrap_err().why(), Why::Network);
    assert_eq!(server.count("[tls]"), 0);
}
