//! Reads `knowledge/<benefit>/examples.toml`: further messages of each topic, which teach the classifier and are shown to nobody.

use crate::domain::TopicId;
use crate::knowledge::finding::{Finding, line_at};
use crate::knowledge::source::Source;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Example messages of one topic, by language.
pub type Examples = [Vec<String>; 3];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    fi: Vec<String>,
    #[serde(default)]
    sv: Vec<String>,
    #[serde(default)]
    en: Vec<String>,
}

/// The most examples of one topic and language.
const EXAMPLES_MAX: usize = 200;

/// Reads all example files.
pub(super) fn read(source: &Source, findings: &mut Vec<Finding>) -> BTreeMap<TopicId, Examples> {
    let mut examples = BTreeMap::new();
    for (path, text) in source.with_ending("knowledge/", "/examples.toml") {
        let benefit = path.split('/').nth(1).unwrap_or_default();
        let file: BTreeMap<String, Written> = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let line = error.span().map_or(0, |span| line_at(text, span.start));
                findings.push(Finding::error(path, line, error.message()));
                continue;
            }
        };
        for (name, written) in file {
            let lists = [written.fi, written.sv, written.en];
            if lists.iter().any(|list| EXAMPLES_MAX < list.len()) {
                let message =
                    format!("`{name}` has over {EXAMPLES_MAX} examples of a language: keep the most different");
                findings.push(Finding::error(path, 0, message));
            }
            match format!("{benefit}.{name}").parse() {
                Ok(id) => {
                    examples.insert(id, lists);
                }
                Err(error) => findings.push(Finding::error(path, 0, format!("{error}"))),
            }
        }
    }
    examples
}
