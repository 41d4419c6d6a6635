//! `neuvo bench reload`: questions at half the capacity while content goes live again and again.

use crate::app;
use crate::app::publisher::Publisher;
use crate::assistant::Turn;
use crate::cli::bench::percentile_ms;
use crate::cli::{FAILED, output};
use crate::config::Config;
use crate::conversation::Conversation;
use crate::domain::{Reply, Stalled, Utterance};
use crate::evaluation::{golden, questions};
use crate::inference::Workers;
use crate::publication::{Publish as _, Trigger};
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

/// Questions at half the capacity while content goes live
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The questions to ask: tab-separated, with the columns lang and text
    #[arg(long, default_value = "tests/questions/test.tsv")]
    questions: PathBuf,
    /// How often content goes live
    #[arg(long, default_value_t = 20)]
    reloads: usize,
    /// Milliseconds between two of them
    #[arg(long, default_value_t = 1_000)]
    pause_ms: u64,
}

/// How long the capacity, and the waiting without reloads, is measured.
const MEASURE_TIME: Duration = Duration::from_secs(6);
/// How often content goes live before anything is asked.
const ALONE_N: usize = 5;
/// One question in so many is about the article that is edited.
const EDITED_EACH: usize = 5;
/// The most that a question may wait longer because content goes live.
const WAIT_MAX: Duration = Duration::from_millis(50);

/// A question that was answered, or not.
struct Asked {
    waited: Duration,
    turn: Result<Turn, Stalled>,
}

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let mut config = config.clone();
    copy(&config.content.root, folder.path())?;
    folder.path().clone_into(&mut config.content.root);
    config.content.versions = folder.path().join("versions");
    let publisher = Publisher::open(&config, || app::encoder(&config), Box::new(move || day))?;
    let texts = texts(arguments)?;
    let edited = Edited::choose(&config, &publisher)?;
    let threads_n = match config.server.turn_threads_n {
        0 => std::thread::available_parallelism()?.get(),
        n => n,
    };
    let workers = Arc::new(Workers::start("turn", threads_n, config.limits.turn_queue_len_max)?);
    let bench = Arc::new(Bench { publisher, workers, texts, edited, day, asked_n: AtomicUsize::new(0) });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(bench.run(arguments))
}

/// The article that is edited.
struct Edited {
    file: PathBuf,
    text: String,
    questions: Vec<String>,
}

struct Bench {
    publisher: Arc<Publisher>,
    workers: Arc<Workers>,
    texts: Vec<String>,
    edited: Edited,
    day: Date,
    asked_n: AtomicUsize,
}

impl Bench {
    async fn run(self: &Arc<Self>, arguments: &Arguments) -> Result<ExitCode> {
        let (mut reloads, mut marks) = (Vec::new(), HashMap::new());
        for n in 0..ALONE_N {
            reloads.push(self.reload(n, &mut marks).await?);
            tokio::time::sleep(Duration::from_millis(arguments.pause_ms)).await;
        }
        took("reloads while nothing is asked", reloads)?;
        let capacity = self.capacity().await;
        let every = Duration::from_secs_f64(2.0 / capacity);
        output::line(&format!("capacity {capacity:.0} questions a second; asked from here on: {:.0}", capacity / 2.0))?;
        let stop = Arc::new(AtomicBool::new(false));
        let quiet = tokio::spawn(Arc::clone(self).ask_every(every, Arc::clone(&stop)));
        tokio::time::sleep(MEASURE_TIME).await;
        stop.store(true, Ordering::Relaxed);
        let quiet = quiet.await?;

        let stop = Arc::new(AtomicBool::new(false));
        let busy = tokio::spawn(Arc::clone(self).ask_every(every, Arc::clone(&stop)));
        let mut reloads = Vec::new();
        for n in 0..arguments.reloads {
            reloads.push(self.reload(ALONE_N + n, &mut marks).await?);
            tokio::time::sleep(Duration::from_millis(arguments.pause_ms)).await;
        }
        stop.store(true, Ordering::Relaxed);
        let busy = busy.await?;
        took("reloads through questions", reloads)?;
        report(&quiet, &busy, &marks)
    }

    /// Edits the article, lets it go live, and says how long that took. The first and the last of those alone tell their steps.
    async fn reload(self: &Arc<Self>, n: usize, marks: &mut HashMap<String, String>) -> Result<Duration> {
        let mark = mark(n);
        fs_err::write(&self.edited.file, self.edited.text.replacen("\n+++\n", &format!("\n+++\n{mark} "), 1))?;
        let this = Arc::clone(self);
        let began = now();
        let published = tokio::task::spawn_blocking(move || this.publisher.reload(Trigger::Watch, false)).await??;
        let took = began.elapsed();
        marks.insert(published.version.clone(), mark);
        if n == 0 || n + 1 == ALONE_N {
            let steps: Vec<_> = published.steps.iter().map(|step| format!("{} {} ms", step.name, step.ms)).collect();
            output::line(&format!("reload {}: {}", n + 1, steps.join(", ")))?;
        }
        Ok(took)
    }

    /// Questions a second when as many are asked as can be computed at once.
    async fn capacity(self: &Arc<Self>) -> f64 {
        let began = now();
        let askers = (0..4 * std::thread::available_parallelism().map_or(1, usize::from)).map(|_| {
            let this = Arc::clone(self);
            tokio::spawn(async move {
                let mut answered_n = 0u32;
                while began.elapsed() < MEASURE_TIME {
                    answered_n += u32::from(this.ask(now()).await.turn.is_ok());
                }
                answered_n
            })
        });
        let mut answered_n = 0;
        for asker in askers.collect::<Vec<_>>() {
            answered_n += asker.await.unwrap_or_default();
        }
        f64::from(answered_n) / began.elapsed().as_secs_f64()
    }

    /// Asks at a steady rate, whatever becomes of the questions before.
    async fn ask_every(self: Arc<Self>, every: Duration, stop: Arc<AtomicBool>) -> Vec<Asked> {
        let (told, mut heard) = mpsc::channel(100_000);
        let mut ticks = tokio::time::interval(every);
        // Late ticks are made up for: citizens do not wait for each other either.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while !stop.load(Ordering::Relaxed) {
            let due = ticks.tick().await;
            let (this, told) = (Arc::clone(&self), told.clone());
            tokio::spawn(async move {
                let asked = this.ask(due.into_std()).await;
                // A bench that has ended wants no more.
                let _ = told.send(asked).await;
            });
        }
        drop(told);
        let mut all = Vec::new();
        while let Some(asked) = heard.recv().await {
            all.push(asked);
        }
        all
    }

    async fn ask(&self, due: Instant) -> Asked {
        let n = self.asked_n.fetch_add(1, Ordering::Relaxed);
        let list = if n.is_multiple_of(EDITED_EACH) { &self.edited.questions } else { &self.texts };
        let text = list.get(n / EDITED_EACH % list.len().max(1)).map(String::as_str).unwrap_or_default();
        // A number behind it makes each question new to the cache.
        let utterance = Utterance::parse(&format!("{text} {n}"));
        let (assistant, day) = (Arc::clone(self.publisher.assistant()), self.day);
        let turn = match utterance {
            Ok(utterance) => {
                let turn = move || assistant.turn(&mut Conversation::default(), &utterance, None, day);
                self.workers.run(turn).await
            }
            Err(_) => Err(Stalled::Failed { stage: "bench" }),
        };
        Asked { waited: due.elapsed(), turn }
    }
}

fn took(name: &str, mut reloads: Vec<Duration>) -> Result<()> {
    reloads.sort_unstable();
    let of = |at: usize| reloads.get(at).copied().unwrap_or_default().as_millis();
    output::line(&format!(
        "{} {name}: live after {} ms at the least, {} ms in the middle, {} ms at the most",
        reloads.len(),
        of(0),
        of(reloads.len() / 2),
        of(reloads.len().saturating_sub(1))
    ))?;
    Ok(())
}

fn report(quiet: &[Asked], busy: &[Asked], marks: &HashMap<String, String>) -> Result<ExitCode> {
    let mut tails = Vec::new();
    for (name, asked) in [("without reloads", quiet), ("through reloads", busy)] {
        let mut waited: Vec<Duration> = asked.iter().map(|asked| asked.waited).collect();
        waited.sort_unstable();
        let longest = waited.last().copied().unwrap_or_default();
        tails.push(longest);
        output::line(&format!(
            "{name}: {} questions, p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
            asked.len(),
            percentile_ms(&waited, 50),
            percentile_ms(&waited, 95),
            percentile_ms(&waited, 99),
            longest.as_secs_f64() * 1e3
        ))?;
    }
    let failed_n = busy.iter().filter(|asked| asked.turn.is_err()).count();
    let (mixed_n, checked_n) = mixed(busy, marks);
    output::line(&format!(
        "{failed_n} failed; {mixed_n} of {checked_n} answers on the edited article are of two versions"
    ))?;
    let more = match tails.as_slice() {
        [quiet, busy] => busy.saturating_sub(*quiet),
        _ => Duration::ZERO,
    };
    output::line(&format!("the longest wait grew by {:.1} ms", more.as_secs_f64() * 1e3))?;
    let is_good = failed_n == 0 && mixed_n == 0 && more <= WAIT_MAX;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

impl Edited {
    /// The first Finnish article whose own questions are answered from its lead.
    fn choose(config: &Config, publisher: &Publisher) -> Result<Self> {
        let content = publisher.assistant().content();
        let topic = content.knowledge.topics.first().context("there are no articles")?;
        let [article, ..] = &topic.articles;
        let file = config.content.root.join(&article.path);
        let questions = golden::questions(&content.knowledge).into_iter();
        let own = questions.filter(|q| q.language == article.language && q.topics.contains(&topic.id));
        Ok(Self { text: fs_err::read_to_string(&file)?, file, questions: own.map(|q| q.text).collect() })
    }
}

/// How many answers on the edited article show another mark than their version has, and how many show one.
fn mixed(asked: &[Asked], marks: &HashMap<String, String>) -> (usize, usize) {
    let turns = asked.iter().filter_map(|asked| asked.turn.as_ref().ok());
    let (mut mixed_n, mut checked_n) = (0, 0);
    for turn in turns {
        if let Reply::Answer { citation, .. } = &turn.reply {
            let shown = marks.values().find(|mark| turn.text.contains(mark.as_str()));
            let expected = marks.get(turn.version.as_str());
            checked_n += usize::from(shown.is_some());
            let is_mixed = citation.version != turn.version || shown.is_some() && shown != expected;
            mixed_n += usize::from(is_mixed);
        }
    }
    (mixed_n, checked_n)
}

/// A word that no text has, another for each reload: figures are refused.
fn mark(n: usize) -> String {
    let letters = "abcdefghij";
    let digit = |n: usize| letters.chars().nth(n % 10).unwrap_or('a');
    format!("Koemerkki{}{}.", digit(n / 10), digit(n))
}

fn texts(arguments: &Arguments) -> Result<Vec<String>> {
    let text = fs_err::read_to_string(&arguments.questions)?;
    let set = questions::read(&text).with_context(|| arguments.questions.display().to_string())?;
    Ok(set.into_iter().map(|question| question.text).collect())
}

fn copy(root: &Path, to: &Path) -> Result<()> {
    let source = crate::knowledge::Source::read(root)?;
    for (path, text) in source.files() {
        let file = to.join(path);
        fs_err::create_dir_all(file.parent().unwrap_or(to))?;
        fs_err::write(file, text)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn now() -> Instant {
    Instant::now()
}
