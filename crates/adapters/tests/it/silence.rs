//! No address, number, code, link, word of a message or secret is in what programs print about our values, or in logs.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapters::mail::{Address, Mailer, Message, Smtp, SmtpConfig};
use adapters::sms::{Phone, Text, Texter, Twilio, TwilioConfig};
use adapters::texts::{self, Code, Link};
use adapters::{ConfigError, Invalid, Mailbox, SendError};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::smtp_server::{Manners, Server};
use crate::support::{NUMBER, TO, world};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

/// What must not be seen, in parts too.
const SECRETS: [&str; 13] = [
    "ada.byron",
    "example.com",
    "no-reply",
    "care.example",
    "4155552671",
    "2671",
    "987654",
    "t0ken",
    "s3cret",
    "czNjcmV0",
    "robot",
    "0123456789abcdef",
    "North Clinic",
];

#[track_caller]
fn check(shown: &str) {
    for secret in SECRETS {
        assert!(!shown.to_lowercase().contains(&secret.to_lowercase()), "`{secret}` in: {shown}");
    }
}

/// Everything that is logged, by `tracing` and by the `log` crate.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl log::Log for Said {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // The stand-ins run in this process too, and theirs are none of our logs.
        if !record.target().starts_with("wiremock") {
            let _ = writeln!(self.clone(), "{} {}", record.target(), record.args());
        }
    }

    fn flush(&self) {}
}

fn link() -> Link {
    Link::parse("https://care.example/join#t0ken").unwrap()
}

fn message() -> Message {
    let content = texts::invitation("North Clinic", &link(), Duration::from_secs(3600));
    Message::new(world().uuid(), Address::parse(TO).unwrap(), content).unwrap()
}

fn text() -> Text {
    let body = texts::one_time_code(&Code::parse("987654").unwrap(), Duration::from_secs(300), &link());
    Text::new(world().uuid(), Phone::parse(NUMBER).unwrap(), body).unwrap()
}

fn smtp(port: u16) -> SmtpConfig {
    let url = format!("smtp://robot:s3cret@localhost:{port}");
    SmtpConfig::parse(&url, "North Clinic <no-reply@care.example>").unwrap()
}

fn twilio(base: &str) -> TwilioConfig {
    TwilioConfig::new(ACCOUNT, None, "s3cret", NUMBER).unwrap().with_base(base).unwrap()
}

#[tokio::test]
async fn nothing_we_hold_shows_itself() {
    let mailbox = Mailbox::new(world());
    let (mailer, texter) = (Mailer::Mailbox(mailbox.clone()), Texter::Mailbox(mailbox.clone()));
    mailer.send(&message()).await.unwrap();
    texter.send(&text()).await.unwrap();
    let (mail, sms) = (smtp(25), twilio("http://localhost:1"));
    check(&format!("{:?} {:?} {mailer:?} {texter:?}", mailbox, mailbox.list()));
    check(&format!("{:?} {:?} {:#?}", message(), message().to(), message().content()));
    check(&format!("{:?} {:?} {:#?}", text(), text().to(), link()));
    check(&format!("{:?} {mail:?} {mail:#?} {sms:?} {sms:#?}", Code::parse("987654")));
    let mailer = Mailer::Smtp(Smtp::new(mail, world()).unwrap());
    let texter = Texter::Twilio(Twilio::new(sms, world()).unwrap());
    check(&format!("{mailer:?} {mailer:#?} {texter:?} {texter:#?}"));
}

#[test]
fn no_mistake_repeats_what_was_mistaken() {
    let invalid: [Result<(), Invalid>; 4] = [
        Address::parse("ada.byron@example.com\r\nBcc: no-reply@care.example").map(drop),
        Address::parse("ada.byron@@example.com").map(drop),
        Phone::parse("4155552671 x2671").map(drop),
        Link::parse("http://care.example/t0ken").map(drop),
    ];
    for error in invalid {
        let error = error.unwrap_err();
        check(&format!("{error} {error:?}"));
    }
    let config: [Result<(), ConfigError>; 5] = [
        SmtpConfig::parse("smtp:robot:s3cret@example.com", "no-reply@care.example").map(drop),
        SmtpConfig::parse("smtp://robot:s3cret@example.com/a", "no-reply@care.example").map(drop),
        SmtpConfig::parse("smtp://localhost", "no-reply@@care.example").map(drop),
        TwilioConfig::new(ACCOUNT, Some("s3cret"), "s3cret", NUMBER).map(drop),
        TwilioConfig::new(ACCOUNT, None, "s3cret s3cret", NUMBER).map(drop),
    ];
    for error in config {
        let error = error.unwrap_err();
        check(&format!("{error} {error:?}"));
    }
}

/// The failures worth showing: servers repeat what they were told.
async fn failures() -> Vec<SendError> {
    let mut failures = Vec::new();
    for manners in [
        Manners { answers: vec![("RCPT", "550 5.1.1 ada.byron@example.com unknown")], ..Manners::default() },
        Manners { answers: vec![(".", "451 North Clinic t0ken")], ..Manners::default() },
        Manners { answers: vec![("greeting", "ada.byron@example.com")], ..Manners::default() },
    ] {
        let manners = Manners { auth: Some("AHJvYm90AHMzY3JldA=="), ..manners };
        let server = Server::start(manners).await;
        let mailer = Mailer::Smtp(Smtp::new(smtp(server.port), world()).unwrap());
        failures.push(mailer.send(&message()).await.unwrap_err());
        let _ = mailer.send(&message()).await;
    }
    for status in [400, 401, 429, 503, 302] {
        let server = MockServer::start().await;
        let said = serde_json::json!({"code": 21211, "message": "The 'To' number +14155552671 is not valid"});
        let answer = ResponseTemplate::new(status).set_body_json(said);
        Mock::given(method("POST")).respond_with(answer).mount(&server).await;
        let texter = Texter::Twilio(Twilio::new(twilio(&server.uri()), world()).unwrap());
        failures.push(texter.send(&text()).await.unwrap_err());
    }
    let texter = Texter::Twilio(Twilio::new(twilio("http://localhost:1"), world()).unwrap());
    failures.push(texter.send(&text()).await.unwrap_err());
    failures
}

#[tokio::test]
async fn failures_and_logs_hold_no_value() {
    let said = Said::default();
    let writer = said.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    // For the whole process: what other tests beside this one log must hold no value either.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    log::set_boxed_logger(Box::new(said.clone())).unwrap();
    log::set_max_level(log::LevelFilter::Trace);

    for error in failures().await {
        check(&format!("{error} {error:?} {error:#?}"));
    }
    let mailbox = Mailbox::new(world());
    Mailer::Mailbox(mailbox.clone()).send(&message()).await.unwrap();
    Texter::Mailbox(mailbox).send(&text()).await.unwrap();

    let said = String::from_utf8(said.0.lock().unwrap().clone()).unwrap();
    let count = |what: &str| said.lines().filter(|line| line.contains(what)).count();
    for (what, least) in [("not sent", 9), (" INFO mail: ", 4), (" INFO sms: ", 1)] {
        assert!(count(what) >= least, "{what} {} times in {said}", count(what));
    }
    assert!(said.contains("the recipient cannot be reached (550)"), "{said}");
    said.lines().for_each(check);
}
