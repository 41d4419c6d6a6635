//! What differs between two versions of the content, as an editor would name it.

use crate::domain::{Language, TopicId};
use crate::knowledge::{Article, Knowledge, Section, Topic};
use serde::Serialize;
use std::collections::BTreeSet;

/// What differs, each list in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Articles, `<topic>.<language>`, whose text, title, questions or front matter differ.
    pub articles: Vec<String>,
    /// Topics that are new.
    pub topics_new: Vec<TopicId>,
    /// Topics that are gone.
    pub topics_gone: Vec<TopicId>,
    /// Topics whose further examples differ.
    pub examples: Vec<TopicId>,
    /// Facts, `<benefit>/<name>`, that differ, are new or gone.
    pub facts: Vec<String>,
    /// Intents and prepared texts that differ, are new or gone.
    pub intents: Vec<String>,
    /// Whether everyday words differ.
    pub synonyms: bool,
    /// Whether life situations, subjects, small words or foreign languages differ.
    pub conversation: bool,
    /// The topics whose answers may differ, each with the languages in which they may.
    #[serde(skip)]
    pub touched: Vec<(TopicId, Language)>,
}

impl Changes {
    /// Compares two versions.
    pub fn between(before: &Knowledge, after: &Knowledge) -> Self {
        let ids =
            |knowledge: &Knowledge| knowledge.topics.iter().map(|topic| topic.id.clone()).collect::<BTreeSet<_>>();
        let (old, new) = (ids(before), ids(after));
        let mut changes = Self {
            topics_new: new.difference(&old).cloned().collect(),
            topics_gone: old.difference(&new).cloned().collect(),
            facts: differing(&before.facts, &after.facts),
            synonyms: before.synonyms != after.synonyms,
            conversation: before.situations != after.situations
                || before.threads != after.threads
                || before.intents.foreign != after.intents.foreign,
            ..Self::default()
        };
        changes.intents = differing(&before.intents.intents, &after.intents.intents);
        changes.intents.extend(differing(&before.intents.texts, &after.intents.texts));
        let facts: BTreeSet<&str> = changes.facts.iter().map(String::as_str).collect();
        for topic in &after.topics {
            let of_before = before.topic(&topic.id);
            if of_before.is_some_and(|before| before.examples != topic.examples) {
                changes.examples.push(topic.id.clone());
            }
            for article in &topic.articles {
                let is_same = of_before.is_some_and(|before| before.article(article.language) == article);
                if !is_same {
                    changes.articles.push(format!("{}.{}", topic.id, article.language));
                }
                if !is_same || article.parts().any(|part| part.text.facts().any(|fact| facts.contains(fact))) {
                    changes.touched.push((topic.id.clone(), article.language));
                }
            }
        }
        changes
    }

    /// Whether nothing differs that content says.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The keys whose values differ or stand on one side only.
fn differing<V: PartialEq>(
    before: &std::collections::BTreeMap<String, V>,
    after: &std::collections::BTreeMap<String, V>,
) -> Vec<String> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}

/// Whether search in a language reads the same texts in both versions, so that its index can stay. Figures and dates do not count: they are
/// not indexed.
pub fn same_texts(before: &Knowledge, after: &Knowledge, language: Language) -> bool {
    let same = |(before, after): (&Topic, &Topic)| {
        let (a, b) = (before.article(language), after.article(language));
        a.title == b.title && same_parts(a, b) && asked_alike(before, after, language)
    };
    same_topics(before, after) && before.synonyms == after.synonyms && before.topics.iter().zip(&after.topics).all(same)
}

/// Whether both versions have the same topics, in the same order.
pub fn same_topics(before: &Knowledge, after: &Knowledge) -> bool {
    let ids = |knowledge: &Knowledge| knowledge.topics.iter().map(|topic| topic.id.clone()).collect::<Vec<_>>();
    ids(before) == ids(after)
}

/// Whether both versions teach the same: the same topics and intents with the same titles and example messages in all languages.
pub fn same_lessons(before: &Knowledge, after: &Knowledge) -> bool {
    let topic = |(a, b): (&Topic, &Topic)| {
        Language::ALL
            .into_iter()
            .all(|language| a.article(language).title == b.article(language).title && asked_alike(a, b, language))
    };
    let (a, b) = (&before.intents.intents, &after.intents.intents);
    same_topics(before, after)
        && before.topics.iter().zip(&after.topics).all(topic)
        && before.situations == after.situations
        && a.len() == b.len()
        && a.iter().zip(b).all(|((a_id, a), (b_id, b))| a_id == b_id && a.examples == b.examples)
}

/// Whether both versions know the same intents.
pub fn same_intents(before: &Knowledge, after: &Knowledge) -> bool {
    before.intents.intents.keys().eq(after.intents.intents.keys())
}

/// Whether both versions have the same example questions in a language, in the same order and at the same parts.
pub fn same_questions(before: &Knowledge, after: &Knowledge, language: Language) -> bool {
    let of_parts =
        |topic: &Topic| topic.article(language).parts().map(|part| part.questions.clone()).collect::<Vec<_>>();
    let same = |(a, b): (&Topic, &Topic)| asked_alike(a, b, language) && of_parts(a) == of_parts(b);
    same_topics(before, after) && before.topics.iter().zip(&after.topics).all(same)
}

fn asked_alike(a: &Topic, b: &Topic, language: Language) -> bool {
    a.questions(language).eq(b.questions(language))
}

fn same_parts(a: &Article, b: &Article) -> bool {
    let same = |(a, b): (&Section, &Section)| a.heading == b.heading && a.questions == b.questions && a.text == b.text;
    a.sections.len() == b.sections.len() && a.parts().zip(b.parts()).all(same)
}
