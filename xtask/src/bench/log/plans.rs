//! Plans as PostgreSQL itself tells them of the program's own statements, under the program's own role.

use super::super::install::Installation;
use super::super::{Fallible, connect};
use super::ask::Question;
use super::fill::set;

/// The plan of the slowest statement of the questions.
pub(super) async fn slowest(installation: &mut Installation, questions: &[Question]) -> Fallible<String> {
    let database = installation.superuser()?;
    // In two steps: a setting of what is not loaded is refused.
    for settings in [
        &["session_preload_libraries = 'auto_explain'"][..],
        &[
            "auto_explain.log_min_duration = 0",
            "auto_explain.log_analyze = on",
            "auto_explain.log_buffers = on",
        ],
    ] {
        set(&connect(&database).await?, settings).await?;
    }
    installation.restart().await?;
    let caller = installation.caller_everywhere()?;
    let mut connection = caller.connect().await?;
    for question in questions {
        connection.ask(&caller.get(&question.target)).await?;
    }
    let log = std::fs::read_to_string(installation.postgres_log())?;
    Ok(longest(&log).unwrap_or("no plan was told").to_owned() + "\n")
}

/// The entry of a server's log that tells the longest duration.
fn longest(log: &str) -> Option<&str> {
    const MARK: &str = "LOG:  duration: ";
    let mut found: Option<(f64, &str)> = None;
    let starts: Vec<usize> = log.match_indices(MARK).map(|(at, _)| at).collect();
    for at in starts {
        let entry = &log[at + MARK.len()..];
        // Lines that go on an entry are indented.
        let end = entry
            .match_indices('\n')
            .find(|(at, _)| !entry[at + 1..].starts_with('\t'))
            .map_or(entry.len(), |(at, _)| at);
        let entry = &entry[..end];
        let took = entry.split(' ').next().and_then(|number| number.parse::<f64>().ok()).unwrap_or_default();
        if entry.contains("plan:") && found.is_none_or(|(most, _)| took > most) {
            found = Some((took, entry));
        }
    }
    found.map(|(_, entry)| entry)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_longest_entry_is_found_with_all_its_lines() {
        let log = "2026 UTC [1] LOG:  duration: 1.5 ms  plan:\n\tQuery Text: SELECT 1\n\tResult\n2026 UTC [1] LOG:  ready\n\
                   2026 UTC [2] LOG:  duration: 12.25 ms  plan:\n\tQuery Text: SELECT 2\n\tResult  (rows=1)\n\
                   2026 UTC [2] LOG:  duration: 99.0 ms\n";
        let told = super::longest(log).unwrap();
        assert_eq!(told, "12.25 ms  plan:\n\tQuery Text: SELECT 2\n\tResult  (rows=1)");
        assert!(super::longest("nothing").is_none());
    }
}
