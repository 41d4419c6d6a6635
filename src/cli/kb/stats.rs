//! `neuvo kb stats`: how much there is, benefit by benefit.

use crate::app;
use crate::cli::output;
use crate::config::Config;
use crate::domain::Language;
use crate::knowledge::Knowledge;
use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Counts of one benefit, or of all.
#[derive(Clone, Debug, Default, Serialize)]
struct Counts {
    topics_n: usize,
    /// By language, in the order of [`Language::ALL`].
    words_n: [usize; 3],
    questions_n: [usize; 3],
    examples_n: [usize; 3],
    sections_n: usize,
    facts_n: usize,
    /// Facts of which a further value is known.
    facts_switching_n: usize,
    /// The earliest day on which an article was held against its source.
    checked_first: Option<Date>,
    /// The next review.
    review_next: Option<Date>,
}

pub(super) fn run(config: &Config, json: bool, day: Date) -> Result<ExitCode> {
    let knowledge = app::knowledge(config, day)?;
    let by_benefit = count(&knowledge, day);
    if json {
        let report = serde_json::json!({ "version": knowledge.version.as_str(), "benefits": by_benefit });
        output::line(&serde_json::to_string_pretty(&report)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "",
        "topics",
        "sections",
        "words fi",
        "sv",
        "en",
        "questions fi",
        "sv",
        "en",
        "examples",
        "facts",
        "switching",
        "checked from",
        "next review",
    ]);
    for (benefit, counts) in &by_benefit {
        let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
        let mut row = vec![benefit.clone(), counts.topics_n.to_string(), counts.sections_n.to_string()];
        row.extend(counts.words_n.iter().chain(&counts.questions_n).map(ToString::to_string));
        row.push(counts.examples_n.iter().sum::<usize>().to_string());
        row.extend([counts.facts_n, counts.facts_switching_n].map(|n| n.to_string()));
        row.extend([date(counts.checked_first), date(counts.review_next)]);
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    output::line(&table.to_string())?;
    output::line(&format!("version {}, {} intents", knowledge.version, knowledge.intents.intents.len()))?;
    Ok(ExitCode::SUCCESS)
}

fn count(knowledge: &Knowledge, day: Date) -> BTreeMap<String, Counts> {
    let mut by_benefit: BTreeMap<String, Counts> = BTreeMap::new();
    for topic in &knowledge.topics {
        for name in [topic.id.benefit(), "all"] {
            let counts = by_benefit.entry(name.to_owned()).or_default();
            counts.topics_n += 1;
            counts.sections_n += topic.article(Language::Fi).sections.len();
            for (at, article) in topic.articles.iter().enumerate() {
                let texts = article.parts().flat_map(|part| part.text.words().chain(part.heading.as_deref()));
                let of_parts: usize = article.parts().map(|part| part.questions.len()).sum();
                add(&mut counts.words_n, at, texts.map(|text| text.split_whitespace().count()).sum());
                add(&mut counts.questions_n, at, article.questions.len() + of_parts);
                add(&mut counts.examples_n, at, topic.examples.get(at).map_or(0, Vec::len));
                let earliest = |a: Option<Date>, b: Date| Some(a.map_or(b, |a| a.min(b)));
                counts.checked_first = earliest(counts.checked_first, article.checked);
                counts.review_next = earliest(counts.review_next, article.review_by);
            }
        }
    }
    for fact in knowledge.facts.values() {
        for name in [fact.id.split('/').next().unwrap_or_default(), "all"] {
            let counts = by_benefit.entry(name.to_owned()).or_default();
            counts.facts_n += 1;
            counts.facts_switching_n += usize::from(fact.values.iter().any(|dated| day < dated.from));
        }
    }
    by_benefit
}

fn add(counts: &mut [usize; 3], at: usize, n: usize) {
    if let Some(count) = counts.get_mut(at) {
        *count += n;
    }
}
