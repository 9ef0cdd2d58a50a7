//! The form of our e-mails: paragraphs and at most one thing to press. Plain text and HTML come from the same words, so
//! they cannot differ.

use super::Link;
use super::html::Html;
use crate::mail::Content;

/// The width of lines, in characters; far below the 998 of RFC 5322, section 2.1.1.
const WIDTH: usize = 76;

/// An e-mail in the making.
pub(super) struct Letter {
    subject: String,
    text: String,
    html: Html,
}

impl Letter {
    pub(super) fn new(subject: impl Into<String>) -> Self {
        let subject = subject.into();
        let mut html = Html::default();
        html.markup("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
        html.text(&subject).markup("</title>\n</head>\n");
        html.markup(
            "<body style=\"font-family: sans-serif; line-height: 1.5; max-width: 36em; margin: 1em\">\n",
        );
        Self { subject, text: String::new(), html }
    }

    pub(super) fn paragraph(mut self, words: &str) -> Self {
        let lines = wrapped(words);
        self.text.push_str(&lines);
        self.text.push_str("\n\n");
        self.html.markup("<p>").text(&lines).markup("</p>\n");
        self
    }

    /// The thing to press, with its address for who rather copies it.
    pub(super) fn action(mut self, label: &'static str, link: &Link) -> Self {
        self.text.push_str(label);
        self.text.push_str(":\n");
        self.text.push_str(link.as_str());
        self.text.push_str("\n\n");
        self.html
            .markup("<p><a\nhref=\"")
            .text(link.as_str())
            .markup("\">\n")
            .text(label)
            .markup("</a></p>\n");
        self.html.markup("<p>Or copy this address:<br>\n").text(link.as_str()).markup("</p>\n");
        self
    }

    pub(super) fn finish(self) -> Content {
        let mut letter = self
            .paragraph("Lamplight")
            .paragraph("This is an automatic message. No one reads replies to it.");
        letter.html.markup("</body>\n</html>\n");
        letter.text.truncate(letter.text.trim_end().len());
        letter.text.push('\n');
        Content { subject: letter.subject, text: letter.text, html: Some(letter.html.finish()) }
    }
}

/// Breaks lines at blanks.
fn wrapped(words: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if width > 0 {
            let fits = width + 1 + length <= WIDTH;
            lines.push(if fits { ' ' } else { '\n' });
            width = if fits { width + 1 } else { 0 };
        }
        lines.push_str(word);
        width += length;
    }
    lines
}
