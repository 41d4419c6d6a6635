//! The weights and thresholds of the conversation: fitted on held-out messages and dialogues, stored with how they were obtained.

use crate::conversation::course::{EVIDENCE, EVIDENCE_N, Weights};
use crate::conversation::thread::{BONDS, BONDS_N, Bonds, Leaning, SURE, SURE_N};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file of the content that holds all this.
pub const PATH: &str = "intents/calibration.toml";

/// Weights and thresholds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// When a person is called in.
    pub situation: Weights,
    /// What chooses a topic where a message may go on with the one so far.
    pub bonds: Bonds,
    /// How a message reads that does.
    pub leaning: Leaning,
    /// How all this was obtained.
    pub obtained: String,
}

/// A fault of the calibration file.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// It is no TOML of this form.
    #[error("`{PATH}`: {0}: run `neuvo kb fit-conversation` to make it anew")]
    Form(#[from] toml::de::Error),
    /// It does not fit this version of the program.
    #[error("`{PATH}` lacks `{0}`: run `neuvo kb fit-conversation` to make it anew")]
    Lacks(&'static str),
}

#[derive(Serialize, Deserialize)]
struct File {
    obtained: String,
    supported_from: f32,
    crisis_from: f32,
    supported: BTreeMap<String, f32>,
    crisis: BTreeMap<String, f32>,
    thread: BTreeMap<String, f32>,
    sure: BTreeMap<String, f32>,
    leaning: Leaning,
}

const INTERCEPT: &str = "intercept";

impl Calibration {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Where it is no calibration of this version of the program.
    pub fn parse(text: &str) -> Result<Self, CalibrationError> {
        let file: File = toml::from_str(text)?;
        let situation = Weights {
            supported: row::<EVIDENCE_N, { EVIDENCE_N + 1 }>(&file.supported, &EVIDENCE)?,
            crisis: row::<EVIDENCE_N, { EVIDENCE_N + 1 }>(&file.crisis, &EVIDENCE)?,
            supported_from: file.supported_from,
            crisis_from: file.crisis_from,
        };
        let mut topic = [0.0; BONDS_N];
        for (weight, name) in topic.iter_mut().zip(BONDS) {
            *weight = *file.thread.get(name).ok_or(CalibrationError::Lacks(name))?;
        }
        let bonds = Bonds { topic, sure: row::<SURE_N, { SURE_N + 1 }>(&file.sure, &SURE)? };
        Ok(Self { situation, bonds, leaning: file.leaning, obtained: file.obtained })
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never in practice: numbers and texts are always TOML.
    pub fn write(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(&File {
            obtained: self.obtained.clone(),
            supported_from: rounded(self.situation.supported_from),
            crisis_from: rounded(self.situation.crisis_from),
            supported: named(&self.situation.supported, &EVIDENCE),
            crisis: named(&self.situation.crisis, &EVIDENCE),
            thread: named(&self.bonds.topic, &BONDS),
            sure: named(&self.bonds.sure, &SURE),
            leaning: self.leaning,
        })
    }
}

/// `N` weights by name and the intercept: `M` is `N + 1`.
fn row<const N: usize, const M: usize>(
    written: &BTreeMap<String, f32>,
    names: &[&'static str; N],
) -> Result<[f32; M], CalibrationError> {
    let mut row = [0.0; M];
    for (weight, name) in row.iter_mut().zip(names.iter().copied().chain([INTERCEPT])) {
        *weight = *written.get(name).ok_or(CalibrationError::Lacks(name))?;
    }
    Ok(row)
}

fn named(weights: &[f32], names: &[&str]) -> BTreeMap<String, f32> {
    let names = names.iter().copied().chain([INTERCEPT]);
    names.zip(weights).map(|(name, weight)| (name.to_owned(), rounded(*weight))).collect()
}

fn rounded(x: f32) -> f32 {
    (x * 10_000.0).round() / 10_000.0
}
