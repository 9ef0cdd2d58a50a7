//! `cargo xtask gen passwords FILE..`: the list of breached passwords that `credentials` ships.
//!
//! Apart from the other generated files, because its sources are fetched by hand; `crates/credentials/data/README.md`
//! says which and how. Only fingerprints are kept: nobody finds a password, or an obscenity, in the tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use credentials::password;

/// The fewest characters of an entry. A password of twelve is refused for a core that makes up half of it.
const SHORTEST: usize = password::SHORTEST / 2;

/// Entries in the middle are of use only as the core of a password, and only the most common ones are: so many lines of
/// each list are taken whatever their length, and after them only those that could be a whole password.
const COMMON: usize = 40_000;

/// Reads the lists, most common password first: JSON arrays of strings, or one password a line.
///
/// # Errors
/// A list that cannot be read, no list at all, or a file that cannot be written.
pub(super) fn run(root: &Path, lists: &[String]) -> Result<(), String> {
    if lists.is_empty() {
        return Err("name the lists; crates/credentials/data/README.md says which".into());
    }
    let mut prints = BTreeSet::new();
    for list in lists {
        let bytes = fs::read(list).map_err(|e| format!("{list}: {e}"))?;
        prints.extend(fingerprints(&bytes));
    }
    let path = root.join("crates/credentials/data/breached.bin");
    fs::write(&path, prints.iter().flatten().copied().collect::<Vec<u8>>())
        .map_err(|e| format!("breached.bin: {e}"))
}

fn fingerprints(list: &[u8]) -> BTreeSet<[u8; 5]> {
    let text = String::from_utf8_lossy(list);
    let passwords: Vec<String> =
        serde_json::from_str(&text).unwrap_or_else(|_| text.lines().map(str::to_owned).collect());
    let useful = passwords.iter().enumerate().filter(|(line, entry)| {
        let length = entry.chars().count();
        length >= if *line < COMMON { SHORTEST } else { password::SHORTEST }
    });
    useful.filter_map(|(_, entry)| password::fingerprint(entry)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_json_give_the_same_and_short_entries_nothing() {
        let lines = fingerprints(b"password\nShort\nPASSWORD\nletmein\n");
        assert_eq!(lines, fingerprints(br#"["password", "letmein"]"#));
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn past_the_common_ones_only_whole_passwords_are_kept() {
        let list = format!("{}sunshine\nsunshine and rain\n", "short\n".repeat(COMMON));
        let kept = fingerprints(list.as_bytes());
        assert_eq!(kept, fingerprints(b"sunshine and rain"));
    }
}
