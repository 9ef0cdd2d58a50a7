//! The adapters against stand-ins for the world: servers of our own, Python's mail server and AWS, the published contracts of
//! Twilio and Vault.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod aiosmtpd;
mod contract;
mod custody;
mod fetch;
mod hook;
mod injection;
mod mail;
mod mailbox;
mod moto;
mod silence;
mod smtp_server;
mod support;
mod twilio;
mod words;
