//! Checkpoints (C2SP: tlog-checkpoint): what a log was at a time, in a note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::{Error, Hash};

/// What a log was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: a line.
    pub origin: String,
    /// How many leaves it had.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// When that was signed, to the microsecond: an extension line of ours, `time` and an instant.
    pub at: Timestamp,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\ntime {:.6}\n", self.origin, self.size, STANDARD.encode(self.root.0), self.at)
    }
}

impl std::str::FromStr for Checkpoint {
    type Err = Error;

    /// Reads exactly what [`Checkpoint::text`] writes.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut lines = text.lines();
        let mut line = || lines.next().filter(|line| !line.is_empty()).ok_or(Error::Checkpoint);
        let (origin, size, root, at) = (line()?, line()?, line()?, line()?);
        let root = STANDARD.decode(root).map_err(|_| Error::Checkpoint)?;
        let at = at.strip_prefix("time ").and_then(|at| at.parse().ok());
        let read = Self {
            origin: origin.to_owned(),
            size: size.parse().map_err(|_| Error::Checkpoint)?,
            root: root.as_slice().try_into().map_err(|_| Error::Checkpoint)?,
            at: at.ok_or(Error::Checkpoint)?,
        };
        // One form alone: no sign before the size, nothing after the time.
        (read.text() == text).then_some(read).ok_or(Error::Checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_read_as_it_was_written_and_in_no_other_form() {
        let one = Checkpoint {
            origin: "log.example/7".to_owned(),
            size: 1_000_003,
            root: Hash::of_leaf(b"a"),
            at: "2026-04-01T08:00:00.25Z".parse().unwrap(),
        };
        let text = one.text();
        assert!(
            text.starts_with("log.example/7\n1000003\n")
                && text.ends_with("\ntime 2026-04-01T08:00:00.250000Z\n")
        );
        assert_eq!(text.parse(), Ok(one));
        for wrong in [
            String::new(),
            text.replace("1000003", "+1000003"),
            text.replace("1000003", "01000003"),
            text.replace("time", "date"),
            format!("{text}more\n"),
            text.replace('=', ""),
            text.trim_end().to_owned(),
        ] {
            assert_eq!(wrong.parse::<Checkpoint>(), Err(Error::Checkpoint), "{wrong:?}");
        }
    }
}
