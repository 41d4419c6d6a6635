//! The last versions of the content, each kept as one zip file under the name of its hash, and which of them is live.
//!
//! Replicas that share the folder follow each other by the record in it.

use crate::knowledge::Source;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

/// The file that says which versions are kept and which is live.
const RECORD: &str = "versions.toml";
/// Held while the record is changed.
const LOCK: &str = "versions.lock";
/// The most bytes of one version, unpacked.
const BYTES_MAX: u64 = 256 << 20;
/// Digits of a version's name.
const NAME_CHARS: usize = 12;

/// The folder of kept versions.
#[derive(Clone, Debug)]
pub struct Versions {
    folder: PathBuf,
    kept_max: usize,
}

/// A version that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The first digits of the content's hash.
    pub version: String,
    /// When it last went live, in UTC.
    pub live_since: String,
    /// What made it live: `start`, `request`, `signal`, `watch`, `rollback`.
    pub by: String,
    /// How many files it has.
    pub files_n: usize,
}

/// What is live, and what can be live again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The live version; none before the first start.
    pub current: Option<String>,
    /// The version of the content folder when `current` went live: while the folder still holds just that, a start takes `current`.
    pub folder: Option<String>,
    /// Kept versions, the one that was live last first.
    #[serde(default)]
    pub kept: Vec<Kept>,
}

impl Versions {
    /// Versions in a folder, at most `kept_max` of them; nothing is read or made yet.
    pub fn new(folder: &Path, kept_max: usize) -> Self {
        Self { folder: folder.to_owned(), kept_max: kept_max.max(1) }
    }

    /// What is live and what is kept.
    ///
    /// # Errors
    /// Where the record cannot be read.
    pub fn record(&self) -> io::Result<Record> {
        match fs_err::read_to_string(self.folder.join(RECORD)) {
            Ok(text) => toml::from_str(&text).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Record::default()),
            Err(error) => Err(error),
        }
    }

    /// Keeps content as the live version and forgets the oldest that are too many. `folder` is the version that the content folder holds.
    ///
    /// # Errors
    /// Where the folder cannot be written; then the record is as it was.
    pub fn keep(&self, source: &Source, folder: &str, by: &str, now: jiff::Timestamp) -> io::Result<()> {
        fs_err::create_dir_all(&self.folder)?;
        let lock = fs_err::File::create(self.folder.join(LOCK))?.into_file();
        lock.lock()?;
        let version = source.version();
        let file = self.folder.join(format!("{version}.zip"));
        if !file.try_exists()? {
            self.write(&file, |writer| pack(source, writer))?;
        }
        let mut record = self.record()?;
        record.kept.retain(|kept| kept.version != version.as_str());
        let kept = Kept {
            version: version.to_string(),
            live_since: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            by: by.to_owned(),
            files_n: source.files().count(),
        };
        record.kept.insert(0, kept);
        let forgotten = record.kept.split_off(self.kept_max.min(record.kept.len()));
        record.current = Some(version.to_string());
        record.folder = Some(folder.to_owned());
        let text = toml::to_string_pretty(&record).map_err(io::Error::other)?;
        self.write(&self.folder.join(RECORD), |writer| writer.write_all(text.as_bytes()))?;
        for old in forgotten.iter().filter(|old| is_name(&old.version)) {
            fs_err::remove_file(self.folder.join(format!("{}.zip", old.version)))?;
        }
        Ok(())
    }

    /// The content of a kept version; none where it is not kept.
    ///
    /// # Errors
    /// Where its file cannot be read, or does not hold what its name says.
    pub fn open(&self, version: &str) -> io::Result<Option<Source>> {
        if !is_name(version) {
            return Ok(None);
        }
        let path = self.folder.join(format!("{version}.zip"));
        let file = match fs_err::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let broken = |what: String| io::Error::new(io::ErrorKind::InvalidData, format!("`{}`: {what}", path.display()));
        let source = unpack(file).map_err(|error| broken(error.to_string()))?;
        if source.version().as_str() != version {
            return Err(broken("the content is not that of its name: remove the file".to_owned()));
        }
        Ok(Some(source))
    }

    /// Writes beside the file and renames, so that readers see the old file or the new one.
    fn write(&self, file: &Path, content: impl FnOnce(&mut fs_err::File) -> io::Result<()>) -> io::Result<()> {
        let temporary = tempfile::NamedTempFile::new_in(&self.folder)?;
        let (handle, path) = temporary.into_parts();
        let mut handle = fs_err::File::from_parts(handle, &path);
        content(&mut handle)?;
        handle.sync_all()?;
        path.persist(file).map_err(|error| error.error)
    }
}

fn pack(source: &Source, writer: &mut fs_err::File) -> io::Result<()> {
    let mut zip = zip::ZipWriter::new(io::BufWriter::new(writer));
    for (path, text) in source.files() {
        zip.start_file(path, SimpleFileOptions::default()).map_err(io::Error::other)?;
        zip.write_all(text.as_bytes())?;
    }
    zip.finish().map_err(io::Error::other)?.flush()
}

fn unpack(file: fs_err::File) -> io::Result<Source> {
    let mut zip = zip::ZipArchive::new(io::BufReader::new(file)).map_err(io::Error::other)?;
    let mut files = Vec::with_capacity(zip.len());
    let mut left = BYTES_MAX;
    for at in 0..zip.len() {
        let entry = zip.by_index(at).map_err(io::Error::other)?;
        let name = entry.name().map_err(io::Error::other)?.into_owned();
        let mut text = String::new();
        let read_n = entry.take(left.saturating_add(1)).read_to_string(&mut text)? as u64;
        left = left.checked_sub(read_n).ok_or_else(|| io::Error::other(format!("more than {BYTES_MAX} bytes")))?;
        files.push((name, text));
    }
    Ok(Source::from_files(files))
}

/// Names of versions are digits only, so that none leads out of the folder.
fn is_name(version: &str) -> bool {
    version.len() == NAME_CHARS && version.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::from_files([("knowledge/a.md".to_owned(), text.to_owned())])
    }

    #[test]
    fn the_last_versions_are_kept_and_come_back_whole() {
        let folder = tempfile::tempdir().unwrap();
        let versions = Versions::new(folder.path(), 3);
        assert_eq!(versions.record().unwrap(), Record::default());
        let names: Vec<String> = (0..5)
            .map(|n| {
                let source = source(&format!("text {n}"));
                versions.keep(&source, "root", "request", jiff::Timestamp::UNIX_EPOCH).unwrap();
                source.version().to_string()
            })
            .collect();
        let record = versions.record().unwrap();
        let kept: Vec<_> = record.kept.iter().map(|kept| kept.version.as_str()).collect();
        assert_eq!(kept, [&names[4], &names[3], &names[2]]);
        assert_eq!(record.current.as_deref(), Some(names[4].as_str()));
        assert_eq!(versions.open(&names[0]).unwrap().map(|s| s.version()), None);
        let back = versions.open(&names[3]).unwrap().unwrap();
        assert_eq!(back.file("knowledge/a.md"), Some("text 3"));
        versions.keep(&back, "root", "rollback", jiff::Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(versions.record().unwrap().kept[0].by, "rollback");
    }

    #[test]
    fn a_version_that_is_not_what_it_says_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let versions = Versions::new(folder.path(), 3);
        versions.keep(&source("one"), "root", "start", jiff::Timestamp::UNIX_EPOCH).unwrap();
        let one = source("one").version();
        let other = source("two").version();
        let path = |version: &str| folder.path().join(format!("{version}.zip"));
        std::fs::rename(path(one.as_str()), path(other.as_str())).unwrap();
        assert!(versions.open(other.as_str()).unwrap_err().to_string().contains("not that of its name"));
        for name in ["../../etc/p", "", "ABCDEF012345", "0123456789abc"] {
            assert!(versions.open(name).unwrap().is_none(), "{name}");
        }
    }
}
