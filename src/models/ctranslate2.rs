//! Reads a `model.bin` of `CTranslate2`, version 6, as the Whisper packages hold it.
//!
//! The file is a list of variables, each with its name, shape, type and numbers. Nothing in it is believed before it is checked, and
//! nothing is copied.

use half::f16;
use std::collections::HashMap;
use thiserror::Error;

const VERSION: u32 = 6;
const SPEC: &str = "WhisperSpec";
const RANK_MAX: u8 = 4;
const FLOAT16: u8 = 4;
const INT16: u8 = 2;

/// What can be wrong with a file. None of it can be repaired here.
#[derive(Debug, Error)]
pub enum Ctranslate2Error {
    /// The file is shorter or longer than it says.
    #[error("the weights file is damaged: {0}")]
    Damaged(&'static str),
    /// Another kind or version of file.
    #[error("the weights file is {found}: only {SPEC} in version {VERSION} of CTranslate2 is supported")]
    Unsupported {
        /// What it says it is.
        found: String,
    },
    /// A variable that is not there, or has another type or shape.
    #[error("the weights file has no variable `{name}` {expected}")]
    Variable {
        /// Its name.
        name: String,
        /// Its type or shape.
        expected: &'static str,
    },
}

/// A parsed file, borrowing from its bytes.
#[derive(Debug)]
pub(crate) struct Ctranslate2<'a> {
    variables: HashMap<&'a str, Variable<'a>>,
}

#[derive(Debug)]
struct Variable<'a> {
    dims: Vec<usize>,
    kind: u8,
    bytes: &'a [u8],
}

/// The half-precision numbers of a variable.
#[derive(Clone, Debug)]
pub(crate) struct Halves<'a> {
    /// Outermost first.
    pub dims: Vec<usize>,
    bytes: &'a [u8],
}

impl<'a> Ctranslate2<'a> {
    /// Reads a whole file.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Ctranslate2Error> {
        let mut cursor = Cursor(bytes);
        let version = cursor.u32()?;
        if version != VERSION {
            return Err(Ctranslate2Error::Unsupported { found: format!("of version {version}") });
        }
        let spec = cursor.text()?;
        if spec != SPEC {
            return Err(Ctranslate2Error::Unsupported { found: format!("a {spec}") });
        }
        let _revision = cursor.u32()?;
        let mut variables = HashMap::new();
        for _ in 0..cursor.u32()? {
            let (name, variable) = (cursor.text()?, cursor.variable()?);
            if variables.insert(name, variable).is_some() {
                return Err(Ctranslate2Error::Damaged("a variable appears twice"));
            }
        }
        // Aliases name tied weights a second time.
        for _ in 0..cursor.u32()? {
            cursor.text()?;
            cursor.text()?;
        }
        if cursor.0.is_empty() { Ok(Self { variables }) } else { Err(Ctranslate2Error::Damaged("bytes are left over")) }
    }

    /// The numbers of a variable in half precision.
    pub(crate) fn halves(&self, name: &str) -> Result<Halves<'a>, Ctranslate2Error> {
        let found = self.variables.get(name).filter(|variable| variable.kind == FLOAT16);
        let variable = found.ok_or_else(|| missing(name, "in half precision"))?;
        Ok(Halves { dims: variable.dims.clone(), bytes: variable.bytes })
    }

    /// A single whole number.
    pub(crate) fn number(&self, name: &str) -> Result<i16, Ctranslate2Error> {
        let found = self.variables.get(name).filter(|variable| variable.kind == INT16);
        let bytes = found.and_then(|variable| variable.bytes.try_into().ok());
        bytes.map(i16::from_le_bytes).ok_or_else(|| missing(name, "with one number of 16 bits"))
    }

    /// How many layers a part, `encoder` or `decoder`, has.
    pub(crate) fn layers_n(&self, part: &str) -> usize {
        let prefix = format!("{part}/layer_");
        let layer = |name: &&str| name.strip_prefix(&prefix)?.split('/').next()?.parse::<usize>().ok();
        self.variables.keys().filter_map(layer).max().map_or(0, |last| last + 1)
    }
}

impl<'a> Halves<'a> {
    /// The numbers as they lie in the file.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The numbers.
    pub(crate) fn values(&self) -> impl Iterator<Item = f32> + use<'a> {
        self.bytes.as_chunks::<2>().0.iter().map(|&pair| f16::from_le_bytes(pair).to_f32())
    }

    /// Part `part_i` of `parts_n` equal ones along the outermost dimension.
    pub(crate) fn part(&self, part_i: usize, parts_n: usize) -> Option<Self> {
        let mut dims = self.dims.clone();
        let rows = dims.first_mut()?;
        if !rows.is_multiple_of(parts_n) {
            return None;
        }
        *rows /= parts_n;
        let bytes_n = self.bytes.len() / parts_n;
        Some(Self { dims, bytes: self.bytes.get(part_i * bytes_n..(part_i + 1) * bytes_n)? })
    }
}

pub(crate) fn missing(name: &str, expected: &'static str) -> Ctranslate2Error {
    Ctranslate2Error::Variable { name: name.to_owned(), expected }
}

/// What is left of the file.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], Ctranslate2Error> {
        let (head, rest) = self.0.split_at_checked(n).ok_or(Ctranslate2Error::Damaged("it is cut short"))?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Ctranslate2Error> {
        self.take(N)?.try_into().map_err(|_| Ctranslate2Error::Damaged("it is cut short"))
    }

    fn u32(&mut self) -> Result<u32, Ctranslate2Error> {
        self.array().map(u32::from_le_bytes)
    }

    /// A length with the closing zero counted in, and the text.
    fn text(&mut self) -> Result<&'a str, Ctranslate2Error> {
        let n = u16::from_le_bytes(self.array()?);
        let text = self.take(n.into())?.strip_suffix(&[0]);
        text.and_then(|text| std::str::from_utf8(text).ok()).ok_or(Ctranslate2Error::Damaged("a name is no text"))
    }

    fn variable(&mut self) -> Result<Variable<'a>, Ctranslate2Error> {
        let [rank] = self.array()?;
        if rank > RANK_MAX {
            return Err(Ctranslate2Error::Damaged("a variable has too many dimensions"));
        }
        let dims = (0..rank).map(|_| self.u32().map(|dim| dim as usize)).collect::<Result<Vec<_>, _>>()?;
        let [kind] = self.array()?;
        let bytes_n = self.u32()? as usize;
        let bytes = self.take(bytes_n)?;
        let elements_n = dims.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim));
        if kind == FLOAT16 && elements_n.and_then(|n| n.checked_mul(2)) != Some(bytes_n) {
            return Err(Ctranslate2Error::Damaged("a variable has another size than its dimensions say"));
        }
        Ok(Variable { dims, kind, bytes })
    }
}
