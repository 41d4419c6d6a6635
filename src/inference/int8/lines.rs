//! How weights lie in memory: exactly in the order in which the inner loop reads them.
//!
//! A matrix `[outputs, inputs]` is cut into tiles of 32 outputs; a tile is a run of blocks of 32 inputs. A block is one line of 32 scales
//! (`f16`, one for each output) and eight steps of 4 inputs. In a 4-bit block a step is one line of 64 bytes: byte `4 * o + j` holds input
//! `j` of output `o` in its low half and of output `16 + o` in its high half. In an 8-bit block a step is two lines, one for each half of
//! the outputs. Weights are kept unsigned, raised by [`Form::zero`].

use half::f16;

/// Outputs in a tile.
pub(super) const TILE: usize = 32;
/// Inputs in a block, which share a scale for each output.
pub(super) const BLOCK: usize = 32;
/// Inputs in a step: what one processor instruction multiplies and adds up.
pub(super) const STEP: usize = 4;
/// Steps in a block.
pub(super) const STEPS: usize = BLOCK / STEP;
/// Blocks of activations that share a scale.
pub(super) const GROUP: usize = 4;

/// Bytes of a `Q4_0` block: a scale and 32 halves of bytes.
const Q4_0_BYTES: usize = 18;

/// A cache line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Line(pub [u8; 64]);

/// How many bits a weight has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// 4 bits, as `Q4_0` has them.
    Four,
    /// 8 bits.
    Eight,
}

impl Form {
    /// Lines of a block.
    pub(super) const fn block_lines(self) -> usize {
        match self {
            Self::Four => 1 + STEPS,
            Self::Eight => 1 + 2 * STEPS,
        }
    }

    /// What a weight of zero is stored as.
    pub(super) const fn zero(self) -> i32 {
        match self {
            Self::Four => 8,
            Self::Eight => 128,
        }
    }
}

/// A matrix of weights, tiled.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    /// Bits of a weight.
    pub form: Form,
    /// Outputs, a multiple of [`TILE`]; the last may be padding.
    pub outputs: usize,
    /// Inputs, a multiple of [`BLOCK`]; the last may be padding.
    pub inputs: usize,
    lines: Vec<Line>,
}

impl Packed {
    /// Takes over the blocks of `Q4_0` matrices of the same width, one below the other. None where their size is another.
    pub(super) fn from_q4_0(parts: &[&[u8]], inputs: usize) -> Option<Self> {
        let row_bytes = inputs / BLOCK * Q4_0_BYTES;
        if inputs == 0
            || !inputs.is_multiple_of(BLOCK)
            || parts.iter().any(|part| !part.len().is_multiple_of(row_bytes))
        {
            return None;
        }
        let rows: Vec<&[u8]> = parts.iter().flat_map(|part| part.chunks_exact(row_bytes)).collect();
        let mut packed = Self::empty(Form::Four, rows.len(), inputs);
        packed.fill(rows.len(), |row, block, line, weights| {
            let at = block * Q4_0_BYTES;
            let Some((scale, halves)) =
                rows.get(row).and_then(|row| row.get(at..at + Q4_0_BYTES)?.split_first_chunk::<2>())
            else {
                return;
            };
            *line = *scale;
            let (low, high) = weights.split_at_mut(BLOCK / 2);
            for ((low, high), byte) in low.iter_mut().zip(high).zip(halves) {
                *low = byte & 15;
                *high = byte >> 4;
            }
        });
        Some(packed)
    }

    /// Rounds numbers to 8 bits, 32 of a row sharing a scale. None where there are not `outputs * inputs` of them.
    pub(super) fn from_f32(numbers: &[f32], outputs: usize, inputs: usize) -> Option<Self> {
        if inputs == 0 || numbers.len() != outputs * inputs {
            return None;
        }
        let mut packed = Self::empty(Form::Eight, outputs, inputs);
        packed.fill(outputs, |row, block, line, weights| {
            let at = row * inputs + block * BLOCK;
            let of_block = numbers.get(at..(at + BLOCK).min((row + 1) * inputs)).unwrap_or_default();
            let scale = scale_for(of_block);
            *line = scale.to_le_bytes();
            let inverse = if scale == f16::ZERO { 0.0 } else { 1.0 / scale.to_f32() };
            for (weight, number) in weights.iter_mut().zip(of_block) {
                *weight = raised(number * inverse);
            }
        });
        Some(packed)
    }

    /// No outputs.
    pub(super) fn nothing() -> Self {
        Self { form: Form::Eight, outputs: 0, inputs: BLOCK, lines: Vec::new() }
    }

    /// Takes over what [`Packed::bytes`] gave of a matrix of 8 bits. None where its size is another.
    pub(super) fn from_bytes(bytes: &[u8], outputs: usize, inputs: usize) -> Option<Self> {
        let (lines, rest) = bytes.as_chunks();
        let (outputs, block_lines) = (outputs.next_multiple_of(TILE), Form::Eight.block_lines());
        let lines: Vec<Line> = lines.iter().map(|line| Line(*line)).collect();
        let fits = rest.is_empty() && lines.len() == outputs / TILE * (inputs / BLOCK) * block_lines;
        fits.then_some(Self { form: Form::Eight, outputs, inputs, lines })
    }

    /// All lines, byte by byte.
    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> {
        self.lines.iter().flat_map(|line| line.0)
    }

    fn empty(form: Form, outputs: usize, inputs: usize) -> Self {
        let (outputs, inputs) = (outputs.next_multiple_of(TILE), inputs.next_multiple_of(BLOCK));
        let lines_n = outputs / TILE * (inputs / BLOCK) * form.block_lines();
        Self { form, outputs, inputs, lines: vec![Line([0; 64]); lines_n] }
    }

    /// Asks `read` for the scale and the raised weights of each block of each row, and puts them in their places.
    fn fill(&mut self, rows_n: usize, read: impl Fn(usize, usize, &mut [u8; 2], &mut [u8; BLOCK])) {
        let form = self.form;
        let blocks_n = self.inputs / BLOCK;
        let zero = if form == Form::Four { 8 } else { 128 };
        for (tile, lines) in self.lines.chunks_exact_mut(blocks_n * form.block_lines()).enumerate() {
            for (block, lines) in lines.chunks_exact_mut(form.block_lines()).enumerate() {
                let Some((scales, steps)) = lines.split_first_mut() else { continue };
                for (output, scale) in scales.0.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                    let mut weights = [zero; BLOCK];
                    let row = tile * TILE + output;
                    if row < rows_n {
                        read(row, block, scale, &mut weights);
                    }
                    put(form, steps, output, &weights);
                }
            }
        }
    }

    /// The lines of one tile.
    pub(super) fn tile(&self, tile: usize) -> &[Line] {
        let lines_n = self.inputs / BLOCK * self.form.block_lines();
        self.lines.get(tile * lines_n..(tile + 1) * lines_n).unwrap_or_default()
    }

    /// Bytes in memory.
    pub(super) fn bytes_n(&self) -> usize {
        self.lines.len() * size_of::<Line>()
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "a weight has at most 8 bits")]
impl Packed {
    /// One weight as a number.
    pub(super) fn weight(&self, output: usize, input: usize) -> f32 {
        let block = &self.tile(output / TILE)[input / BLOCK * self.form.block_lines()..][..self.form.block_lines()];
        let (o, step, j) = (output % TILE, input % BLOCK / STEP, input % STEP);
        let scale = f16::from_le_bytes([block[0].0[2 * o], block[0].0[2 * o + 1]]).to_f32();
        let at = o % 16 * STEP + j;
        let stored = match self.form {
            Form::Four => block[1 + step].0[at] >> (4 * (o / 16)) & 15,
            Form::Eight => block[1 + 2 * step + o / 16].0[at],
        };
        (i32::from(stored) - self.form.zero()) as f32 * scale
    }

    /// Makes every scale 1.
    pub(super) fn scales_to_one(&mut self) {
        for block in self.lines.chunks_exact_mut(self.form.block_lines()) {
            for scale in block[0].0.as_chunks_mut::<2>().0 {
                *scale = f16::ONE.to_le_bytes();
            }
        }
    }

    /// Makes every scale 1 and every byte of weights the same.
    pub(super) fn fill_steps(&mut self, byte: u8) {
        self.scales_to_one();
        for block in self.lines.chunks_exact_mut(self.form.block_lines()) {
            for line in &mut block[1..] {
                line.0 = [byte; 64];
            }
        }
    }
}

/// Puts the weights of one output of a block into its steps.
fn put(form: Form, steps: &mut [Line], output: usize, weights: &[u8; BLOCK]) {
    let at = output % 16 * STEP;
    let upper = output / 16;
    let of_steps = weights.as_chunks::<STEP>().0.iter();
    match form {
        Form::Four => {
            for (line, weights) in steps.iter_mut().zip(of_steps) {
                for (byte, weight) in line.0.iter_mut().skip(at).zip(weights) {
                    *byte |= weight << (4 * upper);
                }
            }
        }
        Form::Eight => {
            for (line, weights) in steps.iter_mut().skip(upper).step_by(2).zip(of_steps) {
                for (byte, weight) in line.0.iter_mut().skip(at).zip(weights) {
                    *byte = *weight;
                }
            }
        }
    }
}

/// The least `f16` scale with which no number needs more than 127 steps.
fn scale_for(numbers: &[f32]) -> f16 {
    let max = numbers.iter().fold(0.0_f32, |max, number| max.max(number.abs()));
    let scale = f16::from_f32(max / 127.0);
    if scale.to_f32() * 127.0 < max { f16::from_bits(scale.to_bits() + 1) } else { scale }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=255 before")]
fn raised(number: f32) -> u8 {
    (number.round().clamp(-127.0, 127.0) + 128.0) as u8
}
