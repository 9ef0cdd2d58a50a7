//! What development has in place of the world: the last messages, in memory, for a person to read.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use kernel::World;
use uuid::Uuid;

use crate::mail::Message;
use crate::sms::Text;

/// How many are kept.
const KEPT: usize = 200;

/// Keeps the last 200 messages instead of sending them. Its clones are the same mailbox; give one to the
/// [`crate::mail::Mailer`] and one to the [`crate::sms::Texter`]. Never for production: it holds what it should send.
#[derive(Clone)]
pub struct Mailbox {
    world: World,
    kept: Arc<Mutex<VecDeque<Kept>>>,
}

/// The way a message would have gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// E-mail.
    Mail,
    /// A text message (SMS).
    Sms,
}

/// A message as it would have been sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// When.
    pub at: Timestamp,
    /// Which way.
    pub channel: Channel,
    /// The message's own id.
    pub id: Uuid,
    /// The address, or the number in E.164.
    pub to: String,
    /// The subject of an e-mail.
    pub subject: Option<String>,
    /// The plain text.
    pub text: String,
    /// The HTML alternative of an e-mail.
    pub html: Option<String>,
    /// Where e-mails like it are stopped.
    pub stop: Option<String>,
}

impl Mailbox {
    /// An empty one.
    pub fn new(world: World) -> Self {
        Self { world, kept: Arc::default() }
    }

    /// What would have been sent, newest first.
    pub fn list(&self) -> Vec<Kept> {
        self.lock().iter().cloned().collect()
    }

    pub(crate) fn keep_mail(&self, message: &Message) {
        let content = message.content();
        self.keep(Kept {
            at: self.world.now(),
            channel: Channel::Mail,
            id: message.id(),
            to: message.to().as_str().to_owned(),
            subject: Some(content.subject.clone()),
            text: content.text.clone(),
            html: content.html.clone(),
            stop: message.stop().map(|stop| stop.as_str().to_owned()),
        });
    }

    pub(crate) fn keep_text(&self, text: &Text) {
        self.keep(Kept {
            at: self.world.now(),
            channel: Channel::Sms,
            id: text.id(),
            to: text.to().as_e164().to_owned(),
            subject: None,
            text: text.body().to_owned(),
            html: None,
            stop: None,
        });
    }

    fn keep(&self, message: Kept) {
        let mut kept = self.lock();
        kept.truncate(KEPT - 1);
        kept.push_front(message);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        // Every change is one step, so a panic elsewhere leaves nothing half done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Mailbox(..)")
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, channel, id, .. } = self;
        write!(out, "Kept {{ at: {at}, channel: {channel:?}, id: {id}, .. }}")
    }
}
