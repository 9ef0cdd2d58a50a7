//! The program's log: JSON lines on standard error.
//!
//! What goes through the `log` crate is not taken in: the database driver writes the values of statements there. Nothing
//! of ours ever logs a value of a record.

use eyre::WrapErr as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

/// Starts logging at `level`.
pub(super) fn start(level: Option<&str>, stays: bool) -> eyre::Result<()> {
    let level = level.unwrap_or(if stays { "info" } else { "warn" });
    let filter: Targets = level.parse().wrap_err("--log (LAMPLIGHT_LOG) is not understood")?;
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter));
    tracing::subscriber::set_global_default(subscriber).wrap_err("logging cannot be started")
}
