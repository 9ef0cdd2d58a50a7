//! What of a record exists for a membership: hidden element paths, and for relatives what was approved. Pure.
//!
//! A path is FHIR's own: a type, then element names without the type of a choice (`Observation.value`). Where both say
//! something, hidden wins over shared. What has to be walked is the caller's: here are only names.

use std::collections::{BTreeMap, HashMap};

use kernel::PatientId;

/// Paths, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Paths {
    /// A path ends here: everything below is meant.
    whole: bool,
    below: BTreeMap<Box<str>, Paths>,
}

impl Paths {
    fn of<'p>(paths: impl IntoIterator<Item = &'p str>) -> Self {
        let mut all = Self::default();
        for path in paths {
            let mut at = &mut all;
            for name in path.split('.') {
                at = at.below.entry(name.into()).or_default();
            }
            at.whole = true;
        }
        all
    }

    /// Whether a path is this one or a beginning of it.
    fn covers(&self, path: &str) -> bool {
        self.along(path).any(|at| at.whole)
    }

    /// Whether a path is a beginning of this one.
    fn touches(&self, path: &str) -> bool {
        self.along(path).count() == path.split('.').count()
    }

    /// The paths, in order of their names.
    fn list(&self, before: &str, into: &mut Vec<String>) {
        for (name, at) in &self.below {
            let path = if before.is_empty() { name.to_string() } else { format!("{before}.{name}") };
            at.list(&path, into);
            if at.whole {
                into.push(path);
            }
        }
    }

    /// What is known at each name of the path, as far as it leads.
    fn along<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Self> {
        path.split('.').scan(self, |at, name| {
            *at = at.below.get(name)?;
            Some(*at)
        })
    }
}

/// What was approved for a membership that sees nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// By patient; `None` stands for everything.
    patients: HashMap<PatientId, Option<Paths>>,
    /// Whether records of no patient are seen.
    rest: bool,
}

impl Shared {
    /// Nothing. `rest` says whether records of no patient are seen.
    pub fn nothing(rest: bool) -> Self {
        Self { patients: HashMap::new(), rest }
    }

    /// A patient of whom everything is seen.
    pub fn everything(&mut self, patient: PatientId) {
        self.patients.insert(patient, None);
    }

    /// A patient of whom these paths are seen, and that there is such a patient.
    pub fn only<'p>(&mut self, patient: PatientId, paths: impl IntoIterator<Item = &'p str>) {
        self.patients.insert(patient, Some(Paths::of(paths)));
    }
}

/// What exists for a membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    hidden: Paths,
    shared: Option<Shared>,
}

/// How much is seen of something.
#[derive(Clone, Copy, Debug)]
pub enum Sight<'f> {
    /// It does not exist.
    Nothing,
    /// All of it.
    Whole,
    /// What its members say.
    Part(Part<'f>),
}

/// Something of which not everything is seen.
#[derive(Clone, Copy, Debug)]
pub struct Part<'f> {
    hidden: Option<&'f Paths>,
    /// `None`: everything.
    shared: Option<&'f Paths>,
}

/// What exists of one patient's records.
#[derive(Clone, Copy, Debug)]
pub struct View<'f> {
    hidden: &'f Paths,
    shared: Reach<'f>,
}

#[derive(Clone, Copy, Debug)]
enum Reach<'f> {
    All,
    Only(&'f Paths),
    None,
}

impl Fields {
    /// `None` when everything is seen.
    pub fn new<'p>(hidden: impl IntoIterator<Item = &'p str>, shared: Option<Shared>) -> Option<Self> {
        let hidden = Paths::of(hidden);
        (!hidden.below.is_empty() || shared.is_some()).then_some(Self { hidden, shared })
    }

    /// The same hidden paths for one who sees of `patient` what `paths` say and nothing else.
    #[must_use]
    pub fn sharing<'p>(
        known: Option<&Self>,
        patient: PatientId,
        paths: impl IntoIterator<Item = &'p str>,
    ) -> Self {
        let hidden = known.map(|fields| fields.hidden.clone()).unwrap_or_default();
        let mut shared = Shared::nothing(false);
        shared.only(patient, paths);
        Self { hidden, shared: Some(shared) }
    }

    /// What is hidden, always in the same order.
    pub fn hidden(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.hidden.list("", &mut paths);
        paths
    }

    /// Whether only what was approved is seen.
    pub fn is_approved_only(&self) -> bool {
        self.shared.is_some()
    }

    /// What exists of the records of `patient`, or of those of no patient.
    pub fn view(&self, patient: Option<PatientId>) -> View<'_> {
        let shared = match (&self.shared, patient) {
            (None, _) => Reach::All,
            (Some(shared), None) if shared.rest => Reach::All,
            (Some(_), None) => Reach::None,
            (Some(shared), Some(patient)) => match shared.patients.get(&patient) {
                None => Reach::None,
                Some(None) => Reach::All,
                Some(Some(paths)) => Reach::Only(paths),
            },
        };
        View { hidden: &self.hidden, shared }
    }

    /// Every view there is.
    fn views(&self) -> impl Iterator<Item = View<'_>> {
        let patients = self.shared.iter().flat_map(|shared| shared.patients.keys());
        patients.map(|patient| self.view(Some(*patient))).chain([self.view(None)])
    }

    /// Whether records of this type can exist at all.
    pub fn shows_type(&self, rtype: &str) -> bool {
        // That there is a patient is known to whoever was tied to one, or will be.
        self.views().any(|view| view.shows(rtype))
            || (rtype == "Patient" && self.shared.is_some() && !self.hidden.covers(rtype))
    }

    /// Whether everything at and below this path is seen, of any patient: only then may it be asked about.
    pub fn shows_all_of(&self, path: &str) -> bool {
        self.views().any(|view| view.shows_all_of(path))
    }
}

impl<'f> View<'f> {
    /// How much is seen of a record of this type.
    pub fn resource(self, rtype: &str) -> Sight<'f> {
        let hidden = self.hidden.below.get(rtype);
        if hidden.is_some_and(|hidden| hidden.whole) {
            return Sight::Nothing;
        }
        match self.shared {
            Reach::None => Sight::Nothing,
            Reach::All => Part { hidden, shared: None }.sight(),
            Reach::Only(paths) => match paths.below.get(rtype) {
                Some(shared) => Part { hidden, shared: Some(shared) }.sight(),
                // The one they are tied to is there, and nothing is known of them.
                None if rtype == "Patient" => Sight::Part(Part { hidden, shared: Some(&NO_PATHS) }),
                None => Sight::Nothing,
            },
        }
    }

    /// Whether records of this type exist here.
    pub fn shows(self, rtype: &str) -> bool {
        !matches!(self.resource(rtype), Sight::Nothing)
    }

    /// Whether only what was approved is seen.
    pub fn is_approved_only(self) -> bool {
        matches!(self.shared, Reach::None | Reach::Only(_))
    }

    /// Whether a path is hidden, rather than not approved.
    pub fn hides(self, path: &str) -> bool {
        self.hidden.covers(path)
    }

    /// Whether everything at and below a path is seen.
    pub fn shows_all_of(self, path: &str) -> bool {
        let shared = match self.shared {
            Reach::All => true,
            Reach::None => false,
            Reach::Only(paths) => paths.covers(path),
        };
        shared && !self.hidden.covers(path) && !self.hidden.touches(path)
    }
}

static NO_PATHS: Paths = Paths { whole: false, below: BTreeMap::new() };

impl<'f> Part<'f> {
    fn sight(self) -> Sight<'f> {
        let shared = self.shared.filter(|paths| !paths.whole);
        match (self.hidden, shared) {
            (Some(hidden), _) if hidden.whole => Sight::Nothing,
            (None, None) => Sight::Whole,
            (hidden, shared) => Sight::Part(Part { hidden, shared }),
        }
    }

    /// How much is seen of the member of this name.
    pub fn member(self, name: &str) -> Sight<'f> {
        let hidden = self.hidden.and_then(|paths| paths.below.get(name));
        match self.shared.map(|paths| paths.below.get(name)) {
            Some(None) => Sight::Nothing,
            Some(shared) => Part { hidden, shared }.sight(),
            None => Part { hidden, shared: None }.sight(),
        }
    }

    /// Whether some of it is hidden, so that a text about all of it cannot be shown.
    pub fn hides(self) -> bool {
        self.hidden.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sees(sight: Sight<'_>) -> &'static str {
        match sight {
            Sight::Nothing => "nothing",
            Sight::Whole => "whole",
            Sight::Part(_) => "part",
        }
    }

    fn walk(fields: &Fields, patient: Option<PatientId>, path: &str) -> &'static str {
        let mut names = path.split('.');
        let mut sight = fields.view(patient).resource(names.next().unwrap());
        for name in names {
            sight = match sight {
                Sight::Part(part) => part.member(name),
                known => known,
            };
        }
        sees(sight)
    }

    const ONE: PatientId = PatientId(uuid::Uuid::from_u128(1));
    const OTHER: PatientId = PatientId(uuid::Uuid::from_u128(2));

    #[test]
    fn nothing_hidden_is_no_projection() {
        assert_eq!(Fields::new([], None), None);
    }

    #[test]
    fn what_is_hidden_does_not_exist() {
        let fields = Fields::new(["Patient.telecom", "Patient.contact.name", "Condition"], None).unwrap();
        for (path, seen) in [
            ("Patient", "part"),
            ("Patient.telecom", "nothing"),
            ("Patient.name", "whole"),
            ("Patient.contact", "part"),
            ("Patient.contact.name", "nothing"),
            ("Condition", "nothing"),
            ("Observation", "whole"),
        ] {
            assert_eq!(walk(&fields, None, path), seen, "{path}");
        }
        assert!(!fields.shows_type("Condition") && fields.shows_type("Patient"));
        for path in
            ["Patient.telecom", "Patient.telecom.value", "Patient.contact", "Condition.code", "Patient"]
        {
            assert!(!fields.shows_all_of(path), "{path}");
        }
        assert!(fields.shows_all_of("Patient.name.family") && fields.shows_all_of("Patient.contact.telecom"));
    }

    #[test]
    fn relatives_see_what_was_approved_of_their_patient_and_hidden_wins() {
        let mut shared = Shared::nothing(false);
        shared.only(ONE, ["Observation", "Patient.name", "Condition.code"]);
        let fields = Fields::new(["Observation.note"], Some(shared)).unwrap();
        for (path, seen) in [
            ("Observation", "part"),
            ("Observation.note", "nothing"),
            ("Observation.value", "whole"),
            ("Patient", "part"),
            ("Patient.name", "whole"),
            ("Patient.telecom", "nothing"),
            ("Condition.code", "whole"),
            ("Condition.note", "nothing"),
            ("Encounter", "nothing"),
        ] {
            assert_eq!(walk(&fields, Some(ONE), path), seen, "{path}");
            assert_eq!(walk(&fields, Some(OTHER), path), "nothing", "{path}");
            assert_eq!(walk(&fields, None, path), "nothing", "{path}");
        }
        assert!(fields.shows_all_of("Condition.code.coding") && !fields.shows_all_of("Condition.note"));
        assert!(!fields.shows_type("Encounter") && fields.shows_type("Patient"));
    }

    #[test]
    fn without_approval_there_is_the_patient_and_nothing_more() {
        let mut shared = Shared::nothing(false);
        shared.only(ONE, []);
        let fields = Fields::new([], Some(shared)).unwrap();
        assert_eq!(walk(&fields, Some(ONE), "Patient"), "part");
        assert_eq!(walk(&fields, Some(ONE), "Patient.name"), "nothing");
        assert_eq!(walk(&fields, Some(ONE), "Observation"), "nothing");
    }
}
