//! `cargo xtask bench-log`: how long whoever asks the log waits, when it is long.
//!
//! Wall time, because a person waits for it; on a busy machine it is an upper bound. The server is the one that the
//! other bench makes; the log is filled past the program, and then asked through it.

mod ask;
mod fill;
mod plans;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::install::{self, Installation, ORGANIZATION};
use super::{Fallible, connect, cpu, say};
use fill::Asked;

const USAGE: &str = "usage: cargo xtask bench-log [OPTIONS]

Makes an installation, fills its log past the program, and measures how long the program takes to answer who saw a patient,
and what an auditor asks. Needs some 400 bytes of disk for each event, in the temporary folder (TMPDIR).

  --events N      how long the log is, over two years [1000000]
  --recent        writes of these the newest 400 days alone, which are all that a question can reach
  --program PATH  the program to measure, built already [builds it]
  --plans         tells the plan of the slowest statement as well
  --keep          keep the installation";

/// Posts of the organization that is asked: who did what is in the log.
const POSTS: i32 = 12;

#[derive(Debug, PartialEq)]
struct Options {
    events: u64,
    recent: bool,
    program: Option<PathBuf>,
    plans: bool,
    keep: bool,
}

impl Options {
    fn read(arguments: &[String]) -> Fallible<Self> {
        let mut options = Self { events: 1_000_000, recent: false, program: None, plans: false, keep: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(USAGE);
            match argument.as_str() {
                "--events" => options.events = value()?.parse()?,
                "--program" => options.program = Some(value()?.into()),
                "--recent" => options.recent = true,
                "--plans" => options.plans = true,
                "--keep" => options.keep = true,
                _ => return Err(USAGE.into()),
            }
        }
        if options.events < 10_000 {
            return Err("a log that is worth measuring has 10,000 events".into());
        }
        Ok(options)
    }
}

/// Runs the bench; false when something could not be asked.
pub(crate) fn run(root: &Path, arguments: &[String], out: &mut impl Write) -> io::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = Options::read(arguments).and_then(|options| runtime.block_on(bench(root, &options, out)));
    told.map_err(|error| {
        let why = error.source().map(|why| format!(": {why}")).unwrap_or_default();
        io::Error::other(format!("{error}{why}"))
    })
}

async fn bench(root: &Path, options: &Options, out: &mut impl Write) -> Fallible<bool> {
    let program = match &options.program {
        Some(program) => program.clone(),
        None => install::build(root)?,
    };
    say("making an installation");
    // What seals the log would seal all of it at once.
    let (mut installation, _) = Installation::start(program, &["--no-audit-seal"], options.keep).await?;
    let asked = people(&installation, options.events).await?;
    fill::hurry(&connect(&installation.superuser()?).await?).await?;
    installation.restart().await?;
    say(&format!("writing {} events", options.events));
    fill::fill(&connect(&installation.superuser()?).await?, options.events, options.recent, &asked).await?;
    installation.restart().await?;
    let client = connect(&installation.superuser()?).await?;
    writeln!(out, "{}", sizes(&client).await?)?;
    say("asking");
    let before = cpu::load_average().unwrap_or_default();
    let (lines, questions) = ask::ask(&installation, &client, &asked).await?;
    let after = cpu::load_average().unwrap_or_default();
    write!(out, "{}", ask::table(&lines))?;
    writeln!(out, "load average {before:.1} before, {after:.1} after")?;
    if options.plans {
        drop(client);
        write!(out, "{}", plans::slowest(&mut installation, &questions).await?)?;
    }
    Ok(lines.iter().all(|line| line.complaint.is_none()))
}

/// Makes the organizations, and everybody of the one that is asked.
async fn people(installation: &Installation, events: u64) -> Fallible<Asked> {
    let patients = fill::patients(events);
    let seed = |number: &str, organizations: &str, facilities: &str, patients: u64| {
        let patients = patients.to_string();
        let size = ["--organizations", organizations, "--facilities", facilities, "--patients", &patients];
        let what =
            ["seed", "--profile", "scale", "--today", "2026-01-15", "--resources", "1", "--seed", number];
        installation.run(&[&what[..], &size].concat())
    };
    say("making 20 organizations");
    seed("7", "20", "200", 200)?;
    say(&format!("making {} people", patients / 20));
    seed("8", "1", "10", patients / 20)?;
    for number in 1..=POSTS {
        let name = format!("Nurse {number}");
        let place = ["--organization", ORGANIZATION, "--all-facilities", "--permission", "chart.read"];
        installation.run(&[&["token", "issue", "--name", &name][..], &place].concat())?;
    }
    let client = connect(&installation.superuser()?).await?;
    let row = client
        .query_one(
            "SELECT o.organization_id, min(m.membership_id), count(*)::int4
               FROM org.organization o JOIN org.membership m USING (organization_id) WHERE o.slug = $1 GROUP BY 1",
            &[&ORGANIZATION],
        )
        .await?;
    Ok(Asked { organization: row.get(0), first_post: row.get(1), posts: row.get(2) })
}

/// How much there is, and what it takes on disk.
async fn sizes(client: &tokio_postgres::Client) -> Fallible<String> {
    let rows = client
        .query(
            "SELECT p.relname::text, sum(c.reltuples)::int8, sum(pg_table_size(c.oid))::int8,
                    sum(pg_indexes_size(c.oid))::int8, count(*)
               FROM pg_class p JOIN pg_inherits i ON i.inhparent = p.oid JOIN pg_class c ON c.oid = i.inhrelid
              WHERE p.oid IN ('audit.event'::regclass, 'audit.subject'::regclass) GROUP BY 1 ORDER BY 1",
            &[],
        )
        .await?;
    let mut told =
        String::from("| table | rows | partitions | table, MB | indexes, MB |\n|---|--:|--:|--:|--:|");
    for row in rows {
        let (name, rows, table, indexes, parts): (String, i64, i64, i64, i64) =
            (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4));
        told.push_str(&format!(
            "\n| audit.{name} | {rows} | {parts} | {} | {} |",
            table >> 20,
            indexes >> 20
        ));
    }
    Ok(told + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_others_refused() {
        let read =
            |line: &str| Options::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let options = read("--events 20000 --program a/b --plans").unwrap();
        assert_eq!(
            options,
            Options { events: 20_000, recent: false, program: Some("a/b".into()), plans: true, keep: false }
        );
        for wrong in ["--events", "--events 5", "--events many", "--help"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
