//! `cargo xtask check`: `tidy`, and that every generated file is what its generator gives.

use crate::tidy;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write},
    path::Path,
    process::Command,
};

/// Runs all checks; true when nothing is wrong.
pub(crate) fn run(root: &Path, out: &mut impl Write) -> io::Result<bool> {
    let tidy = crate::tidy(root, out)?;
    let generated = generated(root, out)?;
    Ok(tidy && generated)
}

/// Generates anew where this machine can, compares, and puts back what was there.
fn generated(root: &Path, out: &mut impl Write) -> io::Result<bool> {
    if Command::new("npm").arg("--version").output().is_err() {
        writeln!(out, "gen: skipped, npm is not installed (the FHIR definitions come from an npm package)")?;
        return Ok(true);
    }
    let before = Snapshot::take(root)?;
    if before.0.is_empty() {
        writeln!(out, "gen: skipped, there are no generated files yet")?;
        return Ok(true);
    }
    out.flush()?;
    let status = Command::new(std::env::current_exe()?).arg("gen").current_dir(root).status()?;
    let after = Snapshot::take(root)?;
    let changed = before.differing(&after);
    before.restore(root, &changed)?;
    for path in &changed {
        writeln!(out, "{path}: is not what the generator gives (gen)")?;
    }
    let fine = status.success() && changed.is_empty();
    let outcome = if fine { "generated files are up to date" } else { "run `cargo xtask gen`" };
    writeln!(out, "gen: {outcome}")?;
    Ok(fine)
}

/// The generated Rust files by path.
struct Snapshot(BTreeMap<String, Vec<u8>>);

impl Snapshot {
    fn take(root: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for path in tidy::files(root)? {
            if path.ends_with(".rs") && path.contains("/generated/") && root.join(&path).is_file() {
                let bytes = fs::read(root.join(&path))?;
                files.insert(path, bytes);
            }
        }
        Ok(Self(files))
    }

    fn differing(&self, other: &Self) -> BTreeSet<String> {
        let paths = self.0.keys().chain(other.0.keys());
        paths.filter(|path| self.0.get(*path) != other.0.get(*path)).cloned().collect()
    }

    fn restore(&self, root: &Path, paths: &BTreeSet<String>) -> io::Result<()> {
        for path in paths {
            match self.0.get(path) {
                Some(bytes) => fs::write(root.join(path), bytes)?,
                None => fs::remove_file(root.join(path))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_a_new_and_a_lost_file_differ_and_are_put_back() {
        let root = std::env::temp_dir().join(format!("xtask-check-{}", std::process::id()));
        let folder = root.join("crates/fhir/src/generated");
        fs::create_dir_all(&folder).unwrap();
        for name in ["same", "changed", "lost"] {
            fs::write(folder.join(format!("{name}.rs")), name).unwrap();
        }
        let before = Snapshot::take(&root).unwrap();
        fs::write(folder.join("changed.rs"), "other").unwrap();
        fs::write(folder.join("new.rs"), "new").unwrap();
        fs::remove_file(folder.join("lost.rs")).unwrap();
        let changed = before.differing(&Snapshot::take(&root).unwrap());
        let names: Vec<_> = changed.iter().map(|path| path.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, ["changed.rs", "lost.rs", "new.rs"]);
        before.restore(&root, &changed).unwrap();
        assert!(before.differing(&Snapshot::take(&root).unwrap()).is_empty());
        fs::remove_dir_all(&root).unwrap();
    }
}
