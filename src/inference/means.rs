//! The nearest class mean: classes by how near a point is to the mean of their examples, where all spread alike.
//!
//! With equal covariances that is Fisher's linear discriminant: the score is the product with the mean, less half its squared length.

use super::Kept;
use super::int8::dense::products;
use super::linalg::dot;
use super::spread::Spread;

/// The means of classes as a point is seen from them, with what their lengths take off.
#[derive(Clone, Debug)]
pub(super) struct Means {
    rows: Vec<f32>,
    offsets: Vec<f32>,
}

impl Means {
    /// The means of some classes, each as `seen`: whitened, or along some directions. A class without examples is never likely.
    pub(super) fn learn(spread: &Spread, seen: impl Fn(&[f32]) -> Vec<f32>) -> Self {
        let mut learnt = Self { rows: Vec::new(), offsets: Vec::new() };
        for (mean, count) in spread.means() {
            #[expect(clippy::cast_possible_truncation, reason = "means of unit vectors fit f32")]
            let mean: Vec<f32> = mean.into_iter().map(|x| x as f32).collect();
            let mean = seen(&mean);
            learnt.offsets.push(if count == 0.0 { f32::NEG_INFINITY } else { -0.5 * dot(&mean, &mean) });
            learnt.rows.extend(mean);
        }
        learnt
    }

    /// The log-likelihood of each class for a point that is seen likewise, up to a constant.
    pub(super) fn scores(&self, point: &[f32]) -> Vec<f32> {
        let mut scores = products(&self.rows, point);
        for (score, offset) in scores.iter_mut().zip(&self.offsets) {
            *score += offset;
        }
        scores
    }

    /// Puts itself under a name.
    pub(super) fn keep(&self, name: &str, kept: &mut Kept) {
        kept.put_f32(&format!("{name}.means"), &self.rows);
        kept.put_f32(&format!("{name}.offsets"), &self.offsets);
    }

    /// What was kept under a name; none where it has another shape.
    pub(super) fn kept(name: &str, kept: &Kept, dims: usize, classes_n: usize) -> Option<Self> {
        let rows = kept.f32(&format!("{name}.means")).filter(|numbers| numbers.len() == classes_n * dims)?;
        let offsets = kept.f32(&format!("{name}.offsets")).filter(|numbers| numbers.len() == classes_n)?;
        Some(Self { rows, offsets })
    }
}
