//! Health data in clear, and the one way to look at it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kernel::{DataClass, FacilityId, OrganizationId, PatientId, ResourceId};

use crate::Error;
use crate::audit::Receipt;

/// Whose data it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The organization.
    pub organization: OrganizationId,
    /// The facility of the row.
    pub facility: FacilityId,
    /// The patient, for rows of a patient.
    pub patient: Option<PatientId>,
    /// The row.
    pub resource: ResourceId,
    /// Its class.
    pub class: DataClass,
}

/// What a request has shown, of which its answer must say something.
#[derive(Clone, Debug, Default)]
pub struct Shown(Arc<AtomicBool>);

impl Shown {
    /// Writes down that something of this class was shown.
    pub fn note(&self, class: DataClass) {
        if class == DataClass::SubstanceUse {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// What has to accompany it: the short notice of 42 CFR 2.32(a)(2) where substance-use records are shown.
    pub fn notice(&self) -> Option<&'static str> {
        const PART_2: &str = "42 CFR part 2 prohibits unauthorized use or disclosure of these records.";
        self.0.load(Ordering::Relaxed).then_some(PART_2)
    }
}

/// Health data in clear. It has no `Debug`, `Display`, `Serialize` or `Clone`; a [`Receipt`] that covers its subject
/// opens it, and a receipt exists only after the audit event is durable (ARCHITECTURE, invariant 6).
pub struct Phi<T> {
    value: T,
    subject: Subject,
}

impl<T> Phi<T> {
    /// Marks `value` as the health data of `subject`.
    pub fn new(value: T, subject: Subject) -> Self {
        Self { value, subject }
    }

    /// Whose it is.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// Takes the value out.
    ///
    /// # Errors
    /// [`Error::NotCovered`] when the receipt is for someone else's record.
    pub fn open(self, receipt: &Receipt) -> Result<T, Error> {
        if !receipt.covers(&self.subject) {
            return Err(Error::NotCovered);
        }
        receipt.shown().note(self.subject.class);
        Ok(self.value)
    }

    /// Asks a yes-or-no question of the value without showing it: how a search filters what its index cannot.
    pub fn matches(&self, question: impl FnOnce(&T) -> bool) -> bool {
        question(&self.value)
    }

    /// Changes the form (decompressing, parsing, indexing) and keeps it closed.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Phi<U> {
        Phi { value: change(self.value), subject: self.subject }
    }
}

impl<T, E> Phi<Result<T, E>> {
    /// Turns a closed result inside out; the error must hold no health data.
    ///
    /// # Errors
    /// The error inside.
    pub fn transpose(self) -> Result<Phi<T>, E> {
        let subject = self.subject;
        self.value.map(|value| Phi { value, subject })
    }
}
