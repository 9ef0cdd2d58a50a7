//! The server's settings, as text of a PostgreSQL configuration file.

use crate::Error;
use std::{fmt::Write, path::Path};

/// Names the socket file only; nothing listens on a network.
pub(crate) const PORT: u16 = 5432;

/// What the caller may change.
const DEFAULTS: &[(&str, &str)] = &[
    ("shared_buffers", "256MB"),
    ("max_connections", "100"),
    ("max_wal_size", "4GB"),
    ("checkpoint_timeout", "15min"),
    ("random_page_cost", "1.1"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
];

/// What holds whatever the caller says. `log_min_messages=log` leaves out errors of statements: their texts carry
/// values (`invalid input syntax for type date: "..."`), and values are health data. Terse verbosity leaves out the
/// details, which carry keys of rows and the statement a crashed process ran.
const FLOOR: &[(&str, &str)] = &[
    ("listen_addresses", ""),
    ("unix_socket_permissions", "0700"),
    ("password_encryption", "scram-sha-256"),
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    ("log_line_prefix", "%m [%p] "),
    ("log_statement", "none"),
    ("log_duration", "off"),
    ("log_min_duration_statement", "-1"),
    ("log_min_duration_sample", "-1"),
    ("log_transaction_sample_rate", "0"),
    ("log_min_messages", "log"),
    ("log_min_error_statement", "panic"),
    ("log_error_verbosity", "terse"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
    ("log_checkpoints", "off"),
    ("debug_print_parse", "off"),
    ("debug_print_rewritten", "off"),
    ("debug_print_plan", "off"),
    ("restart_after_crash", "on"),
];

/// The text of the include file: defaults, then the caller's settings, then the floor; the last one counts.
pub(crate) fn render(
    socket_dir: &Path,
    callers: &[(String, String)],
    wal_compression: &str,
) -> Result<String, Error> {
    let mut text = String::from("# Written by Lamplight at every start: changes made here are lost.\n");
    line(&mut text, "wal_compression", wal_compression)?;
    for (name, value) in DEFAULTS {
        line(&mut text, name, value)?;
    }
    for (name, value) in callers {
        line(&mut text, name, value)?;
    }
    let socket_dir = socket_dir.to_str().ok_or_else(|| Error::NotUtf8(socket_dir.to_path_buf()))?;
    // The value is a list of identifiers: quoted, so that a comma in the path does not divide it.
    line(&mut text, "unix_socket_directories", &format!("\"{}\"", socket_dir.replace('"', "\"\"")))?;
    line(&mut text, "port", &PORT.to_string())?;
    for (name, value) in FLOOR {
        line(&mut text, name, value)?;
    }
    Ok(text)
}

fn line(text: &mut String, name: &str, value: &str) -> Result<(), Error> {
    let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    if !named || value.contains(['\n', '\r', '\0']) {
        return Err(Error::BadSetting(name.escape_default().to_string()));
    }
    let value = value.replace('\\', "\\\\").replace('\'', "''");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{name} = '{value}'");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(callers: &[(&str, &str)]) -> Result<String, Error> {
        let callers: Vec<_> = callers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        render(Path::new("/tmp/a,b"), &callers, "on")
    }

    #[test]
    fn the_callers_setting_comes_after_the_default() {
        let text = rendered(&[("shared_buffers", "32MB")]).unwrap();
        assert!(text.find("shared_buffers = '256MB'") < text.find("shared_buffers = '32MB'"));
        assert!(text.contains("unix_socket_directories = '\"/tmp/a,b\"'"));
    }

    #[test]
    fn privacy_of_the_log_is_not_the_callers_to_change() {
        let text = rendered(&[("log_statement", "all")]).unwrap();
        assert!(text.find("log_statement = 'all'") < text.find("log_statement = 'none'"));
    }

    #[test]
    fn a_setting_cannot_smuggle_another() {
        rendered(&[("jit", "off\nlog_statement = all")]).unwrap_err();
        rendered(&[("a = 1 #", "x")]).unwrap_err();
        assert!(rendered(&[("search_path", "it's")]).unwrap().contains("search_path = 'it''s'"));
    }
}
