//! Writes GGUF files, and reads their directory.
//!
//! A GGUF file is metadata, a directory of tensors, and the tensors, each at a multiple of 32
//! bytes. Only the types that a pulled model has are known here.

use std::io;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use fs_err::File;
use half::f16;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::e5s1::RawTensor;

const MAGIC: &[u8; 4] = b"GGUF";
const VERSION: u32 = 3;
const ALIGNMENT: u64 = 32;
const ALIGNMENT_KEY: &str = "general.alignment";

/// A directory with more entries than this, or longer names, is damaged.
const ENTRIES_MAX: u64 = 65_536;
const STRING_BYTES_MAX: u64 = 1 << 20;
const DIMS_MAX: u32 = 4;

/// How the numbers of a tensor are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TensorType {
    F32,
    /// Blocks of 32 weights: an `f16` scale, then 32 four-bit numbers.
    Q4_0,
}

/// A metadata value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    U32(u32),
    F32(f32),
    Text(String),
}

/// An open file and its directory.
#[derive(Debug)]
pub(crate) struct Gguf {
    file: BufReader<File>,
    pub tensors: Vec<Entry>,
}

/// One tensor of the directory.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub name: String,
    pub dims: Vec<usize>,
    pub kind: TensorType,
    start: u64,
    bytes: usize,
}

/// What can be wrong with a GGUF file.
#[derive(Debug, Error)]
pub enum GgufError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Another kind of file.
    #[error("this is not a GGUF file of version 3 (or is only a pointer to one)")]
    Magic,
    /// A length or count that cannot be right.
    #[error("the GGUF file is damaged: {0}")]
    Damaged(&'static str),
    /// A type that is not read here.
    #[error("tensor `{name}` has GGUF type {kind}: only F32 (0) and Q4_0 (2) are supported; use safetensors instead")]
    Type {
        /// The tensor.
        name: String,
        /// Its type number.
        kind: u32,
    },
}

impl TensorType {
    const BLOCK: usize = 32;
    const BLOCK_BYTES: usize = 18;

    /// The size of a tensor, if its rows divide into blocks and the product does not overflow.
    pub(crate) fn bytes_of(self, dims: &[usize]) -> Option<usize> {
        let elements = dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim))?;
        match self {
            Self::F32 => elements.checked_mul(4),
            Self::Q4_0 if dims.last()?.is_multiple_of(Self::BLOCK) => {
                (elements / Self::BLOCK).checked_mul(Self::BLOCK_BYTES)
            }
            Self::Q4_0 => None,
        }
    }

    /// The numbers of a tensor.
    pub(crate) fn dequantise(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F32 => {
                bytes.chunks_exact(4).filter_map(|word| word.try_into().ok()).map(f32::from_le_bytes).collect()
            }
            Self::Q4_0 => bytes.chunks_exact(Self::BLOCK_BYTES).flat_map(dequantise_block).collect(),
        }
    }

    fn id(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::Q4_0 => 2,
        }
    }

    fn from_id(id: u32) -> Option<Self> {
        [Self::F32, Self::Q4_0].into_iter().find(|kind| kind.id() == id)
    }
}

fn dequantise_block(block: &[u8]) -> [f32; 32] {
    let mut weights = [0.0; 32];
    if let Some((scale, packed)) = block.split_first_chunk::<2>() {
        let scale = f16::from_le_bytes(*scale).to_f32();
        let (low, high) = weights.split_at_mut(16);
        for ((low, high), &byte) in low.iter_mut().zip(high).zip(packed) {
            *low = (f32::from(byte & 15) - 8.0) * scale;
            *high = (f32::from(byte >> 4) - 8.0) * scale;
        }
    }
    weights
}

/// Writes a whole file.
pub(crate) fn write(out: &mut dyn Write, metadata: &[(&str, Value)], tensors: &[RawTensor<'_>]) -> io::Result<()> {
    let mut head = Vec::new();
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&VERSION.to_le_bytes());
    head.extend_from_slice(&(tensors.len() as u64).to_le_bytes());
    head.extend_from_slice(&(metadata.len() as u64).to_le_bytes());
    for (key, value) in metadata {
        put_text(&mut head, key);
        let (id, bytes) = match value {
            Value::U32(number) => (4_u32, number.to_le_bytes().to_vec()),
            Value::F32(number) => (6, number.to_le_bytes().to_vec()),
            Value::Text(text) => {
                let mut bytes = Vec::new();
                put_text(&mut bytes, text);
                (8, bytes)
            }
        };
        head.extend_from_slice(&id.to_le_bytes());
        head.extend_from_slice(&bytes);
    }
    let mut offset = 0_u64;
    for tensor in tensors {
        put_text(&mut head, &tensor.name);
        // There are one or two dimensions.
        head.extend_from_slice(&u32::try_from(tensor.dims.len()).unwrap_or(u32::MAX).to_le_bytes());
        for &dim in tensor.dims.iter().rev() {
            head.extend_from_slice(&(dim as u64).to_le_bytes());
        }
        head.extend_from_slice(&tensor.kind.id().to_le_bytes());
        head.extend_from_slice(&offset.to_le_bytes());
        offset += (tensor.bytes.len() as u64).next_multiple_of(ALIGNMENT);
    }
    for bytes in std::iter::once(head.as_slice()).chain(tensors.iter().map(|tensor| tensor.bytes)) {
        out.write_all(bytes)?;
        let len = bytes.len() as u64;
        io::copy(&mut io::repeat(0).take(len.next_multiple_of(ALIGNMENT) - len), out)?;
    }
    Ok(())
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

impl Gguf {
    /// Opens a file and reads its directory; the tensors stay where they are.
    pub(crate) fn open(path: &Path) -> Result<Self, GgufError> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let mut file = BufReader::new(file);
        if !matches!(array(&mut file), Ok(magic) if &magic == MAGIC) || u32(&mut file)? != VERSION {
            return Err(GgufError::Magic);
        }
        let tensors_n = count(&mut file)?;
        let metadata_n = count(&mut file)?;
        let mut alignment = ALIGNMENT;
        for _ in 0..metadata_n {
            let key = text(&mut file)?;
            let kind = u32(&mut file)?;
            if key == ALIGNMENT_KEY && kind == 4 {
                alignment = u64::from(u32(&mut file)?);
            } else {
                skip(&mut file, kind, 0)?;
            }
        }
        if !alignment.is_power_of_two() {
            return Err(GgufError::Damaged("its alignment is not a power of two"));
        }
        let mut tensors = Vec::new();
        for _ in 0..tensors_n {
            tensors.push(entry(&mut file)?);
        }
        let data = file.stream_position()?.next_multiple_of(alignment);
        for tensor in &mut tensors {
            tensor.start = tensor.start.saturating_add(data);
            let end = tensor.start.checked_add(tensor.bytes as u64);
            if end.is_none_or(|end| end > len) {
                return Err(GgufError::Damaged("a tensor lies outside the file: it may be cut short"));
            }
        }
        Ok(Self { file, tensors })
    }

    /// The bytes of one tensor.
    pub(crate) fn read(&mut self, entry: &Entry) -> Result<Vec<u8>, GgufError> {
        let mut bytes = vec![0; entry.bytes];
        self.file.seek(SeekFrom::Start(entry.start))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

fn entry(file: &mut dyn Read) -> Result<Entry, GgufError> {
    let name = text(file)?;
    let dims_n = u32(file)?;
    if dims_n == 0 || dims_n > DIMS_MAX {
        return Err(GgufError::Damaged("a tensor has no dimensions, or too many"));
    }
    let mut dims = Vec::new();
    for _ in 0..dims_n {
        let dim = usize::try_from(u64(file)?);
        dims.push(dim.map_err(|_| GgufError::Damaged("a tensor is too large"))?);
    }
    dims.reverse();
    let id = u32(file)?;
    let start = u64(file)?;
    let Some(kind) = TensorType::from_id(id) else {
        return Err(GgufError::Type { name, kind: id });
    };
    let bytes = kind.bytes_of(&dims).ok_or(GgufError::Damaged("a tensor has impossible dimensions"))?;
    Ok(Entry { name, dims, kind, start, bytes })
}

/// Steps over a metadata value.
fn skip(file: &mut dyn Read, kind: u32, depth: u32) -> Result<(), GgufError> {
    let bytes = match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        10..=12 => 8,
        8 => {
            text(file)?;
            0
        }
        9 if depth < 2 => {
            let element = u32(file)?;
            let n = u64(file)?;
            // Every element takes at least a byte, so the end of the file ends this loop.
            for _ in 0..n {
                skip(file, element, depth + 1)?;
            }
            0
        }
        _ => return Err(GgufError::Damaged("its metadata has an unknown type")),
    };
    if io::copy(&mut file.take(bytes), &mut io::sink())? == bytes {
        Ok(())
    } else {
        Err(GgufError::Damaged("it is cut short"))
    }
}

fn text(file: &mut dyn Read) -> Result<String, GgufError> {
    let len = u64(file)?;
    if len > STRING_BYTES_MAX {
        return Err(GgufError::Damaged("a text in it is too long"));
    }
    let mut bytes = Vec::new();
    let read = file.take(len).read_to_end(&mut bytes)?;
    if read as u64 != len {
        return Err(GgufError::Damaged("it is cut short"));
    }
    String::from_utf8(bytes).map_err(|_| GgufError::Damaged("a text in it is not UTF-8"))
}

fn count(file: &mut dyn Read) -> Result<u64, GgufError> {
    let n = u64(file)?;
    if n > ENTRIES_MAX { Err(GgufError::Damaged("it lists too many entries")) } else { Ok(n) }
}

fn u32(file: &mut dyn Read) -> Result<u32, GgufError> {
    array(file).map(u32::from_le_bytes)
}

fn u64(file: &mut dyn Read) -> Result<u64, GgufError> {
    array(file).map(u64::from_le_bytes)
}

fn array<const N: usize>(file: &mut dyn Read) -> Result<[u8; N], GgufError> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes).map_err(|_| GgufError::Damaged("it is cut short"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
