//! The files of the content, read once and hashed to a version.

use crate::domain::ContentVersion;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The folders that hold content.
const FOLDERS: [&str; 2] = ["knowledge", "intents"];
/// The most bytes one content file may have.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The most files that are read.
const FILES_MAX: usize = 20_000;
/// How deep folders may nest.
const DEPTH_MAX: usize = 4;

/// The content files as text, by path from the content root with `/` between folders.
#[derive(Clone, Debug, Default)]
pub struct Source {
    files: BTreeMap<String, String>,
}

impl Source {
    /// Reads all `.md` and `.toml` files under `knowledge/` and `intents/`.
    ///
    /// # Errors
    /// Where a folder or file cannot be read, is not UTF-8 or is over its bound; the message names it.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut source = Self::default();
        for folder in FOLDERS {
            source.read_folder(&root.join(folder), folder, 0)?;
        }
        Ok(source)
    }

    /// Content from texts in memory, for tests.
    pub fn from_files(files: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { files: files.into_iter().collect() }
    }

    /// The files with an ending, by path.
    pub fn with_ending<'a>(&'a self, folder: &'a str, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.starts_with(folder) && path.ends_with(ending))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// All files with their texts, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// One file.
    pub fn file(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The hash of all paths and texts.
    pub fn version(&self) -> ContentVersion {
        let mut hash = Sha256::new();
        for (path, text) in &self.files {
            hash.update((path.len() as u64).to_le_bytes());
            hash.update(path.as_bytes());
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        ContentVersion::from_hash(&hash.finalize())
    }

    fn read_folder(&mut self, folder: &Path, name: &str, depth: usize) -> io::Result<()> {
        if DEPTH_MAX < depth {
            return Err(io::Error::other(format!(
                "`{}` nests deeper than {DEPTH_MAX} folders: move its files up",
                folder.display()
            )));
        }
        for entry in fs_err::read_dir(folder)? {
            let entry = entry?;
            let Some(file_name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if file_name.starts_with('.') {
                continue;
            }
            let path = format!("{name}/{file_name}");
            let kind = entry.file_type()?;
            let ending = Path::new(&file_name).extension().and_then(|ending| ending.to_str());
            if kind.is_dir() {
                self.read_folder(&entry.path(), &path, depth + 1)?;
            } else if matches!(ending, Some("md" | "toml")) {
                self.read_file(&entry.path(), path)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, file: &Path, path: String) -> io::Result<()> {
        let bytes_n = fs_err::metadata(file)?.len();
        if FILE_BYTES_MAX < bytes_n || FILES_MAX <= self.files.len() {
            return Err(io::Error::other(format!(
                "`{path}`: content may have {FILES_MAX} files of {FILE_BYTES_MAX} bytes each: split or remove it"
            )));
        }
        let text = fs_err::read_to_string(file)?;
        self.files.insert(path, text.replace("\r\n", "\n"));
        Ok(())
    }
}
