//! The adapters against stand-ins for the world: servers of our own, Python's mail server, Twilio's published contract.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod aiosmtpd;
mod contract;
mod fetch;
mod hook;
mod injection;
mod mail;
mod mailbox;
mod silence;
mod smtp_server;
mod support;
mod twilio;
mod words;
