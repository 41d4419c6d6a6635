//! What an editor should look at although the content may answer: plain language, parity, colliding questions, dates that come.
//!
//! Only `neuvo kb check` asks for this. A sentence that is too long, or a review date that passes overnight, must not keep a service from
//! answering.

mod dates;
mod parity;
mod plain;
mod questions;
mod rules;

use crate::knowledge::{Finding, Knowledge, Source};
use jiff::civil::Date;

pub use rules::Rules;

/// All findings about sound content, by file and line.
pub fn check(source: &Source, knowledge: &Knowledge, day: Date) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rules = Rules::read(source, &mut findings);
    for article in knowledge.topics.iter().flat_map(|topic| &topic.articles) {
        let lines = body(source.file(&article.path).unwrap_or_default());
        plain::check(article, &lines, &rules, &mut findings);
    }
    for topic in &knowledge.topics {
        parity::check(topic, source, &mut findings);
    }
    questions::check(source, knowledge, &mut findings);
    dates::check(source, knowledge, &rules, day, &mut findings);
    findings.sort_by(|a, b| (&a.path, a.line, &a.message).cmp(&(&b.path, b.line, &b.message)));
    findings
}

/// The lines of an article's text with their numbers: no front matter, no example questions.
fn body(text: &str) -> Vec<(usize, &str)> {
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let behind_front = numbered.skip(1).skip_while(|(_, line)| *line != "+++").skip(1);
    behind_front.filter(|(_, line)| !line.starts_with("? ")).collect()
}

/// The line, from 1, that has a text; 1 where none has.
fn line_with(text: &str, needle: &str) -> usize {
    text.lines().position(|line| line.contains(needle)).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests;
