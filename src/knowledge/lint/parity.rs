//! The three language versions say the same: as many steps, list items and links in each part. A deviation is declared with its reason.

use crate::domain::Language;
use crate::knowledge::lint::{body, line_with};
use crate::knowledge::{Finding, Source, Topic};

/// What is counted, as `differs` names it.
const COUNTED: [&str; 3] = ["steps", "items", "links"];

pub(super) fn check(topic: &Topic, source: &Source, findings: &mut Vec<Finding>) {
    let text = |language: Language| source.file(&topic.article(language).path).unwrap_or_default();
    let first = parts(text(Language::Fi));
    for language in [Language::Sv, Language::En] {
        let article = topic.article(language);
        for (of_first, of_other) in first.iter().zip(parts(text(language))) {
            for ((what, first_n), other_n) in COUNTED.iter().zip(of_first.counts).zip(of_other.counts) {
                let is_declared = article.differs.contains_key(*what);
                if first_n != other_n && !is_declared {
                    let message = format!(
                        "{other_n} {what}, but the Finnish version has {first_n}: make them the same, or give the reason as `differs.{what}`"
                    );
                    findings.push(Finding::warning(&article.path, of_other.line, message));
                }
            }
        }
    }
    for article in &topic.articles {
        for (what, reason) in &article.differs {
            let line = line_with(source.file(&article.path).unwrap_or_default(), what);
            if !COUNTED.contains(&what.as_str()) && !["sections", "facts", "next"].contains(&what.as_str()) {
                let message =
                    format!("`differs.{what}` is not known: expected steps, items, links, sections, facts or next");
                findings.push(Finding::error(&article.path, line, message));
            } else if reason.trim().is_empty() {
                findings.push(Finding::error(
                    &article.path,
                    line,
                    format!("`differs.{what}` has no reason: write one"),
                ));
            }
        }
    }
}

/// A part of an article by its first line, and what it has.
struct Part {
    line: usize,
    counts: [usize; COUNTED.len()],
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for (line, text) in body(text) {
        if text.starts_with("## ") || parts.is_empty() {
            parts.push(Part { line, counts: [0; COUNTED.len()] });
        }
        let Some(Part { counts: [steps, items, links], .. }) = parts.last_mut() else { continue };
        let number = text.split_once(". ").map(|(number, _)| number).unwrap_or_default();
        *steps += usize::from(!number.is_empty() && number.chars().all(|c| c.is_ascii_digit()));
        *items += usize::from(text.starts_with("- "));
        *links += text.matches("](").count();
    }
    parts
}
