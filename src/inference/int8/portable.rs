//! The matrix product for any processor, and the one that the others are held against.

use super::kernel::Tile;
use super::lines::{BLOCK, Form, GROUP, Line, STEP, STEPS, TILE};
use half::f16;

/// Multiplies all rows with one tile.
pub(super) fn tile(tile: &Tile<'_>, out: &mut [f32]) {
    let groups_n = tile.blocks_n.div_ceil(GROUP);
    let rows = tile.values.chunks_exact(tile.blocks_n * BLOCK);
    let rows = rows.zip(tile.lowered.chunks_exact(tile.blocks_n)).zip(tile.scales.chunks_exact(groups_n));
    let rows = rows.zip(out.chunks_exact_mut(tile.out_width));
    for (((values, lowered), scales), out) in rows {
        let mut totals = *tile.bias;
        let groups = values.chunks(GROUP * BLOCK).zip(lowered.chunks(GROUP)).zip(scales);
        let groups = groups.zip(tile.lines.chunks(GROUP * tile.form.block_lines()));
        for (((values, lowered), scale), lines) in groups {
            let mut sums = [0.0_f32; TILE];
            let blocks = values.as_chunks::<BLOCK>().0.iter().zip(lowered);
            for ((values, lowered), lines) in blocks.zip(lines.chunks_exact(tile.form.block_lines())) {
                let Some((weight_scales, steps)) = lines.split_first() else { continue };
                let products = block(tile.form, steps, values, *lowered);
                let of_outputs = weight_scales.0.as_chunks::<2>().0.iter().zip(products);
                for (sum, (scale, product)) in sums.iter_mut().zip(of_outputs) {
                    // Below 2^24: exact.
                    #[expect(clippy::cast_precision_loss, reason = "at most 32 * 127 * 255, which is below 2^24")]
                    let product = product as f32;
                    *sum += product * f16::from_le_bytes(*scale).to_f32();
                }
            }
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total += sum * scale;
            }
        }
        if let Some(to) = out.get_mut(tile.column..tile.column + TILE) {
            to.copy_from_slice(&totals);
        }
    }
}

/// The whole-number products of one block: what every kernel has to agree on.
pub(super) fn block(form: Form, steps: &[Line], values: &[i8; BLOCK], lowered: i32) -> [i32; TILE] {
    let mut products = [lowered; TILE];
    let (lower, upper) = products.split_at_mut(TILE / 2);
    let of_steps = values.as_chunks::<STEP>().0;
    match form {
        Form::Four => {
            for (line, values) in steps.iter().zip(of_steps) {
                let weights = line.0.as_chunks::<STEP>().0.iter();
                for ((low, high), weights) in lower.iter_mut().zip(upper.iter_mut()).zip(weights) {
                    for (weight, value) in weights.iter().zip(values) {
                        *low += i32::from(weight & 15) * i32::from(*value);
                        *high += i32::from(weight >> 4) * i32::from(*value);
                    }
                }
            }
        }
        Form::Eight => {
            for (lines, values) in steps.as_chunks::<2>().0.iter().zip(of_steps).take(STEPS) {
                for (line, half) in lines.iter().zip([&mut *lower, &mut *upper]) {
                    for (product, weights) in half.iter_mut().zip(line.0.as_chunks::<STEP>().0) {
                        for (weight, value) in weights.iter().zip(values) {
                            *product += i32::from(*weight) * i32::from(*value);
                        }
                    }
                }
            }
        }
    }
    products
}
