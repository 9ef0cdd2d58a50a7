//! A JSON writer that knows where it stands, so that each free text of an exam chart can carry a marker naming its
//! own place.

use crate::codes::{Code, RESTRICTED};
use crate::exam::Marks;
use crate::time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

struct Step {
    key: &'static str,
    index: Option<u32>,
}

/// One resource being written.
pub(crate) struct Json {
    pub(crate) resource_type: &'static str,
    pub(crate) url: String,
    pub(crate) marks: Option<Box<Marks>>,
    out: String,
    path: Vec<Step>,
}

impl Json {
    pub(crate) fn new(resource_type: &'static str, url: String, marks: Option<Box<Marks>>) -> Self {
        let mut out = String::with_capacity(if marks.is_some() { 4096 } else { 1024 });
        out.push_str("{\"resourceType\":\"");
        out.push_str(resource_type);
        out.push('"');
        Self { resource_type, url, marks, out, path: Vec::with_capacity(8) }
    }

    pub(crate) fn finish(mut self) -> (String, String, Option<Box<Marks>>) {
        self.out.push('}');
        (self.url, self.out, self.marks)
    }

    /// `meta.security`: the sensitivities of v3-ActCode, and restricted confidentiality. Comes first in the resource.
    pub(crate) fn security(&mut self, labels: &[Code]) {
        if let Some(marks) = &mut self.marks {
            marks.labels = labels.iter().map(|label| label.code).collect();
        }
        self.obj("meta", |j| {
            j.arr("security", |j| {
                for label in labels {
                    j.item(|j| j.coding(label));
                }
                j.item(|j| j.coding(&RESTRICTED));
            });
        });
    }

    /// True where every text must carry a marker.
    pub(crate) fn exam(&self) -> bool {
        self.marks.is_some()
    }

    fn comma(&mut self) {
        if !matches!(self.out.as_bytes().last(), Some(b'{' | b'[')) {
            self.out.push(',');
        }
    }

    fn key(&mut self, key: &str) {
        self.comma();
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
    }

    /// A member that is a code, a URI or an identifier: written as it is.
    pub(crate) fn str(&mut self, key: &str, value: &str) {
        self.key(key);
        self.quoted(value);
    }

    fn quoted(&mut self, value: &str) {
        self.out.push('"');
        push_escaped(&mut self.out, value);
        self.out.push('"');
    }

    /// A member a person wrote or reads: in an exam chart a marker follows the text.
    pub(crate) fn text(&mut self, key: &'static str, value: &str) {
        self.key(key);
        self.out.push('"');
        push_escaped(&mut self.out, value);
        if let Some(marker) = self.marker(key) {
            if !value.is_empty() {
                self.out.push(' ');
            }
            self.out.push_str(&marker);
        }
        self.out.push('"');
    }

    /// A further element that an exam chart alone has, holding nothing but a marker.
    pub(crate) fn mark(&mut self, key: &'static str) {
        if self.exam() {
            self.text(key, "");
        }
    }

    fn marker(&mut self, last: &'static str) -> Option<String> {
        let marks = self.marks.as_mut()?;
        let mut field = String::with_capacity(64);
        for step in &self.path {
            field.push_str(step.key);
            if let Some(index) = step.index {
                let _ = write!(field, "-{index}");
            }
            field.push('-');
        }
        field.push_str(last);
        // An element of an array of strings has no key of its own.
        Some(marks.add(field.trim_end_matches('-')))
    }

    pub(crate) fn int(&mut self, key: &str, value: i64) {
        self.key(key);
        let _ = write!(self.out, "{value}");
    }

    pub(crate) fn bool(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out.push_str(if value { "true" } else { "false" });
    }

    /// `value` divided by ten to the power `scale`, trailing zeros kept: the precision is part of a result.
    pub(crate) fn decimal(&mut self, key: &str, value: i64, scale: u32) {
        self.key(key);
        let unit = 10_i64.pow(scale);
        let sign = if value < 0 { "-" } else { "" };
        let (whole, rest) = (value.abs() / unit, value.abs() % unit);
        let _ = match scale {
            0 => write!(self.out, "{sign}{whole}"),
            _ => write!(self.out, "{sign}{whole}.{rest:0width$}", width = scale as usize),
        };
    }

    pub(crate) fn date(&mut self, key: &str, at: i64) {
        self.key(key);
        self.out.push('"');
        time::push_date(&mut self.out, at);
        self.out.push('"');
    }

    pub(crate) fn instant(&mut self, key: &str, at: i64) {
        self.key(key);
        self.out.push('"');
        time::push_instant(&mut self.out, at);
        self.out.push('"');
    }

    pub(crate) fn obj(&mut self, key: &'static str, body: impl FnOnce(&mut Self)) {
        self.key(key);
        self.out.push('{');
        self.path.push(Step { key, index: None });
        body(self);
        self.path.pop();
        self.out.push('}');
    }

    pub(crate) fn arr(&mut self, key: &'static str, body: impl FnOnce(&mut Self)) {
        self.key(key);
        self.out.push('[');
        self.path.push(Step { key, index: Some(0) });
        body(self);
        self.path.pop();
        self.out.push(']');
    }

    /// An object in the array being written.
    pub(crate) fn item(&mut self, body: impl FnOnce(&mut Self)) {
        self.comma();
        self.out.push('{');
        body(self);
        self.out.push('}');
        self.next_index();
    }

    /// An array with one object in it.
    pub(crate) fn one(&mut self, key: &'static str, body: impl FnOnce(&mut Self)) {
        self.arr(key, |j| j.item(body));
    }

    /// A string in the array being written.
    pub(crate) fn value(&mut self, value: &str) {
        self.comma();
        self.quoted(value);
        self.next_index();
    }

    /// A marker as one more string in the array being written; nothing outside of an exam chart.
    pub(crate) fn mark_value(&mut self) {
        if let Some(marker) = self.marker("") {
            self.value(&marker);
        }
    }

    fn next_index(&mut self) {
        if let Some(Step { index: Some(index), .. }) = self.path.last_mut() {
            *index += 1;
        }
    }

    fn coding(&mut self, code: &Code) {
        self.str("system", code.system);
        self.str("code", code.code);
        self.text("display", code.display);
    }

    /// A Coding.
    pub(crate) fn code(&mut self, key: &'static str, code: &Code) {
        self.obj(key, |j| j.coding(code));
    }

    fn concept_body(&mut self, codes: &[Code], text: &str) {
        if !codes.is_empty() {
            self.arr("coding", |j| codes.iter().for_each(|code| j.item(|j| j.coding(code))));
        }
        if !text.is_empty() {
            self.text("text", text);
        }
    }

    /// A CodeableConcept; no `text` where it is empty.
    pub(crate) fn concept(&mut self, key: &'static str, codes: &[Code], text: &str) {
        self.obj(key, |j| j.concept_body(codes, text));
    }

    /// An array with one CodeableConcept in it.
    pub(crate) fn concepts(&mut self, key: &'static str, codes: &[Code], text: &str) {
        self.one(key, |j| j.concept_body(codes, text));
    }

    /// A Reference; no `display` where it is empty.
    pub(crate) fn reference(&mut self, key: &'static str, url: &str, display: &str) {
        self.obj(key, |j| j.target(url, display));
    }

    /// An array with one Reference in it.
    pub(crate) fn references(&mut self, key: &'static str, url: &str, display: &str) {
        self.one(key, |j| j.target(url, display));
    }

    /// The members of a Reference.
    pub(crate) fn target(&mut self, url: &str, display: &str) {
        self.str("reference", url);
        if !display.is_empty() {
            self.text("display", display);
        }
    }

    /// A Quantity in a UCUM unit. The unit's printed form is a string and so carries a marker in an exam chart, which
    /// makes a leaked number visible too.
    pub(crate) fn quantity(&mut self, key: &'static str, value: i64, scale: u32, unit: &str, ucum: &str) {
        self.obj(key, |j| {
            j.decimal("value", value, scale);
            j.text("unit", unit);
            j.str("system", "http://unitsofmeasure.org");
            j.str("code", ucum);
        });
    }

    /// Money in US dollars.
    pub(crate) fn money(&mut self, key: &'static str, cents: i64) {
        self.obj(key, |j| {
            j.decimal("value", cents, 2);
            j.str("currency", "USD");
        });
    }

    pub(crate) fn period(&mut self, key: &'static str, start: i64, end: Option<i64>) {
        self.obj(key, |j| {
            j.instant("start", start);
            if let Some(end) = end {
                j.instant("end", end);
            }
        });
    }

    pub(crate) fn note(&mut self, text: &str) {
        self.one("note", |j| j.text("text", text));
    }

    /// An array of identifiers, `(system, value)` each; an exam chart has a marker as a last one.
    pub(crate) fn identifiers(&mut self, values: &[(&str, &str)]) {
        self.arr("identifier", |j| {
            for (system, value) in values {
                j.item(|j| {
                    j.str("system", system);
                    j.str("value", value);
                });
            }
            j.marker_identifier();
        });
    }

    /// The marker as one more identifier of an exam chart.
    pub(crate) fn marker_identifier(&mut self) {
        if self.exam() {
            self.item(|j| {
                j.str("system", "https://lamplight.example/exam/canary");
                j.mark("value");
            });
        }
    }

    /// A generated Narrative; `paragraphs` are plain text.
    pub(crate) fn narrative(&mut self, paragraphs: &[&str]) {
        let mut div = String::from("<div xmlns=\"http://www.w3.org/1999/xhtml\">");
        for paragraph in paragraphs {
            div.push_str("<p>");
            push_xml(&mut div, paragraph);
            div.push_str("</p>");
        }
        self.obj("text", |j| {
            j.str("status", "generated");
            if let Some(marker) = j.marker("div") {
                div.push_str("<p>");
                div.push_str(&marker);
                div.push_str("</p>");
            }
            div.push_str("</div>");
            j.str("div", &div);
        });
    }

    /// Plain text as `data` of an Attachment, marker inside the base64.
    pub(crate) fn data(&mut self, text: &str) {
        let mut text = text.to_owned();
        if let Some(marker) = self.marker("data") {
            text.push('\n');
            text.push_str(&marker);
        }
        self.str("contentType", "text/plain; charset=utf-8");
        self.str("data", &STANDARD.encode(&text));
        self.int("size", text.len() as i64);
    }
}

fn push_escaped(out: &mut String, value: &str) {
    let mut start = 0;
    for (at, byte) in value.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&value[start..at]);
        start = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
    }
    out.push_str(&value[start..]);
}

fn push_xml(out: &mut String, value: &str) {
    for part in value.chars() {
        match part {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_escapes_and_precision() {
        let mut j = Json::new("Basic", String::new(), None);
        j.text("a", "x\"\\\n\u{1}é");
        j.decimal("b", -705, 2);
        j.decimal("c", 60, 1);
        j.arr("d", |j| {
            j.value("e");
            j.item(|j| j.int("f", 1));
        });
        let (_, json, _) = j.finish();
        assert_eq!(
            json,
            r#"{"resourceType":"Basic","a":"x\"\\\n\u0001é","b":-7.05,"c":6.0,"d":["e",{"f":1}]}"#
        );
    }
}
