//! What is wrong with a query, told without repeating it: values are health data.

/// A fault of one parameter. Holds no value from the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The parameter as written, reduced to `[A-Za-z0-9_:.-]{1,64}`.
    pub parameter: String,
    /// A FHIR issue type: `not-supported`, `value`, `too-costly` or `too-long`.
    pub code: &'static str,
    /// What is wrong.
    pub message: &'static str,
}

impl Fault {
    pub(super) fn new(parameter: &str, code: &'static str, message: &'static str) -> Fault {
        let keep = |c: &char| c.is_ascii_alphanumeric() || "_:.-".contains(*c);
        let mut name: String = parameter.chars().filter(keep).take(64).collect();
        if name.is_empty() {
            name.push('_');
        }
        Fault { parameter: name, code, message }
    }

    pub(super) fn unsupported(parameter: &str, message: &'static str) -> Fault {
        Fault::new(parameter, "not-supported", message)
    }

    pub(super) fn value(parameter: &str, message: &'static str) -> Fault {
        Fault::new(parameter, "value", message)
    }
}
