//! The matrix product in whole numbers.
#![cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "instructions have names of their own"))]

use super::super::kernel::Tile;
use super::super::lines::{BLOCK, Form, GROUP, Line, STEP, STEPS, TILE};
use super::{has_avx_vnni, has_avx2, has_avx512_vnni};
use std::arch::x86_64::*;

/// Rows that are multiplied at once with 512-bit vectors: 12 running sums of whole numbers, 12 of fractions, 8 registers for the rest.
const ROWS_512: usize = 6;
/// The same with 256-bit vectors, of which there are 16.
const ROWS_256: usize = 3;

/// The parts of a [`Tile`] at some row, as the inner loops read them.
#[derive(Clone, Copy)]
struct At {
    lines: *const Line,
    values: *const i8,
    lowered: *const i32,
    scales: *const f32,
    bias: *const f32,
    out: *mut f32,
    blocks_n: usize,
    out_width: usize,
}

impl At {
    fn groups_n(&self) -> usize {
        self.blocks_n.div_ceil(GROUP)
    }

    /// The same, some rows further down.
    ///
    /// # Safety
    /// There are that many rows left, or just as many: pointers may end up one past the last row.
    unsafe fn skip(&mut self, rows_n: usize) {
        // SAFETY: the caller promises that these stay in their slices, or one past their ends.
        unsafe {
            self.values = self.values.add(rows_n * self.blocks_n * BLOCK);
            self.lowered = self.lowered.add(rows_n * self.blocks_n);
            self.scales = self.scales.add(rows_n * self.groups_n());
        }
        // The last row of the result ends before a whole width is stepped over, so this may leave the slice when no row is left.
        self.out = self.out.wrapping_add(rows_n * self.out_width);
    }
}

/// Checks all sizes that the inner loops rely on, and gives the parts and the number of rows.
fn checked(tile: &Tile<'_>, out: &mut [f32]) -> (At, usize) {
    assert!(tile.blocks_n > 0 && tile.out_width >= TILE, "a matrix is not empty");
    let rows_n = out.len() / tile.out_width;
    assert_eq!(out.len(), rows_n * tile.out_width, "whole rows come out");
    assert!(tile.column + TILE <= tile.out_width, "the tile lies within the row");
    assert_eq!(tile.lines.len(), tile.blocks_n * tile.form.block_lines(), "a tile has all its blocks");
    assert_eq!(tile.values.len(), rows_n * tile.blocks_n * BLOCK, "whole rows go in");
    assert_eq!(tile.lowered.len(), rows_n * tile.blocks_n, "a sum for each block");
    assert_eq!(tile.scales.len(), rows_n * tile.blocks_n.div_ceil(GROUP), "a scale for each group");
    let at = At {
        lines: tile.lines.as_ptr(),
        values: tile.values.as_ptr(),
        lowered: tile.lowered.as_ptr(),
        scales: tile.scales.as_ptr(),
        bias: tile.bias.as_ptr(),
        out: out.as_mut_ptr().wrapping_add(tile.column),
        blocks_n: tile.blocks_n,
        out_width: tile.out_width,
    };
    (at, rows_n)
}

/// Calls a kernel for rows in parts of nearly the same size, none above `$max`: `$n => $call` for each size.
macro_rules! in_parts {
    ($at:ident, $rows_n:ident, $max:expr, $($n:literal => $call:expr),+) => {{
        let parts_n = usize::div_ceil($rows_n, $max);
        for part in 0..parts_n {
            let n = ($rows_n * (part + 1)) / parts_n - ($rows_n * part) / parts_n;
            match n {
                $($n => $call,)+
                _ => unreachable!("parts have 1 to {} rows", $max),
            }
            // SAFETY: the parts add up to the number of rows.
            unsafe { $at.skip(n) }
        }
    }};
}

/// Multiplies all rows with one tile, in 512-bit vectors.
pub(in super::super) fn tile_avx512_vnni(tile: &Tile<'_>, out: &mut [f32]) {
    assert!(has_avx512_vnni(), "the kernel was resolved before");
    let (mut at, rows_n) = checked(tile, out);
    macro_rules! call {
        ($n:literal) => {
            // SAFETY: the processor has the features; `checked` has made sure that every row and the tile have the sizes that the kernel
            // reads and writes, and at least this many rows are left.
            match tile.form {
                Form::Four => unsafe { rows_512::<$n, true>(at) },
                Form::Eight => unsafe { rows_512::<$n, false>(at) },
            }
        };
    }
    in_parts!(at, rows_n, ROWS_512, 1 => call!(1), 2 => call!(2), 3 => call!(3), 4 => call!(4), 5 => call!(5), 6 => call!(6));
}

/// Multiplies `N` rows with one tile.
///
/// # Safety
/// The processor has these features. From `at` on there are `N` rows of `blocks_n * 32` values, `blocks_n` sums, `groups_n` scales and
/// 32 results, `out_width` apart, and a tile of `blocks_n` blocks of the form.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
unsafe fn rows_512<const N: usize, const FOUR: bool>(at: At) {
    let form = if FOUR { Form::Four } else { Form::Eight };
    let (blocks_n, groups_n) = (at.blocks_n, at.groups_n());
    let row_bytes = blocks_n * BLOCK;
    let tile_lines = blocks_n * form.block_lines();
    let low_halves = _mm512_set1_epi8(15);
    // SAFETY: a bias has 32 numbers.
    let mut totals = unsafe { [[_mm512_loadu_ps(at.bias), _mm512_loadu_ps(at.bias.add(16))]; N] };
    let mut lines = at.lines;
    for group in 0..groups_n {
        let mut sums = [[_mm512_setzero_ps(); 2]; N];
        for block in group * GROUP..((group + 1) * GROUP).min(blocks_n) {
            let mut products = [[_mm512_setzero_si512(); 2]; N];
            for (row, products) in products.iter_mut().enumerate() {
                // SAFETY: row < N and block < blocks_n.
                *products = [_mm512_set1_epi32(unsafe { *at.lowered.add(row * blocks_n + block) }); 2];
            }
            // SAFETY: `lines` is at the first line of this block, which holds 32 scales of 2 bytes.
            let scales = unsafe {
                let scales = lines.cast::<__m256i>();
                [_mm512_cvtph_ps(_mm256_load_si256(scales)), _mm512_cvtph_ps(_mm256_load_si256(scales.add(1)))]
            };
            for step in 0..STEPS {
                // SAFETY: a block has 1 + 8 lines of 4-bit weights, or 1 + 16 of 8-bit ones; a line is aligned to its 64 bytes. What is
                // prefetched may lie behind the matrix, which a prefetch allows.
                let weights = unsafe {
                    if FOUR {
                        let line = lines.add(1 + step);
                        _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(tile_lines).cast());
                        let both = _mm512_load_si512(line.cast());
                        [_mm512_and_si512(both, low_halves), _mm512_and_si512(_mm512_srli_epi16::<4>(both), low_halves)]
                    } else {
                        let line = lines.add(1 + 2 * step);
                        _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(tile_lines).cast());
                        _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(tile_lines + 1).cast());
                        [_mm512_load_si512(line.cast()), _mm512_load_si512(line.add(1).cast())]
                    }
                };
                for (row, products) in products.iter_mut().enumerate() {
                    // SAFETY: row < N, and 4 values from here on belong to this block.
                    let values = unsafe {
                        let values = at.values.add(row * row_bytes + block * BLOCK + step * STEP);
                        _mm512_set1_epi32(values.cast::<i32>().read_unaligned())
                    };
                    products[0] = _mm512_dpbusd_epi32(products[0], weights[0], values);
                    products[1] = _mm512_dpbusd_epi32(products[1], weights[1], values);
                }
            }
            for (sums, products) in sums.iter_mut().zip(&products) {
                for ((sum, product), scale) in sums.iter_mut().zip(products).zip(scales) {
                    *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(*product), scale, *sum);
                }
            }
            // SAFETY: the tile has this block, so this is at the next one or one past the last.
            lines = unsafe { lines.add(form.block_lines()) };
        }
        for (row, (totals, sums)) in totals.iter_mut().zip(&sums).enumerate() {
            // SAFETY: row < N and group < groups_n.
            let scale = _mm512_set1_ps(unsafe { *at.scales.add(row * groups_n + group) });
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total = _mm512_fmadd_ps(*sum, scale, *total);
            }
        }
    }
    for (row, totals) in totals.iter().enumerate() {
        // SAFETY: row < N, and a row has room for 32 results.
        unsafe {
            let out = at.out.add(row * at.out_width);
            _mm512_storeu_ps(out, totals[0]);
            _mm512_storeu_ps(out.add(16), totals[1]);
        }
    }
}

/// Multiplies all rows with one tile, in 256-bit vectors with integer dot products.
pub(in super::super) fn tile_avx_vnni(tile: &Tile<'_>, out: &mut [f32]) {
    assert!(has_avx_vnni(), "the kernel was resolved before");
    let (mut at, rows_n) = checked(tile, out);
    macro_rules! call {
        ($n:literal) => {
            // SAFETY: as in `tile_avx512_vnni`.
            match tile.form {
                Form::Four => unsafe { rows_vnni::<$n, true>(at) },
                Form::Eight => unsafe { rows_vnni::<$n, false>(at) },
            }
        };
    }
    in_parts!(at, rows_n, ROWS_256, 1 => call!(1), 2 => call!(2), 3 => call!(3));
}

/// Multiplies all rows with one tile, in 256-bit vectors.
pub(in super::super) fn tile_avx2(tile: &Tile<'_>, out: &mut [f32]) {
    assert!(has_avx2(), "the kernel was resolved before");
    let (mut at, rows_n) = checked(tile, out);
    macro_rules! call {
        ($n:literal) => {
            // SAFETY: as in `tile_avx512_vnni`.
            match tile.form {
                Form::Four => unsafe { rows_avx2::<$n, true>(at) },
                Form::Eight => unsafe { rows_avx2::<$n, false>(at) },
            }
        };
    }
    in_parts!(at, rows_n, ROWS_256, 1 => call!(1), 2 => call!(2), 3 => call!(3));
}

/// 256-bit loops over the two quarters of a tile that lie in the same halves of its lines. What a processor does with 32 weights and 32
/// values differs.
macro_rules! rows_256 {
    ($name:ident, $features:literal, $init:ident, $step:ident, $finish:ident) => {
        /// Multiplies `N` rows with one tile.
        ///
        /// # Safety
        /// As for [`rows_512`].
        #[target_feature(enable = $features)]
        unsafe fn $name<const N: usize, const FOUR: bool>(at: At) {
            let form = if FOUR { Form::Four } else { Form::Eight };
            let (blocks_n, groups_n) = (at.blocks_n, at.groups_n());
            let row_bytes = blocks_n * BLOCK;
            let tile_lines = blocks_n * form.block_lines();
            let low_halves = _mm256_set1_epi8(15);
            for half in 0..2 {
                // Outputs `8 * half..` and `16 + 8 * half..`.
                let firsts = [8 * half, 16 + 8 * half];
                // SAFETY: a bias has 32 numbers, and 8 of them begin at each of `firsts`.
                let mut totals = unsafe { [firsts.map(|first| _mm256_loadu_ps(at.bias.add(first))); N] };
                let mut lines = at.lines;
                for group in 0..groups_n {
                    let mut sums = [[_mm256_setzero_ps(); 2]; N];
                    for block in group * GROUP..((group + 1) * GROUP).min(blocks_n) {
                        let mut products = [[_mm256_setzero_si256(); 2]; N];
                        for (row, products) in products.iter_mut().enumerate() {
                            // SAFETY: row < N and block < blocks_n.
                            *products = [$init::<FOUR>(unsafe { *at.lowered.add(row * blocks_n + block) }); 2];
                        }
                        for step in 0..STEPS {
                            // SAFETY: as in `rows_512`; half a line is aligned to its 32 bytes.
                            let weights = unsafe {
                                if FOUR {
                                    let line = lines.add(1 + step);
                                    _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(tile_lines).cast());
                                    let both = _mm256_load_si256(line.cast::<__m256i>().add(half));
                                    [
                                        _mm256_and_si256(both, low_halves),
                                        _mm256_and_si256(_mm256_srli_epi16::<4>(both), low_halves),
                                    ]
                                } else {
                                    let line = lines.add(1 + 2 * step);
                                    _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(tile_lines + half).cast());
                                    [
                                        _mm256_load_si256(line.cast::<__m256i>().add(half)),
                                        _mm256_load_si256(line.add(1).cast::<__m256i>().add(half)),
                                    ]
                                }
                            };
                            for (row, products) in products.iter_mut().enumerate() {
                                // SAFETY: row < N, and 4 values from here on belong to this block.
                                let values = unsafe {
                                    let values = at.values.add(row * row_bytes + block * BLOCK + step * STEP);
                                    _mm256_set1_epi32(values.cast::<i32>().read_unaligned())
                                };
                                products[0] = $step::<FOUR>(products[0], weights[0], values);
                                products[1] = $step::<FOUR>(products[1], weights[1], values);
                            }
                        }
                        for (row, (sums, products)) in sums.iter_mut().zip(&products).enumerate() {
                            // SAFETY: row < N and block < blocks_n.
                            let lowered = unsafe { *at.lowered.add(row * blocks_n + block) };
                            for ((sum, product), first) in sums.iter_mut().zip(products).zip(firsts) {
                                // SAFETY: the first line of a block holds 32 scales of 2 bytes, and 8 of them begin at each of `firsts`.
                                let scale =
                                    unsafe { _mm256_cvtph_ps(_mm_load_si128(lines.cast::<__m128i>().add(first / 8))) };
                                let product = _mm256_cvtepi32_ps($finish::<FOUR>(*product, lowered));
                                *sum = _mm256_fmadd_ps(product, scale, *sum);
                            }
                        }
                        // SAFETY: the tile has this block, so this is at the next one or one past the last.
                        lines = unsafe { lines.add(form.block_lines()) };
                    }
                    for (row, (totals, sums)) in totals.iter_mut().zip(&sums).enumerate() {
                        // SAFETY: row < N and group < groups_n.
                        let scale = _mm256_set1_ps(unsafe { *at.scales.add(row * groups_n + group) });
                        for (total, sum) in totals.iter_mut().zip(sums) {
                            *total = _mm256_fmadd_ps(*sum, scale, *total);
                        }
                    }
                }
                for (row, totals) in totals.iter().enumerate() {
                    for (total, first) in totals.iter().zip(firsts) {
                        // SAFETY: row < N, and a row has room for 32 results, of which 8 begin at each of `firsts`.
                        unsafe { _mm256_storeu_ps(at.out.add(row * at.out_width + first), *total) }
                    }
                }
            }
        }
    };
}

rows_256!(rows_vnni, "avxvnni,avx2,fma,f16c", init_vnni, step_vnni, finish_vnni);
rows_256!(rows_avx2, "avx2,fma,f16c", init_avx2, step_avx2, finish_avx2);

#[target_feature(enable = "avx2")]
#[inline]
fn init_vnni<const FOUR: bool>(lowered: i32) -> __m256i {
    _mm256_set1_epi32(lowered)
}

#[target_feature(enable = "avxvnni,avx2")]
#[inline]
fn step_vnni<const FOUR: bool>(products: __m256i, weights: __m256i, values: __m256i) -> __m256i {
    _mm256_dpbusd_avx_epi32(products, weights, values)
}

#[target_feature(enable = "avx2")]
#[inline]
fn finish_vnni<const FOUR: bool>(products: __m256i, _lowered: i32) -> __m256i {
    products
}

#[target_feature(enable = "avx2")]
#[inline]
fn init_avx2<const FOUR: bool>(_lowered: i32) -> __m256i {
    _mm256_setzero_si256()
}

/// Pairs of 4-bit weights and values add up in 16 bits: 8 steps of 2 * 15 * 127 are 30,480. Pairs of 8-bit ones do so once, if the weight's
/// sign is moved to the value: 2 * 127 * 127 are 32,258.
#[target_feature(enable = "avx2")]
#[inline]
fn step_avx2<const FOUR: bool>(products: __m256i, weights: __m256i, values: __m256i) -> __m256i {
    if FOUR {
        _mm256_add_epi16(products, _mm256_maddubs_epi16(weights, values))
    } else {
        let weights = _mm256_xor_si256(weights, _mm256_set1_epi8(i8::MIN));
        let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(values, weights));
        _mm256_add_epi32(products, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
    }
}

/// Values meet 8-bit weights with their signs here, so nothing has to be taken back from them.
#[target_feature(enable = "avx2")]
#[inline]
fn finish_avx2<const FOUR: bool>(products: __m256i, lowered: i32) -> __m256i {
    if FOUR {
        let fours = _mm256_madd_epi16(products, _mm256_set1_epi16(1));
        _mm256_add_epi32(fours, _mm256_set1_epi32(lowered))
    } else {
        products
    }
}
