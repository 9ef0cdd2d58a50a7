//! The keys that search tokens are made with: one, and while it is changed for another two (ADR 0044).

use std::collections::BTreeMap;

use super::seal::SearchKey;
use crate::Error;

/// What every program does with the tokens of a key. Two that differ by one step can work beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i16)]
pub enum TokenState {
    /// Removes them with what they stand for.
    Removed = 1,
    /// Writes them too.
    Written = 2,
    /// Searches by them too: one key of an organization.
    Searched = 3,
}

impl TokenState {
    /// As stored.
    ///
    /// # Errors
    /// [`Error::Stored`] for any other number.
    pub fn from_code(code: i16) -> Result<Self, Error> {
        match code {
            1 => Ok(Self::Removed),
            2 => Ok(Self::Written),
            3 => Ok(Self::Searched),
            _ => Err(Error::Stored("the state of a search key")),
        }
    }
}

/// The first search key of an organization: what tokens are made with before it is ever changed.
pub const FIRST_SEARCH_KEY: i32 = 1;

/// An organization's search keys by what is done with them.
pub struct TokenKeys {
    numbered: BTreeMap<i32, SearchKey>,
    searched: Option<SearchKey>,
    written: Vec<SearchKey>,
    removed: Vec<SearchKey>,
}

impl TokenKeys {
    /// `states` are what the data says of its tokens, `numbered` the keys that the keyring has. The tokens of a key that it has
    /// no more are out of reach: an older copy of the data has such.
    pub(super) fn new(states: &[(i32, TokenState)], numbered: BTreeMap<i32, SearchKey>) -> Self {
        let first = [(FIRST_SEARCH_KEY, TokenState::Searched)];
        let states = if states.is_empty() { &first[..] } else { states };
        let from = |least: TokenState| {
            let those = states.iter().filter(move |(_, state)| *state >= least);
            those.filter_map(|(number, _)| numbered.get(number).cloned()).collect::<Vec<_>>()
        };
        let searched = from(TokenState::Searched).pop();
        let (written, removed) = (from(TokenState::Written), from(TokenState::Removed));
        Self { numbered, searched, written, removed }
    }

    /// What searches ask with; nothing while the tokens are made anew, because those that are there belong to a key that is
    /// gone.
    pub fn searched(&self) -> Option<&SearchKey> {
        self.searched.as_ref()
    }

    /// What is made for a new version of a record.
    pub fn written(&self) -> &[SearchKey] {
        &self.written
    }

    /// What may be there of the version before, and goes with it.
    pub fn removed(&self) -> &[SearchKey] {
        &self.removed
    }

    /// Whether one key is being changed for another: a record's tokens may be written by more than who writes the record.
    pub fn are_changing(&self) -> bool {
        self.removed.len() > 1 || self.searched.is_none()
    }

    /// The key of this number, whatever is done with its tokens.
    pub fn numbered(&self, number: i32) -> Option<&SearchKey> {
        self.numbered.get(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(numbers: &[u8]) -> BTreeMap<i32, SearchKey> {
        numbers.iter().map(|number| (i32::from(*number), SearchKey::new(&[*number; 32]))).collect()
    }

    fn token(key: &SearchKey) -> i64 {
        key.token(&[b"x"])
    }

    #[test]
    fn each_state_does_what_the_one_before_does_and_one_thing_more() {
        use TokenState::{Removed, Searched, Written};
        let all = keys(&[1, 2]);
        let (one, two) = (token(&all[&1]), token(&all[&2]));
        let tokens = |keys: &[SearchKey]| keys.iter().map(token).collect::<Vec<_>>();
        for (states, searched, written, removed) in [
            (vec![], Some(one), vec![one], vec![one]),
            (vec![(1, Searched), (2, Removed)], Some(one), vec![one], vec![one, two]),
            (vec![(1, Searched), (2, Written)], Some(one), vec![one, two], vec![one, two]),
            (vec![(1, Written), (2, Searched)], Some(two), vec![one, two], vec![one, two]),
            (vec![(1, Removed), (2, Searched)], Some(two), vec![two], vec![one, two]),
            (vec![(2, Searched)], Some(two), vec![two], vec![two]),
        ] {
            let keys = TokenKeys::new(&states, all.clone());
            assert_eq!(keys.searched().map(token), searched, "{states:?}");
            assert_eq!(tokens(keys.written()), written, "{states:?}");
            assert_eq!(tokens(keys.removed()), removed, "{states:?}");
            assert_eq!(keys.are_changing(), removed.len() > 1, "{states:?}");
        }
    }

    #[test]
    fn tokens_of_a_key_that_is_gone_are_not_searched_by() {
        for states in [vec![], vec![(1, TokenState::Searched)]] {
            let keys = TokenKeys::new(&states, keys(&[2]));
            assert!(keys.searched().is_none() && keys.are_changing(), "{states:?}");
        }
    }
}
