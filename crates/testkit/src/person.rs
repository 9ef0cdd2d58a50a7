//! People with accounts, made the way people make them: by invitation, password and authenticator.

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use kernel::MembershipId;
use policy::PlatformPermission;
use serde_json::json;

use crate::{Browser, Facility, Organization, Permission, TestApp};

/// A password that nobody has lost yet.
pub const PASSWORD: &str = "a lamp in the long corridor";

/// Someone with an account.
pub struct Person {
    /// The address.
    pub email: String,
    /// The browser they are signed in with.
    pub browser: Browser,
    /// The shared secret of the authenticator, in base 32.
    pub totp: String,
    /// The recovery codes.
    pub recovery_codes: Vec<String>,
    /// The first post.
    pub membership: i64,
}

impl TestApp {
    /// A browser without anyone in it.
    pub fn browser(&self) -> Browser {
        Browser::new(self.stranger())
    }

    /// The token in the newest mail to this address whose text has a link to `page`.
    ///
    /// # Panics
    /// When there is none.
    pub async fn token_mailed(&self, email: &str, page: &str) -> String {
        while self.app.deliver_messages().await.expect("delivered") > 0 {}
        let kept = self.app.mailbox().expect("a mailbox").list();
        let mark = format!("/{page}#");
        kept.iter()
            .filter(|kept| kept.to.eq_ignore_ascii_case(email))
            .find_map(|kept| {
                let rest = kept.text.split_once(&mark)?.1;
                Some(rest.split_whitespace().next()?.to_owned())
            })
            .unwrap_or_else(|| panic!("no mail to {email} with a link to {page}"))
    }

    /// The messages that were sent so far, newest first: to whom and the text.
    ///
    /// # Panics
    /// When they cannot be.
    pub async fn sent(&self) -> Vec<(String, String)> {
        while self.app.deliver_messages().await.expect("delivered") > 0 {}
        self.app.mailbox().expect("a mailbox").list().into_iter().map(|kept| (kept.to, kept.text)).collect()
    }

    /// The code that the authenticator with this secret shows now, or so many steps from now.
    ///
    /// # Panics
    /// When the secret is none.
    pub fn code(&self, secret: &str, steps: i64) -> String {
        totp(secret, self.app.world.now() + SignedDuration::from_secs(30 * steps))
    }
}

/// The code that an authenticator with this secret, in base 32, shows at this time.
///
/// # Panics
/// When the secret is none.
pub fn totp(secret: &str, at: Timestamp) -> String {
    hotp(&base32(secret), at.as_second() / 30)
}

impl TestApp {
    /// Someone on the plane above organizations, signed in with password and authenticator.
    ///
    /// # Panics
    /// When any step is refused.
    pub async fn administrator(&self, email: &str, permissions: &[PlatformPermission]) -> Person {
        let operator = self.database.operator().await;
        let invited =
            self.app.invite_administrator(&operator, (email, "Somebody above"), permissions.to_vec()).await;
        let (number, _) = invited.expect("invited");
        let (browser, totp, recovery_codes) = arrive(self, email).await;
        Person { email: email.to_owned(), browser, totp, recovery_codes, membership: i64::from(number) }
    }
}

/// Accepts the invitation mailed to this address with a new account, and sets up an authenticator.
async fn arrive(app: &TestApp, email: &str) -> (Browser, String, Vec<String>) {
    let token = app.token_mailed(email, "invitation").await;
    let browser = app.browser();
    let body = json!({"token": token, "name": "Somebody Real", "password": PASSWORD});
    let accepted = browser.post("/api/auth/invitation/accept", &body).await.expect_status(200).json();
    assert_eq!(accepted["next"], "enroll");
    let (totp, recovery_codes) = enrol(app, &browser).await;
    (browser, totp, recovery_codes)
}

impl Organization<'_> {
    /// Offers someone a post; gives its number.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn invite(
        &self,
        email: &str,
        plane: &str,
        permissions: &[Permission],
        at: &[&Facility],
    ) -> i64 {
        let administrator = self.all_powers(at).await;
        let keys: Vec<&str> = permissions.iter().map(|permission| permission.key()).collect();
        let codes: Vec<&str> = at.iter().map(|facility| facility.code.as_str()).collect();
        let body = json!({
            "email": email, "name": "Somebody", "role": "Nurse", "kind": plane,
            "permissions": keys, "facilities": codes,
        });
        let ask = administrator.ask("POST", "/api/people").body("application/json", body.to_string());
        ask.await.expect_status(201).json()["membership"].as_i64().expect("a number")
    }

    /// Someone of the staff with an account, signed in with password and authenticator.
    ///
    /// # Panics
    /// When any step is refused.
    pub async fn person(&self, email: &str, permissions: &[Permission], at: &[&Facility]) -> Person {
        let membership = self.invite(email, "staff", permissions, at).await;
        let (browser, totp, recovery_codes) = arrive(self.app(), email).await;
        Person { email: email.to_owned(), browser, totp, recovery_codes, membership }
    }

    /// Takes up a post with an account that there is already.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn take_up(
        &self,
        person: &Person,
        plane: &str,
        permissions: &[Permission],
        at: &[&Facility],
    ) -> i64 {
        let membership = self.invite(&person.email, plane, permissions, at).await;
        let token = self.app().token_mailed(&person.email, "invitation").await;
        let taken = person.browser.post("/api/auth/invitation/take-up", &json!({"token": token})).await;
        taken.expect_status(200);
        membership
    }

    /// Ends a post.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn dismiss(&self, membership: MembershipId) {
        let administrator = self.all_powers(&[]).await;
        administrator.delete(&format!("/api/people/{membership}")).await.expect_status(204);
    }
}

/// Sets up an authenticator; gives its secret and the recovery codes.
///
/// # Panics
/// When it is refused.
pub async fn enrol(app: &TestApp, browser: &Browser) -> (String, Vec<String>) {
    let made =
        browser.post("/api/auth/factors/totp", &json!({"label": "Phone"})).await.expect_status(201).json();
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let path = format!("/api/auth/factors/{}/confirm", made["id"].as_str().expect("an id"));
    // The code before: the present one is left for the first sign-in.
    let code = app.code(&secret, -1);
    let confirmed = browser.post(&path, &json!({"code": code})).await.expect_status(200).json();
    let codes = confirmed["recovery_codes"].as_array().expect("codes");
    (secret, codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect())
}

/// RFC 4226, section 5.3, in six digits: another hand than the program's.
fn hotp(key: &[u8], counter: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let mac = hmac::sign(&key, &counter.to_be_bytes());
    let mac = mac.as_ref();
    let at = usize::from(mac[19] & 15);
    let cut = u32::from_be_bytes([mac[at] & 0x7f, mac[at + 1], mac[at + 2], mac[at + 3]]);
    format!("{:06}", cut % 1_000_000)
}

fn base32(text: &str) -> Vec<u8> {
    let mut bits = text.bytes().flat_map(|letter| {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => panic!("no base 32"),
        };
        (0..5).rev().map(move |bit| value >> bit & 1)
    });
    let mut bytes = Vec::new();
    while let Some(byte) = (0..8).try_fold(0, |byte, _| Some(byte << 1 | bits.next()?)) {
        bytes.push(byte);
    }
    bytes
}
