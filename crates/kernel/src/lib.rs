//! Ids, clock, randomness and the vocabulary every crate shares; no IO.
//!
//! Time and randomness are arguments here, never ambient: everything that asks for the time or for random bytes
//! is handed a [`World`], so that a test can decide both.

mod custody;
mod ids;
mod world;

pub use custody::{KeyService, KeyServiceError, Waiting, WrappingKey};
pub use ids::{
    ContextId, EventId, FacilityId, MembershipId, OrganizationId, ParseVersionError, PatientId, PersonId,
    RequestId, ResourceId, SessionId, TokenId, Version,
};
pub use world::{Clock, Entropy, FixedClock, SeededEntropy, SystemClock, SystemEntropy, World};

/// The sensitivity class of a record. Each class of a patient has a key of its own (ADR 0005), and the classes above
/// [`DataClass::General`] need a grant of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i16)]
pub enum DataClass {
    /// Ordinary health data.
    General = 0,
    /// Substance-use treatment records (42 CFR Part 2).
    SubstanceUse = 1,
    /// Counselling and psychotherapy notes (45 CFR 164.501).
    Counselling = 2,
    /// Document contents (attachments, images).
    Documents = 3,
}

impl DataClass {
    /// All classes, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::General, Self::SubstanceUse, Self::Counselling, Self::Documents];

    /// The class stored as `code`.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|class| *class as i16 == code)
    }

    /// Whether type-level search may never see it (ADR 0004: sensitive classes get no facility tokens).
    pub fn is_sensitive(self) -> bool {
        matches!(self, Self::SubstanceUse | Self::Counselling)
    }
}
