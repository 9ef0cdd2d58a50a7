//! Backups and their rehearsals while the program runs: every night, and soon when one is due.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::backup::{self, Place};
use super::{keys, rehearse};
use crate::boot::Installation;

/// How often what PostgreSQL has archived is taken into the repository, and the clock looked at.
const LOOK: Duration = Duration::from_secs(5);
/// After so long without one, a backup does not wait for the night.
const DUE: SignedDuration = SignedDuration::from_hours(25);
/// How long a program runs before it takes the backup that is due: it has just been started.
const SOON: SignedDuration = SignedDuration::from_mins(2);

#[derive(Clone, Args)]
#[group(id = "nightly")]
pub(super) struct Options {
    /// When, in UTC, a backup is taken and rehearsed every night, where LAMPLIGHT_BACKUP_DIR says where to
    #[arg(long, env = "LAMPLIGHT_BACKUP_AT", value_name = "HH:MM", default_value = "02:15", value_parser = time)]
    backup_at: Time,
}

fn time(text: &str) -> Result<Time, String> {
    Time::strptime("%H:%M", text).map_err(|_| "a time of day, such as 02:15".to_owned())
}

/// The first time of day `at` after `now`.
fn next(now: Timestamp, at: Time) -> Timestamp {
    let today = now.to_zoned(TimeZone::UTC).date();
    let on =
        |date: jiff::civil::Date| date.to_datetime(at).to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    // At the end of time there is no next day, and no backup.
    let tonight = on(today).unwrap_or(Timestamp::MAX);
    if tonight > now {
        return tonight;
    }
    today.checked_add(1.day()).and_then(on).unwrap_or(Timestamp::MAX)
}

/// Whether another one can wait for the night.
fn is_recent(now: Timestamp, last: Option<Timestamp>) -> bool {
    last.is_some_and(|last| now.duration_since(last) < DUE)
}

/// When the first one is taken by a program that begins now.
fn first(now: Timestamp, last: Option<Timestamp>, at: Time) -> Timestamp {
    if is_recent(now, last) {
        return next(now, at);
    }
    next(now, at).min(now.saturating_add(SOON).unwrap_or(now))
}

/// What is kept in folders beside the database.
#[derive(Clone, Default)]
pub(super) struct Folders {
    /// The files of patients, which go into the backup.
    pub(super) files: Option<PathBuf>,
    /// The archived months of the audit log.
    pub(super) archive: Option<PathBuf>,
}

/// Takes the log into the repository as it comes, and every night a backup, which is rehearsed.
pub(super) async fn always(installation: Installation, options: Options, folders: Folders) {
    let world = installation.world().clone();
    let mut due = first(world.now(), last(&installation).await, options.backup_at);
    // Because there was none for long, and not because it is night.
    let mut soon = due < next(world.now(), options.backup_at);
    tracing::info!(at = %due, "the next backup");
    let mut trouble: Option<String> = None;
    loop {
        let drained = drain(&installation).await.err().map(|error| format!("{error:#}"));
        if let Some(error) = drained.as_ref().filter(|_| drained != trouble) {
            tracing::error!(
                error,
                "the log cannot be taken into the repository of backups; it is kept until it can"
            );
        }
        trouble = drained;
        if world.now() >= due {
            // Somebody may have taken it meanwhile.
            let taken = soon && is_recent(world.now(), last(&installation).await);
            if !taken {
                night(&installation, &folders).await;
            }
            (due, soon) = (next(world.now(), options.backup_at), false);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// When the last backup was complete, if that can be told.
async fn last(installation: &Installation) -> Option<Timestamp> {
    let state = async { Ok::<_, eyre::Report>(installation.main().open(1)?.backup_state().await?) };
    state.await.ok().and_then(|state| state.backed_up_at)
}

async fn drain(installation: &Installation) -> eyre::Result<()> {
    if let Some(backups) = installation.backups() {
        backups.repository()?.drain(installation.data_dir(), installation.world()).await?;
        backups.keyring()?.drain(&installation.keyring_dir(), installation.world()).await?;
    }
    Ok(())
}

/// A backup, and a rehearsal whether or not there is a new one: an old one is better than none.
async fn night(installation: &Installation, folders: &Folders) {
    let taken = async {
        let place = Place::find(installation)?;
        backup::take(installation, &place, None, folders.files.clone()).await
    };
    match taken.await {
        Ok(backup) => tracing::info!(backup = backup.label, bytes = backup.bytes, "a backup was taken"),
        Err(error) => tracing::error!(error = format!("{error:#}"), "no backup could be taken"),
    }
    if let Err(error) = keys::nightly(installation).await {
        tracing::error!(error = format!("{error:#}"), "keys could not be counted");
    }
    if let Err(error) = rehearse::nightly(installation, folders.archive.as_deref()).await {
        tracing::error!(error = format!("{error:#}"), "no backup could be rehearsed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_taken_every_night_and_soon_when_one_is_due() {
        let at = time("02:15").unwrap();
        assert!(time("2").is_err() && time("25:00").is_err());
        let now: Timestamp = "2026-11-23T01:00:00Z".parse().unwrap();
        let stamp = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(next(now, at), stamp("2026-11-23T02:15:00Z"));
        assert_eq!(next(stamp("2026-11-23T02:15:00Z"), at), stamp("2026-11-24T02:15:00Z"));
        let midday = stamp("2026-11-23T12:00:00Z");
        assert_eq!(first(midday, None, at), stamp("2026-11-23T12:02:00Z"), "there is none");
        assert_eq!(first(midday, Some(stamp("2026-11-21T02:15:00Z")), at), stamp("2026-11-23T12:02:00Z"));
        assert_eq!(first(midday, Some(stamp("2026-11-23T02:16:00Z")), at), stamp("2026-11-24T02:15:00Z"));
    }
}
