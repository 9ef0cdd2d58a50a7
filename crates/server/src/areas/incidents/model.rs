//! What an incident is, and what follows from one; pure.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::areas::tasks::Again;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = IncidentKind)]
pub(super) enum Kind {
    /// Somebody came down.
    Fall,
    /// A wound was found.
    Wound,
    /// Somebody was in distress, or put others in it.
    Behaviour,
    /// Anything else.
    Other,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Fall, Self::Wound, Self::Behaviour, Self::Other];

    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Fall => ("fall", "Fall"),
            Self::Wound => ("wound", "Wound"),
            Self::Behaviour => ("behaviour", "Behaviour"),
            Self::Other => ("other", "Other"),
        }
    }

    pub(super) fn find(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.words().0 == code)
    }
}

/// Who was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = IncidentTold)]
pub(super) enum Told {
    /// One of theirs.
    Family,
    /// Their physician.
    Physician,
    /// Whoever answers for the house.
    Administrator,
}

impl Told {
    pub(super) const ALL: [Self; 3] = [Self::Family, Self::Physician, Self::Administrator];

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Family => "family",
            Self::Physician => "physician",
            Self::Administrator => "administrator",
        }
    }
}

/// Something that is to be done because of it.
#[derive(Debug, PartialEq)]
pub(super) struct FollowUp {
    pub(super) kind: &'static str,
    pub(super) due: Timestamp,
    pub(super) again: Option<Again>,
    pub(super) urgent: bool,
}

/// Minutes after a fall at which somebody looks for signs of a head injury: four times in the first hour, twice in the next,
/// hourly for four hours, then every eight for the rest of three days.
const NEURO: [i64; 18] =
    [15, 30, 45, 60, 90, 120, 180, 240, 300, 360, 840, 1320, 1800, 2280, 2760, 3240, 3720, 4200];
/// Behaviour is watched for a day, shift by shift.
const WATCH: [i64; 3] = [480, 960, 1440];
const WEEK: i64 = 7 * 24 * 60;
/// Until when an incident is to be reviewed.
const REVIEW: SignedDuration = SignedDuration::from_hours(24);

/// What follows from an incident that is reported now, when these were told already. Its review comes last.
pub(super) fn follow_ups(kind: Kind, told: &[Told], now: Timestamp) -> Vec<FollowUp> {
    let minutes = |minutes: i64| now + SignedDuration::from_mins(minutes);
    let series = |kind, after: &[i64]| FollowUp {
        kind,
        due: minutes(after[0]),
        again: Some(Again::At(after.iter().map(|at| minutes(*at)).collect())),
        urgent: true,
    };
    let once = |kind, due, urgent| FollowUp { kind, due, again: None, urgent };
    let mut all = match kind {
        Kind::Fall => vec![series("neuro-check", &NEURO)],
        Kind::Wound => vec![FollowUp {
            kind: "measure-wound",
            due: minutes(WEEK),
            again: Some(Again::Every(WEEK)),
            urgent: false,
        }],
        Kind::Behaviour => vec![series("watch", &WATCH)],
        Kind::Other => Vec::new(),
    };
    for (who, kind) in [(Told::Physician, "tell-physician"), (Told::Family, "tell-family")] {
        if !told.contains(&who) {
            all.push(once(kind, minutes(60), true));
        }
    }
    all.push(once("incident-review", now + REVIEW, false));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_what_the_kind_asks_for_and_telling_whoever_was_not_told() {
        let now: Timestamp = "2026-01-02T10:00:00Z".parse().unwrap();
        let kinds = |kind, told: &[Told]| {
            follow_ups(kind, told, now).into_iter().map(|one| one.kind).collect::<Vec<_>>()
        };
        assert_eq!(
            kinds(Kind::Fall, &[]),
            ["neuro-check", "tell-physician", "tell-family", "incident-review"]
        );
        assert_eq!(
            kinds(Kind::Wound, &[Told::Family]),
            ["measure-wound", "tell-physician", "incident-review"]
        );
        assert_eq!(kinds(Kind::Other, &[Told::Family, Told::Physician]), ["incident-review"]);
        let fall = &follow_ups(Kind::Fall, &[], now)[0];
        assert_eq!(fall.due, "2026-01-02T10:15:00Z".parse().unwrap());
        assert!(NEURO.is_sorted_by(|a, b| a < b) && NEURO[17] < 3 * 24 * 60);
    }
}
