//! Our requests against Twilio's own description of its API (OpenAPI), served strictly by Stoplight's Prism: what the
//! description does not allow is answered with an error.
//!
//! The description lies beside the repository, not in it: without it this test says so and shows nothing.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use adapters::sms::{Texter, Twilio, TwilioConfig};
use serde_json::Value;

use crate::fetch::{Running, free_port, listens, npm};
use crate::support::{skipped, text, world};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const SERVICE: &str = "MG0123456789abcdef0123456789abcdef";
const PATH: &str = "/2010-04-01/Accounts/{AccountSid}/Messages.json";

/// The description cut to the one address we use, so that Prism starts in a second instead of a minute.
fn description() -> Option<Value> {
    let file = "../../../shared/data/contracts/twilio_api_v2010.json";
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).ok()?;
    let mut whole: Value = serde_json::from_slice(&bytes).unwrap();
    let post = whole["paths"][PATH]["post"].take();
    assert!(post.is_object(), "the description has no such address");
    whole["paths"] = serde_json::json!({ PATH: { "post": post } });
    Some(whole)
}

#[tokio::test]
async fn twilio_s_description_allows_what_we_ask() {
    let Some(description) = description() else {
        return skipped("Twilio's description of its API is not beside the repository");
    };
    let folder = match npm("prism", "@stoplight/prism-cli").await {
        Ok(folder) => folder,
        Err(why) => return skipped(&why),
    };
    let file = folder.join(format!("twilio-{}.json", std::process::id()));
    std::fs::write(&file, serde_json::to_vec(&description).unwrap()).unwrap();
    let port = free_port();
    let mut command = Command::new("node");
    // In "production" it would start processes of its own.
    command.env_remove("NODE_ENV");
    command.arg(folder.join("node_modules/@stoplight/prism-cli/dist/index.js"));
    command.args(["mock", "--errors", "--host", "127.0.0.1", "--port", &port.to_string()]);
    let _prism = Running::start(command.arg(&file).stdout(Stdio::null()));
    assert!(listens(port, Duration::from_secs(90)).await, "Prism did not start");
    std::fs::remove_file(&file).unwrap();

    let base = format!("http://127.0.0.1:{port}");
    for sender in [SERVICE, "+14155550132"] {
        let config = TwilioConfig::new(ACCOUNT, None, "s3cret", sender).unwrap().with_base(&base).unwrap();
        let sent = Texter::Twilio(Twilio::new(config, world()).unwrap()).send(&text()).await.unwrap();
        assert_eq!(sent.sid.as_deref(), Some("SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    }

    // It would have said so: each of these lacks one thing.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = |account: &str| client.post(format!("{base}/2010-04-01/Accounts/{account}/Messages.json"));
    let form = [("To", "+14155552671"), ("Body", "Hello")];
    let unsigned = post(ACCOUNT).form(&form).send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
    let nobody = post(ACCOUNT).basic_auth(ACCOUNT, Some("x")).form(&form[1..]).send().await.unwrap();
    assert_eq!(nobody.status(), 422);
    let stranger = post("AC12").basic_auth(ACCOUNT, Some("x")).form(&form).send().await.unwrap();
    assert_eq!(stranger.status(), 422);
}
