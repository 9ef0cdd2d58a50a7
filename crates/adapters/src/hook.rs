//! Another program that is told something: a POST of JSON, which it answers with 2xx.

use std::fmt;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use url::Url;

use crate::{ConfigError, SendError, Why, net};

/// How long it may take to answer.
const WHOLE: Duration = Duration::from_secs(10);

/// Where it listens. Its address may hold a secret: it is in no `Debug` and no error.
#[derive(Clone)]
pub struct Hook {
    client: Client,
    url: Url,
}

impl Hook {
    /// The program at this address: https, or http on this machine.
    ///
    /// # Errors
    /// [`ConfigError::Hook`] when it is no such address; [`ConfigError::Tls`].
    pub fn new(address: &str) -> Result<Self, ConfigError> {
        let url = Url::parse(address).map_err(|_| ConfigError::Hook)?;
        let local = url.host_str().is_some_and(net::is_loopback);
        if !(url.scheme() == "https" || url.scheme() == "http" && local) || url.host_str().is_none() {
            return Err(ConfigError::Hook);
        }
        // A redirect would take what is told elsewhere.
        let builder = Client::builder()
            .tls_backend_preconfigured(net::tls()?)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(WHOLE)
            .timeout(WHOLE);
        let builder = if local { builder.no_proxy() } else { builder.https_only(true) };
        Ok(Self { client: builder.build().map_err(|_| ConfigError::Tls)?, url })
    }

    /// Tells it this JSON.
    ///
    /// # Errors
    /// When it cannot be reached, or answers with anything but 2xx: then it is to be told again.
    pub async fn tell(&self, json: Vec<u8>) -> Result<(), SendError> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(json);
        // The error's own text is dropped: it holds the address.
        let answer = request.send().await.map_err(|error| {
            let why = if error.is_timeout() { Why::Timeout } else { Why::Network };
            SendError::transient(why, None)
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        Err(SendError::transient(Why::Protocol, Some(status.as_u16().into())))
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Hook(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_of_this_machine_and_is_never_shown() {
        for refused in
            ["", "x", "ftp://a.example/", "http://a.example/h", "http://localhost.evil.test/", "https://"]
        {
            assert!(matches!(Hook::new(refused), Err(ConfigError::Hook)), "{refused}");
        }
        for taken in ["https://a.example/h?key=secret", "http://127.0.0.1:9/h", "http://localhost/"] {
            assert_eq!(format!("{:?}", Hook::new(taken).unwrap()), "Hook(..)");
        }
    }
}
