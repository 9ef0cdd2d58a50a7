//! Lists of files with their hashes, sealed: what a repository holds is compared with them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kernel::World;
use serde::{Deserialize, Serialize};

use crate::error::During as _;
use crate::seal::{Opener, Sealer, sum};
use crate::{Error, Fault, Repository, write_whole};

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// Of what it was made of, where that was sealed into it; else its own.
    pub(crate) size: u64,
    /// Of the file in the repository.
    pub(crate) sha256: String,
    /// Since when what it was made of is not there any more.
    pub(crate) gone: Option<Timestamp>,
}

/// By path.
pub(crate) type List = BTreeMap<String, Known>;

/// The list of this name; empty where there is none yet.
pub(crate) fn read(repository: &Repository, name: &str) -> Result<List, Error> {
    let path = repository.dir.join(name);
    if !path.exists() {
        return Ok(List::new());
    }
    let damaged = |how: String| Error::Damaged { what: name.to_owned(), how };
    let file = File::open(&path).during(|| format!("read {}", path.display()))?;
    let mut text = Vec::new();
    Opener::new(BufReader::new(file), &repository.secret, name)
        .and_then(|mut opener| opener.read_to_end(&mut text))
        .map_err(|error| damaged(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|_| damaged("it is no list".to_owned()))
}

/// Replaces it.
pub(crate) fn write(repository: &Repository, name: &str, list: &List, world: &World) -> Result<(), Error> {
    let text = serde_json::to_vec(list).unwrap_or_default();
    let path = repository.dir.join(name);
    let sealed = Sealer::new(Vec::new(), &repository.secret, name, world).and_then(|mut sealer| {
        sealer.write_all(&text)?;
        sealer.finish()
    });
    let (sealed, _) = sealed.during(|| format!("seal {}", path.display()))?;
    write_whole(&path, &sealed)
}

/// Every file below a folder, with its size; of files and folders only those whose path is wanted.
pub(crate) fn walk(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<BTreeMap<String, u64>, Error> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        let dir = folder.join(&inner);
        let what = || format!("list {}", dir.display());
        let entries = match fs::read_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.during(what)?,
        };
        for entry in entries {
            let entry = entry.during(what)?;
            let path = inner.join(entry.file_name());
            let Some(name) = path.to_str().filter(|name| wanted(name)) else { continue };
            // Links are not followed.
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                folders.push(path);
            } else if meta.is_file() {
                found.insert(name.to_owned(), meta.len());
            }
        }
    }
    Ok(found)
}

/// Compares every file of a list, in a folder of the repository, with its hash.
pub(crate) async fn compare(repository: &Repository, folder: &str, list: &List) -> Result<Vec<Fault>, Error> {
    let mut faults = Vec::new();
    for (name, known) in list {
        let what = format!("{folder}/{name}");
        let how = match File::open(repository.dir.join(&what)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => "it is missing".to_owned(),
            Err(error) => error.to_string(),
            Ok(file) => match sum(file).await {
                Ok(sum) if sum.sha256 == known.sha256 => continue,
                Ok(_) => "its hash is another".to_owned(),
                Err(error) => error.to_string(),
            },
        };
        faults.push(Fault { what, how });
    }
    Ok(faults)
}
