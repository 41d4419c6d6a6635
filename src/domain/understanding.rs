//! What an utterance was understood to be.

use crate::domain::Language;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the citizen wants of the conversation itself, apart from guidance: the id of an intent under `intents/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Intent(Arc<str>);

impl Intent {
    /// An intent by its id.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Kela's groups of customers by life situation, and crisis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SituationGroup {
    /// *Tasainen arki*.
    Steady,
    /// *Muuttuva arki*: illness, unemployment, a divorce, a move.
    Changing,
    /// *Tuettava arki*: many lasting difficulties at once.
    Supported,
    /// An employer's matter.
    Employer,
    /// Immediate danger.
    Crisis,
}

/// The life situation that a conversation shows, with a calibrated score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Situation {
    /// The group.
    pub group: SituationGroup,
    /// How sure, 0 to 1.
    pub score: f32,
}

/// An utterance understood.
#[derive(Clone, Debug)]
pub struct Understanding {
    /// The language to answer in.
    pub language: Language,
    /// A wish about the conversation itself, when it is sure enough.
    pub intent: Option<(Intent, f32)>,
    /// The probability that it asks for guidance, 0 to 1.
    pub guidance: f32,
    /// The log-probability of each topic, if it is guidance, in the order of the content's topics; empty where nothing was learnt.
    pub prior: Arc<[f32]>,
    /// The life situation, when it was classified.
    pub situation: Option<Situation>,
    /// The sentence embedding: unit length, as many numbers as the model has dimensions.
    pub embedding: Arc<[f32]>,
}

/// What is known before the words are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The language that the channel says: the page's, or the number called.
    pub hint: Option<Language>,
    /// The language of the conversation so far.
    pub spoken: Option<Language>,
}
