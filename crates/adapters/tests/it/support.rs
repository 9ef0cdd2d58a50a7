//! What the tests share.

use std::sync::Arc;
use std::time::Duration;

use adapters::mail::{Address, Content, Mailer, Message, Smtp, SmtpConfig};
use adapters::sms::{Phone, Text};
use kernel::{FixedClock, SeededEntropy, World};

/// The sender of every test's mail.
pub(crate) const FROM: &str = "Lamplight <no-reply@care.example>";
/// The recipient of every test's mail.
pub(crate) const TO: &str = "ada.byron@example.com";
/// The recipient of every test's text messages.
pub(crate) const NUMBER: &str = "+14155552671";

#[expect(clippy::print_stdout, reason = "what a test found out is told to whoever runs it")]
pub(crate) fn skipped(why: &str) {
    println!("SKIPPED: {why}");
}

/// The world at three in the morning of 22 November 2026, UTC.
pub(crate) fn world() -> World {
    let clock = FixedClock::at("2026-11-22T03:00:00Z".parse().unwrap());
    World::new(Arc::new(clock), Arc::new(SeededEntropy::new(7)))
}

pub(crate) fn message() -> Message {
    content("Caf\u{e9} at nine", "Hello,\n.\n\u{2022} one\nBye\n", Some("<p>Hello &amp; <b>bye</b></p>\n"))
}

pub(crate) fn content(subject: &str, text: &str, html: Option<&str>) -> Message {
    let html = html.map(str::to_owned);
    let content = Content { subject: subject.to_owned(), text: text.to_owned(), html };
    Message::new(world().uuid(), Address::parse(TO).unwrap(), content).unwrap()
}

pub(crate) fn text() -> Text {
    let body = "123456 is your code: 50% + 1 & more\n\n@care.example #123456".to_owned();
    Text::new(world().uuid(), Phone::parse(NUMBER).unwrap(), body).unwrap()
}

/// A mailer to `url`, trusting `roots`, that waits one second at most.
pub(crate) fn mailer(url: &str, roots: Option<&str>) -> Mailer {
    let second = Duration::from_secs(1);
    let config = SmtpConfig::parse(url, FROM).unwrap().with_patience(second, second);
    let config = match roots {
        Some(pem) => config.with_roots(pem.as_bytes().to_vec()),
        None => config,
    };
    Mailer::Smtp(Smtp::new(config, world()).unwrap())
}
