//! Twilio's Messages resource: <https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource>.

use std::fmt;

use kernel::World;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use url::Url;

use super::answer::{self, Answer};
use super::twilio_config::Sender;
use crate::sms::{Sent, Text, TwilioConfig};
use crate::{ConfigError, Secret, SendError, Why, net};

/// The most bytes of an answer that are read; Twilio's have about one thousand.
const ANSWER: usize = 64 * 1024;

/// An account of Twilio. Its clones share their connections.
#[derive(Clone)]
pub struct Twilio {
    client: Client,
    messages: Url,
    user: String,
    secret: Secret,
    sender: Sender,
    world: World,
}

impl Twilio {
    /// Speaks for the account of `config`.
    ///
    /// # Errors
    /// [`ConfigError::Tls`].
    pub fn new(config: TwilioConfig, world: World) -> Result<Self, ConfigError> {
        let builder = Client::builder()
            .tls_backend_preconfigured(net::tls()?)
            // A redirect would take the key and the message elsewhere.
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(config.connect)
            .timeout(config.whole);
        // A proxy of the machine's is for the way out, which this is not.
        let local = config.base.host_str().is_some_and(net::is_loopback);
        let builder = if local { builder.no_proxy() } else { builder.https_only(true) };
        let path = format!("2010-04-01/Accounts/{}/Messages.json", config.account);
        Ok(Self {
            client: builder.build().map_err(|_| ConfigError::Tls)?,
            messages: config.base.join(&path).map_err(|_| ConfigError::TwilioBase)?,
            user: config.user,
            secret: config.secret,
            sender: config.sender,
            world,
        })
    }

    pub(super) async fn send(&self, text: &Text) -> Result<Sent, SendError> {
        let sender = match &self.sender {
            Sender::From(number) => ("From", number.as_str()),
            Sender::Service(sid) => ("MessagingServiceSid", sid.as_str()),
        };
        let form = [("To", text.to().as_e164()), sender, ("Body", text.body())];
        let request = self.client.post(self.messages.clone()).basic_auth(&self.user, Some(&self.secret.0));
        let response = request.form(&form).send().await.map_err(|error| network(&error))?;
        let answer = read(response).await?;
        answer::judge(&answer, self.world.now())
    }
}

impl fmt::Debug for Twilio {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Twilio(..)")
    }
}

async fn read(mut response: Response) -> Result<Answer, SendError> {
    let retry_after = response.headers().get(reqwest::header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| network(&error))? {
        if body.len() + chunk.len() > ANSWER {
            return Err(SendError::transient(Why::Protocol, Some(status.into())));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, retry_after, body })
}

/// No answer. The error's own text is dropped: it holds the account.
fn network(error: &reqwest::Error) -> SendError {
    let why = if error.is_timeout() { Why::Timeout } else { Why::Network };
    SendError::transient(why, None)
}
