//! `lamplight export`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chart::{Document, ExportRequest, Store};
use clap::Args;
use db::Ctx;
use eyre::{WrapErr as _, bail};
use fhir::ResourceType;
use flate2::Compression;
use flate2::write::GzEncoder;
use indicatif::ProgressBar;
use kernel::PatientId;
use serde::Serialize;

use super::session::Session;
use super::{Done, out, progress};
use crate::boot::Installation;

/// Records of one page, hence in memory at a time.
const PAGE: i64 = 1000;
/// The file that says what may not be done with substance-use records, where there are some.
const NOTICE: &str = "NOTICE.txt";

#[derive(Args)]
#[command(after_help = "\
Writes a file for each type that has records: Patient.ndjson, Observation.ndjson, ... They are health data in clear: the
folder and the files are readable by you alone, and what was taken out is in the audit log. Where substance-use records
are among them, NOTICE.txt says that 42 CFR part 2 protects them; hand it on with them.

Examples:
  lamplight export --organization oak-hill --out backup/
  lamplight export --organization oak-hill --facility north --type Patient --type Observation --gzip --out north/
  lamplight export --organization oak-hill --patient 01981f3e-7c1a-7b52-8f6e-0a4c2f1d9b10 --out ann/")]
pub(super) struct Options {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Only these facilities, by code, and what belongs to the organization as a whole
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    facility: Vec<String>,
    /// Only these types; may be repeated
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<ResourceType>,
    /// Only this patient's records
    #[arg(long, value_name = "ID")]
    patient: Option<PatientId>,
    /// Where to write: a folder that is empty or not there yet
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Compress the files
    #[arg(long)]
    gzip: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// What was written of a type.
#[derive(Serialize)]
struct Written {
    #[serde(rename = "type")]
    rtype: &'static str,
    file: String,
    records: u64,
}

pub(super) async fn run(options: Options, installation: &Installation) -> eyre::Result<Done> {
    let session = Session::enter(installation, &options.organization).await?;
    let ctx = session.context(&session.choose(&options.facility)?);
    let store = session.store(1)?;
    make_empty(&options.out)?;
    let mut types = if options.types.is_empty() { ResourceType::ALL.to_vec() } else { options.types.clone() };
    types.sort_unstable_by_key(|rtype| rtype.as_str());
    types.dedup();
    let began = installation.world().now();
    let bar = progress::counter("records");
    let mut written = Vec::new();
    for rtype in types {
        bar.set_message(rtype.as_str());
        if let Some(one) = export(&store, &ctx, &options, rtype, &bar).await? {
            written.push(one);
        }
    }
    bar.finish_and_clear();
    if let Some(notice) = ctx.shown().notice() {
        write_notice(&options.out, notice)?;
    }
    File::open(&options.out).and_then(|dir| dir.sync_all())?;
    let took = installation.world().now().duration_since(began).as_secs_f64();
    let total: u64 = written.iter().map(|one| one.records).sum();
    if options.json {
        out::json(&written)?;
    } else {
        for one in &written {
            out::line(format!("{:>9}  {}", one.records, one.file))?;
        }
        out::line(format!("{total:>9}  records in {} files; {took:.1} s", written.len()))?;
    }
    Ok(Done::Wholly)
}

/// What has to accompany the records wherever they go.
fn write_notice(dir: &Path, notice: &str) -> eyre::Result<()> {
    let path = dir.join(NOTICE);
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
        writeln!(file, "{notice}")?;
        file.sync_all()
    };
    write().wrap_err_with(|| format!("{} cannot be written", path.display()))
}

/// Old and new files would be taken for one export.
fn make_empty(dir: &Path) -> eyre::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.wrap_err_with(|| format!("{} cannot be made", dir.display()))?;
    let mut entries = fs::read_dir(dir).wrap_err_with(|| format!("{} cannot be listed", dir.display()))?;
    if entries.next().is_some() {
        bail!("{} is not empty: name another folder", dir.display());
    }
    Ok(())
}

/// Writes the records of one type; `None` when there are none.
async fn export(
    store: &Store,
    ctx: &Ctx,
    options: &Options,
    rtype: ResourceType,
    bar: &ProgressBar,
) -> eyre::Result<Option<Written>> {
    let mut after = None;
    let mut file: Option<Output> = None;
    let mut records = 0;
    loop {
        let request = ExportRequest { rtype, patient: options.patient, after, limit: PAGE };
        let page =
            store.export(ctx, request).await.wrap_err_with(|| format!("{rtype} cannot be exported"))?;
        if !page.documents.is_empty() {
            let file = match &mut file {
                Some(file) => file,
                None => file.insert(Output::create(&options.out, rtype, options.gzip)?),
            };
            for document in &page.documents {
                file.write(document)
                    .wrap_err_with(|| format!("{} cannot be written", file.path.display()))?;
            }
            records += page.documents.len() as u64;
            bar.inc(page.documents.len() as u64);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let Some(file) = file else { return Ok(None) };
    let name = file.finish()?;
    Ok(Some(Written { rtype: rtype.as_str(), file: name, records }))
}

/// A file being written under a temporary name, which goes when it is not finished.
struct Output {
    path: PathBuf,
    temporary: PathBuf,
    writer: Option<Writer>,
}

enum Writer {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Output {
    fn create(dir: &Path, rtype: ResourceType, gzip: bool) -> eyre::Result<Self> {
        let name = format!("{rtype}.ndjson{}", if gzip { ".gz" } else { "" });
        let temporary = dir.join(format!("{name}.part"));
        let opened = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&temporary);
        let file = opened.wrap_err_with(|| format!("{} cannot be made", temporary.display()))?;
        let file = BufWriter::with_capacity(256 << 10, file);
        let writer = if gzip {
            Writer::Gzip(Box::new(GzEncoder::new(file, Compression::default())))
        } else {
            Writer::Plain(file)
        };
        Ok(Self { path: dir.join(name), temporary, writer: Some(writer) })
    }

    fn write(&mut self, document: &Document) -> io::Result<()> {
        let writer: &mut dyn Write = match &mut self.writer {
            Some(Writer::Plain(file)) => file,
            Some(Writer::Gzip(file)) => file,
            None => return Ok(()),
        };
        let mut line = Vec::with_capacity(document.body.len() + 1);
        document.write_line(&mut line);
        writer.write_all(&line)
    }

    /// Gives the file its name once it is on the disk.
    fn finish(mut self) -> eyre::Result<String> {
        let done = || -> io::Result<()> {
            let file = match self.writer.take() {
                Some(Writer::Plain(file)) => file,
                Some(Writer::Gzip(file)) => file.finish()?,
                None => return Ok(()),
            };
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&self.temporary, &self.path)
        };
        let mut done = done;
        done().wrap_err_with(|| format!("{} cannot be written", self.path.display()))?;
        Ok(self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Gone already when it was finished.
        let _ = fs::remove_file(&self.temporary);
    }
}
