//! Text messages: a [`Text`] to one [`Phone`], sent by a [`Texter`].

mod answer;
mod phone;
mod text;
mod twilio;
mod twilio_config;

pub use phone::Phone;
pub use text::Text;
pub use twilio::Twilio;
pub use twilio_config::TwilioConfig;

use crate::{Mailbox, SendError};

/// Sends text messages.
#[derive(Clone, Debug)]
pub enum Texter {
    /// Through Twilio.
    Twilio(Twilio),
    /// Nowhere: for development.
    Mailbox(Mailbox),
}

/// What was taken for sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Twilio's SID of the message, under which it tells of the delivery; none of a mailbox.
    pub sid: Option<String>,
}

impl Texter {
    /// Hands `text` over. That it was taken does not say that it will arrive.
    ///
    /// # Errors
    /// [`SendError`], whose class says whether to try again.
    pub async fn send(&self, text: &Text) -> Result<Sent, SendError> {
        let sent = match self {
            Self::Twilio(twilio) => twilio.send(text).await,
            Self::Mailbox(mailbox) => {
                mailbox.keep_text(text);
                Ok(Sent { sid: None })
            }
        };
        let id = text.id();
        match &sent {
            Ok(sent) => tracing::info!(target: "sms", %id, sid = sent.sid.as_deref(), "sent"),
            Err(error) => tracing::warn!(target: "sms", %id, %error, "not sent"),
        }
        sent
    }
}
