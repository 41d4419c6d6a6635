//! Multinomial logistic regression over a sentence's vector and its words together.
//!
//! The discriminant assumes that every topic spreads alike; this model only learns what tells topics apart, and reads words and letters beside
//! the vector, as fastText does (Joulin et al. 2017): hashed word stems and n-grams catch what the encoder has never met, such as *toimari*.
//! Stochastic gradient descent in small batches, with a fixed order and a falling rate: the same weights every time.

use crate::inference::Kept;
use crate::inference::int8::dense::{exact_mixtures, mixture, shift_rows};
use crate::inference::linalg::softmax;
use rayon::prelude::*;

/// Buckets that words and n-grams are hashed into.
const BUCKETS_N: usize = 1 << 15;
/// Passes over the examples: as many as there is time for, but enough.
const EPOCHS_MAX: usize = 14;
const EPOCHS_MIN: usize = 3;
/// Steps there is time for.
const STEPS_MAX: usize = 1_000_000;
/// Samples that are seen from the same weights; and those of them that one thread takes at once.
const BATCH_N: usize = 32;
const GROUP_N: usize = 8;
/// Rows of weights that one thread takes at once: of a vector's numbers, which every sample has, and of words.
const DENSE_ROWS_N: usize = 64;
const SPARSE_ROWS_N: usize = 4_096;
/// The rate of the first pass; it falls to nothing in a straight line.
const RATE: f32 = 0.6;
/// How much weights shrink at each step of their feature.
const DECAY: f32 = 2e-5;
/// How the vector and the words are weighed against each other.
const VECTOR_SCALE: f32 = 1.0;
const WORDS_SCALE: f32 = 1.3;

/// A trained model, rounded to 8 bits.
#[derive(Clone, Debug)]
pub struct Softmax {
    classes_n: usize,
    /// One row of weights a feature, padded to [`width`]: vector dimensions, then buckets, then the intercept.
    weights: Vec<i8>,
    /// What a step of each row is worth.
    scales: Vec<f32>,
}

/// A text as the model reads it.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Feature rows with their values.
    features: Vec<(u32, f32)>,
}

impl Sample {
    /// Reads a vector of about unit length and the terms of a text.
    pub fn new<'a>(vector: &[f32], terms: impl Iterator<Item = &'a str>) -> Self {
        let mut buckets: Vec<u32> = terms.map(bucket).collect();
        buckets.sort_unstable();
        buckets.dedup();
        #[expect(clippy::cast_precision_loss, reason = "term counts are small")]
        let weight = WORDS_SCALE / (buckets.len().max(1) as f32).sqrt();
        let dims = u32::try_from(vector.len()).unwrap_or_default();
        let dense = (0u32..).zip(vector.iter().map(|x| x * VECTOR_SCALE));
        let sparse = buckets.into_iter().map(|bucket| (dims + bucket, weight));
        let intercept = dims + u32::try_from(BUCKETS_N).unwrap_or_default();
        Self { features: dense.chain(sparse).chain([(intercept, 0.3)]).collect() }
    }
}

impl Sample {
    /// The sample without some of its vector's numbers.
    #[must_use]
    pub fn without(&self, dims: std::ops::Range<usize>) -> Self {
        let features = self.features.iter().filter(|(at, _)| !dims.contains(&(*at as usize)));
        Self { features: features.copied().collect() }
    }
}

impl Softmax {
    /// Trains on samples with their classes. `dims` is the length of the vectors. The same on every machine, with any number of threads.
    pub fn train(samples: &[(Sample, usize)], dims: usize, classes_n: usize) -> Self {
        let mut lesson = Lesson::new(dims, classes_n);
        let epochs_n = (STEPS_MAX / samples.len().max(1)).clamp(EPOCHS_MIN, EPOCHS_MAX);
        let steps_n = epochs_n * samples.len();
        let stride = stride(samples.len());
        let mut at = 0;
        let mut batch = Vec::with_capacity(BATCH_N);
        for step in 0..steps_n {
            // A stride that shares no factor with the count visits every sample once a pass, in mixed order.
            at = (at + stride) % samples.len();
            let Some((sample, class)) = samples.get(at) else { break };
            #[expect(clippy::cast_precision_loss, reason = "a rate needs no more")]
            let rate = RATE * (1.0 - step as f32 / steps_n as f32);
            batch.push(Step { features: &sample.features, class: *class, rate });
            if batch.len() == BATCH_N || step + 1 == steps_n {
                lesson.take(&batch);
                batch.clear();
            }
        }
        lesson.rounded()
    }

    /// The log-probability of each class.
    pub fn log_shares(&self, sample: &Sample) -> Vec<f32> {
        let scale = |feature: u32| self.scales.get(feature as usize).copied().unwrap_or_default();
        let parts: Vec<(u32, f32)> = sample.features.iter().map(|(at, value)| (*at, value * scale(*at))).collect();
        let mut logits = vec![0.0; width(self.classes_n)];
        mixture(&self.weights, &parts, &mut logits);
        logits.truncate(self.classes_n);
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total = logits.iter().map(|logit| (logit - max).exp()).sum::<f32>().ln() + max;
        logits.iter().map(|logit| logit - total).collect()
    }

    /// Adds the model to a file.
    pub fn keep(&self, kept: &mut Kept) {
        kept.put_bytes("softmax.weights", self.weights.iter().map(|weight| weight.cast_unsigned()));
        kept.put_f32("softmax.scales", &self.scales);
    }

    /// Reads a model that was kept; none where it is not of this size.
    pub fn kept(kept: &Kept, dims: usize, classes_n: usize) -> Option<Self> {
        let rows_n = dims + BUCKETS_N + 1;
        let weights = kept.bytes("softmax.weights")?;
        let scales = kept.f32("softmax.scales").filter(|scales| scales.len() == rows_n)?;
        (weights.len() == rows_n * width(classes_n)).then(|| {
            let weights = weights.iter().map(|byte| byte.cast_signed()).collect();
            Self { classes_n, weights, scales }
        })
    }
}

/// What a model is while it learns: one row of weights a feature.
struct Lesson {
    dims: usize,
    classes_n: usize,
    /// Rows of [`width`] weights.
    weights: Vec<f32>,
    /// How far off each sample of a batch is for each class.
    errors: Vec<f32>,
}

/// What is learnt from one sample.
struct Step<'a> {
    features: &'a [(u32, f32)],
    class: usize,
    rate: f32,
}

impl Lesson {
    fn new(dims: usize, classes_n: usize) -> Self {
        let width = width(classes_n);
        let weights = vec![0.0; (dims + BUCKETS_N + 1) * width];
        Self { dims, classes_n, weights, errors: vec![0.0; BATCH_N * width] }
    }

    /// One step of descent for each sample of a batch, all seen from where the weights are before it. Samples are shared out among threads to
    /// see how far off they are, then rows of weights, so that no number depends on how many threads there are.
    fn take(&mut self, batch: &[Step<'_>]) {
        let (width, classes_n) = (width(self.classes_n), self.classes_n);
        let weights = &self.weights;
        self.errors.par_chunks_mut(GROUP_N * width).zip(batch.par_chunks(GROUP_N)).for_each(|(errors, steps)| {
            let features: Vec<&[(u32, f32)]> = steps.iter().map(|step| step.features).collect();
            exact_mixtures(weights, width, &features, errors);
            for (step, errors) in steps.iter().zip(errors.chunks_exact_mut(width)) {
                // Columns that only fill a row up belong to no class.
                let (classes, fill) = errors.split_at_mut(classes_n);
                softmax(classes);
                fill.fill(0.0);
                if let Some(share) = classes.get_mut(step.class) {
                    *share -= 1.0;
                }
            }
        });
        let errors = &self.errors;
        let shift = |(first, rows): (usize, &mut [f32])| {
            let last = first + rows.len() / width;
            for (step, errors) in batch.iter().zip(errors.chunks_exact(width)) {
                let place = |row: usize| step.features.partition_point(|(feature, _)| (*feature as usize) < row);
                let of_rows = step.features.get(place(first)..place(last)).unwrap_or_default();
                let base = u32::try_from(first).unwrap_or(u32::MAX);
                let parts = of_rows.iter().map(|(feature, value)| (feature - base, -(step.rate * value)));
                shift_rows(rows, parts, 1.0 - step.rate * DECAY, errors);
            }
        };
        let (dense, sparse) = self.weights.split_at_mut(self.dims * width);
        let dims = self.dims;
        let blocks = |rows_n: usize| move |(n, rows)| (n * rows_n, rows);
        rayon::join(
            || dense.par_chunks_mut(DENSE_ROWS_N * width).enumerate().map(blocks(DENSE_ROWS_N)).for_each(shift),
            || {
                let sparse = sparse.par_chunks_mut(SPARSE_ROWS_N * width).enumerate().map(blocks(SPARSE_ROWS_N));
                sparse.for_each(|(first, rows)| shift((dims + first, rows)));
            },
        );
    }

    /// Rounds each row to 8 bits with a scale of its own.
    #[expect(clippy::cast_possible_truncation, reason = "within 127 by the division")]
    fn rounded(&self) -> Softmax {
        let (mut weights, mut scales) = (Vec::with_capacity(self.weights.len()), Vec::new());
        for row in self.weights.chunks_exact(width(self.classes_n)) {
            let max = row.iter().fold(f32::MIN_POSITIVE, |max, x| max.max(x.abs()));
            weights.extend(row.iter().map(|x| (x / max * 127.0).round() as i8));
            scales.push(max / 127.0);
        }
        Softmax { classes_n: self.classes_n, weights, scales }
    }
}

/// How long a row is kept: whole vectors of the processor.
fn width(classes_n: usize) -> usize {
    classes_n.next_multiple_of(16)
}

/// FNV-1a, folded.
fn bucket(term: &str) -> u32 {
    let hash = term
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    u32::try_from((hash ^ (hash >> 29)) % BUCKETS_N as u64).unwrap_or_default()
}

/// About 0.618 of the count, without a common factor.
fn stride(count: usize) -> usize {
    fn common(a: usize, b: usize) -> usize {
        if b == 0 { a } else { common(b, a % b) }
    }
    let mut stride = (count * 618 / 1000).max(1);
    while 1 < common(count, stride) {
        stride += 1;
    }
    stride
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_from_words_and_from_vectors() {
        let sample = |x: f32, word: &str| Sample::new(&[x, 1.0 - x], std::iter::once(word));
        let samples: Vec<(Sample, usize)> = (0..60)
            .map(|n| match n % 3 {
                0 => (sample(1.0, "talo"), 0),
                1 => (sample(0.0, "talo"), 1),
                _ => (sample(0.5, "lapsi"), 2),
            })
            .collect();
        let model = Softmax::train(&samples, 2, 3);
        let best = |sample: &Sample| {
            let shares = model.log_shares(sample);
            (0..3).max_by(|a, b| shares[*a].total_cmp(&shares[*b])).unwrap()
        };
        assert_eq!([best(&sample(0.9, "talo")), best(&sample(0.1, "talo")), best(&sample(0.5, "lapsi"))], [0, 1, 2]);
    }
}
