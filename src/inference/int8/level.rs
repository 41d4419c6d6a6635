//! One body of arithmetic, compiled once for each kind of processor.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled for the plainest processor")]

/// Numbers that are computed side by side.
pub(super) const LANES: usize = 16;

/// The vectors of a kind of processor: holding a value is the proof that the processor has them.
///
/// Functions over a level, and the methods of levels themselves, are `#[inline(always)]`: what is not inlined is compiled for the plainest
/// processor.
pub(super) trait Level: Copy {
    /// 16 numbers.
    type V: Copy;

    /// The same number 16 times.
    fn splat(self, x: f32) -> Self::V;
    /// 16 numbers from memory.
    fn load(self, from: &[f32; LANES]) -> Self::V;
    /// 16 numbers to memory.
    fn store(self, x: Self::V, to: &mut [f32; LANES]);
    /// `a + b`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`.
    fn madd(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The greater of each pair.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The smaller of each pair.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// Without signs.
    fn abs(self, a: Self::V) -> Self::V;
    /// 2 to the power of the whole number in the low bits of each number's mantissa.
    fn power(self, shifted: Self::V) -> Self::V;
    /// Rounds 32 numbers from -127 to 127 to whole ones, and gives their sum.
    fn round(self, low: Self::V, high: Self::V, to: &mut [i8; 2 * LANES]) -> i32;

    /// The sum of all 16.
    #[inline(always)]
    fn sum(self, x: Self::V) -> f32 {
        self.fold(x, |a, b| a + b)
    }

    /// The greatest of all 16.
    #[inline(always)]
    fn greatest(self, x: Self::V) -> f32 {
        self.fold(x, f32::max)
    }

    /// Folds halves onto each other.
    #[inline(always)]
    fn fold(self, x: Self::V, of: impl Fn(f32, f32) -> f32) -> f32 {
        let mut all = [0.0; LANES];
        self.store(x, &mut all);
        let mut width = LANES / 2;
        while width > 0 {
            let (low, high) = all.split_at_mut(width);
            for (low, high) in low.iter_mut().zip(high) {
                *low = of(*low, *high);
            }
            width /= 2;
        }
        all[0]
    }
}

/// Arithmetic over a level.
pub(super) trait Work {
    /// Does it.
    fn run<L: Level>(self, level: L);
}

/// Any processor.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Plain {
    #[inline(always)]
    fn each(a: [f32; LANES], b: [f32; LANES], of: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
        let mut out = a;
        for (out, b) in out.iter_mut().zip(b) {
            *out = of(*out, b);
        }
        out
    }
}

impl Level for Plain {
    type V = [f32; LANES];

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        [x; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::V {
        *from
    }

    #[inline(always)]
    fn store(self, x: Self::V, to: &mut [f32; LANES]) {
        *to = x;
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        Self::each(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        Self::each(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        Self::each(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        Self::each(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn madd(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // Where there is no such instruction a fused product is a slow call.
        if cfg!(target_arch = "aarch64") {
            let mut out = c;
            for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                *out = a.mul_add(b, *out);
            }
            out
        } else {
            self.add(self.mul(a, b), c)
        }
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        Self::each(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        Self::each(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn abs(self, a: Self::V) -> Self::V {
        a.map(f32::abs)
    }

    #[inline(always)]
    fn power(self, shifted: Self::V) -> Self::V {
        shifted.map(|x| f32::from_bits(x.to_bits().wrapping_add(127) << 23))
    }

    #[inline(always)]
    fn round(self, low: Self::V, high: Self::V, to: &mut [i8; 2 * LANES]) -> i32 {
        let mut sum = 0;
        for (to, x) in to.iter_mut().zip(low.into_iter().chain(high)) {
            // Adding 1.5 * 2^23 leaves the whole number in the low bits, in two's complement.
            let [byte, ..] = (x + super::math::ROUND).to_bits().to_le_bytes();
            *to = byte.cast_signed();
            sum += i32::from(*to);
        }
        sum
    }
}
