//! Health data in clear is handed on, not multiplied.

fn copy<T: Clone>(one: &T) -> (T, T) {
    (one.clone(), one.clone())
}

fn spread(value: &db::Phi<String>) {
    copy(value);
}

fn main() {}
