//! `cargo xtask bench` and its options.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Fallible;
use super::rows::Row;

/// What `--help` says.
pub(super) const USAGE: &str = "usage: cargo xtask bench [OPTIONS]

Builds the program, runs it on a private installation of invented people, and measures CPU milliseconds of server and
PostgreSQL for each request, beside bare PostgreSQL doing the same row work. It judges nothing.

  --seconds N     how long to measure a row with 32 clients [4]
  --only ROW      only this row; may be repeated: read create update identifier name observations bundle
                  autosave shift import export sign-ins audit
  --patients N    how many people to make, of 200 records each [200]
  --scale         20 organizations, 200 facilities, 50,000 people: ten million records
  --bundles DIR   bundles to import [../shared/data/synthea, where it is there]
  --json PATH     where to write the figures [bench.json in the target folder]
  --keep          keep the installation";

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Options {
    /// How long to measure a row.
    pub(super) window: Duration,
    only: Vec<String>,
    /// Organizations, facilities and patients to make.
    pub(super) size: [u32; 3],
    /// Bundles to import.
    pub(super) bundles: Option<PathBuf>,
    /// Where the figures go.
    pub(super) json: PathBuf,
    /// Whether to keep the installation.
    pub(super) keep: bool,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// The usage, when it is not understood.
    pub(super) fn read(arguments: &[String], root: &Path, target: &Path) -> Fallible<Self> {
        let usual = root.join("../shared/data/synthea");
        let mut options = Self {
            window: Duration::from_secs(4),
            only: Vec::new(),
            size: [1, 1, 200],
            bundles: usual.is_dir().then_some(usual),
            json: target.join("bench.json"),
            keep: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(USAGE);
            match argument.as_str() {
                "--seconds" => {
                    options.window = Duration::from_secs_f64(value()?.parse::<f64>()?.clamp(0.5, 600.0))
                }
                "--only" => options.only.push(value()?.clone()),
                "--patients" => options.size = [1, 1, value()?.parse()?],
                "--scale" => options.size = [20, 200, 50_000],
                "--bundles" => options.bundles = Some(value()?.into()),
                "--json" => options.json = value()?.into(),
                "--keep" => options.keep = true,
                _ => return Err(USAGE.into()),
            }
        }
        let known = |name: &str| {
            Row::ALL.iter().any(|row| row.key() == name)
                || ["import", "export", "sign-ins", "audit"].contains(&name)
        };
        match options.only.iter().find(|name| !known(name)) {
            Some(unknown) => Err(format!("no row named {unknown}\n\n{USAGE}").into()),
            None => Ok(options),
        }
    }

    /// Whether a row is asked for.
    pub(super) fn wants(&self, key: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Fallible<Options> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::read(&arguments, Path::new("/nowhere/here"), Path::new("target"))
    }

    #[test]
    fn options_are_read_and_others_refused() {
        let options = read("--seconds 1.5 --only read --only import --patients 9 --keep").unwrap();
        assert_eq!((options.window, options.size), (Duration::from_millis(1500), [1, 1, 9]));
        assert!(options.wants("read") && options.wants("import") && !options.wants("create") && options.keep);
        assert!(read("").unwrap().wants("create"));
        for wrong in ["--only nothing", "--seconds", "--seconds x", "--help"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
