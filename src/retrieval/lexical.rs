//! The words' half: one tantivy index for each language, over topics and over their parts.

use crate::domain::Language;
use crate::knowledge::{Article, Knowledge, Synonyms, Topic};
use crate::retrieval::features::{DENSE_N, Features};
use crate::retrieval::shelf::{Shelf, Wanted};
use crate::words::{Analysis, Reading, TERMS_MAX, words};
use std::path::Path;

/// What the index tells apart in an article.
pub(super) const ZONES: [&str; 3] = ["title", "questions", "body"];
/// The place of the text itself among them.
const BODY: usize = 2;

/// The index of one language.
pub struct Lexical {
    language: Language,
    analysis: Analysis,
    synonyms: Synonyms,
    topics: Shelf,
    /// One document a part of an article; see [`Lexical::parts`].
    passages: Shelf,
    /// Where each topic's parts begin among the documents of `passages`.
    part_starts: Vec<usize>,
}

/// A question in all readings.
pub struct Terms {
    terms: [Wanted; 4],
    words_n: usize,
}

impl Lexical {
    /// Opens the index of one language in the folder of this content, and builds what is not there; without a folder, in memory.
    ///
    /// # Errors
    /// Where tantivy cannot.
    pub fn build(knowledge: &Knowledge, language: Language, folder: Option<&Path>) -> tantivy::Result<Self> {
        let articles: Vec<&Article> = knowledge.topics.iter().map(|topic| topic.article(language)).collect();
        let texts: Vec<[String; 3]> = knowledge.topics.iter().map(|topic| topic_zones(topic, language)).collect();
        let analysis = Analysis::new(language, texts.iter().flatten().map(String::as_str));
        let mut part_starts = Vec::with_capacity(articles.len());
        let mut parts = Vec::new();
        for article in &articles {
            part_starts.push(parts.len());
            parts.extend(article.parts().map(|part| {
                let body = part.text.words().collect::<String>();
                [part.heading.clone().unwrap_or_default(), part.questions.join("\n"), body]
            }));
        }
        let shelf = |name: &str, documents: &[[String; 3]]| {
            let name = format!("{language}-{name}");
            Shelf::open(folder.map(|folder| (folder, name.as_str())), &analysis, documents)
        };
        Ok(Self {
            topics: shelf("topics", &texts)?,
            passages: shelf("passages", &parts)?,
            synonyms: knowledge.synonyms.clone(),
            language,
            analysis,
            part_starts,
        })
    }

    /// Reads a question once, for all searches of a turn.
    pub fn read(&self, question: &str) -> Terms {
        let expanded = self.expand(question);
        let read = self.analysis.read(&expanded);
        let terms = Reading::ALL.map(|reading| read.of(reading).iter().take(TERMS_MAX).cloned().collect());
        Terms { terms, words_n: words(question).len() }
    }

    /// Writes the lexical features of all topics for a question.
    pub fn topics(&self, question: &Terms, features: &mut Features) {
        features.words_n = question.words_n;
        for ((at, reading), terms) in Reading::ALL.into_iter().enumerate().zip(&question.terms) {
            for zone in 0..ZONES.len() {
                let (scores, known_share) = self.topics.scores(zone, at, terms, 0..self.part_starts.len());
                if reading == Reading::Stems && zone == 1 {
                    features.known_share = known_share;
                }
                for (topic, score) in scores.into_iter().enumerate() {
                    if let Some(value) = features.at(topic, DENSE_N + zone * Reading::ALL.len() + at) {
                        *value = score;
                    }
                }
            }
        }
    }

    /// How well the text of each of a topic's parts (lead first) matches a question by its stems, compound parts and n-grams. What headings and
    /// example questions say is better told by their vectors.
    pub fn parts(&self, topic: usize, parts_n: usize, question: &Terms) -> Vec<f32> {
        let start = self.part_starts.get(topic).copied().unwrap_or_default();
        let documents = start..start + parts_n;
        let mut sums = vec![0.0; parts_n];
        for (at, terms) in question.terms.iter().enumerate().skip(1) {
            let (scores, _) = self.passages.scores(BODY, at, terms, documents.clone());
            for (sum, score) in sums.iter_mut().zip(scores) {
                *sum += score;
            }
        }
        sums
    }

    /// The question with the meanings of its everyday words behind it.
    fn expand(&self, question: &str) -> String {
        let words = words(question);
        let mut expanded = question.to_owned();
        let pairs = words.windows(2).map(|pair| pair.join(" "));
        for word in words.iter().cloned().chain(pairs) {
            for meaning in self.synonyms.meanings(self.language, &word) {
                expanded.push(' ');
                expanded.push_str(meaning);
            }
        }
        expanded
    }
}

fn topic_zones(topic: &Topic, language: Language) -> [String; 3] {
    let article = topic.article(language);
    let questions: Vec<&str> = topic.questions(language).map(String::as_str).collect();
    let mut body = String::new();
    for part in article.parts() {
        for words in part.heading.as_deref().into_iter().chain(part.text.words()) {
            body.push_str(words);
            body.push('\n');
        }
    }
    [article.title.clone(), questions.join("\n"), body]
}
