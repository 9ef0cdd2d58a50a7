//! A permit is for one use in one place.

fn copy<T: Clone>(one: &T) -> (T, T) {
    (one.clone(), one.clone())
}

fn spread(permit: &db::Permit<'_>) {
    copy(permit);
}

fn main() {}
