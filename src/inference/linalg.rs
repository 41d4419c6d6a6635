//! The little linear algebra that classifiers need, in `f64` where systems are solved.

/// The dot product of two vectors of the same length.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Sixteen sums at once, so that the compiler can use vector registers.
    let mut sums = [0.0f32; 16];
    let (a_chunks, a_rest) = a.as_chunks::<16>();
    let (b_chunks, b_rest) = b.as_chunks::<16>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// [`dot`] in `f64`.
pub fn dot64(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0f64; 8];
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// The mean of vectors of the same length; empty where there are none.
pub fn mean<'a>(vectors: impl IntoIterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    let mut vectors_n = 0.0f32;
    for vector in vectors {
        sum.resize(vector.len(), 0.0);
        for (sum, x) in sum.iter_mut().zip(vector) {
            *sum += x;
        }
        vectors_n += 1.0;
    }
    for x in &mut sum {
        *x /= vectors_n;
    }
    sum
}

/// A vector seen from a centre of the same length, at unit length.
pub fn centred(vector: &[f32], centre: &[f32]) -> Vec<f32> {
    let mut centred: Vec<f32> = if centre.len() == vector.len() {
        vector.iter().zip(centre).map(|(x, c)| x - c).collect()
    } else {
        vector.to_vec()
    };
    normalize(&mut centred);
    centred
}

/// Scales a vector to unit length; a zero vector stays.
pub fn normalize(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if f32::EPSILON < length {
        for x in vector {
            *x /= length;
        }
    }
}

/// Probabilities in proportion to `exp` of each score.
pub fn softmax(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - max).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

/// The logistic function.
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The Cholesky factor of a symmetric positive definite matrix: lower triangular, row-major `n` by `n`.
///
/// None where the matrix is not positive definite.
pub fn cholesky(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut factor = vec![0.0f64; n * n];
    for row in 0..n {
        for column in 0..=row {
            let (r, c) = (row * n, column * n);
            let sum = dot64(factor.get(r..r + column)?, factor.get(c..c + column)?);
            let rest = matrix.get(r + column)? - sum;
            let value = if row == column {
                if rest <= 0.0 {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / factor.get(c + column)?
            };
            *factor.get_mut(r + column)? = value;
        }
    }
    Some(factor)
}

/// Solves `L y = x` for a lower triangular `L` (row-major `n` by `n`), in place.
pub fn solve_lower(factor: &[f64], x: &mut [f64]) {
    let n = x.len();
    for row in 0..n {
        let (known, rest) = x.split_at_mut(row);
        let (Some(coefficients), Some(value)) = (factor.get(row * n..=row * n + row), rest.first_mut()) else {
            return;
        };
        let Some((diagonal, coefficients)) = coefficients.split_last() else { return };
        *value = (*value - dot64(coefficients, known)) / diagonal;
    }
}

/// Solves `Lᵀ y = x` for a lower triangular `L` (row-major `n` by `n`), in place.
pub fn solve_lower_transposed(factor: &[f64], x: &mut [f64]) {
    let n = x.len();
    for row in (0..n).rev() {
        let (above, rest) = x.split_at_mut(row);
        let (Some(coefficients), Some(value)) = (factor.get(row * n..=row * n + row), rest.first_mut()) else {
            return;
        };
        let Some((diagonal, coefficients)) = coefficients.split_last() else { return };
        *value /= diagonal;
        for (x, coefficient) in above.iter_mut().zip(coefficients) {
            *x -= *value * coefficient;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_handles_any_length() {
        let a: Vec<f32> = (0u8..37).map(f32::from).collect();
        let expected: f32 = a.iter().map(|x| x * x).sum();
        assert!((dot(&a, &a) - expected).abs() < 1e-2);
    }

    #[test]
    fn triangles_are_solved_from_both_ends() {
        let factor = [2.0, 0.0, 0.0, 1.0, 3.0, 0.0, 4.0, 5.0, 6.0];
        let mut x = [2.0, 7.0, 28.0];
        solve_lower(&factor, &mut x);
        let near = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near(x, [1.0, 2.0, 14.0 / 6.0]), "{x:?}");
        let mut x = [2.0 + 2.0 + 12.0, 6.0 + 15.0, 18.0];
        solve_lower_transposed(&factor, &mut x);
        assert!(near(x, [1.0, 2.0, 3.0]), "{x:?}");
    }

    #[test]
    fn cholesky_solves_a_system() {
        let matrix = [4.0, 2.0, 2.0, 3.0];
        let factor = cholesky(&matrix, 2).unwrap();
        let mut x = [2.0, 5.0];
        solve_lower(&factor, &mut x);
        // L = [[2, 0], [1, sqrt 2]], so y = [1, 4 / sqrt 2].
        assert!((x[0] - 1.0).abs() < 1e-12 && (x[1] - 4.0 / 2.0f64.sqrt()).abs() < 1e-12);
        assert_eq!(cholesky(&[0.0], 1), None);
    }
}
