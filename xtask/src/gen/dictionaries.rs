//! `cargo xtask gen dictionaries`: the zstd dictionaries that bodies are compressed with, trained on synthetic charts.
//!
//! Unlike the other generated files these are artefacts with a version: a stored body can be read only with the very
//! dictionary it was written with. So they are neither part of a plain `gen` nor of `check`: another release of zstd, or
//! a change to the synthetic people, may well train other bytes. A new set is a new folder, beside the old ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Below `crates/chart/dictionaries`. To train anew, count up here and teach `chart::compress` the new set.
const SET: &str = "v1";

/// The seed of the corpus.
const SEED: u64 = 0x7261_696e;

/// Samples of each type.
const SAMPLES: usize = 400;

/// Bytes of a type's dictionary. Of 4, 8, 16 and 32 KB, 8 KB gave the best mean of our own charts (where more is better:
/// 5.6, 5.7, 6.0, 6.1 times) and foreign ones (where less is: 3.5, 3.4, 3.3, 3.3 times).
const BYTES: usize = 8 << 10;

/// Samples of each type in the dictionary for types without one of their own.
const GENERIC_SAMPLES: usize = 40;

/// Bytes of that dictionary: a type it has never seen gains up to 16 KB (3.0, 3.35, 3.5, 3.7 times).
const GENERIC_BYTES: usize = 16 << 10;

/// Trains the set and writes it.
///
/// # Errors
/// When the set is there already, training fails, or a file cannot be written.
pub(super) fn run(root: &Path) -> Result<(), String> {
    let folder = root.join("crates/chart/dictionaries").join(SET);
    if folder.exists() {
        return Err(format!("dictionaries {SET} exist, and bodies may be stored with them: train a new set"));
    }
    let trained = train(&synth::training(SEED, SAMPLES))?;
    fs::create_dir_all(&folder).map_err(|e| format!("dictionaries {SET}: {e}"))?;
    for (name, bytes) in trained {
        let name = format!("{name}.zdict");
        fs::write(folder.join(&name), bytes).map_err(|e| format!("{name}: {e}"))?;
    }
    Ok(())
}

/// A dictionary for each type, and `generic` of all types together.
fn train(corpus: &BTreeMap<&'static str, Vec<String>>) -> Result<BTreeMap<&'static str, Vec<u8>>, String> {
    let mut trained = BTreeMap::new();
    for (name, samples) in corpus {
        let bytes = zstd::dict::from_samples(samples, BYTES).map_err(|e| format!("{name}: {e}"))?;
        trained.insert(*name, bytes);
    }
    let mixed: Vec<&String> = (0..GENERIC_SAMPLES)
        .flat_map(|i| corpus.values().filter_map(move |samples| samples.get(i)))
        .collect();
    let generic = zstd::dict::from_samples(&mixed, GENERIC_BYTES).map_err(|e| format!("generic: {e}"))?;
    trained.insert("generic", generic);
    Ok(trained)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_corpus_trains_the_same_bytes() {
        let corpus = || {
            let mut corpus = synth::training(SEED, SAMPLES);
            corpus.retain(|name, _| ["Patient", "Observation", "Coverage"].contains(name));
            corpus
        };
        let once = train(&corpus()).unwrap();
        assert_eq!(
            once.keys().copied().collect::<Vec<_>>(),
            ["Coverage", "Observation", "Patient", "generic"]
        );
        assert!(once.values().all(|bytes| bytes.starts_with(&[0x37, 0xA4, 0x30, 0xEC])), "RFC 8878, 5");
        assert!(once == train(&corpus()).unwrap());
    }

    #[test]
    fn a_set_is_never_overwritten() {
        let root = std::env::temp_dir().join(format!("xtask-dictionaries-{}", std::process::id()));
        fs::create_dir_all(root.join("crates/chart/dictionaries").join(SET)).unwrap();
        assert!(run(&root).unwrap_err().contains("train a new set"));
        fs::remove_dir_all(&root).unwrap();
    }
}
