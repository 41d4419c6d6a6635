//! Where a caller's turn begins, pauses and ends, from the probability of speech in each frame. Pure.
//!
//! A turn begins with a tenth of a second of speech, so that a click is none. A short silence pauses it, so that what was said can be
//! recognised ahead. It ends when the silence has lasted as long as this caller's longest pause within the turn and a bit: quick for
//! who answers in one go, patient with who looks for words.

use super::{FRAME_LEN, FRAME_MS, Hearing, Pcm};
use std::collections::VecDeque;

/// Probability from which a frame is speech, and below which speech is over.
const SPEECH_FROM: f32 = 0.5;
const SILENCE_BELOW: f32 = 0.35;
/// Speech that begins a turn, within [`ONSET_WITHIN_MS`].
const ONSET_MS: u32 = 100;
const ONSET_WITHIN_MS: u32 = 200;
/// Sound kept from before the onset: the first consonant is often too weak to be noticed.
const LEAD_MS: u32 = 400;
/// Silence after which a turn pauses.
const PAUSE_MS: u32 = 220;
/// Silence that ends a turn of who has not paused yet: after a word or two, and after more.
const END_SHORT_MS: u32 = 520;
const END_MS: u32 = 640;
/// Speech up to which a turn counts as a word or two.
const SHORT_SPEECH_MS: u32 = 900;
/// How much longer than the caller's longest pause the last one has to be, and the most that is waited.
const BEYOND_PAUSE_MS: u32 = 300;
const END_MS_MAX: u32 = 1_500;
/// The longest turn, which the recogniser's window bounds.
pub(crate) const TURN_MS_MAX: u32 = 28_000;

/// Follows one caller, over many turns.
#[derive(Clone)]
pub(crate) struct TurnTaking {
    stage: Stage,
    /// What was heard: the lead before a turn, then the turn.
    heard: VecDeque<i16>,
    /// Whether the last frames held speech, newest last.
    recent: VecDeque<bool>,
    speaking: bool,
    speech_ms: u32,
    silence_ms: u32,
    turn_ms: u32,
    /// The longest pause after which this caller went on; half of it is remembered in the next turn.
    pause_ms_max: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Speaking,
    Paused,
    Over,
}

impl TurnTaking {
    pub(crate) fn new() -> Self {
        Self {
            stage: Stage::Waiting,
            heard: VecDeque::new(),
            recent: VecDeque::new(),
            speaking: false,
            speech_ms: 0,
            silence_ms: 0,
            turn_ms: 0,
            pause_ms_max: 0,
        }
    }

    /// A new turn of the same caller.
    pub(crate) fn reset(&mut self) {
        *self = Self { pause_ms_max: self.pause_ms_max / 2, ..Self::new() };
    }

    /// The next frame with its probability of speech.
    pub(crate) fn push(&mut self, frame: &[i16], probability: f32) -> Option<Hearing> {
        if self.stage == Stage::Over {
            return None;
        }
        self.speaking = probability >= SPEECH_FROM || (self.speaking && probability >= SILENCE_BELOW);
        self.heard.extend(frame);
        match self.stage {
            Stage::Waiting => self.wait(),
            Stage::Speaking => self.speak(),
            Stage::Paused => self.pause(),
            Stage::Over => None,
        }
    }

    fn wait(&mut self) -> Option<Hearing> {
        let surplus = self.heard.len().saturating_sub(samples(LEAD_MS));
        self.heard.drain(..surplus);
        self.recent.push_back(self.speaking);
        if self.recent.len() > (ONSET_WITHIN_MS / FRAME_MS) as usize {
            self.recent.pop_front();
        }
        let speech_n = self.recent.iter().filter(|&&speech| speech).count();
        if speech_n < (ONSET_MS / FRAME_MS) as usize {
            return None;
        }
        self.stage = Stage::Speaking;
        (self.speech_ms, self.turn_ms) = (ONSET_MS, LEAD_MS);
        Some(Hearing::Started)
    }

    fn speak(&mut self) -> Option<Hearing> {
        self.count();
        if self.silence_ms < PAUSE_MS && self.turn_ms < TURN_MS_MAX {
            return None;
        }
        self.stage = Stage::Paused;
        let said: Vec<i16> = self.heard.iter().copied().collect();
        Some(Hearing::Paused(Pcm::from(said)))
    }

    fn pause(&mut self) -> Option<Hearing> {
        let pause_ms = self.silence_ms;
        self.count();
        if self.turn_ms >= TURN_MS_MAX {
            self.stage = Stage::Over;
            return Some(Hearing::Ended);
        }
        if self.speaking {
            self.pause_ms_max = self.pause_ms_max.max(pause_ms);
            self.stage = Stage::Speaking;
            return Some(Hearing::Resumed);
        }
        if self.silence_ms < self.end_ms() {
            return None;
        }
        self.stage = Stage::Over;
        Some(Hearing::Ended)
    }

    fn count(&mut self) {
        self.turn_ms += FRAME_MS;
        if self.speaking {
            self.speech_ms += FRAME_MS;
            self.silence_ms = 0;
        } else {
            self.silence_ms += FRAME_MS;
        }
    }

    /// The silence that ends this turn.
    fn end_ms(&self) -> u32 {
        let usual_ms = if self.speech_ms <= SHORT_SPEECH_MS { END_SHORT_MS } else { END_MS };
        let habit_ms = if self.pause_ms_max == 0 { 0 } else { self.pause_ms_max + BEYOND_PAUSE_MS };
        usual_ms.max(habit_ms).min(END_MS_MAX)
    }
}

/// Samples in so many milliseconds.
const fn samples(ms: u32) -> usize {
    (ms / FRAME_MS) as usize * FRAME_LEN
}

#[cfg(test)]
mod tests;
