//! Prepared texts of the content that answers now, for channels that show words of their own.

use crate::domain::Language;
use crate::exchange::Exchange;
use std::collections::BTreeMap;

/// The texts of one language, by id without its prefix.
pub type Wording = BTreeMap<String, String>;

/// How many topics of a benefit are offered at the start.
const STARTERS_N: usize = 4;

impl Exchange {
    /// What names the texts of this moment: the version of the content and the day.
    pub fn wording_version(&self) -> String {
        format!("{}-{}", self.assistant.content().knowledge.version.as_str(), (self.today)())
    }

    /// The texts whose ids begin with `prefix`, by language, with the figures of today.
    pub fn wording(&self, prefix: &str) -> [Wording; 3] {
        let (content, day) = (self.assistant.content(), (self.today)());
        let texts = &content.knowledge.intents.texts;
        Language::ALL.map(|language| {
            let ids = texts.keys().filter_map(|id| Some((id, id.strip_prefix(prefix)?)));
            ids.map(|(id, name)| (name.to_owned(), content.text(id, language, day))).collect()
        })
    }

    /// Titles of a benefit's topics, by language: what people can begin with on its pages. Empty for a benefit that is not known.
    pub fn starters(&self, benefit: &str) -> [Vec<String>; 3] {
        let content = self.assistant.content();
        let of_benefit = || content.knowledge.topics.iter().filter(|topic| topic.id.benefit() == benefit);
        Language::ALL
            .map(|language| of_benefit().take(STARTERS_N).map(|topic| topic.article(language).title.clone()).collect())
    }
}
