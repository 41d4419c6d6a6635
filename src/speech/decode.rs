//! One pass of Whisper over an utterance: how wide the window is, how the decoder searches, when it tries again.
//!
//! The encoder's cost grows faster than its window, and utterances are short. So the window is cut to the utterance, but not below what
//! measurement showed to be safe; a pass that went round in circles or is unsure is repeated with the whole window.

use super::silero::RATE_HZ;
use super::trust::{Hypothesis, is_loop};
use crate::domain::Language;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
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
const BEAMS_N: i32 = 5;
/// Tokens that fast speech has in a second, and how many more are allowed.
const TOKENS_A_SECOND: f32 = 9.0;
const TOKENS_MORE: i32 = 16;
/// Below this mean log-probability a cut window is not believed.
const LOG_PROBABILITY_RETRY: f32 = -1.0;
/// Below this mean log-probability other hypotheses are worth their time.
const LOG_PROBABILITY_OTHERS: f32 = -0.5;

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

    fn is_set(&self) -> bool {
        let flag = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flag.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

/// The hints and settings of the three languages.
pub(crate) struct Settings<'a> {
    by_language: [FullParams<'a, 'a>; 3],
}

impl<'a> Settings<'a> {
    /// whisper-rs hands the language and the callback over for good, so settings are made once a thread and copied.
    pub(crate) fn new(hints: &'a [Vec<i32>; 3], abandoned: &Abandoned) -> Self {
        let by_language = Language::ALL.map(|language| {
            let mut settings =
                FullParams::new(SamplingStrategy::BeamSearch { beam_size: BEAMS_N, patience: -1.0 });
            settings.set_language(Some(language.tag()));
            if let Some(hints) = hints.get(language.index()) {
                settings.set_tokens(hints);
            }
            let watched = abandoned.clone();
            // whisper-rs 0.16 reads the callback back as the type it was given as, after it has boxed it: only a box is read back right.
            let gone: Box<dyn FnMut() -> bool> = Box::new(move || watched.is_set());
            settings.set_abort_callback_safe::<_, Box<dyn FnMut() -> bool>>(gone);
            settings.set_n_threads(1);
            settings.set_no_context(true);
            settings.set_single_segment(true);
            settings.set_suppress_blank(true);
            settings.set_suppress_nst(true);
            // No second tries at higher temperatures: they sample, and cost as much again.
            settings.set_temperature_inc(0.0);
            settings.set_print_special(false);
            settings.set_print_progress(false);
            settings.set_print_realtime(false);
            settings.set_print_timestamps(false);
            settings
        });
        Self { by_language }
    }

    fn of(&self, language: Language) -> FullParams<'a, 'a> {
        let [fi, sv, en] = &self.by_language;
        match language {
            Language::Fi => fi,
            Language::Sv => sv,
            Language::En => en,
        }
        .clone()
    }
}

/// The best hypothesis for samples at [`RATE_HZ`], at most 29 s, and others where it is unsure.
pub(crate) fn decode(
    context: &WhisperContext,
    state: &mut WhisperState,
    settings: &Settings<'_>,
    samples: &[f32],
    language: Language,
) -> Result<(Hypothesis, Vec<String>), WhisperError> {
    let mut padded = vec![0.0; LEAD_LEN];
    padded.extend(samples);
    padded.resize(padded.len() + TAIL_LEN, 0.0);
    #[expect(clippy::cast_precision_loss, reason = "some hundred thousand samples")]
    let seconds = padded.len() as f32 / RATE_HZ as f32;
    #[expect(clippy::cast_possible_truncation, reason = "a few hundred")]
    let (needed, tokens_max) = ((seconds * POSITIONS_A_SECOND) as i32, (seconds * TOKENS_A_SECOND) as i32 + TOKENS_MORE);
    let cut = ((needed.max(POSITIONS_MIN) + POSITIONS_STEP - 1) / POSITIONS_STEP * POSITIONS_STEP).min(POSITIONS_MAX);

    let mut pass = |positions: i32| {
        let mut settings = settings.of(language);
        settings.set_audio_ctx(positions);
        settings.set_max_tokens(tokens_max);
        state.full(settings, &padded)?;
        hypothesis(context, state)
    };
    let mut best = pass(cut)?;
    if cut < POSITIONS_MAX && (is_loop(&best.text) || best.log_probability < LOG_PROBABILITY_RETRY) {
        let whole = pass(POSITIONS_MAX)?;
        if is_loop(&best.text) || whole.log_probability > best.log_probability {
            best = whole;
        }
    }
    let mut others = Vec::new();
    if best.log_probability < LOG_PROBABILITY_OTHERS {
        others.extend(unprompted(context, state, language, tokens_max)?.filter(|other| *other != best.text));
    }
    Ok((best, others))
}

/// What the last pass came to.
fn hypothesis(context: &WhisperContext, state: &WhisperState) -> Result<Hypothesis, WhisperError> {
    let words_end = context.token_eot();
    let (mut text, mut sum, mut tokens_n) = (Vec::new(), 0.0, 0.0);
    for segment in state.as_iter() {
        text.extend(segment.to_bytes()?);
        for token in (0..segment.n_tokens()).filter_map(|i| segment.get_token(i)) {
            if token.token_id() < words_end {
                sum += token.token_probability().max(1e-6).ln();
                tokens_n += 1.0;
            }
        }
    }
    let log_probability = if tokens_n > 0.0 { sum / tokens_n } else { f32::NEG_INFINITY };
    Ok(Hypothesis { text: String::from_utf8_lossy(&text).trim().to_owned(), log_probability })
}

/// What the same encoding says without hints, always taking the likeliest token. It costs the decoder only.
fn unprompted(
    context: &WhisperContext,
    state: &mut WhisperState,
    language: Language,
    tokens_max: i32,
) -> Result<Option<String>, WhisperError> {
    let words_end = context.token_eot();
    let number = whisper_rs::get_lang_id(language.tag());
    let Some(number) = number else { return Ok(None) };
    let begin = [context.token_sot(), context.token_lang(number), context.token_transcribe(), context.token_not()];
    let mut past_n = 0;
    let mut next = begin.to_vec();
    let mut text = Vec::new();
    for _ in 0..tokens_max {
        state.decode(&next, past_n, 1)?;
        past_n += next.len();
        let words = state.get_logits()?.iter().zip(0..).take_while(|(_, id)| *id <= words_end);
        let Some((_, likeliest)) = words.max_by(|(a, _), (b, _)| a.total_cmp(b)) else { break };
        if likeliest == words_end {
            break;
        }
        text.extend(context.token_to_bytes(likeliest)?);
        next = vec![likeliest];
    }
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    Ok((!text.is_empty() && !is_loop(&text)).then_some(text))
}
