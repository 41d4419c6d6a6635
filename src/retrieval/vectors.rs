//! Embeddings of the content, kept on disk by the hash of engine and text: a start or a change embeds only what is new.

use crate::domain::hex;
use crate::inference::{Embedding, Encode, EncodeError, Purpose};
use fs_err::File;
use fs_err::os::unix::fs::FileExt;
use half::f16;
use half::slice::HalfFloatSliceExt;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The first 16 bytes of a text's SHA-256.
type Key = [u8; 16];

/// First bytes of a cache file.
const MAGIC: &[u8; 8] = b"neuvoV3\n";
/// Bytes before the keys: the first ones and two counts.
const HEAD_BYTES: usize = 8 + 4 + 4;
/// Bytes of a key with its age.
const KEY_BYTES: usize = 16 + 1;
/// The most vectors a cache file may hold: ten times the content many times over.
const VECTORS_MAX: usize = 1_000_000;
/// A vector that was not asked for between so many writings of the cache is forgotten.
const AGE_MAX: u8 = 8;

/// The vectors of texts, computed once. What is on disk stays there until it is asked for.
///
/// Numbers are kept in 16 bits, which is more than the encoder's 8 bits give, and rounded so from the start: what was just computed is the same
/// as what is read back.
pub struct Vectors {
    encoder: Arc<dyn Encode>,
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    written: Written,
    /// What was embedded since the last save.
    fresh: HashMap<Key, Arc<[f16]>>,
    /// What was asked for since the last save.
    used: HashSet<Key>,
}

/// A cache file: the keys in memory, the vectors on disk.
#[derive(Default)]
struct Written {
    file: Option<File>,
    /// Place and age of each vector.
    places: HashMap<Key, (u32, u8)>,
}

impl Vectors {
    /// Vectors without a file: for tests and single questions.
    pub fn in_memory(encoder: Arc<dyn Encode>) -> Self {
        Self { encoder, file: None, state: Mutex::default() }
    }

    /// Vectors kept in a folder. A cache that is missing or broken is made anew.
    pub fn cached(encoder: Arc<dyn Encode>, folder: &Path) -> Self {
        let mut vectors = Self { encoder, file: None, state: Mutex::default() };
        let file = folder.join(vectors.name("vectors", "bin"));
        let written = Written::open(&file, vectors.numbers_n()).unwrap_or_else(|error| {
            if error.kind() != std::io::ErrorKind::NotFound {
                tracing::warn!(%error, "the cache of vectors cannot be read and is made anew");
            }
            Written::default()
        });
        vectors.file = Some(file);
        vectors.state = Mutex::new(State { written, ..State::default() });
        vectors
    }

    /// The folder of the cache; none in memory.
    pub fn folder(&self) -> Option<&Path> {
        self.file.as_deref().and_then(Path::parent)
    }

    /// The file of the folder in which something is kept that was learnt from vectors of this encoder; none in memory.
    pub fn beside(&self, name: &str) -> Option<PathBuf> {
        Some(self.folder()?.join(self.name(name, "safetensors")))
    }

    /// The encoder that computes what is missing.
    pub fn encoder(&self) -> &Arc<dyn Encode> {
        &self.encoder
    }

    /// The embeddings of texts, in order.
    ///
    /// # Errors
    /// When a text cannot be embedded.
    pub fn of(&self, texts: &[(Purpose, String)]) -> Result<Vec<Embedding>, EncodeError> {
        let dims = self.encoder.dims();
        let numbers = self.numbers(texts, self.numbers_n())?;
        Ok(numbers.iter().map(|numbers| Embedding::new(numbers.to_f32_vec(), dims)).collect())
    }

    /// The sentences of [`Vectors::of`] alone: a third of the room.
    ///
    /// # Errors
    /// When a text cannot be embedded.
    pub fn sentences(&self, texts: &[(Purpose, String)]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let numbers = self.numbers(texts, self.encoder.dims())?;
        Ok(numbers.iter().map(|numbers| numbers.to_f32_vec()).collect())
    }

    /// Says that texts are still there, though their vectors are not needed now: they are not forgotten.
    pub fn keep<'a>(&self, texts: impl Iterator<Item = (Purpose, &'a str)>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.used.extend(texts.map(|(purpose, text)| key(purpose.prefix().as_bytes(), text.as_bytes())));
    }

    /// How many numbers are kept of a text.
    fn numbers_n(&self) -> usize {
        self.encoder.dims() * self.encoder.layers_n()
    }

    /// The first so many numbers of each text's embedding.
    fn numbers(&self, texts: &[(Purpose, String)], wanted_n: usize) -> Result<Vec<Arc<[f16]>>, EncodeError> {
        let keys: Vec<Key> =
            texts.iter().map(|(purpose, text)| key(purpose.prefix().as_bytes(), text.as_bytes())).collect();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: HashMap<Key, Arc<[f16]>> = HashMap::with_capacity(keys.len());
        let first = |numbers: &Arc<[f16]>| match numbers.get(..wanted_n) {
            Some(first) if wanted_n < numbers.len() => first.into(),
            _ => Arc::clone(numbers),
        };
        let mut missing = Vec::new();
        let mut missing_keys = Vec::new();
        let mut asked = HashSet::new();
        for (key, text) in keys.iter().zip(texts) {
            if !asked.insert(*key) {
                continue;
            }
            let known = state.fresh.get(key).map(first);
            if let Some(numbers) = known.or_else(|| state.written.numbers(key, self.numbers_n(), wanted_n)) {
                found.insert(*key, numbers);
            } else {
                missing_keys.push(*key);
                missing.push(text.clone());
            }
        }
        for (key, embedding) in missing_keys.into_iter().zip(self.encoder.encode_all(&missing)?) {
            let numbers: Arc<[f16]> = embedding.layers().iter().map(|x| f16::from_f32(*x)).collect();
            found.insert(key, first(&numbers));
            state.fresh.insert(key, numbers);
        }
        state.used.extend(asked);
        Ok(keys.iter().filter_map(|key| found.get(key).cloned()).collect())
    }

    /// Writes the cache where something new was embedded since the last save. What was long not asked for is forgotten, so that it does not
    /// grow for ever. A cache that cannot be written is only logged: the next start is slower.
    pub fn save(&self) {
        let Some(file) = &self.file else { return };
        let numbers_n = self.numbers_n();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.fresh.is_empty() {
            return;
        }
        match state.write(file, numbers_n).and_then(|()| Written::open(file, numbers_n)) {
            Ok(written) => *state = State { written, ..State::default() },
            Err(error) => {
                tracing::warn!(%error, "the cache of vectors cannot be written: the next start will be slower");
            }
        }
    }

    /// The name of a file that belongs to this encoder.
    fn name(&self, what: &str, ending: &str) -> String {
        let hash = key(self.encoder.fingerprint().as_bytes(), &[]);
        format!("{what}-{}.{ending}", hex(&hash, 6))
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

impl Written {
    /// Reads the keys of a cache file.
    fn open(path: &Path, numbers_n: usize) -> std::io::Result<Self> {
        let broken = || std::io::Error::new(std::io::ErrorKind::InvalidData, format!("`{}` is broken", path.display()));
        let file = File::open(path)?;
        let bytes_n = file.metadata()?.len();
        let mut reader = BufReader::with_capacity(1 << 16, &file);
        let mut head = [0u8; HEAD_BYTES];
        reader.read_exact(&mut head)?;
        let (magic, counts) = head.split_at(MAGIC.len());
        let [vectors_n, numbers_written] = counts.as_chunks::<4>().0 else { return Err(broken()) };
        let (vectors_n, numbers_written) =
            (u32::from_le_bytes(*vectors_n) as usize, u32::from_le_bytes(*numbers_written) as usize);
        let expected = vectors_n.saturating_mul(KEY_BYTES + numbers_n * size_of::<f16>()).saturating_add(HEAD_BYTES);
        if magic != MAGIC || numbers_written != numbers_n || VECTORS_MAX < vectors_n || bytes_n != expected as u64 {
            return Err(broken());
        }
        let mut places = HashMap::with_capacity(vectors_n);
        let mut entry = [0u8; KEY_BYTES];
        for place in 0..u32::try_from(vectors_n).unwrap_or_default() {
            reader.read_exact(&mut entry)?;
            if let Some((age, key)) = entry.split_last()
                && let Ok(key) = key.try_into()
            {
                places.insert(key, (place, *age));
            }
        }
        Ok(Self { file: Some(file), places })
    }

    /// Reads the first `wanted_n` of a text's `numbers_n` numbers; none where there are none of this key.
    fn numbers(&self, key: &Key, numbers_n: usize, wanted_n: usize) -> Option<Arc<[f16]>> {
        let (place, _) = self.places.get(key)?;
        let mut bytes = vec![0u8; wanted_n * size_of::<f16>()];
        let first = HEAD_BYTES + self.places.len() * KEY_BYTES + *place as usize * numbers_n * size_of::<f16>();
        self.file.as_ref()?.read_exact_at(&mut bytes, first as u64).ok()?;
        Some(bytes.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes)).collect())
    }
}

impl State {
    /// Writes beside the file and renames, so that a killed process leaves the old cache or the new one.
    fn write(&self, file: &Path, numbers_n: usize) -> std::io::Result<()> {
        let aged = self.written.places.iter().map(|(key, (_, age))| (key, age.saturating_add(1)));
        let aged = aged.chain(self.fresh.keys().map(|key| (key, 0)));
        let aged = aged.map(|(key, age)| (key, if self.used.contains(key) { 0 } else { age }));
        let mut keys: Vec<(&Key, u8)> = aged.filter(|(_, age)| *age < AGE_MAX).collect();
        // Vectors that were written together are read together.
        keys.sort_unstable_by_key(|(key, _)| self.written.places.get(*key).map_or(u32::MAX, |(place, _)| *place));
        let folder = file.parent().unwrap_or(Path::new("."));
        fs_err::create_dir_all(folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        let mut writer = std::io::BufWriter::with_capacity(1 << 20, temporary.as_file_mut());
        let count = |n: usize| u32::try_from(n).map(u32::to_le_bytes).map_err(std::io::Error::other);
        writer.write_all(MAGIC)?;
        writer.write_all(&count(keys.len())?)?;
        writer.write_all(&count(numbers_n)?)?;
        for (key, age) in &keys {
            writer.write_all(*key)?;
            writer.write_all(&[*age])?;
        }
        for (key, _) in keys {
            let numbers = self.fresh.get(key).cloned().or_else(|| self.written.numbers(key, numbers_n, numbers_n));
            let numbers = numbers.ok_or_else(|| std::io::Error::other("a vector cannot be read any more"))?;
            for x in numbers.iter() {
                writer.write_all(&x.to_le_bytes())?;
            }
        }
        writer.flush()?;
        drop(writer);
        temporary.persist(file).map_err(|error| error.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Gives the length of the text, and counts.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Encode for Counting {
        fn dims(&self) -> usize {
            2
        }

        fn fingerprint(&self) -> &'static str {
            "counting"
        }

        fn encode(&self, _purpose: Purpose, text: &str) -> Result<Embedding, EncodeError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(vec![f32::from(u16::try_from(text.len()).unwrap()); 2].into())
        }

        fn encode_all(&self, texts: &[(Purpose, String)]) -> Result<Vec<Embedding>, EncodeError> {
            texts.iter().map(|(purpose, text)| self.encode(*purpose, text)).collect()
        }
    }

    /// Asks for texts in a folder's cache, and says how many had to be embedded.
    fn ask(folder: &Path, texts: &[&str]) -> usize {
        let counting = Arc::new(Counting::default());
        let vectors = Vectors::cached(Arc::clone(&counting) as Arc<dyn Encode>, folder);
        let asked: Vec<_> = texts.iter().map(|text| (Purpose::Query, (*text).to_owned())).collect();
        for _ in 0..2 {
            let found = vectors.of(&asked).unwrap();
            let alone = texts.iter().map(|text| counting.encode(Purpose::Query, text).unwrap());
            assert_eq!(found, alone.collect::<Vec<_>>());
            counting.0.fetch_sub(texts.len(), Ordering::Relaxed);
            vectors.save();
        }
        counting.0.load(Ordering::Relaxed)
    }

    #[test]
    fn a_text_is_embedded_once_and_forgotten_when_long_not_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(ask(folder.path(), &["a", "bb", "a"]), 2);
        assert_eq!(ask(folder.path(), &["bb", "ccc"]), 1);
        assert_eq!(ask(folder.path(), &["a", "bb", "ccc"]), 0);
        for n in 4..4 + usize::from(AGE_MAX) {
            assert_eq!(ask(folder.path(), &["bb", &"d".repeat(n)]), 1);
        }
        assert_eq!(ask(folder.path(), &["bb"]), 0);
        assert_eq!(ask(folder.path(), &["a"]), 1);
    }

    #[test]
    fn a_broken_cache_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        ask(folder.path(), &["a"]);
        let file = fs_err::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        fs_err::write(&file, b"neuvoV3\n").unwrap();
        assert_eq!(ask(folder.path(), &["a"]), 1);
        assert_eq!(ask(folder.path(), &["a"]), 0);
    }
}
