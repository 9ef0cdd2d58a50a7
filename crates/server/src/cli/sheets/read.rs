//! One thread reads the file and makes records of its rows.

use std::collections::HashSet;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use ::sheets::{Fault, Limits, Made, Reading, Wrong};
use eyre::{WrapErr as _, eyre};
use tokio::sync::mpsc;

/// Rows of a batch: one transaction.
const BATCH: usize = 250;

/// A row of a batch.
pub(super) struct Item {
    pub(super) row: u32,
    pub(super) made: Result<Made, Vec<Fault>>,
}

/// Reads the file to its end, or until nobody wants more of it.
pub(super) fn read(path: &Path, reading: &Reading, batches: &mpsc::Sender<Vec<Item>>) -> eyre::Result<()> {
    let file = File::open(path).wrap_err("the file cannot be opened")?;
    let (mut headed, mut batch, mut seen) = (false, Vec::with_capacity(BATCH), HashSet::new());
    let read = sheets::read(file, &Limits::OPERATOR, &mut |row| {
        if !std::mem::replace(&mut headed, true) {
            return ControlFlow::Continue(());
        }
        let mut made = reading.record(&row);
        if made.as_ref().is_ok_and(|made| !seen.insert(made.name.clone())) {
            made = Err(vec![Fault::of_row(Wrong::Twice)]);
        }
        batch.push(Item { row: row.number, made });
        if batch.len() < BATCH {
            return ControlFlow::Continue(());
        }
        let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
        match batches.blocking_send(full) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    read?;
    if !batch.is_empty() {
        batches.blocking_send(batch).map_err(|_| eyre!("stopped"))?;
    }
    Ok(())
}
