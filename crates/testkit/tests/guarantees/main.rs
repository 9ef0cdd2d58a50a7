//! What the house guarantees, shown on the whole of it: each module is one promise, and fails when something is added
//! that the promise does not cover. `LAMPLIGHT_TEST_SCALE=full` runs the counts that an acceptance names.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod apart;
mod bad_input;
mod boundary;
mod bundles;
mod custody;
mod erasing;
mod full_disk;
mod people;
mod plans;
mod pool;
mod properties;
mod rotation;
mod sealed;
mod sealing;
mod server;
mod succeeding;
mod support;
mod synthea;
mod tampering;
mod turning;
mod unwritable;
