//! `neuvo bench turn`: the same questions embedded alone, taken through whole turns, and asked over HTTP.

use crate::app;
use crate::assistant::Assistant;
use crate::cli::bench::{http, memory_mb, percentile_ms, processor};
use crate::cli::output;
use crate::config::Config;
use crate::conversation::Conversation;
use crate::domain::Utterance;
use crate::evaluation::questions;
use crate::inference::{Encode, Purpose};
use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode};
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
    /// Keep one core busy with another process meanwhile
    #[arg(long)]
    busy: bool,
    /// How many seconds each rate over HTTP is held
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let mut config = config.clone();
    // Every question is computed.
    config.model.question_cache_bytes_max = 0;
    let _busy = arguments.busy.then(Busy::start).transpose()?;
    let began = now();
    let (vectors, content) = app::loaded(&config, day)?;
    let assistant = Assistant::new(content);
    let utterances = sample(arguments)?;
    let first = utterances.first().cloned().context("there are no questions")?;
    assistant.turn(&mut Conversation::default(), &first, None, day);
    let started = began.elapsed();

    let (name, features) = processor();
    let neighbour = if arguments.busy { "; another process keeps one core busy" } else { "" };
    output::line(&format!("{name}: {}{neighbour}", features.join(" ")))?;
    output::line(&format!("engine {}, {} questions", vectors.encoder().fingerprint(), utterances.len()))?;
    output::line(&format!("start to first answer: {:.2} s (with what the caches hold)", started.as_secs_f64()))?;

    let (mut embeds, mut turns) = (Vec::new(), Vec::new());
    // One after the other for each question, so that a busy neighbour slows both alike.
    for utterance in &utterances {
        embeds.push(embed(vectors.encoder().as_ref(), utterance)?);
        turns.push(turn(&assistant, utterance, day));
    }
    embeds.sort_unstable();
    turns.sort_unstable();
    row("embedding alone", &embeds)?;
    row("whole turn", &turns)?;
    let (embed_ms, turn_ms) = (percentile_ms(&embeds, 50), percentile_ms(&turns, 50));
    output::line(&format!("ratio of p50: {:.2}", turn_ms / embed_ms))?;

    let texts: Vec<String> = utterances.iter().map(|utterance| utterance.as_str().to_owned()).collect();
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let over_http = runtime.block_on(http::measure(&config, assistant, day, &texts, arguments.seconds))?;
    row("HTTP, one client", &over_http.alone)?;
    output::line(&format!("highest rate with p99 below 50 ms: {:.0} questions a second", over_http.rate_max))?;
    let (resident, peak) = memory_mb();
    output::line(&format!("memory: {resident:.0} MB resident, {peak:.0} MB at most, client included"))?;
    Ok(ExitCode::SUCCESS)
}

fn row(name: &str, sorted: &[Duration]) -> Result<()> {
    let [p50, p95, p99] = [50, 95, 99].map(|percent| percentile_ms(sorted, percent));
    output::line(&format!("{name:16} p50 {p50:7.3} ms   p95 {p95:7.3} ms   p99 {p99:7.3} ms"))?;
    Ok(())
}

/// Another process that keeps a core busy until it is dropped.
struct Busy(Child);

impl Busy {
    fn start() -> Result<Self> {
        let child = Command::new("sh").args(["-c", "while :; do :; done"]).spawn();
        Ok(Self(child.context("cannot start `sh` to keep a core busy")?))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
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
    assistant.turn(&mut Conversation::default(), utterance, None, day);
    began.elapsed()
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn now() -> Instant {
    Instant::now()
}
