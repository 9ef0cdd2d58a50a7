//! The files beside the database (documents and exports, sealed by the program already): copied into the repository as
//! they come, each sealed once more so that what is altered shows, with a list of what there is.
//!
//! A file never changes under its name. One that went stays in the repository as long as a backup may name it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufReader};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use jiff::SignedDuration;
use kernel::World;
use tokio::task::yield_now;

use crate::error::During as _;
use crate::list::{self, Known};
use crate::seal::{Opener, Sealer};
use crate::{Error, Fault, Repository, sync_parent};

const FOLDER: &str = "files";
const LIST: &str = "files.list";
/// What nobody has looked at yet and is not sealed: never copied.
const QUARANTINE: &str = "quarantine";
/// How long a file that went is kept: longer than any backup.
const KEEP_GONE: SignedDuration = SignedDuration::from_hours(35 * 24);

/// Copies what the repository does not have yet.
pub(crate) async fn take(repository: &Repository, folder: &Path, world: &World) -> Result<(), Error> {
    let mut list = list::read(repository, LIST)?;
    // A `#` marks what is still being written.
    let is_whole = |name: &str| !name.contains('#') && name != QUARANTINE;
    let there = list::walk(folder, &is_whole)?;
    for (name, size) in &there {
        yield_now().await;
        let kept = repository.dir.join(FOLDER).join(name);
        match list.get_mut(name) {
            Some(known) if known.size == *size && kept.exists() => known.gone = None,
            _ => {
                // Who deleted it meanwhile deleted its row too.
                if let Some(known) = copy(repository, folder, name, world)? {
                    list.insert(name.clone(), known);
                }
            }
        }
    }
    let now = world.now();
    for (name, known) in &mut list {
        if !there.contains_key(name) {
            known.gone.get_or_insert(now);
        }
    }
    let past: Vec<String> = list
        .iter()
        .filter(|(_, known)| known.gone.is_some_and(|gone| now.duration_since(gone) > KEEP_GONE))
        .map(|(name, _)| name.clone())
        .collect();
    for name in past {
        let path = repository.dir.join(FOLDER).join(&name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).during(|| format!("remove {}", path.display()));
            }
            _ => list.remove(&name),
        };
    }
    list::write(repository, LIST, &list, world)
}

fn copy(repository: &Repository, folder: &Path, name: &str, world: &World) -> Result<Option<Known>, Error> {
    let (from, to) = (folder.join(name), repository.dir.join(FOLDER).join(name));
    let what = || format!("copy {} into the repository", from.display());
    let file = match File::open(&from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.during(what)?,
    };
    let parent = to.parent().unwrap_or(&repository.dir);
    DirBuilder::new().recursive(true).mode(0o700).create(parent).during(what)?;
    let part = to.with_extension("part");
    let mut options = fs::OpenOptions::new();
    let out = options.create(true).truncate(true).write(true).mode(0o600).open(&part).during(what)?;
    let copied =
        Sealer::new(out, &repository.secret, &format!("{FOLDER}/{name}"), world).and_then(|mut sealer| {
            let size = io::copy(&mut BufReader::new(file), &mut sealer)?;
            let (out, sum) = sealer.finish()?;
            out.sync_all()?;
            fs::rename(&part, &to)?;
            Ok(Known { size, sha256: sum.sha256, gone: None })
        });
    let known = copied.during(what)?;
    sync_parent(&to)?;
    Ok(Some(known))
}

/// Compares every file with the list.
pub(crate) async fn verify(repository: &Repository) -> Result<Vec<Fault>, Error> {
    let list = match list::read(repository, LIST) {
        Err(Error::Damaged { what, how }) => return Ok(vec![Fault { what, how }]),
        list => list?,
    };
    list::compare(repository, FOLDER, &list).await
}

/// Puts every file that had not gone back where it was; what is there already is left.
pub(crate) async fn restore(repository: &Repository, folder: &Path) -> Result<(), Error> {
    for (name, _) in list::read(repository, LIST)?.into_iter().filter(|(_, known)| known.gone.is_none()) {
        let to = folder.join(&name);
        let what = format!("{FOLDER}/{name}");
        let during = || format!("restore {}", to.display());
        if to.exists() {
            continue;
        }
        yield_now().await;
        if let Some(parent) = to.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent).during(during)?;
        }
        let from = File::open(repository.dir.join(&what)).during(during)?;
        let damaged = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidData => Error::Damaged { what: what.clone(), how: error.to_string() },
            _ => Error::Io { what: during(), source: error },
        };
        let mut opener = Opener::new(BufReader::new(from), &repository.secret, &what).map_err(damaged)?;
        let part = to.with_extension("part");
        let mut options = fs::OpenOptions::new();
        let mut out =
            options.create(true).truncate(true).write(true).mode(0o600).open(&part).during(during)?;
        io::copy(&mut opener, &mut out).map_err(damaged)?;
        out.sync_all().during(during)?;
        fs::rename(&part, &to).during(during)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::{Secret, Tool};

    #[tokio::test]
    async fn files_come_back_as_they_were_and_damage_is_named() {
        let base = std::env::temp_dir().join(format!("lamplight-files-{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        let (folder, back) = (base.join("documents"), base.join("back"));
        fs::create_dir_all(folder.join("a")).unwrap();
        fs::create_dir_all(folder.join("quarantine")).unwrap();
        fs::write(folder.join("a/one"), vec![1; 70_000]).unwrap();
        fs::write(folder.join("a/two"), b"two").unwrap();
        fs::write(folder.join("a/two#1"), b"half").unwrap();
        fs::write(folder.join("quarantine/three"), b"not sealed").unwrap();
        let world = World::system();
        let secret = Secret::new(Zeroizing::new("s".to_owned()));
        let repository = Repository::open_or_make(&base.join("repo"), secret, Some(Tool::Own)).unwrap();
        take(&repository, &folder, &world).await.unwrap();
        take(&repository, &folder, &world).await.unwrap();
        assert!(verify(&repository).await.unwrap().is_empty());
        fs::remove_file(folder.join("a/two")).unwrap();
        take(&repository, &folder, &world).await.unwrap();
        restore(&repository, &back).await.unwrap();
        assert_eq!(fs::read(back.join("a/one")).unwrap(), vec![1; 70_000]);
        assert!(!back.join("a/two").exists(), "it had gone");
        assert!(!back.join("quarantine").exists() && !back.join("a/two#1").exists());

        let kept = repository.dir.join("files/a/one");
        let mut bytes = fs::read(&kept).unwrap();
        bytes[40_000] ^= 1;
        fs::write(&kept, bytes).unwrap();
        assert_eq!(verify(&repository).await.unwrap()[0].what, "files/a/one");
        fs::remove_dir_all(&back).unwrap();
        assert!(
            matches!(restore(&repository, &back).await, Err(Error::Damaged { what, .. }) if what == "files/a/one")
        );
        fs::remove_file(kept).unwrap();
        assert_eq!(verify(&repository).await.unwrap()[0].how, "it is missing");
        fs::remove_dir_all(base).unwrap();
    }
}
