//! Messages are written down in the transaction that wants them, sealed, and sent by a job.

use std::time::Duration;

use adapters::mail::Content;
use adapters::texts::{self, Code, Link};
use db::{Drawer, Tx};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use kernel::PersonId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Desk;
use crate::app::App;
use crate::areas::people::model::Purpose;
use crate::areas::people::{Error, store};

/// A message as it is sealed in its row.
#[derive(Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "lowercase")]
pub(in crate::areas::people) enum Outgoing {
    Mail { to: String, subject: String, text: String, html: Option<String> },
    Sms { to: String, text: String },
}

impl Outgoing {
    pub(in crate::areas::people) fn mail(to: &str, content: Content) -> Self {
        let Content { subject, text, html } = content;
        Self::Mail { to: to.to_owned(), subject, text, html }
    }

    /// The number of its row and what the row keeps of it.
    pub(super) fn seal(&self, desk: &Desk<'_>) -> Result<(Uuid, Vec<u8>), Error> {
        let id = desk.app.world.uuid();
        let clear = serde_json::to_vec(self).map_err(|_| db::Error::Seal("a message cannot be written"))?;
        Ok((id, desk.vault.seal(Drawer::Message, id, &clear)))
    }

    /// Writes it down; it leaves when the transaction commits.
    pub(in crate::areas::people) async fn post(
        &self,
        desk: &Desk<'_>,
        tx: &Tx<'_>,
        person: Option<PersonId>,
    ) -> Result<(), Error> {
        let (id, sealed) = self.seal(desk)?;
        let channel = match self {
            Self::Mail { .. } => "mail",
            Self::Sms { .. } => "sms",
        };
        store::insert_message(tx, id, person, channel, &sealed, desk.now).await?;
        Ok(())
    }
}

/// The letters, with what all of them need: when, and the way to one's own account.
pub(crate) struct Letters<'a> {
    app: &'a App,
}

impl App {
    /// The words of messages.
    pub(crate) fn texts(&self) -> Letters<'_> {
        Letters { app: self }
    }
}

impl Letters<'_> {
    fn secure(&self) -> Result<Link, Error> {
        parsed(&self.app.page("", "account"))
    }

    pub(super) fn one_time_code(&self, code: &str, origin: &str) -> Result<String, Error> {
        let code = Code::parse(code).map_err(|_| unwritable())?;
        // A host that is no name of ours is not told to the phone.
        let place =
            Link::parse(origin).or_else(|_| parsed(&self.app.page("", ""))).map_err(|_| unwritable())?;
        Ok(texts::one_time_code(&code, good_for(Purpose::SmsCode), &place))
    }

    pub(super) fn new_sign_in(&self, device: &str, at: Timestamp) -> Result<Content, Error> {
        Ok(texts::new_sign_in(device, &zoned(at), &self.secure()?))
    }

    pub(super) fn factor_added(&self, factor: texts::Factor, at: Timestamp) -> Result<Content, Error> {
        Ok(texts::factor_added(factor, &zoned(at), &self.secure()?))
    }

    pub(super) fn factor_removed(&self, factor: texts::Factor, at: Timestamp) -> Result<Content, Error> {
        Ok(texts::factor_removed(factor, &zoned(at), &self.secure()?))
    }

    pub(super) fn provider_linked(&self, provider: &str, at: Timestamp) -> Result<Content, Error> {
        Ok(texts::provider_linked(provider, &zoned(at), &self.secure()?))
    }

    pub(super) fn emergency_opened(&self, name: &str, page: &str, at: Timestamp) -> Result<Content, Error> {
        Ok(texts::emergency_opened(name, &zoned(at), &parsed(page)?))
    }

    pub(super) fn support_asked(&self, who: &str, page: &str, at: Timestamp) -> Result<Content, Error> {
        Ok(texts::support_asked(who, &zoned(at), &parsed(page)?))
    }

    pub(super) fn support_begun(
        &self,
        (who, of): (&str, &str),
        page: &str,
        until: Timestamp,
    ) -> Result<Content, Error> {
        Ok(texts::support_begun(who, of, &zoned(until), &parsed(page)?))
    }

    pub(super) fn password_changed(&self, at: Timestamp) -> Result<Content, Error> {
        Ok(texts::password_changed(&zoned(at), &self.secure()?))
    }

    pub(super) fn password_reset(&self, link: &str) -> Result<Content, Error> {
        Ok(texts::password_reset(&parsed(link)?, good_for(Purpose::Reset)))
    }

    pub(super) fn no_account(&self) -> Content {
        texts::no_account()
    }

    pub(super) fn email_change(&self, link: &str) -> Result<Content, Error> {
        Ok(texts::email_change(&parsed(link)?, good_for(Purpose::Email)))
    }

    pub(super) fn email_change_notice(&self, at: Timestamp) -> Result<Content, Error> {
        Ok(texts::email_change_notice(&zoned(at), &self.secure()?))
    }

    pub(super) fn invitation(&self, organization: &str, link: &str) -> Result<Content, Error> {
        Ok(texts::invitation(organization, &parsed(link)?, good_for(Purpose::Invitation)))
    }
}

fn parsed(link: &str) -> Result<Link, Error> {
    Link::parse(link).map_err(|_| unwritable())
}

fn unwritable() -> Error {
    Error::Db(db::Error::Config("a message cannot be written: the installation's domain is none".to_owned()))
}

fn good_for(purpose: Purpose) -> Duration {
    purpose.life().unsigned_abs()
}

fn zoned(at: Timestamp) -> Zoned {
    at.to_zoned(TimeZone::UTC)
}
