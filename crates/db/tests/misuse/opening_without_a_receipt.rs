//! What nobody logged nobody reads.

fn open(value: db::Phi<String>) -> Option<String> {
    value.open().ok()
}

fn reach_in(value: db::Phi<String>) -> String {
    value.value
}

fn main() {}
