//! Validation against the base definitions of R4: <https://hl7.org/fhir/R4/validation.html>.
//!
//! Structure, cardinality, value formats, required codes, reference targets. Of the invariants only `ele-1`, `ext-1`,
//! `dom-2` (no nested contained) and `ref-1` (fragments resolve) are checked; profiles and terminologies are not.

mod primitive;
pub(crate) mod table;
mod walk;

use std::fmt::Write as _;

use crate::ResourceType;
use crate::json::{Node, shown};

/// How bad an [`Issue`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document must not be accepted.
    Error,
    /// The document may be accepted.
    Warning,
}

/// One finding. It names elements, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// A code of <https://hl7.org/fhir/R4/valueset-issue-type.html>.
    pub code: &'static str,
    /// Where, as FHIRPath: `Patient.name[0].given[1]`.
    pub path: String,
    /// What, in words.
    pub message: String,
}

impl Issue {
    /// An error.
    pub fn error(code: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, path: path.into(), message: message.into() }
    }

    /// A warning.
    pub fn warning(code: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, code, path: path.into(), message: message.into() }
    }
}

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidateOptions {
    /// Findings after this many are dropped; at most 100.
    pub max_issues: usize,
    /// Accept `Type?query` references, as a transaction does before it resolves them.
    pub conditional_references: bool,
}

impl Default for ValidateOptions {
    fn default() -> Self {
        Self { max_issues: 100, conditional_references: true }
    }
}

/// Checks a resource of type `rt`. Nothing found means it is valid.
pub fn validate(rt: ResourceType, root: &Node<'_>, options: &ValidateOptions) -> Vec<Issue> {
    let mut walk = walk::Walk {
        issues: Vec::new(),
        cap: options.max_issues.min(100),
        options,
        contained: &[],
        inside: false,
    };
    walk.resource(rt, root, &Path { parent: None, name: rt.as_str(), index: None });
    walk.issues
}

/// The way to a value, kept on the stack and written down only for an issue.
#[derive(Clone, Copy)]
struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    name: &'p str,
    index: Option<usize>,
}

impl<'p> Path<'p> {
    fn child(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), name, index: None }
    }

    fn at(self, index: usize) -> Path<'p> {
        Path { index: Some(index), ..self }
    }

    fn write(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(out);
            out.push('.');
        }
        out.push_str(shown(self.name));
        if let Some(index) = self.index {
            // Writing to a String cannot fail.
            let _ = write!(out, "[{index}]");
        }
    }

    fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
