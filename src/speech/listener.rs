//! One call's ear: voice activity and turn taking together.

use super::activity::Activity;
use super::silero::Silero;
use super::turn::TurnTaking;
use super::{Hearing, Listen, SpeechError};
use std::sync::Arc;

/// Hears one caller, who may take many turns.
pub struct Listener {
    activity: Activity,
    turn: TurnTaking,
}

impl Listener {
    /// For a call that begins.
    ///
    /// # Errors
    /// Never in practice: see [`Activity::new`].
    pub fn new(weights: Arc<Silero>) -> Result<Self, SpeechError> {
        Ok(Self { activity: Activity::new(weights)?, turn: TurnTaking::new() })
    }
}

impl Listen for Listener {
    fn push(&mut self, frame: &[i16]) -> Option<Hearing> {
        let probability = self.activity.push(frame);
        self.turn.push(frame, probability)
    }

    fn reset(&mut self) {
        // The network goes on: what it heard before tells speech from the noise of this line.
        self.turn.reset();
    }
}
