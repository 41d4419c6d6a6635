//! Linear discriminant analysis over sentence embeddings.
//!
//! Embeddings of one model lie in a narrow cone: the cosine of unrelated sentences is 0.75 and more. Whitening by the covariance *within*
//! classes stretches the directions that tell classes apart, and the class means then classify linearly (Fisher 1936; shrinkage after
//! Friedman 1989). Training is closed form: no epochs, no chance, the same result every time, a fraction of a second.

use crate::inference::Kept;
use crate::inference::int8::dense::{products, triangular_products};
use crate::inference::linalg::{cholesky, dot, normalize, solve_lower};
use candle_core::{Device, Tensor};
use rayon::prelude::*;

/// A trained classifier and the whitening that it found.
#[derive(Clone, Debug)]
pub struct Discriminant {
    dims: usize,
    /// Row-major, `dims` by `dims`: the inverse of the Cholesky factor of the covariance within classes.
    whitening: Vec<f32>,
    /// Class means, whitened; row-major, one row a class.
    means: Vec<f32>,
    /// For each class: minus half the squared length of its mean.
    offsets: Vec<f32>,
}

/// One training example.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// The embedding, centred.
    pub point: &'a [f32],
    /// Its class, from 0.
    pub class: usize,
    /// How much it counts.
    pub weight: f32,
}

impl Discriminant {
    /// Trains on examples of `classes_n` classes. `shrinkage` (0 to 1) pulls the covariance towards a sphere of the same size.
    ///
    /// None without examples, or where the covariance cannot be inverted (a shrinkage over 0 prevents that).
    pub fn train(examples: &[Example<'_>], classes_n: usize, shrinkage: f64) -> Option<Self> {
        let dims = examples.first()?.point.len();
        let (sums, weights) = class_sums(examples, classes_n, dims);
        let covariance = covariance_within(examples, &sums, &weights, shrinkage, dims)?;
        let factor = cholesky(&covariance, dims)?;
        let whitening = invert_lower(&factor, dims);
        let mut trained = Self { dims, whitening, means: Vec::new(), offsets: Vec::new() };
        for (sum, weight) in sums.chunks_exact(dims).zip(&weights) {
            #[expect(clippy::cast_possible_truncation, reason = "means of unit vectors fit f32")]
            let mean: Vec<f32> = sum.iter().map(|x| (x / weight.max(f64::EPSILON)) as f32).collect();
            let white = trained.whiten(&mean);
            let offset = if *weight == 0.0 { f32::NEG_INFINITY } else { -0.5 * dot(&white, &white) };
            trained.offsets.push(offset);
            trained.means.extend(white);
        }
        Some(trained)
    }

    /// A centred embedding with the covariance within classes taken out.
    pub fn whiten(&self, point: &[f32]) -> Vec<f32> {
        // The inverse of a triangular factor is triangular.
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
        let mut scores = products(&self.means, white);
        for (score, offset) in scores.iter_mut().zip(&self.offsets) {
            *score += offset;
        }
        scores
    }

    /// Adds the classifier to a file.
    pub fn keep(&self, kept: &mut Kept) {
        kept.put_f32("discriminant.whitening", &self.whitening);
        kept.put_f32("discriminant.means", &self.means);
        kept.put_f32("discriminant.offsets", &self.offsets);
    }

    /// Reads a classifier that was kept; none where it is not of this size.
    pub fn kept(kept: &Kept, dims: usize, classes_n: usize) -> Option<Self> {
        let whitening = kept.f32("discriminant.whitening").filter(|numbers| numbers.len() == dims * dims)?;
        let means = kept.f32("discriminant.means").filter(|numbers| numbers.len() == classes_n * dims)?;
        let offsets = kept.f32("discriminant.offsets").filter(|numbers| numbers.len() == classes_n)?;
        Some(Self { dims, whitening, means, offsets })
    }
}

fn class_sums(examples: &[Example<'_>], classes_n: usize, dims: usize) -> (Vec<f64>, Vec<f64>) {
    let mut sums = vec![0.0f64; classes_n * dims];
    let mut weights = vec![0.0f64; classes_n];
    for example in examples {
        let row = sums.get_mut(example.class * dims..(example.class + 1) * dims);
        for (sum, x) in row.into_iter().flatten().zip(example.point) {
            *sum += f64::from(example.weight * x);
        }
        if let Some(weight) = weights.get_mut(example.class) {
            *weight += f64::from(example.weight);
        }
    }
    (sums, weights)
}

/// The pooled covariance of the examples around their class means, shrunk towards a sphere.
fn covariance_within(
    examples: &[Example<'_>],
    sums: &[f64],
    weights: &[f64],
    shrinkage: f64,
    dims: usize,
) -> Option<Vec<f64>> {
    #[expect(clippy::cast_possible_truncation, reason = "differences of unit vectors fit f32")]
    let deviations: Vec<f32> = examples
        .iter()
        .flat_map(|example| {
            let weight = weights.get(example.class).copied().unwrap_or(1.0);
            let sum = sums.get(example.class * dims..(example.class + 1) * dims).unwrap_or_default();
            let scale = example.weight.sqrt();
            example.point.iter().zip(sum).map(move |(x, sum)| scale * (x - (sum / weight) as f32))
        })
        .collect();
    let total: f64 = weights.iter().sum::<f64>().max(1.0);
    let deviations = Tensor::from_vec(deviations, (examples.len(), dims), &Device::Cpu).ok()?;
    let product = deviations.t().ok()?.contiguous().ok()?.matmul(&deviations).ok()?;
    let product: Vec<f32> = product.flatten_all().ok()?.to_vec1().ok()?;
    let mut covariance: Vec<f64> = product.into_iter().map(|x| f64::from(x) / total).collect();
    #[expect(clippy::cast_precision_loss, reason = "dims is small")]
    let sphere = (0..dims).filter_map(|d| covariance.get(d * dims + d)).sum::<f64>() / dims as f64;
    for (at, entry) in covariance.iter_mut().enumerate() {
        let diagonal = if at % (dims + 1) == 0 { sphere } else { 0.0 };
        *entry = (1.0 - shrinkage) * *entry + shrinkage * diagonal;
    }
    Some(covariance)
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
        let examples: Vec<Example<'_>> =
            points.iter().map(|(point, class)| Example { point, class: *class, weight: 1.0 }).collect();
        let trained = Discriminant::train(&examples, 2, 1e-6).unwrap();
        for (point, class) in &points {
            let scores = trained.scores(&trained.whiten(point));
            assert_eq!(usize::from(scores[0] < scores[1]), *class);
        }
    }

    #[test]
    fn has_nothing_to_learn_from_nothing() {
        assert!(Discriminant::train(&[], 3, 0.1).is_none());
    }
}
