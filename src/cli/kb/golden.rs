//! `neuvo kb test`: the golden questions, the confusions among them, and the recorded level.

use crate::app;
use crate::cli::{FAILED, output};
use crate::config::Config;
use crate::domain::Language;
use crate::evaluation::golden::{self, Level};
use crate::evaluation::{Graded, Question, ask_all, confusion, table};
use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Ask the golden questions
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Ask in this language only: fi, sv or en
    #[arg(long, value_name = "LANG")]
    lang: Option<Language>,
    /// Write what is reached as the recorded level
    #[arg(long, conflicts_with = "lang")]
    record: bool,
    /// How many of the worst confusions to show
    #[arg(long, default_value_t = 12)]
    confusions: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Questions that are asked in one go, between two steps of the progress bar.
const BATCH: usize = 32;

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let path = config.content.root.join(golden::PATH);
    let recorded = if path.try_exists()? { Some(Level::parse(&fs_err::read_to_string(&path)?)?) } else { None };
    let (assistant, mut questions) = app::golden(config, day)?;
    questions.retain(|question| arguments.lang.is_none_or(|language| question.language == language));
    if questions.is_empty() {
        bail!("there are no golden questions: write articles with `questions`");
    }
    let bar = ProgressBar::new(questions.len() as u64)
        .with_style(ProgressStyle::with_template("asking the golden questions {wide_bar} {pos}/{len}")?);
    let graded: Vec<Graded> = questions
        .par_chunks(BATCH)
        .flat_map(|batch| {
            let graded = ask_all(&assistant, batch, day);
            bar.inc(batch.len() as u64);
            graded
        })
        .collect();
    bar.finish_and_clear();
    let obtained = format!("neuvo kb test --record on {day}: {} questions of the articles themselves", graded.len());
    let reached = Level::of(&graded, obtained);
    let below = recorded.as_ref().map_or_else(Vec::new, |recorded| {
        let mut recorded = recorded.clone();
        recorded.languages.retain(|language, _| arguments.lang.is_none_or(|asked| asked == *language));
        reached.below(&recorded)
    });
    report(arguments, &questions, &graded, &below)?;
    if arguments.record {
        fs_err::write(&path, toml::to_string_pretty(&reached)?)?;
        output::note(&format!("wrote {}", path.display()));
        return Ok(ExitCode::SUCCESS);
    }
    if recorded.is_none() {
        output::note("no level is recorded: `neuvo kb test --record` writes it");
    }
    for line in &below {
        output::error(&format!("below the recorded level: {line}"));
    }
    Ok(if below.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn report(arguments: &Arguments, questions: &[Question], graded: &[Graded], below: &[String]) -> Result<()> {
    let figures = table::figures(graded);
    let texts: BTreeMap<usize, &str> = questions.iter().map(|q| (q.number, q.text.as_str())).collect();
    let confusions: Vec<_> = confusion::confusions(graded)
        .into_iter()
        .take(arguments.confusions)
        .map(|confusion| {
            let asked: Vec<&str> = confusion.numbers.iter().filter_map(|n| texts.get(n).copied()).collect();
            (confusion, asked)
        })
        .collect();
    if arguments.json {
        let confusions: Vec<_> = confusions
            .iter()
            .map(|(confusion, asked)| {
                serde_json::json!({ "right": confusion.right, "found": confusion.found, "questions": asked })
            })
            .collect();
        let report = serde_json::json!({ "figures": figures, "confusions": confusions, "below": below });
        output::line(&serde_json::to_string_pretty(&report)?)?;
        return Ok(());
    }
    output::line(&table::table(&figures))?;
    for (confusion, asked) in confusions {
        output::line(&format!("{} × {} taken for {}", confusion.times_n, confusion.right, confusion.found))?;
        for text in asked {
            output::line(&format!("    {text}"))?;
        }
    }
    Ok(())
}
