//! A disk that fills while records come in: a clear error that trying again may help, no half of anything, and
//! everything works again when there is room. Needs a small file system of its own, which only root can mount.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use chart::{Imported, Store};
use db::Ctx;
use jiff::civil::date;
use kernel::FacilityId;
use synth::{Profile, World};

use crate::server::{DATABASE, Folder, Server};
use crate::support::{all_accepted, collection, into, request, say, skipped};

/// A file system in memory of so many megabytes.
pub(crate) struct Small(pub(crate) PathBuf);

impl Small {
    pub(crate) fn mount(at: &Path, megabytes: usize) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={megabytes}m,mode=0777");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output().ok()?;
        done.status.success().then(|| Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Best effort: what is mounted in a temporary folder, and the folder.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// Fills the file system up to so many free bytes.
pub(crate) fn fill(small: &Small, leave: usize) -> PathBuf {
    let ballast = small.0.join("ballast");
    let answer = Command::new("df").args(["-B1", "--output=avail"]).arg(&small.0).output().unwrap();
    let text = String::from_utf8(answer.stdout).unwrap();
    let free: usize = text.lines().nth(1).unwrap().trim().parse().unwrap();
    std::fs::write(&ballast, vec![0; free.saturating_sub(leave)]).unwrap();
    ballast
}

/// Charts to bring in, one bundle each.
fn charts() -> Vec<Vec<u8>> {
    let profile = Profile::Scale {
        organizations: 1,
        facilities_total: 1,
        patients_total: 40,
        resources_per_patient: 150,
    };
    let world = World::new(profile, 5, date(2026, 3, 2));
    let chart = |n| {
        let mut resources = world.directory(0);
        resources.extend(world.patient(0, 0, n));
        collection(&resources)
    };
    (0..40).map(chart).collect()
}

/// Imports until the disk is full; says how many charts are in.
async fn until_full(store: &Store, ctx: &Ctx, facility: FacilityId, charts: &[Vec<u8>]) -> usize {
    for (at, chart) in charts.iter().enumerate() {
        match store.import_bundle(ctx, chart, &into(facility)).await {
            Ok(report) => all_accepted(&report),
            Err(error) => {
                let chart::Error::Db(inner) = &error else { panic!("{error:?}") };
                assert!(inner.is_transient(), "{error:?} does not say that trying again may help");
                assert_eq!(error.status(), 503);
                assert_eq!(error.issues()[0].code, "transient");
                say(&format!("full after {at} charts: {error}"));
                return at;
            }
        }
    }
    panic!("{} charts fit: the disk did not fill", charts.len());
}

/// After room was made: nothing is half there, and the rest can be brought in.
async fn goes_on(store: &Store, ctx: &Ctx, facility: FacilityId, charts: &[Vec<u8>]) {
    let mut patience = 100;
    for chart in charts {
        let report = loop {
            match store.import_bundle(ctx, chart, &into(facility)).await {
                Ok(report) => break report,
                Err(error) => {
                    assert!(patience > 0, "{error} long after there was room");
                    patience -= 1;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        };
        all_accepted(&report);
        let of_patient = |outcome: &Imported| {
            let records = report
                .records
                .iter()
                .filter(|record| record.rtype.is_some_and(fhir::compartment::may_hold_patient_data));
            records.filter(|record| record.outcome == *outcome).count()
        };
        let (created, unchanged, updated) = (
            of_patient(&Imported::Created),
            of_patient(&Imported::Unchanged),
            of_patient(&Imported::Updated),
        );
        assert_eq!(updated, 0);
        assert!(
            created == 0 || unchanged == 0,
            "half a chart was there: {unchanged} records of {}",
            created + unchanged
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_find_no_room_leave_nothing_half_written() {
    let folder = Folder::new();
    let Some(small) = Small::mount(&folder.0.join("small"), 48) else {
        return skipped("a small disk cannot be mounted here");
    };
    let server = Server::start(&[("fsync", "off"), ("shared_buffers", "16MB")]).await;
    let superuser = server.superuser("postgres").await;
    let place = small.0.join("tables");
    std::fs::create_dir(&place).unwrap();
    hand_over(&server.folder.0.join("data/postgres"), &place);
    superuser
        .batch_execute(&format!("CREATE TABLESPACE small LOCATION '{}'", place.display()))
        .await
        .unwrap();
    superuser.batch_execute(&format!("ALTER DATABASE {DATABASE} SET TABLESPACE small")).await.unwrap();
    let mut operator = server.operator().await;
    let tenant = crate::support::tenant(&mut operator, "full").await;
    let (store, ctx) = (server.store(), operator.enter(&tenant.row, &[tenant.north], request()));
    let charts = charts();
    let ballast = fill(&small, 4 << 20);
    let full_at = until_full(&store, &ctx, tenant.north, &charts).await;
    std::fs::remove_file(ballast).unwrap();
    goes_on(&store, &ctx, tenant.north, &charts[..(full_at + 3).min(charts.len())]).await;
    drop(server);
    drop(small);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_whole_disk_is_full_comes_back_with_everything_it_promised() {
    let folder = Folder::new();
    let Some(small) = Small::mount(&folder.0, 256) else {
        return skipped("a small disk cannot be mounted here");
    };
    let settings = [("max_wal_size", "64MB"), ("min_wal_size", "32MB"), ("shared_buffers", "16MB")];
    let server = Server::within(folder, &settings).await;
    let mut operator = server.operator().await;
    let tenant = crate::support::tenant(&mut operator, "full").await;
    let (store, ctx) = (server.store(), operator.enter(&tenant.row, &[tenant.north], request()));
    let charts = charts();
    let ballast = fill(&small, 3 << 20);
    let full_at = until_full(&store, &ctx, tenant.north, &charts).await;
    std::fs::remove_file(ballast).unwrap();
    goes_on(&store, &ctx, tenant.north, &charts[..(full_at + 3).min(charts.len())]).await;
    drop(server);
    drop(small);
}

/// Gives a folder to whoever the server with this data runs as.
pub(crate) fn hand_over(data: &Path, place: &Path) {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let owner = std::fs::metadata(data).unwrap();
    chown(place, Some(owner.uid()), Some(owner.gid())).unwrap();
}
