//! The words of every message, in one snapshot that a person can read through.

use std::fmt::Write as _;
use std::time::Duration;

use adapters::mail::{Address, Content, Message};
use adapters::sms::{Phone, Text};
use adapters::texts::{self, Code, Factor, Link};
use jiff::Zoned;

use crate::support::{NUMBER, TO, world};

/// A name that tries things.
const NASTY: &str = "<b>North</b> & \"Sons\"\r\nBcc: eve@evil.test\u{202e}";

fn when() -> Zoned {
    "2026-11-21T22:05:00-05:00[America/New_York]".parse().unwrap()
}

fn link(path: &str) -> Link {
    Link::parse(&format!("https://care.example/{path}")).unwrap()
}

/// Every e-mail.
fn mails(organization: &str, device: &str, link: &Link) -> Vec<(&'static str, Content)> {
    let (when, hours) = (when(), |hours: u64| Duration::from_secs(hours * 3600));
    let stop = Link::parse("https://care.example/unsubscribe#its-token").unwrap();
    vec![
        ("invitation", texts::invitation(organization, link, hours(7 * 24))),
        ("password reset", texts::password_reset(link, hours(1))),
        ("password was changed", texts::password_changed(&when, link)),
        ("e-mail change, to the new address", texts::email_change(link, hours(24))),
        ("e-mail change, to the old address", texts::email_change_notice(&when, link)),
        ("new sign-in", texts::new_sign_in(device, &when, link)),
        ("passkey added", texts::factor_added(Factor::Passkey, &when, link)),
        ("recovery codes added", texts::factor_added(Factor::RecoveryCodes, &when, link)),
        ("provider linked", texts::provider_linked(organization, &when, link)),
        ("family news, daily", texts::family_news(organization, false, link, &stop)),
        ("family news, weekly", texts::family_news(organization, true, link, &stop)),
        ("emergency opened", texts::emergency_opened(organization, &when, link)),
        ("support asked for", texts::support_asked(organization, &when, link)),
        ("support begun", texts::support_begun(organization, device, &when, link)),
        ("phone removed", texts::factor_removed(Factor::Phone, &when, link)),
        ("authenticator removed", texts::factor_removed(Factor::Authenticator, &when, link)),
        ("account locked", texts::account_locked(&when, Duration::from_secs(900), link)),
    ]
}

#[test]
fn the_words() {
    let mut all = String::new();
    for (name, content) in
        mails("North & South Clinic", "Firefox on Windows", &link("do?this=1&that=2#token"))
    {
        writeln!(all, "==== {name}\nSubject: {}\n\n{}", content.subject, content.text).unwrap();
    }
    let code = texts::one_time_code(&Code::parse("123456").unwrap(), Duration::from_secs(300), &link(""));
    writeln!(all, "==== one-time code (SMS)\n{code}\n").unwrap();
    let html =
        texts::invitation("North & South Clinic", &link("do?this=1&that=2#token"), Duration::from_secs(60));
    writeln!(all, "==== invitation, HTML\n{}", html.html.unwrap()).unwrap();
    insta::assert_snapshot!("words", all);
}

#[test]
fn every_mail_can_be_sent_whatever_a_name_is() {
    for organization in [NASTY, "", "\u{200b}", &"x".repeat(5000), &"wide \u{1f3e5} ".repeat(500)] {
        for (name, content) in mails(organization, organization, &link(&format!("?t={}", "a".repeat(800)))) {
            for line in content.text.lines().chain(content.html.as_deref().unwrap().lines()) {
                assert!(line.len() < 998, "{name}: a line of {} bytes", line.len());
            }
            assert!(!content.text.contains('\r') && !content.text.contains('\u{202e}'), "{name}");
            assert!(Message::new(world().uuid(), Address::parse(TO).unwrap(), content).is_ok(), "{name}");
        }
    }
}

#[test]
fn a_name_is_never_markup_and_never_a_header() {
    for (name, content) in mails(NASTY, NASTY, &link("?a='\"<script>&b")) {
        let html = content.html.unwrap();
        assert!(!html.contains("<b>") && !html.contains("<script"), "{name}: {html}");
        assert!(!html.replace("href=\"https", "").replace("\">", "").contains("='\""), "{name}: {html}");
        assert!(!content.subject.contains('\n'), "{name}");
    }
}

#[test]
fn plain_text_and_html_lead_to_the_same_place() {
    for (name, content) in mails("North", "Firefox", &link("go#secret-token")) {
        assert_eq!(content.text.matches("https://care.example/go#secret-token").count(), 1, "{name}");
        assert!(content.html.unwrap().contains("href=\"https://care.example/go#secret-token\""), "{name}");
    }
}

#[test]
fn a_code_is_one_segment_and_names_its_place() {
    let code = Code::parse("123456").unwrap();
    let body = texts::one_time_code(&code, Duration::from_secs(300), &link("sign-in?next=/"));
    assert_eq!(
        body,
        "123456 is your Lamplight code. It is good for 5 minutes. We never ask for it.\n\n@care.example #123456"
    );
    // GSM 03.38: 160 septets, all of these characters are one.
    assert!(
        body.len() <= 160
            && body.is_ascii()
            && !body.contains(['[', ']', '{', '}', '\\', '^', '~', '|', '`'])
    );
    assert!(Text::new(world().uuid(), Phone::parse(NUMBER).unwrap(), body).is_ok());
}
