//! Which index to walk, and what is left to look at.

use db::Ctx;
use db::keys::SearchKey;
use fhir::ResourceType;
use fhir::search::{
    Clause, Comparison, Kind, Modifier, NumberQuery, Param, PathId, Predicate, Range, Reference, Search,
    SortKey, Subject, System, clinical_date,
};
use jiff::Timestamp;
use kernel::{DataClass, FacilityId, PatientId};
use uuid::Uuid;

use crate::directory::{Directory, follows};
use crate::index::{
    Value, WIDE, YEAR, buckets_between, facility_token, instant, is_identifier, is_label, is_owner_path,
    patient_token,
};

/// The index that is walked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Via {
    /// Named rows, in order of id.
    Ids(Vec<Uuid>),
    /// Rows under any of these tokens, each within a span of time.
    Tokens(Vec<Step>),
    /// One patient's records.
    Patient(PatientId),
    /// The type, by time of change.
    Updated,
    /// The type, by clinical date.
    Type,
}

/// A token and the span within which it is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) token: i64,
    pub(crate) low: Timestamp,
    pub(crate) high: Timestamp,
}

/// The order of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The order of the walk.
    Walk {
        /// Newest first.
        descending: bool,
    },
    /// Made in memory.
    Memory,
}

/// How a search is answered.
#[derive(Clone)]
pub(crate) struct Plan<'s> {
    pub(crate) rtype: ResourceType,
    pub(crate) via: Via,
    pub(crate) order: Order,
    pub(crate) patient: Option<PatientId>,
    /// Whether the patient must be named by the subject, not only by another element.
    pub(crate) as_subject: bool,
    pub(crate) facilities: Vec<FacilityId>,
    pub(crate) classes: Vec<i16>,
    pub(crate) updated: Range,
    pub(crate) clinical: Range,
    /// Token sets that a row must have besides; at most three.
    pub(crate) also: Vec<Vec<i64>>,
    /// Clauses to look at on the opened body.
    pub(crate) residual: Vec<&'s Clause>,
    /// Clauses on the time of change, decided on the row.
    pub(crate) changed: Vec<&'s Clause>,
    /// Clauses that the in-memory directory answers; they become ids before the walk.
    pub(crate) directory: Vec<&'s Clause>,
    /// Whether the caller sees what a walk by clinical date is ordered by.
    dates_seen: bool,
}

const ALL_TIME: Range = Range { low: i64::MIN, high: i64::MAX };

struct Tokens {
    /// Lower narrows more.
    rank: u8,
    steps: Vec<Step>,
    exact: bool,
    /// Whether every step walks in the order of clinical dates.
    ordered: bool,
}

impl<'s> Plan<'s> {
    pub(crate) fn make(
        (ctx, facilities): (&Ctx, &[FacilityId]),
        key: Option<&SearchKey>,
        rtype: ResourceType,
        compartment: Option<PatientId>,
        search: &'s Search,
    ) -> Self {
        let mut facilities = facilities.to_vec();
        facilities.push(FacilityId::WHOLE);
        let mut plan = Plan {
            rtype,
            via: Via::Type,
            order: Order::Walk { descending: true },
            patient: compartment,
            as_subject: false,
            facilities,
            classes: Vec::new(),
            updated: ALL_TIME,
            clinical: ALL_TIME,
            also: Vec::new(),
            residual: Vec::new(),
            changed: Vec::new(),
            directory: Vec::new(),
            dates_seen: sees_dates(ctx, rtype),
        };
        let mut candidates: Vec<(Tokens, &'s Clause)> = Vec::new();
        let mut named: Option<Vec<Uuid>> = None;
        // Whose records are meant decides how the other clauses are answered, wherever in the query it stands.
        let (whose, others): (Vec<_>, Vec<_>) = search.clauses.iter().partition(
            |clause| matches!(clause.param, Subject::Param(param) if owner(rtype, param, clause).is_some()),
        );
        for clause in whose.into_iter().chain(others) {
            match clause.param {
                Subject::Id => named = Some(narrow(named, ids(clause))),
                Subject::LastUpdated => {
                    plan.updated = meet(plan.updated, bounds(clause));
                    plan.changed.push(clause);
                }
                Subject::Param(param) => {
                    if plan.patient.is_none()
                        && let Some(id) = owner(rtype, param, clause)
                    {
                        match id {
                            Some(id) => plan.patient = Some(id),
                            None => named = Some(Vec::new()),
                        }
                        plan.as_subject = true;
                    } else if Directory::answers(rtype, clause)
                        && !ctx.grants().by_relationship
                        // The directory leaves out sensitive records, which a search inside one patient shows.
                        && (plan.patient.is_none() || param.code == "phonetic")
                    {
                        plan.directory.push(clause);
                    } else {
                        if is_clinical(rtype, param) && clause.modifier.is_none() {
                            plan.clinical = meet(plan.clinical, bounds(clause));
                        }
                        match key.and_then(|key| plan.tokens(key, param, clause)) {
                            Some(tokens) => candidates.push((tokens, clause)),
                            None => plan.residual.push(clause),
                        }
                    }
                }
            }
        }
        plan.classes = classes(ctx, plan.patient.is_some());
        plan.settle(named, candidates);
        if ctx.fields().is_some() {
            // An index knows whole records: what it finds is asked once more as the caller sees it.
            let asks = |clause: &&Clause| matches!(clause.param, Subject::Param(_));
            plan.residual = search.clauses.iter().filter(asks).collect();
        }
        plan.arrange(search);
        plan
    }

    /// Picks the walk: named rows, else the token set that narrows most, else the patient, else time of change.
    fn settle(&mut self, named: Option<Vec<Uuid>>, mut candidates: Vec<(Tokens, &'s Clause)>) {
        candidates.sort_by_key(|(tokens, _)| (tokens.rank, tokens.steps.len()));
        let mut walk = None;
        for (tokens, clause) in candidates {
            if !tokens.exact {
                self.residual.push(clause);
            }
            if named.is_none() && self.directory.is_empty() && walk.is_none() {
                walk = Some(tokens);
            } else if tokens.ordered && self.also.len() < 3 {
                self.also.push(tokens.steps.iter().map(|step| step.token).collect());
            } else if tokens.exact {
                self.residual.push(clause);
            }
        }
        self.via = match (named, walk, self.patient) {
            (Some(ids), _, _) => Via::Ids(ids),
            (None, Some(tokens), _) => {
                if !tokens.ordered {
                    // Walked by another date than the clinical one, which is as good an order as any.
                    self.order = Order::Walk { descending: true };
                }
                Via::Tokens(tokens.steps)
            }
            (None, None, Some(patient)) => Via::Patient(patient),
            (None, None, None) if self.updated != ALL_TIME => Via::Updated,
            (None, None, None) => Via::Type,
        };
    }

    fn arrange(&mut self, search: &Search) {
        let [key] = search.sort.as_slice() else {
            if !search.sort.is_empty() || !self.dates_seen {
                self.order = Order::Memory;
            }
            return;
        };
        let by_ids = matches!(self.via, Via::Ids(_)) || !self.directory.is_empty();
        self.order = match key.by {
            Subject::LastUpdated if matches!(self.via, Via::Type | Via::Updated) && !by_ids => {
                self.via = Via::Updated;
                Order::Walk { descending: key.descending }
            }
            Subject::Param(param)
                if is_clinical(self.rtype, param)
                    && clinical_date(self.rtype).len() == 1
                    && !by_ids
                    && !matches!(self.via, Via::Updated)
                    && self.walks_clinically() =>
            {
                Order::Walk { descending: key.descending }
            }
            _ => Order::Memory,
        };
    }

    /// Whether people and places are to be in the order of texts that the directory knows of all of them.
    pub(super) fn is_by_texts(&self, ctx: &Ctx, search: &Search) -> bool {
        let is_text = |key: &SortKey| matches!(key.by, Subject::Param(param) if param.kind == Kind::String);
        let all = match self.via {
            Via::Ids(_) => !self.directory.is_empty(),
            Via::Type => true,
            _ => false,
        };
        // Who does not see everything would learn from a place in the list who else is on it.
        let sees_all = ctx.fields().is_none() && !ctx.grants().by_relationship;
        let nothing_else = self.residual.is_empty() && self.also.is_empty() && self.changed.is_empty();
        all && sees_all
            && nothing_else
            && follows(self.rtype)
            && self.patient.is_none()
            && (self.updated, self.clinical) == (ALL_TIME, ALL_TIME)
            && !search.sort.is_empty()
            && search.sort.iter().all(is_text)
    }

    fn walks_clinically(&self) -> bool {
        match &self.via {
            Via::Tokens(steps) => steps.iter().all(|step| step.low == instant(i64::MIN)),
            _ => true,
        }
    }

    /// The tokens of a clause, when it has any that find every match.
    fn tokens(&self, key: &SearchKey, param: &'static Param, clause: &Clause) -> Option<Tokens> {
        let plain = clause.modifier.is_none();
        let typed = matches!(clause.modifier, None | Some(Modifier::Type(_)));
        let label = param.paths.iter().any(|path| is_label(*path));
        let identifier = param.paths.iter().all(|path| is_identifier(*path));
        let rank = match param.kind {
            Kind::Token if plain && identifier => 0,
            Kind::Reference if typed && !param.paths.iter().any(|path| is_owner_path(self.rtype, *path)) => 1,
            Kind::Uri if plain => 2,
            Kind::Token if plain && !label => 3,
            // In a patient's records these are looked at directly.
            _ if self.patient.is_some() => return None,
            Kind::Date if plain && !follows(self.rtype) && !is_clinical(self.rtype, param) => {
                return self.dates(key, param, clause);
            }
            Kind::Quantity | Kind::Number if plain => 6,
            Kind::Token if plain => 7,
            _ => return None,
        };
        let mut values = Vec::new();
        let mut exact = true;
        for predicate in &clause.any {
            exact &= values_of(predicate, &mut values)?;
        }
        // A code that many records of other patients share is looked up under the patient alone.
        let alone = rank == 3 && self.rtype != ResourceType::Patient;
        let mut steps = Vec::new();
        for path in param.paths {
            for value in &values {
                if let Some(patient) = self.patient {
                    steps.push(Step::always(patient_token(key, self.rtype, patient, *path, value)));
                }
                if self.patient.is_none() || !alone {
                    for facility in &self.facilities {
                        steps.push(Step::always(facility_token(key, self.rtype, *facility, *path, value)));
                    }
                }
            }
        }
        (steps.len() <= 4096).then_some(Tokens { rank, steps, exact, ordered: true })
    }

    /// Tokens of dates other than the clinical one: walked by that date.
    fn dates(&self, key: &SearchKey, param: &'static Param, clause: &Clause) -> Option<Tokens> {
        let range = bounds(clause);
        let mut steps = Vec::new();
        for path in param.paths {
            for facility in &self.facilities {
                let token = |value| facility_token(key, self.rtype, *facility, *path, value);
                let (low, high) = (instant(range.low.saturating_sub(YEAR)), instant(range.high));
                steps.push(Step { token: token(&Value::Date), low, high });
                steps.push(Step { token: token(&Value::Period), low: instant(i64::MIN), high });
            }
        }
        Some(Tokens { rank: 5, steps, exact: false, ordered: false })
    }
}

impl Step {
    fn always(token: i64) -> Self {
        Self { token, low: instant(i64::MIN), high: instant(i64::MAX) }
    }
}

/// The token values of one alternative; says whether they alone decide. `None`: it has none.
fn values_of(predicate: &Predicate, values: &mut Vec<Value>) -> Option<bool> {
    match predicate {
        Predicate::Token { system, code: Some(code) } => {
            values.push(Value::Code(code.clone()));
            Some(*system == System::Any)
        }
        Predicate::Reference(Reference::Id { types, id }) => {
            values.extend(types.iter().map(|rtype| Value::Reference(format!("{rtype}/{id}"))));
            Some(true)
        }
        Predicate::Reference(Reference::Url(url)) => {
            values.push(Value::Reference(url.clone()));
            Some(true)
        }
        Predicate::Uri(uri) => {
            values.push(Value::Uri(uri.clone()));
            Some(true)
        }
        Predicate::Number(number) | Predicate::Quantity { number, .. } => {
            values.extend(buckets(number)?.into_iter().chain([WIDE]).map(Value::Bucket));
            Some(false)
        }
        _ => None,
    }
}

fn buckets(number: &NumberQuery) -> Option<Vec<i16>> {
    let (low, high) = match number.comparison {
        Comparison::Eq | Comparison::Ap => (Some(number.low), Some(number.high)),
        Comparison::Gt | Comparison::Ge | Comparison::Sa => (Some(number.low), None),
        Comparison::Lt | Comparison::Le | Comparison::Eb => (None, Some(number.high)),
        Comparison::Ne => return None,
    };
    buckets_between(low, high, 800)
}

/// Whether a parameter reads the type's clinical date: its first element, in whichever of its forms (`onsetDateTime`,
/// `onsetPeriod`), of which a resource has at most one.
fn is_clinical(rtype: ResourceType, param: &Param) -> bool {
    let element = |path: &PathId| path.key().split(".ofType(").next();
    param.kind == Kind::Date
        && !param.paths.is_empty()
        && clinical_date(rtype).starts_with(param.paths)
        && param.paths.iter().all(|path| element(path) == element(&param.paths[0]))
}

/// Whether the caller sees everything that a clinical date is made of.
fn sees_dates(ctx: &Ctx, rtype: ResourceType) -> bool {
    let Some(fields) = ctx.fields() else { return true };
    clinical_date(rtype).iter().all(|path| {
        // The element, whatever is read in it.
        let element = path.key().split(".ofType(").next().unwrap_or_default();
        fields.shows_all_of(element)
    })
}

/// The patient that a clause names as the owner of the records; `Some(None)` when no patient here can have that id.
fn owner(rtype: ResourceType, param: &Param, clause: &Clause) -> Option<Option<PatientId>> {
    let [path] = param.paths else { return None };
    let [Predicate::Reference(Reference::Id { types, id })] = clause.any.as_slice() else { return None };
    let plain = matches!(clause.modifier, None | Some(Modifier::Type(_)));
    let is_owner = plain && is_owner_path(rtype, *path) && types.as_slice() == [ResourceType::Patient];
    is_owner.then(|| id.parse().ok())
}

fn ids(clause: &Clause) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = clause
        .any
        .iter()
        .filter_map(
            |predicate| if let Predicate::Id(id) = predicate { Uuid::try_parse(id).ok() } else { None },
        )
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The ids in both, where there were some before.
pub(super) fn narrow(before: Option<Vec<Uuid>>, ids: Vec<Uuid>) -> Vec<Uuid> {
    match before {
        None => ids,
        Some(before) => ids.into_iter().filter(|id| before.binary_search(id).is_ok()).collect(),
    }
}

/// What a date must overlap to satisfy the clause; all of time when nothing is sure.
fn bounds(clause: &Clause) -> Range {
    let mut whole: Option<Range> = None;
    for predicate in &clause.any {
        let Predicate::Date { comparison, range } = predicate else { return ALL_TIME };
        let one = match comparison {
            Comparison::Eq | Comparison::Ap => *range,
            Comparison::Gt | Comparison::Ge | Comparison::Sa => Range { low: range.low, high: i64::MAX },
            Comparison::Lt | Comparison::Le | Comparison::Eb => Range { low: i64::MIN, high: range.high },
            Comparison::Ne => ALL_TIME,
        };
        whole = Some(whole.map_or(one, |w| Range { low: w.low.min(one.low), high: w.high.max(one.high) }));
    }
    if clause.modifier.is_some() { ALL_TIME } else { whole.unwrap_or(ALL_TIME) }
}

fn meet(a: Range, b: Range) -> Range {
    Range { low: a.low.max(b.low), high: a.high.min(b.high) }
}

/// The classes a search may show: sensitive ones only inside one patient, and only to those who may see them.
fn classes(ctx: &Ctx, in_patient: bool) -> Vec<i16> {
    DataClass::ALL
        .into_iter()
        .filter(|class| (in_patient || !class.is_sensitive()) && ctx.may_see(*class))
        .map(|class| class as i16)
        .collect()
}
