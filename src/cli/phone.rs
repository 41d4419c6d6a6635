//! `neuvo phone`: what operators set a gateway up with.

use crate::app;
use crate::channel::phone::fallback;
use crate::cli::output;
use crate::config::Config;
use crate::domain::Language;
use crate::knowledge::template::Template;
use anyhow::Result;
use jiff::civil::Date;
use std::process::ExitCode;

/// Set a telephony gateway up
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print static TwiML that reaches a person while neuvo is down: for the gateway's fallback address
    Fallback,
}

pub(super) fn run(config: &Config, command: &Command, day: Date) -> Result<ExitCode> {
    match command {
        Command::Fallback => {
            if config.phone.persons.is_empty() {
                output::note("`phone.persons` names nobody: the fallback only apologises, see neuvo.example.toml");
            }
            let knowledge = app::knowledge(config, day)?;
            let text = |language: Language| {
                let template = knowledge.intents.text("phone-down", language);
                template.map(|template: &Template| template.words().collect()).unwrap_or_default()
            };
            output::line(&fallback::twiml(&config.phone, text))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
