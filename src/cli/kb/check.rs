//! `neuvo kb check`: every finding with file, line and what to do.

use crate::cli::kb::spelling;
use crate::cli::{FAILED, output};
use crate::config::Config;
use crate::domain::Language;
use crate::knowledge::{self, Severity, Source, lint};
use anyhow::Result;
use jiff::civil::Date;
use std::process::ExitCode;

pub(super) fn run(config: &Config, json: bool, spelling: bool, day: Date) -> Result<ExitCode> {
    let source = Source::read(&config.content.root)?;
    let mut loaded = knowledge::read(&source, day);
    if let Some(knowledge) = &loaded.knowledge {
        loaded.findings.extend(lint::check(&source, knowledge, day));
    }
    if let (true, Some(knowledge)) = (spelling, &loaded.knowledge) {
        loaded.findings.extend(spelling::check(knowledge)?);
    }
    let errors_n = loaded.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if json {
        let version = loaded.knowledge.as_ref().map(|knowledge| knowledge.version.as_str());
        let report = serde_json::json!({ "version": version, "errors": errors_n, "findings": loaded.findings });
        output::line(&serde_json::to_string_pretty(&report)?)?;
    } else {
        for finding in &loaded.findings {
            output::line(&finding.to_string())?;
        }
        let warnings_n = loaded.findings.len() - errors_n;
        match &loaded.knowledge {
            Some(knowledge) => output::line(&format!(
                "version {}: {} topics in {} languages, {} facts, {} intents; {warnings_n} warnings",
                knowledge.version,
                knowledge.topics.len(),
                Language::ALL.len(),
                knowledge.facts.len(),
                knowledge.intents.intents.len(),
            ))?,
            None => output::line(&format!("{errors_n} errors, {warnings_n} warnings"))?,
        }
    }
    Ok(if errors_n == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
