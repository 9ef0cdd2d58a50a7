//! Finding a code by its beginning, or by words as people type them: unfinished, with a slip of the finger, or as they
//! are called at the bedside.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;

use super::words::{COMMON, SAID};

/// One code and what it means.
pub(super) struct Entry {
    pub(super) code: Box<str>,
    pub(super) display: Box<str>,
    words: u8,
}

/// A code list with the words of its descriptions.
pub(super) struct CodeList {
    /// In order of the codes, compared without their points.
    entries: Vec<Entry>,
    /// Every word in order, with the entries that have it.
    words: Vec<(Box<str>, Vec<u32>)>,
}

const EXACT: u32 = 12;
const BEGUN: u32 = 8;
const SLIPPED: u32 = 3;
const OFTEN: u32 = 9;

impl CodeList {
    /// Reads a packed list: a code, a tab and what it means a line.
    pub(super) fn unpack(packed: &[u8]) -> std::io::Result<Self> {
        let mut text = String::new();
        zstd::Decoder::new(packed)?.read_to_string(&mut text)?;
        Ok(Self::of(&text))
    }

    fn of(text: &str) -> Self {
        let mut entries: Vec<Entry> = text
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(code, display)| {
                let words = u8::try_from(words_of(display).count()).unwrap_or(u8::MAX);
                Entry { code: code.into(), display: display.into(), words }
            })
            .collect();
        entries.sort_by_cached_key(|entry| bare(&entry.code));
        let mut words: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (at, entry) in (0u32..).zip(&entries) {
            for word in words_of(&entry.display) {
                let places = words.entry(word).or_default();
                if places.last() != Some(&at) {
                    places.push(at);
                }
            }
        }
        let words = words.into_iter().map(|(word, places)| (word.into_boxed_str(), places)).collect();
        Self { entries, words }
    }

    /// At most `limit` codes for what was typed, the likeliest first.
    pub(super) fn search(&self, typed: &str, limit: usize) -> Vec<&Entry> {
        let by_code = self.by_code(typed, limit);
        if !by_code.is_empty() {
            return by_code;
        }
        let plain = words_of(typed).collect::<Vec<_>>().join(" ");
        let mut scores = self.by_words(&plain);
        if let Some(meant) = meant(&plain) {
            for (at, score) in self.by_words(&meant) {
                // What somebody says in other words is meant as a whole.
                let known = scores.entry(at).or_default();
                *known = (*known).max(score);
            }
        }
        let mut found: Vec<(u32, u32)> = scores.into_iter().collect();
        let rank = |&(at, score): &(u32, u32)| {
            let entry = self.entry(at);
            let often = if COMMON.contains(&&*entry.code) { OFTEN } else { 0 };
            let length = u32::from(entry.words);
            // What says no more than was typed is meant more often than what adds something.
            let adds =
                !entry.display.ends_with("unspecified") && !entry.display.ends_with("without complications");
            (std::cmp::Reverse((score + often).saturating_sub(length)), adds, length, at)
        };
        found.sort_by_cached_key(rank);
        found.into_iter().take(limit).map(|(at, _)| self.entry(at)).collect()
    }

    fn entry(&self, at: u32) -> &Entry {
        &self.entries[at as usize]
    }

    /// Codes that begin as typed, with or without the point.
    fn by_code(&self, typed: &str, limit: usize) -> Vec<&Entry> {
        let wanted = bare(typed.trim());
        let a_code = wanted.len() >= 2
            && wanted.bytes().any(|byte| byte.is_ascii_digit())
            && !typed.trim().contains(char::is_whitespace);
        if !a_code {
            return Vec::new();
        }
        let first = self.entries.partition_point(|entry| bare(&entry.code) < wanted);
        let begins = |entry: &&Entry| bare(&entry.code).starts_with(&wanted);
        self.entries[first..].iter().take_while(begins).take(limit).collect()
    }

    /// Entries that have every word, each as it is, begun, or nearly so.
    fn by_words(&self, plain: &str) -> HashMap<u32, u32> {
        let mut scores: HashMap<u32, u32> = HashMap::new();
        for (index, word) in plain.split(' ').filter(|word| !word.is_empty()).enumerate() {
            let mut places = self.begun(word);
            if places.is_empty() {
                places = self.nearly(word);
            }
            if index == 0 {
                scores = places;
            } else {
                scores.retain(|at, score| {
                    places.get(at).is_some_and(|more| {
                        *score += more;
                        true
                    })
                });
            }
            if scores.is_empty() {
                break;
            }
        }
        scores
    }

    fn begun(&self, word: &str) -> HashMap<u32, u32> {
        let first = self.words.partition_point(|(known, _)| **known < *word);
        let mut found = HashMap::new();
        for (known, places) in self.words[first..].iter().take_while(|(known, _)| known.starts_with(word)) {
            enter(&mut found, places, if **known == *word { EXACT } else { BEGUN });
        }
        found
    }

    /// Words with a slip or two of the finger, of which the first letter is right.
    fn nearly(&self, word: &str) -> HashMap<u32, u32> {
        let mut found = HashMap::new();
        let most = match word.len() {
            0..4 => return found,
            4..8 => 1,
            _ => 2,
        };
        let begins = &word[..word.chars().next().map_or(0, char::len_utf8)];
        let first = self.words.partition_point(|(known, _)| **known < *begins);
        for (known, places) in self.words[first..].iter().take_while(|(known, _)| known.starts_with(begins)) {
            // What is still being typed is compared with as much of the word.
            let part: String = known.chars().take(word.chars().count()).collect();
            let away = strsim::osa_distance(word, known).min(strsim::osa_distance(word, &part));
            if away <= most {
                enter(&mut found, places, SLIPPED);
            }
        }
        found
    }
}

fn enter(found: &mut HashMap<u32, u32>, places: &[u32], score: u32) {
    for at in places {
        let known = found.entry(*at).or_default();
        *known = (*known).max(score);
    }
}

/// A code without its point, in capitals.
fn bare(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// The words of a text, in lower case, an s in the possessive left out.
fn words_of(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.strip_suffix("'s").unwrap_or(word).replace('\'', "").to_lowercase())
        .filter(|word| !word.is_empty())
}

/// What people mean who say it in other words.
fn meant(plain: &str) -> Option<String> {
    let (said, meant) = SAID.iter().find(|(said, _)| {
        plain.strip_prefix(said).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })?;
    Some(format!("{meant}{}", &plain[said.len()..]))
}

#[cfg(test)]
mod tests {
    use super::super::ops::icd10;

    fn found(typed: &str) -> Vec<String> {
        let list = icd10().unwrap();
        list.search(typed, 8).iter().map(|entry| entry.code.to_string()).collect()
    }

    #[test]
    fn a_code_is_found_by_its_beginning_with_and_without_the_point() {
        assert_eq!(found("i10"), ["I10"]);
        assert_eq!(found("E11.9"), ["E11.9"]);
        assert_eq!(found("e119"), ["E11.9"]);
        assert!(found("e11").iter().all(|code| code.starts_with("E11")));
        assert!(found("Z9999").is_empty());
    }

    #[test]
    fn words_are_found_in_any_order_unfinished_and_misspelt() {
        assert_eq!(found("hypertension")[0], "I10");
        assert_eq!(found("hypertenson")[0], "I10");
        assert_eq!(found("type 2 diab")[0], "E11.9");
        assert_eq!(found("diabetes type 2")[0], "E11.9");
        assert!(found("alzheimers").contains(&"G30.9".to_owned()));
        assert!(found("alzheimer's disease").contains(&"G30.9".to_owned()));
        assert!(found("pnuemonia").contains(&"J18.9".to_owned()));
        assert!(found("fracture femur neck left").iter().all(|code| code.starts_with('S')));
    }

    #[test]
    fn what_is_said_at_the_bedside_is_understood() {
        for (said, code) in [
            ("high blood pressure", "I10"),
            ("uti", "N39.0"),
            ("copd", "J44.9"),
            ("heart attack", "I21.9"),
            ("afib", "I48.91"),
        ] {
            assert!(found(said).contains(&code.to_owned()), "{said}: {:?}", found(said));
        }
    }

    #[test]
    fn nothing_is_found_of_nothing_and_nothing_panics() {
        for typed in ["", " ", "'", "''s", "é", "\u{0}", "ßßßßß", "日本語日本語", "a'b'c'd", "%_\\"]
        {
            found(typed);
        }
        assert!(found("").is_empty());
        assert!(found("qqqqqqqqqq").is_empty());
    }
}
