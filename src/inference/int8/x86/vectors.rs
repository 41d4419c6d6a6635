//! Vectors of 512 and of 256 bits.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled for the plainest processor")]
#![cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "instructions have names of their own"))]

use super::super::level::{LANES, Level, Work};
use super::{has_avx2, has_avx512_vnni};
use std::arch::x86_64::*;

/// Does work in 512-bit vectors.
pub(in super::super) fn run_avx512(work: impl Work) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
    fn inner(work: impl Work, level: Wide) {
        work.run(level);
    }
    assert!(has_avx512_vnni(), "the kernel was resolved before");
    // SAFETY: the processor has every feature that `inner` is compiled for, as the line above makes sure; `inner` itself is safe code.
    unsafe { inner(work, Wide(())) }
}

/// Does work in 256-bit vectors.
pub(in super::super) fn run_avx2(work: impl Work) {
    #[target_feature(enable = "avx2,fma,f16c")]
    fn inner(work: impl Work, level: Half) {
        work.run(level);
    }
    assert!(has_avx2(), "the kernel was resolved before");
    // SAFETY: as in `run_avx512`.
    unsafe { inner(work, Half(())) }
}

/// 512-bit vectors. Made only by [`run_avx512`], after it has asked the processor.
#[derive(Clone, Copy)]
struct Wide(());

/// Pairs of 256-bit vectors. Made only by [`run_avx2`], after it has asked the processor.
#[derive(Clone, Copy)]
struct Half(());

/// A method of [`Wide`] that is one instruction.
macro_rules! wide {
    ($($name:ident($($x:ident),+) => $instruction:ident;)+) => {
        $(#[inline(always)]
        fn $name(self, $($x: __m512),+) -> __m512 {
            // SAFETY: `self` exists, so the processor has 512-bit vectors.
            unsafe { $instruction($($x),+) }
        })+
    };
}

/// A method of [`Half`] that is one instruction for each vector of the pair.
macro_rules! half {
    ($($name:ident($($x:ident),+) => $instruction:ident;)+) => {
        $(#[inline(always)]
        fn $name(self, $($x: [__m256; 2]),+) -> [__m256; 2] {
            // SAFETY: `self` exists, so the processor has 256-bit vectors.
            unsafe { [$instruction($($x[0]),+), $instruction($($x[1]),+)] }
        })+
    };
}

impl Level for Wide {
    type V = __m512;

    wide! {
        add(a, b) => _mm512_add_ps;
        sub(a, b) => _mm512_sub_ps;
        mul(a, b) => _mm512_mul_ps;
        div(a, b) => _mm512_div_ps;
        madd(a, b, c) => _mm512_fmadd_ps;
        max(a, b) => _mm512_max_ps;
        min(a, b) => _mm512_min_ps;
        abs(a) => _mm512_abs_ps;
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: as for the methods above.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        // SAFETY: as for the methods above; 16 numbers are read from an array of 16.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, x: __m512, to: &mut [f32; LANES]) {
        // SAFETY: as for the methods above; 16 numbers are written to an array of 16.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), x) }
    }

    #[inline(always)]
    fn power(self, shifted: __m512) -> __m512 {
        // SAFETY: as for the methods above.
        unsafe {
            let exponents = _mm512_add_epi32(_mm512_castps_si512(shifted), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponents))
        }
    }

    #[inline(always)]
    fn round(self, low: __m512, high: __m512, to: &mut [i8; 2 * LANES]) -> i32 {
        // SAFETY: as for the methods above; 16 bytes are written to each half of an array of 32.
        unsafe {
            let (low, high) = (_mm512_cvtps_epi32(low), _mm512_cvtps_epi32(high));
            _mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(low));
            _mm_storeu_si128(to.as_mut_ptr().add(LANES).cast(), _mm512_cvtepi32_epi8(high));
            _mm512_reduce_add_epi32(_mm512_add_epi32(low, high))
        }
    }
}

impl Level for Half {
    type V = [__m256; 2];

    half! {
        add(a, b) => _mm256_add_ps;
        sub(a, b) => _mm256_sub_ps;
        mul(a, b) => _mm256_mul_ps;
        div(a, b) => _mm256_div_ps;
        madd(a, b, c) => _mm256_fmadd_ps;
        max(a, b) => _mm256_max_ps;
        min(a, b) => _mm256_min_ps;
    }

    #[inline(always)]
    fn abs(self, a: Self::V) -> Self::V {
        // SAFETY: as for the methods above.
        unsafe {
            let sign = _mm256_set1_ps(-0.0);
            [_mm256_andnot_ps(sign, a[0]), _mm256_andnot_ps(sign, a[1])]
        }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        // SAFETY: as for the methods above.
        unsafe { [_mm256_set1_ps(x); 2] }
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::V {
        // SAFETY: as for the methods above; 8 numbers are read from each half of an array of 16.
        unsafe { [_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))] }
    }

    #[inline(always)]
    fn store(self, x: Self::V, to: &mut [f32; LANES]) {
        // SAFETY: as for the methods above; 8 numbers are written to each half of an array of 16.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), x[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), x[1]);
        }
    }

    #[inline(always)]
    fn power(self, shifted: Self::V) -> Self::V {
        // SAFETY: as for the methods above.
        unsafe {
            let bias = _mm256_set1_epi32(127);
            let (low, high) = (_mm256_castps_si256(shifted[0]), _mm256_castps_si256(shifted[1]));
            let low = _mm256_slli_epi32::<23>(_mm256_add_epi32(low, bias));
            let high = _mm256_slli_epi32::<23>(_mm256_add_epi32(high, bias));
            [_mm256_castsi256_ps(low), _mm256_castsi256_ps(high)]
        }
    }

    #[inline(always)]
    fn round(self, low: Self::V, high: Self::V, to: &mut [i8; 2 * LANES]) -> i32 {
        // SAFETY: as for the methods above; 32 bytes are written to an array of 32.
        unsafe {
            let (a, b) = (_mm256_cvtps_epi32(low[0]), _mm256_cvtps_epi32(low[1]));
            let (c, d) = (_mm256_cvtps_epi32(high[0]), _mm256_cvtps_epi32(high[1]));
            // Packing works within halves of the register, so fours of bytes end up as a0 b0 c0 d0 a1 b1 c1 d1.
            let bytes = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
            let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm256_permutevar8x32_epi32(bytes, order));
            let eight = _mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d));
            let four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256::<1>(eight));
            let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b00_00_11_10>(four));
            _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<0b00_00_00_01>(two)))
        }
    }
}
