//! One utterance: how wide Whisper's window is, what is searched for in it, and when it is tried again.
//!
//! The encoder's cost grows faster than its window, and utterances are short. So the window is cut to the utterance, but not below what
//! measurement showed to be safe; what went round in circles is repeated with the whole window. What only says the hints back is
//! replaced by what the same encoding says without them.

use super::OTHERS_MAX;
use super::prompt;
use super::search::{Search, Vocabulary};
use super::silero::RATE_HZ;
use super::spelling::Spellings;
use super::trust::{Hypothesis, is_loop};
use crate::domain::Language;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperError, WhisperState};

/// Positions of the encoder in a second of sound, and in the whole window of 30 s.
const POSITIONS_A_SECOND: f32 = 50.0;
const POSITIONS_MAX: i32 = 1_500;
/// The narrowest window, and what it is rounded up to.
const POSITIONS_MIN: i32 = 512;
const POSITIONS_STEP: i32 = 64;
/// Silence put before and after the utterance, in samples: a sentence that begins or ends with the window loses words.
const LEAD_LEN: usize = RATE_HZ as usize / 8;
const TAIL_LEN: usize = RATE_HZ as usize * 3 / 8;
/// Hypotheses that are followed side by side.
const BEAMS_N: usize = 3;
/// Tokens that fast speech has in a second, and how many more are allowed.
const TOKENS_A_SECOND: f32 = 9.0;
const TOKENS_MORE: usize = 16;

/// What whoever waits for a pass can do about it: leave.
#[derive(Clone, Default)]
pub(crate) struct Abandoned(Arc<Mutex<Option<Arc<AtomicBool>>>>);

impl Abandoned {
    /// The flag that ends the pass from now on.
    pub(crate) fn watch(&self, flag: Arc<AtomicBool>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(flag);
    }

    /// Ends the pass that runs now, whoever waits for it.
    pub(crate) fn end(&self) {
        if let Some(flag) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            flag.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        let flag = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flag.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

/// What a thread decodes with.
pub(crate) struct Decoder {
    context: Arc<WhisperContext>,
    state: WhisperState,
    vocabulary: Arc<Vocabulary>,
    hints: Arc<[Vec<i32>; 3]>,
    spellings: Arc<Spellings>,
    abandoned: Abandoned,
    /// whisper-rs hands the callback over for good, so settings are made once and copied.
    settings: FullParams<'static, 'static>,
}

impl Decoder {
    pub(crate) fn new(
        context: &Arc<WhisperContext>,
        vocabulary: &Arc<Vocabulary>,
        hints: &Arc<[Vec<i32>; 3]>,
        spellings: &Arc<Spellings>,
        abandoned: Abandoned,
    ) -> Result<Self, WhisperError> {
        let mut settings = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        let watched = abandoned.clone();
        // whisper-rs 0.16 reads the callback back as the type it was given as, after it has boxed it: only a box is read back right.
        let gone: Box<dyn FnMut() -> bool> = Box::new(move || watched.is_set());
        settings.set_abort_callback_safe::<_, Box<dyn FnMut() -> bool>>(gone);
        settings.set_n_threads(1);
        settings.set_no_context(true);
        settings.set_single_segment(true);
        settings.set_no_timestamps(true);
        settings.set_temperature_inc(0.0);
        // The search below finds the words; this pass is for the encoding.
        settings.set_max_tokens(1);
        settings.set_print_special(false);
        settings.set_print_progress(false);
        settings.set_print_realtime(false);
        settings.set_print_timestamps(false);
        let state = context.create_state()?;
        let (context, vocabulary, hints) = (Arc::clone(context), Arc::clone(vocabulary), Arc::clone(hints));
        Ok(Self { context, state, vocabulary, hints, spellings: Arc::clone(spellings), abandoned, settings })
    }

    /// What samples at [`RATE_HZ`], at most 29 s, say: best first. Nothing where whoever waited has left.
    pub(crate) fn decode(&mut self, samples: &[f32], language: Language) -> Result<Vec<Hypothesis>, WhisperError> {
        let mut padded = vec![0.0; LEAD_LEN];
        padded.extend(samples);
        padded.resize(padded.len() + TAIL_LEN, 0.0);
        #[expect(clippy::cast_precision_loss, reason = "some hundred thousand samples")]
        let seconds = padded.len() as f32 / RATE_HZ as f32;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred")]
        let (needed, tokens_max) =
            ((seconds * POSITIONS_A_SECOND) as i32, (seconds * TOKENS_A_SECOND) as usize + TOKENS_MORE);
        let steps_n = (needed.max(POSITIONS_MIN) + POSITIONS_STEP - 1) / POSITIONS_STEP;
        let cut = (steps_n * POSITIONS_STEP).min(POSITIONS_MAX);

        let mut found = self.pass(&padded, cut, language, tokens_max)?;
        if cut < POSITIONS_MAX && found.first().is_some_and(|best| is_loop(&best.text)) {
            found = self.pass(&padded, POSITIONS_MAX, language, tokens_max)?;
        }
        if found.first().is_some_and(|best| prompt::is_echo(&best.text, language)) {
            let begin = self.begin(language, &[]);
            let plain = self.search(&begin, language, 1, tokens_max)?;
            found.splice(0..0, plain.into_iter().filter(|plain| !plain.text.is_empty() && !is_loop(&plain.text)));
        }
        let mut seen = std::collections::HashSet::new();
        found.retain(|hypothesis| seen.insert(prompt::plain(&hypothesis.text)));
        found.truncate(1 + OTHERS_MAX);
        Ok(found)
    }

    fn pass(
        &mut self,
        samples: &[f32],
        positions: i32,
        language: Language,
        tokens_max: usize,
    ) -> Result<Vec<Hypothesis>, WhisperError> {
        let mut settings = self.settings.clone();
        settings.set_audio_ctx(positions);
        self.state.full(settings, samples)?;
        let hints = self.hints.get(language.index()).cloned().unwrap_or_default();
        let begin = self.begin(language, &hints);
        self.search(&begin, language, BEAMS_N, tokens_max)
    }

    fn search(
        &mut self,
        begin: &[i32],
        language: Language,
        beams_n: usize,
        tokens_max: usize,
    ) -> Result<Vec<Hypothesis>, WhisperError> {
        let Self { context, state, vocabulary, spellings, abandoned, .. } = self;
        let past = Vec::new();
        Search { context, state, vocabulary, spellings, language, abandoned, past }.run(begin, beams_n, tokens_max)
    }

    /// The hints as a transcript that came before, and the task.
    fn begin(&self, language: Language, hints: &[i32]) -> Vec<i32> {
        let context = &self.context;
        let number = whisper_rs::get_lang_id(language.tag()).unwrap_or_default();
        let task = [context.token_sot(), context.token_lang(number), context.token_transcribe(), context.token_not()];
        let before = if hints.is_empty() { None } else { Some(context.token_prev()) };
        before.into_iter().chain(hints.iter().copied()).chain(task).collect()
    }
}
