//! What follows when keys of a patient were destroyed (ADR 0039): how far the ledger has come is kept beside the data, the
//! bytes go from the disk, and the backups of the keyring are replaced by one without them.

use std::time::Duration;

use db::Db;
use db::keys::LedgerHead;

use super::backup;
use crate::boot::{Installation, noted_erasures};

/// How often the ledger is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Looks for as long as the program runs.
pub(super) async fn always(installation: Installation, db: Db) {
    let mut followed: Option<Vec<LedgerHead>> = None;
    let mut trouble: Option<String> = None;
    loop {
        let error = match db.ledger_heads().await {
            Ok(heads) if followed.as_ref() == Some(&heads) => None,
            Ok(heads) => match follow(&installation, &heads).await {
                Ok(()) => {
                    followed = Some(heads);
                    None
                }
                Err(error) => Some(format!("{error:#}")),
            },
            Err(error) => Some(error.to_string()),
        };
        if let Some(error) = error.as_ref().filter(|error| trouble.as_ref() != Some(error)) {
            tracing::error!(error, "destroyed keys may be on the disk or in a backup of the keyring still");
        }
        trouble = error;
        tokio::time::sleep(LOOK).await;
    }
}

async fn follow(installation: &Installation, heads: &[LedgerHead]) -> eyre::Result<()> {
    if installation.known_erasures()? != heads {
        // First: from here on an older keyring is refused.
        installation.keep_erasures(heads)?;
        installation.main().keys_operator().await?.sweep_keys().await?;
    }
    let Some(backups) = installation.backups() else { return Ok(()) };
    // What is noted and not understood is noted anew.
    if noted_erasures(backups).unwrap_or_default() != heads {
        let taken = backup::take_keyring(installation).await?;
        tracing::info!(
            backup = taken.label,
            "the keyring was backed up without the keys that were destroyed"
        );
    }
    Ok(())
}
