//! `with-postgres -- COMMAND...`: runs a command with a PostgreSQL that all its tests share, and stops it afterwards.

use std::io::Write as _;
use std::process::ExitCode;

use testkit::{Cluster, VARIABLE};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--") {
        arguments.remove(0);
    }
    let Some((program, arguments)) = arguments.split_first() else {
        return say("usage: with-postgres -- COMMAND...");
    };
    let cluster = Cluster::start().await;
    let mut command = Command::new(program);
    command.args(arguments).env(VARIABLE, cluster.superuser());
    // The terminal tells the command of a Ctrl-C too: it ends, and then we do.
    let Ok(_interrupt) = signal(SignalKind::interrupt()) else { return say("signals cannot be heard") };
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return say("signals cannot be heard") };
    let mut child = match command.kill_on_drop(true).spawn() {
        Ok(child) => child,
        Err(error) => return say(&format!("{}: {error}", program.to_string_lossy())),
    };
    let status = tokio::select! {
        status = child.wait() => status.ok(),
        _ = terminate.recv() => {
            let _ = child.kill().await;
            None
        }
    };
    let code = status.and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(1))
}

fn say(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(2)
}
