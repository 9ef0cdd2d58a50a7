//! Identifiers as types, so that one cannot stand for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    };
}

number_id! {
    /// A tenant. Positive; leads every key in the database.
    OrganizationId
}
number_id! {
    /// A site of an organization, unique on the installation. [`FacilityId::WHOLE`] stands for the organization itself.
    FacilityId
}
number_id! {
    /// A person's (or a service's) post in one organization.
    MembershipId
}
number_id! {
    /// A human who signs in, on the whole installation. Positive; never shown outside.
    PersonId
}
uuid_id! {
    /// One signed-in browser.
    SessionId
}
uuid_id! {
    /// One membership open in one tab of a session.
    ContextId
}
uuid_id! {
    /// The logical id of a FHIR resource; time-ordered (UUIDv7).
    ResourceId
}
uuid_id! {
    /// The logical id of a Patient resource, whose compartment and keys it names.
    PatientId
}
uuid_id! {
    /// One audit event.
    EventId
}
uuid_id! {
    /// One HTTP request, command or job run.
    RequestId
}
uuid_id! {
    /// A service token (not its secret).
    TokenId
}

impl OrganizationId {
    /// The installation itself: the log and the keys of what belongs to no organization, such as people.
    pub const PLATFORM: Self = Self(i32::MAX);
}

impl FacilityId {
    /// Rows that belong to the organization as a whole: its directory of practitioners, locations, medications.
    pub const WHOLE: Self = Self(0);
}

impl From<PatientId> for ResourceId {
    fn from(id: PatientId) -> Self {
        Self(id.0)
    }
}

/// The version of a mutable thing, counted from 1 (FHIR `meta.versionId`, HTTP `ETag: W/"n"`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i32);

impl Version {
    /// The version of a thing just created.
    pub const FIRST: Self = Self(1);

    /// The version after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is not a version: a positive decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseVersionError;

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(number) if number > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(Self(number)),
            _ => Err(ParseVersionError),
        }
    }
}
