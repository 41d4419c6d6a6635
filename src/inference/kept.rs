//! Arrays in a safetensors file, under the hash of all that they were computed from: what was learnt once is read at the next start.

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

/// The name of the key among the file's notes.
const KEY: &str = "key";

/// Named arrays of numbers.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    bytes: Vec<u8>,
    arrays: BTreeMap<String, Range<usize>>,
}

impl Kept {
    /// Reads what was saved under the same key; none where there is no such file, or it is broken or of another key.
    pub fn load(file: &Path, key: &str) -> Option<Self> {
        let bytes = fs_err::read(file).ok()?;
        let (head_bytes_n, head) = SafeTensors::read_metadata(&bytes).ok()?;
        if head.metadata().as_ref()?.get(KEY)? != key {
            return None;
        }
        // Behind the length of the head, eight bytes, and the head.
        let first = head_bytes_n + size_of::<u64>();
        let place = |(from, to): (usize, usize)| first + from..first + to;
        let arrays = head.tensors().into_iter().map(|(name, info)| (name, place(info.data_offsets))).collect();
        Some(Self { bytes, arrays })
    }

    /// Saves the arrays under a key; a killed process leaves the old file or the new one.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, file: &Path, key: &str) -> std::io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        fs_err::create_dir_all(folder)?;
        let views = self.arrays.iter().map(|(name, place)| {
            let bytes = self.bytes.get(place.clone()).unwrap_or_default();
            Ok((name, TensorView::new(Dtype::U8, vec![bytes.len()], bytes).map_err(std::io::Error::other)?))
        });
        let notes = HashMap::from([(KEY.to_owned(), key.to_owned())]);
        let views = views.collect::<std::io::Result<Vec<_>>>()?;
        let bytes = safetensors::serialize(views, Some(notes)).map_err(std::io::Error::other)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut temporary, &bytes)?;
        temporary.persist(file).map_err(|error| error.error)?;
        Ok(())
    }

    /// Adds an array of bytes.
    pub fn put_bytes(&mut self, name: &str, bytes: impl IntoIterator<Item = u8>) {
        let first = self.bytes.len();
        self.bytes.extend(bytes);
        self.arrays.insert(name.to_owned(), first..self.bytes.len());
    }

    /// Adds an array of fractions.
    pub fn put_f32(&mut self, name: &str, numbers: &[f32]) {
        self.put_bytes(name, numbers.iter().flat_map(|number| number.to_le_bytes()));
    }

    /// Adds an array of whole numbers.
    pub fn put_u32(&mut self, name: &str, numbers: impl IntoIterator<Item = u32>) {
        self.put_bytes(name, numbers.into_iter().flat_map(u32::to_le_bytes));
    }

    /// An array of bytes; none where there is none of this name.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.bytes.get(self.arrays.get(name)?.clone())
    }

    /// An array of fractions.
    pub fn f32(&self, name: &str) -> Option<Vec<f32>> {
        Some(self.bytes(name)?.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// An array of whole numbers.
    pub fn u32(&self, name: &str) -> Option<Vec<u32>> {
        Some(self.bytes(name)?.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_saved_under_the_same_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deeper").join("kept.safetensors");
        let mut kept = Kept::default();
        kept.put_f32("fractions", &[0.5, -2.0]);
        kept.put_u32("numbers", [7, u32::MAX]);
        kept.put_bytes("bytes", *b"abc");
        kept.save(&file, "key").unwrap();
        let found = Kept::load(&file, "key").unwrap();
        assert_eq!(found.f32("fractions").unwrap(), [0.5, -2.0]);
        assert_eq!(found.u32("numbers").unwrap(), [7, u32::MAX]);
        assert_eq!(found.bytes("bytes").unwrap(), b"abc");
        assert!(found.bytes("others").is_none());
        assert!(Kept::load(&file, "another key").is_none());
        let bytes = fs_err::read(&file).unwrap();
        fs_err::write(&file, bytes.split_at(bytes.len() - 1).0).unwrap();
        assert!(Kept::load(&file, "key").is_none());
    }
}
