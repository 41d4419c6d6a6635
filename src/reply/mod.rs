//! Puts a reply into words, for a screen: the prepared texts around it come from the content. Pure.

pub mod markdown;
pub mod spoken;

use crate::domain::{Candidate, Citation, Notice, Occasion, Passage, Reply, TopicId};

/// The prepared texts of one language, figures filled in.
pub trait Texts {
    /// The text with an id; empty where the content has none, which the content check prevents.
    fn text(&self, id: &str) -> String;

    /// The same as a voice says it.
    fn said(&self, id: &str) -> String;

    /// A part of a topic's article as a voice says it: the lead, or the section with a heading.
    fn part_said(&self, topic: &TopicId, heading: Option<&str>) -> String;
}

/// A reply as plain text, ending in its source.
pub fn plain(reply: &Reply, texts: &dyn Texts) -> String {
    match reply {
        Reply::Answer { passages, citation, aside, .. } => cited(None, passages, aside.as_ref(), citation, texts),
        Reply::Again { notice, passages, citation, .. } => cited(notice.as_ref(), passages, None, citation, texts),
        other => body(other, texts),
    }
}

/// Passages with what is said before and after them, and their source.
fn cited(
    before: Option<&Notice>,
    passages: &[Passage],
    after: Option<&Notice>,
    citation: &Citation,
    texts: &dyn Texts,
) -> String {
    let said = |notice: &Notice| markdown::plain(&texts.text(&notice.0));
    let before = before.into_iter().map(said);
    let after = after.into_iter().map(said).chain([source(citation, texts)]);
    before.chain(passages.iter().map(passage)).chain(after).collect::<Vec<_>>().join("\n\n")
}

/// A reply in the small Markdown of the articles, without its source: what a widget shows above its own citation.
pub fn body(reply: &Reply, texts: &dyn Texts) -> String {
    match reply {
        Reply::Answer { passages, aside, .. } => {
            let aside = aside.iter().map(|notice| texts.text(&notice.0));
            passages.iter().map(passage_markdown).chain(aside).collect::<Vec<_>>().join("\n\n")
        }
        Reply::Again { notice, passages, .. } => {
            let notice = notice.iter().map(|notice| texts.text(&notice.0));
            notice.chain(passages.iter().map(passage_markdown)).collect::<Vec<_>>().join("\n\n")
        }
        Reply::Clarify(candidates) => clarify(candidates, texts),
        Reply::Rephrase(1) => [texts.text("rephrase"), texts.text("topics-hint")].join("\n\n"),
        Reply::Rephrase(_) => [texts.text("rephrase-again"), texts.text("person")].join("\n\n"),
        Reply::Unavailable => [texts.text("unavailable"), texts.text("person")].join("\n\n"),
        Reply::HandOff { notice, why } => match why.occasion {
            Occasion::Supported | Occasion::Misses => [texts.text(&notice.0), texts.text("person")].join("\n\n"),
            Occasion::Crisis | Occasion::Asked => texts.text(&notice.0),
        },
        Reply::Declined(notice) | Reply::Chat(notice) => texts.text(&notice.0),
    }
}

/// A reply as a voice says it, part by part: without choices, which are read out with their keys, and without its source.
pub fn said(reply: &Reply, texts: &dyn Texts) -> Vec<String> {
    let parts = |passages: &[Passage], citation: &Citation| -> Vec<String> {
        passages.iter().map(|passage| texts.part_said(&citation.topic, passage.heading.as_deref())).collect()
    };
    match reply {
        Reply::Answer { passages, citation, aside, .. } => {
            let aside = aside.iter().map(|notice| texts.said(&notice.0));
            parts(passages, citation).into_iter().chain(aside).collect()
        }
        Reply::Again { notice, passages, citation, .. } => {
            let notice = notice.iter().map(|notice| texts.said(&notice.0));
            notice.chain(parts(passages, citation)).collect()
        }
        Reply::Clarify(_) => Vec::new(),
        Reply::Rephrase(1) => vec![texts.said("rephrase")],
        Reply::Rephrase(_) => vec![texts.said("rephrase-again")],
        Reply::Unavailable => vec![texts.said("unavailable")],
        Reply::HandOff { notice, .. } | Reply::Declined(notice) | Reply::Chat(notice) => vec![texts.said(&notice.0)],
    }
}

/// Where an answer comes from, in one line.
pub fn source(citation: &Citation, texts: &dyn Texts) -> String {
    let checked = texts.text("checked");
    let date = citation.checked.strftime("%-d.%-m.%Y");
    format!("{}: {}, {} ({checked} {date})", texts.text("source"), citation.title, citation.url)
}

fn passage(passage: &Passage) -> String {
    let text = markdown::plain(&passage.text);
    match &passage.heading {
        Some(heading) => format!("{heading}\n{text}"),
        None => text,
    }
}

fn passage_markdown(passage: &Passage) -> String {
    match &passage.heading {
        Some(heading) => format!("## {heading}\n\n{}", passage.text),
        None => passage.text.clone(),
    }
}

fn clarify(candidates: &[Candidate], texts: &dyn Texts) -> String {
    let mut text = texts.text("clarify");
    for (at, candidate) in candidates.iter().enumerate() {
        text.push_str(&format!("\n{}. {}", at + 1, candidate.title));
    }
    text.push_str("\n\n");
    text.push_str(&texts.text("clarify-else"));
    text
}
