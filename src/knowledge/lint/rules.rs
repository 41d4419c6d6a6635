//! Reads `knowledge/rules.toml`: the measures that the content is held to.

use crate::domain::Language;
use crate::knowledge::finding::{Finding, line_at};
use crate::knowledge::source::Source;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The file.
const PATH: &str = "knowledge/rules.toml";

/// The measures.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Days after its `review_by` from which an article that was not reviewed is an error, not a warning.
    pub review_days_max: u16,
    /// The most words of a sentence, by language.
    pub sentence_words_max: BTreeMap<Language, usize>,
    /// Sentences in a row that may be in the Finnish passive.
    pub passives_in_a_row_max: usize,
    /// Abbreviations that need no explanation, by language.
    pub abbreviations: BTreeMap<Language, BTreeSet<String>>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            review_days_max: 90,
            sentence_words_max: [(Language::Fi, 20), (Language::Sv, 24), (Language::En, 25)].into(),
            passives_in_a_row_max: 2,
            abbreviations: BTreeMap::new(),
        }
    }
}

impl Rules {
    /// Reads the file, or takes the defaults where there is none.
    pub(super) fn read(source: &Source, findings: &mut Vec<Finding>) -> Self {
        let Some(text) = source.file(PATH) else { return Self::default() };
        toml::from_str(text).unwrap_or_else(|error| {
            let line = error.span().map_or(0, |span| line_at(text, span.start));
            findings.push(Finding::error(PATH, line, error.message()));
            Self::default()
        })
    }
}
