//! Faults that are made on purpose, at moments that no test could hit from outside. A program without the feature `faults`
//! has none of it; a release build with it is refused.

use crate::{Db, Error};

#[cfg(all(feature = "faults", not(debug_assertions)))]
compile_error!(
    "the feature `faults` makes things fail on purpose: it is for tests, and no release build may have it"
);

/// A moment at which something can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// Events of reads are durable; those who wait for them have not been told.
    Logged,
    /// A write is about to be sent, with its event and `COMMIT`.
    Committing,
    /// It is committed; whoever asked for it has not been told.
    Committed,
    /// Those who follow events are about to be told how far they have come.
    Telling,
}

/// What happens there.
#[cfg(feature = "faults")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What comes after does not happen, as if the connection had broken.
    Lost,
    /// What comes after happens later.
    Late(std::time::Duration),
}

/// The faults that are set.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    #[cfg(feature = "faults")]
    set: std::sync::Arc<std::sync::Mutex<std::collections::HashMap<Point, Fault>>>,
}

impl Faults {
    /// Passes a point: nothing, unless a test has set a fault there.
    #[cfg(not(feature = "faults"))]
    #[inline]
    pub(crate) async fn pass(&self, _: Point) -> Result<(), Error> {
        Ok(())
    }

    /// Passes a point, where a test may have set a fault.
    #[cfg(feature = "faults")]
    pub(crate) async fn pass(&self, point: Point) -> Result<(), Error> {
        let set = self.set.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&point).copied();
        match set {
            None => Ok(()),
            Some(Fault::Lost) => Err(Error::Unavailable("a fault that a test has set")),
            Some(Fault::Late(by)) => {
                tokio::time::sleep(by).await;
                Ok(())
            }
        }
    }
}

impl Db {
    /// Passes a point outside this crate.
    ///
    /// # Errors
    /// What a test has set there; nothing else.
    #[inline]
    pub async fn pass(&self, point: Point) -> Result<(), Error> {
        self.inner.faults.pass(point).await
    }

    /// Sets a fault, or takes it away.
    #[cfg(feature = "faults")]
    pub fn set_fault(&self, point: Point, fault: Option<Fault>) {
        let mut set = self.inner.faults.set.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match fault {
            Some(fault) => set.insert(point, fault),
            None => set.remove(&point),
        };
    }
}
