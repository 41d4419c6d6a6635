//! The weights of the fusion, the calibration of its confidence and the thresholds: fitted on data, stored with how they were obtained.

use crate::domain::Lookup;
use crate::inference::linalg::softmax;
use crate::inference::logit::{Choice, fit_choices, predict_binary, product};
use crate::retrieval::Ranking;
use crate::retrieval::confidence::{self, SIGNALS, signals};
use crate::retrieval::features::{DENSE_N, FEATURES_N, Features, NAMES, PRIOR, VARIATES};
use crate::retrieval::parts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file of the content that holds all this.
pub const PATH: &str = "knowledge/calibration.toml";

/// Which features rank topics. The halves are there to be compared with the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// BM25 alone.
    Lexical,
    /// Vectors alone.
    Dense,
    /// Both, and what is learnt from them together.
    Fused,
}

impl Mode {
    /// All modes, halves first.
    pub const ALL: [Self; 3] = [Self::Lexical, Self::Dense, Self::Fused];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lexical => "lexical",
            Self::Dense => "dense",
            Self::Fused => "fused",
        }
    }

    const fn uses(self, feature: usize) -> bool {
        match self {
            Self::Lexical => DENSE_N <= feature && feature < PRIOR,
            Self::Dense => feature < DENSE_N || feature == VARIATES,
            Self::Fused => true,
        }
    }
}

/// Weights and thresholds.
#[derive(Clone, Debug)]
pub struct Calibration {
    weights: [[f32; FEATURES_N]; 3],
    confidence: Vec<f32>,
    /// What a part of an article is chosen by.
    pub parts: parts::Weights,
    /// From this confidence on a question is answered.
    pub answer_from: f32,
    /// From this confidence on the citizen is asked which topic was meant.
    pub clarify_from: f32,
    /// How all this was obtained.
    pub obtained: String,
}

/// One question of the tuning set, ranked.
pub struct Tuned {
    /// The features of all topics.
    pub ranking: Ranking,
    /// The lookup that was ranked.
    pub lookup: Lookup,
    /// The places of the right topics; empty for what guidance cannot answer.
    pub right: Vec<usize>,
    /// The set it is of, from 0: the bound on wrong answers holds in each, so that many easy questions excuse none of the others.
    pub set: usize,
}

/// A fault of the calibration file.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// It is no TOML of this form.
    #[error("`{PATH}`: {0}: run `neuvo kb fit` to make it anew")]
    Form(#[from] toml::de::Error),
    /// It does not fit this version of the program.
    #[error("`{PATH}` lacks `{0}`: run `neuvo kb fit` to make it anew")]
    Lacks(&'static str),
}

#[derive(Serialize, Deserialize)]
struct File {
    obtained: String,
    answer_from: f32,
    clarify_from: f32,
    confidence: BTreeMap<String, f32>,
    parts: parts::Written,
    weights: BTreeMap<String, BTreeMap<String, f32>>,
}

impl Calibration {
    /// Even weights and thresholds that refuse most: what holds before anything was fitted.
    pub fn unfitted() -> Self {
        let weights = Mode::ALL.map(|mode| {
            let mut row = [0.0; FEATURES_N];
            for (feature, weight) in row.iter_mut().enumerate() {
                *weight = if mode.uses(feature) { 4.0 } else { 0.0 };
            }
            row
        });
        let mut confidence = vec![0.0; SIGNALS.len() + 1];
        if let Some(weight) = confidence.first_mut() {
            *weight = 1.0;
        }
        Self {
            weights,
            confidence,
            parts: parts::Weights::UNFITTED,
            answer_from: 0.9,
            clarify_from: 0.5,
            obtained: "not fitted".to_owned(),
        }
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// Where it is no calibration of this version of the program.
    pub fn parse(text: &str) -> Result<Self, CalibrationError> {
        let file: File = toml::from_str(text)?;
        let mut weights = [[0.0; FEATURES_N]; 3];
        for (mode, row) in Mode::ALL.into_iter().zip(&mut weights) {
            let written = file.weights.get(mode.name()).ok_or(CalibrationError::Lacks(mode.name()))?;
            for ((feature, name), weight) in NAMES.into_iter().enumerate().zip(row) {
                if mode.uses(feature) {
                    *weight = *written.get(name).ok_or(CalibrationError::Lacks(name))?;
                }
            }
        }
        let signals = SIGNALS.into_iter().chain(["intercept"]);
        let confidence = signals
            .map(|name| file.confidence.get(name).copied().ok_or(CalibrationError::Lacks(name)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            weights,
            confidence,
            parts: parts::Weights::read(&file.parts).map_err(CalibrationError::Lacks)?,
            answer_from: file.answer_from,
            clarify_from: file.clarify_from,
            obtained: file.obtained,
        })
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never in practice: numbers and texts are always TOML.
    pub fn write(&self) -> Result<String, toml::ser::Error> {
        let named = |mode: Mode, row: &[f32; FEATURES_N]| {
            let used = NAMES.into_iter().zip(row).enumerate().filter(|(feature, _)| mode.uses(*feature));
            used.map(|(_, (name, weight))| (name.to_owned(), rounded(*weight))).collect()
        };
        let file = File {
            obtained: self.obtained.clone(),
            answer_from: rounded(self.answer_from),
            clarify_from: rounded(self.clarify_from),
            confidence: SIGNALS
                .into_iter()
                .chain(["intercept"])
                .zip(&self.confidence)
                .map(|(name, weight)| (name.to_owned(), rounded(*weight)))
                .collect(),
            parts: self.parts.written(rounded),
            weights: Mode::ALL
                .into_iter()
                .zip(&self.weights)
                .map(|(mode, row)| (mode.name().to_owned(), named(mode, row)))
                .collect(),
        };
        toml::to_string_pretty(&file)
    }

    /// Fits what a part of an article is chosen by.
    pub fn fit_parts(&mut self, tuned: &[parts::Tuned]) {
        self.parts = parts::Weights::fit(&tuned.iter().collect::<Vec<_>>());
    }

    /// The weights of a mode, one a feature.
    pub fn weights(&self, mode: Mode) -> &[f32] {
        let [lexical, dense, fused] = &self.weights;
        match mode {
            Mode::Lexical => lexical,
            Mode::Dense => dense,
            Mode::Fused => fused,
        }
    }

    /// Orders topics by their features with the weights of a mode.
    pub fn rank(&self, features: Features, mode: Mode) -> Ranking {
        let weights = self.weights(mode);
        let mut shares: Vec<f32> = features.rows().chunks_exact(FEATURES_N).map(|row| product(weights, row)).collect();
        softmax(&mut shares);
        let mut order: Vec<usize> = (0..shares.len()).collect();
        let share = |at: &usize| shares.get(*at).copied().unwrap_or_default();
        order.sort_by(|a, b| share(b).total_cmp(&share(a)).then(a.cmp(b)));
        Ranking { features, shares, order }
    }

    /// The probability that the best topic of a ranking is right.
    pub fn confidence(&self, ranking: &Ranking, lookup: &Lookup) -> f32 {
        predict_binary(&self.confidence, &signals(ranking, lookup))
    }

    /// Fits the weights of all modes. The rankings' features count, not their order.
    pub fn fit_weights(&mut self, tuned: &[Tuned]) {
        let on_topic: Vec<&Tuned> = tuned.iter().filter(|tuned| !tuned.right.is_empty()).collect();
        for (mode, row) in Mode::ALL.into_iter().zip(&mut self.weights) {
            let choices: Vec<Choice> = on_topic
                .iter()
                .map(|tuned| {
                    let rows = tuned.ranking.features.rows().iter().enumerate();
                    let features = rows.map(|(at, x)| if mode.uses(at % FEATURES_N) { *x } else { 0.0 }).collect();
                    Choice { features, right: tuned.right.clone(), weight: 1.0 }
                })
                .collect();
            let weights = fit_choices(&choices, FEATURES_N, 1e-4);
            for (to, from) in row.iter_mut().zip(weights) {
                *to = from;
            }
        }
    }

    /// Fits the confidence, then the thresholds: the lowest from which at most `wrong_max` of the questions of each set are answered
    /// wrong, each judged by what was learnt from the others.
    pub fn fit_confidence(&mut self, tuned: &[Tuned], wrong_max: f32) {
        let is_right = |tuned: &Tuned| tuned.ranking.order.first().is_some_and(|best| tuned.right.contains(best));
        let rows: Vec<(Vec<f32>, bool)> =
            tuned.iter().map(|t| (signals(&t.ranking, &t.lookup).to_vec(), is_right(t))).collect();
        let (weights, unseen) = confidence::fit(&rows);
        self.confidence = weights;
        let sets_n = tuned.iter().map(|tuned| tuned.set + 1).max().unwrap_or_default();
        let mut wrong_left = vec![0.0; sets_n];
        for tuned in tuned {
            if let Some(left) = wrong_left.get_mut(tuned.set) {
                *left += wrong_max;
            }
        }
        let mut graded: Vec<(f32, &Tuned)> = unseen.into_iter().zip(tuned).collect();
        graded.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (confidence, tuned) in graded {
            if let Some(left) = wrong_left.get_mut(tuned.set).filter(|_| !is_right(tuned)) {
                *left -= 1.0;
                if *left < 0.0 {
                    break;
                }
            }
            self.answer_from = confidence;
        }
        // Asking back costs the citizen a tap, a refusal the whole question: ask where one in seven would be right.
        self.clarify_from = (self.answer_from / 2.0).min(0.15);
    }
}

fn rounded(x: f32) -> f32 {
    (x * 10_000.0).round() / 10_000.0
}
