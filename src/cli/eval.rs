//! `neuvo eval`: held-out questions.

use crate::app;
use crate::assistant::Assistant;
use crate::cli::{output, spoken};
use crate::config::Config;
use crate::domain::{SituationGroup, TopicId};
use crate::evaluation::facts::{self, FactQuestion};
use crate::evaluation::sections::{self, SectionQuestion, Shown};
use crate::evaluation::{Graded, Question, ask_all, confusion, dialogues, questions, situations, table};
use crate::retrieval::Mode;
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Measure the answers on held-out questions
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Tab-separated questions (columns lang, text and topic: `a|b` where both are right, empty where guidance has no answer), messages with their
    /// life situation (lang, text and group), questions for a figure (question, lang, topic and pattern), questions
    /// with the section that answers (lang, text, topic and section) or dialogues (`dialogue_id`, `turn`, `lang`, `user_text` and `expected_topic`)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Also rank with BM25 alone and with vectors alone
    #[arg(long)]
    compare: bool,
    /// Ask so many questions of each language as callers do: spoken by the configured voices, over a telephone line, heard again
    #[arg(long, value_name = "COUNT", conflicts_with = "json")]
    spoken: Option<usize>,
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
        let text = fs_err::read_to_string(file)?;
        let named = || file.display().to_string();
        if !arguments.json {
            output::line(&output::styled(output::BOLD, &named()))?;
        }
        let header = text.lines().next().unwrap_or_default();
        let report = if header.contains("dialogue_id") {
            let turns = dialogues::read(&text).with_context(named)?;
            follow(&assistant, &turns, arguments, day)?
        } else if header.split('\t').any(|column| column == "group") {
            let messages = situations::read(&text).with_context(named)?;
            judge(&assistant, &messages, arguments, day)?
        } else if facts::is_header(header) {
            let set = facts::read(&text).with_context(named)?;
            tell(&assistant, &set, arguments, day)?
        } else if sections::is_header(header) {
            let set = sections::read(&text, &assistant.content().knowledge).with_context(named)?;
            show(&assistant, &set, arguments, day)?
        } else {
            let set = questions::read(&text).with_context(named)?;
            if let Some(each_n) = arguments.spoken {
                spoken::compare(
                    &assistant,
                    &spoken::speech(config, &assistant.content().knowledge)?,
                    &set,
                    each_n,
                    day,
                )?;
                continue;
            }
            let graded = ask_all(&assistant, &set, day);
            detail(&mut details, file, &graded);
            let report = ask(&graded, arguments)?;
            if arguments.compare {
                compare(config, &set, day)?;
            }
            report
        };
        if let serde_json::Value::Object(mut report) = report {
            report.insert("file".to_owned(), named().into());
            reports.push(report);
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

/// Reports on questions.
fn ask(graded: &[Graded], arguments: &Arguments) -> Result<serde_json::Value> {
    let figures = table::figures(graded);
    let confusions = confusion::confusions(graded);
    if !arguments.json {
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
    Ok(serde_json::json!({ "figures": figures, "confusions": confusions }))
}

/// Reports on life situations.
fn judge(
    assistant: &Assistant,
    messages: &[situations::Message],
    arguments: &Arguments,
    day: Date,
) -> Result<serde_json::Value> {
    let judged = situations::judge_all(assistant, messages, day);
    let (figures, matrix) = (situations::figures(&judged), situations::matrix(&judged));
    if !arguments.json {
        output::line(&table::situations(&figures))?;
        output::line(&table::matrix(&matrix))?;
        let is_mistaken = |j: &&situations::Judged| {
            j.handed_over != matches!(j.right, SituationGroup::Supported | SituationGroup::Crisis)
        };
        for j in judged.iter().filter(is_mistaken).take(arguments.confusions) {
            let (right, seen) = (j.right.as_str(), j.seen.as_str());
            output::line(&format!("line {}: {} {right} seen as {seen}", j.number, j.language))?;
        }
    }
    Ok(serde_json::json!({ "figures": figures, "matrix": matrix }))
}

/// Reports on dialogues.
fn follow(
    assistant: &Assistant,
    turns: &[dialogues::Turn],
    arguments: &Arguments,
    day: Date,
) -> Result<serde_json::Value> {
    let followed = dialogues::follow_all(assistant, turns, day);
    let figures = dialogues::figures(&followed);
    if !arguments.json {
        output::line(&table::dialogues(&figures))?;
        for f in followed.iter().filter(|f| !f.is_right()).take(arguments.confusions) {
            let found = f.found.first().map_or("-", TopicId::as_str);
            let expected = &f.turn.expected;
            output::line(&format!(
                "line {}: {} turn {}: {:?} and {found}, expected {:?} {:?}",
                f.turn.number, f.turn.dialogue, f.turn.place, f.outcome, expected.topics, expected.outcomes
            ))?;
        }
    }
    Ok(serde_json::json!({ "figures": figures }))
}

/// Reports on questions for a figure.
fn tell(assistant: &Assistant, set: &[FactQuestion], arguments: &Arguments, day: Date) -> Result<serde_json::Value> {
    let asked = facts::ask_all(assistant, set, day);
    let figures = facts::figures(&asked);
    if !arguments.json {
        output::line(&table::facts(&figures))?;
        let is_short = |one: &&facts::Asked<'_>| matches!(one.told, facts::Told::NoFigure | facts::Told::Wrong);
        for one in asked.iter().filter(is_short).take(arguments.confusions) {
            let found = one.found.as_ref().map_or("-", TopicId::as_str);
            let FactQuestion { number, language, topics, .. } = one.question;
            output::line(&format!("line {number}: {language} {:?}, {found} first, expected {topics:?}", one.told))?;
        }
    }
    Ok(serde_json::json!({ "figures": figures }))
}

/// Reports on questions with their sections.
fn show(assistant: &Assistant, set: &[SectionQuestion], arguments: &Arguments, day: Date) -> Result<serde_json::Value> {
    let asked = sections::ask_all(assistant, set, day);
    let figures = sections::figures(&asked);
    if !arguments.json {
        output::line(&table::sections(&figures))?;
        for one in asked.iter().filter(|one| one.shown == Shown::Other).take(arguments.confusions) {
            let SectionQuestion { number, language, topic, right, .. } = one.question;
            output::line(&format!("line {number}: {language} {topic}, parts {right:?} were not shown"))?;
        }
    }
    Ok(serde_json::json!({ "figures": figures }))
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
        let ids = |topics: &[TopicId]| topics.iter().map(ToString::to_string).collect::<Vec<_>>().join("|");
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
