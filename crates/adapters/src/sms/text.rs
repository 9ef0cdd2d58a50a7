//! One text message.

use std::fmt;

use uuid::Uuid;

use crate::Invalid;
use crate::mail::is_body;
use crate::sms::Phone;

/// The most characters Twilio takes.
const LIMIT: usize = 1600;

/// A text message to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    id: Uuid,
    to: Phone,
    body: String,
}

impl Text {
    /// A message; `id` is for our log.
    ///
    /// # Errors
    /// [`Invalid::Text`]: empty, more than 1600 characters, or with control characters other than line ends.
    pub fn new(id: Uuid, to: Phone, body: String) -> Result<Self, Invalid> {
        if !is_body(&body, 4 * LIMIT) || body.chars().count() > LIMIT {
            return Err(Invalid::Text);
        }
        Ok(Self { id, to, body })
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// To whom.
    pub fn to(&self) -> &Phone {
        &self.to
    }

    /// What it says.
    pub fn body(&self) -> &str {
        &self.body
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Text {{ id: {}, .. }}", self.id)
    }
}
