//! `neuvo bench turn`: the same questions embedded alone, and taken through whole turns.

use crate::app;
use crate::assistant::Assistant;
use crate::cli::bench::{memory_mb, percentile_ms};
use crate::cli::output;
use crate::config::Config;
use crate::conversation::Conversation;
use crate::domain::Utterance;
use crate::evaluation::questions;
use crate::inference::{Encode, Purpose};
use crate::retrieval::Vectors;
use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Whole turns beside the embedding alone, in process and over HTTP
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The questions to ask: tab-separated, with the columns lang and text
    #[arg(long, default_value = "tests/questions/test.tsv")]
    questions: PathBuf,
    /// How many of them, spread over the file
    #[arg(long, default_value_t = 300)]
    count: usize,
}

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let began = now();
    let vectors = Vectors::cached(app::encoder(config)?, &config.data.folder);
    let assistant = Assistant::new(app::content(config, &vectors, day)?);
    let utterances = sample(arguments)?;
    let first = utterances.first().cloned().context("there are no questions")?;
    assistant.turn(&mut Conversation::default(), first, None, day);
    output::line(&format!(
        "start to first answer: {:.2} s (with what the caches hold)",
        began.elapsed().as_secs_f64()
    ))?;

    let (mut embeds, mut turns) = (Vec::new(), Vec::new());
    // One after the other for each question, so that a busy neighbour slows both alike.
    for utterance in &utterances {
        embeds.push(embed(vectors.encoder().as_ref(), utterance)?);
        turns.push(turn(&assistant, utterance, day));
    }
    let rows = [("embedding alone", embeds), ("whole turn", turns)];
    let mut medians = Vec::new();
    for (name, mut times) in rows {
        times.sort_unstable();
        let p50 = percentile_ms(&times, 50);
        medians.push(p50);
        output::line(&format!("{name:16} p50 {p50:7.3} ms   p95 {:7.3} ms", percentile_ms(&times, 95)))?;
    }
    if let [embed, turn] = medians.as_slice() {
        output::line(&format!(
            "ratio of p50: {:.2} over {} questions, engine {}",
            turn / embed,
            utterances.len(),
            vectors.encoder().fingerprint()
        ))?;
    }
    let (resident, peak) = memory_mb();
    output::line(&format!("memory: {resident:.0} MB resident, {peak:.0} MB at most"))?;
    Ok(ExitCode::SUCCESS)
}

fn sample(arguments: &Arguments) -> Result<Vec<Utterance>> {
    let text = fs_err::read_to_string(&arguments.questions)?;
    let set = questions::read(&text).with_context(|| arguments.questions.display().to_string())?;
    if set.is_empty() || arguments.count == 0 {
        bail!("`{}` has no questions", arguments.questions.display());
    }
    let step = set.len().div_ceil(arguments.count);
    Ok(set.iter().step_by(step).filter_map(|question| Utterance::parse(&question.text).ok()).collect())
}

fn embed(encoder: &dyn Encode, utterance: &Utterance) -> Result<Duration> {
    let began = now();
    encoder.encode(Purpose::Query, utterance.as_str())?;
    Ok(began.elapsed())
}

fn turn(assistant: &Assistant, utterance: &Utterance, day: Date) -> Duration {
    let began = now();
    assistant.turn(&mut Conversation::default(), utterance.clone(), None, day);
    began.elapsed()
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn now() -> Instant {
    Instant::now()
}
