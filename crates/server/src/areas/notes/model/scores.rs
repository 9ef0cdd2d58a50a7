//! Scores: the sum of the ordinals chosen in a group, and the band it falls into. What a client says of them is not
//! looked at.

use super::answers::Answers;
use super::template::{Band, Item, Kind, Template};
use super::views::{Score, Scores};

/// The scores that these answers have by now.
pub(in super::super) fn scores(template: &Template, answers: &Answers) -> Scores {
    let mut found = Scores::new();
    for group in template.every().into_iter().filter(|item| item.kind == Kind::Group) {
        let Some(score) = group.items.iter().find(|item| item.read_only) else { continue };
        if !template.asks(&score.link_id, answers) {
            continue;
        }
        if let Some(value) = sum(template, group, answers) {
            let band = score.bands.iter().find(|band| holds(band, value));
            // An option that means harm by itself is an alert whatever the sum.
            let alert = band.is_some_and(|band| band.alert) || is_alerted(group, answers);
            found.insert(
                score.link_id.clone(),
                Score { value, text: band.map(|band| band.text.clone()), alert },
            );
        }
    }
    found
}

/// Whether an answer was given that is an alert by itself.
fn is_alerted(group: &Item, answers: &Answers) -> bool {
    group.items.iter().filter(|item| item.alerts).any(|item| {
        let given = answers.get(&item.link_id).map_or(&[][..], Vec::as_slice);
        given.iter().filter_map(|one| one.coding()).any(|coding| {
            let option = item.options.iter().find(|option| option.code == coding.code);
            option.and_then(|option| option.ordinal).is_some_and(|ordinal| ordinal > 0.0)
        })
    })
}

/// Nothing until every required choice of the group is answered.
fn sum(template: &Template, group: &Item, answers: &Answers) -> Option<i64> {
    let mut total = 0.0;
    let mut any = false;
    for item in group.items.iter().filter(|item| matches!(item.kind, Kind::Choice | Kind::OpenChoice)) {
        if !template.asks(&item.link_id, answers) {
            continue;
        }
        let given = answers.get(&item.link_id).map_or(&[][..], Vec::as_slice);
        if given.is_empty() && item.required {
            return None;
        }
        for coding in given.iter().filter_map(|one| one.coding()) {
            let option = item.options.iter().find(|option| option.code == coding.code);
            if let Some(ordinal) = option.and_then(|option| option.ordinal) {
                total += ordinal;
                any = true;
            }
        }
    }
    any.then(|| rounded(total))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "ordinals are whole numbers up to a million, options at most 100"
)]
fn rounded(total: f64) -> i64 {
    total as i64
}

fn holds(band: &Band, value: i64) -> bool {
    band.low.is_none_or(|low| value >= low) && band.high.is_none_or(|high| value <= high)
}
