//! Reads a model folder into [`Core`]: 4-bit matrices are taken over as they are, all others are rounded to 8 bits.

use super::forward::{Core, Layer, Linear};
use super::kernel::Kernel;
use super::lines::Packed;
use super::rows::Norm;
use super::words::Words;
use crate::inference::bert::LoadError;
use crate::inference::encoder::layers_read;
use crate::models::{ModelFiles, Weights};
use candle_core::quantized::{GgmlDType, QTensor, gguf_file};
use candle_core::safetensors::BufferedSafetensors;
use candle_core::{DType, Device, Error, Tensor};
use fs_err::File;
use std::io::BufReader;

/// Where tensors come from, one at a time.
enum Source {
    Gguf { content: gguf_file::Content, reader: BufReader<File> },
    Safetensors(Vec<BufferedSafetensors>),
}

/// One tensor as it is stored.
enum Stored {
    Quantised(QTensor),
    Plain(Tensor),
}

struct Loader<'a> {
    files: &'a ModelFiles,
    source: Source,
}

/// Reads the weights of a folder.
pub(super) fn load(files: &ModelFiles, kernel: Kernel) -> Result<Core, LoadError> {
    let source = match &files.weights {
        Weights::Gguf(path) => {
            let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
            Source::Gguf { content: gguf_file::Content::read(&mut reader)?, reader }
        }
        Weights::Safetensors(paths) => {
            let read = |path| -> Result<_, LoadError> { Ok(BufferedSafetensors::new(fs_err::read(path)?)?) };
            Source::Safetensors(paths.iter().map(read).collect::<Result<_, _>>()?)
        }
    };
    Ok(Loader { files, source }.core(kernel)?)
}

impl Loader<'_> {
    fn core(&mut self, kernel: Kernel) -> Result<Core, Error> {
        let words = match self.stored("embeddings.word_embeddings.weight")? {
            Stored::Quantised(tensor) => Words::new(tensor)?,
            Stored::Plain(tensor) => Words::from_tensor(&tensor)?,
        };
        let config = &self.files.config;
        let (hidden, heads_n, layers_n) = (config.hidden, config.heads, config.layers);
        let width = hidden.next_multiple_of(super::lines::TILE);
        Ok(Core {
            kernel,
            hidden,
            width,
            heads_n,
            words,
            positions: self.positions(hidden, width)?,
            norm: self.norm("embeddings.LayerNorm")?,
            layers: (0..layers_n).map(|n| self.layer(n, hidden)).collect::<Result<_, _>>()?,
            read: layers_read(layers_n),
        })
    }

    /// The rows of positions that texts use, each with the row of the first token type.
    fn positions(&mut self, hidden: usize, width: usize) -> Result<Vec<f32>, Error> {
        let config = &self.files.config;
        let (offset, tokens_max) = (config.position_offset, config.tokens_max());
        let rows = self.plain("embeddings.position_embeddings.weight")?.narrow(0, offset, tokens_max)?;
        let types = self.plain("embeddings.token_type_embeddings.weight")?.narrow(0, 0, 1)?;
        rows.broadcast_add(&types)?.pad_with_zeros(1, 0, width - hidden)?.flatten_all()?.to_vec1()
    }

    fn layer(&mut self, n: usize, hidden: usize) -> Result<Layer, Error> {
        let name = |part: &str| format!("encoder.layer.{n}.{part}");
        let wide = self.files.config.feed_forward;
        let [query, key, value] = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        Ok(Layer {
            attention_in: self.linear(&[query, key, value], hidden, hidden)?,
            attention_out: self.linear(&[name("attention.output.dense")], hidden, hidden)?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"))?,
            up: self.linear(&[name("intermediate.dense")], hidden, wide)?,
            down: self.linear(&[name("output.dense")], wide, hidden)?,
            norm: self.norm(&name("output.LayerNorm"))?,
        })
    }

    /// Matrices of the same size, one below the other, with their biases.
    fn linear(&mut self, names: &[String], inputs: usize, outputs: usize) -> Result<Linear, Error> {
        let mut bias = Vec::new();
        let mut stored = Vec::new();
        for name in names {
            bias.extend(self.numbers(&format!("{name}.bias"))?);
            stored.push(self.stored(&format!("{name}.weight"))?);
        }
        let weights = if let Some(parts) = four_bit(&stored)? {
            Packed::from_q4_0(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>(), inputs)
        } else {
            let mut numbers = Vec::new();
            for part in stored {
                numbers.extend(part.into_plain()?.flatten_all()?.to_vec1::<f32>()?);
            }
            Packed::from_f32(&numbers, names.len() * outputs, inputs)
        };
        let Some(weights) = weights else {
            candle_core::bail!("`{}` does not have {outputs} rows of {inputs} numbers", names.concat())
        };
        bias.resize(weights.outputs, 0.0);
        Ok(Linear { weights, bias })
    }

    fn norm(&mut self, name: &str) -> Result<Norm, Error> {
        #[expect(clippy::cast_possible_truncation, reason = "computing is in single precision")]
        let epsilon = self.files.config.layer_norm_eps as f32;
        let mut scale = self.numbers(&format!("{name}.weight"))?;
        let mut shift = self.numbers(&format!("{name}.bias"))?;
        let numbers_n = scale.len();
        scale.resize(numbers_n.next_multiple_of(super::lines::TILE), 0.0);
        shift.resize(scale.len(), 0.0);
        Ok(Norm { scale, shift, numbers_n, epsilon })
    }

    fn numbers(&mut self, name: &str) -> Result<Vec<f32>, Error> {
        self.plain(name)?.flatten_all()?.to_vec1()
    }

    fn plain(&mut self, name: &str) -> Result<Tensor, Error> {
        self.stored(name)?.into_plain()
    }

    fn stored(&mut self, name: &str) -> Result<Stored, Error> {
        let name = format!("{}{name}", self.files.prefix);
        match &mut self.source {
            Source::Gguf { content, reader } => Ok(Stored::Quantised(content.tensor(reader, &name, &Device::Cpu)?)),
            Source::Safetensors(files) => match files.iter().find(|file| file.get(&name).is_ok()) {
                Some(file) => Ok(Stored::Plain(file.load(&name, &Device::Cpu)?.to_dtype(DType::F32)?)),
                None => candle_core::bail!("there is no tensor `{name}`"),
            },
        }
    }
}

impl Stored {
    fn into_plain(self) -> Result<Tensor, Error> {
        match self {
            Self::Quantised(tensor) => tensor.dequantize(&Device::Cpu),
            Self::Plain(tensor) => Ok(tensor),
        }
    }
}

/// The bytes of `Q4_0` matrices, if all are.
fn four_bit(stored: &[Stored]) -> Result<Option<Vec<std::borrow::Cow<'_, [u8]>>>, Error> {
    let mut parts = Vec::new();
    for part in stored {
        match part {
            Stored::Quantised(tensor) if tensor.dtype() == GgmlDType::Q4_0 => parts.push(tensor.data()?),
            _ => return Ok(None),
        }
    }
    Ok(Some(parts))
}
