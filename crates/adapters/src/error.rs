//! What goes wrong. No error holds an address, a number, a word of a message, a secret or what the other side said:
//! only its code.

use std::fmt;
use std::time::Duration;

/// Something was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Sending the same again cannot help.
    Permanent {
        /// Why.
        why: Why,
        /// The other side's code: of SMTP, of Twilio, or else the HTTP status.
        code: Option<u32>,
    },
    /// It may go later. After a timeout it may even have gone: who tries again may send twice.
    Transient {
        /// Why.
        why: Why,
        /// As above.
        code: Option<u32>,
        /// How long the other side asks us to wait.
        retry_after: Option<Duration>,
    },
}

impl SendError {
    /// Why.
    pub fn why(&self) -> Why {
        match self {
            Self::Permanent { why, .. } | Self::Transient { why, .. } => *why,
        }
    }

    /// The other side's code.
    pub fn code(&self) -> Option<u32> {
        match self {
            Self::Permanent { code, .. } | Self::Transient { code, .. } => *code,
        }
    }

    /// Whether trying again later makes sense.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }

    pub(crate) fn permanent(why: Why, code: Option<u32>) -> Self {
        Self::Permanent { why, code }
    }

    pub(crate) fn transient(why: Why, code: Option<u32>) -> Self {
        Self::Transient { why, code, retry_after: None }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = if self.is_transient() { "not sent for now" } else { "not sent" };
        write!(out, "{class}: {}", self.why())?;
        self.code().map_or(Ok(()), |code| write!(out, " ({code})"))
    }
}

impl std::error::Error for SendError {}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Why {
    /// No such mailbox or number.
    #[error("the recipient cannot be reached")]
    Recipient,
    /// A number that takes no text messages.
    #[error("the number takes no text messages")]
    NotMobile,
    /// The person told the carrier STOP.
    #[error("the recipient opted out")]
    OptedOut,
    /// Our account may not send to that part of the world.
    #[error("our account may not send there")]
    Region,
    /// The other side does not know our password or key.
    #[error("our credentials were refused")]
    Credentials,
    /// The other side does not let us send in this name.
    #[error("our sender was refused")]
    Sender,
    /// Refused for another reason; the code tells.
    #[error("the message was refused")]
    Refused,
    /// Too much for now, or the other side is not well.
    #[error("the other side is busy")]
    Busy,
    /// No connection, or it broke.
    #[error("the network failed")]
    Network,
    /// No trustworthy encryption.
    #[error("no trustworthy TLS")]
    Tls,
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The server lacks what we insist on: STARTTLS, or a way to sign in that we know.
    #[error("the server does not offer what we need")]
    Unsuitable,
    /// The answer is not of the protocol.
    #[error("the answer makes no sense")]
    Protocol,
}

/// Something given to us that cannot be sent, and never reached the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Invalid {
    /// Not an e-mail address in plain ASCII.
    #[error("not an e-mail address")]
    Address,
    /// Not a phone number.
    #[error("not a phone number")]
    Phone,
    /// An empty or overlong subject, or one with control characters.
    #[error("not a subject: 1 to 200 characters without control characters")]
    Subject,
    /// An empty or overlong body, or one with control characters other than line ends.
    #[error("not a text: empty, too long or with control characters")]
    Text,
    /// Not an `https` link, or too long.
    #[error("not a link: https, without user name, up to 900 characters")]
    Link,
    /// Not 4 to 10 digits.
    #[error("not a code: 4 to 10 digits")]
    Code,
}

/// A setting that cannot be used. Names the part, never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ConfigError {
    /// An address that another program cannot listen at.
    #[error("a webhook's address is https, or http on this machine")]
    Hook,
    /// Where files are kept or looked through.
    #[error("{0}")]
    Files(&'static str),
    /// The mail server's URL.
    #[error("the mail server is not a URL of the form smtps://user:password@host:port")]
    MailUrl,
    /// Its scheme.
    #[error("the mail server's URL begins with neither smtps:// (TLS) nor smtp:// (STARTTLS)")]
    MailScheme,
    /// Its host.
    #[error("the mail server's URL names no usable host")]
    MailHost,
    /// More than server and credentials.
    #[error(
        "the mail server's URL has a path, query or fragment; a special character of the password is written %XX"
    )]
    MailExtra,
    /// Its credentials.
    #[error(
        "the mail server's URL has a user name without a password, a password without a user name, or broken %XX"
    )]
    MailCredentials,
    /// The sender.
    #[error("the sender of mail is neither an address nor of the form Name <address>")]
    MailFrom,
    /// The certificates.
    #[error("the certificates for the mail server are not PEM")]
    MailRoots,
    /// The account.
    #[error("the Twilio account SID is not AC followed by 32 hexadecimal digits")]
    TwilioAccount,
    /// The key.
    #[error("the Twilio API key SID is not SK followed by 32 hexadecimal digits")]
    TwilioKey,
    /// The secret.
    #[error("the Twilio secret is empty or has characters other than printable ASCII")]
    TwilioSecret,
    /// The sender.
    #[error("the Twilio sender is neither a phone number, a short code nor a messaging service SID (MG...)")]
    TwilioSender,
    /// The address.
    #[error("the Twilio address is not https://api.twilio.com or another of Twilio's, nor of this machine")]
    TwilioBase,
    /// A key of AWS KMS.
    #[error(
        "not a key of AWS KMS: its ARN is arn:aws:kms:REGION:ACCOUNT:key/ID; an alias may lead elsewhere tomorrow"
    )]
    KmsArn,
    /// Where AWS KMS is, or who we are there.
    #[error("AWS KMS cannot be used as the environment (AWS_*) says")]
    Kms,
    /// A key of Vault's transit engine.
    #[error("not a key of Vault: its address is https://HOST:PORT/MOUNT/KEY, http on this machine alone")]
    VaultAddress,
    /// The token.
    #[error("Vault's token file cannot be read, is empty, or may be read by others: set its mode to 0600")]
    VaultToken,
    /// The certificates.
    #[error("the certificates for Vault are not PEM")]
    VaultRoots,
    /// The client of HTTP.
    #[error("TLS could not be set up")]
    Tls,
}
