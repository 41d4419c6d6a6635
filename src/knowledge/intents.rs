//! Reads `intents/*.toml`: what people want of the conversation itself, and every prepared text that is no guidance.

use crate::domain::{Language, Outcome};
use crate::knowledge::finding::{Finding, line_at};
use crate::knowledge::source::Source;
use crate::knowledge::template::Template;
use crate::knowledge::{phone, widget};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Texts that the program cannot do without.
pub const REQUIRED_TEXTS: [&str; 37] = [
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
    "rephrase-again",
    "misses",
    "supported",
    "employer",
    "professional",
    "crisis-self-harm",
    "crisis-violence",
    "crisis-child",
    "crisis-needs",
    "crisis-threat",
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
    "handoff-callback",
    "card-offer",
    "card-declined",
];

/// Intents and texts.
#[derive(Clone, Debug, Default)]
pub struct Intents {
    /// By id.
    pub intents: BTreeMap<String, IntentContent>,
    /// Prepared texts by id, one a language.
    pub texts: BTreeMap<String, [Template; 3]>,
    /// Languages that neuvo does not answer in, with what it says in them.
    pub foreign: Vec<Foreign>,
}

/// A language that neuvo does not answer in.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// Its BCP 47 tag.
    pub tag: String,
    /// Sentences by which it is recognised.
    pub samples: Vec<String>,
}

impl Foreign {
    /// The id of the text that says so, in that language.
    pub fn text_id(&self) -> String {
        format!("foreign-{}", self.tag)
    }
}

/// One intent: how people express it and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentContent {
    /// What a turn with it is called.
    pub outcome: Outcome,
    /// The language that it asks for, where it asks for one.
    pub switch_to: Option<Language>,
    /// What it does with the conversation: `repeat`, `simpler` or `start-over`.
    pub control: Option<String>,
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
    #[serde(default)]
    language: Vec<WrittenLanguage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLanguage {
    tag: String,
    #[serde(rename = "name")]
    _name: String,
    samples: Vec<String>,
    reply: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenIntent {
    id: String,
    outcome: Outcome,
    switch_to: Option<Language>,
    control: Option<String>,
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

/// Fewer sample sentences do not tell a language.
const SAMPLES_MIN: usize = 20;
/// What an intent can do with the conversation.
const CONTROLS: [&str; 3] = ["repeat", "simpler", "start-over"];
/// Files of the folder that are read elsewhere.
const OTHERS: [&str; 2] = [super::threads::CUES, "intents/calibration.toml"];

/// Reads all intent files.
pub(super) fn read(source: &Source, findings: &mut Vec<Finding>) -> Intents {
    let mut intents = Intents::default();
    for (path, text) in source.with_ending("intents/", ".toml") {
        if path.starts_with("intents/situations/") || OTHERS.contains(&path) {
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
        for written in file.language {
            if written.samples.len() < SAMPLES_MIN {
                fault(format!("language `{}`: write at least {SAMPLES_MIN} samples", written.tag));
            }
            let foreign = Foreign { tag: written.tag, samples: written.samples };
            match templates([&written.reply; 3]) {
                Ok(templates) => drop(intents.texts.insert(foreign.text_id(), templates)),
                Err(message) => fault(format!("language `{}`: {message}", foreign.tag)),
            }
            intents.foreign.push(foreign);
        }
        for written in file.text {
            let versions: [&str; 3] = [&written.fi, &written.sv, &written.en];
            let mismatch = widget::mismatch(&written.id, versions).or_else(|| phone::mismatch(&written.id, versions));
            if let Some(message) = mismatch {
                fault(format!("text `{}`: {message}", written.id));
            }
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
    for (path, id) in required() {
        if !intents.texts.contains_key(&id) {
            let message = format!("text `{id}` is missing: write it in three languages");
            findings.push(Finding::error(path, 0, message));
        }
    }
    intents
}

/// Every text that must be there, with the file where people look for it.
pub fn required() -> impl Iterator<Item = (&'static str, String)> {
    let of_replies = REQUIRED_TEXTS.iter().map(|id| ("intents/texts.toml", (*id).to_owned()));
    let of_widget = widget::IDS.iter().map(|id| ("intents/widget.toml", format!("{}{id}", widget::PREFIX)));
    let of_phone = phone::IDS.iter().map(|id| ("intents/phone.toml", format!("{}{id}", phone::PREFIX)));
    of_replies.chain(of_widget).chain(of_phone)
}

fn intent(written: &WrittenIntent) -> Result<IntentContent, String> {
    if let Some(control) = written.control.as_deref().filter(|control| !CONTROLS.contains(control)) {
        return Err(format!("control `{control}` is not known: write one of {}", CONTROLS.join(", ")));
    }
    let versions = [&written.fi, &written.sv, &written.en];
    for (version, language) in versions.iter().zip(Language::ALL) {
        if version.examples.len() < 3 {
            return Err(format!("{} {language} examples: write at least 3", version.examples.len()));
        }
    }
    Ok(IntentContent {
        outcome: written.outcome,
        switch_to: written.switch_to,
        control: written.control.clone(),
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
