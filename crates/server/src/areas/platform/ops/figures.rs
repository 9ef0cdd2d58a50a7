//! Figures over organizations, without identities: whatever counts few people is not given, and enters no sum (ADR 0020).

use std::sync::Arc;

use db::Outcome;
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::OrganizationId;
use policy::Tie;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{Error, store};
use crate::http::Above;

/// A count of fewer people than this is not given.
const FEW: i64 = 11;

/// A count of people. In a sum `few` says that what was not given of its parts is left out: the difference to anything
/// tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PeopleCount)]
struct People {
    /// Null: fewer than 11, or a sum of nothing that may be given.
    count: Option<i64>,
    few: bool,
}

impl People {
    fn of(count: i64) -> Self {
        if count < FEW { Self { count: None, few: true } } else { Self { count: Some(count), few: false } }
    }

    /// The sum of those that are given.
    fn sum(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self { count: None, few: false }, |sum, part| Self {
            count: sum.count.map_or(part.count, |so_far| Some(so_far + part.count.unwrap_or(0))),
            few: sum.few || part.few,
        })
    }
}

/// Sites by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
struct SiteCounts {
    preparing: i64,
    pilot: i64,
    live: i64,
}

/// Portals by their tie to a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct PortalCount {
    /// `client`, `referral`, `family` or `self`.
    tie: &'static str,
    posts: People,
}

/// How much there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct FigureCounts {
    facilities: SiteCounts,
    /// Posts of the staff.
    staff: i64,
    portals: Vec<PortalCount>,
    patients: People,
    records: i64,
    /// Of the log, in the last 30 days.
    events: i64,
}

/// One organization's figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(in super::super) struct OrganizationFigures {
    organization: String,
    kind: String,
    counts: FigureCounts,
}

/// The figures of all organizations of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct KindFigures {
    kind: String,
    organizations: usize,
    counts: FigureCounts,
}

/// All figures; counted at most every five minutes.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Figures {
    counted_at: Timestamp,
    total: FigureCounts,
    kinds: Vec<KindFigures>,
    organizations: Vec<OrganizationFigures>,
}

/// What was counted of one organization; nobody is shown it.
pub(in super::super) struct Counted {
    pub(in super::super) organization: String,
    pub(in super::super) kind: String,
    /// Preparing, pilot, live.
    pub(in super::super) facilities: Vec<i64>,
    pub(in super::super) staff: i64,
    pub(in super::super) ties: Vec<String>,
    pub(in super::super) portals: Vec<i64>,
    pub(in super::super) patients: i64,
    pub(in super::super) records: i64,
    pub(in super::super) events: i64,
}

/// Ties of portals. Each is given of each organization: one that is missing would say that there is none.
const TIES: [Tie; 4] = [Tie::Client, Tie::Referral, Tie::Family, Tie::Own];

fn shown(counted: &Counted) -> OrganizationFigures {
    let state = |index: usize| counted.facilities.get(index).copied().unwrap_or(0);
    let of = |tie: &str| {
        let mut all = counted.ties.iter().zip(&counted.portals);
        all.find(|(key, _)| *key == tie).map_or(0, |(_, count)| *count)
    };
    OrganizationFigures {
        organization: counted.organization.clone(),
        kind: counted.kind.clone(),
        counts: FigureCounts {
            facilities: SiteCounts { preparing: state(0), pilot: state(1), live: state(2) },
            staff: counted.staff,
            portals: TIES
                .into_iter()
                .map(|tie| PortalCount { tie: tie.key(), posts: People::of(of(tie.key())) })
                .collect(),
            patients: People::of(counted.patients),
            records: counted.records,
            events: counted.events,
        },
    }
}

/// Sums over what is shown, never over what was counted.
fn sum<'a>(all: impl Iterator<Item = &'a FigureCounts> + Clone) -> FigureCounts {
    let add = |of: fn(&FigureCounts) -> i64| all.clone().map(of).sum();
    FigureCounts {
        facilities: SiteCounts {
            preparing: add(|f| f.facilities.preparing),
            pilot: add(|f| f.facilities.pilot),
            live: add(|f| f.facilities.live),
        },
        staff: add(|f| f.staff),
        portals: TIES
            .into_iter()
            .enumerate()
            .map(|(index, tie)| PortalCount {
                tie: tie.key(),
                posts: People::sum(all.clone().map(|f| f.portals[index].posts)),
            })
            .collect(),
        patients: People::sum(all.clone().map(|f| f.patients)),
        records: add(|f| f.records),
        events: add(|f| f.events),
    }
}

fn figures(counted_at: Timestamp, counted: &[Counted]) -> Figures {
    let organizations: Vec<OrganizationFigures> = counted.iter().map(shown).collect();
    let mut kinds: Vec<&str> = organizations.iter().map(|one| &*one.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let of_kind = |kind: &str| {
        let these = organizations.iter().filter(|one| one.kind == kind);
        KindFigures {
            kind: kind.to_owned(),
            organizations: these.clone().count(),
            counts: sum(these.map(|one| &one.counts)),
        }
    };
    let kinds = kinds.into_iter().map(of_kind).collect();
    Figures { counted_at, total: sum(organizations.iter().map(|one| &one.counts)), kinds, organizations }
}

/// All figures.
pub(in super::super) async fn look(above: &Above) -> Result<Arc<Figures>, Error> {
    let app = above.app();
    above.log(OrganizationId::PLATFORM, "platform.figures", Outcome::Success, "").await?;
    if let Some(known) = app.plane.figures.get(&()) {
        return Ok(known);
    }
    let now = app.world.now();
    let tx = app.store.db().begin(above.administrator.ctx()).await?;
    let counted = store::count_figures(&tx, ResourceType::Patient.code(), now).await?;
    tx.commit().await?;
    let figures = Arc::new(figures(now, &counted));
    app.plane.figures.insert((), Arc::clone(&figures));
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(organization: &str, kind: &str, patients: i64, family: i64) -> Counted {
        Counted {
            organization: organization.to_owned(),
            kind: kind.to_owned(),
            facilities: vec![0, 1, 2],
            staff: 3,
            ties: vec!["family".to_owned()],
            portals: vec![family],
            patients,
            records: 100,
            events: 1000,
        }
    }

    #[test]
    fn ten_are_few_and_eleven_are_not() {
        assert_eq!(People::of(10), People { count: None, few: true });
        assert_eq!(People::of(11), People { count: Some(11), few: false });
        assert_eq!(
            People::sum([People::of(11), People::of(3), People::of(20)]),
            People { count: Some(31), few: true }
        );
        assert_eq!(People::sum([People::of(3), People::of(4)]), People { count: None, few: true });
        assert_eq!(People::sum([]), People { count: None, few: false });
    }

    /// Whatever the small counts are, everything that is answered is the same: there is nothing to subtract from.
    #[test]
    fn what_is_few_changes_nothing_that_is_shown() {
        let at = Timestamp::UNIX_EPOCH;
        let answer = |a: i64, b: i64, c: i64| {
            let all = [
                counted("a", "clinic", a, b),
                counted("b", "clinic", 500, c),
                counted("c", "home-care", b, 70),
                counted("d", "home-care", c, a),
            ];
            serde_json::to_string(&figures(at, &all)).unwrap()
        };
        let first = answer(0, 0, 0);
        for a in 0..FEW {
            for b in 0..FEW {
                for c in 0..FEW {
                    assert_eq!(answer(a, b, c), first, "{a} {b} {c}");
                }
            }
        }
        assert_ne!(answer(11, 0, 0), first);
    }
}
