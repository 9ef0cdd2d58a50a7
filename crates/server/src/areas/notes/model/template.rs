//! A template: our subset of FHIR's Questionnaire (<https://hl7.org/fhir/R4/questionnaire.html>), understood.

use std::collections::HashMap;

use serde_json::Value;

use super::answers::{Answer, Coding};

mod read;
#[cfg(test)]
mod tests;

pub(in super::super) use read::understand;

/// The most items of a template, groups among them.
const MOST_ITEMS: usize = 200;
/// The most options of an item.
const MOST_OPTIONS: usize = 100;
/// The code system of LOINC.
pub(in super::super) const LOINC: &str = "http://loinc.org";

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    Group,
    Display,
    String,
    Text,
    Choice,
    OpenChoice,
    Integer,
    Decimal,
    Quantity,
    Boolean,
    Date,
    DateTime,
    Time,
}

/// A code of an item.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Code {
    pub(in super::super) system: String,
    pub(in super::super) code: String,
    pub(in super::super) display: String,
}

/// One thing to choose.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Choice {
    pub(in super::super) system: String,
    pub(in super::super) code: String,
    pub(in super::super) display: String,
    /// What it adds to the score of its group.
    pub(in super::super) ordinal: Option<f64>,
}

impl Choice {
    pub(in super::super) fn coding(&self) -> Coding {
        Coding {
            system: Some(self.system.clone()),
            code: self.code.clone(),
            display: Some(self.display.clone()),
        }
    }
}

/// The unit of a quantity.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Unit {
    pub(in super::super) system: String,
    pub(in super::super) code: String,
    pub(in super::super) display: String,
}

/// What scores from `low` to `high` mean.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Band {
    pub(in super::super) low: Option<i64>,
    pub(in super::super) high: Option<i64>,
    pub(in super::super) text: String,
    pub(in super::super) alert: bool,
}

/// When an item is asked.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum When {
    /// When that one has an answer, or none.
    Exists(bool),
    /// When one of its answers is this.
    Is(Box<Answer>),
}

/// An item.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Item {
    pub(in super::super) link_id: String,
    pub(in super::super) text: String,
    pub(in super::super) kind: Kind,
    pub(in super::super) code: Option<Code>,
    pub(in super::super) required: bool,
    pub(in super::super) repeats: bool,
    /// It is computed.
    pub(in super::super) read_only: bool,
    pub(in super::super) options: Vec<Choice>,
    pub(in super::super) unit: Option<Unit>,
    pub(in super::super) max_length: Option<usize>,
    pub(in super::super) min: Option<f64>,
    pub(in super::super) max: Option<f64>,
    /// Whether a new note begins with last time's value.
    pub(in super::super) carries: bool,
    pub(in super::super) bands: Vec<Band>,
    /// Whether a choice that adds to the score is an alert by itself.
    pub(in super::super) alerts: bool,
    /// The linkId of the item that decides whether this one is asked.
    pub(in super::super) when: Option<(String, When)>,
    pub(in super::super) items: Vec<Item>,
}

/// A template, understood.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Template {
    pub(in super::super) url: String,
    pub(in super::super) version: String,
    pub(in super::super) title: String,
    /// The document type.
    pub(in super::super) kind: Code,
    pub(in super::super) step_up: bool,
    pub(in super::super) co_sign: bool,
    /// The sections.
    pub(in super::super) items: Vec<Item>,
    places: HashMap<String, Vec<usize>>,
    /// The Questionnaire that it was read from.
    pub(in super::super) questionnaire: Value,
}

impl Template {
    /// `url|version`.
    pub(in super::super) fn key(&self) -> String {
        format!("{}|{}", self.url, self.version)
    }

    /// The item of this linkId.
    pub(in super::super) fn item(&self, link_id: &str) -> Option<&Item> {
        let (last, before) = self.places.get(link_id)?.split_last()?;
        let items =
            before.iter().try_fold(self.items.as_slice(), |items, at| Some(&items.get(*at)?.items[..]))?;
        items.get(*last)
    }

    /// Whether an item is asked, given these answers: whether it and all groups around it are.
    pub(in super::super) fn asks(&self, link_id: &str, answers: &super::Answers) -> bool {
        let Some(place) = self.places.get(link_id) else { return false };
        let mut items = self.items.as_slice();
        for at in place {
            let Some(item) = items.get(*at) else { return false };
            if !self.is_enabled(item, answers) {
                return false;
            }
            items = &item.items;
        }
        true
    }

    fn is_enabled(&self, item: &Item, answers: &super::Answers) -> bool {
        let Some((question, when)) = &item.when else { return true };
        // What is not asked has no answer. A question stands before what depends on it, so this ends.
        let given = answers.get(question).filter(|given| !given.is_empty() && self.asks(question, answers));
        match when {
            When::Exists(wanted) => given.is_some() == *wanted,
            When::Is(wanted) => given.is_some_and(|given| given.iter().any(|one| same(one, wanted))),
        }
    }

    /// Every item, each before those inside it.
    pub(in super::super) fn every(&self) -> Vec<&Item> {
        fn walk<'i>(items: &'i [Item], all: &mut Vec<&'i Item>) {
            for item in items {
                all.push(item);
                walk(&item.items, all);
            }
        }
        let mut all = Vec::new();
        walk(&self.items, &mut all);
        all
    }
}

/// Whether an answer is the one meant; the words that go with a code do not matter.
fn same(given: &Answer, wanted: &Answer) -> bool {
    match (given.coding(), wanted.coding()) {
        (Some(given), Some(wanted)) => given.code == wanted.code && given.system == wanted.system,
        _ => given == wanted,
    }
}
