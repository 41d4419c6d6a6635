//! The encoder as an operation on candle tensors.

use super::forward::{Core, Scratch};
use candle_core::{CpuStorage, CustomOp1, Error, Layout, Shape, Tensor};
use std::sync::{Arc, Mutex, PoisonError};

/// All layers in one operation: embedded tokens `[tokens, hidden]` or `[texts, tokens, hidden]` in `f32` go in, hidden states come out.
pub struct HiddenStates {
    core: Arc<Core>,
    scratch: Mutex<Scratch>,
}

impl HiddenStates {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core, scratch: Mutex::default() }
    }

    /// The sums of word, position and token type `[tokens, hidden]` of one text: what the operation takes.
    ///
    /// # Errors
    /// Where a token is not in the vocabulary.
    pub fn embedded(&self, ids: &[u32]) -> Result<Tensor, Error> {
        let mut rows = vec![0.0; ids.len() * self.core.width];
        self.core.embed(ids, &[ids.len()], &mut rows)?;
        let shape = (ids.len(), self.core.width);
        Tensor::from_vec(rows, shape, &candle_core::Device::Cpu)?.narrow(1, 0, self.core.hidden)?.contiguous()
    }
}

impl CustomOp1 for HiddenStates {
    fn name(&self) -> &'static str {
        "int8-hidden-states"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape), Error> {
        let dims = layout.dims();
        let (hidden, width) = (self.core.hidden, self.core.width);
        let lengths = match *dims {
            [tokens_n, last] if last == hidden => vec![tokens_n],
            [texts_n, tokens_n, last] if last == hidden => vec![tokens_n; texts_n],
            _ => candle_core::bail!("expected [tokens, {hidden}] or [texts, tokens, {hidden}] and not {dims:?}"),
        };
        let rows_n: usize = lengths.iter().sum();
        let numbers = storage.as_slice::<f32>()?;
        let mut rows = vec![0.0; rows_n * width];
        let Some(numbers) = layout.contiguous_offsets().and_then(|(from, to)| numbers.get(from..to)) else {
            candle_core::bail!("the tensor's numbers do not lie in order: call `contiguous` first")
        };
        for (row, numbers) in rows.chunks_exact_mut(width).zip(numbers.chunks_exact(hidden)) {
            if let Some(to) = row.get_mut(..hidden) {
                to.copy_from_slice(numbers);
            }
        }
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        self.core.layers(&mut rows, &lengths, &mut scratch, |_, _| {});
        if hidden < width {
            rows = rows.chunks_exact(width).flat_map(|row| row.iter().take(hidden).copied()).collect();
        }
        Ok((CpuStorage::F32(rows), layout.shape().clone()))
    }
}
