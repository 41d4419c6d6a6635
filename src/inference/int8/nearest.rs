//! Exact nearest-neighbour search over many vectors: one product of the encoder's kind, in 8 bits.

use super::kernel::Kernel;
use super::lines::{BLOCK, Form, Packed};
use super::rows::{Round, Rounded};
use crate::inference::Kept;

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
        if self.vectors_n == 0 {
            return Vec::new();
        }
        let mut padded = vector.to_vec();
        padded.resize(self.rows.inputs, 0.0);
        let mut rounded = Rounded::default();
        rounded.resize(1, self.rows.inputs);
        let kernel = Kernel::fastest();
        kernel.run(Round { from: &padded, zero: Form::Eight.zero(), to: &mut rounded });
        let mut cosines = vec![0.0; self.rows.outputs];
        kernel.multiply(&rounded, &self.rows, &self.bias, &mut cosines);
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
    fn nothing_is_near_to_nothing() {
        assert!(Neighbours::new(&[], 100).cosines(&[0.1; 100]).is_empty());
    }
}
