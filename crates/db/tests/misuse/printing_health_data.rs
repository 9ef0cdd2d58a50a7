//! Health data in clear has no printed form.

fn debug(value: &db::Phi<String>) -> String {
    format!("{value:?}")
}

fn display(value: &db::Phi<String>) -> String {
    format!("{value}")
}

fn main() {}
