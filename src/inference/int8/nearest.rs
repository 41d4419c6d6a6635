//! Exact nearest-neighbour search over many vectors: one product of the encoder's kind, in 8 bits.

use super::kernel::Kernel;
use super::lines::{BLOCK, Form, Packed, TILE};
use super::rows::{Round, Rounded};
use crate::inference::Kept;
use std::ops::Range;

/// Vectors of unit length, rounded to 8 bits with a scale for each 32 numbers.
#[derive(Clone, Debug)]
pub struct Neighbours {
    vectors_n: usize,
    rows: Packed,
    /// What is added to each cosine: nothing.
    bias: Vec<f32>,
}

impl Neighbours {
    /// Takes vectors of unit length, one after the other, each with `dims` numbers.
    pub fn new(vectors: &[f32], dims: usize) -> Self {
        let vectors_n = vectors.len() / dims.max(1);
        let rows = Packed::from_f32(vectors, vectors_n, dims).unwrap_or_else(Packed::nothing);
        Self { vectors_n, bias: vec![0.0; rows.outputs], rows }
    }

    /// The cosine of each vector to a vector of unit length, in their order.
    pub fn cosines(&self, vector: &[f32]) -> Vec<f32> {
        self.cosines_of(vector, 0..self.rows.outputs / TILE)
    }

    /// The same where only the vectors of some ranges are compared; others get the least that a cosine can be, or theirs.
    pub fn cosines_within(&self, vector: &[f32], ranges: impl Iterator<Item = Range<usize>>) -> Vec<f32> {
        let mut is_wanted = vec![false; self.rows.outputs / TILE];
        for range in ranges.filter(|range| !range.is_empty()) {
            let tiles = is_wanted.get_mut(range.start / TILE..range.end.div_ceil(TILE));
            tiles.unwrap_or_default().fill(true);
        }
        let wanted = is_wanted.into_iter().enumerate().filter_map(|(tile, is_wanted)| is_wanted.then_some(tile));
        self.cosines_of(vector, wanted)
    }

    fn cosines_of(&self, vector: &[f32], tiles: impl IntoIterator<Item = usize>) -> Vec<f32> {
        if self.vectors_n == 0 {
            return Vec::new();
        }
        let mut padded = vector.to_vec();
        padded.resize(self.rows.inputs, 0.0);
        let mut rounded = Rounded::default();
        rounded.resize(1, self.rows.inputs);
        let kernel = Kernel::fastest();
        kernel.run(Round { from: &padded, zero: Form::Eight.zero(), to: &mut rounded });
        let mut cosines = vec![-1.0; self.rows.outputs];
        kernel.multiply_tiles(&rounded, (&self.rows, &self.bias), tiles, &mut cosines);
        cosines.truncate(self.vectors_n);
        cosines
    }

    /// Adds these vectors to a file under a name.
    pub fn keep(&self, name: &str, kept: &mut Kept) {
        kept.put_bytes(name, self.rows.bytes());
    }

    /// Reads so many vectors that were kept under a name.
    pub fn kept(kept: &Kept, name: &str, vectors_n: usize, dims: usize) -> Option<Self> {
        let rows = Packed::from_bytes(kept.bytes(name)?, vectors_n, dims.next_multiple_of(BLOCK))?;
        Some(Self { vectors_n, bias: vec![0.0; rows.outputs], rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::linalg;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cosines_are_right_to_a_hundredth(numbers in proptest::collection::vec(-1.0f32..1.0, 6 * 100)) {
            let unit = |vector: &[f32]| {
                let mut unit = vector.to_vec();
                linalg::normalize(&mut unit);
                unit
            };
            let vectors: Vec<Vec<f32>> = numbers.chunks(100).map(unit).collect();
            let (probe, others) = vectors.split_first().unwrap();
            let neighbours = Neighbours::new(&others.concat(), 100);
            let mut kept = Kept::default();
            neighbours.keep("some", &mut kept);
            let again = Neighbours::kept(&kept, "some", others.len(), 100).unwrap();
            prop_assert_eq!(neighbours.cosines(probe), again.cosines(probe));
            prop_assert_eq!(neighbours.cosines(probe).len(), others.len());
            for (cosine, other) in neighbours.cosines(probe).iter().zip(others) {
                prop_assert!((cosine - linalg::dot(probe, other)).abs() < 0.01);
            }
        }
    }

    #[test]
    fn only_what_is_asked_for_is_compared() {
        let vectors: Vec<f32> = (0..100u8).flat_map(|n| if n % 2 == 0 { [1.0, 0.0] } else { [0.0, 1.0] }).collect();
        let neighbours = Neighbours::new(&vectors, 2);
        let all = neighbours.cosines(&[1.0, 0.0]);
        let some = neighbours.cosines_within(&[1.0, 0.0], [33..34, 70..70, 98..100].into_iter());
        for (at, (all, some)) in all.iter().zip(&some).enumerate() {
            let expected = if (32..64).contains(&at) || 96 <= at { *all } else { -1.0 };
            assert!((some - expected).abs() < f32::EPSILON, "{at}");
        }
    }

    #[test]
    fn nothing_is_near_to_nothing() {
        assert!(Neighbours::new(&[], 100).cosines(&[0.1; 100]).is_empty());
    }
}
