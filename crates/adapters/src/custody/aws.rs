//! AWS KMS: `Encrypt` and `Decrypt` with an encryption context
//! (<https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>).
//!
//! Requests are signed, and credentials found, by what does so for buckets.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{KeyService, KeyServiceError, Waiting, WrappingKey};
use object_store::aws::{AmazonS3Builder, AwsAuthorizer, AwsCredentialProvider};
use object_store::client::HttpRequest;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::json;
use url::Url;
use zeroize::Zeroizing;

use super::{ask, client, is_safe, key, read};
use crate::{ConfigError, net};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// Which key, and how it is reached.
pub struct AwsKmsConfig {
    /// `arn:aws:kms:REGION:ACCOUNT:key/ID`
    pub arn: String,
    /// The address of the service, when it is not the region's own.
    pub endpoint: Option<String>,
    /// Key id and secret; without them, those of the environment (`AWS_*`) or of the machine.
    pub credentials: Option<(String, String)>,
}

/// A key of AWS KMS.
pub struct AwsKms {
    client: Client,
    endpoint: Url,
    region: String,
    arn: String,
    name: String,
    credentials: AwsCredentialProvider,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypted {
    ciphertext_blob: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypted {
    plaintext: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "__type")]
    kind: String,
}

impl AwsKms {
    /// The key of `config`.
    ///
    /// # Errors
    /// [`ConfigError::KmsArn`]; [`ConfigError::Kms`]; [`ConfigError::Tls`].
    pub fn new(config: &AwsKmsConfig) -> Result<Self, ConfigError> {
        let (partition, region) = region(&config.arn).ok_or(ConfigError::KmsArn)?;
        let domain = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = format!("https://kms.{region}.{domain}/");
        let endpoint = Url::parse(config.endpoint.as_deref().unwrap_or(&own)).ok().filter(is_safe);
        let endpoint = endpoint.ok_or(ConfigError::Kms)?;
        // The name of a bucket is asked for and never used: what is wanted are the credentials.
        let mut builder = AmazonS3Builder::from_env().with_bucket_name("none").with_region(region);
        if let Some((id, secret)) = &config.credentials {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let credentials = builder.build().map_err(|_| ConfigError::Kms)?.credentials().clone();
        Ok(Self {
            client: client(&endpoint, net::tls()?)?,
            endpoint,
            region: region.to_owned(),
            arn: config.arn.clone(),
            name: format!("aws-kms:{}", config.arn),
            credentials,
        })
    }

    async fn call(
        &self,
        target: &'static str,
        body: &serde_json::Value,
    ) -> Result<(u16, Zeroizing<Vec<u8>>), KeyServiceError> {
        const AWAY: KeyServiceError = KeyServiceError::Away(None);
        let body = body.to_string();
        let mut request = HttpRequest::new(body.clone().into());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.as_str().parse().map_err(|_| AWAY)?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
        headers.insert(TARGET, HeaderValue::from_static(target));
        let credential = self.credentials.get_credential().await.map_err(|_| AWAY)?;
        let signed = AwsAuthorizer::new(&credential, "kms", &self.region).try_authorize(&mut request, None);
        signed.map_err(|_| AWAY)?;
        let headers = std::mem::take(request.headers_mut());
        let (status, answer) =
            ask(self.client.post(self.endpoint.clone()).headers(headers).body(body)).await?;
        if status == 200 {
            return Ok((status, answer));
        }
        let fault: Option<Fault> = serde_json::from_slice(&answer).ok();
        Err(judge(status, fault.as_ref().map_or("", |fault| fault.kind.as_str())))
    }
}

/// Partition and region of a key's ARN; nothing when it is no key's.
fn region(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.split(':').collect();
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match *parts.as_slice() {
        ["arn", partition @ ("aws" | "aws-cn" | "aws-us-gov"), "kms", region, account, resource]
            if plain(region)
                && plain(account)
                && arn.len() <= 200
                && resource.strip_prefix("key/").is_some_and(plain) =>
        {
            Some((partition, region))
        }
        _ => None,
    }
}

/// What an answer other than 200 means
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors>).
fn judge(status: u16, kind: &str) -> KeyServiceError {
    // Some services write the name of their own model before it.
    match kind.rsplit('#').next().unwrap_or(kind) {
        "InvalidCiphertextException" | "IncorrectKeyException" => KeyServiceError::Altered,
        "ThrottlingException"
        | "RequestLimitExceeded"
        | "LimitExceededException"
        | "KeyUnavailableException"
        | "DependencyTimeoutException"
        | "KMSInternalException" => KeyServiceError::Away(Some(status)),
        _ if status >= 500 || status == 429 => KeyServiceError::Away(Some(status)),
        _ => KeyServiceError::Refused(status),
    }
}

/// What is bound to the key: it stands in CloudTrail, and a key's policy may ask for it.
fn context(of: WrappingKey) -> serde_json::Value {
    json!({
        "lamplight-organization": of.organization.0.to_string(),
        "lamplight-key": of.number.to_string(),
    })
}

impl KeyService for AwsKms {
    fn kind(&self) -> &'static str {
        "aws-kms"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn wrap<'a>(
        &'a self,
        of: WrappingKey,
        key: &'a [u8; 32],
    ) -> Waiting<'a, Result<Vec<u8>, KeyServiceError>> {
        Box::pin(async move {
            let body = json!({
                "KeyId": self.arn, "Plaintext": STANDARD.encode(key), "EncryptionContext": context(of),
            });
            let (status, answer) = self.call("TrentService.Encrypt", &body).await?;
            let encrypted: Encrypted = read(status, &answer)?;
            STANDARD.decode(encrypted.ciphertext_blob).map_err(|_| KeyServiceError::Away(Some(status)))
        })
    }

    fn unwrap<'a>(
        &'a self,
        of: WrappingKey,
        wrapped: &'a [u8],
    ) -> Waiting<'a, Result<Zeroizing<[u8; 32]>, KeyServiceError>> {
        Box::pin(async move {
            let body = json!({
                "KeyId": self.arn, "CiphertextBlob": STANDARD.encode(wrapped), "EncryptionContext": context(of),
            });
            let (status, answer) = self.call("TrentService.Decrypt", &body).await?;
            let decrypted: Decrypted = read(status, &answer)?;
            key(&decrypted.plaintext)
        })
    }
}

impl fmt::Debug for AwsKms {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AwsKms(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_its_arn_and_by_nothing_that_may_lead_elsewhere() {
        let arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        assert_eq!(region(arn), Some(("aws", "eu-central-1")));
        let gov = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-12";
        assert_eq!(region(gov), Some(("aws-us-gov", "us-gov-west-1")));
        for refused in [
            "",
            "alias/lamplight",
            "arn:aws:kms:eu-central-1:111122223333:alias/lamplight",
            "arn:aws:s3:eu-central-1:111122223333:key/12",
            "arn:evil:kms:eu-central-1:111122223333:key/12",
            "arn:aws:kms:a.evil.test/x:111122223333:key/12",
            "arn:aws:kms::111122223333:key/12",
            "arn:aws:kms:eu-central-1:111122223333:key/",
            "arn:aws:kms:eu-central-1:111122223333:key/a:b",
        ] {
            assert_eq!(region(refused), None, "{refused}");
        }
    }

    #[test]
    fn a_service_that_is_busy_is_told_from_one_that_refuses_and_from_an_altered_key() {
        let found = |kind| judge(400, kind);
        assert_eq!(found("InvalidCiphertextException"), KeyServiceError::Altered);
        assert_eq!(found("com.amazonaws.kms#IncorrectKeyException"), KeyServiceError::Altered);
        assert_eq!(found("ThrottlingException"), KeyServiceError::Away(Some(400)));
        assert_eq!(found("AccessDeniedException"), KeyServiceError::Refused(400));
        assert_eq!(found("DisabledException"), KeyServiceError::Refused(400));
        assert_eq!(found(""), KeyServiceError::Refused(400));
        assert_eq!(judge(503, ""), KeyServiceError::Away(Some(503)));
    }
}
