//! What makes a log provable: Merkle trees as RFC 9162, section 2.1 has them, and checkpoints of them as signed notes
//! (C2SP: signed-note, tlog-checkpoint). It knows nothing of what the log is of.

mod checkpoint;
mod note;
mod tree;

pub use checkpoint::Checkpoint;
pub use note::{Error, Signer, Verifier};
pub use tree::{Hash, Tile, Tree};
