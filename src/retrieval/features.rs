//! What is known of each topic for one question: the columns that fusion weighs.

/// How many features a topic has.
pub const FEATURES_N: usize = 19;

/// The names of the features, as the explain view and the calibration file show them.
pub const NAMES: [&str; FEATURES_N] = [
    "discriminant",
    "nearest-question",
    "near-questions",
    "nearest-passage",
    "title",
    "title.words",
    "title.stems",
    "title.parts",
    "title.grams",
    "questions.words",
    "questions.stems",
    "questions.parts",
    "questions.grams",
    "body.words",
    "body.stems",
    "body.parts",
    "body.grams",
    "prior",
    "variates",
];

/// The first features come from vectors, those behind them from the index.
pub const DENSE_N: usize = 5;
/// Behind those is what understanding learnt from vectors and words together.
pub const PRIOR: usize = FEATURES_N - 2;
/// And the last is what understanding learnt from all layers of the encoder.
pub const VARIATES: usize = FEATURES_N - 1;
/// Where log-probabilities are cut off.
const LOG_SHARE_MIN: f32 = -20.0;

/// The features of all topics for one question, and what the question has in common with all of them.
#[derive(Clone, Debug)]
pub struct Features {
    rows: Vec<f32>,
    /// The highest whitened cosine to any example question of the language.
    pub nearest: f32,
    /// The share of the question's stems, by rarity, that the index knows at all: 0 to 1.
    pub known_share: f32,
    /// How many words the question has.
    pub words_n: usize,
}

impl Features {
    /// Room for some topics, all zero.
    pub fn new(topics_n: usize) -> Self {
        Self { rows: vec![0.0; topics_n * FEATURES_N], nearest: 0.0, known_share: 0.0, words_n: 0 }
    }

    /// All rows, one topic after the other.
    pub fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// Writes the log-probabilities that understanding gives to the topics; none leaves the features at zero.
    pub fn understood(&mut self, prior: &[f32], variates: &[f32]) {
        for (feature, log_shares) in [(PRIOR, prior), (VARIATES, variates)] {
            for (topic, share) in log_shares.iter().enumerate() {
                if let Some(value) = self.at(topic, feature) {
                    // A quarter, so that it is of the size of the other features; cut off, so that it cannot drown them.
                    *value = share.max(LOG_SHARE_MIN) / 4.0;
                }
            }
        }
    }

    /// One topic's row.
    pub fn row(&self, topic: usize) -> &[f32] {
        self.rows.get(topic * FEATURES_N..(topic + 1) * FEATURES_N).unwrap_or(&[])
    }

    /// One feature of one topic, to be written.
    pub fn at(&mut self, topic: usize, feature: usize) -> Option<&mut f32> {
        self.rows.get_mut(topic * FEATURES_N + feature)
    }
}
