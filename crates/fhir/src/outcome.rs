//! OperationOutcome: <https://hl7.org/fhir/R4/operationoutcome.html>.

use crate::json::push_quoted;
use crate::validate::{Issue, Severity};

/// An OperationOutcome with these issues. Without any it says that all is well.
pub fn outcome(issues: &[Issue]) -> String {
    let mut out = br#"{"resourceType":"OperationOutcome","issue":["#.to_vec();
    if issues.is_empty() {
        out.extend_from_slice(br#"{"severity":"information","code":"informational"}"#);
    }
    for (i, issue) in issues.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        let severity = match issue.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        out.extend_from_slice(br#"{"severity":""#);
        out.extend_from_slice(severity.as_bytes());
        out.extend_from_slice(br#"","code":"#);
        push_quoted(&mut out, issue.code);
        if !issue.message.is_empty() {
            out.extend_from_slice(br#","diagnostics":"#);
            push_quoted(&mut out, &issue.message);
        }
        if !issue.path.is_empty() {
            out.extend_from_slice(br#","expression":["#);
            push_quoted(&mut out, &issue.path);
            out.push(b']');
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    String::from_utf8(out).expect("joined from UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ResourceType;
    use crate::json::{Limits, parse};
    use crate::validate::{ValidateOptions, validate};

    #[test]
    fn is_itself_valid() {
        let issue = Issue {
            severity: Severity::Error,
            code: "required",
            path: "Patient.name[0]".into(),
            message: "\"quoted\"\n".into(),
        };
        for issues in [vec![], vec![issue.clone()], vec![issue.clone(), issue]] {
            let text = outcome(&issues);
            let root = parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
            let found = validate(ResourceType::OperationOutcome, &root, &ValidateOptions::default());
            assert_eq!(found, vec![], "{text}");
        }
    }
}
