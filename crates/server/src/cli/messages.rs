//! What mail and text messages go through, as `lamplight serve` is told.

use adapters::Mailbox;
use adapters::mail::{Mailer, Smtp, SmtpConfig};
use adapters::sms::{Texter, Twilio, TwilioConfig};
use clap::Args;
use eyre::{WrapErr as _, bail, eyre};
use kernel::World;

use crate::app::Carriers;

#[derive(Args)]
#[group(id = "messages")]
#[command(next_help_heading = "Mail and text messages")]
pub(super) struct Options {
    /// The mail server, as smtps://user:password@host or smtp://... with STARTTLS; without one nothing is sent, and
    /// development shows it at /mailbox
    #[arg(long, env = "LAMPLIGHT_SMTP_URL", value_name = "URL", hide_env_values = true)]
    smtp_url: Option<String>,
    /// Whom mail comes from
    #[arg(long, env = "LAMPLIGHT_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// The Twilio account that text messages go through
    #[arg(long, env = "TWILIO_ACCOUNT_SID", value_name = "SID")]
    twilio_account: Option<String>,
    /// An API key of the account, when not its own token is used
    #[arg(long, env = "TWILIO_API_KEY", value_name = "SID")]
    twilio_key: Option<String>,
    /// The account's token, or the key's secret; better given in the variable, which other users cannot see
    #[arg(long, env = "TWILIO_AUTH_TOKEN", value_name = "SECRET", hide_env_values = true)]
    twilio_secret: Option<String>,
    /// The number or messaging service that text messages come from
    #[arg(long, env = "TWILIO_FROM", value_name = "NUMBER")]
    twilio_from: Option<String>,
}

impl Options {
    /// With real people's data a mail must arrive: reset and invitation go by it.
    pub(super) fn check(&self) -> eyre::Result<()> {
        if self.smtp_url.is_none() {
            bail!("refused with LAMPLIGHT_ENV=production: name a mail server in LAMPLIGHT_SMTP_URL");
        }
        Ok(())
    }

    /// The carriers; `None` when nothing is to be sent.
    pub(super) fn carriers(&self, world: &World, production: bool) -> eyre::Result<Option<Carriers>> {
        if self.smtp_url.is_none() && self.twilio_account.is_none() {
            return Ok(None);
        }
        let mailbox = Mailbox::new(world.clone());
        let mut kept = None;
        let mailer = match &self.smtp_url {
            Some(url) => {
                let from =
                    self.mail_from.as_deref().ok_or_else(|| eyre!("LAMPLIGHT_MAIL_FROM is missing"))?;
                let config = SmtpConfig::parse(url, from).wrap_err("LAMPLIGHT_SMTP_URL")?;
                Mailer::Smtp(Smtp::new(config, world.clone()).wrap_err("LAMPLIGHT_SMTP_URL")?)
            }
            None => Mailer::Mailbox(kept.insert(mailbox.clone()).clone()),
        };
        let texter = match &self.twilio_account {
            Some(account) => {
                let missing = |name: &str| eyre!("{name} is missing");
                let secret = self.twilio_secret.as_deref().ok_or_else(|| missing("TWILIO_AUTH_TOKEN"))?;
                let from = self.twilio_from.as_deref().ok_or_else(|| missing("TWILIO_FROM"))?;
                let config = TwilioConfig::new(account, self.twilio_key.as_deref(), secret, from)?;
                Some(Texter::Twilio(Twilio::new(config, world.clone())?))
            }
            // A code that nobody is sent must not be asked for.
            None if production => None,
            None => Some(Texter::Mailbox(kept.insert(mailbox).clone())),
        };
        Ok(Some(Carriers { mailer, texter, mailbox: kept }))
    }
}
