//! One value of a query, by kind of parameter.

use rust_decimal::Decimal;

use super::extract::{is_id, target};
use super::table::{Component, Form, Kind, Level, Param};
use super::{Modifier, Range, Target, date, normalize, number, table};
use crate::ResourceType;

/// Prefixes of ordered values: <https://hl7.org/fhir/R4/search.html#prefix>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `eq`, or no prefix: the query's range holds all of the value.
    Eq,
    /// `ne`: not `eq`.
    Ne,
    /// `gt`: some of the value lies above.
    Gt,
    /// `lt`: some of the value lies below.
    Lt,
    /// `ge`: `gt` or `eq`.
    Ge,
    /// `le`: `lt` or `eq`.
    Le,
    /// `sa`: all of the value lies above.
    Sa,
    /// `eb`: all of the value lies below.
    Eb,
    /// `ap`: overlaps the query's range, widened by a tenth.
    Ap,
}

/// The system a token must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum System {
    /// `code`: any, or none.
    Any,
    /// `|code`: none.
    None,
    /// `system|code`: this.
    Is(String),
}

/// A number asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberQuery {
    /// How it compares.
    pub comparison: Comparison,
    /// The number as written, for the ordered comparisons.
    pub value: Decimal,
    /// Lower end (included) of what counts as equal; for `ap`, of what counts as near.
    pub low: Decimal,
    /// Upper end (not included; for `ap` included).
    pub high: Decimal,
}

/// A reference asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// An id, of any of these types: one when the query names it, else all the parameter's targets.
    Id {
        /// The types.
        types: Vec<ResourceType>,
        /// The id.
        id: String,
    },
    /// An absolute URL or URN, compared as written.
    Url(String),
}

/// One alternative of a clause.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// A code, a system, or both. Under [`Modifier::Identifier`], of the identifier in a reference.
    Token {
        /// The system.
        system: System,
        /// The code; None for `system|`.
        code: Option<String>,
    },
    /// `:of-type`: an identifier value under a type.
    OfType {
        /// System of the type.
        system: String,
        /// Code of the type.
        code: String,
        /// The identifier.
        value: String,
    },
    /// Text. As given; `:exact` compares it so, everything else in [`super::normalize`]d form.
    Text(String),
    /// A span of time.
    Date {
        /// How it compares.
        comparison: Comparison,
        /// What was asked for, already widened for `ap`.
        range: Range,
    },
    /// A reference.
    Reference(Reference),
    /// A number.
    Number(NumberQuery),
    /// A number with a unit.
    Quantity {
        /// The number.
        number: NumberQuery,
        /// The system of the unit; None for any.
        system: Option<String>,
        /// The unit: its code, or without a system also its printed form. None for any.
        unit: Option<String>,
    },
    /// A URI.
    Uri(String),
    /// One predicate for each component, all true of the same element.
    Composite(Vec<Predicate>),
    /// `:missing`: is there no value?
    Missing(bool),
    /// `_id`
    Id(String),
}

/// What a value is parsed for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'p> {
    pub(super) kind: Kind,
    pub(super) targets: &'p [ResourceType],
    /// The one system of the codes, when all of them share it.
    pub(super) implicit: Option<&'static str>,
    pub(super) modifier: Option<Modifier>,
    pub(super) now: i64,
}

const BAD_ESCAPE: &str = "a backslash may only stand before , | $ or another";
const EMPTY: &str = "a value is empty";

impl<'p> Asked<'p> {
    pub(super) fn of(rt: ResourceType, param: &'p Param, modifier: Option<Modifier>, now: i64) -> Self {
        let implicit = shared_system(rt, param);
        Asked { kind: param.kind, targets: param.targets, implicit, modifier, now }
    }

    /// Parses one alternative, escapes still in place.
    pub(super) fn parse(&self, raw: &str) -> Result<Predicate, &'static str> {
        if raw.is_empty() {
            return Err(EMPTY);
        }
        match (self.modifier, self.kind) {
            (Some(Modifier::Missing), _) => match raw {
                "true" => Ok(Predicate::Missing(true)),
                "false" => Ok(Predicate::Missing(false)),
                _ => Err("must be true or false"),
            },
            (Some(Modifier::Text), _) | (_, Kind::String) => {
                let asked = text(raw)?;
                // A lone accent would begin every text.
                if normalize(&asked).is_empty() { Err(EMPTY) } else { Ok(Predicate::Text(asked)) }
            }
            (Some(Modifier::OfType), _) => of_type(raw),
            (_, Kind::Token) | (Some(Modifier::Identifier), _) => self.token(raw),
            (_, Kind::Date) => self.date(raw),
            (_, Kind::Reference) => self.reference(raw).map(Predicate::Reference),
            (_, Kind::Number) => number_query(&unescape(raw)?).map(Predicate::Number),
            (_, Kind::Quantity) => quantity(raw),
            (_, Kind::Uri) => text(raw).map(Predicate::Uri),
            (_, Kind::Composite | Kind::Special) => Err("cannot be searched by value"),
        }
    }

    /// Parses `a$b` for the components of a composite.
    pub(super) fn composite(raw: &str, parts: &[Component], now: i64) -> Result<Predicate, &'static str> {
        let values = split(raw, '$');
        if values.len() != parts.len() {
            return Err("must have one value for each component, joined by $");
        }
        let each = values.into_iter().zip(parts).map(|(value, part)| {
            let asked = Asked { kind: part.kind, targets: part.targets, implicit: None, modifier: None, now };
            asked.parse(value)
        });
        each.collect::<Result<_, _>>().map(Predicate::Composite)
    }

    fn token(&self, raw: &str) -> Result<Predicate, &'static str> {
        let parts = split(raw, '|');
        let (system, code) = match parts[..] {
            [code] => (System::Any, text(code)?),
            ["", code] => (System::None, text(code)?),
            [system, ""] => (System::Is(text(system)?), String::new()),
            [system, code] => (System::Is(text(system)?), text(code)?),
            _ => return Err("must be code, system|code, |code or system|"),
        };
        // A `code` has no system property, and its value set implies one: both ways of asking mean any.
        let system = match (system, self.implicit) {
            (System::None, Some(_)) => System::Any,
            (system, _) => system,
        };
        Ok(Predicate::Token { system, code: (!code.is_empty()).then_some(code) })
    }

    fn date(&self, raw: &str) -> Result<Predicate, &'static str> {
        let raw = unescape(raw)?;
        let (comparison, rest) = prefix(&raw);
        let mut range = date::range(rest).ok_or("must be a date or time")?;
        if comparison == Comparison::Ap {
            let centre = range.low / 2 + range.high / 2;
            let slack = (self.now.saturating_sub(centre) / 10).saturating_abs();
            range = Range { low: range.low.saturating_sub(slack), high: range.high.saturating_add(slack) };
        }
        Ok(Predicate::Date { comparison, range })
    }

    fn reference(&self, raw: &str) -> Result<Reference, &'static str> {
        let value = text(raw)?;
        let types = match self.modifier {
            Some(Modifier::Type(rtype)) => vec![rtype],
            _ => self.targets.to_vec(),
        };
        if is_id(&value) {
            return Ok(Reference::Id { types, id: value });
        }
        match target(&value) {
            Some(Target::Local { rtype, id }) if types.contains(&rtype) => {
                Ok(Reference::Id { types: vec![rtype], id: id.to_owned() })
            }
            Some(Target::Local { .. }) => Err("cannot lead to that type"),
            Some(Target::Urn(_)) => Ok(Reference::Url(value)),
            Some(Target::Url(url)) if url.contains(':') => Ok(Reference::Url(value)),
            _ => Err("must be an id, Type/id or an absolute URL"),
        }
    }
}

fn of_type(raw: &str) -> Result<Predicate, &'static str> {
    let [system, code, value] = split(raw, '|')[..] else { return Err("must be system|code|value") };
    Ok(Predicate::OfType { system: text(system)?, code: text(code)?, value: text(value)? })
}

fn quantity(raw: &str) -> Result<Predicate, &'static str> {
    let parts = split(raw, '|');
    let (number, system, unit) = match parts[..] {
        [number] => (number, "", ""),
        [number, system, unit] => (number, system, unit),
        _ => return Err("must be number, number|system|code or number||code"),
    };
    let number = number_query(&unescape(number)?)?;
    let part = |raw: &str| unescape(raw).map(|s| (!s.is_empty()).then_some(s));
    Ok(Predicate::Quantity { number, system: part(system)?, unit: part(unit)? })
}

/// A number with its prefix. Only `eq`, `ne` and `ap` regard its precision.
fn number_query(raw: &str) -> Result<NumberQuery, &'static str> {
    let (comparison, rest) = prefix(raw);
    let n = number::precise(rest).ok_or("must be a number")?;
    let tenth = n.value.abs().checked_div(Decimal::TEN).unwrap_or_default();
    let slack = if comparison == Comparison::Ap { tenth.max(n.half) } else { n.half };
    let ends = (n.value.checked_sub(slack), n.value.checked_add(slack));
    let (Some(low), Some(high)) = ends else { return Err("is too large a number") };
    Ok(NumberQuery { comparison, value: n.value, low, high })
}

fn prefix(raw: &str) -> (Comparison, &str) {
    let comparison = match raw.get(..2) {
        Some("eq") => Comparison::Eq,
        Some("ne") => Comparison::Ne,
        Some("gt") => Comparison::Gt,
        Some("lt") => Comparison::Lt,
        Some("ge") => Comparison::Ge,
        Some("le") => Comparison::Le,
        Some("sa") => Comparison::Sa,
        Some("eb") => Comparison::Eb,
        Some("ap") => Comparison::Ap,
        _ => return (Comparison::Eq, raw),
    };
    (comparison, &raw[2..])
}

fn text(raw: &str) -> Result<String, &'static str> {
    let text = unescape(raw)?;
    if text.trim().is_empty() { Err(EMPTY) } else { Ok(text) }
}

/// Splits at separators that no backslash precedes: <https://hl7.org/fhir/R4/search.html#escaping>.
pub(super) fn split(raw: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in raw.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == separator {
            parts.push(&raw[start..at]);
            start = at + c.len_utf8();
        }
    }
    parts.push(&raw[start..]);
    parts
}

fn unescape(raw: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ (',' | '|' | '$' | '\\')) => out.push(c),
                _ => return Err(BAD_ESCAPE),
            },
            c => out.push(c),
        }
    }
    Ok(out)
}

/// The system all codes of a parameter share by their value sets; `None` when some value carries its own.
fn shared_system(rt: ResourceType, param: &Param) -> Option<&'static str> {
    if param.kind != Kind::Token || param.paths.is_empty() {
        return None;
    }
    let mut shared = None;
    for form in forms(&table::of(rt).level, param) {
        match (form, shared) {
            (Form::Code(system), None) => shared = Some(system),
            (Form::Code(system), Some(known)) if system == known => {}
            (Form::Bool | Form::Deceased, None) => shared = Some(""),
            _ => return None,
        }
    }
    shared
}

fn forms(level: &'static Level, param: &Param) -> Vec<Form> {
    let here = level.emits.iter().filter(|e| param.paths.contains(&e.path)).map(|e| e.form);
    here.chain(level.steps.iter().flat_map(|s| forms(&s.next, param))).collect()
}
