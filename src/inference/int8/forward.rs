//! The layers: token ids go in, hidden states come out. Nothing is padded and nothing is allocated once the room has grown.

use super::attention::{Attend, Room};
use super::kernel::Kernel;
use super::lines::Packed;
use super::rows::{Bend, Norm, Normalize, Round, Rounded};
use super::words::Words;
use crate::inference::linalg::normalize;

/// Rows that go through a feed-forward layer together: as many as keep what lies between its two matrices in the second cache.
const PANEL_ROWS: usize = 60;

/// A matrix and its bias.
#[derive(Debug)]
pub(super) struct Linear {
    /// The matrix.
    pub weights: Packed,
    /// One for each output.
    pub bias: Vec<f32>,
}

impl Linear {
    /// Rounds rows and multiplies them with the matrix.
    fn apply(&self, kernel: Kernel, rows: &[f32], rounded: &mut Rounded, out: &mut Vec<f32>) {
        rounded.resize(rows.len() / self.weights.inputs, self.weights.inputs);
        kernel.run(Round { from: rows, zero: self.weights.form.zero(), to: rounded });
        self.multiply(kernel, rounded, out);
    }

    /// Multiplies rounded rows with the matrix.
    fn multiply(&self, kernel: Kernel, rows: &Rounded, out: &mut Vec<f32>) {
        out.resize(rows.values.len() / self.weights.inputs * self.weights.outputs, 0.0);
        kernel.multiply(rows, &self.weights, &self.bias, out);
    }
}

/// One layer of the encoder.
#[derive(Debug)]
pub(super) struct Layer {
    /// Queries, keys and values in one.
    pub attention_in: Linear,
    /// What attention gives back.
    pub attention_out: Linear,
    /// After attention.
    pub attention_norm: Norm,
    /// Into the wide space.
    pub up: Linear,
    /// Back out of it.
    pub down: Linear,
    /// After the feed-forward layer.
    pub norm: Norm,
}

/// All that the weights say.
#[derive(Debug)]
pub(super) struct Core {
    /// Which instructions compute.
    pub kernel: Kernel,
    /// Numbers of a hidden state.
    pub hidden: usize,
    /// The same, padded to whole tiles.
    pub width: usize,
    /// Attention heads.
    pub heads_n: usize,
    /// A row for each token of the vocabulary.
    pub words: Words,
    /// A padded row for each position, the first token type added.
    pub positions: Vec<f32>,
    /// After the embedding.
    pub norm: Norm,
    /// The layers.
    pub layers: Vec<Layer>,
    /// The layers below the last that embeddings are read from, the highest first.
    pub read: Vec<usize>,
}

/// Room for what lies between the steps of a layer.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    hidden: Vec<f32>,
    qkv: Vec<f32>,
    context: Vec<f32>,
    narrow: Vec<f32>,
    wide: Vec<f32>,
    rounded: Rounded,
    rounded_wide: Rounded,
    room: Room,
}

impl Core {
    /// How many layers an embedding has.
    pub(super) fn layers_n(&self) -> usize {
        1 + self.read.len()
    }

    /// The embeddings of texts that are computed together, the last layer first in each. `lengths` are the tokens of each text.
    pub(super) fn forward(
        &self,
        ids: &[u32],
        lengths: &[usize],
        scratch: &mut Scratch,
    ) -> Result<Vec<Vec<f32>>, candle_core::Error> {
        let mut embeddings = vec![vec![0.0; self.layers_n() * self.hidden]; lengths.len()];
        // Out of its place while the rest of the room is in use.
        let mut hidden = std::mem::take(&mut scratch.hidden);
        hidden.resize(ids.len() * self.width, 0.0);
        self.embed(ids, lengths, &mut hidden)?;
        self.layers(&mut hidden, lengths, scratch, |layers_n, hidden| {
            let place = if layers_n == self.layers.len() {
                Some(0)
            } else {
                self.read.iter().position(|&read| read == layers_n).map(|at| at + 1)
            };
            if let Some(place) = place {
                self.pool(hidden, lengths, place, &mut embeddings);
            }
        });
        scratch.hidden = hidden;
        Ok(embeddings)
    }

    /// The sums of word, position and type; not yet normalised.
    pub(super) fn embed(&self, ids: &[u32], lengths: &[usize], hidden: &mut [f32]) -> Result<(), candle_core::Error> {
        let mut rows = ids.iter().zip(hidden.chunks_exact_mut(self.width));
        for length in lengths {
            let positions = self.positions.chunks_exact(self.width);
            // The rows come second: `zip` would take one too many where the positions end first.
            for (position, (id, row)) in positions.take(*length).zip(&mut rows) {
                row.copy_from_slice(position);
                self.words.add(*id as usize, row)?;
            }
        }
        Ok(())
    }

    /// All layers, in place: rows of texts one below the other, each padded to `self.width`. `after` sees them after each layer, with how many
    /// layers that is.
    pub(super) fn layers(
        &self,
        hidden: &mut [f32],
        lengths: &[usize],
        scratch: &mut Scratch,
        mut after: impl FnMut(usize, &[f32]),
    ) {
        let kernel = self.kernel;
        kernel.run(Normalize { rows: hidden, add: &[], width: self.width, norm: &self.norm });
        for (n, layer) in self.layers.iter().enumerate() {
            self.attention(layer, hidden, lengths, scratch);
            let Scratch { context, narrow, wide, rounded, rounded_wide, .. } = &mut *scratch;
            let panels = hidden.chunks_mut(PANEL_ROWS * self.width).zip(context.chunks(PANEL_ROWS * self.width));
            for (rows, context) in panels {
                layer.attention_out.apply(kernel, context, rounded, narrow);
                kernel.run(Normalize { rows, add: narrow, width: self.width, norm: &layer.attention_norm });
                layer.up.apply(kernel, rows, rounded, wide);
                let zero = layer.down.weights.form.zero();
                rounded_wide.resize(rows.len() / self.width, layer.down.weights.inputs);
                kernel.run(Bend { from: wide, zero, to: rounded_wide });
                layer.down.multiply(kernel, rounded_wide, narrow);
                kernel.run(Normalize { rows, add: narrow, width: self.width, norm: &layer.norm });
            }
            after(n + 1, hidden);
        }
    }

    /// Queries, keys and values of all rows, and their mixtures, text by text, in `scratch.context`.
    fn attention(&self, layer: &Layer, hidden: &[f32], lengths: &[usize], scratch: &mut Scratch) {
        let Scratch { qkv, context, rounded, room, .. } = scratch;
        let qkv_width = layer.attention_in.weights.outputs;
        let rows_n = hidden.len() / self.width;
        qkv.resize(rows_n * qkv_width, 0.0);
        context.resize(hidden.len(), 0.0);
        let panels = hidden.chunks(PANEL_ROWS * self.width).zip(qkv.chunks_mut(PANEL_ROWS * qkv_width));
        for (rows, to) in panels {
            rounded.resize(rows.len() / self.width, self.width);
            let zero = layer.attention_in.weights.form.zero();
            self.kernel.run(Round { from: rows, zero, to: rounded });
            self.kernel.multiply(rounded, &layer.attention_in.weights, &layer.attention_in.bias, to);
        }
        let mut first = 0;
        for length in lengths {
            let last = first + length;
            let qkv = qkv.get(first * qkv_width..last * qkv_width).unwrap_or_default();
            let out = context.get_mut(first * self.width..last * self.width).unwrap_or_default();
            let (heads_n, head_width) = (self.heads_n, self.hidden / self.heads_n);
            self.kernel.run(Attend { qkv, qkv_width, out, out_width: self.width, heads_n, head_width, room });
            first = last;
        }
    }

    /// The mean of each text's hidden states, as a unit vector, into a place of its embedding.
    fn pool(&self, hidden: &[f32], lengths: &[usize], place: usize, embeddings: &mut [Vec<f32>]) {
        let mut rows = hidden.chunks_exact(self.width);
        for (length, embedding) in lengths.iter().zip(embeddings) {
            let Some(mean) = embedding.get_mut(place * self.hidden..(place + 1) * self.hidden) else { continue };
            for row in rows.by_ref().take(*length) {
                for (sum, x) in mean.iter_mut().zip(row) {
                    *sum += x;
                }
            }
            normalize(mean);
        }
    }

    /// Bytes of the weights in memory.
    pub(super) fn bytes_n(&self) -> usize {
        let linear = |linear: &Linear| linear.weights.bytes_n() + size_of_val(linear.bias.as_slice());
        let layer = |l: &Layer| linear(&l.attention_in) + linear(&l.attention_out) + linear(&l.up) + linear(&l.down);
        self.words.bytes_n() + size_of_val(self.positions.as_slice()) + self.layers.iter().map(layer).sum::<usize>()
    }
}
