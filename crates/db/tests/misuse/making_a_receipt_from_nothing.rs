//! There is no receipt for nothing.

fn make() -> db::Receipt {
    db::Receipt::default()
}

fn main() {}
