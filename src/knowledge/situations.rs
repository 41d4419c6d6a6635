//! Reads `intents/situations/*.toml`: messages of each life situation, and the signals by which people and program recognise one.

use crate::domain::{Language, Signal, SituationGroup};
use crate::knowledge::finding::{Finding, line_at};
use crate::knowledge::source::Source;
use crate::phrases::Phrases;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

const FOLDER: &str = "intents/situations/";
/// The file of the signals; every other file of the folder is a group.
const SIGNALS: &str = "intents/situations/signals.toml";
/// Fewer example messages than this of a kind and language teach nothing.
const EXAMPLES_MIN: usize = 10;

/// Everything that life situations are learnt from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Situations {
    /// The kinds of messages, each of one group.
    pub kinds: Vec<Kind>,
    /// The signals.
    pub signals: Vec<SignalContent>,
    /// The phrases of all signals, by language; they mean the place of the signal in `signals`.
    pub phrases: [Phrases; 3],
}

/// A kind of message within a group, such as `violence` within crisis.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// The group.
    pub group: SituationGroup,
    /// Its name within the group.
    pub name: String,
    /// Example messages, by language.
    pub examples: [Vec<String>; 3],
}

/// A readable signal.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalContent {
    /// Its id.
    pub signal: Signal,
    /// What a service expert reads, by language.
    pub label: [String; 3],
    /// Whether it is a difficulty that lasts: what a supported life situation is made of.
    pub lasting: bool,
}

impl Situations {
    /// What a service expert reads of a signal.
    pub fn label(&self, signal: &Signal, language: Language) -> Option<&str> {
        let content = self.signals.iter().find(|content| &content.signal == signal)?;
        content.label.get(language.index()).map(String::as_str)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupFile {
    group: SituationGroup,
    kinds: BTreeMap<String, Examples>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Examples {
    fi: Vec<String>,
    sv: Vec<String>,
    en: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignalFile {
    signals: BTreeMap<String, WrittenSignal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSignal {
    #[serde(default)]
    lasting: bool,
    fi: Words,
    sv: Words,
    en: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    label: String,
    words: Vec<String>,
}

/// Reads the folder; content without it has no situations.
pub(super) fn read(source: &Source, findings: &mut Vec<Finding>) -> Situations {
    let mut situations = Situations::default();
    for (path, text) in source.with_ending(FOLDER, ".toml") {
        if path == SIGNALS {
            if let Some(file) = parse::<SignalFile>(path, text, findings) {
                for (id, written) in file.signals {
                    add_signal(&mut situations, &id, written, findings);
                }
            }
        } else if let Some(file) = parse::<GroupFile>(path, text, findings) {
            for (name, examples) in file.kinds {
                let examples = [examples.fi, examples.sv, examples.en];
                for (language, messages) in Language::ALL.into_iter().zip(&examples) {
                    if messages.len() < EXAMPLES_MIN {
                        let message = format!(
                            "kind `{name}` has {} {language} messages: write at least {EXAMPLES_MIN}",
                            messages.len()
                        );
                        findings.push(Finding::error(path, 0, message));
                    }
                }
                situations.kinds.push(Kind { group: file.group, name, examples });
            }
        }
    }
    situations
}

fn add_signal(situations: &mut Situations, id: &str, written: WrittenSignal, findings: &mut Vec<Finding>) {
    let versions = [written.fi, written.sv, written.en];
    for ((version, phrases), language) in versions.iter().zip(&mut situations.phrases).zip(Language::ALL) {
        if version.label.trim().is_empty() {
            let message = format!("signal `{id}` has no {language} label: write what an expert should read");
            findings.push(Finding::error(SIGNALS, 0, message));
        }
        for words in &version.words {
            if let Err(error) = phrases.add(words, situations.signals.len()) {
                findings.push(Finding::error(SIGNALS, 0, format!("signal `{id}`, {language}: {error}")));
            }
        }
    }
    situations.signals.push(SignalContent {
        signal: Signal::new(id),
        label: versions.map(|version| version.label),
        lasting: written.lasting,
    });
}

pub(super) fn parse<T: DeserializeOwned>(path: &str, text: &str, findings: &mut Vec<Finding>) -> Option<T> {
    toml::from_str(text)
        .map_err(|error| {
            let line = error.span().map_or(0, |span| line_at(text, span.start));
            findings.push(Finding::error(path, line, error.message()));
        })
        .ok()
}
