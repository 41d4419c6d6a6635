//! `neuvo bench speech`: how well and how fast callers are understood, beside a peer; voice activity; what is said on noise.

use super::hearing;
use super::memory_mb;
use crate::app;
use crate::app::speech::{Speech, spellings};
use crate::cli::output;
use crate::config::Config;
use crate::domain::Language;
use crate::speech::sounds::sounds_without_speech;
use crate::speech::{Heard, Pcm, Recording};
use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Measure how callers are understood
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A table with a header and the columns file, lang and text, tab-separated
    clips: PathBuf,
    /// The folder with the WAV files
    folder: PathBuf,
    /// Figures of another engine on the same clips: what `benches/faster_whisper_peer.py` prints
    #[arg(long, value_name = "FILE")]
    peer: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A recording and what is said in it.
pub(super) struct Clip {
    pub language: Language,
    pub text: String,
    pub samples: Vec<i16>,
}

/// What was measured of one engine.
#[derive(Debug, Serialize, Deserialize)]
struct Figures {
    engine: String,
    /// Word and character error rates in percent, Finnish, Swedish, English.
    wer: [f64; 3],
    cer: [f64; 3],
    /// Milliseconds an utterance: on the clock, and of the processor.
    median_ms: f64,
    least_ms: f64,
    median_cpu_ms: f64,
}

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let mut config = config.clone();
    // One at a time: times of one utterance on one core.
    config.speech.recognisers_n = 1;
    config.speech.recognise_seconds_max = 120;
    let clips = read(&arguments.clips, &arguments.folder)?;
    let knowledge = app::knowledge(&config, day)?;
    let speech = Speech::open(&config, spellings(&knowledge))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut figures = vec![runtime.block_on(recognition(&speech, &clips))?];
    if let Some(path) = &arguments.peer {
        let json = fs_err::read_to_string(path)?;
        figures.push(serde_json::from_str(&json).with_context(|| format!("`{}` has no figures", path.display()))?);
    }
    let hearing = hearing::measure(&speech, &clips)?;
    let said = runtime.block_on(on_noise(&speech))?;
    let (now_mb, most_mb) = memory_mb();
    if arguments.json {
        let report = serde_json::json!({
            "clips_n": clips.len(), "engines": figures, "hearing": hearing, "said_on_noise": said, "memory_mb": [now_mb, most_mb],
        });
        output::line(&serde_json::to_string_pretty(&report)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["engine", "fi WER/CER", "sv WER/CER", "en WER/CER", "median ms (least)", "processor ms"]);
    for of in &figures {
        let rates = of.wer.iter().zip(of.cer).map(|(wer, cer)| format!("{wer:.1} / {cer:.1}"));
        let times = [format!("{:.0} ({:.0})", of.median_ms, of.least_ms), format!("{:.0}", of.median_cpu_ms)];
        table.add_row(std::iter::once(of.engine.clone()).chain(rates).chain(times));
    }
    output::line(&table.to_string())?;
    for of in hearing {
        output::line(&of.to_string())?;
    }
    output::line(&format!("said on 60 clips without speech, three languages each: {}", said.len()))?;
    for what in said {
        output::line(&format!("  {what}"))?;
    }
    output::line(&format!("memory {now_mb:.0} MB, at most {most_mb:.0} MB"))?;
    Ok(ExitCode::SUCCESS)
}

fn read(table: &Path, folder: &Path) -> Result<Vec<Clip>> {
    let text = fs_err::read_to_string(table)?;
    let mut clips = Vec::new();
    for (n, line) in text.lines().enumerate().skip(1) {
        let mut columns = line.split('\t');
        let (Some(file), Some(lang), Some(text)) = (columns.next(), columns.next(), columns.next()) else {
            bail!("`{}`, line {}: expected file, lang and text, tab-separated", table.display(), n + 1);
        };
        // A word on its own is no utterance that this is for: callers press keys instead.
        if words(text).len() < 2 {
            continue;
        }
        let recording =
            Recording::read(BufReader::new(fs_err::File::open(folder.join(file))?)).with_context(|| file.to_owned())?;
        clips.push(Clip { language: lang.parse()?, text: text.to_owned(), samples: recording.line()? });
    }
    anyhow::ensure!(!clips.is_empty(), "`{}` names no clips", table.display());
    Ok(clips)
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
async fn recognition(speech: &Speech, clips: &[Clip]) -> Result<Figures> {
    let mut errors = [[Errors::default(); 2]; 3];
    let (mut times_ms, mut processor_ms) = (Vec::new(), Vec::new());
    for clip in clips {
        let (begin, processor) = (Instant::now(), processor_time_ms());
        let heard = speech.recognise.recognise(Pcm::from(clip.samples.as_slice()), clip.language).await?;
        times_ms.push(begin.elapsed().as_secs_f64() * 1e3);
        processor_ms.push(processor_time_ms() - processor);
        let said = match heard {
            Heard::Nothing => Vec::new(),
            Heard::Words(transcript) => words(&transcript.text),
        };
        let meant = words(&clip.text);
        let letters = |words: &[String]| words.join(" ").chars().collect::<Vec<_>>();
        if let Some([by_word, by_letter]) = errors.get_mut(clip.language.index()) {
            by_word.count(&meant, &said);
            by_letter.count(&letters(&meant), &letters(&said));
        }
    }
    times_ms.sort_by(f64::total_cmp);
    processor_ms.sort_by(f64::total_cmp);
    let median = |sorted: &[f64]| sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    Ok(Figures {
        engine: "neuvo".to_owned(),
        wer: errors.map(|[words, _]| words.percent()),
        cer: errors.map(|[_, letters]| letters.percent()),
        median_ms: median(&times_ms),
        least_ms: times_ms.first().copied().unwrap_or_default(),
        median_cpu_ms: median(&processor_ms),
    })
}

/// The names of the sounds on which words were heard, with the language.
async fn on_noise(speech: &Speech) -> Result<Vec<String>> {
    let mut said = Vec::new();
    for sound in sounds_without_speech() {
        for language in Language::ALL {
            let heard = speech.recognise.recognise(Pcm::from(sound.samples.as_slice()), language).await?;
            if matches!(heard, Heard::Words(_)) {
                said.push(format!("{}, {language}", sound.name));
            }
        }
    }
    Ok(said)
}

/// Edits, and what they are counted against.
#[derive(Clone, Copy, Default)]
struct Errors {
    edits_n: usize,
    meant_n: usize,
}

impl Errors {
    fn count<T: PartialEq>(&mut self, meant: &[T], said: &[T]) {
        self.edits_n += edits(meant, said);
        self.meant_n += meant.len();
    }

    #[expect(clippy::cast_precision_loss, reason = "some thousand letters")]
    fn percent(self) -> f64 {
        if self.meant_n == 0 { 0.0 } else { 100.0 * self.edits_n as f64 / self.meant_n as f64 }
    }
}

/// The least insertions, deletions and replacements that make one of the other.
fn edits<T: PartialEq>(meant: &[T], said: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=said.len()).collect();
    for (i, of_meant) in meant.iter().enumerate() {
        let (mut diagonal, mut left) = (i, i + 1);
        for (above, of_said) in row.iter_mut().skip(1).zip(said) {
            let best = (diagonal + usize::from(of_meant != of_said)).min(*above + 1).min(left + 1);
            diagonal = std::mem::replace(above, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Processor time of this process, in steps of ten milliseconds, where the system tells.
pub(super) fn processor_time_ms() -> f64 {
    let stat = fs_err::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |n: usize| after_name.split_whitespace().nth(n).and_then(|n| n.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) * 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (meant, said, n) in
            [("kitten", "sitting", 3), ("", "ab", 2), ("ab", "", 2), ("asumistuki", "asumistuki", 0)]
        {
            assert_eq!(edits(meant.as_bytes(), said.as_bytes()), n, "{meant} {said}");
        }
        assert_eq!(words("Miten haen – asumistukea?"), ["miten", "haen", "asumistukea"]);
    }
}
