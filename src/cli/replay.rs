//! `neuvo replay`: says what a saved conversation said once more, and shows where the replies are others.

use crate::app;
use crate::assistant::Assistant;
use crate::cli::{FAILED, output};
use crate::config::Config;
use crate::conversation::Conversation;
use crate::domain::{Citation, Language, Outcome, Utterance};
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use serde::Deserialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Say a saved conversation once more and compare the replies; the same content version gives the same replies
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The transcript as JSON, as `GET /v1/conversations/{id}/transcript` gives it
    file: PathBuf,
    /// The language that the channel said at the start: fi, sv or en
    #[arg(long, value_name = "LANG")]
    lang: Option<Language>,
}

/// What is read of a transcript.
#[derive(Debug, Deserialize)]
struct Transcript {
    events: Vec<Happened>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Happened {
    Message {
        text: String,
    },
    Reply {
        outcome: Outcome,
        text: String,
        #[serde(default)]
        citation: Option<Cited>,
    },
    /// Welcomes, and what people said.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Cited {
    topic: String,
    version: String,
}

/// A turn whose reply is another now.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    /// The turn, from 1.
    turn: usize,
    /// Outcome and topic then and now.
    was: String,
    is: String,
}

pub(super) fn run(config: &Config, arguments: &Arguments, day: Date) -> Result<ExitCode> {
    let text = fs_err::read_to_string(&arguments.file)?;
    let transcript: Transcript = serde_json::from_str(&text).with_context(|| {
        format!("`{}` is no transcript: save it from GET /v1/conversations/{{id}}/transcript", arguments.file.display())
    })?;
    let assistant = app::assistant(config, day)?;
    let version = assistant.content().knowledge.version.clone();
    let mut versions: Vec<&str> = transcript.events.iter().filter_map(Happened::version).collect();
    versions.dedup();
    if versions.iter().any(|then| *then != version.as_str()) {
        output::note(&format!("the replies were of version {}, now it is {version}", versions.join(", ")));
    }
    let (turns_n, differences) = replay(&assistant, &transcript, arguments.lang, day)?;
    for Difference { turn, was, is } in &differences {
        output::line(&format!("turn {turn}: was {was}, is {is}"))?;
    }
    output::line(&format!("{} of {turns_n} replies are the same", turns_n - differences.len()))?;
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Says every message that the bot replied to; gives how many, and where the reply is another now.
fn replay(
    assistant: &Assistant,
    transcript: &Transcript,
    hint: Option<Language>,
    day: Date,
) -> Result<(usize, Vec<Difference>)> {
    let mut conversation = Conversation::default();
    let (mut turns_n, mut differences) = (0, Vec::new());
    for pair in transcript.events.windows(2) {
        let [Happened::Message { text: said }, Happened::Reply { outcome, text, citation }] = pair else { continue };
        turns_n += 1;
        let utterance = Utterance::parse(said).with_context(|| format!("turn {turns_n}"))?;
        let turn = assistant.turn(&mut conversation, &utterance, hint, day);
        if turn.text != *text {
            let topic = turn.reply.citation().map(|Citation { topic, .. }| topic.as_str());
            let was = shown(*outcome, citation.as_ref().map(|cited| cited.topic.as_str()));
            differences.push(Difference { turn: turns_n, was, is: shown(turn.reply.outcome(), topic) });
        }
    }
    Ok((turns_n, differences))
}

impl Happened {
    fn version(&self) -> Option<&str> {
        match self {
            Self::Reply { citation, .. } => citation.as_ref().map(|cited| cited.version.as_str()),
            Self::Message { .. } | Self::Other => None,
        }
    }
}

fn shown(outcome: Outcome, topic: Option<&str>) -> String {
    let outcome = serde_json::to_value(outcome).unwrap_or_default();
    let outcome = outcome.as_str().unwrap_or_default().to_owned();
    topic.map_or(outcome.clone(), |topic| format!("{outcome} {topic}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_api_gives() {
        let text = r#"{"id": "x", "events": [
            {"kind": "welcome", "seq": 1, "text": "Hei"},
            {"kind": "message", "seq": 2, "id": "y", "text": "moi"},
            {"kind": "reply", "seq": 3, "outcome": "answer", "text": "Hei.", "citation": {"topic": "a.b", "version": "v", "title": "T"}},
            {"kind": "handoff", "seq": 4, "state": "queued"}
        ]}"#;
        let transcript: Transcript = serde_json::from_str(text).unwrap();
        assert!(matches!(
            &transcript.events[..],
            [Happened::Other, Happened::Message { .. }, Happened::Reply { .. }, Happened::Other]
        ));
        assert_eq!(transcript.events[2].version(), Some("v"));
    }
}
