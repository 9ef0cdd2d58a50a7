//! Mail to a server that others wrote (Python's aiosmtpd), read by a parser that others wrote (Python's `email`).

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use adapters::Why;
use serde_json::Value;

use crate::fetch::{Running, pip};
use crate::smtp_server::certificate;
use crate::support::{TO, mailer, message, skipped};

#[tokio::test]
async fn python_reads_what_we_wrote() {
    let folder = match pip("aiosmtpd", "aiosmtpd", &["aiosmtpd"]).await {
        Ok(folder) => folder,
        Err(why) => return skipped(&why),
    };
    let (key, certificate) = certificate();
    let pem = folder.join(format!("{}.pem", std::process::id()));
    std::fs::write(&pem, format!("{}{}", key.serialize_pem(), certificate.pem())).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail_server.py");
    let mut command = Command::new("python3");
    command.arg("-u").arg(script).arg(&pem).env("PYTHONPATH", &folder).stdout(Stdio::piped());
    let mut python = Running::start(&mut command);
    let mut said = BufReader::new(python.child().stdout.take().unwrap()).lines();
    let mut next = move || said.next().expect("the server ended").unwrap();
    let port: u16 = next().parse().unwrap();
    std::fs::remove_file(&pem).unwrap();

    let url = |password: &str| format!("smtp://robot:{password}@[::ffff:127.0.0.1]:{port}");
    let root = certificate.pem();
    mailer(&url("s3cret%2Fpw"), Some(&root)).send(&message()).await.unwrap();
    let got: Value = serde_json::from_str(&next()).unwrap();
    assert_eq!(got["tls"], true);
    assert_eq!((&got["from"], &got["to"][0]), (&"no-reply@care.example".into(), &TO.into()));
    assert_eq!(got["headers"]["Subject"], "Caf\u{e9} at nine");
    assert_eq!(got["headers"]["From"], "Lamplight <no-reply@care.example>");
    assert_eq!(got["headers"]["Auto-Submitted"], "auto-generated");
    assert_eq!(got["headers"]["Message-ID"], format!("<{}@care.example>", message().id()));
    assert_eq!(got["defects"], 0);
    assert_eq!(got["text"].as_str(), Some(message().content().text.as_str()));
    assert_eq!(got["html"].as_str(), message().content().html.as_deref());

    let error = mailer(&url("wrong"), Some(&root)).send(&message()).await.unwrap_err();
    assert_eq!((error.why(), error.code()), (Why::Credentials, Some(535)));
}
