//! The lamplight program: HTTP, command line, areas of the clinic's work.

pub mod app;
mod areas;
pub mod boot;
pub mod cli;
pub mod http;
mod kits;
