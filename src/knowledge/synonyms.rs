//! Reads `knowledge/**/synonyms.toml`: everyday words and what they mean, for search.

use crate::domain::Language;
use crate::knowledge::finding::{Finding, line_at};
use crate::knowledge::source::Source;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Everyday words, by language and word in lower case, with what is searched beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synonyms {
    by_language: [BTreeMap<String, Vec<String>>; 3],
}

impl Synonyms {
    /// What a word or word pair in lower case means in a language.
    pub fn meanings(&self, language: Language, words: &str) -> &[String] {
        self.by_language.get(language.index()).and_then(|by_word| by_word.get(words)).map_or(&[], Vec::as_slice)
    }

    /// All everyday words of a language with their meanings.
    pub fn of(&self, language: Language) -> impl Iterator<Item = (&str, &[String])> {
        self.by_language
            .get(language.index())
            .into_iter()
            .flatten()
            .map(|(word, meanings)| (word.as_str(), meanings.as_slice()))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    synonym: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    lang: String,
    words: Vec<String>,
    means: String,
}

/// Reads all synonym files.
pub(super) fn read(source: &Source, findings: &mut Vec<Finding>) -> Synonyms {
    let mut synonyms = Synonyms::default();
    for (path, text) in source.with_ending("knowledge/", "synonyms.toml") {
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let line = error.span().map_or(0, |span| line_at(text, span.start));
                findings.push(Finding::error(path, line, error.message()));
                continue;
            }
        };
        for written in file.synonym {
            match written.lang.parse::<Language>() {
                Ok(language) => {
                    for word in &written.words {
                        if let Some(by_word) = synonyms.by_language.get_mut(language.index()) {
                            let meanings = by_word.entry(word.trim().to_lowercase()).or_default();
                            let meaning = written.means.trim().to_lowercase();
                            if !meanings.contains(&meaning) {
                                meanings.push(meaning);
                            }
                        }
                    }
                }
                Err(error) => findings.push(Finding::error(path, 0, format!("{error}"))),
            }
        }
    }
    synonyms
}
