//! Providers of identity: OpenID Connect Core 1.0 with the code flow (3.1), discovery
//! (<https://openid.net/specs/openid-connect-discovery-1_0.html>) and PKCE (RFC 7636, S256).
//!
//! What is asked at all: the discovery document at the issuer, and what that document lists. No redirect is followed.

mod fetch;
mod verify;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kernel::World;
use moka::sync::Cache;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreProviderMetadata, CoreTokenResponse,
    CoreUserInfoClaims,
};
use openidconnect::{
    AuthType, AuthenticationContextClass, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, SubjectIdentifier,
};
use url::Url;

use crate::{ConfigError, Secret, net};
use fetch::Fetch;

/// For how long a provider's document and keys are believed.
const KEEP: Duration = Duration::from_secs(600);
const REMEMBERED: u64 = 1_000;
/// The longest part of an identity that is taken.
const LONGEST: usize = 500;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why nobody was identified. Holds nothing of what the provider said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not `https`, or of this machine or a private network.
    #[error("an address of the provider may not be asked")]
    Address,
    /// No answer, or one that is too long or broke off.
    #[error("the provider does not answer")]
    Network,
    /// No discovery document of this issuer, or no keys.
    #[error("the provider's description is not of this issuer or makes no sense")]
    Discovery,
    /// It gave no token for the code.
    #[error("the provider refused the code")]
    Exchange,
    /// Its token is not for us, not now, not of this sign-in or not signed by it; the word says which.
    #[error("the provider's token is refused: {0}")]
    Token(&'static str),
}

/// The address of an issuer: `https`, or `http` of this machine; without user, query and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    local: bool,
}

impl Issuer {
    /// Reads it; it is compared as it is written.
    ///
    /// # Errors
    /// [`Fault::Address`].
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let url = Url::parse(text).map_err(|_| Fault::Address)?;
        let plain = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        let local = url.host_str().is_some_and(net::is_loopback);
        if !plain || !bare || text.len() > LONGEST || !fetch::may_ask(&url, local) {
            return Err(Fault::Address);
        }
        Ok(Self { text: text.to_owned(), local })
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Who we are to a provider.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Whose.
    issuer: Issuer,
    client_id: String,
    secret: Option<Secret>,
}

impl Registration {
    /// A confidential client, or without a secret a public one.
    pub fn new(issuer: Issuer, client_id: String, secret: Option<String>) -> Self {
        Self { issuer, client_id, secret: secret.map(Secret) }
    }
}

/// What binds one sign-in together.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// Where the browser comes back to: registered with the provider.
    pub redirect: &'a str,
    /// In the ID token: binds it to this sign-in.
    pub nonce: &'a str,
    /// 43 to 128 characters that the code is good with and nothing else (RFC 7636, 4.1).
    pub verifier: &'a str,
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Attempt(..)")
    }
}

/// Who somebody is at a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Never given to anybody else by this issuer.
    pub subject: String,
    /// The address, if it was told.
    pub email: Option<String>,
    /// Whether the provider knows that the address is theirs.
    pub email_verified: bool,
    /// How they proved themselves there (`amr`, RFC 8176).
    pub methods: Vec<String>,
    /// Of which class that was (`acr`).
    pub class: Option<String>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Identity(..)")
    }
}

/// Asks providers. Its clones share connections and what is known.
#[derive(Clone)]
pub struct Oidc {
    outside: Fetch,
    here: Option<Fetch>,
    known: Cache<String, Arc<CoreProviderMetadata>>,
    world: World,
}

impl Oidc {
    /// `here` says whether providers on this machine may be asked, without TLS: in development.
    ///
    /// # Errors
    /// [`ConfigError::Tls`].
    pub fn new(world: World, here: bool) -> Result<Self, ConfigError> {
        Ok(Self {
            outside: Fetch::outside()?,
            here: if here { Some(Fetch::here()?) } else { None },
            known: Cache::builder().max_capacity(REMEMBERED).time_to_live(KEEP).build(),
            world,
        })
    }

    /// Where to send the browser. `state` comes back with it; `classes` are asked for (`acr_values`).
    ///
    /// # Errors
    /// [`Fault::Address`], [`Fault::Network`], [`Fault::Discovery`].
    pub async fn start(
        &self,
        to: &Registration,
        attempt: Attempt<'_>,
        state: &str,
        classes: &[String],
    ) -> Result<String, Fault> {
        let metadata = self.metadata(&to.issuer, false).await?;
        let client = client(&metadata, to, attempt.redirect)?;
        let (state, nonce) = (CsrfToken::new(state.to_owned()), Nonce::new(attempt.nonce.to_owned()));
        let verifier = PkceCodeVerifier::new(attempt.verifier.to_owned());
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce)
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        for class in classes {
            request = request.add_auth_context_value(AuthenticationContextClass::new(class.clone()));
        }
        let (url, ..) = request.url();
        if fetch::may_ask(&url, to.issuer.local) { Ok(url.into()) } else { Err(Fault::Address) }
    }

    /// Who came back with `code`.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn finish(
        &self,
        to: &Registration,
        attempt: Attempt<'_>,
        code: &str,
    ) -> Result<Identity, Fault> {
        let metadata = self.metadata(&to.issuer, false).await?;
        let connected = client(&metadata, to, attempt.redirect)?;
        let http = self.fetch(&to.issuer)?.caller();
        let token: CoreTokenResponse = connected
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| Fault::Discovery)?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.to_owned()))
            .request_async(&http)
            .await
            .map_err(|_| Fault::Exchange)?;
        let now = self.world.now();
        let mut identity = match verify::identity(&connected, &metadata, &token, attempt.nonce, now) {
            // The provider may have new keys.
            Err(verify::Refused::UnknownKey) => {
                let metadata = self.metadata(&to.issuer, true).await?;
                let connected = client(&metadata, to, attempt.redirect)?;
                verify::identity(&connected, &metadata, &token, attempt.nonce, now)?
            }
            judged => judged?,
        };
        if identity.email.is_none() {
            // In the code flow the address may be told at this address alone (OpenID Connect Core 1.0, 5.4).
            self.ask_address(&connected, to, &token, &mut identity).await?;
        }
        let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > LONGEST);
        if identity.subject.is_empty() || identity.subject.len() > LONGEST || long(&identity.email) {
            return Err(Fault::Token("subject"));
        }
        Ok(identity)
    }

    /// Fills in the address that the provider tells at its UserInfo endpoint, if it does.
    async fn ask_address(
        &self,
        client: &Client,
        to: &Registration,
        token: &CoreTokenResponse,
        identity: &mut Identity,
    ) -> Result<(), Fault> {
        let subject = SubjectIdentifier::new(identity.subject.clone());
        let Ok(request) = client.user_info(token.access_token().clone(), Some(subject)) else {
            return Ok(());
        };
        let http = self.fetch(&to.issuer)?.caller();
        let told: Result<CoreUserInfoClaims, _> = request.request_async(&http).await;
        if let Ok(told) = told {
            identity.email = told.email().map(|email| email.as_str().to_owned());
            identity.email_verified = told.email_verified() == Some(true);
        }
        Ok(())
    }

    fn fetch(&self, issuer: &Issuer) -> Result<&Fetch, Fault> {
        if issuer.local { self.here.as_ref().ok_or(Fault::Address) } else { Ok(&self.outside) }
    }

    /// The provider's document and keys.
    async fn metadata(&self, issuer: &Issuer, anew: bool) -> Result<Arc<CoreProviderMetadata>, Fault> {
        let fetch = self.fetch(issuer)?;
        if let Some(known) = self.known.get(&issuer.text).filter(|_| !anew) {
            return Ok(known);
        }
        let url = IssuerUrl::new(issuer.text.clone()).map_err(|_| Fault::Address)?;
        let found = CoreProviderMetadata::discover_async(url, &fetch.caller()).await;
        let found = Arc::new(found.map_err(|error| match error {
            openidconnect::DiscoveryError::Request(fault) => fault,
            _ => Fault::Discovery,
        })?);
        self.known.insert(issuer.text.clone(), Arc::clone(&found));
        Ok(found)
    }
}

impl fmt::Debug for Oidc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Oidc(..)")
    }
}

fn client(metadata: &CoreProviderMetadata, to: &Registration, redirect: &str) -> Result<Client, Fault> {
    let secret = to.secret.as_ref().map(|secret| ClientSecret::new(secret.0.clone()));
    let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|_| Fault::Address)?;
    // In the header, which reaches fewer logs than a body, unless the provider takes it in the body alone.
    let methods = metadata.token_endpoint_auth_methods_supported();
    let has = |method| methods.is_some_and(|methods| methods.contains(&method));
    let in_body =
        has(CoreClientAuthMethod::ClientSecretPost) && !has(CoreClientAuthMethod::ClientSecretBasic);
    let auth = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
    let id = ClientId::new(to.client_id.clone());
    Ok(CoreClient::from_provider_metadata(metadata.clone(), id, secret)
        .set_redirect_uri(redirect)
        .set_auth_type(auth))
}

#[cfg(test)]
mod tests {
    use super::Issuer;

    #[test]
    fn issuers_are_https_or_of_this_machine_and_nothing_else() {
        for good in [
            "https://login.care.example",
            "https://id.example/realms/a",
            "http://127.0.0.1:4000",
            "http://[::1]/x",
        ] {
            assert!(Issuer::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "login.care.example",
            "http://login.care.example",
            "http://localhost.evil.test",
            "ftp://login.care.example",
            "https://user:pw@login.care.example",
            "https://login.care.example?x=1",
            "https://login.care.example#x",
            "https://10.0.0.8",
            "https://169.254.169.254/",
            "https://[fd00::1]/",
            "javascript:alert(1)",
        ] {
            assert!(Issuer::parse(bad).is_err(), "{bad}");
        }
    }
}
