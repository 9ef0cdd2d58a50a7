//! Figures as a table to take along.

use super::model::{Figures, SpanView};
use crate::areas::csv;

/// A line for each facility and span.
pub(super) fn csv(figures: &Figures) -> String {
    let mut out = String::new();
    csv::line(&mut out, ["facility", "from", "to"].into_iter().chain(figures.measures.iter().copied()));
    for facility in &figures.facilities {
        lines(&mut out, &facility.name, &facility.spans, figures.few);
    }
    lines(&mut out, "organization as a whole", &figures.elsewhere, figures.few);
    out
}

fn lines(out: &mut String, name: &str, spans: &[SpanView], few: bool) {
    for span in spans {
        let (from, to) = (span.from.to_string(), span.to.to_string());
        let untold = if few { "fewer than 5" } else { "" };
        let values: Vec<String> = span
            .values
            .iter()
            .map(|value| value.map_or_else(|| untold.to_owned(), |value| value.to_string()))
            .collect();
        csv::line(out, [name, &from, &to].into_iter().chain(values.iter().map(String::as_str)));
    }
}
