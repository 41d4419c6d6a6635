//! Why a person takes a conversation over.

use crate::domain::Situation;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The occasion of a hand-off, the most urgent first: queues serve in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// Immediate danger.
    Crisis,
    /// A supported life situation: many lasting difficulties at once.
    Supported,
    /// The citizen asked for a person.
    Asked,
    /// The bot did not understand time after time.
    Misses,
}

impl Occasion {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Crisis, Self::Supported, Self::Asked, Self::Misses];

    /// Its name in contracts and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crisis => "crisis",
            Self::Supported => "supported",
            Self::Asked => "asked",
            Self::Misses => "misses",
        }
    }
}

/// A readable sign of a life situation, such as `debts` or `no-food`: the id of a table in `intents/situations/signals.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signal(Arc<str>);

impl Signal {
    /// A signal by its id.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A hand-off that is asked for, with what led to it. Names no words of the citizen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandOff {
    /// The occasion.
    pub occasion: Occasion,
    /// The life situation as it was understood, where it was.
    pub situation: Option<Situation>,
    /// The signals that were seen in the conversation, at most one of a kind.
    pub signals: Vec<Signal>,
}
