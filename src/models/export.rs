//! Writes a pulled model as plain `f32` safetensors, which every other program reads.

use std::io;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use fs_err::File;
use thiserror::Error;

use super::files::{CONFIG_FILE, ModelError, ModelFiles, TOKENIZER_FILE, Weights};
use super::gguf::{Gguf, GgufError};
use super::safetensors;

const SAFETENSORS_FILE: &str = "model.safetensors";
/// The name until everything is written; what an export that was killed left is overwritten.
const PART_FILE: &str = ".model.safetensors.part";

/// Why a model could not be exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The model is not usable.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It is in that form already.
    #[error("`{}` holds safetensors already: copy the folder", dir.display())]
    Already {
        /// The model's folder.
        dir: PathBuf,
    },
    /// The weights cannot be read.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes `model.safetensors` into the folder `out`, with copies of `config.json` and
/// `tokenizer.json`.
///
/// The names are those of a Hugging Face `BertModel`; the 4-bit matrices are written as the numbers
/// they stand for.
pub fn export_safetensors(model_dir: &Path, out: &Path) -> Result<(), ExportError> {
    let model = ModelFiles::open(model_dir)?;
    let Weights::Gguf(path) = &model.weights else {
        return Err(ExportError::Already { dir: model_dir.to_owned() });
    };
    let mut gguf = Gguf::open(path)?;
    fs_err::create_dir_all(out)?;
    let part = out.join(PART_FILE);
    let mut writer = BufWriter::new(File::create(&part)?);
    let entries = gguf.tensors.clone();
    safetensors::write_header(&mut writer, entries.iter().map(|entry| (entry.name.as_str(), entry.dims.as_slice())))?;
    for entry in &entries {
        for number in entry.kind.dequantise(&gguf.read(entry)?) {
            writer.write_all(&number.to_le_bytes())?;
        }
    }
    writer.flush()?;
    writer.get_ref().sync_all()?;
    for name in [CONFIG_FILE, TOKENIZER_FILE] {
        fs_err::copy(model.dir.join(name), out.join(name))?;
    }
    fs_err::rename(&part, out.join(SAFETENSORS_FILE))?;
    Ok(())
}
