//! Bundles: <https://hl7.org/fhir/R4/bundle.html>, processed as <https://hl7.org/fhir/R4/http.html#transaction> says.

mod plan;
mod read;
mod write;

use crate::ResourceType;
use crate::json::Node;
use crate::validate::Issue;

pub use plan::{Plan, Rewritten};
pub use read::{import, read};
pub use write::{BundleType, Mode, Response, Writer};

/// What a client asks to have done together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All or nothing.
    Transaction,
    /// Each entry for itself.
    Batch,
}

/// The interaction an entry asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read, search or operation.
    Get,
    /// The same without a body.
    Head,
    /// Create or operation.
    Post,
    /// Update.
    Put,
    /// Patch.
    Patch,
    /// Delete.
    Delete,
}

impl Method {
    /// As HTTP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// A code of <https://hl7.org/fhir/R4/valueset-http-verb.html>.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|m| m.as_str() == text)
    }

    /// When in a transaction: deletes, creates, updates, reads.
    fn turn(self) -> u8 {
        match self {
            Self::Delete => 0,
            Self::Post => 1,
            Self::Put | Self::Patch => 2,
            Self::Get | Self::Head => 3,
        }
    }
}

/// `request.url`, taken apart: `[Type[/id[/_history/version]]][/$operation][?query]`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Target<'n> {
    /// The type.
    pub rtype: Option<ResourceType>,
    /// The logical id.
    pub id: Option<&'n str>,
    /// The version.
    pub version: Option<&'n str>,
    /// Does the path end in `_history`?
    pub history: bool,
    /// The operation, without its `$`.
    pub operation: Option<&'n str>,
    /// What follows the question mark.
    pub query: Option<&'n str>,
}

/// One entry to process.
#[derive(Clone)]
pub struct Entry<'n> {
    /// Its place in the bundle, from 0.
    pub index: usize,
    /// `fullUrl`.
    pub full_url: Option<&'n str>,
    /// `request.method`.
    pub method: Method,
    /// `request.url` as written; empty for an imported entry.
    pub url: &'n str,
    /// `request.url`, taken apart.
    pub target: Target<'n>,
    /// `request.ifMatch`.
    pub if_match: Option<&'n str>,
    /// `request.ifNoneMatch`.
    pub if_none_match: Option<&'n str>,
    /// `request.ifModifiedSince`.
    pub if_modified_since: Option<&'n str>,
    /// `request.ifNoneExist`, a query.
    pub if_none_exist: Option<&'n str>,
    /// The resource.
    pub resource: Option<&'n Node<'n>>,
}

/// A transaction or batch, read.
#[derive(Clone)]
pub struct Bundle<'n> {
    /// Which of the two.
    pub kind: Kind,
    /// The entries that can be processed, in the order of the bundle.
    pub entries: Vec<Entry<'n>>,
    /// Of a batch, the entries that cannot, by index. Always empty for a transaction, which is refused instead.
    pub refused: Vec<(usize, Issue)>,
}

impl Bundle<'_> {
    /// Positions in `entries` in the order FHIR processes them: DELETE, POST, PUT and PATCH, GET and HEAD; within each
    /// in the order of the bundle.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|i| self.entries[*i].method.turn());
        order
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
