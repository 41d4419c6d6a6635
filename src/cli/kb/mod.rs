//! `neuvo kb`: the knowledge base, for those who write it.

mod check;
mod diff;
mod due;
mod fit;
mod fit_conversation;
mod golden;
mod live;
mod new;
mod preview;
mod search;
mod spelling;
mod stats;

use crate::config::Config;
use crate::domain::{Language, TopicId};
use anyhow::Result;
use jiff::civil::Date;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write, check, try out and publish the guidance
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Check all content; every finding has file, line and what to do
    Check {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// Also check spelling, with the programs `voikkospell` (Finnish) and `hunspell` (Swedish, English) where they are installed
        #[arg(long)]
        spelling: bool,
    },
    /// Ask the golden questions, those that the articles say they answer; fails below the level recorded in `knowledge/golden.toml`
    Test(golden::Arguments),
    /// Show what changes for citizens between a kept version and the content folder: articles, facts, and answers
    Diff(diff::Arguments),
    /// Show an article as a citizen reads it in the chat and hears it on the phone, with its facts; `--at` shows it on another day
    Preview(preview::Arguments),
    /// Let the content folder go live in the running service: all of it, or, with a fault, nothing
    Reload(live::Reload),
    /// List the versions that were live, newest first
    History(live::Where),
    /// Let an earlier version go live again; the content folder stays as it is
    Rollback(live::Rollback),
    /// List what to review and which figures change, by date
    Due(due::Arguments),
    /// Begin a topic: three files that say what to write; `kb check` lists what is not yet written
    New {
        /// The topic's id, such as `housing-allowance.moving`
        topic: TopicId,
    },
    /// Count what there is
    Stats {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Explain a search: which words and which vectors brought which topic and passage, and how sure the answer is
    Search {
        /// What a citizen would ask
        words: String,
        /// The language of the question; recognised where it is not given
        #[arg(long)]
        lang: Option<Language>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Fit the weights and thresholds of retrieval on tuning questions and write `knowledge/calibration.toml`
    Fit {
        /// Tab-separated questions with the columns lang, text and topic; an empty topic marks what guidance cannot answer
        #[arg(required = true)]
        questions: Vec<PathBuf>,
        /// Tab-separated questions for a figure (columns question, lang, topic and pattern): fits which section answers, too
        #[arg(long, value_name = "FILE", requires = "sections")]
        facts: Option<PathBuf>,
        /// Tab-separated questions with the section that answers (columns lang, text, topic and section), for the same
        #[arg(long, value_name = "FILE", requires = "facts")]
        sections: Option<PathBuf>,
        /// The share of the tuning messages of each file that may be answered wrong, 0 to 1
        #[arg(long, default_value_t = 0.03, value_name = "SHARE")]
        wrong_max: f32,
    },
    /// Fit when a person is called in and when a message goes on with the topic so far, and write `intents/calibration.toml`
    FitConversation(fit_conversation::Arguments),
}

pub(super) fn run(config: &Config, command: &Command, day: Date) -> Result<ExitCode> {
    match command {
        Command::Check { json, spelling } => check::run(config, *json, *spelling, day),
        Command::Test(arguments) => golden::run(config, arguments, day),
        Command::Diff(arguments) => diff::run(config, arguments, day),
        Command::Preview(arguments) => preview::run(config, arguments, day),
        Command::Reload(arguments) => live::reload(config, arguments),
        Command::History(arguments) => live::history(config, arguments),
        Command::Rollback(arguments) => live::rollback(config, arguments),
        Command::Due(arguments) => due::run(config, arguments, day),
        Command::New { topic } => new::run(config, topic, day),
        Command::Stats { json } => stats::run(config, *json, day),
        Command::Search { words, lang, json } => search::run(config, words, *lang, *json, day),
        Command::Fit { questions, facts, sections, wrong_max } => {
            let of_parts = facts.as_deref().zip(sections.as_deref());
            fit::run(config, (questions, of_parts), *wrong_max, day)
        }
        Command::FitConversation(arguments) => fit_conversation::run(config, arguments, day),
    }
}
