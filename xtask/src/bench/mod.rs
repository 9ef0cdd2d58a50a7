//! `cargo xtask bench`: what requests cost, in CPU time of server and PostgreSQL, beside bare PostgreSQL of the same run.
//!
//! CPU time and not wall time, because machines are noisy; what the load generator itself uses is left out. The
//! installation is private, temporary, and made through the program's own command line.

mod audit;
mod bare;
mod beside;
mod cpu;
mod data;
mod dice;
mod http;
mod install;
mod load;
pub(crate) mod log;
mod options;
mod report;
mod rows;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use audit::audit;
use bare::Bare;
use beside::Beside;
use data::Data;
use http::Caller;
use install::{Installation, ORGANIZATION};
use load::{Window, drive};
use options::Options;
use report::{Bulk, Line, Report};
use rows::Row;

/// Anything may go wrong here, and is only told.
type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Callers at a time in the rows that are compared.
const CLIENTS: usize = 32;

/// Records of each person that is made.
const RECORDS: u32 = 200;

/// Runs the bench; false when a row could not be measured.
pub(crate) fn run(root: &Path, arguments: &[String], out: &mut impl Write) -> io::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = (|| {
        let options = Options::read(arguments, root, &install::target(root))?;
        let report = runtime.block_on(bench(root, &options))?;
        std::fs::write(&options.json, format!("{:#}\n", report.json()))?;
        Ok(report)
    })();
    let report = report.map_err(|error: Box<dyn std::error::Error + Send + Sync>| io::Error::other(error))?;
    write!(out, "{}", report.table())?;
    Ok(report.failed.is_empty())
}

async fn bench(root: &Path, options: &Options) -> Fallible<Report> {
    let program = install::build(root)?;
    let mut report = Report::default();
    say("making an installation");
    let (mut installation, first_start) = Installation::start(program, &[], options.keep).await?;
    let database = installation.superuser()?;
    report.facts.first_start = first_start;
    report.bulk.push(seed(&installation, &database, options).await?);
    let facility = installation.facility()?;
    if let Some(bundles) = options.bundles.as_deref().filter(|_| options.wants("import")) {
        measured(&mut report, "import", import(&installation, &database, &facility, bundles).await);
    }
    say("settling");
    (report.facts.resources, report.facts.disk_per_resource) = settle(&database).await?;
    if options.wants("export") {
        measured(&mut report, "export", export(&installation));
    }
    report.facts.start = installation.restart().await?;
    if Row::ALL.iter().any(|row| options.wants(row.key()))
        || options.wants("sign-ins")
        || options.wants("audit")
    {
        let caller = installation.caller(&facility)?;
        let data = data::look(&caller, &facility).await?;
        say("copying the rows for bare PostgreSQL");
        let bare = Bare::new(database).await?;
        report.facts.load[0] = cpu::load_average().unwrap_or_default();
        report.facts.bare = bare.describe();
        for row in Row::ALL.into_iter().filter(|row| options.wants(row.key())) {
            say(row.title());
            match line(row, &installation, &caller, &data, &bare, options.window).await {
                Ok(line) => report.lines.push(line),
                Err(error) => report.failed.push((row.key(), error.to_string())),
            }
        }
        if options.wants("audit") {
            say("reads with and without their events");
            let window =
                Window { meter: installation.meter()?, warm: Duration::ZERO, length: options.window };
            match audit(&installation.superuser()?, &caller, &data, window).await {
                Ok(audit) => report.audit = Some(audit),
                Err(error) => report.failed.push(("audit", error.to_string())),
            }
        }
        if options.wants("sign-ins") {
            say("reads beside sign-ins");
            match beside(&caller, &data).await {
                Ok(beside) => report.beside = Some(beside),
                Err(error) => report.failed.push(("sign-ins", error.to_string())),
            }
        }
        report.facts.load[1] = cpu::load_average().unwrap_or_default();
        report.facts.memory = installation.meter()?.memory();
        // A kept installation shall start again, and its doctor refuses tables without walls.
        bare.drop_rows().await?;
    }
    Ok(report)
}

async fn line(
    row: Row,
    installation: &Installation,
    caller: &Caller,
    data: &Data,
    bare: &Bare,
    length: Duration,
) -> Fallible<Line> {
    let meter = installation.meter()?;
    let window = Window { meter, warm: Duration::from_millis(1000), length };
    let short = Window { meter, warm: Duration::from_millis(500), length: length / 2 };
    // First, so that what a server reads once after its start is not counted.
    let shown = shown(row, caller, data).await?;
    let many = drive(caller, row.status(), row.scripts(caller, data, CLIENTS).await?, window).await?;
    let one = drive(caller, row.status(), row.scripts(caller, data, 1).await?, short).await?;
    let bare = bare.run(row, shown, Window { warm: short.warm, ..window }).await?;
    if many.failed * 100 > many.done {
        return Err(many.complaint.unwrap_or_default().into());
    }
    Ok(Line { row, units: row.units(shown), many, one, bare })
}

async fn beside(caller: &Caller, data: &Data) -> Fallible<Beside> {
    let script = Row::Read.scripts(caller, data, 1).await?.pop().ok_or("no script")?;
    beside::sign_ins(caller, script).await
}

/// How many resources the answers of a search hold, on average.
async fn shown(row: Row, caller: &Caller, data: &Data) -> Fallible<usize> {
    if !matches!(row, Row::Name | Row::Observations | Row::Shift) {
        return Ok(1);
    }
    let mut connection = caller.connect().await?;
    let mut script = row.scripts(caller, data, 1).await?;
    let (mut all, asked) = (0, 40);
    for _ in 0..asked {
        let Some(request) = script.first_mut().map(|script| script(None)) else { break };
        let page = connection.ask(&request).await?.json(200)?;
        all += page[if row == Row::Shift { "residents" } else { "entry" }].as_array().map_or(0, Vec::len);
    }
    Ok((all / asked).max(1))
}

/// Makes the people; how fast that is counts as an import.
async fn seed(installation: &Installation, database: &str, options: &Options) -> Fallible<Bulk> {
    let [organizations, facilities, patients] = options.size.map(|number| number.to_string());
    say(&format!("making {patients} people"));
    let records = RECORDS.to_string();
    let mut arguments = vec!["seed", "--profile", "scale", "--seed", "7", "--today", "2026-01-15"];
    arguments.extend(["--organizations", &organizations, "--facilities", &facilities]);
    arguments.extend(["--patients", &patients, "--resources", &records]);
    into(installation, database, "import of made people (seed)".to_owned(), &arguments).await
}

async fn import(
    installation: &Installation,
    database: &str,
    facility: &str,
    bundles: &Path,
) -> Fallible<Bulk> {
    say("importing bundles");
    let bundles = bundles.to_str().ok_or("the path of the bundles is not UTF-8")?;
    let arguments =
        ["import", "--organization", ORGANIZATION, "--facility", facility, "--source", "bench", bundles];
    into(installation, database, "import of bundles".to_owned(), &arguments).await
}

/// Runs a command that writes resources.
async fn into(
    installation: &Installation,
    database: &str,
    title: String,
    arguments: &[&str],
) -> Fallible<Bulk> {
    let meter = installation.meter()?;
    let (before, rows) = (meter.read()?, count(database).await?);
    let ran = installation.run(arguments)?;
    let spent = meter.read()?.since(before);
    Ok(Bulk {
        key: "import",
        title,
        resources: u64::try_from(count(database).await? - rows)?,
        program: ran.spent,
        postgres: spent.postgres,
        took: ran.took,
        target: 4_000.0,
    })
}

fn export(installation: &Installation) -> Fallible<Bulk> {
    say("exporting");
    let folder = installation.scratch("export")?;
    let folder = folder.to_str().ok_or("the temporary folder is not UTF-8")?;
    let meter = installation.meter()?;
    let before = meter.read()?;
    let ran = installation.run(&["export", "--organization", ORGANIZATION, "--json", "--out", folder])?;
    let spent = meter.read()?.since(before);
    let written: serde_json::Value = serde_json::from_str(&ran.output)?;
    let resources = written.as_array().into_iter().flatten().filter_map(|one| one["records"].as_u64()).sum();
    let title = "export as NDJSON".to_owned();
    let (program, took) = (ran.spent, ran.took);
    Ok(Bulk { key: "export", title, resources, program, postgres: spent.postgres, took, target: 40_000.0 })
}

fn measured(report: &mut Report, key: &'static str, bulk: Fallible<Bulk>) {
    match bulk {
        Ok(bulk) => report.bulk.push(bulk),
        Err(error) => report.failed.push((key, error.to_string())),
    }
}

async fn connect(database: &str) -> Fallible<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(database, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn count(database: &str) -> Fallible<i64> {
    Ok(connect(database).await?.query_one("SELECT count(*) FROM chart.resource", &[]).await?.get(0))
}

/// Does the upkeep that would else fall into a row; gives the number of resources and bytes of disk for each, with its
/// tokens, history, keys, events and audit.
async fn settle(database: &str) -> Fallible<(i64, i64)> {
    let client = connect(database).await?;
    client.batch_execute("VACUUM ANALYZE").await?;
    client.batch_execute("CHECKPOINT").await?;
    let row = client
        .query_one(
            "SELECT count(*), (SELECT sum(pg_total_relation_size(c.oid))::int8 FROM pg_class c
                                WHERE c.relkind = 'r' AND c.relnamespace = ANY
                                      ('{chart,audit,ops,keyring}'::text[]::regnamespace[]))
               FROM chart.resource",
            &[],
        )
        .await?;
    let (resources, bytes): (i64, i64) = (row.get(0), row.get(1));
    Ok((resources, bytes / resources.max(1)))
}

fn say(what: &str) {
    let _ = writeln!(io::stderr(), "bench: {what}");
}
