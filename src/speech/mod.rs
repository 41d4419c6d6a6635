//! Hears and speaks: words from a caller's voice and a voice from words, all on this machine.
//!
//! Audio inside neuvo is linear 16-bit samples, mono, at the telephone's 8 kHz, in frames of 20 ms. What a gateway sends in another form is
//! brought to this one at the door.

mod codec;
mod resample;
mod wav;

mod activity;
mod listener;
mod silero;
mod turn;

mod decode;
mod prompt;
mod recogniser;
mod search;
mod spelling;
mod trust;

pub mod sounds;

mod voices;

pub use activity::Activity;
pub use codec::{decode_mu_law, encode_mu_law};
pub use listener::Listener;
pub use recogniser::{RecogniserOptions, Recognisers};
pub use silero::Silero;
pub use spelling::Spellings;
pub use voices::{Voice, VoiceOptions, Voices};
pub use wav::{Recording, write_wav};

use crate::domain::Language;
use futures_util::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// Samples a second on a telephone line.
pub const LINE_RATE_HZ: u32 = 8_000;
/// Samples of a frame: 20 ms.
pub const FRAME_LEN: usize = 160;
/// Milliseconds of a frame.
pub const FRAME_MS: u32 = 20;

/// Audio: linear 16-bit samples, mono, [`LINE_RATE_HZ`].
pub type Pcm = Arc<[i16]>;

/// What a piece of audio held.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// No words: silence, noise, music, tones, or what cannot be trusted to be words.
    Nothing,
    /// Words.
    Words(Transcript),
}

/// What was said, as far as it was understood. Its `Debug` hides the words.
#[derive(Clone, PartialEq)]
pub struct Transcript {
    /// The words of the best hypothesis.
    pub text: String,
    /// Other hypotheses, better ones first, at most [`OTHERS_MAX`].
    pub others: Vec<String>,
    /// How sure the recogniser is: the mean probability of its tokens, 0 to 1.
    pub certainty: f32,
}

/// Other hypotheses that a transcript may hold.
pub const OTHERS_MAX: usize = 4;

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transcript({} chars, certainty {:.2})", self.text.chars().count(), self.certainty)
    }
}

/// What a listener noticed in the stream of frames.
#[derive(Clone, Debug, PartialEq)]
pub enum Hearing {
    /// Speech began.
    Started,
    /// A short silence after speech: the words so far, which can be recognised ahead of the end. Followed by [`Hearing::Resumed`] or
    /// [`Hearing::Ended`].
    Paused(Pcm),
    /// Speech went on: what was recognised ahead is void.
    Resumed,
    /// The turn is over: what the last [`Hearing::Paused`] held is all of it.
    Ended,
}

/// How fast a voice speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pace {
    /// As people speak.
    #[default]
    Normal,
    /// For who asked to hear it slower.
    Slow,
}

/// Why there is no text, or no voice.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// Every recogniser or voice is busy and the queue is full: say so, offer keys or a person.
    #[error("all {what} are busy")]
    Busy {
        /// `recognisers` or `voices`.
        what: &'static str,
    },
    /// It took longer than it may.
    #[error("{what} took longer than {seconds} s")]
    TimedOut {
        /// What.
        what: &'static str,
        /// The bound.
        seconds: u64,
    },
    /// It failed.
    #[error("{what} failed: {message}")]
    Failed {
        /// What.
        what: &'static str,
        /// The cause and the way out; never what was said.
        message: String,
    },
}

/// Turns an utterance into words.
pub trait Recognise: Send + Sync {
    /// The words of an utterance in a language. Dropping the future gives the work up.
    fn recognise(&self, utterance: Pcm, language: Language) -> BoxFuture<'static, Result<Heard, SpeechError>>;
}

/// Turns words into a voice.
pub trait Synthesise: Send + Sync {
    /// The voice of a text in a language.
    fn synthesise(&self, text: &str, language: Language, pace: Pace) -> BoxFuture<'static, Result<Pcm, SpeechError>>;
}

/// Tells speech from silence in one call's frames, and where a turn ends.
pub trait Listen: Send {
    /// The next frame, [`FRAME_LEN`] samples.
    fn push(&mut self, frame: &[i16]) -> Option<Hearing>;
    /// Forgets what was heard so far: a new turn begins.
    fn reset(&mut self);
}
