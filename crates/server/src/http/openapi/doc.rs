//! What a row of the table says of itself in the description.

use std::collections::BTreeMap;

use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema};

/// A route's words and shapes. Everything else in the description follows from the row.
#[derive(Clone, Copy)]
pub(crate) struct Doc {
    /// What it does, in one line.
    pub(super) summary: &'static str,
    /// The body it takes.
    pub(super) takes: Option<Shape>,
    /// The parameters of the query: name and meaning. All may be left out.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// The status of a success.
    pub(super) status: u16,
    /// The body of a success.
    pub(super) gives: Option<Shape>,
    /// The codes of problems that are its own: see [`super::problems`].
    pub(super) problems: &'static [&'static str],
    /// The action that a person may have to prove themselves for once more.
    pub(super) step_up: Option<&'static str>,
    /// Whether it names in `If-Match` the version that it changes.
    pub(super) conditional: bool,
}

impl Doc {
    /// A route that takes nothing and answers 204.
    pub(crate) const fn new(summary: &'static str) -> Self {
        Self {
            summary,
            takes: None,
            query: &[],
            status: 204,
            gives: None,
            problems: &[],
            step_up: None,
            conditional: false,
        }
    }

    /// It takes a `T` in the body.
    #[must_use]
    pub(crate) const fn takes<T: ToSchema>(self) -> Self {
        Self { takes: Some(Shape::of::<T>()), ..self }
    }

    /// It reads these from the query.
    #[must_use]
    pub(crate) const fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    /// A success is a `T` with this status.
    #[must_use]
    pub(crate) const fn gives<T: ToSchema>(self, status: u16) -> Self {
        Self { status, gives: Some(Shape::of::<T>()), ..self }
    }

    /// A success has this status and no body.
    #[must_use]
    pub(crate) const fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// It may fail with these codes.
    #[must_use]
    pub(crate) const fn problems(self, problems: &'static [&'static str]) -> Self {
        Self { problems, ..self }
    }

    /// It may ask for a step-up for this action.
    #[must_use]
    pub(crate) const fn step_up(self, action: &'static str) -> Self {
        Self { step_up: Some(action), ..self }
    }

    /// It changes the version that `If-Match` names, and no other.
    #[must_use]
    pub(crate) const fn conditional(self) -> Self {
        Self { conditional: true, ..self }
    }
}

/// A type's schema, made when it is asked for.
#[derive(Clone, Copy)]
pub(super) struct Shape(fn(&mut Schemas) -> RefOr<Schema>);

impl Shape {
    pub(super) const fn of<T: ToSchema>() -> Self {
        Self(|schemas| schemas.add::<T>())
    }

    pub(super) fn add(self, schemas: &mut Schemas) -> RefOr<Schema> {
        self.0(schemas)
    }
}

/// The schemas that anything refers to, by name.
#[derive(Default)]
pub(super) struct Schemas {
    pub(super) by_name: BTreeMap<String, RefOr<Schema>>,
    /// Names that two different schemas go by.
    pub(super) ambiguous: Vec<String>,
}

impl Schemas {
    fn add<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let mut all = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut all);
        for (name, schema) in all {
            match self.by_name.get(&name) {
                Some(known) if *known != schema => self.ambiguous.push(name),
                Some(_) => {}
                None => {
                    self.by_name.insert(name, schema);
                }
            }
        }
        Ref::from_schema_name(T::name()).into()
    }
}

/// The schema of a word that is one of these, for members that are text in the program.
pub(crate) fn one_of(words: &[&'static str]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied())).build()
}

/// One of these words, or null.
pub(crate) fn one_of_or_null(words: &[&'static str]) -> Object {
    let values = words.iter().map(|word| Some(*word)).chain([None]);
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(values))
        .build()
}
