//! Backups by PostgreSQL's own `pg_basebackup`, for machines without pgBackRest.
//!
//! `base/LABEL.tar.zst` is the cluster as one archive, `base/LABEL.json` what is known of it, `wal/NAME.zst` a part of the
//! log; each is sealed. PostgreSQL puts what it archives into a folder beside its data (`wal-spool`), from which the
//! program takes it into the repository: PostgreSQL's user can neither run the program nor know the secret.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use embedded::{Blank, Site};
use kernel::World;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::yield_now;

use crate::error::During as _;
use crate::run::{quoted, said, spawn};
use crate::seal::{Opener, Sealer, Sum, sum};
use crate::{
    Backup, Error, Fault, Kind, Repository, Restored, Wanted, explain, recovery, sync_parent, text_of,
    write_whole,
};

const PROGRAM: &str = "pg_basebackup";
/// Backups that are kept, with the log from the oldest one on.
const KEPT: usize = 7;
const LEVEL: i32 = 3;
/// How often a recovery's wish for a part of the log is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// What stands beside an archive.
#[derive(Serialize, Deserialize)]
struct Meta {
    #[serde(flatten)]
    backup: Backup,
    /// Of the sealed archive.
    sha256: String,
    /// The part of the log that a recovery begins with.
    from: String,
}

/// Where PostgreSQL puts parts of its log.
fn spool(data_dir: &Path) -> PathBuf {
    data_dir.join("wal-spool")
}

pub(crate) fn archive_command(data_dir: &Path) -> Result<String, Error> {
    let spool = spool(data_dir);
    let spool = quoted(text_of(&spool)?).replace('%', "%%");
    // Under its own name only when it is on the disk. One that is there already is the same, begun before a crash.
    Ok(format!("cp \"%p\" {spool}/%f.part && sync {spool}/%f.part && mv {spool}/%f.part {spool}/%f"))
}

pub(crate) fn prepare(repository: &Repository, site: &Site) -> Result<(), Error> {
    for dir in [repository.dir.join("base"), repository.dir.join("wal")] {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&dir)
            .during(|| format!("make {}", dir.display()))?;
    }
    let spool = spool(&site.data_dir);
    if !spool.exists() {
        DirBuilder::new().mode(0o700).create(&spool).during(|| format!("make {}", spool.display()))?;
        site.owner.hand_over(&spool, 0o700)?;
    }
    Ok(())
}

/// Whether PostgreSQL gives a part of its log this name: 24 hexadecimal digits, or a history of timelines.
fn is_segment(name: &str) -> bool {
    name.len() == 24 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

fn is_log(name: &str) -> bool {
    let number = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
    };
    match name.split_once('.') {
        None => is_segment(name),
        Some((first, "history")) => number(first, 8),
        Some((first, rest)) => {
            let marked = rest.strip_suffix(".backup").is_some_and(|at| number(at, 8));
            is_segment(first) && (marked || rest == "partial")
        }
    }
}

fn names_in(dir: &Path) -> Result<BTreeSet<String>, Error> {
    let what = || format!("list {}", dir.display());
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries.during(what)?,
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.collect())
}

/// The parts of the log in the repository.
fn logs(repository: &Repository) -> Result<BTreeSet<String>, Error> {
    let names = names_in(&repository.dir.join("wal"))?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(".zst")).map(str::to_owned).collect())
}

fn log_name(name: &str) -> String {
    format!("wal/{name}.zst")
}

pub(crate) async fn drain(repository: &Repository, data_dir: &Path, world: &World) -> Result<usize, Error> {
    let spool = spool(data_dir);
    let _alone = hold(&spool).await?;
    let mut taken = 0;
    for name in names_in(&spool)?.iter().filter(|name| is_log(name)) {
        let from = spool.join(name);
        let during = || format!("take {} into the repository", from.display());
        let bytes = fs::read(&from).during(during)?;
        let within = log_name(name);
        let to = repository.dir.join(&within);
        if to.exists() {
            if open_log(repository, name)? != bytes {
                let how = "PostgreSQL archives another log of the same name; it is kept in the data folder"
                    .to_owned();
                return Err(Error::Damaged { what: within, how });
            }
        } else {
            let sealed = Sealer::new(Vec::new(), &repository.secret, &within, world).and_then(|sealer| {
                let mut encoder = zstd::Encoder::new(sealer, LEVEL)?;
                encoder.write_all(&bytes)?;
                encoder.finish()?.finish()
            });
            write_whole(&to, &sealed.during(during)?.0)?;
        }
        fs::remove_file(&from).during(during)?;
        taken += 1;
        yield_now().await;
    }
    Ok(taken)
}

/// Waits until no other program takes logs out of the spool: two would write one file of the repository at once.
async fn hold(spool: &Path) -> Result<Option<File>, Error> {
    let during = || format!("lock {}", spool.display());
    let dir = match File::open(spool) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        dir => dir.during(during)?,
    };
    let held = tokio::task::spawn_blocking(move || dir.lock().map(|()| dir)).await;
    held.map_err(io::Error::other).and_then(|held| held).during(during).map(Some)
}

/// What is wrong with a sealed file: altered, or not to be read.
fn damaged(what: &str, error: &io::Error) -> Error {
    Error::Damaged { what: what.to_owned(), how: error.to_string() }
}

pub(crate) fn open_log(repository: &Repository, name: &str) -> Result<Vec<u8>, Error> {
    let within = log_name(name);
    let path = repository.dir.join(&within);
    let file = File::open(&path).during(|| format!("read {}", path.display()))?;
    let mut bytes = Vec::new();
    Opener::new(BufReader::new(file), &repository.secret, &within)
        .and_then(|opener| zstd::Decoder::new(opener)?.read_to_end(&mut bytes))
        .map_err(|error| damaged(&within, &error))?;
    Ok(bytes)
}

pub(crate) async fn back_up(repository: &Repository, site: &Site, world: &World) -> Result<(), Error> {
    let began = world.now();
    let label = began.strftime("%Y%m%d-%H%M%SF").to_string();
    let name = format!("base/{label}.tar.zst");
    let path = repository.dir.join(&name);
    let part = path.with_extension("part");
    let (sum, from) = match copy(repository, site, &name, &part, world).await {
        Ok(done) => done,
        Err(error) => {
            // What was begun is of no use.
            let _ = fs::remove_file(&part);
            return Err(error);
        }
    };
    fs::rename(&part, &path).during(|| format!("write {}", path.display()))?;
    sync_parent(&path)?;
    let backup = Backup { label, kind: Kind::Full, began, ended: world.now(), bytes: sum.size };
    write_meta(repository, &Meta { backup, sha256: sum.sha256, from }, world)?;
    drain(repository, &site.data_dir, world).await?;
    expire(repository)
}

/// Runs `pg_basebackup` into a sealed file; gives what it is and the part of the log that it needs first.
async fn copy(
    repository: &Repository,
    site: &Site,
    name: &str,
    part: &Path,
    world: &World,
) -> Result<(Sum, String), Error> {
    let writing = || format!("write {}", part.display());
    let mut command = site.command(&site.binaries.program(PROGRAM));
    command.arg("--host").arg(&site.socket_dir).args(["--port", &site.port().to_string()]);
    command.args(["--username", site.superuser(), "--no-password", "--pgdata=-", "--format=tar"]);
    command.args(["--wal-method=fetch", "--checkpoint=fast", "--verbose", "--no-sync"]);
    let mut child = spawn(PROGRAM, command, Stdio::null())?;
    let errors = tokio::spawn(said(child.stderr.take()));
    let out = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(part);
    let sealer = Sealer::new(out.during(writing)?, &repository.secret, name, world).during(writing)?;
    let mut encoder = zstd::Encoder::new(sealer, LEVEL).during(writing)?;
    if let Some(mut archive) = child.stdout.take() {
        let mut bytes = vec![0; 256 << 10];
        loop {
            match archive.read(&mut bytes).await.during(|| "read the archive of the cluster".to_owned())? {
                0 => break,
                count => encoder.write_all(&bytes[..count]).during(writing)?,
            }
        }
    }
    let status = child.wait().await.during(|| format!("run {PROGRAM}"))?;
    let said = errors.await.unwrap_or_default();
    if !status.success() {
        let lines: Vec<&str> = said.lines().collect();
        let output = lines[lines.len().saturating_sub(4)..].join("; ");
        return Err(Error::Program { program: PROGRAM, output });
    }
    let (out, sum) = encoder.finish().and_then(Sealer::finish).during(writing)?;
    out.sync_all().during(writing)?;
    let from = first_segment(&said).ok_or_else(|| Error::Program {
        program: PROGRAM,
        output: "it does not say where the log begins".to_owned(),
    })?;
    Ok((sum, from))
}

/// `... write-ahead log start point: 0/4000028 on timeline 1` lies in `000000010000000000000004`, where parts have 16 MB.
fn first_segment(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("write-ahead log start point: ")?;
    let mut words = rest.split_whitespace();
    let (high, low) = words.next()?.split_once('/')?;
    let timeline: u32 = words.nth(2)?.parse().ok()?;
    let (high, low) = (u32::from_str_radix(high, 16).ok()?, u32::from_str_radix(low, 16).ok()?);
    Some(format!("{timeline:08X}{high:08X}{:08X}", low >> 24))
}

fn meta_name(label: &str) -> String {
    format!("base/{label}.json")
}

fn write_meta(repository: &Repository, meta: &Meta, world: &World) -> Result<(), Error> {
    let text = serde_json::to_vec(meta).unwrap_or_default();
    repository.keep_note(&meta_name(&meta.backup.label), &text, world)
}

fn read_meta(repository: &Repository, label: &str) -> Result<Meta, Error> {
    let damaged = |how: &str| Error::Damaged { what: meta_name(label), how: how.to_owned() };
    let text = repository.note(&meta_name(label))?.ok_or_else(|| damaged("it is missing"))?;
    serde_json::from_slice(&text).map_err(|_| damaged("it is not ours"))
}

fn labels(repository: &Repository) -> Result<Vec<String>, Error> {
    let names = names_in(&repository.dir.join("base"))?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(".json")).map(str::to_owned).collect())
}

pub(crate) fn list(repository: &Repository) -> Result<Vec<Backup>, Error> {
    labels(repository)?.iter().map(|label| Ok(read_meta(repository, label)?.backup)).collect()
}

/// Removes what is past keeping: older backups, and the log before the oldest that stays.
fn expire(repository: &Repository) -> Result<(), Error> {
    let labels = labels(repository)?;
    let (old, kept) = labels.split_at(labels.len().saturating_sub(repository.kept(KEPT)));
    let remove = |name: String| {
        let path = repository.dir.join(name);
        fs::remove_file(&path).during(|| format!("remove {}", path.display()))
    };
    for label in old {
        // Without what is known of it, it is no backup any more.
        remove(format!("base/{label}.json"))?;
        remove(format!("base/{label}.tar.zst"))?;
    }
    let Some(oldest) = kept.first() else { return Ok(()) };
    let from = read_meta(repository, oldest)?.from;
    for name in logs(repository)?.iter().filter(|name| name.len() >= 24 && name[8..24] < from[8..24]) {
        remove(log_name(name))?;
    }
    Ok(())
}

pub(crate) async fn verify(repository: &Repository) -> Result<Vec<Fault>, Error> {
    let mut faults = Vec::new();
    let mut fault = |what: String, how: String| faults.push(Fault { what, how });
    let mut oldest: Option<String> = None;
    for label in labels(repository)? {
        let meta = match read_meta(repository, &label) {
            Ok(meta) => meta,
            Err(Error::Damaged { what, how }) => {
                fault(what, how);
                continue;
            }
            Err(error) => return Err(error),
        };
        let name = format!("base/{label}.tar.zst");
        let summed = match File::open(repository.dir.join(&name)) {
            Ok(file) => sum(file).await,
            Err(error) => Err(error),
        };
        match summed {
            Ok(sum) if sum.sha256 == meta.sha256 => {}
            Ok(_) => fault(name, "its hash is another".to_owned()),
            Err(error) => fault(name, error.to_string()),
        }
        oldest.get_or_insert(meta.from);
    }
    let logs = logs(repository)?;
    for name in &logs {
        match open_log(repository, name) {
            Err(Error::Damaged { what, how }) => fault(what, how),
            other => drop(other?),
        }
        yield_now().await;
    }
    for name in oldest.map(|oldest| gaps(&logs, &oldest)).unwrap_or_default() {
        fault(log_name(&name), "it is missing".to_owned());
    }
    Ok(faults)
}

/// The parts that are missing between the first one needed and the last one there, on the same timeline. At most a hundred
/// are named.
fn gaps(logs: &BTreeSet<String>, from: &str) -> Vec<String> {
    let place = |name: &str| {
        let number = |at: usize| u64::from_str_radix(name.get(at..at + 8)?, 16).ok();
        Some((number(0)?, (number(8)? << 8) | number(16)?))
    };
    let Some((timeline, first)) = place(from) else { return Vec::new() };
    let places: BTreeSet<u64> = logs
        .iter()
        .filter(|name| is_segment(name))
        .filter_map(|name| place(name))
        .filter(|(on, _)| *on == timeline)
        .map(|(_, at)| at)
        .collect();
    let Some(last) = places.last() else { return Vec::new() };
    let missing = (first..=*last).filter(|at| !places.contains(at)).take(100);
    missing.map(|at| format!("{timeline:08X}{:08X}{:08X}", at >> 8, at & 0xFF)).collect()
}

pub(crate) async fn restore(
    repository: &Repository,
    blank: Blank,
    wanted: Wanted<'_>,
) -> Result<Restored, Error> {
    let backup = repository.choose(list(repository)?, wanted.at)?;
    unpack(repository, &blank, &backup.label).await?;
    blank.write(&blank.cluster().join("recovery.signal"), "")?;
    let counter = Counter::open(repository, &blank)?;
    let settings = recovery(&counter.restore_command()?, wanted);
    let recovered = tokio::select! {
        recovered = blank.recover(settings) => recovered,
        error = counter.serve() => return Err(error),
    };
    let recovered = recovered.map_err(|error| explain(error, wanted.at))?;
    Ok(Restored { label: backup.label, last_transaction: recovered.last_transaction })
}

/// Unpacks the archive of a backup where the cluster is to be.
async fn unpack(repository: &Repository, blank: &Blank, label: &str) -> Result<(), Error> {
    const TAR: &str = "tar";
    let name = format!("base/{label}.tar.zst");
    let file = File::open(repository.dir.join(&name)).map_err(|error| damaged(&name, &error))?;
    let opener = Opener::new(BufReader::new(file), &repository.secret, &name)
        .map_err(|error| damaged(&name, &error))?;
    let mut archive = zstd::Decoder::new(opener).map_err(|error| damaged(&name, &error))?;
    let mut command = blank.owner().command(Path::new(TAR));
    command.args(["--extract", "--file=-", "--directory"]).arg(blank.cluster());
    let mut child = spawn(TAR, command, Stdio::piped())?;
    if let Some(mut stdin) = child.stdin.take() {
        let mut bytes = vec![0; 256 << 10];
        loop {
            match archive.read(&mut bytes).map_err(|error| damaged(&name, &error))? {
                0 => break,
                count if stdin.write_all(&bytes[..count]).await.is_ok() => {}
                // It ended, and says why.
                _ => break,
            }
        }
    }
    let output = child.wait_with_output().await.during(|| format!("run {TAR}"))?;
    if output.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr).lines().next_back().unwrap_or_default().to_owned();
    Err(Error::Program { program: TAR, output })
}

/// Where a recovery asks for parts of the log: PostgreSQL's user cannot open them itself. It puts a wish into `want`, and
/// finds the part in `have`, or that there is `none`.
struct Counter<'a> {
    repository: &'a Repository,
    owner: embedded::Owner,
    dir: PathBuf,
}

impl<'a> Counter<'a> {
    fn open(repository: &'a Repository, blank: &Blank) -> Result<Self, Error> {
        let counter =
            Self { repository, owner: blank.owner().clone(), dir: blank.data_dir().join("wal-restore") };
        for dir in ["", "want", "have", "none"] {
            let dir = counter.dir.join(dir);
            DirBuilder::new().mode(0o700).create(&dir).during(|| format!("make {}", dir.display()))?;
            counter.owner.hand_over(&dir, 0o700)?;
        }
        Ok(counter)
    }

    fn restore_command(&self) -> Result<String, Error> {
        let dir = quoted(text_of(&self.dir)?).replace('%', "%%");
        // It ends by itself when nobody is at the counter any more.
        Ok(format!(
            "touch {dir}/want/%f && while [ -d {dir}/want ] && [ ! -e {dir}/have/%f ] && [ ! -e {dir}/none/%f ]; \
             do sleep 0.02; done; [ -e {dir}/have/%f ] && mv {dir}/have/%f \"%p\""
        ))
    }

    /// Serves until the recovery is over; gives why it cannot go on.
    async fn serve(&self) -> Error {
        loop {
            if let Err(error) = self.look() {
                return error;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn look(&self) -> Result<(), Error> {
        for name in names_in(&self.dir.join("want"))?.iter().filter(|name| is_log(name)) {
            let wish = self.dir.join("want").join(name);
            let during = || format!("hand {name} to the recovery");
            let answer = if self.repository.dir.join(log_name(name)).exists() {
                let bytes = open_log(self.repository, name)?;
                let part = self.dir.join(name);
                let mut options = OpenOptions::new();
                let file = options.create(true).truncate(true).write(true).mode(0o600).open(&part);
                file.and_then(|mut file| file.write_all(&bytes)).during(during)?;
                self.owner.hand_over(&part, 0o600)?;
                (part, "have")
            } else {
                (wish.clone(), "none")
            };
            fs::rename(&answer.0, self.dir.join(answer.1).join(name)).during(during)?;
            if answer.1 == "have" {
                fs::remove_file(&wish).during(during)?;
            }
        }
        Ok(())
    }
}

impl Drop for Counter<'_> {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            tracing::warn!(dir = %self.dir.display(), %error, "a folder of the restore cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_postgresqls_own_names_are_taken() {
        for name in
            ["000000010000000000000004", "00000002.history", "000000010000000000000004.00000028.backup"]
        {
            assert!(is_log(name), "{name}");
        }
        for name in [
            "",
            "000000010000000000000004.part",
            "../../x",
            "x.history",
            "x.partial",
            "00000001000000000000000g",
        ] {
            assert!(!is_log(name), "{name}");
        }
    }

    #[test]
    fn the_first_part_of_the_log_follows_from_what_it_says() {
        let said = "pg_basebackup: write-ahead log start point: 2/A4000028 on timeline 3\nmore";
        assert_eq!(first_segment(said).unwrap(), "0000000300000002000000A4");
        assert_eq!(first_segment("nothing"), None);
    }

    #[test]
    fn missing_parts_are_named() {
        let name = |at: u64| format!("00000001{:08X}{:08X}", at >> 8, at & 0xFF);
        let mut logs: BTreeSet<String> = (0xFD..0x103).map(name).collect();
        assert!(gaps(&logs, &name(0xFE)).is_empty());
        logs.remove(&name(0x100));
        logs.insert("00000002.history".to_owned());
        logs.insert("000000020000000100000004".to_owned());
        assert_eq!(gaps(&logs, &name(0xFD)), [name(0x100)]);
        assert_eq!(gaps(&logs, &name(0xFB)), [name(0xFB), name(0xFC), name(0x100)]);
    }

    #[test]
    fn what_archives_names_its_folder_as_one_word() {
        let command = archive_command(Path::new("/da ta")).unwrap();
        assert!(command.starts_with("cp \"%p\" '/da ta/wal-spool'/%f.part && sync "), "{command}");
    }
}
