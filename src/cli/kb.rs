//! `neuvo kb`: the knowledge base.

use crate::app;
use crate::cli::{FAILED, output};
use crate::config::Config;
use crate::conversation;
use crate::domain::Language;
use crate::evaluation::{self, fit, fit_conversation, questions};
use crate::knowledge::{self, Severity};
use crate::retrieval::{Calibration, Mode, Vectors, calibration};
use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Check the knowledge base and fit its calibration
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Check all content; every finding has file, line and what to do
    Check {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Fit the weights and thresholds of retrieval on tuning questions and write `knowledge/calibration.toml`
    Fit {
        /// Tab-separated questions with the columns lang, text and topic; an empty topic marks what guidance cannot answer
        #[arg(required = true)]
        questions: Vec<PathBuf>,
        /// The share of the tuning messages that may be answered wrong, 0 to 1
        #[arg(long, default_value_t = 0.045, value_name = "SHARE")]
        wrong_max: f32,
    },
    /// Fit when a person is called in and when a message goes on with the topic so far, and write `intents/calibration.toml`
    FitConversation {
        /// Tab-separated messages with the columns lang, text and group
        #[arg(long, value_name = "FILE")]
        situations: PathBuf,
        /// Tab-separated dialogues with the columns dialogue_id, turn, lang, user_text and expected_topic
        #[arg(long, value_name = "FILE")]
        dialogues: PathBuf,
    },
}

pub(super) fn run(config: &Config, command: &Command, day: Date) -> Result<ExitCode> {
    match command {
        Command::Check { json } => check(config, *json, day),
        Command::Fit { questions, wrong_max } => fit_calibration(config, questions, *wrong_max, day),
        Command::FitConversation { situations, dialogues } => fit_conversation(config, situations, dialogues, day),
    }
}

fn check(config: &Config, json: bool, day: Date) -> Result<ExitCode> {
    let loaded = knowledge::load(&config.content.root, day)?;
    let errors_n = loaded.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if json {
        let version = loaded.knowledge.as_ref().map(|knowledge| knowledge.version.as_str());
        let report = serde_json::json!({ "version": version, "errors": errors_n, "findings": loaded.findings });
        output::line(&serde_json::to_string_pretty(&report)?)?;
    } else {
        for finding in &loaded.findings {
            output::line(&finding.to_string())?;
        }
        let warnings_n = loaded.findings.len() - errors_n;
        match &loaded.knowledge {
            Some(knowledge) => output::line(&format!(
                "version {}: {} topics in {} languages, {} facts, {} intents; {warnings_n} warnings",
                knowledge.version,
                knowledge.topics.len(),
                Language::ALL.len(),
                knowledge.facts.len(),
                knowledge.intents.intents.len(),
            ))?,
            None => output::line(&format!("{errors_n} errors, {warnings_n} warnings"))?,
        }
    }
    Ok(if errors_n == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn fit_calibration(config: &Config, files: &[PathBuf], wrong_max: f32, day: Date) -> Result<ExitCode> {
    let mut set = Vec::new();
    for file in files {
        let text = fs_err::read_to_string(file)?;
        set.extend(questions::read(&text).with_context(|| file.display().to_string())?);
    }
    if set.is_empty() {
        bail!("there are no questions to fit on: name files with questions");
    }
    let vectors = Vectors::cached(app::encoder(config)?, &config.data.folder);
    let knowledge = app::knowledge(config, day)?;
    let (understanding, retrieval) =
        app::stages(&knowledge, Calibration::unfitted(), &vectors, Arc::clone(vectors.encoder()))?;
    output::note(&format!("ranking {} questions", set.len()));
    let mut tuned = fit::rank(&knowledge, &understanding, &retrieval, &set, day);
    let off_topic_n = tuned.iter().filter(|tuned| tuned.right.is_empty()).count();
    let names: Vec<_> = files.iter().filter_map(|file| file.file_name()).map(|name| name.to_string_lossy()).collect();
    let obtained = format!(
        "neuvo kb fit {} on {day}: {} questions, {off_topic_n} of them off topic; model {}; at most {} % answered wrong",
        names.join(" "),
        tuned.len(),
        vectors.encoder().fingerprint(),
        wrong_max * 100.0,
    );
    let fitted = fit::fit(&mut tuned, wrong_max, obtained);
    for mode in Mode::ALL {
        output::line(&format!(
            "{:8} top-1 {:.1} % of the tuning questions",
            mode.name(),
            100.0 * fit::top_1(&fitted, &tuned, mode)
        ))?;
    }
    output::line(&format!("answer from {:.3}, ask back from {:.3}", fitted.answer_from, fitted.clarify_from))?;
    let path = config.content.root.join(calibration::PATH);
    fs_err::write(&path, fitted.write()?)?;
    output::line(&format!("wrote {}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn fit_conversation(config: &Config, situations: &Path, dialogues: &Path, day: Date) -> Result<ExitCode> {
    let read = |file: &Path| fs_err::read_to_string(file);
    let messages =
        evaluation::situations::read(&read(situations)?).with_context(|| situations.display().to_string())?;
    let turns = evaluation::dialogues::read(&read(dialogues)?).with_context(|| dialogues.display().to_string())?;
    let vectors = Vectors::cached(app::encoder(config)?, &config.data.folder);
    let content = app::content(config, &vectors, day)?;
    let name = |file: &Path| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let obtained = format!("neuvo kb fit-conversation {} {} on {day}", name(situations), name(dialogues));
    let fitted = fit_conversation::fit(&content, &messages, &turns, day, &obtained);
    output::line(&fitted.obtained)?;
    let path = config.content.root.join(conversation::calibration::PATH);
    fs_err::write(&path, fitted.write()?)?;
    output::line(&format!("wrote {}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}
