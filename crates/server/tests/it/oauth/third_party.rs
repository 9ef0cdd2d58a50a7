//! A client that others wrote: `openid-client` of npm finds us, lets a person consent, checks what we signed, refreshes,
//! asks who it is and gives it back.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::TestApp;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use super::House;

/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_secs(120);

const SCRIPT: &str = r"
import * as client from 'openid-client';
import dns from 'node:dns';
import { createInterface } from 'node:readline';

// Not every machine knows that names below `localhost` are its own (RFC 6761, 6.3).
const lookup = dns.lookup;
dns.lookup = (host, options, done) =>
  host.endsWith('.localhost')
    ? done(null, ...(options.all ? [[{ address: '127.0.0.1', family: 4 }]] : ['127.0.0.1', 4]))
    : lookup(host, options, done);

const [port, clientId] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (what) => console.log(JSON.stringify(what));
const hear = async () => (await lines.next()).value;

const config = await client.discovery(new URL(`http://clinic.localhost:${port}`), clientId, undefined, client.None(), {
  execute: [client.allowInsecureRequests],
});
const verifier = client.randomPKCECodeVerifier();
const [state, nonce] = [client.randomState(), client.randomNonce()];
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: 'https://notes.example/callback',
  scope: 'openid profile email offline_access lamplight',
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
});
say({ authorize: url.pathname + url.search });
const callback = new URL(await hear());
const tokens = await client.authorizationCodeGrant(config, callback, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
  maxAge: 600,
});
const claims = tokens.claims();
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
const info = await client.fetchUserInfo(config, renewed.access_token, claims.sub);
say({ claims, info, access: renewed.access_token });
await hear();
await client.tokenRevocation(config, renewed.refresh_token);
let refused;
try {
  await client.refreshTokenGrant(config, renewed.refresh_token);
} catch (error) {
  refused = error.error;
}
let reused;
try {
  await client.fetchUserInfo(config, renewed.access_token, claims.sub);
} catch (error) {
  reused = error.code;
}
say({ refused, reused });
process.exit(0);
";

/// The folder with `openid-client` in its `node_modules`, beside the build's other test tools.
async fn fetched() -> Result<PathBuf, String> {
    let tests = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests");
    std::fs::create_dir_all(&tests).unwrap();
    let lock = File::create(tests.join("openid-client.lock")).unwrap();
    tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await.unwrap().unwrap();
    let folder = tests.join("openid-client");
    let proof = folder.join("node_modules/openid-client/package.json");
    if proof.exists() {
        return Ok(folder);
    }
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--fetch-retries=0", "--ignore-scripts", "--prefix"]);
    npm.arg(&folder).arg("openid-client@6").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let ended = tokio::time::timeout(PATIENCE, npm.kill_on_drop(true).status()).await;
    if proof.exists() && matches!(ended, Ok(Ok(status)) if status.success()) {
        return Ok(folder);
    }
    // What is half there must not count the next time.
    let _ = std::fs::remove_dir_all(&folder);
    Err(format!("openid-client cannot be fetched here: {ended:?}"))
}

#[tokio::test]
async fn a_client_of_other_hands_gets_through() {
    let folder = match fetched().await {
        Ok(folder) => folder,
        Err(why) => {
            // A test without its counterpart shows nothing, and says so.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("skipped: {why}\n").as_bytes());
            return;
        }
    };
    std::fs::write(folder.join("client.mjs"), SCRIPT).unwrap();
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let client = house.client(super::ALL, None).await;
    let listening = app.listen().await;
    let port = listening.address.port();
    let mut node = Command::new("node");
    node.arg("client.mjs").arg(port.to_string()).arg(&client).current_dir(&folder);
    let mut node = node.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut hear = BufReader::new(node.stdout.take().unwrap()).lines();
    let mut say = node.stdin.take().unwrap();
    let mut told = async || -> Value {
        let line = tokio::time::timeout(Duration::from_secs(30), hear.next_line()).await.unwrap().unwrap();
        serde_json::from_str(&line.expect("the client said something")).unwrap()
    };

    let asked = told().await;
    let host = format!("clinic.localhost:{port}");
    let browser = house.browser.at(&host);
    browser.plant(house.browser.cookie());
    let begun = browser.get(asked["authorize"].as_str().unwrap()).await.expect_status(303);
    let handle = begun.header("location").strip_prefix("/authorize?request=").unwrap().to_owned();
    let yes = json!({"approve": true, "membership": house.nurse.membership});
    let path = format!("/api/auth/authorizations/{handle}");
    let redirect = browser.post(&path, &yes).await.expect_status(200).json()["redirect"].clone();
    say.write_all(format!("{}\n", redirect.as_str().unwrap()).as_bytes()).await.unwrap();

    let known = told().await;
    assert_eq!(known["claims"]["iss"], format!("http://{host}"));
    assert_eq!(known["claims"]["email"], house.nurse.email);
    assert_eq!(known["info"]["name"], "Somebody Real");
    let access = known["access"].as_str().unwrap();
    app.bearer(access).at(&host).get("/fhir/R4/Patient").await.expect_status(200);
    say.write_all(b"go on\n").await.unwrap();
    let ended = told().await;
    assert_eq!(ended["refused"], "invalid_grant");
    assert_eq!(ended["reused"], "OAUTH_WWW_AUTHENTICATE_CHALLENGE");
    assert!(node.wait().await.unwrap().success());
    listening.stop().await.unwrap();
}
