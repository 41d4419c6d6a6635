//! How examples of classes spread: what linear discriminants are learnt from, added up a few examples at a time.

use candle_core::{Device, Tensor};

/// Sums over labelled points.
#[derive(Clone, Debug)]
pub struct Spread {
    dims: usize,
    /// The sum of each class, row-major.
    sums: Vec<f64>,
    /// How many points each class has.
    counts: Vec<f64>,
    /// The sum of the outer products of all points, `dims` by `dims`.
    moments: Vec<f64>,
}

impl Spread {
    /// Of points with `dims` numbers in `classes_n` classes; none yet.
    pub fn new(dims: usize, classes_n: usize) -> Self {
        Self { dims, sums: vec![0.0; classes_n * dims], counts: vec![0.0; classes_n], moments: vec![0.0; dims * dims] }
    }

    /// Adds points with their classes.
    ///
    /// # Errors
    /// Where a point has another number of dimensions.
    pub fn add<'a>(&mut self, points: impl IntoIterator<Item = (&'a [f32], usize)>) -> candle_core::Result<()> {
        let mut numbers = Vec::new();
        let mut points_n = 0;
        for (point, class) in points {
            let sums = self.sums.get_mut(class * self.dims..(class + 1) * self.dims);
            for (sum, x) in sums.into_iter().flatten().zip(point) {
                *sum += f64::from(*x);
            }
            if let Some(count) = self.counts.get_mut(class) {
                *count += 1.0;
            }
            numbers.extend_from_slice(point);
            points_n += 1;
        }
        if points_n == 0 {
            return Ok(());
        }
        let points = Tensor::from_vec(numbers, (points_n, self.dims), &Device::Cpu)?;
        let products: Vec<f32> = points.t()?.contiguous()?.matmul(&points)?.flatten_all()?.to_vec1()?;
        for (moment, product) in self.moments.iter_mut().zip(products) {
            *moment += f64::from(product);
        }
        Ok(())
    }

    /// How many numbers a point has.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// The mean of each class with how many points it has; zeros where it has none.
    pub fn means(&self) -> impl Iterator<Item = (Vec<f64>, f64)> {
        let classes = self.sums.chunks_exact(self.dims.max(1)).zip(&self.counts);
        classes.map(|(sum, count)| (sum.iter().map(|x| x / count.max(1.0)).collect(), *count))
    }

    /// The covariance of the first `dims` numbers of all points around the means of their classes. `shrinkage` (0 to 1) pulls it towards a
    /// sphere of the same size (Friedman 1989).
    ///
    /// None where there are no points.
    pub fn within(&self, dims: usize, shrinkage: f64) -> Option<Vec<f64>> {
        let points_n: f64 = self.counts.iter().sum();
        if points_n <= 0.0 {
            return None;
        }
        let mut covariance = Vec::with_capacity(dims * dims);
        for row in self.moments.chunks_exact(self.dims).take(dims) {
            covariance.extend(row.iter().take(dims));
        }
        for (mean, count) in self.means() {
            for (row, a) in covariance.chunks_exact_mut(dims).zip(&mean) {
                for (entry, b) in row.iter_mut().zip(&mean) {
                    *entry -= count * a * b;
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "dims is small")]
        let sphere = (0..dims).filter_map(|d| covariance.get(d * dims + d)).sum::<f64>() / dims as f64;
        for (at, entry) in covariance.iter_mut().enumerate() {
            let diagonal = if at % (dims + 1) == 0 { sphere } else { 0.0 };
            *entry = ((1.0 - shrinkage) * *entry + shrinkage * diagonal) / points_n;
        }
        Some(covariance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_in_parts_is_what_is_added_at_once() {
        let points: Vec<([f32; 3], usize)> =
            (0i8..20).map(|i| ([f32::from(i), f32::from(i % 4), f32::from(i % 3)], usize::from(i % 2 == 0))).collect();
        let whole = |cuts: &[usize]| {
            let mut spread = Spread::new(3, 2);
            for ends in cuts.windows(2) {
                let part = &points[ends[0]..ends[1]];
                spread.add(part.iter().map(|(point, class)| (&point[..], *class))).unwrap();
            }
            spread.within(2, 0.0).unwrap()
        };
        let at_once = whole(&[0, 20]);
        assert_eq!(at_once, whole(&[0, 7, 7, 20]));
        // Even and odd numbers below 20 spread alike: the variance of 0, 2, … 18 is 33.
        assert!((at_once[0] - 33.0).abs() < 1e-9 && (at_once[3] - 1.0).abs() < 1e-9, "{at_once:?}");
        assert!(Spread::new(3, 2).within(3, 0.1).is_none());
    }
}
