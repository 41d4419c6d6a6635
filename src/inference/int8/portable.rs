//! The matrix product for any processor, and the one that the others are held against.

use super::kernel::Tile;
use super::lines::{BLOCK, Form, GROUP, Line, STEP, TILE};
use half::f16;

/// Multiplies all rows with one tile.
pub(super) fn tile(tile: &Tile<'_>, out: &mut [f32]) {
    let groups_n = tile.blocks_n.div_ceil(GROUP);
    let columns = tile.column..tile.column + TILE;
    for row in out.chunks_exact_mut(tile.out_width) {
        if let Some(to) = row.get_mut(columns.clone()) {
            to.copy_from_slice(tile.bias);
        }
    }
    for (n, lines) in tile.lines.chunks_exact(tile.form.block_lines()).enumerate() {
        let Some((scales, steps)) = lines.split_first() else { return };
        let mut weight_scales = [0.0_f32; TILE];
        for (to, scale) in weight_scales.iter_mut().zip(scales.0.as_chunks::<2>().0) {
            *to = f16::from_le_bytes(*scale).to_f32();
        }
        // Laid out anew once for all rows: the weights of 32 outputs for each input.
        let weights = expanded(tile.form, steps);
        let rows = tile.values.as_chunks::<BLOCK>().0.iter().skip(n).step_by(tile.blocks_n);
        let rows = rows.zip(tile.scales.iter().skip(n / GROUP).step_by(groups_n));
        for ((values, scale), out) in rows.zip(out.chunks_exact_mut(tile.out_width)) {
            let mut products = [0_i32; TILE];
            for (weights, value) in weights.iter().zip(values) {
                for (product, weight) in products.iter_mut().zip(weights) {
                    *product += i32::from(*weight) * i32::from(*value);
                }
            }
            let out = out.get_mut(columns.clone()).unwrap_or_default();
            for ((to, product), weight_scale) in out.iter_mut().zip(products).zip(weight_scales) {
                #[expect(clippy::cast_precision_loss, reason = "at most 32 * 127 * 128, which is below 2^24")]
                let product = product as f32;
                *to += product * weight_scale * scale;
            }
        }
    }
}

/// The signed weights of a block, 32 outputs for each input.
fn expanded(form: Form, steps: &[Line]) -> [[i16; TILE]; BLOCK] {
    let mut weights = [[0; TILE]; BLOCK];
    let zero = i16::try_from(form.zero()).unwrap_or_default();
    let step_lines = steps.len() / (BLOCK / STEP);
    for (lines, inputs) in steps.chunks_exact(step_lines).zip(weights.as_chunks_mut::<STEP>().0) {
        for (j, input) in inputs.iter_mut().enumerate() {
            let (lower, upper) = input.split_at_mut(TILE / 2);
            let bytes =
                |line: usize| lines.iter().skip(line).take(1).flat_map(|line| line.0.iter().skip(j).step_by(STEP));
            match form {
                Form::Four => {
                    for ((low, high), byte) in lower.iter_mut().zip(upper).zip(bytes(0)) {
                        *low = i16::from(byte & 15) - zero;
                        *high = i16::from(byte >> 4) - zero;
                    }
                }
                Form::Eight => {
                    for (to, byte) in lower.iter_mut().zip(bytes(0)).chain(upper.iter_mut().zip(bytes(1))) {
                        *to = i16::from(*byte) - zero;
                    }
                }
            }
        }
    }
    weights
}
