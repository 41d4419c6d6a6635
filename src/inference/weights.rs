//! Reads the weights of a model folder as `f32` tensors under their Hugging Face names.

use crate::domain::hex;
use crate::inference::bert::LoadError;
use crate::models::{ModelFiles, Weights};
use candle_core::quantized::gguf_file;
use candle_core::{DType, Device, Tensor};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// The rows of positions.
const POSITIONS: &str = "embeddings.position_embeddings.weight";

/// All tensors of the encoder, 4-bit ones expanded.
pub(super) fn read(files: &ModelFiles) -> Result<HashMap<String, Tensor>, LoadError> {
    let mut tensors = HashMap::new();
    match &files.weights {
        Weights::Gguf(path) => {
            let mut reader = std::io::BufReader::with_capacity(1 << 20, fs_err::File::open(path)?);
            let content = gguf_file::Content::read(&mut reader)?;
            for name in content.tensor_infos.keys() {
                let tensor = content.tensor(&mut reader, name, &Device::Cpu)?.dequantize(&Device::Cpu)?;
                tensors.insert(name.clone(), tensor);
            }
        }
        Weights::Safetensors(paths) => {
            for path in paths {
                for (name, tensor) in candle_core::safetensors::load(path, &Device::Cpu)? {
                    tensors.insert(name, tensor.to_dtype(DType::F32)?);
                }
            }
        }
    }
    let mut named = HashMap::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        // What has no prefix belongs to another head of the model.
        if let Some(name) = name.strip_prefix(&files.prefix) {
            named.insert(name.to_owned(), tensor);
        }
    }
    if let Some(positions) = named.get_mut(POSITIONS) {
        let offset = files.config.position_offset;
        *positions = positions.narrow(0, offset, files.config.tokens_max())?;
    }
    Ok(named)
}

/// A name of the weights and tokenizer that changes when they do: sizes, and a megabyte of every sixteenth of each file.
pub(super) fn fingerprint(files: &ModelFiles) -> Result<String, std::io::Error> {
    let mut hash = Sha256::new();
    let weights = match &files.weights {
        Weights::Gguf(path) => std::slice::from_ref(path),
        Weights::Safetensors(paths) => paths.as_slice(),
    };
    for path in weights.iter().chain([&files.tokenizer]) {
        sample(path, &mut hash)?;
    }
    let digest = hash.finalize();
    Ok(hex(&digest, 8))
}

fn sample(path: &Path, hash: &mut Sha256) -> Result<(), std::io::Error> {
    const SAMPLES_N: u64 = 16;
    const SAMPLE_BYTES: u64 = 1 << 20;
    let mut file = fs_err::File::open(path)?;
    let bytes_n = file.metadata()?.len();
    hash.update(bytes_n.to_le_bytes());
    let mut buffer = Vec::new();
    for at in 0..SAMPLES_N {
        file.seek(SeekFrom::Start(bytes_n / SAMPLES_N * at))?;
        buffer.clear();
        file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut buffer)?;
        hash.update(&buffer);
    }
    Ok(())
}
