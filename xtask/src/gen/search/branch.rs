//! The part of FHIRPath that R4 search expressions are written in: dotted paths, unions, type filters and a few
//! `where` clauses. Anything else is an error, so that a new definition cannot be half understood.

/// One move along a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seg {
    /// Into a member.
    Name(String),
    /// `[0]`
    First,
    /// `.ofType(T)`, `.as(T)` or `as T`
    OfType(String),
    /// `.where(member='value')`
    Equals(String, String),
    /// `.where(resolve() is T)`
    Is(String),
}

/// One alternative of a union.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Branch {
    /// A path, its first name included.
    Path(Vec<Seg>),
    /// `Patient.deceased.exists() and Patient.deceased != false`, the only expression of R4 that computes.
    Deceased,
}

const DECEASED: &str = "Patient.deceased.exists() and Patient.deceased != false";

/// The branches of an expression.
pub(super) fn parse(expression: &str) -> Result<Vec<Branch>, String> {
    split(expression, '|')?.into_iter().map(|b| branch(b.trim())).collect()
}

fn branch(text: &str) -> Result<Branch, String> {
    if text == DECEASED { Ok(Branch::Deceased) } else { path(text).map(Branch::Path) }
}

fn path(text: &str) -> Result<Vec<Seg>, String> {
    let text = text.trim();
    let (mut segs, rest) = match text.strip_prefix('(') {
        Some(inner) => {
            let end = closing(inner)?;
            (path(&inner[..end])?, inner[end + 1..].trim().trim_start_matches('.'))
        }
        None => (Vec::new(), text),
    };
    if rest.is_empty() {
        return Ok(segs);
    }
    let (rest, cast) = match rest.split_once(" as ") {
        Some((left, right)) => (left.trim(), Some(right.trim())),
        None => (rest, None),
    };
    for part in split(rest, '.')? {
        segment(part, &mut segs)?;
    }
    segs.extend(cast.map(|t| Seg::OfType(type_name(t))));
    Ok(segs)
}

fn segment(part: &str, segs: &mut Vec<Seg>) -> Result<(), String> {
    let argument = |function: &str| part.strip_prefix(function).and_then(|a| a.strip_suffix(')'));
    if let Some(t) = argument("ofType(").or_else(|| argument("as(")) {
        segs.push(Seg::OfType(type_name(t)));
    } else if let Some(condition) = argument("where(") {
        segs.push(match (condition.strip_prefix("resolve() is "), condition.split_once('=')) {
            (Some(t), _) => Seg::Is(t.trim().to_owned()),
            (None, Some((member, value))) => {
                Seg::Equals(member.trim().to_owned(), value.trim().trim_matches('\'').to_owned())
            }
            _ => return Err(format!("unknown condition {condition}")),
        });
    } else {
        let (name, first) = match part.strip_suffix("[0]") {
            Some(name) => (name, true),
            None => (part, false),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '%';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(format!("unknown step {part}"));
        }
        segs.push(Seg::Name(name.to_owned()));
        segs.extend(first.then_some(Seg::First));
    }
    Ok(())
}

/// R4 writes `DateTime` once where it means `dateTime` (Observation code-value-date).
fn type_name(text: &str) -> String {
    if text == "DateTime" { "dateTime".to_owned() } else { text.to_owned() }
}

/// The place of the parenthesis that closes one already opened.
fn closing(text: &str) -> Result<usize, String> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok(at);
        }
    }
    Err(format!("unbalanced parentheses in {text}"))
}

fn split(text: &str, separator: char) -> Result<Vec<&str>, String> {
    let (mut parts, mut depth, mut quoted, mut start) = (Vec::new(), 0, false, 0);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            c if c == separator && depth == 0 && !quoted => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    if depth != 0 || quoted {
        return Err(format!("unbalanced {text}"));
    }
    parts.push(&text[start..]);
    Ok(parts)
}

/// The stable text of a branch: without blanks, outer parentheses and `resolve()` filters, so that parameters which
/// read the same elements share it.
pub(super) fn key(segs: &[Seg]) -> String {
    let mut out = String::new();
    for seg in segs {
        match seg {
            Seg::Name(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(name);
            }
            Seg::First => out.push_str("[0]"),
            Seg::OfType(t) => out.push_str(&format!(".ofType({t})")),
            Seg::Equals(member, value) => out.push_str(&format!(".where({member}='{value}')")),
            Seg::Is(_) => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(expression: &str) -> Vec<String> {
        let key_of = |b: &Branch| match b {
            Branch::Path(segs) => key(segs),
            Branch::Deceased => "deceased".to_owned(),
        };
        parse(expression).unwrap().iter().map(key_of).collect()
    }

    #[test]
    fn the_shapes_of_r4_are_understood() {
        for (expression, expected) in [
            ("Observation.code | Observation.component.code", "Observation.code Observation.component.code"),
            ("(Observation.value as Quantity)", "Observation.value.ofType(Quantity)"),
            (
                "(Observation.value.ofType(CodeableConcept)).text",
                "Observation.value.ofType(CodeableConcept).text",
            ),
            ("Account.subject.where(resolve() is Patient)", "Account.subject"),
            ("Patient.telecom.where(system='phone') ", "Patient.telecom.where(system='phone')"),
            ("Bundle.entry[0].resource", "Bundle.entry[0].resource"),
            (DECEASED, "deceased"),
        ] {
            assert_eq!(keys(expression).join(" "), expected);
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for expression in ["Patient.name.first()", "Patient.where(a or b)", "(Patient.name", "a.b + c"] {
            assert!(parse(expression).is_err(), "{expression}");
        }
    }
}
