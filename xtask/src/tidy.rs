//! `cargo xtask tidy`: the rules of this codebase that the compiler does not know.
//!
//! A rule reads one file and gives its findings. Where a rule must be broken, the line above says why:
//! `// tidy: allow(RULE) the reason`.

mod rules;
mod source;
#[cfg(test)]
mod tests;

use rules::RULES;
use source::Source;
use std::{
    collections::BTreeSet,
    fmt, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// Files larger than this are data.
const LARGEST: u64 = 2 << 20;

/// One broken rule at one place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {} ({})", self.path, self.line, self.message, self.rule)
    }
}

/// Looks at every file of the repository at `root`; gives the findings and how many files there were.
pub(crate) fn run(root: &Path) -> io::Result<(Vec<Finding>, usize)> {
    let paths = files(root)?;
    let areas = areas(&paths);
    let mut findings = Vec::new();
    for path in &paths {
        let file = root.join(path);
        let meta = fs::symlink_metadata(&file);
        // A path of git's may be gone, a link points elsewhere.
        if !meta.is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST) {
            continue;
        }
        let Ok(text) = String::from_utf8(fs::read(&file)?) else { continue };
        findings.extend(check(path, &text, &areas));
    }
    Ok((findings, paths.len()))
}

/// Applies every rule to one file.
fn check(path: &str, text: &str, areas: &BTreeSet<String>) -> Vec<Finding> {
    let source = Source::new(path, text, areas);
    let mut used = BTreeSet::new();
    let mut findings = Vec::new();
    for (rule, judge) in RULES {
        for (line, message) in judge(&source) {
            if let Some(allowance) = source.allowance(rule, line) {
                used.insert(allowance);
            } else {
                findings.push(Finding { path: path.to_owned(), line, rule, message });
            }
        }
    }
    let idle = source.allowances().filter(|line| !used.contains(line));
    findings.extend(idle.map(|line| Finding {
        path: path.to_owned(),
        line,
        rule: "allowance",
        message: "this allowance is not needed, names no rule or gives no reason".to_owned(),
    }));
    findings
}

/// The tracked files and those about to be; without git, all below `root` but build results.
pub(crate) fn files(root: &Path) -> io::Result<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    if let Ok(output) = Command::new("git").args(arguments).current_dir(root).output()
        && output.status.success()
    {
        let text = String::from_utf8_lossy(&output.stdout);
        return Ok(text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect());
    }
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name();
            let path = folder.join(&name);
            if !entry.file_type()?.is_dir() {
                found.push(path.to_string_lossy().into_owned());
            } else if !["target", "node_modules", ".git", "dist"].iter().any(|skipped| name == *skipped) {
                folders.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The names of the areas of the clinic's work.
fn areas(paths: &[String]) -> BTreeSet<String> {
    let inside = paths.iter().filter_map(|path| path.strip_prefix(source::AREAS));
    inside.filter_map(|rest| rest.split_once('/')).map(|(area, _)| area.to_owned()).collect()
}
