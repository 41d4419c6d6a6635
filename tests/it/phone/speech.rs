//! Ears and a voice that need no model. A caller's loudness says what they say; the bot's voice remembers its texts.

use futures_util::future::BoxFuture;
use neuvo::channel::phone::Speech;
use neuvo::domain::Language;
use neuvo::speech::{Heard, Hearing, Listen, Pace, Pcm, Recognise, SpeechError, Synthesise, Transcript};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a caller says, by the loudness of the line.
pub(crate) const SAYINGS: [(i16, &str, f32); 6] = [
    (2_000, "miten haen asumistukea", 0.9),
    (5_000, "ihminen", 0.9),
    (9_000, "asumistukea", 0.2),
    (14_000, "kyllä", 0.9),
    (20_000, "hei hei", 0.9),
    (28_000, "", 0.0),
];
/// Loudness of a noise without words.
pub(crate) const NOISE: i16 = 28_000;
/// Frames of silence after which the caller pauses, and after which the turn is over.
const PAUSE_FRAMES: usize = 5;
const END_FRAMES: usize = 15;
/// Recognisers.
const RECOGNISERS_N: usize = 3;

/// Scripted speech.
#[derive(Clone)]
pub(crate) struct Fakes {
    said: Arc<Mutex<Vec<(String, Language, Pace)>>>,
    busy: Arc<AtomicUsize>,
    /// Time of a recognition.
    pub(crate) takes: Arc<Mutex<Duration>>,
}

impl Default for Fakes {
    fn default() -> Self {
        Self { said: Arc::default(), busy: Arc::default(), takes: Arc::new(Mutex::new(Duration::from_millis(5))) }
    }
}

impl Fakes {
    pub(crate) fn speech(&self) -> Speech {
        Speech {
            recogniser: Arc::new(self.clone()),
            voice: Arc::new(self.clone()),
            listener: Arc::new(|| Box::new(Ear::default())),
        }
    }

    pub(crate) fn has_said(&self, text: &str) -> bool {
        self.said.lock().unwrap().iter().any(|(said, ..)| said.contains(text))
    }

    pub(crate) fn said_n(&self, text: &str) -> usize {
        self.said.lock().unwrap().iter().filter(|(said, ..)| said.contains(text)).count()
    }

    pub(crate) fn forget(&self) {
        self.said.lock().unwrap().clear();
    }
}

impl Recognise for Fakes {
    fn recognise(&self, utterance: Pcm, _: Language) -> BoxFuture<'static, Result<Heard, SpeechError>> {
        let (fakes, takes) = (self.clone(), *self.takes.lock().unwrap());
        Box::pin(async move {
            if RECOGNISERS_N <= fakes.busy.fetch_add(1, Ordering::SeqCst) {
                fakes.busy.fetch_sub(1, Ordering::SeqCst);
                return Err(SpeechError::Busy { what: "recognisers" });
            }
            tokio::time::sleep(takes).await;
            fakes.busy.fetch_sub(1, Ordering::SeqCst);
            let loudest = utterance.iter().copied().max().unwrap_or_default();
            let (_, text, certainty) = SAYINGS.into_iter().min_by_key(|(loud, ..)| loud.abs_diff(loudest)).unwrap();
            Ok(match text {
                "" => Heard::Nothing,
                text => Heard::Words(Transcript { text: text.to_owned(), others: Vec::new(), certainty }),
            })
        })
    }
}

impl Synthesise for Fakes {
    fn synthesise(&self, text: &str, language: Language, pace: Pace) -> BoxFuture<'static, Result<Pcm, SpeechError>> {
        self.said.lock().unwrap().push((text.to_owned(), language, pace));
        // A fifth of a second a word, whatever it means.
        let samples_n = 1_600 * text.split_whitespace().count();
        Box::pin(async move { Ok(vec![500; samples_n].into()) })
    }
}

/// Speech is what is loud.
#[derive(Default)]
struct Ear {
    spoken: Vec<i16>,
    silent_n: usize,
    is_speaking: bool,
}

impl Listen for Ear {
    fn push(&mut self, frame: &[i16]) -> Option<Hearing> {
        let is_loud = frame.iter().any(|sample| 1_500 < sample.abs());
        let was_paused = PAUSE_FRAMES <= self.silent_n;
        if is_loud {
            self.spoken.extend(frame);
            self.silent_n = 0;
            let begins = !std::mem::replace(&mut self.is_speaking, true);
            return if begins { Some(Hearing::Started) } else { was_paused.then_some(Hearing::Resumed) };
        }
        if !self.is_speaking {
            return None;
        }
        self.silent_n += 1;
        match self.silent_n {
            PAUSE_FRAMES => Some(Hearing::Paused(self.spoken.clone().into())),
            END_FRAMES => {
                self.reset();
                Some(Hearing::Ended)
            }
            _ => None,
        }
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}
