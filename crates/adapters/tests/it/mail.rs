//! Mail to a server of our own: what goes over the wire, under which protection, and what each answer means.

use std::time::Duration;

use adapters::mail::{Mailer, Smtp, SmtpConfig};
use adapters::texts::Link;
use adapters::{ConfigError, SendError, Why};

use crate::smtp_server::{Manners, Server};
use crate::support::{FROM, content, mailer, message, world};

/// AUTH PLAIN of `robot` and `s3cret/pw`.
const PLAIN: &str = "AHJvYm90AHMzY3JldC9wdw==";

fn transient(why: Why, code: Option<u32>) -> SendError {
    SendError::Transient { why, code, retry_after: None }
}

/// To a server on this machine, in clear.
fn local(server: &Server) -> Mailer {
    mailer(&format!("smtp://127.0.0.1:{}", server.port), None)
}

/// To the same by an address that is not known to be this machine.
fn remote(server: &Server) -> Mailer {
    mailer(&format!("smtp://robot:s3cret%2Fpw@[::ffff:127.0.0.1]:{}", server.port), Some(&server.pem))
}

#[tokio::test]
async fn a_message_arrives_with_its_headers() {
    let server = Server::start(Manners::default()).await;
    local(&server).send(&message()).await.unwrap();
    let heard = server.heard();
    assert!(heard.commands.contains(&"MAIL FROM:<no-reply@care.example>".to_owned()), "{:?}", heard.commands);
    assert!(heard.commands.contains(&"RCPT TO:<ada.byron@example.com>".to_owned()));
    let mail = &heard.mails[0];
    let (headers, body) = mail.split_once("\r\n\r\n").unwrap();
    let id = message().id();
    for header in [
        "From: Lamplight <no-reply@care.example>",
        "To: ada.byron@example.com",
        "Date: Sun, 22 Nov 2026 03:00:00 +0000",
        &format!("Message-ID: <{id}@care.example>"),
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ] {
        assert_eq!(headers.lines().filter(|line| *line == header).count(), 1, "{header} in\n{headers}");
    }
    assert!(headers.contains("Content-Type: multipart/alternative;"), "{headers}");
    assert!(body.contains("Content-Type: text/plain; charset=utf-8"), "{body}");
    assert!(body.contains("Content-Type: text/html; charset=utf-8"), "{body}");
    assert!(mail.is_ascii() && mail.lines().all(|line| line.len() < 998));
}

#[tokio::test]
async fn what_is_sent_again_and_again_is_stopped_by_one_click() {
    let server = Server::start(Manners::default()).await;
    let link = format!("https://clinic.care.example/api/unsubscribe/{}", "Aa0_-".repeat(20));
    let mail = message().stopped_by(Link::parse(&link).unwrap());
    local(&server).send(&mail).await.unwrap();
    local(&server).send(&message()).await.unwrap();
    let heard = server.heard();
    let headers: Vec<&str> = heard.mails.iter().map(|mail| mail.split_once("\r\n\r\n").unwrap().0).collect();
    let has = |headers: &str, header: &str| headers.lines().any(|line| line == header);
    assert!(has(headers[0], &format!("List-Unsubscribe: <{link}>")), "{}", headers[0]);
    assert!(has(headers[0], "List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{}", headers[0]);
    assert!(!headers[1].contains("List-Unsubscribe"), "{}", headers[1]);
}

#[tokio::test]
async fn the_same_message_is_the_same_bytes() {
    let server = Server::start(Manners::default()).await;
    let mailer = local(&server);
    for _ in 0..2 {
        mailer.send(&message()).await.unwrap();
    }
    let heard = server.heard();
    assert_eq!(heard.mails[0], heard.mails[1]);
}

#[tokio::test]
async fn a_plain_message_has_one_part_and_long_lines_are_folded() {
    let server = Server::start(Manners::default()).await;
    let words = "word ".repeat(400);
    local(&server).send(&content("Plain", &words, None)).await.unwrap();
    let mail = &server.heard().mails[0];
    assert!(!mail.contains("multipart") && mail.lines().all(|line| line.len() <= 78), "{mail}");
}

#[tokio::test]
async fn connections_are_used_again_and_replaced_when_they_broke() {
    let manners = Manners { answers: vec![("NOOP", "421 going down")], ..Manners::default() };
    let server = Server::start(manners).await;
    let mailer = local(&server);
    // The second finds the first one's connection dead, the third uses the second one's.
    for _ in 0..3 {
        mailer.send(&message()).await.unwrap();
    }
    assert_eq!((server.heard().mails.len(), server.count("[connected]")), (3, 2));
}

#[tokio::test]
async fn a_server_elsewhere_gets_nothing_without_tls() {
    let server = Server::start(Manners { auth: Some(PLAIN), ..Manners::default() }).await;
    let error = remote(&server).send(&message()).await.unwrap_err();
    assert_eq!(error, transient(Why::Unsuitable, None));
    for command in ["AUTH", "MAIL", "RCPT", "DATA"] {
        assert_eq!(server.count(command), 0, "{command} was sent in clear");
    }
}

#[tokio::test]
async fn starttls_comes_before_the_password() {
    let server = Server::start(Manners { starttls: true, auth: Some(PLAIN), ..Manners::default() }).await;
    remote(&server).send(&message()).await.unwrap();
    let commands = server.heard().commands;
    let place = |what: &str| commands.iter().position(|command| command.starts_with(what)).unwrap();
    assert!(place("STARTTLS") < place("[tls]") && place("[tls]") < place("AUTH"), "{commands:?}");
    assert_eq!(server.heard().mails.len(), 1);
}

#[tokio::test]
async fn smtps_is_encrypted_from_the_first_byte() {
    let server = Server::start(Manners { implicit: true, auth: Some(PLAIN), ..Manners::default() }).await;
    let url = format!("smtps://robot:s3cret%2Fpw@localhost:{}", server.port);
    mailer(&url, Some(&server.pem)).send(&message()).await.unwrap();
    assert_eq!(server.heard().commands[..2], ["[connected]", "[tls]"]);
    assert_eq!(server.heard().mails.len(), 1);
}

#[tokio::test]
async fn a_stranger_s_certificate_ends_it() {
    for (implicit, scheme, host) in [(true, "smtps", "localhost"), (false, "smtp", "[::ffff:127.0.0.1]")] {
        let manners = Manners { implicit, starttls: !implicit, ..Manners::default() };
        let (server, other) = (Server::start(manners).await, Server::start(Manners::default()).await);
        let url = format!("{scheme}://{host}:{}", server.port);
        // The web's roots do not know it, nor does another server's certificate.
        for roots in [None, Some(other.pem.as_str())] {
            let error = mailer(&url, roots).send(&message()).await.unwrap_err();
            assert!(error.is_transient(), "{error:?}");
            assert!(matches!(error.why(), Why::Tls | Why::Network), "{error:?}");
            assert_eq!(server.count("MAIL"), 0);
        }
    }
}

#[tokio::test]
async fn certificates_are_pem_or_refused_at_once() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", "nothing", broken] {
        let config =
            SmtpConfig::parse("smtps://localhost", FROM).unwrap().with_roots(pem.as_bytes().to_vec());
        assert_eq!(Smtp::new(config, world()).unwrap_err(), ConfigError::MailRoots, "{pem}");
    }
}

#[tokio::test]
async fn each_answer_has_its_class() {
    for (verb, answer, why, code, permanent) in [
        ("greeting", "554 go away", Why::Refused, 554, true),
        ("greeting", "421 too many", Why::Busy, 421, false),
        ("MAIL", "530 5.7.0 sign in first", Why::Credentials, 530, true),
        ("MAIL", "452 no room", Why::Busy, 452, false),
        ("RCPT", "550 5.1.1 <ada.byron@example.com> unknown", Why::Recipient, 550, true),
        ("RCPT", "553 bad name", Why::Recipient, 553, true),
        ("RCPT", "450 greylisted, come back", Why::Busy, 450, false),
        ("DATA", "554 no", Why::Refused, 554, true),
        (".", "552 too large", Why::Refused, 552, true),
        (".", "451 try again", Why::Busy, 451, false),
    ] {
        let server = Server::start(Manners { answers: vec![(verb, answer)], ..Manners::default() }).await;
        let mailer = local(&server);
        let error = mailer.send(&message()).await.unwrap_err();
        assert_eq!((error.why(), error.code()), (why, Some(code)), "{verb} {answer}");
        assert_eq!(error.is_transient(), !permanent, "{verb} {answer}");
        // The server's mood has passed.
        mailer.send(&message()).await.unwrap();
        assert_eq!(server.heard().mails.len(), 1);
    }
}

#[tokio::test]
async fn a_wrong_password_is_told() {
    let server = Server::start(Manners { auth: Some("c29tZXRoaW5nIGVsc2U="), ..Manners::default() }).await;
    let url = format!("smtp://robot:s3cret%2Fpw@localhost:{}", server.port);
    let error = mailer(&url, None).send(&message()).await.unwrap_err();
    assert_eq!(error, SendError::Permanent { why: Why::Credentials, code: Some(535) });
}

#[tokio::test]
async fn a_server_that_is_not_there_or_speaks_otherwise() {
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let error = mailer(&format!("smtp://127.0.0.1:{gone}"), None).send(&message()).await.unwrap_err();
    assert_eq!(error, transient(Why::Network, None));
    let manners = Manners { answers: vec![("greeting", "HTTP/1.1 400 Bad Request")], ..Manners::default() };
    let server = Server::start(manners).await;
    assert_eq!(local(&server).send(&message()).await.unwrap_err(), transient(Why::Protocol, None));
}

#[tokio::test]
async fn silence_is_not_waited_for_and_its_connection_not_used_again() {
    for verb in ["greeting", "RCPT", "DATA", "."] {
        let server = Server::start(Manners { answers: vec![(verb, "")], ..Manners::default() }).await;
        let mailer = local(&server);
        assert_eq!(mailer.send(&message()).await.unwrap_err(), transient(Why::Timeout, None), "{verb}");
        mailer.send(&message()).await.unwrap();
        assert_eq!((server.heard().mails.len(), server.count("[connected]")), (1, 2), "{verb}");
    }
}

#[tokio::test]
async fn who_gives_up_half_way_leaves_no_answer_behind_for_the_next() {
    let server = Server::start(Manners { answers: vec![("RCPT", "")], ..Manners::default() }).await;
    let mailer = local(&server);
    let given_up = tokio::time::timeout(Duration::from_millis(200), mailer.send(&message())).await;
    assert!(given_up.is_err());
    mailer.send(&message()).await.unwrap();
    assert_eq!((server.heard().mails.len(), server.count("[connected]")), (1, 2));
}
