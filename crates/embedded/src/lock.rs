//! One program per data folder.

use crate::{Error, error::During};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Held as long as the program uses the data folder; the system releases it when the process ends in any way.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `data_dir` or tells who has it.
    pub(crate) fn take(data_dir: &Path) -> Result<Self, Error> {
        let path = data_dir.join("lock");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .during(|| format!("open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
                let holder = if read { holder.trim().to_owned() } else { "unknown".to_owned() };
                return Err(Error::InUse { data_dir: data_dir.to_path_buf(), holder });
            }
            Err(TryLockError::Error(source)) => {
                return Err(Error::Io { what: format!("lock {}", path.display()), source });
            }
        }
        let written = file.set_len(0).and_then(|()| file.rewind());
        written
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .during(|| format!("write {}", path.display()))?;
        Ok(Self { _file: file })
    }
}
