//! Prepared texts of the content that answers now, for channels that show words of their own.

use crate::domain::{Language, Signal, TopicId};
use crate::exchange::Exchange;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The texts of one language, by id without its prefix.
pub type Wording = BTreeMap<String, String>;

/// How many topics of a benefit are offered at the start.
const STARTERS_N: usize = 4;

/// What experts read instead of the content's ids, in one language.
#[derive(Clone, Debug, Default)]
pub struct Glossary(BTreeMap<String, String>);

impl Glossary {
    /// A signal of a life situation in words; its id where the content no longer knows it.
    pub fn signal<'a>(&'a self, signal: &'a Signal) -> &'a str {
        self.0.get(signal.as_str()).map_or(signal.as_str(), String::as_str)
    }
}

impl Exchange {
    /// What experts read of what the content of this moment names.
    pub fn glossary(&self, language: Language) -> Glossary {
        let content = self.assistant.content();
        let situations = &content.knowledge.situations;
        let word = |signal: &Signal| Some((signal.as_str().to_owned(), situations.label(signal, language)?.to_owned()));
        Glossary(situations.signals.iter().filter_map(|known| word(&known.signal)).collect())
    }

    /// What names the texts of this moment: the version of the content and the day.
    pub fn wording_version(&self) -> String {
        format!("{}-{}", self.assistant.content().knowledge.version.as_str(), (self.clock)().date())
    }

    /// The texts whose ids begin with `prefix`, by language, with the figures of today.
    pub fn wording(&self, prefix: &str) -> [Wording; 3] {
        let (content, day) = (self.assistant.content(), (self.clock)().date());
        let texts = &content.knowledge.intents.texts;
        Language::ALL.map(|language| {
            let ids = texts.keys().filter_map(|id| Some((id, id.strip_prefix(prefix)?)));
            ids.map(|(id, name)| (name.to_owned(), content.text(id, language, day))).collect()
        })
    }

    /// Titles of a benefit's topics, by language: what people can begin with on its pages. What most articles lead to comes first. Empty for
    /// a benefit that is not known.
    pub fn starters(&self, benefit: &str) -> [Vec<String>; 3] {
        let content = self.assistant.content();
        let topics = &content.knowledge.topics;
        let led_to_n =
            |id: &TopicId| topics.iter().filter(|topic| topic.article(Language::Fi).next.contains(id)).count();
        let mut of_benefit: Vec<_> = topics.iter().filter(|topic| topic.id.benefit() == benefit).collect();
        of_benefit.sort_by_key(|topic| Reverse(led_to_n(&topic.id)));
        of_benefit.truncate(STARTERS_N);
        Language::ALL.map(|language| of_benefit.iter().map(|topic| topic.article(language).title.clone()).collect())
    }
}
