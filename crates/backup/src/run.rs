//! Programs of others, run to their end. One whose caller goes away is ended.

use std::process::{ExitStatus, Stdio};

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use crate::Error;
use crate::error::During as _;

/// How a program ended and what it said.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The last lines of all it said.
    pub(crate) fn tail(&self) -> String {
        let all: Vec<&str> =
            self.out.lines().chain(self.err.lines()).map(str::trim).filter(|line| !line.is_empty()).collect();
        all[all.len().saturating_sub(6)..].join("; ")
    }

    /// What it printed, or its failure.
    pub(crate) fn success(self, program: &'static str) -> Result<String, Error> {
        if self.status.success() {
            return Ok(self.out);
        }
        Err(Error::Program { program, output: self.tail() })
    }
}

/// Starts a program whose pipes are ours.
pub(crate) fn spawn(
    program: &'static str,
    command: std::process::Command,
    stdin: Stdio,
) -> Result<Child, Error> {
    let mut command = Command::from(command);
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.spawn().during(|| format!("run {program}"))
}

/// Runs a program to its end.
pub(crate) async fn ended(program: &'static str, command: std::process::Command) -> Result<Ended, Error> {
    let child = spawn(program, command, Stdio::null())?;
    let output = child.wait_with_output().await.during(|| format!("run {program}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Ended { status: output.status, out: text(&output.stdout), err: text(&output.stderr) })
}

/// All that is said on one of a program's pipes.
pub(crate) async fn said(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let mut text = Vec::new();
    if let Some(mut pipe) = pipe {
        // What cannot be read was not said; how the program ended tells the rest.
        let _ = pipe.read_to_end(&mut text).await;
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// A word for a shell.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_word_stays_one_word_in_a_shell() {
        assert_eq!(super::quoted("/a b/it's"), r"'/a b/it'\''s'");
    }
}
