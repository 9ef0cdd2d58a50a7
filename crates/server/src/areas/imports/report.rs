//! What became of the rows, as CSV: numbers, outcomes and faults, and no cell of the sheet.

use super::model::ShownFault;
use super::store::Line;

/// What stands above the columns.
pub(super) const HEADINGS: &str =
    "row,outcome,record,column,field,fault,may be the same as,differs,undone\r\n";

/// A line for each fault of a row, and one for a row without.
pub(super) fn lines(lines: &[Line], headings: &[String], into: &mut String) {
    for line in lines {
        let shown: Vec<ShownFault> = line.faults.iter().map(|fault| ShownFault::of(fault)).collect();
        let resource = line.resource.map(|id| id.to_string()).unwrap_or_default();
        let alike: Vec<String> = line.alike.iter().map(uuid::Uuid::to_string).collect();
        let row = |column: &str, field: &str, fault: &str| {
            let cells = [
                &line.number.to_string(),
                &*line.outcome,
                &resource,
                column,
                field,
                fault,
                &alike.join(" "),
                &line.differs.join(" "),
                line.undone.as_deref().unwrap_or_default(),
            ]
            .map(quoted);
            format!("{}\r\n", cells.join(","))
        };
        if shown.is_empty() {
            into.push_str(&row("", "", ""));
        }
        for fault in shown {
            let heading = fault.column.and_then(|at| headings.get(usize::from(at)));
            let words = sheets::Wrong::of(&fault.fault).map_or("", sheets::Wrong::words);
            let heading = heading.map(String::as_str).unwrap_or_default();
            into.push_str(&row(heading, fault.field.as_deref().unwrap_or_default(), words));
        }
    }
}

/// A cell (RFC 4180) that no spreadsheet program takes for a formula.
fn quoted(text: &str) -> String {
    let safe =
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if safe.contains([',', '"', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_stay_text_whatever_they_begin_with() {
        let mut text = String::new();
        let line = Line {
            number: 7,
            outcome: "fault".to_owned(),
            faults: vec!["0:birth_date:short-year".to_owned(), "::twice".to_owned()],
            ..Line::default()
        };
        lines(&[line], &["=cmd|' /C calc'!A0, \"x\"".to_owned()], &mut text);
        assert_eq!(
            text,
            "7,fault,,\"'=cmd|' /C calc'!A0, \"\"x\"\"\",birth_date,write the year with four digits,,,\r\n\
             7,fault,,,,an earlier row has the same identifier,,,\r\n"
        );
    }
}
