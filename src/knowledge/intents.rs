//! Reads `intents/*.toml`: what people want of the conversation itself, and every prepared text that is no guidance.

use crate::domain::{Language, Outcome};
use crate::knowledge::finding::{Finding, line_at};
use crate::knowledge::source::Source;
use crate::knowledge::template::Template;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Texts that the program cannot do without.
pub const REQUIRED_TEXTS: [&str; 24] = [
    "welcome",
    "clarify",
    "clarify-else",
    "rephrase",
    "topics-hint",
    "person",
    "unavailable",
    "source",
    "checked",
    "next",
    "more",
    "error",
    "empty",
    "too-long",
    "handoff-requested",
    "handoff-queued",
    "handoff-claimed",
    "handoff-transferred",
    "handoff-left",
    "handoff-returned",
    "handoff-ended",
    "handoff-closed-now",
    "handoff-full",
    "handoff-ways",
];

/// Intents and texts.
#[derive(Clone, Debug, Default)]
pub struct Intents {
    /// By id.
    pub intents: BTreeMap<String, IntentContent>,
    /// Prepared texts by id, one a language.
    pub texts: BTreeMap<String, [Template; 3]>,
}

/// One intent: how people express it and what follows.
#[derive(Clone, Debug)]
pub struct IntentContent {
    /// What a turn with it is called.
    pub outcome: Outcome,
    /// The language that it asks for, where it asks for one.
    pub switch_to: Option<Language>,
    /// Example messages, by language.
    pub examples: [Vec<String>; 3],
    /// The reply, by language.
    pub reply: [Template; 3],
}

impl Intents {
    /// A prepared text or an intent's reply in a language.
    pub fn text(&self, id: &str, language: Language) -> Option<&Template> {
        let templates = self.texts.get(id).or_else(|| self.intents.get(id).map(|intent| &intent.reply))?;
        templates.get(language.index())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    intent: Vec<WrittenIntent>,
    #[serde(default)]
    text: Vec<WrittenText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenIntent {
    id: String,
    outcome: Outcome,
    switch_to: Option<Language>,
    fi: Version,
    sv: Version,
    en: Version,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    examples: Vec<String>,
    reply: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenText {
    id: String,
    fi: String,
    sv: String,
    en: String,
}

/// Reads all intent files.
pub(super) fn read(source: &Source, findings: &mut Vec<Finding>) -> Intents {
    let mut intents = Intents::default();
    for (path, text) in source.with_ending("intents/", ".toml") {
        if path.starts_with("intents/situations/") {
            continue;
        }
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let line = error.span().map_or(0, |span| line_at(text, span.start));
                findings.push(Finding::error(path, line, error.message()));
                continue;
            }
        };
        let mut fault = |message: String| findings.push(Finding::error(path, 0, message));
        for written in file.intent {
            match intent(&written) {
                Ok(content) => {
                    if intents.intents.insert(written.id.clone(), content).is_some() {
                        fault(format!("intent `{}` is written twice: keep one", written.id));
                    }
                }
                Err(message) => fault(format!("intent `{}`: {message}", written.id)),
            }
        }
        for written in file.text {
            match templates([&written.fi, &written.sv, &written.en]) {
                Ok(templates) => {
                    if intents.texts.insert(written.id.clone(), templates).is_some() {
                        fault(format!("text `{}` is written twice: keep one", written.id));
                    }
                }
                Err(message) => fault(format!("text `{}`: {message}", written.id)),
            }
        }
    }
    for id in REQUIRED_TEXTS {
        if !intents.texts.contains_key(id) {
            let message = format!("text `{id}` is missing: write it in three languages");
            findings.push(Finding::error("intents/texts.toml", 0, message));
        }
    }
    intents
}

fn intent(written: &WrittenIntent) -> Result<IntentContent, String> {
    let versions = [&written.fi, &written.sv, &written.en];
    for (version, language) in versions.iter().zip(Language::ALL) {
        if version.examples.len() < 3 {
            return Err(format!("{} {language} examples: write at least 3", version.examples.len()));
        }
    }
    Ok(IntentContent {
        outcome: written.outcome,
        switch_to: written.switch_to,
        examples: versions.map(|version| version.examples.clone()),
        reply: templates(versions.map(|version| &version.reply))?,
    })
}

/// Facts in these texts are named with their benefit: `{{service/phone-crisis}}`.
fn templates(texts: [&String; 3]) -> Result<[Template; 3], String> {
    let parse = |text: &String| Template::parse(text.trim(), "").map_err(|error| error.message);
    let [fi, sv, en] = texts;
    if texts.iter().any(|text| text.trim().is_empty()) {
        return Err("a language has no text: write it".to_owned());
    }
    Ok([parse(fi)?, parse(sv)?, parse(en)?])
}
