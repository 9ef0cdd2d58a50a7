//! The shape of the generated tables.

use super::tables;
use crate::ResourceType;

/// Which elements a value was read from; an index into the generated table, valid within one build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PathId(pub u16);

impl PathId {
    /// The FHIRPath of the elements, e.g. `Observation.code`. Stable across builds: a key may be derived from it.
    ///
    /// Filters by `resolve()` are left out, so that `subject` and `patient` share `Observation.subject`.
    pub fn key(self) -> &'static str {
        tables::KEYS.get(usize::from(self.0)).copied().unwrap_or_default()
    }
}

/// The types of search parameter: <https://hl7.org/fhir/R4/search.html#ptypes>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A code, identifier, flag or other text compared whole.
    Token,
    /// Text found by its beginning, whatever case and accents.
    String,
    /// A point or span of time.
    Date,
    /// A link to another resource.
    Reference,
    /// A number with a unit.
    Quantity,
    /// A bare number.
    Number,
    /// A URI compared whole.
    Uri,
    /// Several parameters on one element, values joined by `$`.
    Composite,
    /// Needs a rule of its own; refused by [`super::parse`].
    Special,
}

/// A search parameter of one resource type.
#[derive(Debug)]
pub struct Param {
    /// Its name in a query.
    pub code: &'static str,
    /// How values compare.
    pub kind: Kind,
    /// Where values are read; empty for composites.
    pub paths: &'static [PathId],
    /// The types a reference may lead to; a Reference to any other does not match.
    pub targets: &'static [ResourceType],
    /// The parts of a composite, in order. Each is also a parameter of the type, found by its code, whose values
    /// include those of the component: an index may narrow by them before [`super::matches`] decides.
    pub components: &'static [Component],
    pub(super) elements: Level,
}

/// A part of a composite.
#[derive(Debug)]
pub struct Component {
    /// The code of the parameter it stands for.
    pub code: &'static str,
    /// How values compare.
    pub kind: Kind,
    /// The types a reference may lead to.
    pub targets: &'static [ResourceType],
    /// Read from the resource and not from the element (`%resource` in the definition).
    pub(super) absolute: bool,
    pub(super) level: Level,
}

/// What is read at a place, and the members that lead on.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) emits: &'static [Emit],
    pub(super) steps: &'static [Step],
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) guard: Guard,
    pub(super) next: Level,
}

#[derive(Debug)]
pub(super) struct Emit {
    pub(super) path: PathId,
    pub(super) form: Form,
}

/// Which items of a member are entered.
#[derive(Debug)]
pub(super) enum Guard {
    Any,
    First,
    Equals(&'static str, &'static str),
}

/// How a value is read: FHIR type and parameter kind in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Concept,
    Coding,
    Identifier,
    Contact,
    Bool,
    /// A `code`, with the one system of its value set (empty when it has none or several).
    Code(&'static str),
    Plain,
    Text,
    Name,
    Address,
    Date,
    Period,
    Timing,
    Reference,
    CanonicalReference,
    UriReference,
    /// A resource in a bundle, as something referred to.
    Entry,
    Quantity,
    Money,
    Range,
    Number,
    NumberRange,
    Uri,
    Canonical,
    /// Patient: dead, by date or by flag.
    Deceased,
    /// An element that a composite looks into.
    Element,
}

/// Everything about one resource type.
pub(super) struct Type {
    pub(super) name: &'static str,
    pub(super) params: &'static [Param],
    pub(super) dates: &'static [PathId],
    pub(super) level: Level,
}

/// The table of a type.
pub(super) fn of(rt: ResourceType) -> &'static Type {
    match tables::TYPES.binary_search_by(|t| t.name.cmp(rt.as_str())) {
        Ok(i) => &tables::TYPES[i],
        Err(_) => &tables::COMMON,
    }
}

const NONE: Level = Level { emits: &[], steps: &[] };

pub(super) const fn l(emits: &'static [Emit], steps: &'static [Step]) -> Level {
    Level { emits, steps }
}

pub(super) const fn s(name: &'static str, guard: Guard, next: Level) -> Step {
    Step { name, guard, next }
}

pub(super) const fn e(path: u16, form: Form) -> Emit {
    Emit { path: PathId(path), form }
}

pub(super) const fn p(
    code: &'static str,
    kind: Kind,
    paths: &'static [PathId],
    targets: &'static [ResourceType],
) -> Param {
    Param { code, kind, paths, targets, components: &[], elements: NONE }
}

pub(super) const fn x(code: &'static str, elements: Level, components: &'static [Component]) -> Param {
    Param { code, kind: Kind::Composite, paths: &[], targets: &[], components, elements }
}

pub(super) const fn c(
    code: &'static str,
    kind: Kind,
    targets: &'static [ResourceType],
    absolute: bool,
    level: Level,
) -> Component {
    Component { code, kind, targets, absolute, level }
}
