//! `neuvo transcribe`: what is said in recordings, as a caller would be understood.

use crate::app;
use crate::app::speech::{Speech, spellings};
use crate::cli::output;
use crate::config::Config;
use crate::domain::Language;
use crate::speech::{Heard, Recording};
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use serde::Serialize;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Write down what is said in WAV files
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// WAV files of any rate; they are heard as the telephone carries them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The language that is spoken: fi, sv or en
    #[arg(long, value_name = "LANG", default_value = "fi")]
    lang: Language,
    /// Print one JSON object a file
    #[arg(long)]
    json: bool,
}

/// What was heard in a file.
#[derive(Debug, Serialize)]
struct Transcribed {
    file: String,
    lang: Language,
    seconds: f64,
    /// Milliseconds that it took.
    ms: f64,
    turns: Vec<Turn>,
}

/// What was said in one go; `text` is null where nothing was.
#[derive(Debug, Serialize)]
struct Turn {
    text: Option<String>,
    others: Vec<String>,
    certainty: f32,
}

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let knowledge = app::knowledge(config, day)?;
    let speech = Speech::open(config, spellings(&knowledge))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for file in &arguments.files {
        let found = runtime.block_on(transcribe(&speech, file, arguments.lang))?;
        if arguments.json {
            output::line(&serde_json::to_string(&found)?)?;
        } else {
            show(&found)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::disallowed_methods, reason = "tells how long it took")]
async fn transcribe(speech: &Speech, file: &Path, lang: Language) -> Result<Transcribed> {
    let place = || file.display().to_string();
    let recording = Recording::read(BufReader::new(fs_err::File::open(file)?)).with_context(place)?;
    let line = recording.line()?;
    let begin = Instant::now();
    let heard = speech.transcribe(&line, lang).await.with_context(place)?;
    let ms = begin.elapsed().as_secs_f64() * 1e3;
    let turns = heard.into_iter().map(|heard| match heard {
        Heard::Nothing => Turn { text: None, others: Vec::new(), certainty: 0.0 },
        Heard::Words(words) => Turn { text: Some(words.text), others: words.others, certainty: words.certainty },
    });
    Ok(Transcribed { file: place(), lang, seconds: recording.seconds(), ms, turns: turns.collect() })
}

fn show(found: &Transcribed) -> Result<()> {
    let head = format!("{} ({:.1} s, took {:.0} ms)", found.file, found.seconds, found.ms);
    output::line(&output::styled(output::DIM, &head))?;
    for turn in &found.turns {
        match &turn.text {
            None => output::line("(no words)")?,
            Some(text) => {
                output::line(&output::wrapped(text))?;
                let sure = format!("{:.0} % sure", turn.certainty * 100.0);
                let others = turn.others.iter().map(|other| format!("or: {other}"));
                for line in std::iter::once(sure).chain(others) {
                    output::line(&output::styled(output::DIM, &format!("  {line}")))?;
                }
            }
        }
    }
    Ok(())
}
