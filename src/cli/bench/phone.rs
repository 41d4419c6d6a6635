//! `neuvo bench phone`: how long callers wait for the first sound of an answer, with one call and with several at once.

use crate::cli::bench::{memory_mb, percentile_ms, processor};
use crate::cli::call::Line;
use crate::cli::output;
use crate::config::Config;
use crate::domain::Language;
use crate::evaluation::questions;
use crate::speech::{Pace, Pcm, decode_mu_law, encode_mu_law};
use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How long callers wait for the first sound of an answer
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The questions that callers ask, spoken by this machine's voices: tab-separated, with the columns lang and text
    #[arg(long, default_value = "tests/questions/test.tsv")]
    questions: PathBuf,
    /// How many of them, spread over the file
    #[arg(long, default_value_t = 12)]
    count: usize,
    /// Calls at once, one round after the other
    #[arg(long, value_delimiter = ',', default_value = "1,4")]
    calls: Vec<usize>,
}

/// A sample below this is no sound: voices end in silence, which is no part of what is said.
const SOUND_MIN: u16 = 300;

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(measure(config, arguments, day))?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(config: &Config, arguments: &Arguments, day: Date) -> Result<()> {
    let line = Arc::new(Line::open(config, day).await?);
    let asked = spoken(&line, arguments).await?;
    let (name, features) = processor();
    output::line(&format!("{name}: {}; {} questions", features.join(" "), asked.len()))?;
    for calls_n in &arguments.calls {
        let (mut waited, mut answered) = (Vec::new(), Vec::new());
        for together in asked.chunks((*calls_n).max(1)) {
            let mut calls = JoinSet::new();
            for (language, recording) in together.iter().cloned() {
                let line = Arc::clone(&line);
                calls.spawn(async move { line.call(Some(language), recording).await });
            }
            for call in calls.join_all().await {
                let call = call?;
                // A call in which nothing was said waited as long as can be.
                waited.push(call.waited.unwrap_or(Duration::MAX));
                answered.push(call.answered.unwrap_or(Duration::MAX));
            }
        }
        for (what, mut times) in [("first sound", waited), ("first sound of the answer", answered)] {
            times.sort_unstable();
            let unheard_n = times.iter().filter(|time| **time == Duration::MAX).count();
            let [p50, p95] = [50, 95].map(|percent| percentile_ms(&times, percent) / 1e3);
            output::line(&format!(
                "{calls_n} at once: last sound of the question to {what} p50 {p50:.2} s, p95 {p95:.2} s; {unheard_n} of {} without",
                times.len()
            ))?;
        }
    }
    let (resident, peak) = memory_mb();
    output::line(&format!("memory with speech and content: {resident:.0} MB resident, {peak:.0} MB at most"))?;
    Ok(())
}

/// Questions as the telephone carries them, cut after their last sound.
async fn spoken(line: &Line, arguments: &Arguments) -> Result<Vec<(Language, Pcm)>> {
    let text = fs_err::read_to_string(&arguments.questions)?;
    let set = questions::read(&text).with_context(|| arguments.questions.display().to_string())?;
    if set.is_empty() || arguments.count == 0 {
        bail!("`{}` has no questions", arguments.questions.display());
    }
    let mut spoken = Vec::new();
    for question in set.iter().step_by(set.len().div_ceil(arguments.count)) {
        let voice = line.voices.synthesise(&question.text, question.language, Pace::Normal).await?;
        let end = voice.iter().rposition(|sample| SOUND_MIN < sample.unsigned_abs()).map_or(0, |last| last + 1);
        let coded: Vec<i16> = voice.iter().take(end).map(|sample| decode_mu_law(encode_mu_law(*sample))).collect();
        spoken.push((question.language, Pcm::from(coded)));
    }
    Ok(spoken)
}
