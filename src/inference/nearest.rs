//! Exact nearest-neighbour search over many vectors, kept as bytes: a quarter of the memory to read, and cosines right to a hundredth.

/// Vectors of unit length, each rounded to whole numbers of one byte with a scale of its own.
#[derive(Clone, Debug, Default)]
pub struct Neighbours {
    dims: usize,
    /// Row-major.
    rows: Vec<i8>,
    scales: Vec<f32>,
}

impl Neighbours {
    /// Room for vectors of some length.
    pub fn new(dims: usize) -> Self {
        Self { dims, rows: Vec::new(), scales: Vec::new() }
    }

    /// Adds a vector of unit length.
    pub fn push(&mut self, vector: &[f32]) {
        let (row, scale) = rounded(vector);
        self.rows.extend(row);
        self.scales.push(scale);
    }

    /// The cosine of each vector to a vector of unit length, in the order in which they were added.
    pub fn cosines(&self, vector: &[f32]) -> impl Iterator<Item = f32> {
        let (probe, probe_scale) = rounded(vector);
        self.rows.chunks_exact(self.dims.max(1)).zip(&self.scales).map(move |(row, scale)| {
            #[expect(clippy::cast_precision_loss, reason = "below 2^24: at most 1,024 products of 127 times 127")]
            let whole = dot(row, &probe) as f32;
            whole * scale * probe_scale
        })
    }
}

/// Whole numbers from -127 to 127, and what one of them stands for.
fn rounded(vector: &[f32]) -> (Vec<i8>, f32) {
    let max = vector.iter().fold(f32::MIN_POSITIVE, |max, x| max.max(x.abs()));
    #[expect(clippy::cast_possible_truncation, reason = "within 127 by the division")]
    let row = vector.iter().map(|x| (x / max * 127.0).round() as i8).collect();
    (row, max / 127.0)
}

fn dot(a: &[i8], b: &[i8]) -> i32 {
    // Thirty-two sums at once, so that the compiler can use vector registers.
    let mut sums = [0i32; 32];
    let (a_chunks, a_rest) = a.as_chunks::<32>();
    let (b_chunks, b_rest) = b.as_chunks::<32>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += i32::from(i16::from(*a) * i16::from(*b));
        }
    }
    let rest: i32 = a_rest.iter().zip(b_rest).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
    sums.iter().sum::<i32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::linalg;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cosines_are_right_to_a_hundredth(numbers in proptest::collection::vec(-1.0f32..1.0, 2 * 100)) {
            let (a, b) = numbers.split_at(100);
            let unit = |x: &[f32]| {
                let mut x = x.to_vec();
                linalg::normalize(&mut x);
                x
            };
            let (a, b) = (unit(a), unit(b));
            let mut neighbours = Neighbours::new(100);
            neighbours.push(&b);
            let cosine = neighbours.cosines(&a).next().unwrap();
            prop_assert!((cosine - linalg::dot(&a, &b)).abs() < 0.01);
        }
    }
}
