//! Project tasks: `cargo xtask tidy | check | gen | bench | bench-log`.

mod bench;
mod check;
mod r#gen;
mod tidy;

use std::{
    env,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

const USAGE: &str = "usage: cargo xtask COMMAND

  tidy    the rules of this codebase that the compiler does not know
  check   tidy, and that every generated file is up to date
  gen     [types|elements|compartments|search] makes the generated files anew
  gen dictionaries
          trains a new set of compression dictionaries
  gen passwords FILE..
          makes the list of breached passwords from lists of them (crates/credentials/data/README.md)
  bench   [--help] what requests cost, in CPU time of server and PostgreSQL
  bench-log
          [--help] how long whoever asks the audit log waits, when it is long";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (command, rest) =
        arguments.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let mut out = io::stdout().lock();
    let done = match command {
        "tidy" => tidy(root, &mut out),
        "check" => check::run(root, &mut out),
        "bench-log" => bench::log::run(root, rest, &mut out),
        "bench" => bench::run(root, rest, &mut out),
        "gen" => r#gen::run(rest).map(|()| true).map_err(io::Error::other),
        _ => writeln!(out, "{USAGE}").map(|()| false),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the findings of [`tidy::run`]; true when there are none.
fn tidy(root: &Path, out: &mut impl Write) -> io::Result<bool> {
    let (findings, files) = tidy::run(root)?;
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    writeln!(out, "tidy: {} findings in {files} files", findings.len())?;
    Ok(findings.is_empty())
}
