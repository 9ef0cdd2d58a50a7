//! `lamplight audit export`.

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use db::seal::{Contents, Logs, Wanted};
use eyre::{WrapErr as _, ensure};
use jiff::Timestamp;
use merkle::Verifier;

use super::super::session::Session;
use super::{Done, instant, keys, out};
use crate::boot::Installation;

pub(super) const HELP: &str = "\
The file names patients by their ids and people by their posts, and holds no record. Whoever has the public key verifies \
it without this program's database:
  lamplight audit export --organization oak-hill --out oak-hill.jsonl.zst
  lamplight audit verify --bundle oak-hill.jsonl.zst --key audit.pub";

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The organization, by its slug [default: every one of the main database]
    #[arg(long, value_name = "SLUG")]
    organization: Option<String>,
    /// From this day or instant on (UTC unless it says otherwise), or from a checkpoint before it [default: the first]
    #[arg(long, value_name = "DATE", value_parser = instant)]
    from: Option<Timestamp>,
    /// Until before this day or instant, or until a checkpoint after it [default: the last]
    #[arg(long, value_name = "DATE", value_parser = instant)]
    until: Option<Timestamp>,
    /// Public keys that checkpoints may be signed with, a line each [default: that of the installation]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Where to write it; compressed when the name ends with .zst
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) async fn run(options: Options, installation: &Installation) -> eyre::Result<Done> {
    let keys = keys(options.key.as_deref(), installation)?;
    let (mut logs, mut organization) = (installation.main().sealed_log()?, None);
    if let Some(slug) = &options.organization {
        let session = Session::enter(installation, slug).await?;
        logs = session.database().sealed_log()?;
        organization = Some(session.organization.id.0);
    }
    ensure!(!options.out.exists(), "{} is there already", options.out.display());
    let wanted = Wanted { organization, from: options.from, until: options.until };
    let contents = written(&logs, &keys, &wanted, &options.out).await?;
    out::line(format!(
        "{}: {} events of {} logs, {} checkpoints",
        options.out.display(),
        contents.events,
        contents.logs,
        contents.checkpoints
    ))?;
    Ok(Done::Wholly)
}

/// Writes a bundle to a file that is there wholly or not at all, for its owner to read.
pub(super) async fn written(
    logs: &Logs,
    keys: &[Verifier],
    wanted: &Wanted,
    to: &Path,
) -> eyre::Result<Contents> {
    let told = || format!("{} cannot be written", to.display());
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
    let mut buffered = BufWriter::new(made.wrap_err_with(told)?);
    let exported = if to.extension().is_some_and(|end| end == "zst") {
        let mut encoder =
            zstd::Encoder::new(&mut buffered, zstd::DEFAULT_COMPRESSION_LEVEL).wrap_err_with(told)?;
        let contents = db::seal::export(logs, keys, wanted, &mut encoder).await;
        encoder.finish().wrap_err_with(told)?;
        contents
    } else {
        db::seal::export(logs, keys, wanted, &mut buffered).await
    };
    let finished = async {
        let contents = exported?;
        buffered.flush().wrap_err_with(told)?;
        buffered.get_ref().sync_all().wrap_err_with(told)?;
        fs::rename(&part, to).wrap_err_with(told)?;
        Ok(contents)
    };
    let finished = finished.await;
    if finished.is_err() {
        // What is left is no bundle.
        let _ = fs::remove_file(&part);
    }
    finished
}
