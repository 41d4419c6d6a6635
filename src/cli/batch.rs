//! `neuvo ask --batch`: JSON lines in, JSON lines out. The form is a contract of editors' regression runs and of acceptance.

use crate::assistant::{Assistant, Turn};
use crate::cli::{FAILED, output};
use crate::conversation::Conversation;
use crate::domain::{Citation, Language, Outcome, Situation, Utterance};
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

/// A question of a batch.
#[derive(Debug, Deserialize)]
struct Question {
    id: serde_json::Value,
    text: String,
    #[serde(default)]
    conversation: Option<serde_json::Value>,
    #[serde(default)]
    lang: Option<Language>,
}

/// A reply of a batch.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    id: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<serde_json::Value>,
    lang: Language,
    outcome: Outcome,
    topic: Option<&'a str>,
    confidence: f32,
    candidates: Vec<Scored<'a>>,
    situation: Option<&'a Situation>,
    reply: &'a str,
    sources: Vec<Source<'a>>,
    micros: u128,
}

#[derive(Debug, Serialize)]
struct Scored<'a> {
    topic: &'a str,
    score: f32,
}

#[derive(Debug, Serialize)]
struct Source<'a> {
    title: &'a str,
    url: &'a str,
    checked: Date,
    version: &'a str,
}

impl<'a> Line<'a> {
    /// What a batch says of a turn.
    pub(super) fn of(
        id: impl Into<serde_json::Value>,
        conversation: Option<serde_json::Value>,
        turn: &'a Turn,
    ) -> Self {
        let citation = turn.reply.citation();
        let source = |citation: &'a Citation| Source {
            title: &citation.title,
            url: &citation.url,
            checked: citation.checked,
            version: citation.version.as_str(),
        };
        Self {
            id: id.into(),
            conversation,
            lang: turn.language,
            outcome: turn.reply.outcome(),
            topic: citation.map(|citation| citation.topic.as_str()),
            confidence: turn.confidence,
            candidates: turn
                .candidates
                .iter()
                .map(|candidate| Scored { topic: candidate.topic.as_str(), score: candidate.score })
                .collect(),
            situation: turn.situation.as_ref(),
            reply: &turn.text,
            sources: citation.map(source).into_iter().collect(),
            micros: turn.took.as_micros(),
        }
    }
}

/// Answers a file of questions. A line that cannot be read is reported with its number; the rest goes on.
pub(super) fn run(assistant: &Assistant, file: &Path, day: Date) -> Result<ExitCode> {
    let reader: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(fs_err::File::open(file)?))
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut conversations: HashMap<String, Conversation> = HashMap::new();
    let mut refused_n = 0;
    for (at, line) in reader.lines().enumerate() {
        let line = line.with_context(|| format!("line {}: cannot be read", at + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        match answer(assistant, &line, &mut conversations, day) {
            Ok(reply) => {
                writeln!(out, "{reply}")?;
                out.flush()?;
            }
            Err(message) => {
                refused_n += 1;
                output::error(&format!("line {}: {message}", at + 1));
            }
        }
    }
    Ok(if refused_n == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn answer(
    assistant: &Assistant,
    line: &str,
    conversations: &mut HashMap<String, Conversation>,
    day: Date,
) -> Result<String, String> {
    let question: Question = serde_json::from_str(line)
        .map_err(|error| format!("{error}: expected {{\"id\", \"text\", \"conversation\"?, \"lang\"?}}"))?;
    let utterance = Utterance::parse(&question.text).map_err(|error| error.to_string())?;
    let mut alone = Conversation::default();
    let conversation = match &question.conversation {
        Some(id) => conversations.entry(id.to_string()).or_default(),
        None => &mut alone,
    };
    let turn = assistant.turn(conversation, &utterance, question.lang, day);
    serde_json::to_string(&Line::of(question.id, question.conversation, &turn)).map_err(|error| error.to_string())
}
