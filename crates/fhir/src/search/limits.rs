//! How much a query may ask, and when it is asked.

/// Bounds of a query.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most parameters of any sort.
    pub parameters: usize,
    /// Most values joined by commas in one parameter.
    pub values: usize,
    /// Longest value of one parameter, in bytes.
    pub length: usize,
    /// Largest page; a larger `_count` is cut to it.
    pub count: u32,
    /// Most keys in `_sort`.
    pub sort_keys: usize,
    /// The present, in microseconds since 1970 UTC: the prefix `ap` on dates widens by a tenth of the distance to it.
    pub now: i64,
}

impl Limits {
    /// The usual bounds, at an instant.
    pub fn at(now: i64) -> Limits {
        Limits { parameters: 50, values: 100, length: 4096, count: 1000, sort_keys: 5, now }
    }
}
