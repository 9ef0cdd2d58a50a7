//! An ID token judged (OpenID Connect Core 1.0, 3.1.3.7).

use chrono::{DateTime, TimeDelta, Utc};
use jiff::Timestamp;
use openidconnect::core::{CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata, CoreTokenResponse};
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError as Wrong, Nonce, OAuth2TokenResponse as _,
    SignatureVerificationError, TokenResponse as _,
};

use super::{Client, Fault, Identity};

/// How far two clocks may be apart.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// What we take, if the provider says that it signs so. Never `none`, and nothing keyed with a secret that two know.
const ALGORITHMS: [Algorithm; 3] =
    [Algorithm::RsaSsaPkcs1V15Sha256, Algorithm::EcdsaP256Sha256, Algorithm::RsaSsaPssSha256];

/// Why a token is not taken.
pub(super) enum Refused {
    /// It names a key that is not among the provider's known ones.
    UnknownKey,
    /// Anything else.
    For(Fault),
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::UnknownKey => Self::Token("key"),
            Refused::For(fault) => fault,
        }
    }
}

fn refused(why: &'static str) -> Refused {
    Refused::For(Fault::Token(why))
}

/// Who the token says somebody is.
pub(super) fn identity(
    client: &Client,
    metadata: &CoreProviderMetadata,
    token: &CoreTokenResponse,
    nonce: &str,
    now: Timestamp,
) -> Result<Identity, Refused> {
    let id_token = token.id_token().ok_or_else(|| refused("missing"))?;
    let now = DateTime::<Utc>::from_timestamp(now.as_second(), 0).ok_or_else(|| refused("time"))?;
    let advertised = metadata.id_token_signing_alg_values_supported();
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS.into_iter().filter(|algorithm| advertised.contains(algorithm)))
        .set_time_fn(move || now - SKEW)
        .set_issue_time_verifier_fn(move |issued| {
            if issued <= now + SKEW { Ok(()) } else { Err("issued in the future".to_owned()) }
        });
    let claims = id_token.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(|wrong| match wrong {
        Wrong::SignatureVerification(SignatureVerificationError::NoMatchingKey) => Refused::UnknownKey,
        Wrong::SignatureVerification(_) => refused("signature"),
        Wrong::Expired(_) => refused("time"),
        Wrong::InvalidAudience(_) => refused("audience"),
        Wrong::InvalidIssuer(_) => refused("issuer"),
        Wrong::InvalidNonce(_) => refused("nonce"),
        _ => refused("claims"),
    })?;
    // The party it was made for, where it says so, is us.
    if claims.authorized_party().is_some_and(|party| party != client.client_id()) {
        return Err(refused("authorized party"));
    }
    if let Some(hash) = claims.access_token_hash() {
        let ours = id_token.signing_alg().and_then(|algorithm| {
            let key = id_token.signing_key(&verifier)?;
            Ok(AccessTokenHash::from_token(token.access_token(), algorithm, key))
        });
        if !matches!(ours, Ok(Ok(ours)) if ours == *hash) {
            return Err(refused("access token"));
        }
    }
    let methods = claims.auth_method_refs().map(Vec::as_slice).unwrap_or_default();
    Ok(Identity {
        subject: claims.subject().as_str().to_owned(),
        email: claims.email().map(|email| email.as_str().to_owned()),
        email_verified: claims.email_verified() == Some(true),
        methods: methods.iter().map(|method| method.as_str().to_owned()).collect(),
        class: claims.auth_context_ref().map(|class| class.as_str().to_owned()),
    })
}
