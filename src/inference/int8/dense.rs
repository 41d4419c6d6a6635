//! Products of a matrix and one vector for the classifiers, in the vectors of the processor.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled for the plainest processor")]

use super::kernel::Kernel;
use super::level::{LANES, Level, Work};

/// The dot product of each row of a matrix with a vector as long as a row.
pub fn products(rows: &[f32], vector: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; rows.len() / vector.len().max(1)];
    Kernel::fastest().run(Products { rows, vector, triangular: false, out: &mut out });
    out
}

/// The same for a square matrix with nothing but zeros behind its diagonal.
pub fn triangular_products(rows: &[f32], vector: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; rows.len() / vector.len().max(1)];
    Kernel::fastest().run(Products { rows, vector, triangular: true, out: &mut out });
    out
}

/// The sum of some rows of a matrix, each times a number. Rows are as long as `out`, a multiple of 16.
pub fn mixture(rows: &[i8], parts: &[(u32, f32)], out: &mut [f32]) {
    Kernel::fastest().run(Mixture { rows, parts, out });
}

/// For each of some samples the sum of rows of a matrix of fractions, each times a number. Rows are `width` long, a multiple of 16, and so are
/// the samples' places in `out`. The same on every processor.
pub fn exact_mixtures(rows: &[f32], width: usize, samples: &[&[(u32, f32)]], out: &mut [f32]) {
    Kernel::fastest().run(ExactMixtures { rows, width, samples, out });
}

/// Shrinks some rows of a matrix to `keep` of them and adds `by` to each, times its number. Rows are as long as `by`, a multiple of 16. The
/// same on every processor.
pub fn shift_rows(rows: &mut [f32], parts: impl Iterator<Item = (u32, f32)>, keep: f32, by: &[f32]) {
    Kernel::fastest().run(ShiftRows { rows, parts, keep, by });
}

struct ExactMixtures<'a> {
    rows: &'a [f32],
    width: usize,
    samples: &'a [&'a [(u32, f32)]],
    out: &'a mut [f32],
}

/// Vectors that are summed up together.
const TILE: usize = 4;

impl Work for ExactMixtures<'_> {
    #[inline(always)]
    fn run<L: Level>(mut self, l: L) {
        // A few columns of all samples, then the next: what samples have in common is read from the nearest cache.
        let vectors_n = self.width / LANES;
        let tiles_n = vectors_n / TILE;
        for tile in 0..tiles_n {
            self.columns::<L, TILE>(l, tile * TILE * LANES);
        }
        for vector in tiles_n * TILE..vectors_n {
            self.columns::<L, 1>(l, vector * LANES);
        }
    }
}

impl ExactMixtures<'_> {
    /// Sums `N` vectors from a column on.
    #[inline(always)]
    fn columns<L: Level, const N: usize>(&mut self, l: L, column: usize) {
        for (parts, out) in self.samples.iter().zip(self.out.chunks_exact_mut(self.width)) {
            let mut sums = [l.splat(0.0); N];
            for (row, times) in *parts {
                let first = *row as usize * self.width + column;
                let Some(row) = self.rows.get(first..first + N * LANES) else { continue };
                let times = l.splat(*times);
                for (sum, x) in sums.iter_mut().zip(row.as_chunks::<LANES>().0) {
                    // Not in one: not every processor has that, and what is learnt is to be the same on all.
                    *sum = l.add(*sum, l.mul(times, l.load(x)));
                }
            }
            let out = out.get_mut(column..).unwrap_or_default().as_chunks_mut::<LANES>().0;
            for (to, sum) in out.iter_mut().zip(sums) {
                l.store(sum, to);
            }
        }
    }
}

struct ShiftRows<'a, I> {
    rows: &'a mut [f32],
    parts: I,
    keep: f32,
    by: &'a [f32],
}

impl<I: Iterator<Item = (u32, f32)>> Work for ShiftRows<'_, I> {
    #[inline(always)]
    fn run<L: Level>(self, l: L) {
        let keep = l.splat(self.keep);
        let by = self.by.as_chunks::<LANES>().0;
        for (row, times) in self.parts {
            let first = row as usize * self.by.len();
            let Some(row) = self.rows.get_mut(first..first + self.by.len()) else { continue };
            let times = l.splat(times);
            for (to, x) in row.as_chunks_mut::<LANES>().0.iter_mut().zip(by) {
                l.store(l.add(l.mul(l.load(to), keep), l.mul(times, l.load(x))), to);
            }
        }
    }
}

struct Products<'a> {
    rows: &'a [f32],
    vector: &'a [f32],
    triangular: bool,
    out: &'a mut [f32],
}

impl Work for Products<'_> {
    #[inline(always)]
    fn run<L: Level>(self, l: L) {
        let (vector, vector_rest) = self.vector.as_chunks::<LANES>();
        for (n, (row, out)) in self.rows.chunks_exact(self.vector.len().max(1)).zip(self.out).enumerate() {
            let (row, row_rest) = row.as_chunks::<LANES>();
            let chunks_n = if self.triangular { n / LANES + 1 } else { row.len() };
            // Two sums, so that one need not wait for the other.
            let mut sums = [l.splat(0.0); 2];
            let (pairs, single) = row.get(..chunks_n).unwrap_or(row).as_chunks::<2>();
            let mut of_vector = vector.iter();
            for pair in pairs {
                for (sum, row) in sums.iter_mut().zip(pair) {
                    if let Some(x) = of_vector.next() {
                        *sum = l.madd(l.load(row), l.load(x), *sum);
                    }
                }
            }
            for (row, x) in single.iter().zip(of_vector) {
                sums[0] = l.madd(l.load(row), l.load(x), sums[0]);
            }
            let mut rest = 0.0;
            for (a, b) in row_rest.iter().zip(vector_rest) {
                rest += a * b;
            }
            *out = l.sum(l.add(sums[0], sums[1])) + rest;
        }
    }
}

struct Mixture<'a> {
    rows: &'a [i8],
    parts: &'a [(u32, f32)],
    out: &'a mut [f32],
}

impl Work for Mixture<'_> {
    #[inline(always)]
    fn run<L: Level>(self, l: L) {
        self.out.fill(0.0);
        let width = self.out.len();
        let out = self.out.as_chunks_mut::<LANES>().0;
        for (row, times) in self.parts {
            let first = *row as usize * width;
            let Some(row) = self.rows.get(first..first + width) else { continue };
            let times = l.splat(*times);
            for (to, bytes) in out.iter_mut().zip(row.as_chunks::<LANES>().0) {
                let mut numbers = [0.0; LANES];
                for (number, byte) in numbers.iter_mut().zip(bytes) {
                    *number = f32::from(*byte);
                }
                l.store(l.madd(l.load(&numbers), times, l.load(to)), to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::linalg::dot;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn products_are_dot_products(width in 1usize..70, numbers in proptest::collection::vec(-1.0f32..1.0, 70 * 71)) {
            let (vector, rows) = numbers.split_at(width);
            let rows = &rows[..width * width];
            for (found, row) in products(rows, vector).iter().zip(rows.chunks_exact(width)) {
                prop_assert!((found - dot(row, vector)).abs() < 1e-4);
            }
            let lower: Vec<f32> =
                rows.iter().enumerate().map(|(at, x)| if at % width <= at / width { *x } else { 0.0 }).collect();
            for (found, row) in triangular_products(&lower, vector).iter().zip(lower.chunks_exact(width)) {
                prop_assert!((found - dot(row, vector)).abs() < 1e-4);
            }
        }

        #[test]
        fn rows_are_mixed_and_shifted(numbers in proptest::collection::vec(-1.0f32..1.0, 80 * 4), keep in 0.5f32..1.0) {
            let (by, rows) = numbers.split_at(80);
            let mut out = vec![7.0; 160];
            exact_mixtures(rows, 80, &[&[(0, 2.0), (2, -0.5), (3, 1.0)], &[(1, 3.0)]], &mut out);
            let mut shifted = rows.to_vec();
            shift_rows(&mut shifted, std::iter::once((1, 3.0)), keep, by);
            for (at, x) in by.iter().enumerate() {
                prop_assert!((out[at] - (2.0 * rows[at] - 0.5 * rows[2 * 80 + at])).abs() < 1e-6);
                prop_assert!((out[80 + at] - 3.0 * rows[80 + at]).abs() < 1e-6);
                prop_assert!((shifted[80 + at] - (rows[80 + at] * keep + 3.0 * x)).abs() < 1e-6);
                prop_assert!((shifted[at] - rows[at]).abs() < f32::EPSILON);
            }
        }

        #[test]
        fn mixtures_are_sums_of_rows(bytes in proptest::collection::vec(any::<i8>(), 48 * 5), times in -2.0f32..2.0) {
            let mut out = vec![7.0; 48];
            mixture(&bytes, &[(1, times), (4, 0.5), (9, 1.0)], &mut out);
            for (at, found) in out.iter().enumerate() {
                let expected = f32::from(bytes[48 + at]) * times + f32::from(bytes[4 * 48 + at]) * 0.5;
                prop_assert!((found - expected).abs() < 1e-3);
            }
        }
    }
}
