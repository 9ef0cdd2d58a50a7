//! Witnesses of the audit log: places outside the database that are given every checkpoint (ADR 0035).

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use adapters::hook::Hook;
use adapters::objects::{BucketConfig, Objects};
use db::seal::Sealer;
use eyre::WrapErr as _;
use serde::{Deserialize, Serialize};

/// Who keeps what was signed, as the command line names it.
#[derive(Clone)]
pub(super) enum Place {
    /// A file: a line of JSON for each round.
    File(PathBuf),
    /// A bucket, best under Object Lock: an object for each round, `DATABASE/SIZE.json`, which is a line of such a file.
    Bucket(Objects),
    /// Another program, which is sent each round.
    Hook(Hook),
}

impl Place {
    /// A file's path, `s3://bucket/prefix`, or the address of a webhook.
    pub(super) fn parse(text: &str) -> eyre::Result<Self> {
        const NAME: &str = "LAMPLIGHT_AUDIT_WITNESS";
        if text.starts_with("s3://") {
            let bucket = BucketConfig {
                url: text.to_owned(),
                endpoint: std::env::var("LAMPLIGHT_AUDIT_WITNESS_ENDPOINT").ok(),
                region: std::env::var("AWS_REGION").or_else(|_| std::env::var("AWS_DEFAULT_REGION")).ok(),
                credentials: None,
            };
            return Ok(Self::Bucket(Objects::locked_bucket(&bucket).wrap_err(NAME)?));
        }
        if text.contains("://") {
            return Ok(Self::Hook(Hook::new(text).wrap_err(NAME)?));
        }
        Ok(Self::File(PathBuf::from(text)))
    }
}

/// What one place was given of the logs of one database.
pub(super) struct Witness {
    place: Place,
    /// The database, where it is an organization's own.
    own: Option<String>,
    /// How large the log of all was that it was given last, once that was looked up.
    last: Option<u64>,
    looked: bool,
}

/// A round, as witnesses keep it.
#[derive(Deserialize, Serialize)]
pub(super) struct Kept {
    /// How large the log of all was.
    pub(super) size: u64,
    /// Its note, then those of the organizations that had new events.
    pub(super) notes: Vec<String>,
}

impl Witness {
    pub(super) fn new(place: Place, own: Option<&str>) -> Self {
        Self { place, own: own.map(str::to_owned), last: None, looked: false }
    }

    fn folder(&self) -> &str {
        self.own.as_deref().unwrap_or("main")
    }

    /// Gives it every round that it does not have, whoever sealed it and however long ago. A webhook is not asked what it has:
    /// it is told from the round on that was the last when this program began.
    pub(super) async fn keep(&mut self, sealer: &Sealer) -> eyre::Result<()> {
        if !self.looked {
            self.last = self.look().await?;
            self.looked = true;
        }
        for (size, notes) in sealer.signed_since(self.last).await? {
            self.give(&Kept { size, notes }).await?;
            self.last = Some(size);
        }
        Ok(())
    }

    /// How large the log of all was that it was given last.
    async fn look(&self) -> eyre::Result<Option<u64>> {
        match &self.place {
            Place::File(file) => last(&witness_of(file, self.own.as_deref())),
            Place::Bucket(objects) => {
                let last = objects.last_below(self.folder()).await?;
                Ok(last.and_then(|name| name.strip_suffix(".json")?.parse().ok()))
            }
            Place::Hook(_) => Ok(None),
        }
    }

    async fn give(&self, kept: &Kept) -> eyre::Result<()> {
        let mut line = serde_json::to_vec(kept)?;
        line.push(b'\n');
        match &self.place {
            Place::File(file) => {
                let file = witness_of(file, self.own.as_deref());
                let mut file = fs::OpenOptions::new().create(true).read(true).append(true).open(file)?;
                if !ends_a_line(&mut file)? {
                    line.insert(0, b'\n');
                }
                file.write_all(&line)?;
                file.sync_data()?;
            }
            Place::Bucket(objects) => {
                // Names are as long as the longest: the alphabet has them in order. What another program gave it stays.
                let name = format!("{}/{:020}.json", self.folder(), kept.size);
                objects.put_new(&name, line.into()).await?;
            }
            Place::Hook(hook) => {
                let told =
                    serde_json::json!({"database": self.folder(), "size": kept.size, "notes": kept.notes});
                hook.tell(told.to_string().into_bytes()).await?;
            }
        }
        Ok(())
    }
}

/// Whether what is added stands in a line of its own.
fn ends_a_line(file: &mut fs::File) -> std::io::Result<bool> {
    let mut end = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut end)?;
    }
    Ok(end == [b'\n'])
}

/// How large the log of all was when it was kept last.
fn last(file: &Path) -> eyre::Result<Option<u64>> {
    let file = match fs::File::open(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut last = None;
    for line in BufReader::new(file).lines() {
        last = serde_json::from_str(&line?).ok().map(|Kept { size, .. }| size).or(last);
    }
    Ok(last)
}

/// The file of a database beside that of the main one: `checkpoints.jsonl` and `checkpoints-NAME.jsonl`.
pub(super) fn witness_of(file: &Path, own: Option<&str>) -> PathBuf {
    let Some(own) = own else { return file.to_owned() };
    let of = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let (stem, end) = (of(file.file_stem()), of(file.extension()));
    let end = if end.is_empty() { end } else { format!(".{end}") };
    file.with_file_name(format!("{stem}-{own}{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_has_a_file_of_its_own() {
        let of = |file: &str, own| witness_of(Path::new(file), own).display().to_string();
        assert_eq!(of("/mnt/seen.jsonl", None), "/mnt/seen.jsonl");
        assert_eq!(of("/mnt/seen.jsonl", Some("oak")), "/mnt/seen-oak.jsonl");
        assert_eq!(of("seen", Some("oak")), "seen-oak");
    }

    fn kept(size: u64) -> Kept {
        Kept { size, notes: vec![format!("note of {size}\n")] }
    }

    #[tokio::test]
    async fn a_bucket_keeps_each_round_once_and_says_which_it_has() {
        let objects = Objects::memory();
        let place = Place::Bucket(objects.clone());
        let (main, own) = (Witness::new(place.clone(), None), Witness::new(place, Some("oak")));
        assert_eq!(main.look().await.unwrap(), None);
        for size in [9, 10, 100] {
            main.give(&kept(size)).await.unwrap();
        }
        own.give(&kept(3)).await.unwrap();
        assert_eq!((main.look().await.unwrap(), own.look().await.unwrap()), (Some(100), Some(3)));
        // What is there stays, whoever comes with another.
        let other = Kept { size: 100, notes: Vec::new() };
        main.give(&other).await.unwrap();
        let name = "main/00000000000000000100.json";
        assert!(!objects.put_new(name, "x".into()).await.unwrap());
        assert_eq!(
            objects.size(name).await.unwrap(),
            serde_json::to_vec(&kept(100)).unwrap().len() as u64 + 1
        );
    }

    #[tokio::test]
    async fn a_file_goes_on_after_a_line_that_was_cut_off() {
        let file = std::env::temp_dir().join(format!("lamplight-witness-{}", kernel::World::system().uuid()));
        let witness = Witness::new(Place::File(file.clone()), None);
        witness.give(&kept(1)).await.unwrap();
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{text}{{\"size\":2")).unwrap();
        witness.give(&kept(2)).await.unwrap();
        assert_eq!(witness.look().await.unwrap(), Some(2));
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 3);
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn a_place_is_a_file_a_bucket_or_a_webhook() {
        assert!(matches!(Place::parse("/mnt/seen.jsonl").unwrap(), Place::File(_)));
        assert!(matches!(Place::parse("s3://seals/lamplight").unwrap(), Place::Bucket(_)));
        assert!(matches!(Place::parse("https://seals.example/hook").unwrap(), Place::Hook(_)));
        for refused in ["http://seals.example/hook", "ftp://seals.example", "s3://"] {
            assert!(Place::parse(refused).is_err(), "{refused}");
        }
    }
}
