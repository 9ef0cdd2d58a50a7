//! Parses a query: <https://hl7.org/fhir/R4/search.html>.

use super::extract::is_id;
use super::table::{Kind, Param};
use super::value::{Asked, Predicate, split};
use super::{Fault, Limits, param};
use crate::ResourceType;

/// A parsed query. All clauses must hold.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// What a resource must satisfy.
    pub clauses: Vec<Clause>,
    /// The order asked for, first key first.
    pub sort: Vec<SortKey>,
    /// Page size, already cut to the limit; zero asks for the total alone.
    pub count: Option<u32>,
    /// `_cursor`: where the page begins, opaque here.
    pub cursor: Option<String>,
    /// `_total`
    pub total: Total,
    /// `_summary`
    pub summary: Option<Summary>,
    /// `_elements`, empty for all.
    pub elements: Vec<String>,
}

/// One parameter of a query. A parameter given twice is two clauses.
#[derive(Clone, Debug)]
pub struct Clause {
    /// What is searched.
    pub param: Subject,
    /// How.
    pub modifier: Option<Modifier>,
    /// The alternatives; one must hold (under [`Modifier::Not`], none may).
    pub any: Vec<Predicate>,
}

/// What a clause is about.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// A search parameter of the type.
    Param(&'static Param),
    /// `_id`, by [`Predicate::Id`].
    Id,
    /// `_lastUpdated`, by [`Predicate::Date`].
    LastUpdated,
}

/// Modifiers: <https://hl7.org/fhir/R4/search.html#modifiers>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// `:missing`
    Missing,
    /// `:exact`, of strings.
    Exact,
    /// `:contains`, of strings.
    Contains,
    /// `:not`, of tokens.
    Not,
    /// `:text`, of tokens: the display begins so.
    Text,
    /// `:of-type`, of identifiers.
    OfType,
    /// `:identifier`, of references.
    Identifier,
    /// `:Patient` and so on, of references.
    Type(ResourceType),
    /// `:below`, of URIs: begins so.
    Below,
    /// `:above`, of URIs: is a beginning of what was asked.
    Above,
}

/// A key of `_sort`.
#[derive(Clone, Copy, Debug)]
pub struct SortKey {
    /// What orders.
    pub by: Subject,
    /// Largest first.
    pub descending: bool,
}

/// How the number of matches is to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Total {
    /// Not at all, unless it costs nothing.
    #[default]
    None,
    /// Roughly.
    Estimate,
    /// Exactly.
    Accurate,
}

/// The summaries that are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    /// `_summary=count`: the number of matches and no resource.
    Count,
}

/// Parses `pairs`, names and values already percent-decoded.
///
/// # Errors
/// Every fault found. A parameter that is not known is a fault, never ignored: leaving a filter out would show more
/// than was asked for.
pub fn parse<'q>(
    rt: ResourceType,
    pairs: impl IntoIterator<Item = (&'q str, &'q str)>,
    limits: &Limits,
) -> Result<Search, Vec<Fault>> {
    parse_known(rt, pairs, limits, &|_| true)
}

/// As [`parse`], for someone who knows these parameters alone: any other is answered like a name that there is not.
///
/// # Errors
/// As [`parse`].
pub fn parse_known<'q>(
    rt: ResourceType,
    pairs: impl IntoIterator<Item = (&'q str, &'q str)>,
    limits: &Limits,
    known: &dyn Fn(Subject) -> bool,
) -> Result<Search, Vec<Fault>> {
    let mut parser = Parser { rt, limits, known, search: Search::default(), seen: Vec::new() };
    let mut faults = Vec::new();
    for (count, (name, value)) in pairs.into_iter().enumerate() {
        if count >= limits.parameters {
            faults.push(Fault::new("_", "too-costly", "too many parameters"));
            break;
        }
        if let Err(fault) = parser.pair(name, value) {
            faults.push(fault);
        }
    }
    if faults.is_empty() { Ok(parser.search) } else { Err(faults) }
}

struct Parser<'l, 'q> {
    rt: ResourceType,
    limits: &'l Limits,
    known: &'l dyn Fn(Subject) -> bool,
    search: Search,
    seen: Vec<&'q str>,
}

impl<'q> Parser<'_, 'q> {
    fn pair(&mut self, name: &'q str, value: &str) -> Result<(), Fault> {
        if value.len() > self.limits.length {
            return Err(Fault::new(name, "too-long", "the value is too long"));
        }
        match name {
            "_sort" | "_count" | "_cursor" | "_total" | "_summary" | "_elements" => {
                if self.seen.contains(&name) {
                    return Err(Fault::value(name, "may be given once"));
                }
                self.seen.push(name);
                self.control(name, value)
            }
            "_format" | "_pretty" => Ok(()),
            _ => self.clause(name, value),
        }
    }

    fn control(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        match name {
            "_sort" => self.search.sort = self.sort(value)?,
            "_count" => {
                let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
                let asked = value.parse::<u64>().unwrap_or(u64::MAX);
                if !digits {
                    return Err(Fault::value(name, "must be a whole number"));
                }
                self.search.count = Some(u32::try_from(asked).unwrap_or(u32::MAX).min(self.limits.count));
            }
            "_cursor" if value.is_empty() => return Err(Fault::value(name, "the value is empty")),
            "_cursor" => self.search.cursor = Some(value.to_owned()),
            "_total" => {
                self.search.total = match value {
                    "none" => Total::None,
                    "estimate" => Total::Estimate,
                    "accurate" => Total::Accurate,
                    _ => return Err(Fault::value(name, "must be none, estimate or accurate")),
                }
            }
            "_summary" => {
                self.search.summary = match value {
                    "count" => Some(Summary::Count),
                    "false" => None,
                    "true" | "text" | "data" => {
                        return Err(Fault::unsupported(name, "only count and false are supported"));
                    }
                    _ => return Err(Fault::value(name, "must be count or false")),
                }
            }
            _ => {
                let plain =
                    |e: &str| !e.is_empty() && e.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
                let names: Vec<&str> = value.split(',').map(str::trim).collect();
                if names.len() > self.limits.values || !names.iter().all(|e| plain(e)) {
                    return Err(Fault::value(name, "must be names of elements, joined by commas"));
                }
                self.search.elements = names.into_iter().map(str::to_owned).collect();
            }
        }
        Ok(())
    }

    fn sort(&self, value: &str) -> Result<Vec<SortKey>, Fault> {
        let keys: Vec<&str> = value.split(',').collect();
        if keys.len() > self.limits.sort_keys {
            return Err(Fault::new("_sort", "too-costly", "too many keys"));
        }
        keys.into_iter().map(|key| self.sort_key(key.trim())).collect()
    }

    fn sort_key(&self, key: &str) -> Result<SortKey, Fault> {
        let (code, descending) = key.strip_prefix('-').map_or((key, false), |code| (code, true));
        let by = self.subject(code).filter(|by| !matches!(by, Subject::Param(p) if p.paths.is_empty()));
        let by = by.ok_or_else(|| Fault::unsupported("_sort", "names a parameter that orders nothing"))?;
        Ok(SortKey { by, descending })
    }

    /// What the code stands for, to whoever asks.
    fn subject(&self, code: &str) -> Option<Subject> {
        let subject = match code {
            "_id" => Subject::Id,
            "_lastUpdated" => Subject::LastUpdated,
            code => Subject::Param(param(self.rt, code)?),
        };
        (self.known)(subject).then_some(subject)
    }

    fn clause(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        let (code, modifier) = name.split_once(':').map_or((name, None), |(code, m)| (code, Some(m)));
        let refused =
            ["_has", "_include", "_revinclude", "_filter", "_text", "_content", "_query", "_list", "_type"];
        if refused.contains(&code) || code.starts_with("_contained") {
            return Err(Fault::unsupported(name, "this search control is not supported"));
        }
        if name.contains('.') {
            return Err(Fault::unsupported(name, "chained parameters are not supported"));
        }
        let unknown = || Fault::unsupported(name, "no such search parameter for this resource type");
        let subject = self.subject(code).ok_or_else(unknown)?;
        if matches!(subject, Subject::Param(p) if p.kind == Kind::Special) {
            return Err(Fault::unsupported(name, "this parameter is not supported"));
        }
        let modifier = modifier.map(|m| self.modifier(name, subject, m)).transpose()?;
        let values = split(value, ',');
        if values.len() > self.limits.values {
            return Err(Fault::new(name, "too-costly", "too many values"));
        }
        let parse_one = |raw: &str| self.predicate(subject, modifier, raw);
        let any: Result<Vec<_>, _> = values.into_iter().map(parse_one).collect();
        let any = any.map_err(|message| Fault { message, ..Fault::value(name, "") })?;
        if modifier == Some(Modifier::Missing) && any.len() != 1 {
            return Err(Fault::value(name, "must be true or false"));
        }
        self.search.clauses.push(Clause { param: subject, modifier, any });
        Ok(())
    }

    fn predicate(
        &self,
        subject: Subject,
        modifier: Option<Modifier>,
        raw: &str,
    ) -> Result<Predicate, &'static str> {
        let now = self.limits.now;
        match subject {
            Subject::Id if is_id(raw) => Ok(Predicate::Id(raw.to_owned())),
            Subject::Id => Err("must be an id"),
            Subject::LastUpdated => {
                Asked { kind: Kind::Date, targets: &[], implicit: None, modifier: None, now }.parse(raw)
            }
            Subject::Param(p) if p.kind == Kind::Composite => Asked::composite(raw, p.components, now),
            Subject::Param(p) => Asked::of(self.rt, p, modifier, now).parse(raw),
        }
    }

    fn modifier(&self, name: &str, subject: Subject, text: &str) -> Result<Modifier, Fault> {
        let Subject::Param(p) = subject else {
            return Err(Fault::unsupported(name, "takes no modifier"));
        };
        match (text, p.kind) {
            ("missing", kind) if kind != Kind::Composite && kind != Kind::Special => Ok(Modifier::Missing),
            ("exact", Kind::String) => Ok(Modifier::Exact),
            ("contains", Kind::String) => Ok(Modifier::Contains),
            ("not", Kind::Token) => Ok(Modifier::Not),
            ("text", Kind::Token) => Ok(Modifier::Text),
            ("of-type", Kind::Token) => Ok(Modifier::OfType),
            ("identifier", Kind::Reference) => Ok(Modifier::Identifier),
            ("below", Kind::Uri) => Ok(Modifier::Below),
            ("above", Kind::Uri) => Ok(Modifier::Above),
            (other, Kind::Reference) => match ResourceType::parse(other) {
                Some(rt) if p.targets.contains(&rt) => Ok(Modifier::Type(rt)),
                Some(_) => Err(Fault::value(name, "cannot lead to that type")),
                None => Err(Fault::unsupported(name, "this modifier is not supported here")),
            },
            _ => Err(Fault::unsupported(name, "this modifier is not supported here")),
        }
    }
}
