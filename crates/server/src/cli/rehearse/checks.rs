//! What a restored database is asked.

use std::collections::BTreeMap;
use std::path::Path;

use chart::{ExportScope, Store};
use db::Organization;
use db::seal::Known;
use embedded::{Embedded, Site};
use eyre::WrapErr as _;
use fhir::ResourceType;
use kernel::{DataClass, World};
use merkle::Verifier;
use serde::de::IgnoredAny;
use tokio::process::Command;
use uuid::Uuid;

use super::report::{Check, Report};
use crate::boot::Database;
use crate::cli::audit::Archives;
use crate::cli::session::Session;

/// Records opened at a time.
const PAGE: i64 = 500;

/// Does one check, and measures it. `false` when it could not be done.
pub(super) async fn check(
    report: &mut Report,
    name: &'static str,
    world: &World,
    look: impl AsyncFnOnce(&mut Check) -> eyre::Result<String>,
) -> bool {
    let mut check =
        Check { name, looked_at: String::new(), done: true, took: 0.0, faults: Vec::new(), more: 0 };
    let began = world.now();
    match look(&mut check).await {
        Ok(looked_at) => check.looked_at = looked_at,
        Err(error) => {
            check.done = false;
            check.looked_at = format!("not looked at: {error:#}");
        }
    }
    check.took = world.now().duration_since(began).as_secs_f64();
    let done = check.done;
    report.checks.push(check);
    done
}

/// Every page of every table, and every index (PostgreSQL's `pg_amcheck`).
pub(super) async fn pages(check: &mut Check, server: &Embedded, site: &Site) -> eyre::Result<String> {
    let mut command = site.command(&site.binaries.program("pg_amcheck"));
    command.arg("--host").arg(server.socket_dir()).args(["--port", &server.port().to_string()]);
    command.args(["--username", server.superuser(), "--no-password"]);
    command.args(["--all", "--install-missing", "--heapallindexed", "--jobs=2"]);
    let mut command = Command::from(command);
    let output = command.kill_on_drop(true).output().await.wrap_err("pg_amcheck cannot be run")?;
    let said = String::from_utf8_lossy(&output.stdout);
    for (place, what) in corrupt(&said) {
        check.fault(place, what);
    }
    // 2: it found something; else it could not look.
    if !output.status.success() && check.faults.is_empty() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let why = errors.lines().next().unwrap_or("it says nothing").to_owned();
        eyre::bail!("pg_amcheck: {why}");
    }
    Ok("every page and index".to_owned())
}

/// `heap table "database.schema.table", block 3, offset 7:` and what is wrong in the line below; other lines are passed over.
fn corrupt(said: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = said.lines().peekable();
    while let Some(line) = lines.next() {
        let of = ["heap table ", "btree index "].iter().find_map(|kind| line.strip_prefix(kind));
        let Some(place) = of else { continue };
        let below = lines.next_if(|next| next.starts_with(' '));
        let what = below.map_or("it is corrupt", |below| below.trim().trim_start_matches("ERROR:").trim());
        found.push((place.trim_end_matches(':').replace('"', ""), what.to_owned()));
    }
    found
}

/// The catalogue checks of `lamplight doctor`.
pub(super) async fn walls(check: &mut Check, databases: &[Database]) -> eyre::Result<String> {
    let mut looked = 0;
    for database in databases {
        for finding in database.open(1)?.doctor().await? {
            looked += 1;
            for offender in finding.offenders {
                check.fault(
                    format!("{} {offender}", database.name()),
                    format!("{} {}", finding.check.id, finding.check.finds),
                );
            }
        }
    }
    Ok(format!("{looked} checks of {} databases", databases.len()))
}

/// The audit log against what was signed.
pub(super) async fn log(
    check: &mut Check,
    databases: &[Database],
    (key, archive): (Option<Verifier>, Option<&Path>),
) -> eyre::Result<String> {
    let keys: Vec<Verifier> = key.into_iter().collect();
    let (mut events, mut unsealed) = (0, 0);
    for database in databases {
        let archived = match archive {
            Some(folder) => Archives::of(folder, database.own())?.proved(&keys)?,
            None => BTreeMap::new(),
        };
        let known = Known { archived, ..Known::default() };
        let verified = db::seal::verify(&database.sealed_log()?, &keys, &known).await?;
        eyre::ensure!(!keys.is_empty() || verified.checkpoints == 0, "the log's key is not here");
        (events, unsealed) = (events + verified.events, unsealed + verified.unsealed);
        for finding in verified.findings {
            let at = finding.sequence.map(|at| format!(", {at}")).unwrap_or_default();
            check.fault(
                format!("log of organization {}{at}", finding.organization),
                format!("{}: {}", finding.kind, finding.what),
            );
        }
        check.more += verified.more;
    }
    Ok(format!("{events} sealed events, {unsealed} not sealed yet"))
}

/// Every record: its body opens under its keys, is a document, and is what was written last.
pub(super) async fn charts(check: &mut Check, databases: &[Database]) -> eyre::Result<String> {
    let (mut records, mut organizations) = (0_u64, 0);
    for database in databases {
        let operator = database.operator().await?;
        for organization in operator.organizations().await? {
            organizations += 1;
            let session =
                Session::within(database.clone(), database.operator().await?, organization.clone()).await?;
            let store = session.store(1)?;
            for rtype in ResourceType::ALL {
                records += opened(check, &session, &store, &organization, *rtype).await?;
            }
            // As `lamplight phi verify`: each body is what the log says was written last.
            for wrong in store.verify_bodies(&session.context(&session.all())).await?.wrong {
                let place =
                    format!("organization {}, {}, version {}", organization.id, wrong.id, wrong.version);
                check.fault(place, wrong.fault.to_string());
            }
        }
    }
    Ok(format!("{records} records of {organizations} organizations"))
}

/// Opens every record of a type; tells how many there were.
async fn opened(
    check: &mut Check,
    session: &Session,
    store: &Store,
    organization: &Organization,
    rtype: ResourceType,
) -> eyre::Result<u64> {
    let facilities = session.all();
    let ctx = session.context(&facilities);
    let scope = ExportScope {
        facilities: &facilities,
        classes: &DataClass::ALL,
        patients_only: false,
        patients: None,
        related: None,
        since: None,
    };
    let (mut after, mut count) = (None, 0);
    loop {
        let ids = store.list_exported(&ctx, (rtype, false), &scope, after, PAGE).await?;
        count += ids.len() as u64;
        for id in whole(store, &ctx, (rtype, &scope), &ids).await? {
            check.fault(
                format!("organization {}, {rtype}/{id}", organization.id),
                "it does not open, or is no document",
            );
        }
        after = ids.last().copied();
        if ids.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            return Ok(count);
        }
    }
}

/// Of these records those that are not whole.
async fn whole(
    store: &Store,
    ctx: &db::Ctx,
    (rtype, scope): (ResourceType, &ExportScope<'_>),
    ids: &[Uuid],
) -> eyre::Result<Vec<Uuid>> {
    let is_whole = async |ids: &[Uuid]| match store.export_listed(ctx, rtype, scope, ids, "rehearsal").await {
        Ok(documents) => {
            Ok(documents.iter().all(|one| serde_json::from_slice::<IgnoredAny>(&one.body).is_ok()))
        }
        // What a patient's erasure closed for good is as it should be.
        Err(chart::Error::Db(db::Error::Erased)) => Ok(ids.len() == 1),
        Err(chart::Error::Db(error)) if error.is_transient() => Err(error),
        Err(_) => Ok(false),
    };
    if ids.is_empty() || is_whole(ids).await? {
        return Ok(Vec::new());
    }
    let mut broken = Vec::new();
    for id in ids {
        if !is_whole(&[*id]).await? {
            broken.push(*id);
        }
    }
    Ok(broken)
}

/// What never becomes fewer, against what was noted before the backup: of this backup, or of the last one that is noted.
pub(super) async fn counts(
    check: &mut Check,
    databases: &[Database],
    backup: Option<Uuid>,
) -> eyre::Result<String> {
    let (mut tables, mut rows) = (0, 0);
    for database in databases {
        let Some(counts) = database.operator().await?.compare_counts(backup).await? else {
            check.fault(
                database.name(),
                "nothing of this backup is noted in it: it is another one, or an older state",
            );
            continue;
        };
        for count in counts {
            (tables, rows) = (tables + 1, rows + count.found);
            if let Some(noted) = count.noted.filter(|noted| count.found < *noted) {
                let what = format!("{} rows, and {noted} were noted before the backup", count.found);
                check.fault(format!("{} {}", database.name(), count.name), what);
            }
        }
    }
    Ok(format!("{rows} rows of {tables} tables"))
}

#[cfg(test)]
mod tests {
    use super::corrupt;

    #[test]
    fn what_is_corrupt_is_named_and_nothing_else_is_told() {
        let said = "heap table \"lamplight.chart.resource\", block 3, offset 7:\n    xmin 5 precedes oldest valid\n\
                    some remark\nbtree index \"lamplight.chart.resource_pkey\":\n    ERROR:  item order invariant violated\n\
                    DETAIL:  something\n";
        let found = corrupt(said);
        assert_eq!(found[0].0, "lamplight.chart.resource, block 3, offset 7");
        assert_eq!(
            found[1],
            ("lamplight.chart.resource_pkey".to_owned(), "item order invariant violated".to_owned())
        );
        assert_eq!(found.len(), 2);
        assert!(corrupt("").is_empty());
    }
}
