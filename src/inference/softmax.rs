//! Multinomial logistic regression over a sentence's vector and its words together.
//!
//! The discriminant assumes that every topic spreads alike; this model only learns what tells topics apart, and reads words and letters beside
//! the vector, as fastText does (Joulin et al. 2017): hashed word stems and n-grams catch what the encoder has never met, such as *toimari*.
//! Plain stochastic gradient descent with a fixed order and a falling rate: the same weights every time.

use crate::inference::linalg::softmax;
use std::io::Write;
use std::path::Path;

/// Buckets that words and n-grams are hashed into.
const BUCKETS_N: usize = 1 << 15;
/// Passes over the examples.
const EPOCHS_N: u32 = 14;
/// The rate of the first pass; it falls to nothing in a straight line.
const RATE: f32 = 0.6;
/// How much weights shrink at each step of their feature.
const DECAY: f32 = 2e-5;
/// How the vector and the words are weighed against each other.
const VECTOR_SCALE: f32 = 1.0;
const WORDS_SCALE: f32 = 1.3;

/// First bytes of a saved model; change the number when training changes.
const MAGIC: &[u8; 8] = b"neuvoS1\n";
/// Bytes before the weights: the first ones, the key, two sizes.
const HEAD_BYTES: usize = 8 + 32 + 8;

/// A trained model.
#[derive(Clone, Debug)]
pub struct Softmax {
    dims: usize,
    classes_n: usize,
    /// One row of `classes_n` weights a feature: vector dimensions, then buckets, then the intercept.
    weights: Vec<f32>,
}

/// A text as the model reads it.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Feature rows with their values.
    features: Vec<(u32, f32)>,
}

impl Sample {
    /// Reads a whitened vector of unit length and the terms of a text.
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

impl Softmax {
    /// Trains on samples with their classes. `dims` is the length of the vectors.
    pub fn train(samples: &[(Sample, usize)], dims: usize, classes_n: usize) -> Self {
        let mut model = Self { dims, classes_n, weights: vec![0.0; (dims + BUCKETS_N + 1) * classes_n] };
        let steps_n = u64::from(EPOCHS_N) * samples.len() as u64;
        let stride = stride(samples.len());
        let mut at = 0;
        let mut shares = vec![0.0; classes_n];
        for step in 0..steps_n {
            // A stride that shares no factor with the count visits every sample once a pass, in mixed order.
            at = (at + stride) % samples.len();
            let Some((sample, class)) = samples.get(at) else { break };
            #[expect(clippy::cast_precision_loss, reason = "a rate needs no more")]
            let rate = RATE * (1.0 - step as f32 / steps_n as f32);
            model.logits_into(sample, &mut shares);
            softmax(&mut shares);
            if let Some(share) = shares.get_mut(*class) {
                *share -= 1.0;
            }
            for (feature, value) in &sample.features {
                let start = *feature as usize * classes_n;
                let row = model.weights.get_mut(start..start + classes_n).unwrap_or_default();
                let move_by = rate * value;
                let keep = 1.0 - rate * DECAY;
                for (weight, miss) in row.iter_mut().zip(&shares) {
                    *weight = *weight * keep - move_by * miss;
                }
            }
        }
        model
    }

    /// The log-probability of each class.
    pub fn log_shares(&self, sample: &Sample) -> Vec<f32> {
        let mut logits = vec![0.0; self.classes_n];
        self.logits_into(sample, &mut logits);
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total = logits.iter().map(|logit| (logit - max).exp()).sum::<f32>().ln() + max;
        logits.iter().map(|logit| logit - total).collect()
    }

    /// Reads a model that was saved under the same key; none where there is no such file, or it is broken or of another key.
    pub fn load(file: &Path, key: &[u8; 32]) -> Option<Self> {
        let bytes = fs_err::read(file).ok()?;
        let (head, weights) = bytes.split_at_checked(HEAD_BYTES)?;
        let (magic, rest) = head.split_at_checked(MAGIC.len())?;
        let (saved_key, sizes) = rest.split_at_checked(key.len())?;
        let (sizes, _) = sizes.as_chunks::<4>();
        let [dims, classes_n] = sizes else { return None };
        let (dims, classes_n) = (u32::from_le_bytes(*dims) as usize, u32::from_le_bytes(*classes_n) as usize);
        let (weights, rest) = weights.as_chunks::<4>();
        let fits = weights.len() == (dims.checked_add(BUCKETS_N + 1)?).checked_mul(classes_n)?;
        if magic != MAGIC || saved_key != key || !fits || !rest.is_empty() {
            return None;
        }
        Some(Self { dims, classes_n, weights: weights.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect() })
    }

    /// Saves the model under a key; a killed process leaves the old file or the new one.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, file: &Path, key: &[u8; 32]) -> std::io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        fs_err::create_dir_all(folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        let mut writer = std::io::BufWriter::with_capacity(1 << 20, temporary.as_file_mut());
        writer.write_all(MAGIC)?;
        writer.write_all(key)?;
        for size in [self.dims, self.classes_n] {
            writer.write_all(&u32::try_from(size).map_err(std::io::Error::other)?.to_le_bytes())?;
        }
        for weight in &self.weights {
            writer.write_all(&weight.to_le_bytes())?;
        }
        writer.flush()?;
        drop(writer);
        temporary.persist(file).map_err(|error| error.error)?;
        Ok(())
    }

    fn logits_into(&self, sample: &Sample, logits: &mut [f32]) {
        logits.fill(0.0);
        for (feature, value) in &sample.features {
            let start = *feature as usize * self.classes_n;
            let row = self.weights.get(start..start + self.classes_n).unwrap_or_default();
            for (logit, weight) in logits.iter_mut().zip(row) {
                *logit += value * weight;
            }
        }
    }
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
