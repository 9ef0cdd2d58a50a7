//! Backups by pgBackRest (<https://pgbackrest.org>): a stanza `main` for the private PostgreSQL.
//!
//! Everything runs as the cluster's owner. The configuration, with the passphrase of the repository, is a file in the
//! data folder that the owner alone may read.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use embedded::{Blank, Owner, Site};
use jiff::Timestamp;
use kernel::World;
use serde::Deserialize;

use crate::error::During as _;
use crate::list::{self, Known, List};
use crate::run::{ended, quoted};
use crate::seal::sum;
use crate::{Backup, Error, Fault, Kind, Repository, Restored, Wanted, explain, recovery, text_of};

const PROGRAM: &str = "pgbackrest";
/// The oldest that packs small files into bundles.
const OLDEST: (u32, u32) = (2, 39);
const STANZA: &str = "--stanza=main";
/// Full backups that are kept, with the log from the older one on: two weeks when one is taken a week.
const KEPT: usize = 2;

/// Where it is, when it is on this machine and new enough.
pub(crate) fn program() -> Option<PathBuf> {
    let output = Command::new(PROGRAM).arg("version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (version(&text)? >= OLDEST).then(|| PathBuf::from(PROGRAM))
}

/// `pgBackRest 2.45` is (2, 45).
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn config(data_dir: &Path) -> PathBuf {
    data_dir.join("pgbackrest.conf")
}

fn locks(data_dir: &Path) -> PathBuf {
    data_dir.join("pgbackrest.lock")
}

/// What PostgreSQL hands a part of its log away with.
pub(crate) fn archive_command(data_dir: &Path) -> Result<String, Error> {
    let config = config(data_dir);
    // PostgreSQL takes `%` for a placeholder.
    let config = quoted(&format!("--config={}", text_of(&config)?)).replace('%', "%%");
    Ok(format!("{PROGRAM} {config} {STANZA} archive-push %p"))
}

/// What it gets one back with. Another failure than "not there" ends the recovery: a log that cannot be read is not the end
/// of the log.
fn restore_command(blank: &Blank) -> Result<String, Error> {
    let (config, cluster) = (config(blank.data_dir()), blank.cluster());
    let config = quoted(&format!("--config={}", text_of(&config)?)).replace('%', "%%");
    let cluster = quoted(&format!("--pg1-path={}", text_of(&cluster)?)).replace('%', "%%");
    Ok(format!(
        "{PROGRAM} {config} {cluster} {STANZA} --job-retry=0 archive-get %f \"%p\"; ended=$?; \
         if [ $ended -gt 1 ]; then exit 200; fi; exit $ended"
    ))
}

/// The configuration for a data folder; `server` is where the socket is and who asks there.
fn configuration(
    repository: &Repository,
    data_dir: &Path,
    server: Option<(&Path, u16, &str)>,
) -> Result<String, Error> {
    let (store, locks, cluster) =
        (repository.dir.join("pgbackrest"), locks(data_dir), data_dir.join("postgres"));
    let mut text = String::from("# Written by Lamplight: changes made here are lost.\n[global]\n");
    let mut line = |name: &str, value: &str| text.extend([name, "=", value, "\n"]);
    line("repo1-path", text_of(&store)?);
    line("repo1-cipher-type", "aes-256-cbc");
    line("repo1-cipher-pass", repository.secret.text());
    line("repo1-retention-full", &repository.kept(KEPT).to_string());
    line("repo1-bundle", "y");
    line("compress-type", "zst");
    line("compress-level", "3");
    line("start-fast", "y");
    line("log-level-file", "off");
    line("log-level-console", "warn");
    line("lock-path", text_of(&locks)?);
    text.push_str("\n[main]\n");
    let mut line = |name: &str, value: &str| text.extend([name, "=", value, "\n"]);
    line("pg1-path", text_of(&cluster)?);
    if let Some((socket, port, user)) = server {
        line("pg1-socket-path", text_of(socket)?);
        line("pg1-port", &port.to_string());
        line("pg1-user", user);
    }
    Ok(text)
}

/// A folder that is the owner's.
fn give(owner: &Owner, dir: &Path, mode: u32) -> Result<(), Error> {
    if !dir.exists() {
        DirBuilder::new().mode(mode).create(dir).during(|| format!("make {}", dir.display()))?;
        owner.hand_over(dir, mode)?;
    }
    Ok(owner.must_enter(dir)?)
}

fn command(mut command: Command, data_dir: &Path, arguments: &[&str]) -> Command {
    command.arg(format!("--config={}", config(data_dir).display())).arg(STANZA).args(arguments);
    command
}

async fn run(site: &Site, arguments: &[&str]) -> Result<String, Error> {
    let command = command(site.command(Path::new(PROGRAM)), &site.data_dir, arguments);
    ended(PROGRAM, command).await?.success(PROGRAM)
}

pub(crate) async fn prepare(repository: &Repository, site: &Site) -> Result<(), Error> {
    let store = repository.dir.join("pgbackrest");
    give(&site.owner, &store, 0o750)?;
    give(&site.owner, &locks(&site.data_dir), 0o700)?;
    let server = (&*site.socket_dir, site.port(), site.superuser());
    site.write(&config(&site.data_dir), &configuration(repository, &site.data_dir, Some(server))?)?;
    if !store.join("archive/main/archive.info").exists() || !store.join("backup/main/backup.info").exists() {
        run(site, &["stanza-create"]).await?;
    }
    Ok(())
}

pub(crate) async fn back_up(site: &Site, kind: Kind) -> Result<(), Error> {
    let kind = match kind {
        Kind::Full => "--type=full",
        Kind::Differential => "--type=diff",
    };
    run(site, &[kind, "backup"]).await.map(drop)
}

/// The list of what pgBackRest keeps. It has two of its most important files and takes the other one when one is damaged,
/// without a word: that one was damaged is found by this.
const LIST: &str = "pgbackrest.list";
const FOLDER: &str = "pgbackrest";

/// Notes what there is after a backup. What was noted before stays as it was noted: it never changes, but for what tells
/// of all backups.
pub(crate) async fn note(repository: &Repository, world: &World) -> Result<(), Error> {
    let folder = repository.dir.join(FOLDER);
    let before = list::read(repository, LIST)?;
    let there = list::walk(&folder, &|name| !name.ends_with(".tmp"))?;
    let mut list = List::new();
    for (name, size) in &there {
        // A backup that was broken off may be gone on with.
        let whole = match name.strip_prefix("backup/main/").and_then(|rest| rest.split_once('/')) {
            Some(("backup.history", _)) | None => true,
            Some((label, _)) => there.contains_key(&format!("backup/main/{label}/backup.manifest")),
        };
        let changes = [".info", ".info.copy"].iter().any(|end| name.ends_with(end));
        match before.get(name) {
            _ if !whole => {}
            Some(known) if !changes => drop(list.insert(name.clone(), known.clone())),
            _ => {
                let path = folder.join(name);
                let what = || format!("read {}", path.display());
                let sum = sum(File::open(&path).during(what)?).await.during(what)?;
                list.insert(name.clone(), Known { size: *size, sha256: sum.sha256, gone: None });
            }
        }
    }
    list::write(repository, LIST, &list, world)
}

#[derive(Deserialize)]
struct Stanza {
    #[serde(default)]
    backup: Vec<Told>,
}

/// What `info` tells of a backup.
#[derive(Deserialize)]
struct Told {
    label: String,
    #[serde(rename = "type")]
    kind: String,
    timestamp: Span,
    info: Sizes,
}

#[derive(Deserialize)]
struct Span {
    start: i64,
    stop: i64,
}

#[derive(Deserialize)]
struct Sizes {
    repository: Size,
}

#[derive(Deserialize)]
struct Size {
    delta: u64,
}

pub(crate) async fn list(owner: &Owner, data_dir: &Path) -> Result<Vec<Backup>, Error> {
    let command = command(owner.command(Path::new(PROGRAM)), data_dir, &["info", "--output=json"]);
    listed(&ended(PROGRAM, command).await?.success(PROGRAM)?)
}

fn listed(text: &str) -> Result<Vec<Backup>, Error> {
    let not_understood =
        || Error::Program { program: PROGRAM, output: "its list of backups is not understood".to_owned() };
    let stanzas: Vec<Stanza> = serde_json::from_str(text).map_err(|_| not_understood())?;
    let told = stanzas.into_iter().flat_map(|stanza| stanza.backup);
    told.map(|told| {
        let at = |second| Timestamp::from_second(second).map_err(|_| not_understood());
        let kind = if told.kind == "full" { Kind::Full } else { Kind::Differential };
        let (began, ended) = (at(told.timestamp.start)?, at(told.timestamp.stop)?);
        Ok(Backup { label: told.label, kind, began, ended, bytes: told.info.repository.delta })
    })
    .collect()
}

/// `verify` tells what it finds among its remarks and ends with 0 whatever that is.
pub(crate) async fn verify(repository: &Repository, site: &Site) -> Result<Vec<Fault>, Error> {
    let noted = match list::read(repository, LIST) {
        Err(Error::Damaged { what, how }) => vec![Fault { what, how }],
        noted => list::compare(repository, FOLDER, &noted?).await?,
    };
    let arguments = ["--log-level-console=info", "--job-retry=0", "--output=text", "verify"];
    let mut faults = match run(site, &arguments).await {
        // It reads nothing where both of its lists are damaged; which they are was found.
        Err(_) if !noted.is_empty() => Vec::new(),
        said => found(&said?),
    };
    faults.extend(noted);
    Ok(faults)
}

fn found(said: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for line in said.lines() {
        let Some((_, remark)) = line.split_once("INFO: ").or_else(|| line.split_once("WARN: ")) else {
            continue;
        };
        let Some(remark) = remark.strip_prefix("invalid ").or_else(|| remark.strip_prefix("missing ")) else {
            continue;
        };
        // `checksum 'FILE'`, `result FILE: why`
        let (how, rest) = remark.split_once(' ').unwrap_or(("", remark));
        let (what, why) = rest.split_once(": ").unwrap_or((rest, how));
        let what = what.trim_matches('\'');
        // Parts of the log lie below the number of the cluster's history, as in `15-1`.
        let of_log = what.split_once('/').is_some_and(|(first, _)| first.len() < 8);
        let what = format!("{FOLDER}/{}/main/{what}", if of_log { "archive" } else { "backup" });
        faults.push(Fault { what, how: why.to_owned() });
    }
    if faults.is_empty() && said.lines().any(|line| line.trim() == "status: error") {
        let counted = |line: &&str| line.contains("checksum invalid") || line.contains("missing");
        let how: Vec<&str> = said.lines().filter(counted).map(str::trim).collect();
        faults.push(Fault { what: "pgbackrest".to_owned(), how: how.join("; ") });
    }
    faults
}

pub(crate) async fn restore(
    repository: &Repository,
    blank: Blank,
    wanted: Wanted<'_>,
) -> Result<Restored, Error> {
    let data_dir = blank.data_dir().to_owned();
    give(blank.owner(), &locks(&data_dir), 0o700)?;
    blank.owner().must_enter(&repository.dir.join("pgbackrest"))?;
    blank.write(&config(&data_dir), &configuration(repository, &data_dir, None)?)?;
    let backup = repository.choose(list(blank.owner(), &data_dir).await?, wanted.at)?;
    let asked = restore_command(&blank)?;
    let set = format!("--set={}", backup.label);
    let arguments = [&*set, "--job-retry=0", "--process-max=4", "restore"];
    let command = command(blank.owner().command(Path::new(PROGRAM)), &data_dir, &arguments);
    ended(PROGRAM, command).await?.success(PROGRAM)?;
    // What it asks for there does not tell a log that cannot be read from the end of the log.
    blank.write(&blank.cluster().join("postgresql.auto.conf"), "")?;
    let recovered =
        blank.recover(recovery(&asked, wanted)).await.map_err(|error| explain(error, wanted.at))?;
    // Where it is backed up to next is said anew.
    for path in [config(&data_dir), locks(&data_dir)] {
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.during(|| format!("remove {}", path.display()))?;
    }
    Ok(Restored { label: backup.label, last_transaction: recovered.last_transaction })
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::{Secret, Tool};

    fn repository() -> Repository {
        let secret = Secret::new(Zeroizing::new("the passphrase".to_owned()));
        Repository::known(Path::new("/backups"), Tool::PgBackRest, secret)
    }

    #[test]
    fn the_configuration_encrypts_and_no_command_shows_the_passphrase() {
        let socket = (Path::new("/data/socket"), 5432, "postgres");
        let text = configuration(&repository(), Path::new("/data"), Some(socket)).unwrap();
        for expected in [
            "repo1-path=/backups/pgbackrest",
            "repo1-cipher-type=aes-256-cbc",
            "repo1-cipher-pass=the passphrase",
            "repo1-retention-full=2",
            "pg1-path=/data/postgres",
            "pg1-socket-path=/data/socket",
        ] {
            assert!(text.lines().any(|line| line == expected), "{expected}");
        }
        let newest = configuration(&repository().newest_only(), Path::new("/data"), None).unwrap();
        assert!(newest.lines().any(|line| line == "repo1-retention-full=1"));
        let settings = repository().settings(Path::new("/da ta/it's 5%")).unwrap();
        let command = &settings.iter().find(|(name, _)| name == "archive_command").unwrap().1;
        assert_eq!(
            command,
            r"pgbackrest '--config=/da ta/it'\''s 5%%/pgbackrest.conf' --stanza=main archive-push %p"
        );
        assert!(settings.contains(&("archive_mode".to_owned(), "on".to_owned())));
        let broken = configuration(&repository(), Path::new("/data\nrepo2-path=/x"), None);
        assert!(matches!(broken, Err(Error::BadPath(_))));
    }

    #[test]
    fn versions_are_understood() {
        assert_eq!(version("pgBackRest 2.45\n"), Some((2, 45)));
        assert_eq!(version("pgBackRest 2.54.1"), Some((2, 54)));
        assert_eq!(version("nonsense"), None);
    }

    #[test]
    fn its_list_is_read() {
        let text = r#"[{"backup":[{"label":"20261123-052832F","type":"full","error":false,
            "info":{"delta":9,"repository":{"delta":5,"size":5},"size":9},"timestamp":{"start":100,"stop":160}},
            {"label":"20261123-052832F_20261124-052832D","type":"diff",
            "info":{"delta":9,"repository":{"delta":2,"size":5},"size":9},"timestamp":{"start":200,"stop":260}}],
            "name":"main","status":{"code":0}}]"#;
        let all = listed(text).unwrap();
        assert_eq!(all.iter().map(|one| one.kind).collect::<Vec<_>>(), [Kind::Full, Kind::Differential]);
        assert_eq!((all[0].ended.as_second(), all[1].bytes), (160, 2));
        assert!(listed("[]").unwrap().is_empty());
        assert!(listed("nonsense").is_err());
    }

    #[test]
    fn what_it_finds_damaged_is_named() {
        let said = "2026-11-23 05:29:25.343 P01   INFO: invalid result 15-1/0000000100000000/4-8.zst: [29] raised from \
                    local-1 protocol: zst error\n\
                    2026-11-23 05:29:56.253 P01   INFO: invalid checksum '20261123-052832F/pg_data/base/5/2838.zst'\n\
                    stanza: main\nstatus: error\n";
        let faults = found(said);
        assert_eq!(faults[0].what, "pgbackrest/archive/main/15-1/0000000100000000/4-8.zst");
        assert!(faults[0].how.contains("zst error"));
        let second = Fault {
            what: "pgbackrest/backup/main/20261123-052832F/pg_data/base/5/2838.zst".to_owned(),
            how: "checksum".to_owned(),
        };
        assert_eq!(faults[1..], [second]);
        assert_eq!(found("stanza: main\nstatus: error\n  missing: 1\n")[0].how, "missing: 1");
        assert!(found("stanza: main\nstatus: ok\n").is_empty());
    }
}
