//! Rows of numbers on their way through a layer: added, normalised, bent, rounded to 8 bits.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled for the plainest processor")]

use super::level::{LANES, Level, Work};
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

/// The row in parts of 16; rows are whole blocks long.
#[inline(always)]
fn parts(row: &[f32]) -> &[[f32; LANES]] {
    row.as_chunks().0
}

/// Rounds one row.
#[inline(always)]
fn round<L: Level>(l: L, row: &[f32], zero: i32, (values, lowered, scales): (&mut [i8], &mut [i32], &mut [f32])) {
    let of_groups = row.chunks(GROUP * BLOCK).zip(values.chunks_mut(GROUP * BLOCK)).zip(lowered.chunks_mut(GROUP));
    for (((numbers, values), lowered), scale) in of_groups.zip(scales) {
        let mut max = l.splat(0.0);
        for part in parts(numbers) {
            max = l.max(max, l.abs(l.load(part)));
        }
        let max = l.greatest(max);
        *scale = max / 127.0;
        let inverse = l.splat(if max > 1e-30 { 127.0 / max } else { 0.0 });
        let blocks = parts(numbers).as_chunks::<2>().0.iter().zip(values.as_chunks_mut::<BLOCK>().0);
        for (([low, high], values), lowered) in blocks.zip(lowered) {
            *lowered = -zero * l.round(l.mul(l.load(low), inverse), l.mul(l.load(high), inverse), values);
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
    fn run<L: Level>(self, l: L) {
        let rows = self.from.chunks_exact(self.to.width);
        for (row, to) in rows.zip(self.to.rows()) {
            round(l, row, self.zero, to);
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
    fn run<L: Level>(self, l: L) {
        let rows = self.from.chunks_exact_mut(self.to.width);
        for (row, to) in rows.zip(self.to.rows()) {
            for part in row.as_chunks_mut().0 {
                l.store(math::gelu(l, l.load(part)), part);
            }
            round(l, row, self.zero, to);
        }
    }
}

/// Scale and shift of a layer normalisation.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    /// One for each number of a row, padding included: zero there keeps it zero.
    pub scale: Vec<f32>,
    /// One for each number of a row, padding included.
    pub shift: Vec<f32>,
    /// Numbers of a row that are not padding.
    pub numbers_n: usize,
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
    fn run<L: Level>(self, l: L) {
        let Norm { scale, shift, numbers_n, epsilon } = self.norm;
        #[expect(clippy::cast_precision_loss, reason = "a row has far fewer than 2^24 numbers")]
        let (n, padding_n) = (*numbers_n as f32, (self.width - numbers_n) as f32);
        let mut added = self.add.chunks_exact(self.width);
        for row in self.rows.chunks_exact_mut(self.width) {
            let row = row.as_chunks_mut().0;
            let mut sum = l.splat(0.0);
            if let Some(added) = added.next() {
                for (x, y) in row.iter_mut().zip(parts(added)) {
                    l.store(l.add(l.load(x), l.load(y)), x);
                    sum = l.add(sum, l.load(x));
                }
            } else {
                for x in &*row {
                    sum = l.add(sum, l.load(x));
                }
            }
            let mean = l.sum(sum) / n;
            let mean_of_all = l.splat(mean);
            let mut squares = l.splat(0.0);
            for x in &*row {
                let d = l.sub(l.load(x), mean_of_all);
                squares = l.madd(d, d, squares);
            }
            // Padding is zero, and was counted as far from the mean as zero is.
            let variance = (l.sum(squares) - padding_n * mean * mean) / n;
            let inverse = l.splat(1.0 / (variance + epsilon).sqrt());
            for ((x, scale), shift) in row.iter_mut().zip(parts(scale)).zip(parts(shift)) {
                let d = l.mul(l.sub(l.load(x), mean_of_all), inverse);
                l.store(l.madd(d, l.load(scale), l.load(shift)), x);
            }
        }
    }
}
