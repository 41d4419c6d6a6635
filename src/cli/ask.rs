//! `neuvo ask`: one question in the terminal, or a file of them.

use crate::app;
use crate::assistant::Turn;
use crate::cli::{batch, output};
use crate::config::Config;
use crate::conversation::Conversation;
use crate::domain::{Language, Reply, Utterance};
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use std::path::PathBuf;
use std::process::ExitCode;

/// Ask a question, or a file of questions, in the terminal
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The question
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    question: Option<String>,
    /// Answer in this language where the question leaves it open: fi, sv or en
    #[arg(long, value_name = "LANG")]
    lang: Option<Language>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Read questions from a file of JSON lines ("-" for standard input) and write one JSON line for each:
    /// {"id", "text", "conversation"?, "lang"?}
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
}

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let assistant = app::assistant(config, day)?;
    if let Some(file) = &arguments.batch {
        return batch::run(&assistant, file, day);
    }
    let question = arguments.question.as_deref().unwrap_or_default();
    let utterance = Utterance::parse(question).context("cannot read the question")?;
    let turn = assistant.turn(&mut Conversation::default(), &utterance, arguments.lang, day);
    if arguments.json {
        output::line(&serde_json::to_string_pretty(&batch::Line::of("ask", None, &turn))?)?;
    } else {
        show(&turn)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows a turn to a person.
fn show(turn: &Turn) -> Result<()> {
    output::line("")?;
    let (text, source) = match &turn.reply {
        Reply::Answer { .. } => turn.text.rsplit_once("\n\n").unwrap_or((&turn.text, "")),
        _ => (turn.text.as_str(), ""),
    };
    let mut lines = text.lines();
    if let Reply::Answer { passages, .. } = &turn.reply
        && passages.first().is_some_and(|passage| passage.heading.is_some())
        && let Some(heading) = lines.next()
    {
        output::line(&output::styled(output::BOLD, heading))?;
    }
    output::line(&output::wrapped(&lines.collect::<Vec<_>>().join("\n")))?;
    if !source.is_empty() {
        output::line("")?;
        output::line(&output::styled(output::DIM, source))?;
    }
    if let Reply::Answer { next, .. } = &turn.reply {
        for quick in next {
            output::line(&format!("{} {}", output::styled(output::ACCENT, "→"), quick.title))?;
        }
    }
    Ok(())
}
