//! Held-out questions as callers ask them: spoken by this machine's voices, sent over a telephone line, and heard again.

use crate::app::speech::{Speech, spellings};
use crate::assistant::Assistant;
use crate::cli::output;
use crate::config::Config;
use crate::conversation::Conversation;
use crate::domain::{Language, Utterance};
use crate::evaluation::{Graded, Question, ask_all, grade, table};
use crate::knowledge::Knowledge;
use crate::speech::sounds::white_noise;
use crate::speech::{Heard, Pace, Pcm, Transcript, decode_mu_law, encode_mu_law};
use anyhow::Result;
use jiff::civil::Date;

/// Noise below the voice of one question after the other, in decibels; the first is none to speak of.
const NOISES_DB: [f32; 3] = [99.0, 20.0, 10.0];

/// Hearing and speaking without hurry: long questions on a busy machine are heard to their end.
pub(super) fn speech(config: &Config, knowledge: &Knowledge) -> Result<Speech> {
    let mut config = config.clone();
    config.speech.recognisers_n = 1;
    config.speech.recognise_seconds_max = 120;
    Ok(Speech::open(&config, spellings(knowledge))?)
}

/// Asks some questions of each language as they were written, and as they were heard.
pub(super) fn compare(
    assistant: &Assistant,
    speech: &Speech,
    questions: &[Question],
    each_n: usize,
    day: Date,
) -> Result<()> {
    let written: Vec<Question> =
        Language::ALL.into_iter().flat_map(|language| spread(questions, language, each_n)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut heard = Vec::with_capacity(written.len());
    let mut nothing_n = 0;
    for (n, question) in written.iter().enumerate() {
        match runtime.block_on(over_the_line(speech, question, n))? {
            Heard::Words(transcript) if Utterance::parse(&transcript.text).is_ok() => {
                heard.push((question, transcript));
            }
            Heard::Words(_) | Heard::Nothing => nothing_n += 1,
        }
    }
    // As in a call, whose language is settled, however the words read.
    let ask = |(question, transcript): &(&Question, Transcript)| {
        let utterance = Utterance::parse(&transcript.text).ok()?;
        let mut conversation = Conversation { by_voice: true, ..Conversation::default() };
        Some(grade(question, &assistant.turn(&mut conversation, &utterance, Some(question.language), day)))
    };
    let as_heard: Vec<Graded> = heard.iter().filter_map(ask).collect();
    let as_written = ask_all(assistant, &written, day);
    output::note(&format!("{nothing_n} of {} questions were not heard at all", written.len()));
    output::line("as written")?;
    output::line(&table::table(&table::figures(&as_written)))?;
    output::line("as heard")?;
    output::line(&table::table(&table::figures(&as_heard)))?;
    Ok(())
}

/// Some questions of a language, spread over the set.
fn spread(questions: &[Question], language: Language, each_n: usize) -> Vec<Question> {
    let of: Vec<&Question> = questions.iter().filter(|question| question.language == language).collect();
    let step = of.len().div_ceil(each_n.max(1)).max(1);
    of.into_iter().step_by(step).cloned().collect()
}

/// A question spoken, coded as the telephone does, with noise, and recognised. Every second voice is slow.
async fn over_the_line(speech: &Speech, question: &Question, n: usize) -> Result<Heard> {
    let pace = if n.is_multiple_of(2) { Pace::Normal } else { Pace::Slow };
    let voice = speech.synthesise.synthesise(&question.text, question.language, pace).await?;
    let noise_db = NOISES_DB.get(n % NOISES_DB.len()).copied().unwrap_or_default();
    let line: Vec<i16> =
        noisy(&voice, noise_db).into_iter().map(|sample| decode_mu_law(encode_mu_law(sample))).collect();
    Ok(speech.recognise.recognise(Pcm::from(line), question.language).await?)
}

/// A voice with white noise so many decibels below it.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the cast saturates")]
fn noisy(voice: &[i16], noise_db: f32) -> Vec<i16> {
    let power = voice.iter().map(|&sample| f32::from(sample).powi(2)).sum::<f32>() / voice.len().max(1) as f32;
    // White noise between -1 and 1 has a power of a third.
    let factor = (3.0 * power).sqrt() * 10.0_f32.powf(-noise_db / 20.0);
    let noise = white_noise(voice.len());
    voice.iter().zip(noise).map(|(&sample, noise)| (f32::from(sample) + factor * noise) as i16).collect()
}
