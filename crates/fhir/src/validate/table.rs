//! The shape of the generated element tables.

/// A composite: name, slots that must be filled (bit n is slot n), names of its choices (choice n has slot n, from 1),
/// elements sorted by length
/// of JSON name, then name.
pub(crate) struct K(
    pub(crate) &'static str,
    pub(crate) u64,
    pub(crate) &'static [&'static str],
    pub(crate) &'static [E],
);

/// An element: JSON name, type, may it repeat, slot (0: neither required nor a choice), list of codes, list of targets.
pub(crate) struct E(
    pub(crate) &'static str,
    pub(crate) u16,
    pub(crate) u8,
    pub(crate) u8,
    pub(crate) u16,
    pub(crate) u16,
);

/// A type code, read.
pub(crate) enum Type {
    /// A primitive.
    Primitive(Primitive),
    /// Any resource.
    Resource,
    /// The composite with this index.
    Kind(u16),
}

/// The primitive types, in the order the generator numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Primitive {
    Base64Binary,
    Boolean,
    Canonical,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Markdown,
    Oid,
    PositiveInt,
    String,
    Time,
    UnsignedInt,
    Uri,
    Url,
    Uuid,
    Xhtml,
}

const PRIMITIVES: [Primitive; 20] = [
    Primitive::Base64Binary,
    Primitive::Boolean,
    Primitive::Canonical,
    Primitive::Code,
    Primitive::Date,
    Primitive::DateTime,
    Primitive::Decimal,
    Primitive::Id,
    Primitive::Instant,
    Primitive::Integer,
    Primitive::Markdown,
    Primitive::Oid,
    Primitive::PositiveInt,
    Primitive::String,
    Primitive::Time,
    Primitive::UnsignedInt,
    Primitive::Uri,
    Primitive::Url,
    Primitive::Uuid,
    Primitive::Xhtml,
];

impl E {
    /// The element's type.
    pub(crate) fn kind(&self) -> Type {
        match self.1 {
            code if code < 100 => Type::Primitive(PRIMITIVES[usize::from(code)]),
            100 => Type::Resource,
            code => Type::Kind(code - 128),
        }
    }
}

impl K {
    /// The element with this JSON name.
    pub(crate) fn find(&self, name: &str) -> Option<&'static E> {
        self.3
            .binary_search_by(|e| e.0.len().cmp(&name.len()).then_with(|| e.0.cmp(name)))
            .ok()
            .map(|i| &self.3[i])
    }
}
