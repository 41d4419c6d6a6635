//! What ties the content together: links between topics, facts that texts name, the three language versions.

use crate::domain::Fact;
use crate::knowledge::finding::Finding;
use crate::knowledge::{Article, Topic};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Checks what a single file cannot show.
pub(super) fn check(topics: &[Topic], facts: &BTreeMap<String, Fact>, day: Date, findings: &mut Vec<Finding>) {
    let ids: BTreeSet<_> = topics.iter().map(|topic| &topic.id).collect();
    let mut used = BTreeSet::new();
    for topic in topics {
        for article in &topic.articles {
            for id in article.next.iter().filter(|id| !ids.contains(id)) {
                findings.push(Finding::error(
                    &article.path,
                    1,
                    format!("`next` names `{id}`, which has no article: name another topic or write it"),
                ));
            }
            if article.review_by < day {
                findings.push(Finding::warning(
                    &article.path,
                    1,
                    format!("was to be reviewed by {}: hold it against {}", article.review_by, article.source),
                ));
            }
            if day < article.checked {
                findings.push(Finding::error(
                    &article.path,
                    1,
                    format!("`checked` is {}, after today: give the day of the check", article.checked),
                ));
            }
            facts_and_digits(article, facts, findings);
            used.extend(article.parts().flat_map(|part| part.text.facts().map(str::to_owned)));
        }
        parity(topic, findings);
    }
    for id in facts.keys().filter(|id| !used.contains(*id)) {
        let (benefit, name) = id.split_once('/').unwrap_or((id, ""));
        let path = format!("knowledge/{benefit}/facts.toml");
        findings.push(Finding::warning(&path, 0, format!("fact `{name}` is used nowhere: use or remove it")));
    }
}

/// Every fact exists, and no figure stands in the text itself.
fn facts_and_digits(article: &Article, facts: &BTreeMap<String, Fact>, findings: &mut Vec<Finding>) {
    for part in article.parts() {
        for id in part.text.facts().filter(|id| !facts.contains_key(*id)) {
            findings.push(Finding::error(
                &article.path,
                part.line,
                format!("fact `{id}` is not in any facts.toml: add it there with its source"),
            ));
        }
        let heading = part.heading.iter().map(String::as_str);
        for words in part.text.words().chain(heading) {
            if let Some(line) = words.lines().find(|line| has_figure(line)) {
                findings.push(Finding::error(
                    &article.path,
                    part.line,
                    format!(
                        "a figure stands in the text (`{}`): make it a fact and write {{{{fact-id}}}}",
                        line.trim()
                    ),
                ));
            }
        }
    }
    if article.title.chars().any(|c| c.is_ascii_digit()) {
        let message = "a figure stands in the title: leave it to a fact in the text";
        findings.push(Finding::error(&article.path, 1, message));
    }
}

/// Digits that are neither the number of a list item nor part of an address.
fn has_figure(line: &str) -> bool {
    let line = line.trim_start();
    let item = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let text = if item.len() < line.len() { item.strip_prefix(". ").unwrap_or(line) } else { line };
    let mut in_address = false;
    text.char_indices().any(|(at, c)| {
        if text.get(at..).is_some_and(|rest| rest.starts_with("](")) {
            in_address = true;
        } else if c == ')' {
            in_address = false;
        }
        c.is_ascii_digit() && !in_address
    })
}

/// The three versions have the same sections, facts and next topics.
fn parity(topic: &Topic, findings: &mut Vec<Finding>) {
    let [first, others @ ..] = &topic.articles;
    let facts = |article: &Article| -> BTreeSet<String> {
        article.parts().flat_map(|part| part.text.facts().map(str::to_owned)).collect()
    };
    for other in others {
        let is_declared = |what: &str| other.differs.contains_key(what);
        if first.sections.len() != other.sections.len() && !is_declared("sections") {
            findings.push(Finding::error(
                &other.path,
                1,
                format!(
                    "{} sections, but the Finnish version has {}: the versions must say the same",
                    other.sections.len(),
                    first.sections.len()
                ),
            ));
        }
        let (ours, theirs) = (facts(first), facts(other));
        let missing: Vec<_> = ours.symmetric_difference(&theirs).map(String::as_str).collect();
        if !missing.is_empty() && !is_declared("facts") {
            findings.push(Finding::error(
                &other.path,
                1,
                format!("facts differ from the Finnish version: {}", missing.join(", ")),
            ));
        }
        if first.next != other.next && !is_declared("next") {
            findings.push(Finding::warning(&other.path, 1, "`next` differs from the Finnish version"));
        }
    }
}
