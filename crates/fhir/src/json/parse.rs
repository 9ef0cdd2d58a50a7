//! The parser: RFC 8259, stricter where health data asks for it.
//!
//! Our own and not `jiter`'s tokenizer: spans, the tree, duplicate keys, depth and the path to a fault would all be
//! ours to write around it, and what it would spare us (numbers, strings) is the smaller half.

use std::borrow::Cow;
use std::fmt;

use super::{Member, Node, Span, Value};

/// The deepest nesting any [`Limits`] can ask for: parsing, walking and dropping a tree recurse, and the stack must
/// hold them.
pub const MAX_DEPTH: usize = 256;

/// Objects up to this many members are checked for duplicate keys member by member, larger ones by sorting.
const FEW: usize = 16;

/// What a document may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nested objects and arrays, at most [`MAX_DEPTH`].
    pub depth: usize,
    /// Bytes of the document, at most `u32::MAX`.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64, bytes: 64 << 20 }
    }
}

/// Why a document was refused. It holds no value of the document: those are health data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at {path} (line {line}, column {column})")]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Where, as FHIRPath: `Patient.name[0].given[1]`. The root is `$` until its `resourceType` has been read; keys
    /// that are no plain names are `*`.
    pub path: String,
    /// Line of the fault, from 1.
    pub line: u32,
    /// Byte column of the fault, from 1.
    pub column: u32,
    /// What is wrong, in words.
    pub message: String,
}

/// The ways a document can be no JSON of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// No bytes, or white space only.
    Empty,
    /// More bytes than the limit.
    TooLarge,
    /// Nested deeper than the limit.
    TooDeep,
    /// Not UTF-8.
    Utf8,
    /// The document ends in the middle.
    Truncated,
    /// A character that cannot stand here.
    Syntax,
    /// A number outside the JSON grammar.
    Number,
    /// An unescaped control character in a string.
    Control,
    /// An unknown or malformed escape.
    Escape,
    /// An escaped surrogate without its partner.
    Surrogate,
    /// A key twice in one object.
    DuplicateKey,
    /// Something after the end of the document.
    Trailing,
}

impl FaultKind {
    /// The kind in words.
    pub fn message(self) -> &'static str {
        match self {
            Self::Empty => "the document is empty",
            Self::TooLarge => "the document is too large",
            Self::TooDeep => "the document is nested too deeply",
            Self::Utf8 => "the document is not valid UTF-8",
            Self::Truncated => "the document ends too early",
            Self::Syntax => "the document is not valid JSON",
            Self::Number => "a number is not in the JSON grammar",
            Self::Control => "a string holds an unescaped control character",
            Self::Escape => "a string holds an invalid escape",
            Self::Surrogate => "a string holds a lone surrogate",
            Self::DuplicateKey => "a key appears twice in one object",
            Self::Trailing => "something follows the end of the document",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

/// Reads one document.
///
/// # Errors
/// The first [`Fault`].
pub fn parse<'a>(source: &'a [u8], limits: &Limits) -> Result<Node<'a>, Fault> {
    if source.len() > limits.bytes || u32::try_from(source.len()).is_err() {
        return Err(report(source, Raw::at(FaultKind::TooLarge, 0)));
    }
    let text = match std::str::from_utf8(source) {
        Ok(text) => text,
        Err(e) => return Err(report(source, Raw::at(FaultKind::Utf8, e.valid_up_to()))),
    };
    let mut parser = Parser {
        text,
        bytes: source,
        at: 0,
        depth: limits.depth.min(MAX_DEPTH),
        members: Vec::with_capacity(64),
        items: Vec::with_capacity(64),
    };
    parser.document().map_err(|raw| report(source, *raw))
}

/// A fault before it is put in words: the path is gathered from the inside out.
struct Raw {
    kind: FaultKind,
    at: usize,
    key: Option<String>,
    steps: Vec<Step>,
    root: Option<String>,
}

/// One step of a path.
enum Step {
    Key(String),
    Index(usize),
}

impl Raw {
    fn at(kind: FaultKind, at: usize) -> Self {
        Self { kind, at, key: None, steps: Vec::new(), root: None }
    }

    fn boxed(kind: FaultKind, at: usize) -> Box<Self> {
        Box::new(Self::at(kind, at))
    }
}

/// A key as it may be shown: itself when it is a plain name, `*` otherwise.
pub(crate) fn shown(key: &str) -> &str {
    let plain = (1..=64).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if plain { key } else { "*" }
}

/// Puts a fault in words.
fn report(source: &[u8], raw: Raw) -> Fault {
    let before = &source[..raw.at.min(source.len())];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
    let mut path = raw.root.unwrap_or_else(|| "$".into());
    for step in raw.steps.iter().rev() {
        match step {
            Step::Key(key) => {
                path.push('.');
                path.push_str(key);
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    let mut message = raw.kind.message().to_owned();
    if let Some(key) = raw.key.filter(|key| key != "*") {
        message.push_str(": ");
        message.push_str(&key);
    }
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Fault { kind: raw.kind, path, line: number(line), column: number(column), message }
}

type Parsed<T> = Result<T, Box<Raw>>;

/// Members and items are gathered on two stacks shared by all levels and moved out in one piece of the right size.
struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    members: Vec<Member<'a>>,
    items: Vec<Node<'a>>,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Parsed<Node<'a>> {
        self.space();
        if self.at == self.bytes.len() {
            return Err(Raw::boxed(FaultKind::Empty, self.at));
        }
        let root = self.value(0)?;
        self.space();
        if self.at < self.bytes.len() {
            return Err(Raw::boxed(FaultKind::Trailing, self.at));
        }
        Ok(root)
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
            // Indentation: eight blanks at a time.
            while let Some(&chunk) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>)
                && chunk == [b' '; 8]
            {
                self.at += 8;
            }
        }
    }

    /// A fault at the current place: the end of the document is a truncation.
    fn unexpected(&self) -> Box<Raw> {
        let kind = if self.at >= self.bytes.len() { FaultKind::Truncated } else { FaultKind::Syntax };
        Raw::boxed(kind, self.at)
    }

    fn span(&self, start: usize) -> Span {
        // The size of the document was checked against u32 before.
        Span { start: start as u32, end: self.at as u32 }
    }

    fn value(&mut self, level: usize) -> Parsed<Node<'a>> {
        let start = self.at;
        let value = match self.bytes.get(self.at) {
            Some(b'"') => Value::String(self.string()?),
            Some(b'{') => Value::Object(self.object(level)?),
            Some(b'[') => Value::Array(self.array(level)?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.unexpected()),
        };
        Ok(Node { span: self.span(start), value })
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Parsed<Value<'a>> {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else if word.as_bytes().starts_with(rest) {
            Err(Raw::boxed(FaultKind::Truncated, self.bytes.len()))
        } else {
            Err(Raw::boxed(FaultKind::Syntax, self.at))
        }
    }

    fn object(&mut self, level: usize) -> Parsed<Vec<Member<'a>>> {
        if level >= self.depth {
            return Err(Raw::boxed(FaultKind::TooDeep, self.at));
        }
        self.at += 1;
        let base = self.members.len();
        self.space();
        if self.bytes.get(self.at) == Some(&b'}') {
            self.at += 1;
            return Ok(Vec::new());
        }
        match self.object_members(level, base) {
            Ok(()) => Ok(self.members.drain(base..).collect()),
            Err(mut raw) => {
                if level == 0 && raw.root.is_none() {
                    let name = self.members[base..].iter().find(|m| m.key == "resourceType");
                    raw.root = name
                        .and_then(|m| m.value.as_str())
                        .and_then(crate::ResourceType::parse)
                        .map(|rt| rt.as_str().to_owned());
                }
                Err(raw)
            }
        }
    }

    fn object_members(&mut self, level: usize, base: usize) -> Parsed<()> {
        loop {
            if self.bytes.get(self.at) != Some(&b'"') {
                return Err(self.unexpected());
            }
            let start = self.at;
            let key = self.string()?;
            let key_span = self.span(start);
            let count = self.members.len() - base;
            if count < FEW && self.members[base..].iter().any(|m| m.key == key) {
                return Err(duplicate(&key, start));
            }
            self.space();
            if self.bytes.get(self.at) != Some(&b':') {
                return Err(self.unexpected());
            }
            self.at += 1;
            self.space();
            let own = self.members.len();
            let value = match self.value(level + 1) {
                Ok(value) => value,
                Err(mut raw) => {
                    raw.steps.push(Step::Key(shown(&key).to_owned()));
                    // Members of the failed child lie above ours; the root looks for its own resourceType.
                    self.members.truncate(own);
                    return Err(raw);
                }
            };
            self.members.push(Member { key, key_span, value });
            self.space();
            match self.bytes.get(self.at) {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                _ => return Err(self.unexpected()),
            }
        }
        if self.members.len() - base > FEW { self.distinct(base) } else { Ok(()) }
    }

    /// Refuses duplicate keys in a large object. Sorting, not hashing: no worst case to feed it.
    fn distinct(&self, base: usize) -> Parsed<()> {
        let mut members: Vec<&Member<'a>> = self.members[base..].iter().collect();
        members.sort_by(|a, b| a.key.cmp(&b.key));
        match members.windows(2).find(|pair| pair[0].key == pair[1].key) {
            Some(pair) => Err(duplicate(&pair[1].key, pair[1].key_span.start as usize)),
            None => Ok(()),
        }
    }

    fn array(&mut self, level: usize) -> Parsed<Vec<Node<'a>>> {
        if level >= self.depth {
            return Err(Raw::boxed(FaultKind::TooDeep, self.at));
        }
        self.at += 1;
        let base = self.items.len();
        self.space();
        if self.bytes.get(self.at) == Some(&b']') {
            self.at += 1;
            return Ok(Vec::new());
        }
        loop {
            let own = self.items.len();
            match self.value(level + 1) {
                Ok(item) => self.items.push(item),
                Err(mut raw) => {
                    raw.steps.push(Step::Index(own - base));
                    return Err(raw);
                }
            }
            self.space();
            match self.bytes.get(self.at) {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b']') => {
                    self.at += 1;
                    return Ok(self.items.drain(base..).collect());
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn number(&mut self) -> Parsed<&'a str> {
        let start = self.at;
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        match self.bytes.get(self.at) {
            Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'+' | b'-' | b'_') => {
                Err(Raw::boxed(FaultKind::Number, start))
            }
            _ => Ok(&self.text[start..self.at]),
        }
    }

    /// One or more digits.
    fn digits(&mut self) -> Parsed<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        match (self.at > start, self.at < self.bytes.len()) {
            (true, _) => Ok(()),
            (false, true) => Err(Raw::boxed(FaultKind::Number, self.at)),
            (false, false) => Err(Raw::boxed(FaultKind::Truncated, self.at)),
        }
    }

    /// A string, from its opening quote to past its closing one.
    fn string(&mut self) -> Parsed<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        self.plain();
        match self.bytes.get(self.at) {
            Some(b'"') => {
                let text = &self.text[start..self.at];
                self.at += 1;
                Ok(Cow::Borrowed(text))
            }
            Some(b'\\') => self.escaped(start).map(Cow::Owned),
            Some(_) => Err(Raw::boxed(FaultKind::Control, self.at)),
            None => Err(Raw::boxed(FaultKind::Truncated, self.at)),
        }
    }

    /// Moves to the next quote, backslash or control character, eight bytes at a time.
    #[inline]
    fn plain(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        while let Some(chunk) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*chunk);
            let quote = word ^ (ONES * u64::from(b'"'));
            let slash = word ^ (ONES * u64::from(b'\\'));
            // The classic "has a byte below n" test; only its lowest hit is exact, and only that one is used.
            let hits = ((quote.wrapping_sub(ONES) & !quote)
                | (slash.wrapping_sub(ONES) & !slash)
                | (word.wrapping_sub(ONES * 0x20) & !word))
                & HIGH;
            if hits != 0 {
                self.at += hits.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        while let Some(&b) = self.bytes.get(self.at)
            && b != b'"'
            && b != b'\\'
            && b >= 0x20
        {
            self.at += 1;
        }
    }

    /// The rest of a string in which an escape was met.
    fn escaped(&mut self, start: usize) -> Parsed<String> {
        let mut out = String::with_capacity(self.at - start + 32);
        let mut from = start;
        loop {
            out.push_str(&self.text[from..self.at]);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push(self.escape()?);
                    from = self.at;
                    self.plain();
                }
                Some(_) => return Err(Raw::boxed(FaultKind::Control, self.at)),
                None => return Err(Raw::boxed(FaultKind::Truncated, self.at)),
            }
        }
    }

    /// One escape, from its backslash.
    fn escape(&mut self) -> Parsed<char> {
        let start = self.at;
        self.at += 2;
        Ok(match self.bytes.get(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let high = self.hex()?;
                let code = if (0xD800..0xDC00).contains(&high) {
                    if self.bytes.get(self.at) != Some(&b'\\') || self.bytes.get(self.at + 1) != Some(&b'u') {
                        return Err(Raw::boxed(FaultKind::Surrogate, start));
                    }
                    self.at += 2;
                    let low = self.hex()?;
                    if !(0xDC00..0xE000).contains(&low) {
                        return Err(Raw::boxed(FaultKind::Surrogate, start));
                    }
                    0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
                } else {
                    high
                };
                char::from_u32(code).ok_or_else(|| Raw::boxed(FaultKind::Surrogate, start))?
            }
            Some(_) => return Err(Raw::boxed(FaultKind::Escape, start)),
            None => return Err(Raw::boxed(FaultKind::Truncated, self.bytes.len())),
        })
    }

    /// Four hexadecimal digits.
    fn hex(&mut self) -> Parsed<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = match self.bytes.get(self.at) {
                Some(b) => char::from(*b).to_digit(16),
                None => return Err(Raw::boxed(FaultKind::Truncated, self.at)),
            };
            code = code * 16 + digit.ok_or_else(|| Raw::boxed(FaultKind::Escape, self.at))?;
            self.at += 1;
        }
        Ok(code)
    }
}

/// The fault of a repeated key.
fn duplicate(key: &str, at: usize) -> Box<Raw> {
    let mut raw = Raw::boxed(FaultKind::DuplicateKey, at);
    raw.key = Some(shown(key).to_owned());
    raw
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
