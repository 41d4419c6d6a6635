//! Embeddings of the content, kept on disk by the hash of engine and text: a start or a change embeds only what is new.

use crate::domain::hex;
use crate::inference::{Embedding, Encode, EncodeError, Purpose};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The first 16 bytes of a text's SHA-256.
type Key = [u8; 16];

/// First bytes of a cache file.
const MAGIC: &[u8; 8] = b"neuvoV1\n";
/// The most vectors a cache file may hold: ten times the content many times over.
const VECTORS_MAX: usize = 1_000_000;

/// The vectors of texts, computed once.
pub struct Vectors {
    encoder: Arc<dyn Encode>,
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: HashMap<Key, Embedding>,
    /// What was asked for since the last save.
    used: HashSet<Key>,
    /// Whether something was embedded since the last save.
    changed: bool,
}

impl Vectors {
    /// Vectors without a file: for tests and single questions.
    pub fn in_memory(encoder: Arc<dyn Encode>) -> Self {
        Self { encoder, file: None, state: Mutex::default() }
    }

    /// Vectors kept in a folder. A cache that is missing or broken is made anew.
    pub fn cached(encoder: Arc<dyn Encode>, folder: &Path) -> Self {
        let hash = key(encoder.fingerprint().as_bytes(), &[]);
        let name = hex(&hash, 6);
        let file = folder.join(format!("vectors-{name}.bin"));
        let known = match read(&file, encoder.dims()) {
            Ok(known) => known,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    tracing::warn!(%error, "the cache of vectors cannot be read and is made anew");
                }
                HashMap::new()
            }
        };
        Self { encoder, file: Some(file), state: Mutex::new(State { known, ..State::default() }) }
    }

    /// The folder of the cache; none in memory.
    pub fn folder(&self) -> Option<&Path> {
        self.file.as_deref().and_then(Path::parent)
    }

    /// The encoder that computes what is missing.
    pub fn encoder(&self) -> &Arc<dyn Encode> {
        &self.encoder
    }

    /// The vectors of texts, in order.
    ///
    /// # Errors
    /// When a text cannot be embedded.
    pub fn of(&self, texts: &[(Purpose, String)]) -> Result<Vec<Embedding>, EncodeError> {
        let keys: Vec<Key> =
            texts.iter().map(|(purpose, text)| key(purpose.prefix().as_bytes(), text.as_bytes())).collect();
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut missing = Vec::new();
        let mut missing_keys = Vec::new();
        let mut asked = HashSet::new();
        for (key, text) in keys.iter().zip(texts) {
            if !state.known.contains_key(key) && asked.insert(*key) {
                missing_keys.push(*key);
                missing.push(text.clone());
            }
        }
        let embedded = self.encoder.encode_all(&missing)?;
        state.changed |= !missing_keys.is_empty();
        state.known.extend(missing_keys.into_iter().zip(embedded));
        state.used.extend(keys.iter().copied());
        Ok(keys.iter().filter_map(|key| state.known.get(key).cloned()).collect())
    }

    /// Writes the cache with all that it holds, if something was embedded since it was last written. Nothing is forgotten: that is for
    /// [`Vectors::save`], after everything was asked for.
    pub fn keep(&self) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.known.len() <= VECTORS_MAX && std::mem::take(&mut state.changed) {
            self.write(&state);
        }
    }

    /// Writes the cache with just what was asked for since the last save, so that it never grows: what the content no longer holds is
    /// forgotten. A cache that cannot be written is only logged: the next start is slower.
    pub fn save(&self) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let used = std::mem::take(&mut state.used);
        let before_n = state.known.len();
        state.known.retain(|key, _| used.contains(key));
        let changed = std::mem::take(&mut state.changed) || state.known.len() < before_n;
        if changed {
            self.write(&state);
        }
    }

    fn write(&self, state: &State) {
        if let Some(file) = &self.file
            && let Err(error) = write(file, &state.known, self.encoder.dims())
        {
            tracing::warn!(%error, "the cache of vectors cannot be written: the next start will be slower");
        }
    }
}

fn key(prefix: &[u8], text: &[u8]) -> Key {
    let mut hash = Sha256::new();
    hash.update((prefix.len() as u64).to_le_bytes());
    hash.update(prefix);
    hash.update(text);
    let digest = hash.finalize();
    let mut key = Key::default();
    for (to, from) in key.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    key
}

fn read(file: &Path, dims: usize) -> std::io::Result<HashMap<Key, Embedding>> {
    let broken = || std::io::Error::new(std::io::ErrorKind::InvalidData, format!("`{}` is broken", file.display()));
    let mut reader = std::io::BufReader::with_capacity(1 << 20, fs_err::File::open(file)?);
    let mut head = [0u8; 16];
    reader.read_exact(&mut head)?;
    let (magic, counts) = head.split_at(8);
    let (vectors_n, dims_written) = counts.split_at(4);
    let number = |bytes: &[u8]| bytes.try_into().map(u32::from_le_bytes).map(|n| n as usize).map_err(|_| broken());
    let (vectors_n, dims_written) = (number(vectors_n)?, number(dims_written)?);
    if magic != MAGIC || dims_written != dims || VECTORS_MAX < vectors_n {
        return Err(broken());
    }
    let mut known = HashMap::with_capacity(vectors_n);
    let mut key = Key::default();
    let mut bytes = vec![0u8; dims * 4];
    for _ in 0..vectors_n {
        reader.read_exact(&mut key)?;
        reader.read_exact(&mut bytes)?;
        let (chunks, _) = bytes.as_chunks::<4>();
        known.insert(key, chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect());
    }
    Ok(known)
}

/// Writes beside the file and renames, so that a killed process leaves the old cache or the new one.
fn write(file: &Path, known: &HashMap<Key, Embedding>, dims: usize) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs_err::create_dir_all(folder)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    let mut writer = std::io::BufWriter::with_capacity(1 << 20, temporary.as_file_mut());
    let count = |n: usize| u32::try_from(n).map(u32::to_le_bytes).map_err(std::io::Error::other);
    writer.write_all(MAGIC)?;
    writer.write_all(&count(known.len())?)?;
    writer.write_all(&count(dims)?)?;
    for (key, vector) in known {
        writer.write_all(key)?;
        for x in vector.iter() {
            writer.write_all(&x.to_le_bytes())?;
        }
    }
    writer.flush()?;
    drop(writer);
    temporary.persist(file).map_err(|error| error.error)?;
    Ok(())
}
