//! AWS KMS and S3 as others wrote them down in a program (Python's moto).

use std::process::{Command, Stdio};
use std::time::Duration;

use adapters::custody::{AwsKms, AwsKmsConfig};
use adapters::objects::{BucketConfig, Objects};
use kernel::{KeyService as _, KeyServiceError, OrganizationId, WrappingKey};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::fetch::{Running, free_port, listens, pip};
use crate::support::skipped;

const OF: WrappingKey = WrappingKey { organization: OrganizationId(12), number: 3 };

/// The program, and its address.
async fn moto() -> Result<(Running, String), String> {
    let folder = pip("moto-kms-s3", "moto", &["moto[kms,s3]", "flask", "flask-cors"]).await?;
    let port = free_port();
    let mut command = Command::new("python3");
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
    command.env("PYTHONPATH", &folder).stdout(Stdio::null());
    let running = Running::start(&mut command);
    assert!(listens(port, Duration::from_secs(60)).await, "moto does not listen");
    Ok((running, format!("http://127.0.0.1:{port}/")))
}

/// Makes keys and changes them, as their owner does; moto believes anybody.
struct Owner {
    client: reqwest::Client,
    address: String,
}

impl Owner {
    async fn call(&self, target: &str, body: &Value) -> Value {
        let request =
            self.client.post(&self.address).header("x-amz-target", format!("TrentService.{target}"));
        let request = request
            .header("content-type", "application/x-amz-json-1.1")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=x/20261122/eu-central-1/kms/aws4_request");
        let answer = request.body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{target}");
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    async fn key(&self) -> String {
        let made = self.call("CreateKey", &json!({})).await;
        made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    fn service(&self, arn: &str) -> AwsKms {
        let credentials = Some(("AKIDTEST".to_owned(), "s3cret".to_owned()));
        let endpoint = Some(self.address.clone());
        AwsKms::new(&AwsKmsConfig { arn: arn.to_owned(), endpoint, credentials }).unwrap()
    }
}

#[tokio::test]
async fn keys_are_wrapped_by_a_kms_that_others_wrote() {
    let (_moto, address) = match moto().await {
        Ok(moto) => moto,
        Err(why) => return skipped(&why),
    };
    let owner = Owner { client: reqwest::Client::new(), address };

    let (arn, other) = (owner.key().await, owner.key().await);
    let kms = owner.service(&arn);
    assert_eq!((kms.kind(), kms.name()), ("aws-kms", format!("aws-kms:{arn}").as_str()));
    let wrapped = kms.wrap(OF, &[7; 32]).await.unwrap();
    assert!(!wrapped.windows(32).any(|part| part == [7; 32]));
    assert_eq!(*kms.unwrap(OF, &wrapped).await.unwrap(), [7; 32]);

    // Not for another organization's key, not for another number, not when a bit is bent.
    for stranger in [WrappingKey { organization: OrganizationId(13), ..OF }, WrappingKey { number: 4, ..OF }]
    {
        assert_eq!(kms.unwrap(stranger, &wrapped).await.unwrap_err(), KeyServiceError::Altered);
    }
    let mut bent = wrapped.clone();
    *bent.last_mut().unwrap() ^= 1;
    assert_eq!(kms.unwrap(OF, &bent).await.unwrap_err(), KeyServiceError::Altered);

    // AWS changes what is behind a key, and the key stays.
    owner.call("EnableKeyRotation", &json!({"KeyId": arn})).await;
    assert_eq!(*kms.unwrap(OF, &wrapped).await.unwrap(), [7; 32]);

    // Another key of the same account, and one that is not there.
    // AWS calls the former IncorrectKeyException, moto AccessDeniedException.
    let refused = owner.service(&other).unwrap(OF, &wrapped).await.unwrap_err();
    assert!(matches!(refused, KeyServiceError::Altered | KeyServiceError::Refused(_)), "{refused:?}");
    let nobody = arn.rsplit_once('/').unwrap().0.to_owned() + "/00000000-0000-0000-0000-000000000000";
    let refused = owner.service(&nobody).wrap(OF, &[7; 32]).await.unwrap_err();
    assert!(matches!(refused, KeyServiceError::Refused(_)), "{refused:?}");

    drop(_moto);
    assert_eq!(kms.unwrap(OF, &wrapped).await.unwrap_err(), KeyServiceError::Away(None));
}

fn seals(address: &str) -> Objects {
    let config = BucketConfig {
        url: "s3://seals/lamplight".to_owned(),
        endpoint: Some(address.to_owned()),
        region: Some("us-east-1".to_owned()),
        credentials: Some(("AKIDTEST".to_owned(), "s3cret".to_owned())),
    };
    Objects::locked_bucket(&config).unwrap()
}

/// S3 takes nothing that it is to keep without one: "Content-MD5 OR x-amz-checksum- HTTP header is required".
#[tokio::test]
async fn what_is_given_to_a_bucket_under_object_lock_has_a_checksum_that_is_signed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let objects = seals(&format!("http://{}/", listener.local_addr().unwrap()));
    let given = tokio::spawn(async move { objects.put_new("main/009.json", "a round\n".into()).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut asked = Vec::new();
    while !asked.ends_with(b"a round\n") {
        assert!(stream.read_buf(&mut asked).await.unwrap() > 0, "{}", String::from_utf8_lossy(&asked));
    }
    let answer = b"HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    assert!(given.await.unwrap().unwrap());
    let asked = String::from_utf8(asked).unwrap().to_lowercase();
    let header =
        |name: &str| asked.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    assert!(asked.starts_with("put /seals/lamplight/main/009.json"), "{asked}");
    assert_eq!((header("x-amz-checksum-sha256:").len(), header("if-none-match:")), (44, "*"), "{asked}");
    assert!(header("authorization:").contains("x-amz-checksum-sha256"), "{asked}");
}

/// What a sealer shows to a bucket stays there: it is put once, and neither it nor its versions can be taken away.
#[tokio::test]
async fn what_a_bucket_under_object_lock_was_given_stays() {
    let (_moto, address) = match moto().await {
        Ok(moto) => moto,
        Err(why) => return skipped(&why),
    };
    let client = reqwest::Client::new();
    let signed = |request: reqwest::RequestBuilder| {
        request
            .header("authorization", "AWS4-HMAC-SHA256 Credential=x/20261122/us-east-1/s3/aws4_request")
            .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    };
    let bucket = format!("{address}seals");
    let made = signed(client.put(&bucket).header("x-amz-bucket-object-lock-enabled", "true")).send().await;
    assert_eq!(made.unwrap().status(), 200);
    let objects = seals(&address);
    assert_eq!(objects.last_below("main").await.unwrap(), None);
    for name in ["main/009.json", "main/010.json"] {
        assert!(objects.put_new(name, "a round\n".into()).await.unwrap(), "{name}");
        assert!(!objects.put_new(name, "another\n".into()).await.unwrap(), "{name} a second time");
    }
    assert_eq!(objects.last_below("main").await.unwrap().as_deref(), Some("010.json"));

    // A rule of the bucket itself moto takes for a reason to ask for `x-amz-sdk-checksum-algorithm`, which S3 does not need.
    let object = format!("{bucket}/lamplight/main/010.json");
    let head = signed(client.head(&object)).send().await.unwrap();
    let version = head.headers()["x-amz-version-id"].to_str().unwrap().to_owned();
    let kept = "<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>";
    let kept = client.put(format!("{object}?retention&versionId={version}")).body(kept);
    assert_eq!(signed(kept).send().await.unwrap().status(), 200);
    let gone = signed(client.delete(format!("{object}?versionId={version}"))).send().await.unwrap();
    assert_eq!(gone.status(), 403, "a version that is kept was taken away");
    assert_eq!(signed(client.get(&object)).send().await.unwrap().text().await.unwrap(), "a round\n");
}
