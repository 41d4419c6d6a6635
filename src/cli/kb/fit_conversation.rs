//! `neuvo kb fit-conversation`: weights and thresholds from messages with their life situation, and from dialogues.

use crate::app;
use crate::assistant::Content;
use crate::cli::output;
use crate::config::Config;
use crate::conversation;
use crate::evaluation::{dialogues, fit_conversation, situations};
use crate::retrieval::Vectors;
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Fit when a person is called in and when a message goes on with the topic so far
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Tab-separated messages with the columns lang, text and group
    #[arg(long, value_name = "FILE")]
    situations: PathBuf,
    /// Tab-separated dialogues with the columns `dialogue_id`, turn, lang, `user_text` and `expected_topic`; several files are bounded
    /// each by itself
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    dialogues: Vec<PathBuf>,
}

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let Arguments { situations: messages_file, dialogues: turns_files } = arguments;
    let messages = situations::read(&fs_err::read_to_string(messages_file)?)
        .with_context(|| messages_file.display().to_string())?;
    let turns =
        |file: &PathBuf| dialogues::read(&fs_err::read_to_string(file)?).with_context(|| file.display().to_string());
    let sets = turns_files.iter().map(turns).collect::<Result<Vec<_>>>()?;
    let vectors = Vectors::cached(app::encoder(config)?, &config.data.folder);
    let knowledge = app::knowledge(config, day)?;
    let asked = Arc::clone(vectors.encoder());
    let (understanding, retrieval) = app::stages(&knowledge, app::calibration(config)?, &vectors, asked)?;
    // What is fitted here is not read: it may be of another version of the program.
    let content = Content {
        knowledge,
        understanding: Box::new(understanding),
        retrieval: Box::new(retrieval),
        conversation: conversation::Calibration::default(),
    };
    let name = |file: &Path| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names: Vec<String> = std::iter::once(messages_file).chain(turns_files).map(|file| name(file)).collect();
    let obtained = format!("neuvo kb fit-conversation {} on {day}", names.join(" "));
    let fitted = fit_conversation::fit(&content, &messages, &sets, day, &obtained);
    output::line(&fitted.obtained)?;
    let path = config.content.root.join(conversation::calibration::PATH);
    fs_err::write(&path, fitted.write()?)?;
    output::line(&format!("wrote {}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}
