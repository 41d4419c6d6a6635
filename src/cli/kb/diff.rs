//! `neuvo kb diff`: what changes for citizens between a kept version and the content folder.

use crate::app;
use crate::app::serve::place;
use crate::assistant::Assistant;
use crate::cli::output;
use crate::config::Config;
use crate::conversation::Conversation;
use crate::domain::{Language, Reply};
use crate::evaluation::{Question, golden};
use crate::knowledge::{Changes, Knowledge, Source, Versions, figures};
use crate::store::{Place, Store};
use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Show what changes for citizens
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The version to compare the content folder with; the live one where none is named
    version: Option<String>,
    /// Golden questions of untouched topics that are asked too
    #[arg(long, default_value_t = 300, value_name = "N")]
    sample: usize,
    /// Questions of citizens that got no answer last, asked too where this machine has the store
    #[arg(long, default_value_t = 50, value_name = "N")]
    unanswered: usize,
    /// Compare texts and facts only, and ask nothing
    #[arg(long)]
    texts: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A question that is answered otherwise.
#[derive(Debug, Serialize)]
struct Otherwise {
    lang: Language,
    question: String,
    before: Said,
    after: Said,
}

/// How a question is answered.
#[derive(Debug, PartialEq, Serialize)]
struct Said {
    outcome: String,
    topic: Option<String>,
    text: String,
}

/// Questions of touched topics that are asked at most.
const TOUCHED_MAX: usize = 2_000;
/// Unchanged lines around a changed one.
const AROUND: usize = 1;

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let versions = Versions::new(&config.content.versions, config.content.versions_n_max);
    let version = match &arguments.version {
        Some(version) => version.clone(),
        None => versions.record()?.current.context("no version was live yet: `neuvo serve` keeps the first")?,
    };
    let Some(before) = versions.open(&version)? else {
        bail!("version `{version}` is not kept: `neuvo kb history` lists those that are");
    };
    let after = Source::read(&config.content.root)?;
    let (old, new) = (app::checked(&before, day)?, app::checked(&after, day)?);
    let changes = Changes::between(&old, &new);
    let files = differing(&before, &after);
    let answers = if arguments.texts || version == new.version.as_str() {
        Vec::new()
    } else {
        let mut questions = golden::sample(&old, &changes.touched, TOUCHED_MAX, 0);
        let asked: BTreeSet<_> = questions.iter().map(|q| (q.language, q.text.clone())).collect();
        let of_new = golden::sample(&new, &changes.touched, TOUCHED_MAX, arguments.sample);
        questions.extend(of_new.into_iter().filter(|q| !asked.contains(&(q.language, q.text.clone()))));
        let golden_n = questions.len();
        questions.extend(unanswered(config, arguments.unanswered)?);
        output::note(&format!(
            "asking {golden_n} golden questions of both versions, and {} that got no answer last",
            questions.len() - golden_n
        ));
        // The folder's is built last, so that what is learnt from it stays in the cache.
        let said_before = ask(&app::over(config, &before, day)?, &questions, day);
        let said_after = ask(&app::over(config, &after, day)?, &questions, day);
        let pairs = questions.into_iter().zip(said_before.into_iter().zip(said_after));
        pairs
            .filter(|(_, (before, after))| before != after)
            .map(|(q, (before, after))| Otherwise { lang: q.language, question: q.text, before, after })
            .collect()
    };
    if arguments.json {
        let report = serde_json::json!({
            "before": version, "after": new.version.as_str(), "changes": changes,
            "files": files.iter().map(|(path, ..)| path).collect::<Vec<_>>(), "answers": answers,
        });
        output::line(&serde_json::to_string_pretty(&report)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&format!("version {version} → {}", new.version))?;
    for (path, before, after) in &files {
        output::line(&output::styled(output::BOLD, path))?;
        show_lines(before, after)?;
    }
    show_facts(&changes, (&old, &new), day)?;
    for answer in &answers {
        output::line(&format!("\n{} {}", answer.lang, output::styled(output::BOLD, &answer.question)))?;
        let named = |said: &Said| format!("{} {}", said.outcome, said.topic.as_deref().unwrap_or("-"));
        output::line(&format!("  {} → {}", named(&answer.before), named(&answer.after)))?;
        show_lines(&answer.before.text, &answer.after.text)?;
    }
    output::line(&format!("{} files differ, {} answers differ", files.len(), answers.len()))?;
    Ok(ExitCode::SUCCESS)
}

fn differing(before: &Source, after: &Source) -> Vec<(String, String, String)> {
    let paths: BTreeSet<&str> = before.files().chain(after.files()).map(|(path, _)| path).collect();
    let both = |path: &str| [before, after].map(|source| source.file(path).unwrap_or_default().to_owned());
    let all = paths.into_iter().map(|path| (path.to_owned(), both(path)));
    all.filter(|(_, [a, b])| a != b).map(|(path, [a, b])| (path, a, b)).collect()
}

fn show_lines(before: &str, after: &str) -> Result<()> {
    let colour = |colour: AnsiColor| Style::new().fg_color(Some(anstyle::Color::Ansi(colour)));
    let diff = TextDiff::from_lines(before, after);
    for op in diff.grouped_ops(AROUND).iter().flatten() {
        for change in diff.iter_changes(op) {
            let line = change.value().trim_end();
            output::line(&match change.tag() {
                ChangeTag::Delete => output::styled(colour(AnsiColor::Red), &format!("  - {line}")),
                ChangeTag::Insert => output::styled(colour(AnsiColor::Green), &format!("  + {line}")),
                ChangeTag::Equal => output::styled(output::DIM, &format!("    {line}")),
            })?;
        }
    }
    Ok(())
}

fn show_facts(changes: &Changes, (old, new): (&Knowledge, &Knowledge), day: Date) -> Result<()> {
    for id in &changes.facts {
        let written = |knowledge: &Knowledge| {
            let value = knowledge.facts.get(id).and_then(|fact| fact.on(day));
            value.map_or_else(|| "nothing".to_owned(), |value| figures::write(value, Language::En))
        };
        let (before, after) = (written(old), written(new));
        let what = if before == after {
            format!("{before} today, other values or notes")
        } else {
            format!("{before} → {after}")
        };
        output::line(&format!("fact {id}: {what}"))?;
    }
    Ok(())
}

/// The questions that got no answer last, as citizens asked them; none where the service keeps its conversations elsewhere.
fn unanswered(config: &Config, questions_max: usize) -> Result<Vec<Question>> {
    let place = place(config);
    if questions_max == 0 || matches!(&place, Place::File(file) if !file.is_file()) {
        return Ok(Vec::new());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let kept = runtime.block_on(async {
        let store = Store::open(&place).await?;
        let kept = store.unanswered(questions_max).await;
        store.close().await;
        kept
    })?;
    let question = |(at, kept): (usize, crate::store::Unanswered)| Question {
        number: at + 1,
        language: kept.language,
        text: kept.text,
        topics: Vec::new(),
    };
    Ok(kept.into_iter().enumerate().map(question).collect())
}

fn ask(assistant: &Assistant, questions: &[Question], day: Date) -> Vec<Said> {
    golden::utterances(questions)
        .map(|(question, utterance)| {
            let turn = assistant.turn(&mut Conversation::default(), &utterance, Some(question.language), day);
            let outcome = serde_json::to_value(turn.reply.outcome()).unwrap_or_default();
            let topic = match &turn.reply {
                Reply::Answer { citation, .. } => Some(citation.topic.to_string()),
                _ => None,
            };
            Said { outcome: outcome.as_str().unwrap_or_default().to_owned(), topic, text: turn.body }
        })
        .collect()
}
