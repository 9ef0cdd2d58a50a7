//! One e-mail, before it is put into the form of the wire.

use std::fmt;

use uuid::Uuid;

use crate::Invalid;
use crate::mail::Address;
use crate::texts::Link;

/// The most characters of a subject.
const SUBJECT: usize = 200;
/// The most bytes of a body.
const BODY: usize = 64 * 1024;

/// What an e-mail says; [`crate::texts`] makes them.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// One line.
    pub subject: String,
    /// Plain text; lines end with `\n`.
    pub text: String,
    /// The same in HTML.
    pub html: Option<String>,
}

/// An e-mail to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    id: Uuid,
    to: Address,
    content: Content,
    stop: Option<Link>,
}

impl Message {
    /// A message. `id` becomes the left part of its Message-ID: give the same one when sending the same again, and
    /// mail programs show it once.
    ///
    /// # Errors
    /// [`Invalid::Subject`], [`Invalid::Text`]: empty, too long, or with control characters, which could begin a
    /// header of their own.
    pub fn new(id: Uuid, to: Address, content: Content) -> Result<Self, Invalid> {
        let Content { subject, text, html } = &content;
        let short = (1..=SUBJECT).contains(&subject.chars().count());
        if !short || subject.trim().is_empty() || subject.chars().any(char::is_control) {
            return Err(Invalid::Subject);
        }
        if !is_body(text, BODY) || html.as_ref().is_some_and(|html| !is_body(html, BODY)) {
            return Err(Invalid::Text);
        }
        Ok(Self { id, to, content, stop: None })
    }

    /// The same as one of several that somebody asked for: they end with an empty POST to this address, by which mail
    /// programs have a button (RFC 8058).
    #[must_use]
    pub fn stopped_by(mut self, stop: Link) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Where such messages are stopped.
    pub fn stop(&self) -> Option<&Link> {
        self.stop.as_ref()
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// To whom.
    pub fn to(&self) -> &Address {
        &self.to
    }

    /// What it says.
    pub fn content(&self) -> &Content {
        &self.content
    }
}

/// Whether `text` can be the body of a message: something in it, not too long, no control characters but line ends.
pub(crate) fn is_body(text: &str, limit: usize) -> bool {
    !text.trim().is_empty() && text.len() <= limit && !text.chars().any(|c| c.is_control() && c != '\n')
}

impl fmt::Debug for Content {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Content(..)")
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Message {{ id: {}, .. }}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(subject: &str, text: &str, html: Option<&str>) -> Result<Message, Invalid> {
        let html = html.map(str::to_owned);
        let content = Content { subject: subject.to_owned(), text: text.to_owned(), html };
        Message::new(Uuid::nil(), Address::parse("ada@example.com").unwrap(), content)
    }

    #[test]
    fn a_subject_is_one_line() {
        assert!(message("Hello, \u{c4}da", "Hi\n", None).is_ok());
        for subject in [
            "",
            "  ",
            "a\r\nBcc: eve@evil.test",
            "a\nb",
            "a\rb",
            "a\tb",
            "a\u{0}b",
            "a\u{85}b",
            &"a".repeat(201),
        ] {
            assert_eq!(message(subject, "Hi", None), Err(Invalid::Subject), "{subject:?}");
        }
    }

    #[test]
    fn a_body_is_text() {
        for text in ["", " \n", "a\rb", "a\u{0}", "a\u{1b}[2J", &"a".repeat(BODY + 1)] {
            assert_eq!(message("Hello", text, None), Err(Invalid::Text), "{:?}", text.get(..9));
            assert_eq!(message("Hello", "Hi", Some(text)), Err(Invalid::Text));
        }
    }
}
