//! `cargo xtask gen terminology ICD10.tsv CVX.json`: the code lists that the server ships.
//!
//! Apart from the other generated files, because its sources are fetched by hand; `crates/server/data/README.md` says
//! which. A line of a list is a code, a tab and what it means; lines are in order of the codes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

const LEVEL: i32 = 19;

/// Reads the two lists and writes both tables.
///
/// # Errors
/// A list that cannot be read or understood, or a file that cannot be written.
pub(super) fn run(root: &Path, lists: &[String]) -> Result<(), String> {
    let [icd10, cvx] = lists else {
        return Err("name the two lists; crates/server/data/README.md says which".into());
    };
    let read = |path: &String| fs::read_to_string(path).map_err(|e| format!("{path}: {e}"));
    write(root, "icd10cm", &of_lines(&read(icd10)?))?;
    write(root, "cvx", &of_triples(&read(cvx)?)?)
}

fn write(root: &Path, name: &str, codes: &BTreeMap<String, String>) -> Result<(), String> {
    if codes.is_empty() {
        return Err(format!("{name}: no codes"));
    }
    let text: String = codes.iter().map(|(code, display)| format!("{code}\t{display}\n")).collect();
    let packed = zstd::bulk::compress(text.as_bytes(), LEVEL).map_err(|e| format!("{name}: {e}"))?;
    let path = root.join(format!("crates/server/data/{name}.tsv.zst"));
    fs::write(&path, packed).map_err(|e| format!("{name}: {e}"))
}

/// A code, a tab and what it means; what follows is left out.
fn of_lines(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| {
        let mut parts = line.split('\t');
        Some((parts.next()?.trim().to_owned(), parts.next()?.trim().to_owned()))
    });
    lines.filter(|(code, display)| !code.is_empty() && !display.is_empty()).collect()
}

/// Triples of a system, a code and what it means.
fn of_triples(text: &str) -> Result<BTreeMap<String, String>, String> {
    let triples: Vec<[Value; 3]> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let plain = |value: &Value| value.as_str().map(|text| text.trim().to_owned());
    Ok(triples.iter().filter_map(|[_, code, display]| Some((plain(code)?, plain(display)?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_codes_in_order() {
        let lines = of_lines("B00\tHerpes\tmore\nA00.0\tCholera\n\nbroken\n");
        assert_eq!(lines.into_iter().collect::<Vec<_>>()[0], ("A00.0".to_owned(), "Cholera".to_owned()));
        assert_eq!(of_triples(r#"[["s", "08", " hepatitis B "]]"#).unwrap()["08"], "hepatitis B");
        assert!(of_triples("{}").is_err());
    }
}
