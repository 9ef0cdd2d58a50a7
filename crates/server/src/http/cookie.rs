//! The one cookie: `__Host-` (RFC 6265bis, section 4.1.3.2), so that no sibling subdomain and no plain connection can
//! have set it, opaque, out of reach of scripts.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

const NAME: &str = "__Host-lamplight";

/// The secret in the cookie.
#[derive(Clone)]
pub(crate) struct Cookie(Zeroizing<[u8; 32]>);

impl Cookie {
    /// Of these 256 random bits.
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// The secret.
    pub(crate) fn secret(&self) -> &[u8] {
        self.0.as_ref()
    }

    /// The cookie of a request; `Err` when it sends several of the name or one that is none of ours.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, ()> {
        let values = headers.get_all(header::COOKIE).iter();
        let mut found = None;
        for value in values {
            for pair in value.to_str().map_err(|_| ())?.split(';') {
                let Some((name, value)) = pair.trim().split_once('=') else { continue };
                if name != NAME {
                    continue;
                }
                let secret = URL_SAFE_NO_PAD.decode(value).map_err(|_| ())?.try_into().map_err(|_| ())?;
                if found.replace(Self::new(secret)).is_some() {
                    return Err(());
                }
            }
        }
        Ok(found)
    }

    /// `Set-Cookie` that gives it. It has no lifetime: the server ends sessions, and a closed browser forgets.
    pub(crate) fn set(&self) -> String {
        let text = URL_SAFE_NO_PAD.encode(self.0.as_ref());
        format!("{NAME}={text}; Path=/; Secure; HttpOnly; SameSite=Lax")
    }

    /// `Set-Cookie` that takes it away.
    pub(crate) fn clear() -> String {
        format!("{NAME}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Result<Option<Vec<u8>>, ()> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::COOKIE, value.parse().unwrap());
        }
        Cookie::of(&headers).map(|cookie| cookie.map(|cookie| cookie.secret().to_vec()))
    }

    #[test]
    fn one_cookie_of_ours_and_no_guessing() {
        let set = Cookie::new([7; 32]).set();
        let pair = set.split(';').next().unwrap();
        assert_eq!(of(&[&format!("a=b; {pair}")]), Ok(Some(vec![7; 32])));
        assert_eq!(of(&["a=b"]), Ok(None));
        assert_eq!(of(&[&pair.replace("__Host-", "")]), Ok(None));
        assert_eq!(of(&[&format!("{pair}; {pair}")]), Err(()), "a sibling domain may have sent one of them");
        assert_eq!(of(&["__Host-lamplight=short"]), Err(()));
    }
}
