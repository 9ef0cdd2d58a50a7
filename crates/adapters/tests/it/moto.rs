//! AWS KMS as others wrote it down in a program (Python's moto).

use std::process::{Command, Stdio};
use std::time::Duration;

use adapters::custody::{AwsKms, AwsKmsConfig};
use kernel::{KeyService as _, KeyServiceError, OrganizationId, WrappingKey};
use serde_json::{Value, json};

use crate::fetch::{Running, free_port, listens, pip};
use crate::support::skipped;

const OF: WrappingKey = WrappingKey { organization: OrganizationId(12), number: 3 };

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
    let folder = match pip("moto", &["moto[kms]", "flask", "flask-cors"]).await {
        Ok(folder) => folder,
        Err(why) => return skipped(&why),
    };
    let port = free_port();
    let mut command = Command::new("python3");
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
    command.env("PYTHONPATH", &folder).stdout(Stdio::null());
    let _moto = Running::start(&mut command);
    assert!(listens(port, Duration::from_secs(60)).await, "moto does not listen");
    let owner = Owner { client: reqwest::Client::new(), address: format!("http://127.0.0.1:{port}/") };

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
