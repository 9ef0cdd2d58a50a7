//! Keys and sealing (ADR 0005): a root key wraps one key per organization, which wraps one key per patient and data
//! class and the organization's own keys. Destroying a patient's keys erases the patient.

mod apart;
mod chunks;
mod erase;
mod ring;
mod root;
mod seal;

pub(crate) use apart::sweep;
pub use apart::{join_keyring, keyring_home};
pub use chunks::{CHUNK, Chunks};
pub use erase::{Erasure, LedgerHead};
pub use ring::{Keyring, PatientKey};
pub(crate) use ring::{WRAPS_OTHERS, commitment, organization_label, patient_label, unwrap, wrap};
pub use root::RootKey;
pub use seal::{DataKey, Place, SearchKey};
