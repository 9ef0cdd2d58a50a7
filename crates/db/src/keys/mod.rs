//! Keys and sealing (ADR 0005): a root key or a key service (ADR 0041) wraps one key per organization, which wraps one key
//! per patient and data class and the organization's own keys. Destroying a patient's keys erases the patient.

mod apart;
mod chunks;
mod custody;
mod erase;
mod organization;
mod ring;
mod root;
mod seal;
mod tokens;
mod wrapping;

pub(crate) use apart::sweep;
pub use apart::{join_keyring, keyring_home};
pub use chunks::{CHUNK, Chunks};
pub use custody::{Custody, KeyServices, LocalKey, ROOT, ServiceState};
pub use erase::{Erasure, LedgerHead};
pub use ring::{Keyring, PatientKey};
pub use root::RootKey;
pub use seal::{DataKey, Place, SearchKey};
pub use tokens::{FIRST_SEARCH_KEY, TokenKeys, TokenState};
pub(crate) use wrapping::{
    INDEX, SEARCH, WRAPS_OTHERS, commitment, organization_label, patient_label, unwrap, wrap,
};
