//! The texts of the content that get a vector each.

use crate::domain::{FactKind, Language, hex};
use crate::inference::Purpose;
use crate::knowledge::{Knowledge, Section};
use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// Changes whenever the same entries are indexed otherwise or teach something else.
const VERSION: &str = "entries 4";

/// What a text is within its article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The article's title.
    Title,
    /// An example question.
    Question,
    /// The lead or a section.
    Passage,
    /// A sentence of the lead or a section in which a figure stands.
    Figure,
    /// The heading of a section.
    Heading,
}

impl Kind {
    /// Whether it is written as citizens ask, and so is compared with questions and learnt from.
    pub fn is_asked(self) -> bool {
        matches!(self, Self::Title | Self::Question)
    }

    /// What it is embedded for: short texts as questions are, so that they compare with them.
    pub fn purpose(self) -> Purpose {
        match self {
            Self::Title | Self::Question | Self::Heading => Purpose::Query,
            Self::Passage | Self::Figure => Purpose::Passage,
        }
    }
}

/// A text with a vector.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The topic's place in [`Knowledge::topics`].
    pub topic: usize,
    /// Its language.
    pub language: Language,
    /// The part of the article: 0 is the lead, then the sections in order; [`NO_PART`] for what belongs to none.
    pub part: usize,
    /// What it is.
    pub kind: Kind,
    /// What it is embedded for.
    pub purpose: Purpose,
    /// The text.
    pub text: String,
}

/// The part of an example that belongs to the topic as a whole.
pub const NO_PART: usize = usize::MAX;

/// Lists all texts of the content, topic by topic.
pub fn list(knowledge: &Knowledge) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (topic, content) in knowledge.topics.iter().enumerate() {
        for (article, examples) in content.articles.iter().zip(&content.examples) {
            let mut push = |part, kind: Kind, text: String| {
                let purpose = kind.purpose();
                entries.push(Entry { topic, language: article.language, part, kind, purpose, text });
            };
            push(0, Kind::Title, article.title.clone());
            for question in &article.questions {
                push(0, Kind::Question, question.clone());
            }
            for example in examples {
                push(NO_PART, Kind::Question, example.clone());
            }
            for (part, section) in article.parts().enumerate() {
                for question in &section.questions {
                    push(part, Kind::Question, question.clone());
                }
                if let Some(heading) = &section.heading {
                    push(part, Kind::Heading, heading.clone());
                }
                push(part, Kind::Passage, passage(&article.title, section));
                for sentence in section.text.sentences_with_facts(|id| stand_in(knowledge, id)) {
                    push(part, Kind::Figure, sentence);
                }
            }
        }
    }
    entries
}

/// What stands for a figure where its sentence is embedded: of its kind, so that a new amount does not need a new vector.
fn stand_in(knowledge: &Knowledge, id: &str) -> &'static str {
    match knowledge.facts.get(id).map(|fact| fact.kind) {
        Some(FactKind::Money) => "100 €",
        Some(FactKind::Percent) => "10 %",
        Some(FactKind::Date) => "1.1.2026",
        Some(FactKind::Year) => "2026",
        Some(FactKind::Hours) => "9–16",
        _ => "2",
    }
}

/// A hash of all entries: what is indexed and learnt from the same ones is the same.
pub fn hash(entries: &[Entry]) -> String {
    let mut hash = Sha256::new_with_prefix(VERSION);
    for Entry { topic, language, part, kind, purpose, text } in entries {
        for number in [*topic, language.index(), *part, *kind as usize, *purpose as usize, text.len()] {
            hash.update((number as u64).to_le_bytes());
        }
        hash.update(text);
    }
    hex(&hash.finalize(), 16)
}

/// A passage as it is embedded: the title first, which tells what it is about, then heading and words.
///
/// Figures are left out: they carry no meaning for the model, and a new amount must not need a new vector.
fn passage(title: &str, section: &Section) -> String {
    let mut text = title.to_owned();
    if let Some(heading) = &section.heading {
        text.push_str(". ");
        text.push_str(heading);
    }
    text.push_str(". ");
    for words in section.text.words() {
        text.push_str(words);
    }
    text
}

/// The text of a part with the figures of a day, or an empty text where a fact has none that day.
pub fn filled(knowledge: &Knowledge, section: &Section, language: Language, day: Date) -> String {
    section.text.fill(&knowledge.facts, language, day).unwrap_or_default()
}
