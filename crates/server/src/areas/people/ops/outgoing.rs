//! Messages are written down in the transaction that wants them, sealed, and sent by a job.

use std::time::Duration;

use adapters::mail::Content;
use adapters::texts::{self, Code, Link};
use db::{Drawer, Tx};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use kernel::{MembershipId, OrganizationId, PersonId};
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
    Mail {
        to: String,
        subject: String,
        text: String,
        html: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        news: Option<Post>,
    },
    Sms {
        to: String,
        text: String,
    },
}

/// The post that a mail about news is for, and where such mails are stopped.
#[derive(Serialize, Deserialize)]
pub(in crate::areas::people) struct Post {
    pub(in crate::areas::people) organization: i32,
    pub(in crate::areas::people) membership: i32,
    pub(in crate::areas::people) stop: String,
}

/// That there is news, for a relative who asked to be told.
pub(crate) struct News<'a> {
    pub(crate) post: (OrganizationId, MembershipId),
    pub(crate) person: PersonId,
    /// What the organization is called.
    pub(crate) name: &'a str,
    pub(crate) slug: &'a str,
    pub(crate) weekly: bool,
    /// By which whoever has the mail stops them.
    pub(crate) stop: &'a str,
}

impl News<'_> {
    /// Writes it down; it leaves when the transaction commits, if they still want it then.
    pub(crate) async fn post(&self, desk: &Desk<'_>, tx: &Tx<'_>) -> Result<(), Error> {
        let (organization, membership) = self.post;
        let person = desk.person(tx, self.person).await?;
        let page = parsed(&desk.app.page(self.slug, &format!("open/{}/{membership}", self.slug)))?;
        let stop = parsed(&desk.app.link(self.slug, "unsubscribe", self.stop))?;
        let content = texts::family_news(self.name, self.weekly, &page, &stop);
        let Outgoing::Mail { to, subject, text, html, .. } = Outgoing::mail(&person.details.email, content)
        else {
            return Err(unwritable());
        };
        let stop = desk.app.page(self.slug, &format!("api/unsubscribe/{}", self.stop));
        let news = Some(Post { organization: organization.0, membership: membership.0, stop });
        Outgoing::Mail { to, subject, text, html, news }.post(desk, tx, Some(self.person)).await
    }
}

impl Outgoing {
    pub(in crate::areas::people) fn mail(to: &str, content: Content) -> Self {
        let Content { subject, text, html } = content;
        Self::Mail { to: to.to_owned(), subject, text, html, news: None }
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
