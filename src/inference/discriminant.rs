//! Linear discriminant analysis over sentence embeddings.
//!
//! Embeddings of one model lie in a narrow cone: the cosine of unrelated sentences is 0.75 and more. Whitening by the covariance *within*
//! classes stretches the directions that tell classes apart, and the class means then classify linearly (Fisher 1936; shrinkage after
//! Friedman 1989). Training is closed form: no epochs, no chance, the same result every time, a fraction of a second.

use crate::inference::Kept;
use crate::inference::int8::dense::triangular_products;
use crate::inference::linalg::{cholesky, normalize, solve_lower};
use crate::inference::means::Means;
use crate::inference::spread::Spread;
use candle_core::{Device, Tensor};
use rayon::prelude::*;

/// A trained classifier and the whitening that it found.
#[derive(Clone, Debug)]
pub struct Discriminant {
    dims: usize,
    /// Row-major, `dims` by `dims`: the inverse of the Cholesky factor of the covariance within classes.
    whitening: Vec<f32>,
    /// The classes, whitened.
    means: Means,
}

impl Discriminant {
    /// Learns from how the first `dims` numbers of examples spread. `shrinkage` (0 to 1) pulls the covariance towards a sphere of the same size.
    ///
    /// None without examples, or where the covariance cannot be inverted (a shrinkage over 0 prevents that).
    pub fn learn(spread: &Spread, dims: usize, shrinkage: f64) -> Option<Self> {
        let factor = cholesky(&spread.within(dims, shrinkage)?, dims)?;
        let whitening = invert_lower(&factor, dims);
        // The inverse of a triangular factor is triangular.
        let seen = |mean: &[f32]| triangular_products(&whitening, mean.get(..dims).unwrap_or_default());
        let means = Means::learn(spread, seen);
        Some(Self { dims, whitening, means })
    }

    /// A centred embedding with the covariance within classes taken out.
    pub fn whiten(&self, point: &[f32]) -> Vec<f32> {
        triangular_products(&self.whitening, point)
    }

    /// [`Discriminant::whiten`], then unit length: dot products of these are cosines.
    pub fn whiten_unit(&self, point: &[f32]) -> Vec<f32> {
        let mut white = self.whiten(point);
        normalize(&mut white);
        white
    }

    /// [`Discriminant::whiten_unit`] of many points at once, as one matrix product.
    pub fn whiten_all(&self, points: &[&[f32]]) -> Vec<Vec<f32>> {
        let product = || -> candle_core::Result<Vec<Vec<f32>>> {
            let points = Tensor::from_vec(points.concat(), (points.len(), self.dims), &Device::Cpu)?;
            let whitening = Tensor::from_slice(&self.whitening, (self.dims, self.dims), &Device::Cpu)?;
            points.matmul(&whitening.t()?.contiguous()?)?.to_vec2()
        };
        // The shapes always fit; should the product fail all the same, the slow way gives the same.
        let Ok(mut whites) = product() else { return points.iter().map(|point| self.whiten_unit(point)).collect() };
        for white in &mut whites {
            normalize(white);
        }
        whites
    }

    /// The log-likelihood of each class for a whitened point, up to a constant.
    pub fn scores(&self, white: &[f32]) -> Vec<f32> {
        self.means.scores(white)
    }

    /// Adds the classifier to a file under a name.
    pub fn keep(&self, name: &str, kept: &mut Kept) {
        kept.put_f32(&format!("{name}.whitening"), &self.whitening);
        self.means.keep(name, kept);
    }

    /// Reads a classifier that was kept under a name; none where it is not of this size.
    pub fn kept(name: &str, kept: &Kept, dims: usize, classes_n: usize) -> Option<Self> {
        let whitening = kept.f32(&format!("{name}.whitening")).filter(|numbers| numbers.len() == dims * dims)?;
        let means = Means::kept(name, kept, dims, classes_n)?;
        Some(Self { dims, whitening, means })
    }
}

/// The inverse of a lower triangular matrix, row-major.
fn invert_lower(factor: &[f64], n: usize) -> Vec<f32> {
    let columns: Vec<Vec<f64>> = (0..n)
        .into_par_iter()
        .map(|column| {
            let mut unit = vec![0.0; n];
            if let Some(x) = unit.get_mut(column) {
                *x = 1.0;
            }
            solve_lower(factor, &mut unit);
            unit
        })
        .collect();
    #[expect(clippy::cast_possible_truncation, reason = "f32 is what is computed with")]
    (0..n * n).map(|at| columns.get(at % n).and_then(|c| c.get(at / n)).copied().unwrap_or_default() as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_classes_apart_along_the_narrow_direction() {
        // Both classes spread widely along x; only y tells them apart.
        let points: Vec<([f32; 2], usize)> = (0i8..40)
            .map(|i| {
                let class = usize::from(i % 2 == 0);
                let y = if class == 0 { 0.1 } else { -0.1 };
                ([f32::from(i - 20), y + 0.01 * f32::from(i % 3)], class)
            })
            .collect();
        let mut spread = Spread::new(2, 2);
        spread.add(points.iter().map(|(point, class)| (&point[..], *class))).unwrap();
        let trained = Discriminant::learn(&spread, 2, 1e-6).unwrap();
        for (point, class) in &points {
            let scores = trained.scores(&trained.whiten(point));
            assert_eq!(usize::from(scores[0] < scores[1]), *class);
        }
    }

    #[test]
    fn has_nothing_to_learn_from_nothing() {
        assert!(Discriminant::learn(&Spread::new(4, 3), 4, 0.1).is_none());
    }
}
