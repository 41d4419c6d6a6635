//! Finds the guidance for a question: tantivy's BM25 over several readings of the words, vectors of the same texts, fused by weights that
//! were fitted on data, with a calibrated probability that the best topic is right.
//!
//! Only this module knows tantivy.

pub mod calibration;
pub mod entries;
pub mod features;
pub mod lexical;
pub mod parts;
pub mod semantic;
pub mod vectors;

pub use calibration::{Calibration, Mode};
pub use vectors::Vectors;

use crate::assistant::Retrieve;
use crate::domain::{Candidate, Citation, Evidence, Language, Lookup, QuickReply};
use crate::inference::EncodeError;
use crate::knowledge::Knowledge;
use features::Features;
use lexical::Lexical;
use semantic::Semantic;
use std::sync::Arc;

/// How many candidates a lookup gives.
const CANDIDATES_MAX: usize = 5;

/// Why an index could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A text could not be embedded.
    #[error("cannot embed the content: {0}")]
    Encode(#[from] EncodeError),
    /// The index could not be written.
    #[error("cannot build the index: {0}")]
    Index(#[from] tantivy::TantivyError),
    /// There is nothing to search.
    #[error("there are no articles: write some under `knowledge/`")]
    Empty,
}

/// The searchable form of one version of the content.
pub struct Retrieval {
    knowledge: Arc<Knowledge>,
    lexical: [Lexical; 3],
    semantic: Semantic,
    calibration: Calibration,
}

/// What one lookup computed on its way, for calibration and for the explain view.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// The features of all topics.
    pub features: Features,
    /// The probability of each topic, in the order of [`Knowledge::topics`].
    pub shares: Vec<f32>,
    /// Topics by falling probability.
    pub order: Vec<usize>,
}

impl Retrieval {
    /// Builds the index of the content; texts whose vectors are in `vectors` are not embedded again.
    ///
    /// # Errors
    /// When a text cannot be embedded or the index cannot be built.
    pub fn build(knowledge: Arc<Knowledge>, vectors: &Vectors, calibration: Calibration) -> Result<Self, BuildError> {
        let entries = entries::list(&knowledge);
        let embedded = vectors.of(&entries.iter().map(|e| (e.purpose, e.text.clone())).collect::<Vec<_>>())?;
        let topics_n = knowledge.topics.len();
        let semantic = Semantic::build(&entries, &embedded, topics_n).ok_or(BuildError::Empty)?;
        let [fi, sv, en] = Language::ALL.map(|language| Lexical::build(&knowledge, language));
        let lexical = [fi?, sv?, en?];
        Ok(Self { knowledge, lexical, semantic, calibration })
    }

    /// The content that is searched.
    pub fn knowledge(&self) -> &Arc<Knowledge> {
        &self.knowledge
    }

    /// The weights and thresholds in use.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Ranks all topics for a question with the weights of a mode.
    pub fn rank(&self, lookup: &Lookup, mode: Mode) -> Ranking {
        let mut features = Features::new(self.knowledge.topics.len());
        self.semantic.topics(lookup, &mut features);
        if let Some(lexical) = self.lexical.get(lookup.language.index()) {
            lexical.topics(lookup.utterance.as_str(), &mut features);
        }
        features.prior(&lookup.prior);
        self.calibration.rank(features, mode)
    }

    fn find(&self, lookup: &Lookup) -> Evidence {
        let ranking = self.rank(lookup, Mode::Fused);
        let confidence = self.calibration.confidence(&ranking, lookup);
        let candidates: Vec<Candidate> = ranking
            .order
            .iter()
            .take(CANDIDATES_MAX)
            .filter_map(|&at| {
                let topic = self.knowledge.topics.get(at)?;
                Some(Candidate {
                    topic: topic.id.clone(),
                    title: topic.article(lookup.language).title.clone(),
                    score: ranking.shares.get(at).copied()?,
                })
            })
            .collect();
        let mut evidence = Evidence {
            candidates,
            confidence,
            answer_from: self.calibration.answer_from,
            clarify_from: self.calibration.clarify_from,
            passages: Vec::new(),
            citation: None,
            next: Vec::new(),
        };
        if let Some(&best) = ranking.order.first() {
            self.fill(&mut evidence, best, lookup);
        }
        evidence
    }

    /// Adds what a topic answers: its passages, where they come from, and what people ask next.
    fn fill(&self, evidence: &mut Evidence, topic: usize, lookup: &Lookup) {
        let Some(topic_content) = self.knowledge.topics.get(topic) else { return };
        let article = topic_content.article(lookup.language);
        let lexical = self.lexical.get(lookup.language.index());
        let scores = parts::scores(&self.semantic, lexical, topic, article, lookup);
        evidence.passages = parts::choose(&self.knowledge, article, &scores, lookup);
        evidence.citation = Some(Citation {
            topic: article.topic.clone(),
            title: article.title.clone(),
            url: article.source.clone(),
            checked: article.checked,
            version: self.knowledge.version.clone(),
        });
        evidence.next = article
            .next
            .iter()
            .filter_map(|id| self.knowledge.topic(id))
            .map(|next| QuickReply { topic: next.id.clone(), title: next.article(lookup.language).title.clone() })
            .collect();
    }
}

impl Retrieve for Retrieval {
    fn search(&self, lookup: &Lookup) -> Evidence {
        self.find(lookup)
    }
}
