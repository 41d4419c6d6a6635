//! Functions of single numbers in plain arithmetic, 16 at a time.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled for the plainest processor")]

use super::level::Level;

/// Adding this rounds to a whole number: the fraction falls off the end of the mantissa.
pub(super) const ROUND: f32 = 12_582_912.0;

/// A polynomial, the highest power first.
#[inline(always)]
fn polynomial<L: Level, const N: usize>(l: L, x: L::V, coefficients: [f32; N]) -> L::V {
    let mut value = l.splat(0.0);
    for coefficient in coefficients {
        value = l.madd(value, x, l.splat(coefficient));
    }
    value
}

/// `exp`, to 4e-7 of it from -87 to 88.
#[inline(always)]
pub(super) fn exp<L: Level>(l: L, x: L::V) -> L::V {
    // exp(x) = 2^n * exp(r) with |r| <= ln 2 / 2; the polynomial is that of Cephes.
    let x = l.min(l.max(x, l.splat(-87.0)), l.splat(88.0));
    let shifted = l.madd(x, l.splat(std::f32::consts::LOG2_E), l.splat(ROUND));
    let n = l.sub(shifted, l.splat(ROUND));
    let rest = l.madd(n, l.splat(-0.693_359_4), x);
    let rest = l.madd(n, l.splat(2.121_944_4e-4), rest);
    let value =
        polynomial(l, rest, [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5]);
    let value = l.add(l.madd(value, l.mul(rest, rest), rest), l.splat(1.0));
    l.mul(value, l.power(shifted))
}

/// The exact GELU, `x / 2 * (1 + erf(x / sqrt 2))`, to 2e-6.
#[inline(always)]
pub(super) fn gelu<L: Level>(l: L, x: L::V) -> L::V {
    // A rational function of degrees 13 and 8 for erf, as in Eigen; beyond 4 it is 1 in single precision.
    let z = l.mul(x, l.splat(std::f32::consts::FRAC_1_SQRT_2));
    let z = l.min(l.max(z, l.splat(-4.0)), l.splat(4.0));
    let z2 = l.mul(z, z);
    let above = [
        -2.726_142_3e-10,
        2.770_681_5e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ];
    let below = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];
    let erf = l.div(l.mul(z, polynomial(l, z2, above)), polynomial(l, z2, below));
    let half = l.mul(x, l.splat(0.5));
    l.madd(half, erf, half)
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "made-up numbers are small")]
mod tests {
    use super::super::kernel::Kernel;
    use super::super::level::{LANES, Work};
    use super::*;

    struct Apply<'a> {
        is_exp: bool,
        x: f32,
        to: &'a mut [f32; LANES],
    }

    impl Work for Apply<'_> {
        fn run<L: Level>(self, l: L) {
            let x = l.splat(self.x);
            l.store(if self.is_exp { exp(l, x) } else { gelu(l, x) }, self.to);
        }
    }

    fn on_all(x: f32, is_exp: bool) -> Vec<f32> {
        let on = |kernel: Kernel| {
            let mut to = [0.0; LANES];
            kernel.run(Apply { is_exp, x, to: &mut to });
            to[7]
        };
        Kernel::available().into_iter().map(on).collect()
    }

    /// erf by its series and continued fraction, in double precision.
    fn erf(x: f64) -> f64 {
        let a = x.abs();
        let value = if a < 3.0 {
            let (mut term, mut sum) = (a, a);
            for n in 1..200 {
                let n = f64::from(n);
                term *= -a * a / n;
                sum += term / (2.0 * n + 1.0);
            }
            sum * 2.0 / std::f64::consts::PI.sqrt()
        } else {
            let fraction = (1..200).rev().fold(0.0, |rest, n| f64::from(n) / 2.0 / (a + rest));
            1.0 - (-a * a).exp() / std::f64::consts::PI.sqrt() / (a + fraction)
        };
        value.copysign(x)
    }

    #[test]
    fn gelu_is_exact_to_two_millionths() {
        for n in -60_000..=60_000 {
            let x = n as f32 / 5_000.0;
            let exact = 0.5 * f64::from(x) * (1.0 + erf(f64::from(x) / std::f64::consts::SQRT_2));
            for found in on_all(x, false) {
                let error = (f64::from(found) - exact).abs();
                assert!(error < 2e-6_f64.max(exact.abs() * 1e-6), "gelu({x}) = {found}, not {exact}");
            }
        }
    }

    #[test]
    fn exp_is_exact_in_single_precision() {
        for n in -87_000..=88_000 {
            let x = n as f32 / 1_000.0;
            let exact = f64::from(x).exp();
            for found in on_all(x, true) {
                assert!((f64::from(found) / exact - 1.0).abs() < 4e-7, "exp({x}) = {found}, not {exact}");
            }
        }
    }
}
