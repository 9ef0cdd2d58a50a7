//! Bundles written piece by piece around the bytes of their resources; no tree is built.

use crate::json::push_quoted;

/// The bundles a server answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleType {
    /// The result of a search.
    Searchset,
    /// Past versions.
    History,
    /// The answer to a transaction.
    TransactionResponse,
    /// The answer to a batch.
    BatchResponse,
    /// Resources.
    Collection,
}

impl BundleType {
    /// The code of <https://hl7.org/fhir/R4/valueset-bundle-type.html>.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Searchset => "searchset",
            Self::History => "history",
            Self::TransactionResponse => "transaction-response",
            Self::BatchResponse => "batch-response",
            Self::Collection => "collection",
        }
    }
}

/// Why a resource is in a search result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It matches.
    Match,
    /// A match led to it.
    Include,
    /// It says something about the search.
    Outcome,
}

/// `entry.response`. Absent members are left out.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Response<'r> {
    /// Status code and reason: `201 Created`.
    pub status: &'r str,
    /// Where the resource is: `Patient/1/_history/1`.
    pub location: Option<&'r str>,
    /// `W/"1"`.
    pub etag: Option<&'r str>,
    /// RFC 3339.
    pub last_modified: Option<&'r str>,
    /// An OperationOutcome, as JSON.
    pub outcome: Option<&'r [u8]>,
}

/// A bundle being written. Resources must be valid JSON; they are copied as they are.
#[derive(Clone)]
pub struct Writer {
    out: Vec<u8>,
    entries: usize,
}

impl Writer {
    /// Begins a bundle; `links` are relation and URL.
    pub fn new(kind: BundleType, total: Option<u64>, links: &[(&str, &str)]) -> Self {
        let mut out = Vec::with_capacity(4096);
        out.extend_from_slice(br#"{"resourceType":"Bundle","type":""#);
        out.extend_from_slice(kind.as_str().as_bytes());
        out.push(b'"');
        if let Some(total) = total {
            out.extend_from_slice(format!(",\"total\":{total}").as_bytes());
        }
        for (i, (relation, url)) in links.iter().enumerate() {
            out.extend_from_slice(if i == 0 { b",\"link\":[" } else { b"," });
            out.extend_from_slice(br#"{"relation":"#);
            push_quoted(&mut out, relation);
            out.extend_from_slice(br#","url":"#);
            push_quoted(&mut out, url);
            out.push(b'}');
        }
        if !links.is_empty() {
            out.push(b']');
        }
        Self { out, entries: 0 }
    }

    /// A search result.
    pub fn found(&mut self, full_url: &str, resource: &[u8], mode: Mode) {
        self.begin(Some(full_url), Some(resource));
        self.out.extend_from_slice(match mode {
            Mode::Match => br#","search":{"mode":"match"}}"#.as_slice(),
            Mode::Include => br#","search":{"mode":"include"}}"#,
            Mode::Outcome => br#","search":{"mode":"outcome"}}"#,
        });
    }

    /// A past version: what was asked (`method`, `url`) and answered. A deletion has no resource.
    pub fn version(
        &mut self,
        full_url: &str,
        resource: Option<&[u8]>,
        method: super::Method,
        url: &str,
        response: &Response<'_>,
    ) {
        self.begin(Some(full_url), resource);
        self.out.extend_from_slice(br#","request":{"method":""#);
        self.out.extend_from_slice(method.as_str().as_bytes());
        self.out.extend_from_slice(br#"","url":"#);
        push_quoted(&mut self.out, url);
        self.out.push(b'}');
        self.respond(response);
    }

    /// The answer to one entry.
    pub fn response(&mut self, full_url: Option<&str>, resource: Option<&[u8]>, response: &Response<'_>) {
        self.begin(full_url, resource);
        self.respond(response);
    }

    /// A resource and nothing about it.
    pub fn resource(&mut self, full_url: &str, resource: &[u8]) {
        self.begin(Some(full_url), Some(resource));
        self.out.push(b'}');
    }

    /// Takes what is written so far, to send it on.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Ends the bundle: the rest of its bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.out.extend_from_slice(if self.entries > 0 { b"]}" } else { b"}" });
        self.out
    }

    /// An entry up to its resource; without either member the comma of the next one is spared.
    fn begin(&mut self, full_url: Option<&str>, resource: Option<&[u8]>) {
        // FHIR knows no empty arrays: `entry` begins with the first entry.
        self.out.extend_from_slice(if self.entries == 0 { b",\"entry\":[{" } else { b",{" });
        self.entries += 1;
        if let Some(url) = full_url {
            self.out.extend_from_slice(b"\"fullUrl\":");
            push_quoted(&mut self.out, url);
        }
        if let Some(resource) = resource {
            self.out.extend_from_slice(if full_url.is_some() { b",\"resource\":" } else { b"\"resource\":" });
            self.out.extend_from_slice(resource);
        }
    }

    /// `response`, and the end of the entry.
    fn respond(&mut self, response: &Response<'_>) {
        let comma = if self.out.ends_with(b"{") { "" } else { "," };
        self.out.extend_from_slice(comma.as_bytes());
        self.out.extend_from_slice(br#""response":{"status":"#);
        push_quoted(&mut self.out, response.status);
        for (name, value) in [
            ("location", response.location),
            ("etag", response.etag),
            ("lastModified", response.last_modified),
        ] {
            if let Some(value) = value {
                self.out.extend_from_slice(format!(",\"{name}\":").as_bytes());
                push_quoted(&mut self.out, value);
            }
        }
        if let Some(outcome) = response.outcome {
            self.out.extend_from_slice(b",\"outcome\":");
            self.out.extend_from_slice(outcome);
        }
        self.out.extend_from_slice(b"}}");
    }
}
