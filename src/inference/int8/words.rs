//! The rows of the word embedding, quantised in memory; one is expanded for each token.

use candle_core::Tensor;
use candle_core::quantized::{GgmlDType, QTensor};
use half::f16;

/// Numbers of a quantised block.
const BLOCK: usize = 32;

/// A row for each token of the vocabulary.
pub(super) struct Words {
    tensor: QTensor,
    form: Form,
    width: usize,
}

#[derive(Clone, Copy)]
enum Form {
    Q4_0,
    Q8_0,
    F32,
}

impl Words {
    /// Keeps 4-bit and 8-bit rows as they are and rounds others to 8 bits, where their length allows it.
    pub(super) fn new(tensor: QTensor) -> Result<Self, candle_core::Error> {
        let (_, width) = tensor.shape().dims2()?;
        let (tensor, form) = match tensor.dtype() {
            GgmlDType::Q4_0 => (tensor, Form::Q4_0),
            GgmlDType::Q8_0 => (tensor, Form::Q8_0),
            _ => return Self::from_tensor(&tensor.dequantize(&candle_core::Device::Cpu)?),
        };
        Ok(Self { tensor, form, width })
    }

    /// Rounds rows to 8 bits, where their length allows it.
    pub(super) fn from_tensor(rows: &Tensor) -> Result<Self, candle_core::Error> {
        let (_, width) = rows.dims2()?;
        let (kind, form) =
            if width.is_multiple_of(BLOCK) { (GgmlDType::Q8_0, Form::Q8_0) } else { (GgmlDType::F32, Form::F32) };
        Ok(Self { tensor: QTensor::quantize(rows, kind)?, form, width })
    }

    /// Adds a row to `to`, which may be longer.
    pub(super) fn add(&self, row: usize, to: &mut [f32]) -> Result<(), candle_core::Error> {
        let data = self.tensor.data()?;
        let block_bytes = self.form.block_bytes();
        let bytes_n = self.width / self.form.block_numbers() * block_bytes;
        let Some(row) = data.get(row * bytes_n..(row + 1) * bytes_n) else {
            candle_core::bail!(
                "the tokenizer gave token {row}, which the model does not have: run `neuvo models pull` again"
            )
        };
        for (to, block) in to.chunks_mut(self.form.block_numbers()).zip(row.chunks_exact(block_bytes)) {
            self.form.add(block, to);
        }
        Ok(())
    }

    /// Bytes in memory.
    pub(super) fn bytes_n(&self) -> usize {
        self.tensor.storage_size_in_bytes()
    }
}

impl Form {
    const fn block_numbers(self) -> usize {
        match self {
            Self::Q4_0 | Self::Q8_0 => BLOCK,
            Self::F32 => 1,
        }
    }

    const fn block_bytes(self) -> usize {
        match self {
            Self::Q4_0 => 2 + BLOCK / 2,
            Self::Q8_0 => 2 + BLOCK,
            Self::F32 => 4,
        }
    }

    fn add(self, block: &[u8], to: &mut [f32]) {
        if let (Self::F32, Ok(bytes), Some(to)) = (self, block.try_into(), to.first_mut()) {
            *to += f32::from_le_bytes(bytes);
            return;
        }
        let Some((scale, numbers)) = block.split_first_chunk::<2>() else { return };
        let scale = f16::from_le_bytes(*scale).to_f32();
        if let Self::Q4_0 = self {
            let Some((low, high)) = to.split_at_mut_checked(BLOCK / 2) else { return };
            for ((low, high), byte) in low.iter_mut().zip(high).zip(numbers) {
                *low += (f32::from(byte & 15) - 8.0) * scale;
                *high += (f32::from(byte >> 4) - 8.0) * scale;
            }
        } else {
            for (to, byte) in to.iter_mut().zip(numbers) {
                *to += f32::from(byte.cast_signed()) * scale;
            }
        }
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").field("shape", self.tensor.shape()).finish_non_exhaustive()
    }
}
