//! The areas of the clinic's work, each a folder with the same rooms.

pub(crate) mod accesses;
pub(crate) mod announcements;
pub(crate) mod branding;
pub(crate) mod demonstration;
pub(crate) mod documents;
pub(crate) mod emergency;
pub(crate) mod events;
mod every;
pub(crate) mod exports;
pub(crate) mod facilities;
pub(crate) mod family;
pub(crate) mod fhir;
pub(crate) mod fields;
pub(crate) mod incidents;
pub(crate) mod medications;
pub(crate) mod merges;
pub(crate) mod modules;
pub(crate) mod notes;
pub(crate) mod oauth;
pub(crate) mod people;
pub(crate) mod platform;
pub(crate) mod providers;
pub(crate) mod shifts;
pub(crate) mod stays;
pub(crate) mod support;
pub(crate) mod tasks;
pub(crate) mod terminology;
