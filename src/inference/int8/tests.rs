//! Each kernel against the portable one, over random shapes and values.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::too_many_arguments,
    reason = "made-up numbers are small"
)]

use super::kernel::Kernel;
#[cfg(target_arch = "x86_64")]
use super::kernel::Tile;
use super::level::{Plain, Work as _};
use super::lines::{BLOCK, Form, GROUP, Packed, TILE};
use super::rows::{Round, Rounded};
use proptest::prelude::*;

/// A matrix, rows to multiply it with, and a bias.
#[derive(Debug)]
struct Case {
    weights: Packed,
    rounded: Rounded,
    bias: Vec<f32>,
    rows_n: usize,
}

/// Numbers as wild as a seed says: most small, some large, some zero.
fn numbers(n: usize, seed: u64, spread: f32) -> Vec<f32> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let number = |bits: u64| {
        let plain = (bits & 0xffff) as f32 / 32_768.0 - 1.0;
        match bits >> 16 & 15 {
            0 => 0.0,
            1 => plain * spread,
            _ => plain,
        }
    };
    (0..n).map(|_| number(next())).collect()
}

/// `Q4_0` blocks of any bits, with scales that are numbers.
fn q4_0(rows_n: usize, blocks_n: usize, seed: u64) -> Vec<u8> {
    let bits = numbers(rows_n * blocks_n * 17, seed, 3.0);
    let mut bytes = Vec::new();
    for block in bits.chunks_exact(17) {
        bytes.extend(half::f16::from_f32(block[0] / 100.0).to_le_bytes());
        bytes.extend(block[1..].iter().map(|x| x.to_bits().wrapping_mul(2_654_435_761).to_be_bytes()[0]));
    }
    bytes
}

fn case(form: Form, rows_n: usize, blocks_n: usize, outputs: usize, seed: u64, spread: f32) -> Case {
    let inputs = blocks_n * BLOCK;
    let weights = match form {
        Form::Four => Packed::from_q4_0(&[&q4_0(outputs, blocks_n, seed)], inputs).unwrap(),
        Form::Eight => Packed::from_f32(&numbers(outputs * inputs, seed, spread), outputs, inputs).unwrap(),
    };
    let mut rounded = Rounded::default();
    rounded.resize(rows_n, inputs);
    let from = numbers(rows_n * inputs, seed ^ 0x5555, spread);
    Round { from: &from, zero: form.zero(), to: &mut rounded }.run(Plain);
    let bias = numbers(weights.outputs, seed ^ 0x3333, spread);
    Case { weights, rounded, bias, rows_n }
}

fn product(kernel: Kernel, case: &Case) -> Vec<f32> {
    let mut out = vec![f32::NAN; case.rows_n * case.weights.outputs];
    kernel.multiply(&case.rounded, &case.weights, &case.bias, &mut out);
    out
}

fn cases() -> impl Strategy<Value = Case> {
    let form = prop_oneof![Just(Form::Four), Just(Form::Eight)];
    (form, 1..20_usize, 1..14_usize, 1..100_usize, any::<u64>(), 1.0..1e4_f32)
        .prop_map(|(form, rows_n, blocks_n, outputs, seed, spread)| case(form, rows_n, blocks_n, outputs, seed, spread))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_kernel_gives_what_the_portable_one_gives(case in cases()) {
        let expected = product(Kernel::Portable, &case);
        let size = expected.iter().fold(1e-3_f32, |max, x| max.max(x.abs()));
        for kernel in Kernel::available() {
            for (n, (found, expected)) in product(kernel, &case).iter().zip(&expected).enumerate() {
                prop_assert!((found - expected).abs() <= size * 1e-5, "{kernel}, {n}: {found}, not {expected}");
            }
        }
    }

    /// With scales of 1 a product is the whole number itself, which single precision holds: kernels must not differ in one bit.
    #[test]
    fn whole_numbers_are_the_same_on_every_kernel(mut case in cases()) {
        case.weights.scales_to_one();
        case.rounded.scales.fill(1.0);
        case.bias.fill(0.0);
        // One group keeps sums below 2^24.
        let blocks_n = case.weights.inputs / BLOCK;
        prop_assume!(blocks_n <= GROUP);
        let expected = product(Kernel::Portable, &case);
        for kernel in Kernel::available() {
            prop_assert_eq!(&product(kernel, &case), &expected, "{}", kernel);
        }
    }

    #[test]
    fn the_portable_product_is_that_of_the_numbers(case in cases()) {
        let (found, inputs) = (product(Kernel::Portable, &case), case.weights.inputs);
        let groups_n = (inputs / BLOCK).div_ceil(GROUP);
        for row in 0..case.rows_n {
            for output in 0..case.weights.outputs {
                let mut expected = f64::from(case.bias[output]);
                let mut size = expected.abs();
                for input in 0..inputs {
                    let scale = case.rounded.scales[row * groups_n + input / (GROUP * BLOCK)];
                    let x = f64::from(case.rounded.values[row * inputs + input]) * f64::from(scale);
                    let term = x * f64::from(case.weights.weight(output, input));
                    expected += term;
                    size += term.abs();
                }
                let found = f64::from(found[row * case.weights.outputs + output]);
                prop_assert!((found - expected).abs() <= 1e-5 * size + 1e-6, "{row}, {output}: {found}, not {expected}");
            }
        }
    }
}

/// The greatest whole numbers there can be: nothing may run over.
#[test]
fn extremes_do_not_overflow() {
    for form in [Form::Four, Form::Eight] {
        let mut case = case(form, 7, 9, TILE, 1, 1.0);
        case.rounded.scales.fill(1.0);
        case.bias.fill(0.0);
        for sign in [-1, 1] {
            case.rounded.values.fill(127 * sign);
            case.rounded.lowered.fill(-form.zero() * 127 * i32::from(sign) * BLOCK as i32);
            for byte in if form == Form::Four { [0x00, 0xff] } else { [0x01, 0xff] } {
                case.weights.fill_steps(byte);
                let expected = product(Kernel::Portable, &case);
                for kernel in Kernel::available() {
                    assert_eq!(product(kernel, &case), expected, "{kernel}");
                }
            }
        }
    }
}

/// The tile kernels refuse what does not fit instead of reading past it.
#[test]
#[cfg(target_arch = "x86_64")]
fn sizes_are_checked() {
    let case = case(Form::Four, 3, 2, TILE, 1, 1.0);
    let whole = Tile {
        form: Form::Four,
        lines: case.weights.tile(0),
        blocks_n: 2,
        values: &case.rounded.values,
        lowered: &case.rounded.lowered,
        scales: &case.rounded.scales,
        bias: case.bias.first_chunk().unwrap(),
        out_width: TILE,
        column: 0,
    };
    let short = [
        Tile { lines: &whole.lines[1..], ..whole },
        Tile { values: &whole.values[1..], ..whole },
        Tile { lowered: &whole.lowered[1..], ..whole },
        Tile { scales: &whole.scales[1..], ..whole },
        Tile { blocks_n: 1, ..whole },
        Tile { column: 1, ..whole },
        Tile { form: Form::Eight, ..whole },
    ];
    for kernel in Kernel::available() {
        let multiply = match kernel {
            Kernel::Avx512Vnni => super::x86::tile_avx512_vnni,
            Kernel::AvxVnni => super::x86::tile_avx_vnni,
            Kernel::Avx2 => super::x86::tile_avx2,
            Kernel::Auto | Kernel::Portable => continue,
        };
        for tile in &short {
            let refused = std::panic::catch_unwind(|| multiply(tile, &mut [0.0; 3 * TILE]));
            assert!(refused.is_err(), "{kernel}: {tile:?}");
        }
    }
}

/// With the real weights.
mod models {
    use super::super::{Int8Bert, Options};
    use super::*;
    use crate::inference::bert::Bert;
    use crate::inference::linalg::dot;
    use crate::inference::{Encode, Purpose};
    use crate::models::ModelFiles;
    use std::path::Path;

    fn files() -> ModelFiles {
        ModelFiles::open(Path::new("models/multilingual-e5-small")).unwrap()
    }

    /// Headings and sentences of the guidance in three languages.
    fn texts(n: usize) -> Vec<(Purpose, String)> {
        let mut texts = Vec::new();
        let mut folders: Vec<_> = fs_err::read_dir("knowledge").unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        for folder in folders {
            let mut files: Vec<_> = fs_err::read_dir(folder).into_iter().flatten().map(|e| e.unwrap().path()).collect();
            files.sort();
            for file in files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "md")) {
                let text = fs_err::read_to_string(file).unwrap();
                let lines = text.lines().filter(|line| line.chars().count() > 20);
                texts.extend(lines.map(|line| (Purpose::Query, line.to_owned())));
            }
        }
        let step = texts.len() / n;
        assert!(step > 0, "the guidance has {} lines", texts.len());
        texts.into_iter().step_by(step).take(n).collect()
    }

    #[test]
    fn embeddings_are_those_of_candle_on_every_kernel() {
        let reference = Bert::load(&files()).unwrap();
        let texts = texts(500);
        let expected = reference.encode_all(&texts).unwrap();
        for kernel in Kernel::available() {
            let encoder = Int8Bert::load(&files(), Options { kernel, ..Options::default() }).unwrap();
            // The portable kernel takes its time.
            let step = if kernel == Kernel::Portable { 10 } else { 1 };
            let some: Vec<_> = texts.iter().step_by(step).cloned().collect();
            let found = encoder.encode_all(&some).unwrap();
            for ((found, expected), (_, text)) in found.iter().zip(expected.iter().step_by(step)).zip(&some) {
                let cosine = dot(found.sentence(), expected.sentence());
                assert!(cosine >= 0.999, "{kernel}: {cosine} for {text:?}");
                let layers = |embedding: &crate::inference::Embedding| {
                    embedding.layers().chunks(384).map(<[f32]>::to_vec).collect::<Vec<_>>()
                };
                for (found, expected) in layers(found).iter().zip(&layers(expected)) {
                    assert!(dot(found, expected) >= 0.995, "{kernel}: {text:?}");
                }
                assert_eq!(found.layers().len(), 3 * 384);
            }
        }
    }

    #[test]
    fn a_text_alone_gives_what_it_gives_in_a_batch() {
        let encoder = Int8Bert::load(&files(), Options::default()).unwrap();
        let texts = texts(40);
        let together = encoder.encode_all(&texts).unwrap();
        for ((purpose, text), expected) in texts.iter().zip(&together) {
            assert_eq!(&encoder.encode(*purpose, text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_operation_composes_with_candle_tensors() {
        let encoder = Int8Bert::load(&files(), Options::default()).unwrap();
        let ids = encoder.ids(Purpose::Query, "Paljonko on asumistuki?").unwrap();
        let operation = encoder.hidden_states();
        let hidden = operation.embedded(&ids).unwrap().apply_op1_no_bwd(&operation).unwrap();
        let mean = hidden.mean(0).unwrap();
        let length = mean.sqr().unwrap().sum_all().unwrap().sqrt().unwrap();
        let found = mean.broadcast_div(&length).unwrap().to_vec1::<f32>().unwrap();
        let [expected] = &encoder.embed(&[&ids]).unwrap()[..] else { panic!("one text") };
        assert!(dot(&found, expected.sentence()) > 0.999_999);
    }
}
