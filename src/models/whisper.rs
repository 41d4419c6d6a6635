//! Turns Whisper's weights in `CTranslate2`'s form into the file that whisper.cpp reads.
//!
//! No number is scaled or transposed. What `CTranslate2` joins (query, key and value of one attention) is cut apart, matrices are rounded to
//! blocks of 8 bits where that is asked for, and what `CTranslate2` keeps elsewhere is put in: the mel filters are computed, the words come
//! from the tokenizer.

use super::ctranslate2::{Ctranslate2, Ctranslate2Error, Halves, missing};
use half::f16;
use std::collections::HashMap;
use thiserror::Error;

const MAGIC: u32 = 0x6767_6d6c;
/// Ordinary tokens of the multilingual vocabulary; whisper.cpp makes the special ones itself.
const WORDS_N: usize = 50_257;
const SAMPLE_RATE_HZ: f64 = 16_000.0;
const FFT_BINS_N: usize = 201;
const BLOCK: usize = 32;

/// How matrices are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    /// Half precision, as they came.
    F16,
    /// Blocks of 32 numbers: a scale in half precision, then 8 bits each.
    Q8,
}

/// Why a conversion failed.
#[derive(Debug, Error)]
pub enum WhisperError {
    /// The weights.
    #[error(transparent)]
    Weights(#[from] Ctranslate2Error),
    /// The tokenizer.
    #[error("tokenizer.json is not that of multilingual Whisper: {0}")]
    Tokenizer(&'static str),
    /// Its form.
    #[error("tokenizer.json cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A size that the other form has no room for.
    #[error("the weights file holds a size that cannot be right")]
    Size,
}

/// The whole file.
pub(crate) fn ggml(model: &[u8], tokenizer: &[u8], precision: Precision) -> Result<Vec<u8>, WhisperError> {
    let weights = Ctranslate2::parse(model)?;
    let mut file = Writer { bytes: Vec::with_capacity(model.len() + (4 << 20)), precision };
    let mels_n = header(&weights, &mut file)?;
    file.ints(&[mels_n, FFT_BINS_N])?;
    for weight in mel_filters(mels_n) {
        file.bytes.extend(weight.to_le_bytes());
    }
    let words = words(tokenizer)?;
    file.ints(&[words.len()])?;
    for word in words {
        file.ints(&[word.len()])?;
        file.bytes.extend(word);
    }
    tensors(&weights, &mut file)?;
    Ok(file.bytes)
}

/// Writes the sizes, and gives the number of mel bands.
fn header(weights: &Ctranslate2<'_>, file: &mut Writer) -> Result<usize, WhisperError> {
    let dims = |name: &str| weights.halves(name).map(|halves| halves.dims);
    let matrix = |name: &str| match dims(name)?.as_slice() {
        &[rows, columns] => Ok((rows, columns)),
        _ => Err(missing(name, "with two dimensions")),
    };
    let (vocabulary_n, _) = matrix("decoder/embeddings/weight")?;
    let (audio_positions, audio_width) = matrix("encoder/position_encodings/encodings")?;
    let (text_positions, text_width) = matrix("decoder/position_encodings/encodings")?;
    let &[_, mels_n, _] = dims("encoder/conv1/weight")?.as_slice() else { return Err(WhisperError::Size) };
    let heads = |part: &str| {
        let heads = weights.number(&format!("{part}/num_heads"))?;
        usize::try_from(heads).map_err(|_| WhisperError::Size)
    };
    file.bytes.extend(MAGIC.to_le_bytes());
    file.ints(&[vocabulary_n, audio_positions, audio_width, heads("encoder")?, weights.layers_n("encoder")])?;
    file.ints(&[text_positions, text_width, heads("decoder")?, weights.layers_n("decoder"), mels_n])?;
    file.ints(&[if file.precision == Precision::Q8 { 2007 } else { 1 }])?;
    Ok(mels_n)
}

/// Writes every tensor under whisper.cpp's name.
fn tensors(weights: &Ctranslate2<'_>, file: &mut Writer) -> Result<(), WhisperError> {
    for part in ["encoder", "decoder"] {
        let positions = weights.halves(&format!("{part}/position_encodings/encodings"))?;
        file.floats(&format!("{part}.positional_embedding"), &positions.dims, &positions)?;
    }
    for conv in ["conv1", "conv2"] {
        let kernel = weights.halves(&format!("encoder/{conv}/weight"))?;
        file.halves(&format!("encoder.{conv}.weight"), &kernel)?;
        let bias = weights.halves(&format!("encoder/{conv}/bias"))?;
        let dims: Vec<_> = bias.dims.iter().copied().chain([1]).collect();
        file.floats(&format!("encoder.{conv}.bias"), &dims, &bias)?;
    }
    for part in ["encoder", "decoder"] {
        for layer in 0..weights.layers_n(part) {
            let (from, to) = (format!("{part}/layer_{layer}"), format!("{part}.blocks.{layer}"));
            let mut layer = Layer { weights, file, from, to };
            layer.norm("self_attention/layer_norm", "attn_ln")?;
            layer.attention("self_attention", "attn", &[3, 1])?;
            if part == "decoder" {
                layer.norm("attention/layer_norm", "cross_attn_ln")?;
                layer.attention("attention", "cross_attn", &[1, 2, 1])?;
            }
            layer.norm("ffn/layer_norm", "mlp_ln")?;
            layer.linear("ffn/linear_0", "mlp.0")?;
            layer.linear("ffn/linear_1", "mlp.2")?;
        }
    }
    for (from, to) in [("encoder/layer_norm", "encoder.ln_post"), ("decoder/layer_norm", "decoder.ln")] {
        for (from_name, to_name) in [("gamma", "weight"), ("beta", "bias")] {
            let values = weights.halves(&format!("{from}/{from_name}"))?;
            file.floats(&format!("{to}.{to_name}"), &values.dims, &values)?;
        }
    }
    file.matrix("decoder.token_embedding.weight", &weights.halves("decoder/embeddings/weight")?)
}

/// One layer's tensors on their way.
struct Layer<'a, 'b> {
    weights: &'a Ctranslate2<'b>,
    file: &'a mut Writer,
    from: String,
    to: String,
}

impl Layer<'_, '_> {
    fn norm(&mut self, from: &str, to: &str) -> Result<(), WhisperError> {
        for (from_name, to_name) in [("gamma", "weight"), ("beta", "bias")] {
            let values = self.weights.halves(&format!("{}/{from}/{from_name}", self.from))?;
            self.file.floats(&format!("{}.{to}.{to_name}", self.to), &values.dims, &values)?;
        }
        Ok(())
    }

    fn linear(&mut self, from: &str, to: &str) -> Result<(), WhisperError> {
        let weight = self.weights.halves(&format!("{}/{from}/weight", self.from))?;
        self.file.matrix(&format!("{}.{to}.weight", self.to), &weight)?;
        let bias = self.weights.halves(&format!("{}/{from}/bias", self.from))?;
        self.file.floats(&format!("{}.{to}.bias", self.to), &bias.dims, &bias)
    }

    /// Query, key, value and output, which lie in as many joined matrices as `joined` has entries.
    fn attention(&mut self, from: &str, to: &str, joined: &[usize]) -> Result<(), WhisperError> {
        let mut names = ["query", "key", "value", "out"].into_iter();
        for (linear, &parts_n) in joined.iter().enumerate() {
            let weight = self.weights.halves(&format!("{}/{from}/linear_{linear}/weight", self.from))?;
            let bias = self.weights.halves(&format!("{}/{from}/linear_{linear}/bias", self.from))?;
            for (part, name) in names.by_ref().take(parts_n).enumerate() {
                let (weight, bias) = (weight.part(part, parts_n), bias.part(part, parts_n));
                let (Some(weight), Some(bias)) = (weight, bias) else { return Err(WhisperError::Size) };
                self.file.matrix(&format!("{}.{to}.{name}.weight", self.to), &weight)?;
                // Whisper's keys have no bias; CTranslate2 stores zeros.
                if name == "key" {
                    if bias.values().any(|value| value.abs() > 0.0) {
                        let name = format!("{}/{from}/linear_{linear}/bias", self.from);
                        return Err(missing(&name, "with zeros for keys").into());
                    }
                } else {
                    self.file.floats(&format!("{}.{to}.{name}.bias", self.to), &bias.dims, &bias)?;
                }
            }
        }
        Ok(())
    }
}

/// The file so far.
struct Writer {
    bytes: Vec<u8>,
    precision: Precision,
}

impl Writer {
    fn ints(&mut self, values: &[usize]) -> Result<(), WhisperError> {
        for &value in values {
            let value = i32::try_from(value).map_err(|_| WhisperError::Size)?;
            self.bytes.extend(value.to_le_bytes());
        }
        Ok(())
    }

    /// Name, type and dimensions, which whisper.cpp wants innermost first.
    fn entry(&mut self, name: &str, kind: usize, dims: &[usize]) -> Result<(), WhisperError> {
        self.ints(&[dims.len(), name.len(), kind])?;
        let reversed: Vec<_> = dims.iter().rev().copied().collect();
        self.ints(&reversed)?;
        self.bytes.extend(name.bytes());
        Ok(())
    }

    fn floats(&mut self, name: &str, dims: &[usize], values: &Halves<'_>) -> Result<(), WhisperError> {
        self.entry(name, 0, dims)?;
        self.bytes.extend(values.values().flat_map(f32::to_le_bytes));
        Ok(())
    }

    fn halves(&mut self, name: &str, values: &Halves<'_>) -> Result<(), WhisperError> {
        self.entry(name, 1, &values.dims)?;
        self.bytes.extend(values.bytes());
        Ok(())
    }

    fn matrix(&mut self, name: &str, values: &Halves<'_>) -> Result<(), WhisperError> {
        if self.precision == Precision::F16 {
            return self.halves(name, values);
        }
        if !values.dims.last().is_some_and(|columns| columns.is_multiple_of(BLOCK)) {
            return Err(WhisperError::Size);
        }
        self.entry(name, 8, &values.dims)?;
        let numbers: Vec<f32> = values.values().collect();
        for block in numbers.as_chunks::<BLOCK>().0 {
            let (scale, rounded) = quantise(block);
            self.bytes.extend(scale.to_le_bytes());
            self.bytes.extend(rounded.iter().flat_map(|number| number.to_le_bytes()));
        }
        Ok(())
    }
}

/// Rounds as ggml does: by the scale before that is rounded itself, halves away from zero.
#[expect(clippy::cast_possible_truncation, reason = "the quotient is within 127")]
fn quantise(block: &[f32; BLOCK]) -> (f16, [i8; BLOCK]) {
    let largest = block.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let scale = largest / 127.0;
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    (f16::from_f32(scale), block.map(|value| (value * inverse).round() as i8))
}

/// The triangles of the mel scale of Slaney, which Whisper was trained with, band after band.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small numbers; the file has f32")]
fn mel_filters(mels_n: usize) -> Vec<f32> {
    let hertz =
        |mel: f64| if mel < 15.0 { 200.0 / 3.0 * mel } else { 1000.0 * (6.4_f64.ln() / 27.0 * (mel - 15.0)).exp() };
    let mel_max = 15.0 + 27.0 * (SAMPLE_RATE_HZ / 2.0 / 1000.0).ln() / 6.4_f64.ln();
    let corner = |i: usize| hertz(mel_max * i as f64 / (mels_n + 1) as f64);
    let bin = |i: usize| SAMPLE_RATE_HZ / 2.0 * i as f64 / (FFT_BINS_N - 1) as f64;
    let mut filters = Vec::with_capacity(mels_n * FFT_BINS_N);
    for band in 0..mels_n {
        let (low, middle, high) = (corner(band), corner(band + 1), corner(band + 2));
        for i in 0..FFT_BINS_N {
            let (rise, fall) = ((bin(i) - low) / (middle - low), (high - bin(i)) / (high - middle));
            filters.push((rise.min(fall).max(0.0) * 2.0 / (high - low)) as f32);
        }
    }
    filters
}

/// The bytes of the ordinary tokens, by id.
fn words(tokenizer: &[u8]) -> Result<Vec<Vec<u8>>, WhisperError> {
    #[derive(serde::Deserialize)]
    struct File {
        model: Model,
    }
    #[derive(serde::Deserialize)]
    struct Model {
        vocab: HashMap<String, usize>,
    }
    let File { model } = serde_json::from_slice(tokenizer)?;
    let bytes_of: HashMap<char, u8> = byte_letters().collect();
    let mut words = vec![None; WORDS_N];
    for (text, id) in model.vocab {
        if let Some(word) = words.get_mut(id) {
            let bytes: Option<Vec<u8>> = text.chars().map(|letter| bytes_of.get(&letter).copied()).collect();
            *word = Some(bytes.ok_or(WhisperError::Tokenizer("a token has a letter that stands for no byte"))?);
        }
    }
    words.into_iter().collect::<Option<_>>().ok_or(WhisperError::Tokenizer("a token is missing"))
}

/// The letters that stand for bytes in tokenizers of GPT-2's kind: printable ones for themselves, the others follow from U+0100.
fn byte_letters() -> impl Iterator<Item = (char, u8)> {
    let printable = |byte: &u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let own = (0..=255_u8).filter(printable).map(|byte| (char::from(byte), byte));
    let others = (0..=255_u8).filter(move |byte| !printable(byte));
    own.chain(('\u{100}'..).zip(others))
}

#[cfg(test)]
mod tests;
