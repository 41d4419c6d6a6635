//! `neuvo kb preview`: an article as citizens read and hear it, on any day.

use crate::app;
use crate::cli::output;
use crate::config::Config;
use crate::domain::{Fact, Language, TopicId};
use crate::knowledge::{Article, Knowledge, Section, figures};
use crate::reply::{markdown, spoken};
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Show an article
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The topic's id, such as `housing-allowance.moving`
    topic: TopicId,
    /// In this language only: fi, sv or en
    #[arg(long, value_name = "LANG")]
    lang: Option<Language>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// An article on a day.
#[derive(Serialize)]
struct Preview {
    lang: Language,
    title: String,
    source: String,
    checked: Date,
    parts: Vec<Part>,
    facts: Vec<FactLine>,
}

/// A part as it is read and as it is heard.
#[derive(Serialize)]
struct Part {
    heading: Option<String>,
    chat: String,
    speech: String,
}

/// A fact of the article.
#[derive(Serialize)]
struct FactLine {
    fact: String,
    value: String,
    from: Option<Date>,
    /// The next value that is known, with its first day.
    next: Option<(Date, String)>,
    source: String,
}

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let knowledge = app::knowledge(config, day)?;
    let topic = knowledge.topic(&arguments.topic);
    let topic =
        topic.with_context(|| format!("`{}` has no article: `neuvo kb new {0}` begins one", arguments.topic))?;
    let articles = topic.articles.iter().filter(|article| arguments.lang.is_none_or(|lang| article.language == lang));
    let previews: Vec<Preview> = articles.map(|article| preview(&knowledge, article, day)).collect();
    if arguments.json {
        let report = serde_json::json!({ "topic": arguments.topic, "day": day, "articles": previews });
        output::line(&serde_json::to_string_pretty(&report)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for preview in &previews {
        show(preview, day)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn preview(knowledge: &Knowledge, article: &Article, day: Date) -> Preview {
    let ids: BTreeSet<&str> = article.parts().flat_map(|part| part.text.facts()).collect();
    Preview {
        lang: article.language,
        title: article.title.clone(),
        source: article.source.clone(),
        checked: article.checked,
        parts: article.parts().map(|part| of_part(knowledge, article, part, day)).collect(),
        facts: ids
            .into_iter()
            .filter_map(|id| knowledge.facts.get(id))
            .map(|f| of_fact(f, article.language, day))
            .collect(),
    }
}

fn of_part(knowledge: &Knowledge, article: &Article, part: &Section, day: Date) -> Part {
    let pieces = part.text.pieces(&knowledge.facts, day).unwrap_or_default();
    let written = part.text.fill(&knowledge.facts, article.language, day).unwrap_or_default();
    Part {
        heading: part.heading.clone(),
        chat: markdown::plain(&written),
        speech: spoken::speak(&pieces, article.language),
    }
}

fn of_fact(fact: &Fact, language: Language, day: Date) -> FactLine {
    let written = |day| fact.on(day).map(|value| figures::write(value, language));
    let holds = fact.values.iter().rev().find(|dated| dated.from <= day);
    let next = fact.values.iter().map(|dated| dated.from).find(|from| day < *from);
    FactLine {
        fact: fact.id.clone(),
        value: written(day).unwrap_or_default(),
        from: holds.map(|dated| dated.from),
        next: next.and_then(|from| Some((from, written(from)?))),
        source: fact.source.clone(),
    }
}

fn show(preview: &Preview, day: Date) -> Result<()> {
    let bold = |text: &str| output::styled(output::BOLD, text);
    output::line(&format!("{}  {}, on {day}", bold(&preview.title), preview.lang))?;
    output::line(&output::styled(output::DIM, &format!("{} (checked {})", preview.source, preview.checked)))?;
    for part in &preview.parts {
        output::line("")?;
        if let Some(heading) = &part.heading {
            output::line(&bold(heading))?;
        }
        output::line(&output::wrapped(&part.chat))?;
        output::line(&output::styled(output::ACCENT, &output::wrapped(&format!("♪ {}", part.speech))))?;
    }
    if !preview.facts.is_empty() {
        output::line(&format!("\n{}", bold("Facts")))?;
    }
    for fact in &preview.facts {
        let since = fact.from.map(|from| format!(" since {from}")).unwrap_or_default();
        let next = fact.next.as_ref().map(|(from, value)| format!("; {value} from {from}")).unwrap_or_default();
        output::line(&format!("{}: {}{since}{next}", fact.fact, fact.value))?;
    }
    output::line("")?;
    Ok(())
}
