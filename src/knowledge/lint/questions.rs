//! Example questions that two topics claim, or one topic twice: whoever asks them is sent to either by chance.

use crate::domain::Language;
use crate::knowledge::lint::line_with;
use crate::knowledge::{Finding, Knowledge, Source, Topic};
use std::collections::BTreeMap;

pub(super) fn check(source: &Source, knowledge: &Knowledge, findings: &mut Vec<Finding>) {
    for language in Language::ALL {
        let mut claimed: BTreeMap<Vec<String>, (&Topic, &str)> = BTreeMap::new();
        for topic in &knowledge.topics {
            for question in topic.questions(language) {
                let words = words(question);
                let Some((other, theirs)) = claimed.get(&words).filter(|_| !words.is_empty()) else {
                    claimed.insert(words, (topic, question));
                    continue;
                };
                let (path, line) = place(source, topic, language, question);
                let message = if other.id == topic.id {
                    format!("`{question}` stands twice (`{theirs}`): keep one")
                } else {
                    format!(
                        "`{question}` is also claimed by `{}` (`{theirs}`): leave it to the topic that answers it",
                        other.id
                    )
                };
                findings.push(Finding::warning(path, line, message));
            }
        }
    }
}

/// The words of a question, in lower case and order of the alphabet: marks and order make no other question.
fn words(question: &str) -> Vec<String> {
    let words = question.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<String> = words.map(str::to_lowercase).collect();
    words.sort();
    words.dedup();
    words
}

/// The file and line in which a topic has a question: its article, or the further examples.
fn place<'a>(source: &'a Source, topic: &'a Topic, language: Language, question: &str) -> (&'a str, usize) {
    let article = topic.article(language);
    let of_examples = || {
        let ending = "/examples.toml";
        let mut files = source.with_ending("knowledge/", ending);
        files.find(|(path, _)| path.split('/').nth(1) == Some(topic.id.benefit()))
    };
    match (source.file(&article.path), of_examples()) {
        (Some(text), _) if text.contains(question) => (&article.path, line_with(text, question)),
        (_, Some((path, text))) => {
            // The topic's own table: another topic of the file may have the same words.
            let table = text.find(&format!("[{}]", topic.id.name())).unwrap_or_default();
            let before_n = text.get(..table).unwrap_or_default().lines().count();
            (path, before_n + line_with(text.get(table..).unwrap_or_default(), question))
        }
        _ => (&article.path, 1),
    }
}
