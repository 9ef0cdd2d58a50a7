//! Argon2id (RFC 9106) with the memory kept between hashes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use kernel::World;
use zeroize::Zeroizing;

use super::normalise;
use crate::secret::equal;

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes; computed one after the other.
    pub lanes: u32,
}

impl Cost {
    /// 19 MiB, two passes, one lane: OWASP's Password Storage Cheat Sheet.
    pub const OWASP: Self = Self { memory: 19_456, passes: 2, lanes: 1 };

    /// The most that a stored hash may ask for: an imported one must not exhaust the machine.
    const MOST: Self = Self { memory: 128 << 10, passes: 8, lanes: 8 };

    fn params(self) -> Option<Params> {
        let most = Self::MOST;
        let bearable = self.memory <= most.memory && self.passes <= most.passes && self.lanes <= most.lanes;
        bearable.then(|| Params::new(self.memory, self.passes, self.lanes, None).ok()).flatten()
    }
}

/// Argon2 does not know the cost, or it is more than 128 MiB, 8 passes or 8 lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such cost of Argon2")]
pub struct BadCost;

/// Stands for a password too long to be one. NFKC never gives this character, so nothing typed is ever equal to it.
const UNTYPABLE: &str = "\u{fb01}";

/// What became of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the right one.
    Right,
    /// It is the right one, but hashed at another cost than ours: hash it anew and store that.
    RightButOld,
    /// It is not, or what is stored is no Argon2id hash.
    Wrong,
}

/// Hashes and verifies. Each call computes for tens of milliseconds: from async code go through
/// [`super::HashQueue`].
pub struct Hasher {
    cost: Cost,
    params: Params,
    /// Memory not in use. As many buffers as there ever were hashes at the same time.
    spare: Mutex<Vec<Vec<Block>>>,
}

impl Hasher {
    /// A hasher that makes hashes of `cost`; [`Cost::OWASP`] but in tests.
    ///
    /// # Errors
    /// [`BadCost`].
    pub fn new(cost: Cost) -> Result<Self, BadCost> {
        let params = cost.params().ok_or(BadCost)?;
        Ok(Self { cost, params, spare: Mutex::default() })
    }

    /// The PHC string of a password, under a new salt of 128 bits. The password must have passed [`super::check`]: one
    /// too long is hashed, but never verifies.
    pub fn hash(&self, password: &str, world: &World) -> String {
        self.hash_salted(password, world.random())
    }

    pub(super) fn hash_salted(&self, password: &str, salt: [u8; 16]) -> String {
        let text = normalise(password);
        let text = text.as_ref().map_or(UNTYPABLE, |text| text.as_str());
        let hash = self.compute(&self.params, text, &salt);
        let Cost { memory, passes, lanes } = self.cost;
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(*hash));
        format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}")
    }

    /// Whether `password` is the one hashed as `phc`. A hash that cannot be read costs as much as a wrong password.
    pub fn verify(&self, phc: &str, password: &str) -> Verdict {
        let (Some(stored), Some(text)) = (Stored::parse(phc), normalise(password)) else {
            return self.verify_nobody(password);
        };
        let Some(params) = stored.cost.params() else { return self.verify_nobody(password) };
        let hash = self.compute(&params, &text, &stored.salt);
        match (equal(&*hash, &stored.hash), stored.cost == self.cost) {
            (false, _) => Verdict::Wrong,
            (true, true) => Verdict::Right,
            (true, false) => Verdict::RightButOld,
        }
    }

    /// The work of [`Hasher::verify`] for an account that is not there, so that the time taken does not tell. Always
    /// [`Verdict::Wrong`].
    pub fn verify_nobody(&self, password: &str) -> Verdict {
        let text = normalise(password);
        let text = text.as_ref().map_or(UNTYPABLE, |text| text.as_str());
        let hash = self.compute(&self.params, text, &[0; 16]);
        // Never equal, and the compiler cannot know.
        if equal(&*hash, &[0; 32]) { Verdict::RightButOld } else { Verdict::Wrong }
    }

    fn compute(&self, params: &Params, text: &str, salt: &[u8]) -> Zeroizing<[u8; 32]> {
        let blocks = params.block_count();
        let ours = blocks == self.params.block_count();
        let spare = if ours { self.spare().pop() } else { None };
        let mut memory = spare.unwrap_or_else(|| vec![Block::new(); blocks]);
        let mut hash = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
            .hash_password_into_with_memory(text.as_bytes(), salt, &mut *hash, &mut memory[..])
            .expect("lengths of password, salt and hash are within Argon2's bounds");
        // What is left in memory would let its reader try passwords for next to nothing.
        memory.fill(Block::new());
        if ours {
            self.spare().push(memory);
        }
        hash
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        // Whoever panicked with the lock held left whole buffers.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A PHC string of Argon2id, version 19.
struct Stored {
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Stored {
    fn parse(phc: &str) -> Option<Self> {
        let mut parts = phc.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let mut costs_of = costs.split(',');
        let mut number = |name: &str| costs_of.next()?.strip_prefix(name)?.parse().ok();
        let cost = Cost { memory: number("m=")?, passes: number("t=")?, lanes: number("p=")? };
        let [salt, hash] = [salt, hash].map(|text| STANDARD_NO_PAD.decode(text).ok());
        let stored = Self { cost, salt: salt?, hash: hash? };
        let whole = parts.next().is_none() && costs_of.next().is_none();
        let sizes = (8..=64).contains(&stored.salt.len()) && stored.hash.len() == 32;
        (whole && sizes).then_some(stored)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::world;

    const CHEAP: Cost = Cost { memory: 64, passes: 1, lanes: 1 };

    fn cheap() -> Hasher {
        Hasher::new(CHEAP).unwrap()
    }

    #[test]
    fn our_cost_is_what_owasp_asks_for() {
        let hasher = Hasher::new(Cost::OWASP).unwrap();
        let phc = hasher.hash("correct horse", &world(8));
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert_eq!(hasher.verify(&phc, "correct horse"), Verdict::Right);
        assert_eq!(hasher.verify(&phc, "correct horsf"), Verdict::Wrong);
        assert_eq!(hasher.spare.lock().unwrap().len(), 1, "one buffer served three hashes");
    }

    #[test]
    fn hashes_of_the_reference_program_are_read() {
        // `argon2 somesalt -id -t 2 -m 16 -p 1` of the reference implementation's test suite, for "password".
        let phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert_eq!(cheap().verify(phc, "password"), Verdict::RightButOld);
        assert_eq!(cheap().verify(phc, "passwore"), Verdict::Wrong);
    }

    #[test]
    fn the_same_password_has_another_hash_each_time() {
        let world = world(9);
        assert_ne!(cheap().hash("a password", &world), cheap().hash("a password", &world));
    }

    #[test]
    fn a_password_typed_otherwise_is_the_same() {
        let phc = cheap().hash("Grüße ｆｕｌｌ", &world(10));
        assert_eq!(cheap().verify(&phc, "Gru\u{308}ße full"), Verdict::Right);
    }

    #[test]
    fn an_older_cost_asks_for_a_new_hash() {
        let older = Hasher::new(Cost { passes: 2, ..CHEAP }).unwrap();
        let phc = older.hash("a password", &world(11));
        assert_eq!(cheap().verify(&phc, "a password"), Verdict::RightButOld);
        assert_eq!(cheap().verify(&phc, "another"), Verdict::Wrong);
        let anew = cheap().hash("a password", &world(11));
        assert_eq!(cheap().verify(&anew, "a password"), Verdict::Right);
    }

    #[test]
    fn what_is_no_hash_of_ours_is_wrong() {
        let phc = cheap().hash("a password", &world(12));
        let bad = [
            String::new(),
            phc.replace("argon2id", "argon2i"),
            phc.replace("v=19", "v=16"),
            phc.replace("m=64", "m=4194304"),
            phc.replace("t=1", "t=4000000000"),
            phc.replace("p=1", "p=16777215"),
            phc.replace("p=1", "p=0"),
            phc.replace("p=1", "p=1,x=1"),
            format!("{phc}$"),
            format!("{phc}="),
        ];
        for phc in bad {
            assert_eq!(cheap().verify(&phc, "a password"), Verdict::Wrong, "{phc}");
        }
    }

    #[test]
    fn nobody_and_megabytes_are_wrong() {
        assert_eq!(cheap().verify_nobody("a password"), Verdict::Wrong);
        let phc = cheap().hash(&"é".repeat(1 << 20), &world(13));
        for password in [&"é".repeat(1 << 20), "", UNTYPABLE, "fi"] {
            assert_eq!(cheap().verify(&phc, password), Verdict::Wrong);
        }
    }

    #[test]
    fn costs_beyond_bearing_are_refused() {
        for cost in
            [Cost { memory: 1 << 20, ..CHEAP }, Cost { passes: 0, ..CHEAP }, Cost { lanes: 100, ..CHEAP }]
        {
            assert_eq!(Hasher::new(cost).err(), Some(BadCost), "{cost:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_stored_or_typed_panics(phc in ".*", tail in "[$=,a-z0-9]{0,60}", password in ".*") {
            for phc in [phc, format!("$argon2id$v=19$m=64{tail}")] {
                prop_assert_eq!(cheap().verify(&phc, &password), Verdict::Wrong);
            }
        }
    }
}
