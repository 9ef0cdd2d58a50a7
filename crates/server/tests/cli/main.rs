//! The program from its command line, each test with an installation of its own.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod backup;
mod bulk;
mod erasure;
mod house;
mod keys;
mod kills;
mod operator;
mod placing;
mod sealing;
mod serving;
mod sheets;
