//! Functions of single numbers in plain arithmetic, so that loops over them become vector instructions.

use super::level::{Level, madd};

/// Adding this and taking it off again rounds to a whole number: the fraction falls off the end of the mantissa.
const ROUND: f32 = 12_582_912.0;

/// `exp`, to 2 units in the last place from -87 to 88.
#[inline(always)]
pub(super) fn exp<L: Level>(x: f32) -> f32 {
    // exp(x) = 2^n * exp(r) with |r| <= ln 2 / 2; the polynomial is that of Cephes.
    let x = x.clamp(-87.0, 88.0);
    let shifted = madd::<L>(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = madd::<L>(n, -0.693_359_4, x);
    let r = madd::<L>(n, 2.121_944_4e-4, r);
    let mut p = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5.000_000_1e-1] {
        p = madd::<L>(p, r, c);
    }
    let p = madd::<L>(p, r * r, r) + 1.0;
    // The low bits of `shifted` are n.
    let power = f32::from_bits((shifted.to_bits().wrapping_add(127)) << 23);
    p * power
}

/// The exact GELU, `x / 2 * (1 + erf(x / sqrt 2))`, to 1e-6.
#[inline(always)]
pub(super) fn gelu<L: Level>(x: f32) -> f32 {
    // A rational function of degrees 13 and 8 for erf, as in Eigen; beyond 4 it is 1 in single precision.
    let z = (x * std::f32::consts::FRAC_1_SQRT_2).clamp(-4.0, 4.0);
    let z2 = z * z;
    let mut p = -2.726_142_3e-10;
    for c in [2.770_681_5e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_3e-4, -2.954_599_9e-3, -1.609_603_3e-2] {
        p = madd::<L>(p, z2, c);
    }
    let mut q = -1.456_607_2e-5;
    for c in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        q = madd::<L>(q, z2, c);
    }
    let half = 0.5 * x;
    madd::<L>(half, z * p / q, half)
}

/// The sum of numbers, in sixteen parts.
#[inline(always)]
pub(super) fn sum(numbers: &[f32]) -> f32 {
    let (chunks, rest) = numbers.as_chunks::<16>();
    let mut sums = [0.0_f32; 16];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// The sum of squared distances from a number, in sixteen parts.
#[inline(always)]
pub(super) fn squares<L: Level>(numbers: &[f32], from: f32) -> f32 {
    let (chunks, rest) = numbers.as_chunks::<16>();
    let mut sums = [0.0_f32; 16];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            let d = x - from;
            *sum = madd::<L>(d, d, *sum);
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|x| (x - from) * (x - from)).sum::<f32>()
}

/// The greatest number, in sixteen parts; at least `floor`.
#[inline(always)]
pub(super) fn max_or(floor: f32, numbers: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = numbers.as_chunks::<16>();
    let mut maxima = [floor; 16];
    for chunk in chunks {
        for (max, x) in maxima.iter_mut().zip(chunk) {
            let x = of(*x);
            *max = if x > *max { x } else { *max };
        }
    }
    maxima.iter().copied().chain(rest.iter().map(|x| of(*x))).fold(floor, f32::max)
}

/// Rounds to a whole number from -127 to 127, in the low bits of the result.
#[inline(always)]
pub(super) fn round_bits(x: f32) -> u32 {
    (x + ROUND).to_bits()
}

#[cfg(test)]
mod tests {
    use super::super::level::{Fused, Plain};
    use super::*;

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
    fn gelu_is_exact_to_a_millionth() {
        for n in -120_000..=120_000 {
            let x = n as f32 / 10_000.0;
            let exact = 0.5 * f64::from(x) * (1.0 + erf(f64::from(x) / std::f64::consts::SQRT_2));
            for found in [gelu::<Plain>(x), gelu::<Fused>(x)] {
                let error = (f64::from(found) - exact).abs();
                assert!(error < 1e-6_f64.max(exact.abs() * 1e-6), "gelu({x}) = {found}, not {exact}");
            }
        }
    }

    #[test]
    fn exp_is_exact_in_single_precision() {
        for n in -87_000..=88_000 {
            let x = n as f32 / 1_000.0;
            let exact = f64::from(x).exp();
            for found in [exp::<Plain>(x), exp::<Fused>(x)] {
                assert!((f64::from(found) / exact - 1.0).abs() < 4e-7, "exp({x}) = {found}, not {exact}");
            }
        }
    }
}
