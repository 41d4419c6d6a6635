//! Canonical variates: the few directions along which the means of classes differ, measured by how far their examples spread (Rao 1948).
//!
//! An embedding of several layers has over a thousand numbers. What tells 150 classes apart linearly lies in 149 directions of them: a model
//! that learns from these alone has little to learn, and a question costs one small product.

use crate::inference::Kept;
use crate::inference::int8::dense::products;
use crate::inference::linalg::{cholesky, dot64, solve_lower, solve_lower_transposed};
use crate::inference::means::Means;
use crate::inference::spread::Spread;

/// A direction that is shorter than this after those before it were taken out is none.
const LENGTH_MIN: f64 = 1e-6;

/// The directions, and where the classes lie along them.
#[derive(Clone, Debug)]
pub struct Variates {
    dims: usize,
    /// Row-major, one direction a row.
    rows: Vec<f32>,
    /// The classes along the directions.
    means: Means,
}

impl Variates {
    /// Learns from how examples spread; `shrinkage` as in [`Spread::within`].
    ///
    /// None without examples, or where their covariance cannot be inverted.
    pub fn learn(spread: &Spread, shrinkage: f64) -> Option<Self> {
        let dims = spread.dims();
        let factor = cholesky(&spread.within(dims, shrinkage)?, dims)?;
        let means: Vec<(Vec<f64>, f64)> = spread.means().collect();
        let points_n: f64 = means.iter().map(|(_, count)| count).sum();
        let mut centre = vec![0.0; dims];
        for (mean, count) in &means {
            for (sum, x) in centre.iter_mut().zip(mean) {
                *sum += count / points_n * x;
            }
        }
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for (mean, _) in means.iter().filter(|(_, count)| 0.0 < *count) {
            let mut white: Vec<f64> = mean.iter().zip(&centre).map(|(x, c)| x - c).collect();
            solve_lower(&factor, &mut white);
            // Twice is enough (Kahan; Parlett 1998, section 6.9).
            for _ in 0..2 {
                for direction in &basis {
                    let along = dot64(direction, &white);
                    for (x, d) in white.iter_mut().zip(direction) {
                        *x -= along * d;
                    }
                }
            }
            let length = dot64(&white, &white).sqrt();
            if LENGTH_MIN < length {
                for x in &mut white {
                    *x /= length;
                }
                basis.push(white);
            }
        }
        let mut rows = Vec::with_capacity(basis.len() * dims);
        for mut direction in basis {
            solve_lower_transposed(&factor, &mut direction);
            #[expect(clippy::cast_possible_truncation, reason = "f32 is what is computed with")]
            rows.extend(direction.into_iter().map(|x| x as f32));
        }
        let means = Means::learn(spread, |mean| products(&rows, mean));
        Some(Self { dims, rows, means })
    }

    /// How many directions there are.
    pub fn len(&self) -> usize {
        self.rows.len() / self.dims.max(1)
    }

    /// Whether there are none: one class alone has nothing to be told from.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where a point lies along the directions.
    pub fn along(&self, point: &[f32]) -> Vec<f32> {
        products(&self.rows, point)
    }

    /// The log-likelihood of each class for a place along the directions, up to a constant.
    pub fn scores(&self, along: &[f32]) -> Vec<f32> {
        self.means.scores(along)
    }

    /// Adds the directions to a file.
    pub fn keep(&self, kept: &mut Kept) {
        kept.put_f32("variates.rows", &self.rows);
        self.means.keep("variates", kept);
    }

    /// Reads directions that were kept; none where they are not of this size.
    pub fn kept(kept: &Kept, dims: usize, classes_n: usize) -> Option<Self> {
        let rows = kept.f32("variates.rows").filter(|rows| rows.len().is_multiple_of(dims.max(1)))?;
        let means = Means::kept("variates", kept, rows.len() / dims.max(1), classes_n)?;
        Some(Self { dims, rows, means })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direction_that_tells_two_classes_apart_is_found() {
        // Both classes spread widely along x; only y tells them apart.
        let points: Vec<([f32; 3], usize)> = (0i8..40)
            .map(|i| {
                let class = usize::from(i % 2 == 0);
                let y = if class == 0 { 0.1 } else { -0.1 };
                ([f32::from(i - 20), y + 0.01 * f32::from(i % 3), 0.001 * f32::from(i % 5)], class)
            })
            .collect();
        let mut spread = Spread::new(3, 3);
        spread.add(points.iter().map(|(point, class)| (&point[..], *class))).unwrap();
        let learnt = Variates::learn(&spread, 1e-6).unwrap();
        assert_eq!(learnt.len(), 1);
        for (point, class) in &points {
            let scores = learnt.scores(&learnt.along(point));
            assert_eq!(usize::from(scores[0] < scores[1]), *class);
            assert!(scores[2] < scores[0], "a class without examples is never likely");
        }
        let mut kept = Kept::default();
        learnt.keep(&mut kept);
        assert_eq!(Variates::kept(&kept, 3, 3).unwrap().rows, learnt.rows);
        assert!(Variates::kept(&kept, 3, 4).is_none());
    }
}
