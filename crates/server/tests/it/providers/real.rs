//! A provider by other hands: the npm package `oidc-provider`, started here. Skipped where it cannot be had.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::house::{CALLBACK, EMAIL, Entered, HOST, REDIRECT, SECRET, Tab, app, enter, nurse, why};

/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_secs(150);

/// The folder with the package in its `node_modules`, fetched once into the build folder.
async fn package() -> Result<PathBuf, String> {
    let tests = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests");
    std::fs::create_dir_all(&tests).unwrap();
    let lock = File::create(tests.join("oidc-provider.lock")).unwrap();
    let waiting = lock.try_clone().unwrap();
    tokio::task::spawn_blocking(move || waiting.lock().unwrap()).await.unwrap();
    let folder = tests.join("oidc-provider");
    let proof = folder.join("node_modules/oidc-provider/package.json");
    if proof.exists() {
        return Ok(folder);
    }
    let mut command = tokio::process::Command::new("npm");
    command.args(["install", "--no-audit", "--no-fund", "--fetch-retries=0", "--ignore-scripts", "--prefix"]);
    command.arg(&folder).arg("oidc-provider@9").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match tokio::time::timeout(PATIENCE, command.status()).await {
        Ok(Ok(status)) if status.success() && proof.exists() => return Ok(folder),
        _ => {}
    }
    // What is half there must not count the next time.
    let _ = std::fs::remove_dir_all(&folder);
    Err("the npm package oidc-provider cannot be fetched here".to_owned())
}

/// The provider, ended with its test.
struct Running {
    child: Child,
    issuer: String,
}

impl Running {
    fn start(folder: &Path) -> Self {
        // Next to the packages it imports.
        let script = folder.join(format!("provider-{}.mjs", std::process::id()));
        std::fs::write(&script, include_str!("provider.mjs")).unwrap();
        let mut command = Command::new("node");
        command.arg(&script).env_remove("NODE_ENV").env_remove("NODE_OPTIONS");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let settings = json!({"redirect": REDIRECT, "secret": SECRET, "email": EMAIL});
        writeln!(child.stdin.take().unwrap(), "{settings}").unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let issuer = said.next().expect("the provider ended").unwrap();
        std::fs::remove_file(&script).unwrap();
        Self { child, issuer }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The provider's side of the browser: follows its redirects, with its cookies, until it leads back to us.
async fn at_the_provider(browser: &testkit::Client, issuer: &str, url: &str) -> String {
    // By path and name: each interaction has cookies of its own.
    let mut jar: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut url = url.to_owned();
    for _ in 0..10 {
        if let Some(query) = url.strip_prefix(REDIRECT) {
            return format!("{CALLBACK}{query}");
        }
        let path = url.strip_prefix(issuer).unwrap_or(&url);
        let host = issuer.strip_prefix("http://").unwrap();
        let client = browser.over(host.parse().unwrap()).at(host);
        let here = jar.iter().filter(|((under, _), _)| path.starts_with(under.as_str()));
        let cookies: Vec<String> = here.map(|((_, name), value)| format!("{name}={value}")).collect();
        let answer = client.get(path).header("cookie", &cookies.join("; ")).await;
        assert_eq!(answer.status / 100, 3, "{}", answer.text());
        for set in answer.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            let under = set.split("; ").find_map(|part| part.strip_prefix("path=")).unwrap_or("/");
            jar.insert((under.to_owned(), name.to_owned()), value.to_owned());
        }
        url = answer.header("location").to_owned();
    }
    panic!("the provider leads nowhere");
}

#[tokio::test]
async fn a_nurse_signs_in_by_a_provider_of_other_hands() {
    let folder = match package().await {
        Ok(folder) => folder,
        Err(why) => {
            writeln!(std::io::stderr(), "skipped: {why}").unwrap();
            return;
        }
    };
    let provider = Running::start(&folder);
    let app = app().await;
    let clinic = app.organization("clinic").await;
    nurse(&clinic).await;
    let id = enter(&app, &clinic, Entered { trusts_mfa: true, ..Entered::at(&provider.issuer) }).await;
    let mut tab = Tab::at(&app, HOST);
    for _ in 0..2 {
        let url = tab.start(id, "/o/clinic").await;
        let back = at_the_provider(&app.stranger(), &provider.issuer, &url).await;
        assert_eq!(tab.follow(&back).await, "/o/clinic", "{}", why(&app).await);
        let session = tab.session().await.unwrap();
        assert_eq!(
            (&session["strength"], &session["person"]["email"]),
            (&json!("two-factor"), &json!(EMAIL))
        );
    }
    // A code that was used buys nothing: the state is gone as well.
    let url = tab.start(id, "/").await;
    let back = at_the_provider(&app.stranger(), &provider.issuer, &url).await;
    assert_eq!(tab.follow(&back.replace("code=", "code=x")).await, "/sign-in?error=provider");
    assert!(why(&app).await.contains("refused the code"));
}
