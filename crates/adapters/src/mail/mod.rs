//! E-mail: a [`Message`] to one [`Address`], sent by a [`Mailer`].

mod address;
mod by_line;
mod config;
mod connections;
mod message;
mod smtp;

pub use address::Address;
pub use config::SmtpConfig;
pub(crate) use message::is_body;
pub use message::{Content, Message};
pub use smtp::Smtp;

use crate::{Mailbox, SendError};

/// Sends e-mail.
#[derive(Clone, Debug)]
pub enum Mailer {
    /// To a mail server, which takes it from there.
    Smtp(Smtp),
    /// Nowhere: for development.
    Mailbox(Mailbox),
}

impl Mailer {
    /// Hands `message` over. That it was taken does not say that it will arrive.
    ///
    /// # Errors
    /// [`SendError`], whose class says whether to try again.
    pub async fn send(&self, message: &Message) -> Result<(), SendError> {
        let sent = match self {
            Self::Smtp(smtp) => smtp.send(message).await,
            Self::Mailbox(mailbox) => {
                mailbox.keep_mail(message);
                Ok(())
            }
        };
        let id = message.id();
        match &sent {
            Ok(()) => tracing::info!(target: "mail", %id, "sent"),
            Err(error) => tracing::warn!(target: "mail", %id, %error, "not sent"),
        }
        sent
    }
}
