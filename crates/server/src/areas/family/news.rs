//! What a relative has seen of a page, in numbers that mean nothing elsewhere, and what of a page is new by it. Pure.
//!
//! A record is known by a number, and each of its elements as it was seen by another. So a record is changed only when there
//! is something to read that was not there before: what is taken back leaves fewer numbers and is no news.

use std::collections::{BTreeMap, HashMap};

use db::Vault;
use jiff::Timestamp;
use kernel::PatientId;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

/// Records that somebody has seen of a patient are forgotten beyond so many: none has so long a page.
const MOST: usize = 50_000;
/// As what a record is taken back; the page leaves it out as well.
const CLOSED: [&str; 3] = ["entered-in-error", "refuted", "cancelled"];
/// The first byte of what is kept.
const FORM: u8 = 1;

/// Records as they were seen: of each its number, and those of its elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page(BTreeMap<u64, Vec<u32>>);

/// One record of a page that is shown.
pub(super) struct Shown {
    /// Its id.
    pub(super) id: String,
    number: u64,
    elements: Vec<u32>,
}

/// What is new of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Ids of records that were not there.
    pub(super) fresh: Vec<String>,
    /// Ids of records of which something can be read that could not.
    pub(super) changed: Vec<String>,
}

#[derive(Deserialize)]
struct Status<'r> {
    #[serde(borrow)]
    id: &'r str,
    status: Option<&'r str>,
    #[serde(rename = "lifecycleStatus")]
    lifecycle: Option<&'r str>,
    #[serde(rename = "verificationStatus")]
    verification: Option<Concept<'r>>,
}

#[derive(Deserialize)]
struct Concept<'r> {
    #[serde(borrow, default)]
    coding: Vec<Coding<'r>>,
}

#[derive(Deserialize)]
struct Coding<'r> {
    code: Option<&'r str>,
}

impl Shown {
    /// A record as it is shown; `None` for one that says nothing: of which no element is seen, or that was taken back.
    pub(super) fn of(vault: &Vault, body: &[u8]) -> Option<Self> {
        let said: Status<'_> = serde_json::from_slice(body).ok()?;
        let verified = said.verification.iter().flat_map(|one| &one.coding).filter_map(|one| one.code);
        let mut states = [said.status, said.lifecycle].into_iter().flatten().chain(verified);
        if states.any(|state| CLOSED.contains(&state)) {
            return None;
        }
        let elements: HashMap<&str, &RawValue> = serde_json::from_slice(body).ok()?;
        let mut numbers: Vec<u32> = elements
            .into_iter()
            .filter(|(name, _)| !["resourceType", "id", "meta"].contains(name))
            .map(|(name, value)| {
                let text = [said.id, "\0", name, "\0", value.get()].concat();
                let [a, b, c, d, ..] = vault.index("family element", text.as_bytes());
                u32::from_be_bytes([a, b, c, d])
            })
            .collect();
        if numbers.is_empty() {
            return None;
        }
        numbers.sort_unstable();
        let [a, b, c, d, e, f, g, h, ..] = vault.index("family record", said.id.as_bytes());
        let number = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        Some(Self { id: said.id.to_owned(), number, elements: numbers })
    }
}

impl Page {
    /// The page of these records.
    pub(super) fn of<'a>(shown: impl IntoIterator<Item = &'a Shown>) -> Self {
        Self(shown.into_iter().map(|one| (one.number, one.elements.clone())).collect())
    }

    fn news(&self, one: &Shown) -> Option<bool> {
        match self.0.get(&one.number) {
            None => Some(true),
            Some(known) => one.elements.iter().any(|element| !known.contains(element)).then_some(false),
        }
    }

    /// What of a page is new for who has seen this one.
    pub(super) fn new_of(&self, shown: &[Shown]) -> News {
        let mut news = News::default();
        for one in shown {
            match self.news(one) {
                Some(true) => news.fresh.push(one.id.clone()),
                Some(false) => news.changed.push(one.id.clone()),
                None => {}
            }
        }
        news
    }

    /// The records of a page that are not the same in this one: all that need be kept of it.
    pub(super) fn beyond(&self, shown: &[Shown]) -> Self {
        Self::of(shown.iter().filter(|one| self.0.get(&one.number) != Some(&one.elements)))
    }

    /// Takes over what was seen since. What is not there any more is still known: when it comes back it is not new.
    pub(super) fn take(&mut self, later: Self) {
        self.0.extend(later.0);
        while self.0.len() > MOST {
            self.0.pop_first();
        }
    }
}

/// What somebody has seen of a patient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Glance {
    /// When they looked last.
    pub(super) at: Option<Timestamp>,
    /// The last letter that they have seen.
    pub(super) letter: Option<Uuid>,
    pub(super) page: Page,
}

/// What somebody has seen of each patient they follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Book(BTreeMap<PatientId, Glance>);

impl Book {
    /// Of this patient, if anything.
    pub(super) fn find(&self, patient: PatientId) -> Option<&Glance> {
        self.0.get(&patient)
    }

    /// Of this patient.
    pub(super) fn of(&mut self, patient: PatientId) -> &mut Glance {
        self.0.entry(patient).or_default()
    }

    /// Forgets all but these patients.
    pub(super) fn keep(&mut self, patients: &[PatientId]) {
        self.0.retain(|patient, _| patients.contains(patient));
    }

    /// As bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = vec![FORM];
        for (patient, glance) in &self.0 {
            out.extend_from_slice(patient.0.as_bytes());
            out.extend_from_slice(&glance.at.map_or(i64::MIN, Timestamp::as_microsecond).to_be_bytes());
            out.extend_from_slice(glance.letter.unwrap_or_default().as_bytes());
            out.extend_from_slice(&u32::try_from(glance.page.0.len()).unwrap_or(0).to_be_bytes());
            for (number, elements) in &glance.page.0 {
                out.extend_from_slice(&number.to_be_bytes());
                let elements = &elements[..elements.len().min(usize::from(u8::MAX))];
                out.push(u8::try_from(elements.len()).unwrap_or(0));
                elements.iter().for_each(|element| out.extend_from_slice(&element.to_be_bytes()));
            }
        }
        out
    }

    /// From such bytes; `None` for others.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[FORM])?;
        let mut book = Self::default();
        while !rest.is_empty() {
            let patient = PatientId(Uuid::from_bytes(take(&mut rest)?));
            let at = i64::from_be_bytes(take(&mut rest)?);
            let letter = Uuid::from_bytes(take(&mut rest)?);
            let mut page = Page::default();
            for _ in 0..u32::from_be_bytes(take(&mut rest)?) {
                let number = u64::from_be_bytes(take(&mut rest)?);
                let [count] = take(&mut rest)?;
                let elements = (0..count).map(|_| take(&mut rest).map(u32::from_be_bytes));
                page.0.insert(number, elements.collect::<Option<_>>()?);
            }
            let at = if at == i64::MIN { None } else { Some(Timestamp::from_microsecond(at).ok()?) };
            let letter = Some(letter).filter(|letter| !letter.is_nil());
            book.0.insert(patient, Glance { at, letter, page });
        }
        Some(book)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(id: &str, number: u64, elements: &[u32]) -> Shown {
        Shown { id: id.to_owned(), number, elements: elements.to_vec() }
    }

    #[test]
    fn what_can_be_read_and_could_not_is_new_and_what_went_is_not() {
        let seen = Page::of(&[shown("a", 1, &[1, 2]), shown("b", 2, &[3]), shown("c", 3, &[4])]);
        let now = [shown("a", 1, &[1]), shown("b", 2, &[3, 5]), shown("d", 4, &[])];
        let news = seen.new_of(&now);
        assert_eq!((news.fresh, news.changed), (vec!["d".to_owned()], vec!["b".to_owned()]));
        let mut after = seen.clone();
        after.take(seen.beyond(&now));
        assert_eq!(after.new_of(&now), News::default());
        // What comes back as it was is known; what is given back of a record is there again.
        assert_eq!(after.new_of(&[shown("c", 3, &[4])]), News::default());
        assert_eq!(after.new_of(&[shown("a", 1, &[1, 2])]).changed, ["a"]);
        assert_eq!(after.beyond(&now), Page::default());
    }

    #[test]
    fn what_is_kept_comes_back_and_nothing_else_does() {
        let mut book = Book::default();
        let patient = PatientId(Uuid::from_u128(7));
        *book.of(patient) = Glance {
            at: Some("2026-03-01T08:00:00.000001Z".parse().unwrap()),
            letter: Some(Uuid::from_u128(9)),
            page: Page::of(&[shown("a", 1, &[1, 2]), shown("b", u64::MAX, &[])]),
        };
        book.of(PatientId(Uuid::from_u128(8)));
        let bytes = book.write();
        assert_eq!(Book::read(&bytes), Some(book.clone()));
        assert_eq!(Book::read(&Book::default().write()), Some(Book::default()));
        for end in 0..bytes.len() {
            assert_ne!(Book::read(&bytes[..end]), Some(book.clone()), "{end}");
        }
        assert_eq!(Book::read(&[]), None);
        book.keep(&[patient]);
        assert!(book.find(PatientId(Uuid::from_u128(8))).is_none() && book.find(patient).is_some());
    }
}
