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
