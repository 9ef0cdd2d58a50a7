//! JSON as FHIR needs it: one pass, borrowed, every number verbatim, every value with its place in the source.
//!
//! `serde_json::Value` would lose the text of decimals (FHIR: 1.50 is not 1.5), accept duplicate keys and forget
//! where a value stood. The tree here keeps spans, so that a document is changed by splicing its own bytes.

mod edit;
mod parse;

use std::borrow::Cow;

pub use edit::{Edit, SpliceError, amend, minify, push_quoted, quote, splice};
pub(crate) use parse::shown;
pub use parse::{Fault, FaultKind, Limits, MAX_DEPTH, parse};

/// A half-open range of byte offsets into the source document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte of the value.
    pub start: u32,
    /// One past the last byte of the value.
    pub end: u32,
}

/// A JSON value and where it stands. Strings are unescaped (borrowed when they hold no escape).
#[derive(Clone, PartialEq)]
pub struct Node<'a> {
    /// Where the value stands in the source; a string's span includes its quotes.
    pub span: Span,
    /// The value itself.
    pub value: Value<'a>,
}

/// The kinds of JSON value. Numbers keep their text.
#[derive(Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// The number exactly as written.
    Number(&'a str),
    /// The unescaped text.
    String(Cow<'a, str>),
    /// Items in order.
    Array(Vec<Node<'a>>),
    /// Members in order of appearance; keys are unique (duplicates are refused by the parser).
    Object(Vec<Member<'a>>),
}

/// One member of an object.
#[derive(Clone, PartialEq)]
pub struct Member<'a> {
    /// The unescaped key.
    pub key: Cow<'a, str>,
    /// Where the key stands, quotes included.
    pub key_span: Span,
    /// Its value.
    pub value: Node<'a>,
}

impl<'a> Node<'a> {
    /// The member `key` of an object; `None` when absent or when this is no object.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        match &self.value {
            Value::Object(members) => members.iter().find(|m| m.key == key).map(|m| &m.value),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// The text of a number, as written.
    pub fn as_number(&self) -> Option<&'a str> {
        match &self.value {
            Value::Number(n) => Some(n),
            _ => None,
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The members of an object, or none.
    pub fn members(&self) -> &[Member<'a>] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    /// FHIR's view of repetition: the items of an array, the value itself otherwise, nothing for `null`.
    pub fn items(&self) -> &[Node<'a>] {
        match &self.value {
            Value::Array(items) => items,
            Value::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The string member `key` of an object.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::as_str)
    }
}
