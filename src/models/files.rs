//! Opens a folder of weights: what is in it, whether it fits together, and how large it is.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::gguf::{Gguf, GgufError};
use super::safetensors::{self, SafetensorsError};
use super::shape::{BertShape, ShapeError, TensorShape};

pub(crate) const CONFIG_FILE: &str = "config.json";
pub(crate) const TOKENIZER_FILE: &str = "tokenizer.json";
pub(crate) const GGUF_FILE: &str = "model.gguf";

const CONFIG_BYTES_MAX: u64 = 1 << 20;
const WORD_EMBEDDINGS: &str = "embeddings.word_embeddings.weight";

/// A folder that holds a BERT-type embedder, checked.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    /// The folder.
    pub dir: PathBuf,
    /// The sizes in `config.json`, which the weights have too.
    pub config: BertShape,
    /// Where the weights are.
    pub weights: Weights,
    /// What stands before every tensor name, such as `roberta.`; often nothing.
    pub prefix: String,
    /// Where the tokenizer is. It is not read here.
    pub tokenizer: PathBuf,
}

/// The weights of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// One file with 4-bit matrices.
    Gguf(PathBuf),
    /// One or more files, sorted by name.
    Safetensors(Vec<PathBuf>),
}

/// Why a folder cannot be used.
#[derive(Debug, Error)]
pub enum ModelError {
    /// There is no such folder.
    #[error("`{}` is not a folder: run `neuvo models pull`, or name a folder that holds an embedder", dir.display())]
    NoFolder {
        /// The folder.
        dir: PathBuf,
    },
    /// A file is not there.
    #[error("`{}` has no {file}: run `neuvo models pull`, or copy the file there from the model's home page", dir.display())]
    NoFile {
        /// The folder.
        dir: PathBuf,
        /// The file.
        file: &'static str,
    },
    /// There are no weights.
    #[error(
        "`{}` has no weights: expected {GGUF_FILE} or *.safetensors; run `neuvo models pull`, or convert other forms \
         to safetensors",
        dir.display()
    )]
    NoWeights {
        /// The folder.
        dir: PathBuf,
    },
    /// The configuration.
    #[error("`{}`: {source}", dir.display())]
    Config {
        /// The folder.
        dir: PathBuf,
        /// What is wrong.
        source: ShapeError,
    },
    /// A GGUF file.
    #[error("`{}`: {source}", path.display())]
    Gguf {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: GgufError,
    },
    /// A safetensors file.
    #[error("`{}`: {source}", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: SafetensorsError,
    },
    /// A tensor appears in two files.
    #[error("`{}`: tensor `{name}` appears twice: keep the files of one model only", dir.display())]
    Twice {
        /// The folder.
        dir: PathBuf,
        /// The tensor.
        name: String,
    },
    /// The weights are those of another kind of model.
    #[error("`{}`: {n} tensors are missing, `{first}` among them: these are not all the weights of a BERT encoder", dir.display())]
    Missing {
        /// The folder.
        dir: PathBuf,
        /// How many.
        n: usize,
        /// One of them.
        first: String,
    },
    /// The weights have other sizes than the configuration.
    #[error(
        "`{}`: tensor `{name}` is {found:?}, config.json makes it {expected:?}: the two belong to different models",
        dir.display()
    )]
    Shape {
        /// The folder.
        dir: PathBuf,
        /// The tensor.
        name: String,
        /// Its dimensions.
        found: Vec<usize>,
        /// What they should be.
        expected: Vec<usize>,
    },
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ModelFiles {
    /// Checks a folder. Of the weights only the directory is read, which takes milliseconds.
    pub fn open(dir: &Path) -> Result<Self, ModelError> {
        if !fs_err::metadata(dir).is_ok_and(|metadata| metadata.is_dir()) {
            return Err(ModelError::NoFolder { dir: dir.to_owned() });
        }
        let config = read_config(dir)?;
        let tokenizer = required(dir, TOKENIZER_FILE)?;
        let (weights, found) = find_weights(dir)?;
        let prefix = check(dir, &config, &found)?;
        Ok(Self { dir: dir.to_owned(), config, weights, prefix, tokenizer })
    }
}

fn read_config(dir: &Path) -> Result<BertShape, ModelError> {
    let path = required(dir, CONFIG_FILE)?;
    let bytes = fs_err::metadata(&path)?.len();
    if bytes > CONFIG_BYTES_MAX {
        let message = format!("`{}` has {bytes} bytes: at most {CONFIG_BYTES_MAX} are read", path.display());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message).into());
    }
    BertShape::from_config(&fs_err::read_to_string(&path)?)
        .map_err(|source| ModelError::Config { dir: dir.to_owned(), source })
}

fn required(dir: &Path, file: &'static str) -> Result<PathBuf, ModelError> {
    let path = dir.join(file);
    if fs_err::exists(&path)? { Ok(path) } else { Err(ModelError::NoFile { dir: dir.to_owned(), file }) }
}

/// The weights and the tensors in them. A GGUF file comes first: it is what a pull writes.
fn find_weights(dir: &Path) -> Result<(Weights, Vec<TensorShape>), ModelError> {
    let path = dir.join(GGUF_FILE);
    if fs_err::exists(&path)? {
        let file = Gguf::open(&path).map_err(|source| ModelError::Gguf { path: path.clone(), source })?;
        let found = file.tensors.into_iter().map(|entry| TensorShape { name: entry.name, dims: entry.dims });
        return Ok((Weights::Gguf(path), found.collect()));
    }
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(ModelError::NoWeights { dir: dir.to_owned() });
    }
    paths.sort();
    let mut found = Vec::new();
    for path in &paths {
        let shapes = safetensors::read_shapes(path);
        found.extend(shapes.map_err(|source| ModelError::Safetensors { path: path.clone(), source })?);
    }
    Ok((Weights::Safetensors(paths), found))
}

/// Holds what was found against what the configuration asks for, and gives the prefix of the names.
fn check(dir: &Path, config: &BertShape, found: &[TensorShape]) -> Result<String, ModelError> {
    let mut names = HashSet::new();
    if let Some(twice) = found.iter().find(|tensor| !names.insert(&tensor.name)) {
        return Err(ModelError::Twice { dir: dir.to_owned(), name: twice.name.clone() });
    }
    let prefix = found.iter().find_map(|tensor| tensor.name.strip_suffix(WORD_EMBEDDINGS)).unwrap_or_default();
    let by_name: HashMap<&str, &[usize]> =
        found.iter().filter_map(|tensor| Some((tensor.name.strip_prefix(prefix)?, tensor.dims.as_slice()))).collect();
    let mut missing = Vec::new();
    for wanted in config.tensors() {
        match by_name.get(wanted.name.as_str()) {
            None => missing.push(wanted.name),
            Some(&dims) if dims != wanted.dims => {
                return Err(ModelError::Shape {
                    dir: dir.to_owned(),
                    name: wanted.name,
                    found: dims.to_vec(),
                    expected: wanted.dims,
                });
            }
            Some(_) => {}
        }
    }
    let n = missing.len();
    match missing.into_iter().next() {
        None => Ok(prefix.to_owned()),
        Some(first) => Err(ModelError::Missing { dir: dir.to_owned(), n, first }),
    }
}

#[cfg(test)]
mod tests;
