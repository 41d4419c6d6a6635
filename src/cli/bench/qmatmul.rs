//! The encoder on candle's quantised matrix products: what is measured against, not what is used.

use crate::models::{ModelFiles, Weights};
use anyhow::{Context as _, Result};
use candle_core::quantized::{QMatMul, gguf_file};
use candle_core::{D, Device, Module, Tensor};
use candle_nn::{Embedding, LayerNorm, ops};
use std::io::BufReader;
use std::sync::Arc;

/// A BERT-type encoder whose matrices stay in their 4 bits.
pub(super) struct Quantised {
    words: Embedding,
    positions: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
    heads_n: usize,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attention_out: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    norm: LayerNorm,
}

struct Linear {
    weights: QMatMul,
    bias: Tensor,
}

impl Linear {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        self.weights.forward(x)?.broadcast_add(&self.bias)
    }
}

impl Quantised {
    /// Loads a folder with GGUF weights.
    pub(super) fn load(files: &ModelFiles) -> Result<Self> {
        let Weights::Gguf(path) = &files.weights else {
            anyhow::bail!("candle's quantised products are measured with GGUF weights only")
        };
        let mut reader = BufReader::with_capacity(1 << 20, fs_err::File::open(path)?);
        let content = gguf_file::Content::read(&mut reader)?;
        let mut stored = |name: &str| {
            content
                .tensor(&mut reader, &format!("{}{name}", files.prefix), &Device::Cpu)
                .with_context(|| name.to_owned())
        };
        let shape = &files.config;
        let hidden = shape.hidden;
        let words = Embedding::new(stored("embeddings.word_embeddings.weight")?.dequantize(&Device::Cpu)?, hidden);
        let positions = stored("embeddings.position_embeddings.weight")?.dequantize(&Device::Cpu)?;
        let types = stored("embeddings.token_type_embeddings.weight")?.dequantize(&Device::Cpu)?.narrow(0, 0, 1)?;
        let positions = positions.narrow(0, shape.position_offset, shape.tokens_max())?.broadcast_add(&types)?;
        let mut plain = |name: String| -> Result<Tensor> { Ok(stored(&name)?.dequantize(&Device::Cpu)?) };
        let mut norm = |name: &str| -> Result<LayerNorm> {
            Ok(LayerNorm::new(plain(format!("{name}.weight"))?, plain(format!("{name}.bias"))?, shape.layer_norm_eps))
        };
        let first = norm("embeddings.LayerNorm")?;
        let mut norms = Vec::new();
        for n in 0..shape.layers {
            let name = format!("encoder.layer.{n}");
            norms.push((
                norm(&format!("{name}.attention.output.LayerNorm"))?,
                norm(&format!("{name}.output.LayerNorm"))?,
            ));
        }
        let mut linear = |name: String| -> Result<Linear> {
            let weights = QMatMul::from_arc(Arc::new(stored(&format!("{name}.weight"))?))?;
            Ok(Linear { weights, bias: stored(&format!("{name}.bias"))?.dequantize(&Device::Cpu)? })
        };
        let mut layers = Vec::new();
        for (n, (attention_norm, norm)) in norms.into_iter().enumerate() {
            let name = format!("encoder.layer.{n}");
            layers.push(Layer {
                query: linear(format!("{name}.attention.self.query"))?,
                key: linear(format!("{name}.attention.self.key"))?,
                value: linear(format!("{name}.attention.self.value"))?,
                attention_out: linear(format!("{name}.attention.output.dense"))?,
                attention_norm,
                up: linear(format!("{name}.intermediate.dense"))?,
                down: linear(format!("{name}.output.dense"))?,
                norm,
            });
        }
        Ok(Self { words, positions, norm: first, layers, heads_n: shape.heads })
    }

    /// The embedding of one text.
    pub(super) fn embed(&self, ids: &[u32]) -> candle_core::Result<Vec<f32>> {
        let tokens = Tensor::new(ids, &Device::Cpu)?;
        let x = (self.words.forward(&tokens)? + self.positions.narrow(0, 0, ids.len())?)?;
        let mut x = self.norm.forward(&x)?;
        for layer in &self.layers {
            let mixed = self.attention(layer, &x)?;
            x = layer.attention_norm.forward(&(layer.attention_out.forward(&mixed)? + x)?)?;
            let wide = layer.up.forward(&x)?.gelu_erf()?;
            x = layer.norm.forward(&(layer.down.forward(&wide)? + x)?)?;
        }
        let mean = x.mean(0)?;
        mean.broadcast_div(&mean.sqr()?.sum_all()?.sqrt()?)?.to_vec1()
    }

    fn attention(&self, layer: &Layer, x: &Tensor) -> candle_core::Result<Tensor> {
        let (tokens_n, hidden) = x.dims2()?;
        let width = hidden / self.heads_n;
        let heads = |linear: &Linear| {
            linear.forward(x)?.reshape((tokens_n, self.heads_n, width))?.transpose(0, 1)?.contiguous()
        };
        let (query, key, value) = (heads(&layer.query)?, heads(&layer.key)?, heads(&layer.value)?);
        #[expect(clippy::cast_precision_loss, reason = "a head has far fewer than 2^52 numbers")]
        let scores = (query.matmul(&key.t()?)? / (width as f64).sqrt())?;
        let weights = ops::softmax(&scores, D::Minus1)?;
        weights.matmul(&value)?.transpose(0, 1)?.reshape((tokens_n, hidden))
    }
}
