//! The sealed FHIR store on top of `db`: read, search, write, history, bundles, import, export.
//!
//! One path for every way in and out (ARCHITECTURE, invariant 8): rows come back sealed, are opened into [`db::Phi`], filtered
//! while closed, and leave as [`Document`]s only against the receipt of their audit event.

mod bundle;
mod closed;
mod compress;
mod directory;
mod enter;
mod error;
mod export;
mod files;
mod hooks;
mod import;
mod index;
mod intake;
mod integrity;
mod merge;
mod model;
mod places;
mod reassign;
mod record;
mod search;
mod seen;
mod sight;
mod store;
mod tally;
mod turn;
mod unite;
mod view;
mod withdraw;
mod worn;
mod write;

pub use closed::Closed;
pub use enter::New;
pub use error::Error;
pub use files::{FILE, STATUS_REASON};
pub use hooks::{DOSE, HANDOVER, INCIDENT, LETTER, NOTE, TEMPLATE};
pub use integrity::{Fault, Integrity, Wrong};
pub use model::{
    CreateOptions, Document, ExportPage, ExportRequest, ExportScope, History, ImportOptions, ImportRecord,
    ImportReport, Imported, Page, Revision, SearchRequest, Seen, Written,
};
pub use reassign::{Moved, Reassignment};
pub use record::DRAFT;
pub use search::cursor::Cursor;
pub use sight::{has_compartment, has_parameter, has_type};
pub use store::Store;
pub use tally::{Coded, Overlap};
pub use turn::{Tokens, Turned, are_lost};
pub use unite::{Parted, UNDOABLE, Union, United};
pub use withdraw::{Alike, Withdrawn};
