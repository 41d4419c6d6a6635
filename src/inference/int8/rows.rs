//! Rows of numbers on their way through a layer: added, normalised, bent, rounded to 8 bits.

use super::level::{Level, Work, madd};
use super::lines::{BLOCK, GROUP};
use super::math;

/// Activations rounded to 8 bits: what an integer matrix product takes.
#[derive(Debug, Default)]
pub(super) struct Rounded {
    /// Numbers of a row, a multiple of [`BLOCK`].
    pub width: usize,
    /// From -127 to 127.
    pub values: Vec<i8>,
    /// For each block of each row, what takes back that weights are stored raised: `-zero * sum`.
    pub lowered: Vec<i32>,
    /// For each group of [`GROUP`] blocks of each row, what a step is worth.
    pub scales: Vec<f32>,
}

impl Rounded {
    /// Makes room for rows.
    pub(super) fn resize(&mut self, rows_n: usize, width: usize) {
        let blocks_n = width / BLOCK;
        self.width = width;
        self.values.resize(rows_n * width, 0);
        self.lowered.resize(rows_n * blocks_n, 0);
        self.scales.resize(rows_n * blocks_n.div_ceil(GROUP), 0.0);
    }

    fn rows(&mut self) -> impl Iterator<Item = (&mut [i8], &mut [i32], &mut [f32])> {
        let blocks_n = self.width / BLOCK;
        let lowered = self.lowered.chunks_exact_mut(blocks_n);
        let scales = self.scales.chunks_exact_mut(blocks_n.div_ceil(GROUP));
        self.values.chunks_exact_mut(self.width).zip(lowered).zip(scales).map(|((v, l), s)| (v, l, s))
    }
}

/// Rounds one row.
#[inline(always)]
fn round(row: &[f32], zero: i32, values: &mut [i8], lowered: &mut [i32], scales: &mut [f32]) {
    let of_groups = row.chunks(GROUP * BLOCK).zip(values.chunks_mut(GROUP * BLOCK)).zip(lowered.chunks_mut(GROUP));
    for (((numbers, values), lowered), scale) in of_groups.zip(scales) {
        let max = math::max_or(0.0, numbers, f32::abs);
        *scale = max / 127.0;
        let inverse = if max > f32::MIN_POSITIVE * 256.0 { 127.0 / max } else { 0.0 };
        let blocks = numbers.as_chunks::<BLOCK>().0.iter().zip(values.as_chunks_mut::<BLOCK>().0);
        for ((numbers, values), lowered) in blocks.zip(lowered) {
            let mut sum = 0_i32;
            for (value, number) in values.iter_mut().zip(numbers) {
                // The low byte is the whole number in two's complement.
                let [low, ..] = math::round_bits(number * inverse).to_le_bytes();
                *value = low.cast_signed();
                sum += i32::from(*value);
            }
            *lowered = -zero * sum;
        }
    }
}

/// Rounds rows.
pub(super) struct Round<'a> {
    /// Rows as wide as those of `to`.
    pub from: &'a [f32],
    /// What a weight of zero is stored as where the rows go.
    pub zero: i32,
    /// Where the rounded ones go.
    pub to: &'a mut Rounded,
}

impl Work for Round<'_> {
    #[inline(always)]
    fn run<L: Level>(self) {
        let rows = self.from.chunks_exact(self.to.width);
        for (row, (values, lowered, scales)) in rows.zip(self.to.rows()) {
            round(row, self.zero, values, lowered, scales);
        }
    }
}

/// Bends rows by GELU, and rounds them.
pub(super) struct Bend<'a> {
    /// Rows as wide as those of `to`; they are changed.
    pub from: &'a mut [f32],
    /// What a weight of zero is stored as where the rows go.
    pub zero: i32,
    /// Where the rounded ones go.
    pub to: &'a mut Rounded,
}

impl Work for Bend<'_> {
    #[inline(always)]
    fn run<L: Level>(self) {
        let rows = self.from.chunks_exact_mut(self.to.width);
        for (row, (values, lowered, scales)) in rows.zip(self.to.rows()) {
            for x in &mut *row {
                *x = math::gelu::<L>(*x);
            }
            round(row, self.zero, values, lowered, scales);
        }
    }
}

/// Scale and shift of a layer normalisation.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    /// One for each number of a row.
    pub scale: Vec<f32>,
    /// One for each number of a row.
    pub shift: Vec<f32>,
    /// Added to the variance.
    pub epsilon: f32,
}

/// Adds rows to rows, and normalises the sums.
pub(super) struct Normalize<'a> {
    /// The rows that are changed.
    pub rows: &'a mut [f32],
    /// What is added to them; nothing after the embedding.
    pub add: &'a [f32],
    /// How long a row is: behind the numbers there may be padding, which stays zero.
    pub width: usize,
    /// The normalisation.
    pub norm: &'a Norm,
}

impl Work for Normalize<'_> {
    #[inline(always)]
    fn run<L: Level>(self) {
        let Norm { scale, shift, epsilon } = self.norm;
        let numbers_n = scale.len();
        let mut added = self.add.chunks_exact(self.width);
        for row in self.rows.chunks_exact_mut(self.width) {
            if let Some(added) = added.next() {
                for (x, y) in row.iter_mut().zip(added) {
                    *x += y;
                }
            }
            let Some(numbers) = row.get_mut(..numbers_n) else { return };
            #[expect(clippy::cast_precision_loss, reason = "a row has far fewer than 2^24 numbers")]
            let n = numbers_n as f32;
            let mean = math::sum(numbers) / n;
            let inverse = 1.0 / (math::squares::<L>(numbers, mean) / n + epsilon).sqrt();
            for ((x, scale), shift) in numbers.iter_mut().zip(scale).zip(shift) {
                *x = madd::<L>((*x - mean) * inverse, *scale, *shift);
            }
        }
    }
}
