//! Reads the header of a safetensors file, and writes whole ones.
//!
//! A safetensors file is the length of a JSON header, the header, and the numbers.

use std::collections::BTreeMap;
use std::io;
use std::io::{Read, Write};
use std::path::Path;

use fs_err::File;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::shape::TensorShape;

/// Headers of large models have some hundred kilobytes.
const HEADER_BYTES_MAX: u64 = 16 << 20;
const METADATA_KEY: &str = "__metadata__";
/// What a repository holds in place of a large file that was not fetched.
const POINTER: &[u8] = b"version ";

/// What can be wrong with a safetensors file.
#[derive(Debug, Error)]
pub enum SafetensorsError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A pointer of git-lfs.
    #[error("this is a git-lfs pointer and not the weights: fetch the file itself, e.g. with `git lfs pull`")]
    Pointer,
    /// The header does not fit into the file.
    #[error("this is not a safetensors file, or it is cut short")]
    Header,
    /// The header is not the expected JSON.
    #[error("the safetensors header is damaged: {0}")]
    Json(#[from] serde_json::Error),
    /// A tensor that does not fit.
    #[error(
        "tensor `{name}` lies outside the file, or its size does not fit its dimensions: the file may be cut short"
    )]
    Tensor {
        /// The tensor.
        name: String,
    },
    /// A type that the encoder does not read.
    #[error("tensor `{name}` has type {dtype}: only F32, F16 and BF16 are supported")]
    Type {
        /// The tensor.
        name: String,
        /// Its type.
        dtype: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

/// Names and dimensions of the tensors in a file; integer tensors such as position ids are left
/// out.
pub(crate) fn read_shapes(path: &Path) -> Result<Vec<TensorShape>, SafetensorsError> {
    let mut file = File::open(path)?;
    let file_len = file.metadata()?.len();
    let mut head = [0; 8];
    file.read_exact(&mut head).map_err(|_| SafetensorsError::Header)?;
    if head == POINTER {
        return Err(SafetensorsError::Pointer);
    }
    let header_len = u64::from_le_bytes(head);
    let data_len = file_len.checked_sub(8).and_then(|rest| rest.checked_sub(header_len));
    let Some(data_len) = data_len.filter(|_| header_len <= HEADER_BYTES_MAX) else {
        return Err(SafetensorsError::Header);
    };
    let mut json = Vec::new();
    file.take(header_len).read_to_end(&mut json)?;
    let header: BTreeMap<String, Value> = serde_json::from_slice(&json)?;

    let mut shapes = Vec::new();
    for (name, value) in header.into_iter().filter(|(name, _)| name != METADATA_KEY) {
        let entry: Entry = serde_json::from_value(value)?;
        let number_bytes = match entry.dtype.as_str() {
            "F32" => 4,
            "F16" | "BF16" => 2,
            "I64" | "I32" | "U8" | "BOOL" => continue,
            _ => return Err(SafetensorsError::Type { name, dtype: entry.dtype }),
        };
        let [start, end] = entry.data_offsets;
        let size = entry.shape.iter().try_fold(number_bytes, |size: u64, &dim| size.checked_mul(dim as u64));
        if end > data_len || size.is_none() || end.checked_sub(start) != size {
            return Err(SafetensorsError::Tensor { name });
        }
        shapes.push(TensorShape { name, dims: entry.shape });
    }
    Ok(shapes)
}

/// Writes the header of a file of `F32` tensors; their numbers have to follow in the same order.
pub(crate) fn write_header<'a>(
    out: &mut dyn Write,
    tensors: impl Iterator<Item = (&'a str, &'a [usize])>,
) -> io::Result<()> {
    let mut header = serde_json::Map::new();
    header.insert(METADATA_KEY.to_owned(), serde_json::json!({ "format": "pt" }));
    let mut start = 0;
    for (name, dims) in tensors {
        let end = start + 4 * dims.iter().map(|&dim| dim as u64).product::<u64>();
        let entry = Entry { dtype: "F32".to_owned(), shape: dims.to_vec(), data_offsets: [start, end] };
        header.insert(name.to_owned(), serde_json::to_value(entry)?);
        start = end;
    }
    let mut json = serde_json::to_vec(&header)?;
    json.resize(json.len().next_multiple_of(8), b' ');
    out.write_all(&(json.len() as u64).to_le_bytes())?;
    out.write_all(&json)
}
