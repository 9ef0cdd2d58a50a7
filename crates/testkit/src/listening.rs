//! Someone who listens: server-sent events, one after another.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::Value;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The kind of event.
    pub word: String,
    /// The place to go on from.
    pub id: String,
    /// What was told.
    pub data: Value,
}

/// An answer that goes on.
pub struct Listener {
    body: Body,
    text: String,
}

impl Listener {
    pub(crate) fn new(body: Body) -> Self {
        Self { body, text: String::new() }
    }

    /// The next event; `None` when the answer ended.
    ///
    /// # Panics
    /// When nothing comes in time.
    pub async fn next(&mut self) -> Option<Heard> {
        let next = tokio::time::timeout(PATIENCE, self.read()).await;
        next.expect("an event, or the end, in time")
    }

    /// What comes within this time.
    pub async fn within(&mut self, time: Duration) -> Vec<Heard> {
        let mut heard = Vec::new();
        while let Ok(Some(next)) = tokio::time::timeout(time, self.read()).await {
            heard.push(next);
        }
        heard
    }

    async fn read(&mut self) -> Option<Heard> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let heard = parse(block);
                self.text = rest.to_owned();
                // Comments keep the connection alive.
                if !heard.word.is_empty() {
                    return Some(heard);
                }
            }
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                self.text.push_str(std::str::from_utf8(&data).expect("text"));
            }
        }
    }
}

fn parse(block: &str) -> Heard {
    let field = |name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_default().trim_start().to_owned()
    };
    Heard {
        word: field("event"),
        id: field("id"),
        data: serde_json::from_str(&field("data")).unwrap_or(Value::Null),
    }
}
