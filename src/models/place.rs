//! The place of a model in the models folder: what lies there, and how it is replaced.

use std::fs::TryLockError;
use std::io;
use std::io::{Read, Write};
use std::path::Path;

use fs_err::{File, OpenOptions};
use serde::Deserialize;

use super::digest::Digest;
use super::manifest::{Model, SOURCE_FILE, Written};
use super::pull::{FileRecord, PullError};

pub(crate) const LOCK_FILE: &str = ".pull.lock";
pub(crate) const SCRATCH_PREFIX: &str = ".pull-";
const RETIRED_PREFIX: &str = ".retired-";
const SOURCE_BYTES_MAX: u64 = 1 << 20;

/// What the folder of a model holds.
pub(crate) enum Place {
    Good(Vec<FileRecord>),
    Empty,
    Stale(String),
}

#[derive(Deserialize)]
struct SourceRecord {
    manifest_sha256: Digest,
    files: Vec<FileRecord>,
}

/// Looks at sizes and the recorded manifest, and at every byte when asked to.
pub(crate) fn inspect(dir: &Path, model: &Model, verify: bool) -> Result<Place, PullError> {
    let mut entries = match fs_err::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Place::Empty),
        Err(error) => return Err(error.into()),
    };
    let source = dir.join(SOURCE_FILE);
    if !fs_err::exists(&source)? {
        return if entries.next().is_none() {
            Ok(Place::Empty)
        } else {
            Err(PullError::Foreign { dir: dir.to_owned() })
        };
    }
    let mut bytes = Vec::new();
    File::open(&source)?.take(SOURCE_BYTES_MAX).read_to_end(&mut bytes)?;
    let Ok(record) = serde_json::from_slice::<SourceRecord>(&bytes) else {
        return Ok(Place::Stale(format!("{SOURCE_FILE} is damaged")));
    };
    let pinned =
        |written: &Written| record.files.iter().any(|file| file.file == written.file && file.sha256 == written.sha256);
    if record.manifest_sha256 != model.digest()
        || record.files.len() != model.writes.len()
        || !model.writes.iter().all(pinned)
    {
        return Ok(Place::Stale("the manifest has changed".to_owned()));
    }
    for file in &record.files {
        // The names are those of the manifest, so they stay in the folder.
        let path = dir.join(&file.file);
        match fs_err::metadata(&path) {
            Ok(metadata) if metadata.is_file() && metadata.len() == file.bytes => {}
            Ok(_) => return Ok(Place::Stale(format!("{} has another size", file.file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Place::Stale(format!("{} is missing", file.file)));
            }
            Err(error) => return Err(error.into()),
        }
        if verify && Digest::of_reader(&mut File::open(&path)?)? != file.sha256 {
            return Ok(Place::Stale(format!("{} has other content", file.file)));
        }
    }
    Ok(Place::Good(record.files))
}

pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Moves a finished folder to its place. The one that was there steps aside first and is removed
/// last.
pub(crate) fn install(made: &Path, dir: &Path, models_dir: &Path) -> io::Result<()> {
    let retired = dir.file_name().map(|name| {
        let name = name.to_string_lossy();
        models_dir.join(format!("{RETIRED_PREFIX}{name}"))
    });
    match retired.filter(|_| dir.is_dir()) {
        None => fs_err::rename(made, dir)?,
        Some(retired) => {
            fs_err::rename(dir, &retired)?;
            if let Err(error) = fs_err::rename(made, dir) {
                fs_err::rename(&retired, dir)?;
                return Err(error);
            }
            fs_err::remove_dir_all(&retired)?;
        }
    }
    File::open(models_dir)?.sync_all()
}

/// Held until it is dropped, or until the process ends in whatever way.
pub(crate) fn lock(models_dir: &Path) -> Result<File, PullError> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(models_dir.join(LOCK_FILE))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PullError::Busy { dir: models_dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Removes what killed pulls left. With the lock held, nobody is using it.
pub(crate) fn sweep(models_dir: &Path) -> io::Result<()> {
    for entry in fs_err::read_dir(models_dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !is_left_behind(&name) || !entry.file_type()?.is_dir() {
            continue;
        }
        if let Some(model) = name.strip_prefix(RETIRED_PREFIX) {
            let dir = models_dir.join(model);
            if fs_err::exists(&dir)? {
                fs_err::remove_dir_all(entry.path())?;
            } else {
                // It was killed between the two moves: the old model is better than none.
                fs_err::rename(entry.path(), dir)?;
            }
        } else {
            // The pip of a killed pull may still write there for a moment: what cannot be removed
            // now is left to the next pull.
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

pub(crate) fn is_left_behind(name: &str) -> bool {
    name.starts_with(RETIRED_PREFIX) || name.starts_with(SCRATCH_PREFIX)
}
