//! `neuvo kb due`: what to review and which figures change, by date.

use crate::app;
use crate::cli::output;
use crate::config::Config;
use crate::domain::Language;
use crate::knowledge::{Knowledge, figures};
use anyhow::Result;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use std::process::ExitCode;

/// List what to review and which figures change
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// How many days to look ahead
    #[arg(long, default_value_t = 90, value_name = "N")]
    days: u16,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Something to do by a day.
#[derive(Debug, Serialize)]
struct Due {
    day: Date,
    what: &'static str,
    name: String,
    /// What to do, or what changes.
    note: String,
    source: String,
}

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let knowledge = app::knowledge(config, day)?;
    let until = day.checked_add(i64::from(arguments.days).days())?;
    let due = list(&knowledge, day, until);
    if arguments.json {
        output::line(&serde_json::to_string_pretty(&serde_json::json!({ "day": day, "until": until, "due": due }))?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for due in &due {
        let late = if due.day < day { "  late" } else { "" };
        output::line(&format!("{}  {} {}: {}{late}", due.day, due.what, due.name, due.note))?;
    }
    output::line(&format!("{} to do until {until}", due.len()))?;
    Ok(ExitCode::SUCCESS)
}

fn list(knowledge: &Knowledge, day: Date, until: Date) -> Vec<Due> {
    let mut due = Vec::new();
    for article in knowledge.topics.iter().flat_map(|topic| &topic.articles).filter(|a| a.review_by <= until) {
        due.push(Due {
            day: article.review_by,
            what: "review",
            name: format!("{}.{}", article.topic, article.language),
            note: format!("hold it against {}, then set `checked` and `review_by`", article.source),
            source: article.source.clone(),
        });
    }
    for fact in knowledge.facts.values() {
        let written = |day| fact.on(day).map(|value| figures::write(value, Language::En));
        for dated in fact.values.iter().filter(|dated| day < dated.from && dated.from <= until) {
            let before = dated.from.yesterday().ok().and_then(written).unwrap_or_else(|| "nothing".to_owned());
            let after = written(dated.from).unwrap_or_default();
            due.push(Due {
                day: dated.from,
                what: "switch",
                name: fact.id.clone(),
                note: format!("{before} becomes {after}"),
                source: fact.source.clone(),
            });
        }
        let last = fact.values.iter().filter_map(|dated| dated.to).filter(|to| day <= *to && *to <= until);
        for end in last.filter(|end| end.tomorrow().ok().is_none_or(|next| fact.on(next).is_none())) {
            due.push(Due {
                day: end,
                what: "end",
                name: fact.id.clone(),
                note: format!("has no value after this day: add one from {}", fact.source),
                source: fact.source.clone(),
            });
        }
    }
    due.sort_by(|a, b| (a.day, a.what, &a.name).cmp(&(b.day, b.what, &b.name)));
    due
}
