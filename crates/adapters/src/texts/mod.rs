//! The words of our messages, in one place. Pure: the same arguments always make the same message.
//!
//! They hold no health data, and of an organization its name alone: a message is read on a locked screen, by a partner,
//! by a mail provider.

mod html;
mod letter;
mod link;
mod words;

pub use link::{Code, Link};

use std::time::Duration;

use jiff::Zoned;

use crate::mail::Content;
use letter::Letter;
use words::{moment, name, span};

/// The second thing, beside the password, by which somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Factor {
    /// A passkey or security key.
    Passkey,
    /// An app that shows codes (TOTP).
    Authenticator,
    /// Codes by text message.
    Phone,
    /// Codes on paper.
    RecoveryCodes,
}

impl Factor {
    fn words(self) -> &'static str {
        match self {
            Self::Passkey => "a passkey was",
            Self::Authenticator => "an authenticator app was",
            Self::Phone => "codes by text message were",
            Self::RecoveryCodes => "recovery codes were",
        }
    }
}

/// To somebody whom `organization` invites.
pub fn invitation(organization: &str, link: &Link, good_for: Duration) -> Content {
    let organization = name(organization);
    Letter::new(format!("{organization} invites you to Lamplight"))
        .paragraph(&format!("{organization} invites you to join it on Lamplight."))
        .action("Accept the invitation", link)
        .paragraph(&format!("This link works once, for {}.", span(good_for)))
        .paragraph("If you did not expect an invitation, ignore this message. Nothing happens without you.")
        .finish()
}

/// To somebody who forgot their password, or whose address somebody typed.
pub fn password_reset(link: &Link, good_for: Duration) -> Content {
    Letter::new("Reset your Lamplight password")
        .paragraph(
            "Someone asked for a new password for your Lamplight account. If it was you, choose one now.",
        )
        .action("Choose a new password", link)
        .paragraph(&format!("This link works once, for {}.", span(good_for)))
        .paragraph("If it was not you, ignore this message. Your password stays as it is.")
        .finish()
}

/// To somebody whose address was typed and who has no account: so that nobody learns from a missing mail who has one.
pub fn no_account() -> Content {
    Letter::new("There is no Lamplight account with this address")
        .paragraph(
            "Somebody asked for a new password for this e-mail address. There is no Lamplight account with it.",
        )
        .paragraph("If it was you, you may have signed up with another address. If not, ignore this message.")
        .finish()
}

/// After a password was changed.
pub fn password_changed(when: &Zoned, secure: &Link) -> Content {
    let what = format!("The password of your Lamplight account was changed on {}.", moment(when));
    notice("Your Lamplight password was changed", &what, secure)
}

/// To the new address, before it counts.
pub fn email_change(link: &Link, good_for: Duration) -> Content {
    Letter::new("Confirm your e-mail address for Lamplight")
        .paragraph(
            "Someone wants to use this e-mail address for a Lamplight account. If it was you, confirm it.",
        )
        .action("Confirm this address", link)
        .paragraph(&format!("This link works once, for {}.", span(good_for)))
        .paragraph("If it was not you, ignore this message. The address will not be used.")
        .finish()
}

/// To the old address, at the same time.
pub fn email_change_notice(when: &Zoned, secure: &Link) -> Content {
    let what = format!(
        "On {} someone asked to use another e-mail address for your Lamplight account. Until the new address is \
         confirmed, this one stays.",
        moment(when)
    );
    notice("A new e-mail address for your Lamplight account", &what, secure)
}

/// After a sign-in from a device that was not seen before. `device` is what it says of itself: "Firefox on Windows".
pub fn new_sign_in(device: &str, when: &Zoned, secure: &Link) -> Content {
    let (device, when) = (name(device), moment(when));
    let what =
        format!("A device that is new to us signed in to your Lamplight account: {device}, on {when}.");
    notice("New sign-in to your Lamplight account", &what, secure)
}

/// After a second factor was added.
pub fn factor_added(factor: Factor, when: &Zoned, secure: &Link) -> Content {
    let what = format!("On {} {} set up for your Lamplight account.", moment(when), factor.words());
    notice("A way to sign in was added to your Lamplight account", &what, secure)
}

/// After an account elsewhere was seen to be the same person's. `provider` is what the organization calls it.
pub fn provider_linked(provider: &str, when: &Zoned, secure: &Link) -> Content {
    let (provider, when) = (name(provider), moment(when));
    let what = format!(
        "On {when} your account with {provider} was used to sign in to Lamplight for the first time."
    );
    notice("A way to sign in was added to your Lamplight account", &what, secure)
}

/// To a relative who asked for it: there is something on their page that they have not seen. What, how much and of whom is
/// not in it; neither is a house.
pub fn family_news(organization: &str, weekly: bool, page: &Link, stop: &Link) -> Content {
    let organization = name(organization);
    let often = if weekly { "once a week" } else { "once a day" };
    Letter::new("There is something new for you on Lamplight")
        .paragraph(&format!("There is something new for you at {organization}. Sign in to see it."))
        .action("Sign in", page)
        .paragraph(&format!(
            "You asked to be told {often} at most, when there is something new. You can change that on your page, or here, \
             without signing in."
        ))
        .action("Stop these messages", stop)
        .finish()
}

/// To those who review it: `who` opens a patient in an emergency. Neither the patient nor the reason is in it.
pub fn emergency_opened(who: &str, when: &Zoned, review: &Link) -> Content {
    let (who, when) = (name(who), moment(when));
    Letter::new("Emergency access to a patient was used")
        .paragraph(&format!(
            "On {when} {who} opened a patient's record in an emergency. It waits for your review."
        ))
        .action("Review emergency access", review)
        .paragraph("Whom it is about and the reason given are shown after you sign in.")
        .finish()
}

/// To those who decide: `who`, of the platform, asks to see what a post of the organization sees. Why is not in it.
pub fn support_asked(who: &str, when: &Zoned, decide: &Link) -> Content {
    let (who, when) = (name(who), moment(when));
    Letter::new("Support access to your organization was asked for")
        .paragraph(&format!(
            "On {when} {who} of Lamplight support asked to see what one person of your organization sees. Nothing is \
             shared until an administrator of the organization approves it."
        ))
        .action("Decide about support access", decide)
        .paragraph("The reason given is shown after you sign in.")
        .finish()
}

/// To the same: it began.
pub fn support_begun(who: &str, of: &str, until: &Zoned, page: &Link) -> Content {
    let (who, of, until) = (name(who), name(of), moment(until));
    Letter::new("Support access to your organization has begun")
        .paragraph(&format!(
            "{who} of Lamplight support now sees what {of} sees, until {until} at the latest. Everything they look at \
             is in your log, with both names."
        ))
        .action("See or end support access", page)
        .finish()
}

/// After a second factor was removed.
pub fn factor_removed(factor: Factor, when: &Zoned, secure: &Link) -> Content {
    let what = format!("On {} {} removed from your Lamplight account.", moment(when), factor.words());
    notice("A way to sign in was removed from your Lamplight account", &what, secure)
}

/// After too many wrong passwords or codes; `lasts` is how long nobody can sign in.
pub fn account_locked(when: &Zoned, lasts: Duration, secure: &Link) -> Content {
    let what = format!(
        "On {} your Lamplight account was locked for {}, after several attempts to sign in failed. It opens again by \
         itself.",
        moment(when),
        span(lasts)
    );
    notice("Your Lamplight account is locked for a while", &what, secure)
}

/// A code by text message. `place` is any address of the host where the code is typed in: its last line lets the browser
/// there, and no other, fill the code in (<https://wicg.github.io/sms-one-time-codes/>).
pub fn one_time_code(code: &Code, good_for: Duration, place: &Link) -> String {
    let (code, host) = (code.as_str(), place.host());
    let span = span(good_for);
    format!("{code} is your Lamplight code. It is good for {span}. We never ask for it.\n\n@{host} #{code}")
}

/// What was done, and the way out for who did not do it.
fn notice(subject: &str, what: &str, secure: &Link) -> Content {
    Letter::new(subject)
        .paragraph(what)
        .paragraph("If it was you, there is nothing to do. If it was not you, secure your account now.")
        .action("Secure my account", secure)
        .finish()
}
