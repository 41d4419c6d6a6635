//! The guidance: articles, dated facts and synonyms, read from files and checked into values that cannot be wrong.
//!
//! Reading never stops at the first fault: [`load`] gives whatever it could read and a list of [`Finding`]s, each with file, line and the
//! way out. Only content without errors becomes a [`Knowledge`] that may answer.

pub mod article;
pub mod changes;
pub mod examples;
pub mod facts;
pub mod figures;
pub mod finding;
pub mod intents;
pub mod links;
pub mod lint;
pub mod phone;
pub mod situations;
pub mod source;
pub mod synonyms;
pub mod template;
pub mod threads;
pub mod versions;
pub mod widget;

pub use article::{Article, Section};
pub use changes::Changes;
pub use examples::Examples;
pub use finding::{Finding, Severity};
pub use intents::Intents;
pub use situations::Situations;
pub use source::Source;
pub use synonyms::Synonyms;
pub use template::Template;
pub use threads::Threads;
pub use versions::Versions;

use crate::domain::{ContentVersion, Fact, Language, TopicId};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::path::Path;

/// One topic in all languages.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its id.
    pub id: TopicId,
    /// Its article in each language, in the order of [`Language::ALL`].
    pub articles: [Article; 3],
    /// Further messages that are this topic, by language: they teach, and are shown to nobody.
    pub examples: Examples,
}

impl Topic {
    /// All example questions in a language, those of the article and the further ones.
    pub fn questions(&self, language: Language) -> impl Iterator<Item = &String> {
        let article = self.article(language);
        let of_parts = article.parts().flat_map(|part| &part.questions);
        let further = self.examples.get(language.index()).into_iter().flatten();
        article.questions.iter().chain(of_parts).chain(further)
    }

    /// The article in a language.
    pub fn article(&self, language: Language) -> &Article {
        let [fi, sv, en] = &self.articles;
        match language {
            Language::Fi => fi,
            Language::Sv => sv,
            Language::En => en,
        }
    }
}

/// All guidance of one version, checked. Shared behind an `Arc`, never changed.
#[derive(Clone, Debug)]
pub struct Knowledge {
    /// The topics, by id.
    pub topics: Vec<Topic>,
    /// The facts, by `<benefit>/<name>`.
    pub facts: BTreeMap<String, Fact>,
    /// Everyday words and what they mean.
    pub synonyms: Synonyms,
    /// Intents with their examples and texts.
    pub intents: Intents,
    /// What life situations are learnt from.
    pub situations: Situations,
    /// What keeps the thread of a conversation.
    pub threads: Threads,
    /// The version of all of it.
    pub version: ContentVersion,
}

impl Knowledge {
    /// The topic with an id.
    pub fn topic(&self, id: &TopicId) -> Option<&Topic> {
        self.topics.binary_search_by(|topic| topic.id.cmp(id)).ok().and_then(|at| self.topics.get(at))
    }
}

/// What was read: findings, and the knowledge where none of them is an error.
#[derive(Debug)]
pub struct Loaded {
    /// Everything that an editor should see, by file and line.
    pub findings: Vec<Finding>,
    /// The knowledge, if no finding is an error.
    pub knowledge: Option<Knowledge>,
}

/// Reads and checks `knowledge/` and `intents/` under a folder as of a day.
///
/// # Errors
/// Only where a folder or file cannot be read at all; faults of content are findings.
pub fn load(root: &Path, day: Date) -> std::io::Result<Loaded> {
    Ok(read(&Source::read(root)?, day))
}

/// Checks content that was already read.
pub fn read(source: &Source, day: Date) -> Loaded {
    let mut findings = Vec::new();
    let facts = facts::read(source, day, &mut findings);
    let examples = examples::read(source, &mut findings);
    let topics = group(article::read(source, &mut findings), examples, &mut findings);
    let synonyms = synonyms::read(source, &mut findings);
    let intents = intents::read(source, &mut findings);
    let situations = situations::read(source, &mut findings);
    let threads = threads::read(source, &topics.iter().map(|topic| &topic.id).collect(), &mut findings);
    links::check(&topics, &facts, day, &mut findings);
    findings.sort_by(|a, b| (&a.path, a.line, &a.message).cmp(&(&b.path, b.line, &b.message)));
    let sound = findings.iter().all(|finding| finding.severity != Severity::Error);
    let knowledge =
        sound.then(|| Knowledge { topics, facts, synonyms, intents, situations, threads, version: source.version() });
    Loaded { findings, knowledge }
}

/// Puts the language versions of each topic together; a missing one is an error.
fn group(articles: Vec<Article>, mut examples: BTreeMap<TopicId, Examples>, findings: &mut Vec<Finding>) -> Vec<Topic> {
    let mut by_topic: BTreeMap<TopicId, [Option<Article>; 3]> = BTreeMap::new();
    for article in articles {
        let slots = by_topic.entry(article.topic.clone()).or_default();
        if let Some(slot) = slots.get_mut(article.language.index()) {
            *slot = Some(article);
        }
    }
    let mut topics = Vec::with_capacity(by_topic.len());
    for (id, slots) in by_topic {
        for language in Language::ALL {
            if slots.get(language.index()).is_some_and(Option::is_none) {
                let path = format!("knowledge/{}/{}.{language}.md", id.benefit(), id.name());
                findings.push(Finding::error(&path, 0, format!("`{id}` has no {language} version: write this file")));
            }
        }
        if let [Some(fi), Some(sv), Some(en)] = slots {
            let examples = examples.remove(&id).unwrap_or_default();
            topics.push(Topic { id, articles: [fi, sv, en], examples });
        }
    }
    for id in examples.into_keys() {
        let path = format!("knowledge/{}/examples.toml", id.benefit());
        findings.push(Finding::error(&path, 0, format!("`{id}` has no articles: name another topic or write them")));
    }
    topics
}

#[cfg(test)]
mod tests;
