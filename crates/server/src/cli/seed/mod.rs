//! `lamplight seed`.

mod cast;
mod load;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chart::Store;
use clap::{Args, ValueEnum};
use eyre::{WrapErr as _, bail, eyre};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use synth::{Canary, Profile, World};

use super::{Done, out};
use crate::app::{App, Settings};
use crate::areas::demonstration::Demonstration;
use crate::boot::Installation;

/// The seed of the demonstration.
const DEMO_SEED: u64 = 1;

#[derive(Args)]
#[command(after_help = "Examples:\n  lamplight seed --profile demo\n  \
                        lamplight seed --profile scale --organizations 2 --facilities 10 --patients 500 --seed 7\n\n\
                        What is there already is left as it is, so that an interrupted run may be repeated: with the same\n\
                        profile, seed and day the same people and records are made.")]
pub(super) struct Options {
    /// Which world to make
    #[arg(long, value_enum)]
    profile: Name,
    /// Another number, other people
    #[arg(long, default_value_t = DEMO_SEED, value_name = "N")]
    seed: u64,
    /// The day on which the charts end [default: today]
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
    /// How many organizations (scale) [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    organizations: Option<u32>,
    /// How many facilities in all (scale) [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    facilities: Option<u32>,
    /// How many patients in all (scale) [default: 50000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    patients: Option<u32>,
    /// How many resources of each patient (scale) [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    resources: Option<u32>,
    /// Where to write which marker may be seen by whom (exam) [default: exam-manifest.json]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// How many patients to write at a time
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// A group of five houses with full charts
    Demo,
    /// Two organizations with the same people, every text marked, to prove that nothing leaks
    Exam,
    /// Many people, to measure with
    Scale,
}

impl Options {
    fn profile(&self) -> eyre::Result<Profile> {
        let sized = [self.organizations, self.facilities, self.patients, self.resources];
        if self.profile != Name::Scale && sized.iter().any(Option::is_some) {
            bail!("--organizations, --facilities, --patients and --resources go with --profile scale");
        }
        if self.profile != Name::Exam && self.manifest.is_some() {
            bail!("--manifest goes with --profile exam");
        }
        Ok(match self.profile {
            Name::Demo => Profile::Demo,
            Name::Exam => Profile::Exam,
            Name::Scale => Profile::Scale {
                organizations: self.organizations.unwrap_or(20),
                facilities_total: self.facilities.unwrap_or(200),
                patients_total: self.patients.unwrap_or(50_000),
                resources_per_patient: self.resources.unwrap_or(200),
            },
        })
    }

    /// Ids of one source never meet those of another.
    fn source(&self) -> String {
        let name = match self.profile {
            Name::Demo => "demo",
            Name::Exam => "exam",
            Name::Scale => "scale",
        };
        source(name, self.seed)
    }
}

fn source(name: &str, seed: u64) -> String {
    format!("seed-{name}-{seed}")
}

fn today(installation: &Installation) -> Date {
    installation.world().now().to_zoned(TimeZone::UTC).date()
}

pub(super) async fn run(options: Options, installation: &Installation) -> eyre::Result<Done> {
    let profile = options.profile()?;
    let world = World::new(profile, options.seed, options.today.unwrap_or_else(|| today(installation)));
    if profile == Profile::Exam {
        let path = options.manifest.clone().unwrap_or_else(|| PathBuf::from("exam-manifest.json"));
        write_manifest(&path, &world.exam_manifest())?;
        out::note(format!("wrote {}", path.display()));
    }
    let jobs = options.jobs.into();
    let began = installation.world().now();
    let counts = load::load(installation, None, world, options.source(), jobs).await?;
    let took = installation.world().now().duration_since(began).as_secs_f64();
    out::line(format!("{} records: {counts}; {took:.1} s", counts.total()))?;
    Ok(if counts.refused == 0 { Done::Wholly } else { Done::InPart })
}

/// Makes the demonstration where there is nothing yet, and its people wherever it is; gives them.
pub(super) async fn demo(
    installation: &Installation,
    store: &Store,
    settings: Settings,
    make: bool,
) -> eyre::Result<Option<Arc<Demonstration>>> {
    let world = || World::new(Profile::Demo, DEMO_SEED, today(installation));
    let plan =
        world().organizations().into_iter().next().ok_or_else(|| eyre!("an organization is planned"))?;
    let app = App::new(store.clone(), installation.world().clone(), settings);
    if make {
        cast::found(&app, installation, &plan).await?;
        let world = world().until(installation.world().now());
        let counts = load::load(installation, Some(store), world, source("demo", DEMO_SEED), 2).await?;
        if counts.refused > 0 {
            bail!("{} records of the demonstration were refused", counts.refused);
        }
    } else if !cast::is_there(installation, &plan).await? {
        return Ok(None);
    }
    Ok(Some(cast::settle(&app, installation, &world(), &plan).await?))
}

/// A marker as the manifest shows it.
#[derive(Serialize)]
struct Marker<'a> {
    marker: &'a str,
    organization: &'a str,
    facility: &'a str,
    patient: &'a str,
    resource_type: &'a str,
    field: &'a str,
    full_url: &'a str,
    may_see: &'a [String],
}

fn write_manifest(path: &Path, canaries: &[Canary]) -> eyre::Result<()> {
    let markers: Vec<Marker<'_>> = canaries
        .iter()
        .map(|canary| Marker {
            marker: &canary.marker,
            organization: &canary.organization,
            facility: &canary.facility,
            patient: &canary.patient,
            resource_type: canary.resource_type,
            field: &canary.field,
            full_url: &canary.full_url,
            may_see: &canary.may_see,
        })
        .collect();
    let text = serde_json::to_vec_pretty(&markers)?;
    let opened = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path);
    opened
        .and_then(|mut file| file.write_all(&text))
        .wrap_err_with(|| format!("{} cannot be written", path.display()))
}
