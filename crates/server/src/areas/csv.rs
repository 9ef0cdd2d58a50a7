//! A table as text (RFC 4180), for whoever takes one out.

/// A line of cells.
pub(super) fn line<'c>(out: &mut String, cells: impl IntoIterator<Item = &'c str>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        push(out, cell);
    }
    out.push_str("\r\n");
}

/// A cell. What a spreadsheet would take for a formula gets an apostrophe in front and stays what it says.
fn push(out: &mut String, cell: &str) {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    if !formula && !cell.contains([',', '"', '\r', '\n']) {
        out.push_str(cell);
        return;
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    for letter in cell.chars() {
        if letter == '"' {
            out.push('"');
        }
        out.push(letter);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_need_be_and_are_no_formulas() {
        let mut out = String::new();
        line(&mut out, ["plain", "a, \"b\"", "two\nlines", "=1+1", "-4", ""]);
        assert_eq!(out, "plain,\"a, \"\"b\"\"\",\"two\nlines\",\"'=1+1\",-4,\r\n");
    }
}
