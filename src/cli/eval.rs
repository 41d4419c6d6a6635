//! `neuvo eval`: held-out questions.

use crate::app;
use crate::cli::output;
use crate::config::Config;
use crate::evaluation::{Graded, Question, ask_all, confusion, questions, table};
use crate::retrieval::Mode;
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Measure the answers on held-out questions
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Tab-separated questions with the columns lang, text and topic (`a|b` where both are right; empty where guidance has no answer)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Also rank with BM25 alone and with vectors alone
    #[arg(long)]
    compare: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// How many of the worst confusions to show
    #[arg(long, default_value_t = 12)]
    confusions: usize,
    /// Write each question's result as tab-separated values to this file
    #[arg(long, value_name = "FILE")]
    details: Option<PathBuf>,
}

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let assistant = app::assistant(config, day)?;
    let mut reports = Vec::new();
    let mut details = String::from("file\tline\tlang\toutcome\tconfidence\tright\tfound\n");
    for file in &arguments.files {
        let set = questions::read(&fs_err::read_to_string(file)?).with_context(|| file.display().to_string())?;
        let graded = ask_all(&assistant, &set, day);
        let figures = table::figures(&graded);
        let confusions = confusion::confusions(&graded);
        detail(&mut details, file, &graded);
        if arguments.json {
            reports.push(serde_json::json!({ "file": file, "figures": figures, "confusions": confusions }));
        } else {
            output::line(&output::styled(output::BOLD, &file.display().to_string()))?;
            output::line(&table::table(&figures))?;
            for confusion in confusions.iter().take(arguments.confusions) {
                output::line(&format!(
                    "{} × {} taken for {} (lines {})",
                    confusion.times_n,
                    confusion.right,
                    confusion.found,
                    confusion.numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                ))?;
            }
        }
        if arguments.compare {
            compare(config, &set, day)?;
        }
    }
    if arguments.json {
        output::line(&serde_json::to_string_pretty(&reports)?)?;
    }
    if let Some(path) = &arguments.details {
        fs_err::write(path, details)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Ranks the same questions with each half of retrieval alone.
fn compare(config: &Config, set: &[Question], day: Date) -> Result<()> {
    for (mode, shares) in app::compare(config, set, day)? {
        let cells: Vec<String> =
            shares.iter().map(|(group, share)| format!("{group} {:.1} %", share * 100.0)).collect();
        output::line(&format!("{:8} top-1: {}", Mode::name(mode), cells.join("  ")))?;
    }
    Ok(())
}

fn detail(out: &mut String, file: &Path, graded: &[Graded]) {
    for question in graded {
        let ids =
            |topics: &[crate::domain::TopicId]| topics.iter().map(ToString::to_string).collect::<Vec<_>>().join("|");
        let outcome = serde_json::to_value(question.outcome).unwrap_or_default();
        out.push_str(&format!(
            "{}\t{}\t{}\t{}\t{:.3}\t{}\t{}\n",
            file.display(),
            question.number,
            question.language,
            outcome.as_str().unwrap_or_default(),
            question.confidence,
            ids(&question.right),
            ids(&question.found),
        ));
    }
}
