//! Silero's network: how likely it is that 32 ms of sound are speech, going on from one window to the next.
//!
//! whisper.cpp can run it too, but forgets its state between calls; a call on the line needs it to go on. It is small: a short-time
//! spectrum, four convolutions and one recurrent cell.

use super::SpeechError;
use half::f16;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Samples of a window at [`RATE_HZ`].
pub(crate) const WINDOW_LEN: usize = 512;
/// Samples a second that the network was trained on.
pub(crate) const RATE_HZ: u32 = 16_000;

const CONTEXT_LEN: usize = 64;
const PADDED_LEN: usize = CONTEXT_LEN + WINDOW_LEN + CONTEXT_LEN;
const FFT_LEN: usize = 256;
const HOP_LEN: usize = 128;
const BINS_N: usize = 129;
const CELLS_N: usize = 128;
const KERNEL: usize = 3;
/// Input channels, output channels and stride of each convolution.
const CONVOLUTIONS: [(usize, usize, usize); 4] =
    [(BINS_N, CELLS_N, 1), (CELLS_N, 64, 2), (64, 64, 2), (64, CELLS_N, 1)];
const MAGIC: u32 = 0x6767_6d6c;
const FILE_BYTES_MAX: u64 = 16 << 20;

/// The weights, shared by all calls.
pub struct Silero {
    basis: Vec<f32>,
    convolutions: Vec<Convolution>,
    input: Matrix,
    hidden: Matrix,
    last: Matrix,
}

/// What one call has to remember from window to window.
pub(crate) struct SileroState {
    weights: Arc<Silero>,
    context: [f32; CONTEXT_LEN],
    hidden: Vec<f32>,
    cell: Vec<f32>,
}

struct Convolution {
    weights: Matrix,
    stride: usize,
}

/// Rows of weights, each with a bias.
struct Matrix {
    weights: Vec<f32>,
    bias: Vec<f32>,
    columns: usize,
}

impl Silero {
    /// Reads a ggml file as whisper.cpp has it, `ggml-silero-v6.2.0.bin`.
    ///
    /// # Errors
    /// Where the file is missing or is another.
    pub fn open(path: &Path) -> Result<Arc<Self>, SpeechError> {
        let failed = |why: &str| SpeechError::Failed {
            what: "voice activity",
            message: format!("`{}` {why}: run `neuvo models pull`, or set `speech.activity`", path.display()),
        };
        let size = fs_err::metadata(path).map_err(|_| failed("cannot be read"))?.len();
        if size > FILE_BYTES_MAX {
            return Err(failed("is too large for Silero's weights"));
        }
        let bytes = fs_err::read(path).map_err(|_| failed("cannot be read"))?;
        Self::parse(&bytes).map(Arc::new).ok_or_else(|| failed("does not hold Silero's weights"))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut tensors = tensors(bytes)?;
        let mut matrix = |weight: &str, bias: &str, rows: usize, columns: usize| {
            let weights = tensors.remove(format!("_model.{weight}").as_str())?;
            let bias = tensors.remove(format!("_model.{bias}").as_str())?;
            (weights.len() == rows * columns && bias.len() == rows).then_some(Matrix { weights, bias, columns })
        };
        let mut convolutions = Vec::new();
        for (i, (from, to, stride)) in CONVOLUTIONS.into_iter().enumerate() {
            let name = format!("encoder.{i}.reparam_conv");
            let weights = matrix(&format!("{name}.weight"), &format!("{name}.bias"), to, from * KERNEL)?;
            convolutions.push(Convolution { weights, stride });
        }
        let input = matrix("decoder.rnn.weight_ih", "decoder.rnn.bias_ih", 4 * CELLS_N, CELLS_N)?;
        let hidden = matrix("decoder.rnn.weight_hh", "decoder.rnn.bias_hh", 4 * CELLS_N, CELLS_N)?;
        let last = matrix("decoder.decoder.2.weight", "decoder.decoder.2.bias", 1, CELLS_N)?;
        let basis = tensors.remove("_model.stft.forward_basis_buffer")?;
        (basis.len() == 2 * BINS_N * FFT_LEN).then_some(Self { basis, convolutions, input, hidden, last })
    }
}

impl SileroState {
    pub(crate) fn new(weights: Arc<Silero>) -> Self {
        let zeros = || vec![0.0; CELLS_N];
        Self { weights, context: [0.0; CONTEXT_LEN], hidden: zeros(), cell: zeros() }
    }

    /// The probability that the next window, samples between -1 and 1, is speech.
    pub(crate) fn window(&mut self, samples: &[f32; WINDOW_LEN]) -> f32 {
        let weights = Arc::clone(&self.weights);
        let mut columns = spectrum(&weights.basis, &self.padded(samples));
        for convolution in &weights.convolutions {
            columns = convolution.run(&columns);
        }
        let Some(features) = columns.into_iter().next() else { return 0.0 };
        let gates: Vec<f32> = weights.input.rows(&features).zip(weights.hidden.rows(&self.hidden)).map(sum).collect();
        let (input, rest) = gates.split_at(CELLS_N);
        let (forget, rest) = rest.split_at(CELLS_N);
        let (candidate, output) = rest.split_at(CELLS_N);
        let new = input.iter().zip(forget).zip(candidate);
        for (cell, ((input, forget), candidate)) in self.cell.iter_mut().zip(new) {
            *cell = sigmoid(*forget) * *cell + sigmoid(*input) * candidate.tanh();
        }
        for ((hidden, cell), output) in self.hidden.iter_mut().zip(&self.cell).zip(output) {
            *hidden = sigmoid(*output) * cell.tanh();
        }
        let rectified: Vec<f32> = self.hidden.iter().map(|value| value.max(0.0)).collect();
        weights.last.rows(&rectified).next().map_or(0.0, sigmoid)
    }

    /// The end of the window before, the window, and its end mirrored.
    fn padded(&mut self, samples: &[f32; WINDOW_LEN]) -> Vec<f32> {
        let mut padded = Vec::with_capacity(PADDED_LEN);
        padded.extend(self.context);
        padded.extend(samples);
        padded.extend(samples.iter().rev().skip(1).take(CONTEXT_LEN));
        if let Some(end) = samples.last_chunk::<CONTEXT_LEN>() {
            self.context = *end;
        }
        padded
    }
}

impl Convolution {
    /// One output column for each `stride` input columns, with zeros beyond the ends.
    fn run(&self, columns: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let column = |middle: usize| {
            let at = |i: usize| (middle + i).checked_sub(1).and_then(|at| columns.get(at));
            // The weights lie with the kernel innermost: channel after channel, three taps each.
            let mut taps = vec![0.0; self.weights.columns];
            for i in 0..KERNEL {
                let Some(values) = at(i) else { continue };
                for (tap, value) in taps.iter_mut().skip(i).step_by(KERNEL).zip(values) {
                    *tap = *value;
                }
            }
            self.weights.rows(&taps).map(|value| value.max(0.0)).collect()
        };
        (0..columns.len()).step_by(self.stride).map(column).collect()
    }
}

impl Matrix {
    fn rows<'a>(&'a self, values: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.weights.chunks_exact(self.columns).zip(&self.bias).map(|(row, bias)| dot(row, values) + bias)
    }
}

/// Magnitudes of the bins, for each hop.
fn spectrum(basis: &[f32], padded: &[f32]) -> Vec<Vec<f32>> {
    let (real, imaginary) = basis.split_at(BINS_N * FFT_LEN);
    let magnitudes = |frame: &[f32]| {
        let rows = real.chunks_exact(FFT_LEN).zip(imaginary.chunks_exact(FFT_LEN));
        rows.map(|(real, imaginary)| dot(real, frame).hypot(dot(imaginary, frame))).collect()
    };
    padded.windows(FFT_LEN).step_by(HOP_LEN).map(magnitudes).collect()
}

/// Eight sums side by side, which the compiler keeps in one register.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

fn sum((a, b): (f32, f32)) -> f32 {
    a + b
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The tensors of the file by name; `None` where it is another file, or damaged.
fn tensors(bytes: &[u8]) -> Option<HashMap<&str, Vec<f32>>> {
    let mut cursor = Cursor(bytes);
    if cursor.u32()? != MAGIC {
        return None;
    }
    let kind_len = cursor.u32()?;
    cursor.take(kind_len as usize)?;
    // Version, window and context.
    cursor.take(5 * 4)?;
    let layers_n = cursor.u32()?;
    cursor.take((layers_n as usize).checked_mul(3 * 4)?)?;
    cursor.take(4 * 4)?;
    let mut tensors = HashMap::new();
    while !cursor.0.is_empty() {
        let (dims_n, name_len, kind) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let mut elements_n = 1_usize;
        for _ in 0..dims_n.min(8) {
            elements_n = elements_n.checked_mul(cursor.u32()? as usize)?;
        }
        let name = std::str::from_utf8(cursor.take(name_len as usize)?).ok()?;
        let values = match kind {
            0 => {
                cursor.take(elements_n.checked_mul(4)?)?.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
            }
            1 => {
                let halves = cursor.take(elements_n.checked_mul(2)?)?;
                halves.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect()
            }
            _ => return None,
        };
        tensors.insert(name, values);
    }
    Some(tensors)
}

/// What is left of the file.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }
}
