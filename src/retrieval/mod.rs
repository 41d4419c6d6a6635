//! Finds the guidance for a question: tantivy's BM25 over several readings of the words, vectors of the same texts, fused by weights that
//! were fitted on data, with a calibrated probability that the best topic is right.
//!
//! Only this module knows tantivy.

pub mod calibration;
mod confidence;
pub mod entries;
pub mod explain;
pub mod features;
pub mod lexical;
mod part_model;
pub mod parts;
pub mod semantic;
mod shelf;
pub mod vectors;

pub use calibration::{Calibration, Mode};
pub use vectors::Vectors;

use crate::assistant::Retrieve;
use crate::domain::{Candidate, Citation, Evidence, Language, Lookup, QuickReply, TopicId};
use crate::inference::{EncodeError, Kept};
use crate::knowledge::{Article, Knowledge, changes};
use entries::Entry;
use features::Features;
use jiff::civil::Date;
use lexical::{Lexical, Terms};
use semantic::{Probe, Semantic};
use std::path::Path;
use std::sync::Arc;

/// No reading rules a topic out altogether.
const SHARE_MIN: f32 = 1e-4;
/// The folder of the data folder that holds an index for each version of the content.
const INDEX_FOLDER: &str = "index";
/// How many candidates a lookup gives.
const CANDIDATES_MAX: usize = 5;
/// How many of them may be offered to choose from.
const CHOICES_MAX: usize = 3;

/// How much likelier a question is about the benefit of the page on which it is asked: enough for near-ties, too little to turn a clear one.
const PAGE_ODDS: f32 = 2.0;

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
    lexical: [Arc<Lexical>; 3],
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

impl Ranking {
    /// Multiplies the odds of the page's topics, so that near-ties go to them.
    fn lift(&mut self, is_of_page: impl Fn(usize) -> bool) {
        let of_page = self.shares.iter_mut().enumerate().filter(|(at, _)| is_of_page(*at));
        of_page.for_each(|(_, share)| *share *= PAGE_ODDS);
        self.normalize();
    }

    /// Makes the shares add up to one and orders the topics by them.
    fn normalize(&mut self) {
        let total: f32 = self.shares.iter().sum();
        for share in &mut self.shares {
            *share /= total.max(f32::MIN_POSITIVE);
        }
        let share = |at: &usize| self.shares.get(*at).copied().unwrap_or_default();
        self.order.sort_by(|a, b| share(b).total_cmp(&share(a)).then(a.cmp(b)));
    }
}

impl Retrieval {
    /// Builds the index of the content; texts whose vectors are in `vectors` are not embedded again.
    ///
    /// # Errors
    /// When a text cannot be embedded or the index cannot be built.
    pub fn build(knowledge: Arc<Knowledge>, vectors: &Vectors, calibration: Calibration) -> Result<Self, BuildError> {
        let entries = entries::list(&knowledge);
        let hash = entries::hash(&entries);
        let folder = vectors.folder().map(|folder| folder.join(INDEX_FOLDER));
        let of_content = folder.as_ref().map(|folder| folder.join(&hash));
        let (semantic, [fi, sv, en]) = std::thread::scope(|scope| {
            let build = |language| {
                let (knowledge, of_content) = (&knowledge, of_content.as_deref());
                scope.spawn(move || Lexical::build(knowledge, language, of_content))
            };
            let lexical = Language::ALL.map(build);
            let semantic = semantic(&entries, &hash, vectors, knowledge.topics.len());
            (semantic, lexical.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
        });
        if let Some(folder) = &folder {
            remove_all_but(folder, &hash);
        }
        Ok(Self { knowledge, lexical: [Arc::new(fi?), Arc::new(sv?), Arc::new(en?)], semantic: semantic?, calibration })
    }

    /// Builds the index of content that has the same topics as this one, and takes over what its changes leave as it is.
    ///
    /// Exactly what [`Retrieval::build`] gives while titles and example questions are the same. Where they differ, the discriminant is still
    /// the one that was learnt from the earlier ones.
    ///
    /// # Errors
    /// When a text cannot be embedded or the index cannot be built.
    pub fn renewed(
        &self,
        knowledge: Arc<Knowledge>,
        vectors: &Vectors,
        calibration: Calibration,
    ) -> Result<Self, BuildError> {
        let entries = entries::list(&knowledge);
        let same = Language::ALL.map(|language| changes::same_questions(&self.knowledge, &knowledge, language));
        let wanted = self.semantic.wanted(&entries, same);
        let texts = |is_wanted: bool| {
            let of_kind = entries.iter().zip(&wanted).filter(move |(_, wanted)| **wanted == is_wanted);
            of_kind.map(|(entry, _)| (entry.purpose, entry.text.as_str()))
        };
        vectors.keep(texts(false));
        let texts: Vec<_> = texts(true).map(|(purpose, text)| (purpose, text.to_owned())).collect();
        let mut embedded = vectors.sentences(&texts)?.into_iter();
        let embedded: Vec<_> =
            wanted.iter().map(|wanted| wanted.then(|| embedded.next()).flatten().unwrap_or_default()).collect();
        let semantic = self.semantic.renewed(&entries, &embedded, same);
        let [fi, sv, en] = Language::ALL.map(|language| {
            if changes::same_texts(&self.knowledge, &knowledge, language) {
                return Ok(Arc::clone(self.lexical(language)));
            }
            Lexical::build(&knowledge, language, None).map(Arc::new)
        });
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
        let probe = self.semantic.probe(lookup);
        let terms = self.lexical(lookup.language).read(lookup.utterance.as_str());
        self.rank_read(lookup, &probe, &terms, mode)
    }

    fn rank_read(&self, lookup: &Lookup, probe: &Probe, terms: &Terms, mode: Mode) -> Ranking {
        let mut features = Features::new(self.knowledge.topics.len());
        self.semantic.topics(probe, lookup.language, &mut features);
        self.lexical(lookup.language).topics(terms, &mut features);
        features.understood(&lookup.prior, &lookup.variates);
        let mut ranking = self.calibration.rank(features, mode);
        if let Some(benefit) = &lookup.benefit {
            ranking.lift(|at| self.knowledge.topics.get(at).is_some_and(|topic| topic.id.benefit() == &**benefit));
        }
        ranking
    }

    fn lexical(&self, language: Language) -> &Arc<Lexical> {
        let [fi, sv, en] = &self.lexical;
        match language {
            Language::Fi => fi,
            Language::Sv => sv,
            Language::En => en,
        }
    }

    fn find(&self, lookup: &Lookup) -> Evidence {
        let probe = self.semantic.probe(lookup);
        let terms = self.lexical(lookup.language).read(lookup.utterance.as_str());
        let mut ranking = self.rank_read(lookup, &probe, &terms, Mode::Fused);
        self.favour(&mut ranking, lookup);
        let confidence = match lookup.wanted {
            Some(_) => 1.0,
            None => self.calibration.confidence(&ranking, lookup),
        };
        // Which parts answer is remembered with a choice, so that the question need not be asked again.
        let is_asked_back = confidence < self.calibration.answer_from;
        let parts = |at: usize| -> Vec<u8> {
            let shown = parts::shown(&self.parts(at, lookup, &probe, &terms));
            shown.into_iter().filter_map(|part| u8::try_from(part).ok()).collect()
        };
        let candidates: Vec<Candidate> = ranking
            .order
            .iter()
            .take(CANDIDATES_MAX)
            .enumerate()
            .filter_map(|(place, &at)| {
                let topic = self.knowledge.topics.get(at)?;
                Some(Candidate {
                    topic: topic.id.clone(),
                    title: topic.article(lookup.language).title.clone(),
                    score: ranking.shares.get(at).copied()?,
                    parts: if is_asked_back && place < CHOICES_MAX { parts(at) } else { Vec::new() },
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
            let scores = self.parts(best, lookup, &probe, &terms);
            self.fill(&mut evidence, best, &scores, lookup);
        }
        evidence
    }

    /// Takes in another reading, lifts topics that are likelier here than elsewhere, and puts first what is wanted for sure.
    fn favour(&self, ranking: &mut Ranking, lookup: &Lookup) {
        let place = |id: &TopicId| self.knowledge.topics.binary_search_by(|topic| topic.id.cmp(id)).ok();
        if let Some((reading, weight)) = &lookup.beside {
            let beside = self.rank(&Lookup::of(reading.clone(), lookup.language, lookup.day), Mode::Fused);
            for (share, other) in ranking.shares.iter_mut().zip(&beside.shares) {
                *share *= other.max(SHARE_MIN).powf(*weight);
            }
        }
        for (id, bonus) in &lookup.favoured {
            if let Some(share) = place(id).and_then(|at| ranking.shares.get_mut(at)) {
                *share *= bonus.exp();
            }
        }
        if let Some(at) = lookup.wanted.as_ref().and_then(place) {
            ranking.shares.fill(0.0);
            if let Some(share) = ranking.shares.get_mut(at) {
                *share = 1.0;
            }
        } else if lookup.favoured.is_empty() && lookup.beside.is_none() {
            return;
        }
        ranking.normalize();
    }

    /// The score of each part of a topic's article for a question, lead first.
    fn parts(&self, topic: usize, lookup: &Lookup, probe: &Probe, terms: &Terms) -> Vec<f32> {
        self.calibration.parts.scores(&self.rows_of_parts(topic, lookup, probe, terms))
    }

    fn rows_of_parts(&self, topic: usize, lookup: &Lookup, probe: &Probe, terms: &Terms) -> parts::Rows {
        let article = self.knowledge.topics.get(topic).map(|content| content.article(lookup.language));
        let Some(article) = article else { return parts::Rows::default() };
        let parts_n = article.sections.len() + 1;
        let near = self.semantic.parts(topic, parts_n, probe, lookup.language);
        let words = self.lexical(lookup.language).parts(topic, parts_n, terms);
        let asks = parts::WordsAsk::read(&self.knowledge, lookup);
        parts::features((&self.knowledge, article), &near, &words, asks)
    }

    /// What the parts of a topic's article are chosen by; for fitting.
    pub fn parts_of(&self, topic: usize, lookup: &Lookup) -> parts::Rows {
        let probe = self.semantic.probe(lookup);
        let terms = self.lexical(lookup.language).read(lookup.utterance.as_str());
        self.rows_of_parts(topic, lookup, &probe, &terms)
    }

    /// The text of each part of a topic's article in a language on a day, lead first, figures filled in.
    pub fn texts_of_parts(&self, topic: usize, language: Language, day: Date) -> Vec<String> {
        let article = self.knowledge.topics.get(topic).map(|content| content.article(language));
        let parts = article.into_iter().flat_map(Article::parts);
        parts.map(|part| entries::filled(&self.knowledge, part, language, day)).collect()
    }

    /// Adds what a topic answers: its passages, where they come from, and what people ask next.
    fn fill(&self, evidence: &mut Evidence, topic: usize, scores: &[f32], lookup: &Lookup) {
        let Some(topic_content) = self.knowledge.topics.get(topic) else { return };
        let article = topic_content.article(lookup.language);
        evidence.passages = parts::choose(&self.knowledge, article, scores, lookup);
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

/// What vectors say, learnt or taken from what was learnt from the same entries before.
fn semantic(entries: &[Entry], hash: &str, vectors: &Vectors, topics_n: usize) -> Result<Semantic, BuildError> {
    let file = vectors.beside("semantic");
    let kept = file.as_ref().and_then(|file| Kept::load(file, hash));
    let kept = kept.and_then(|kept| Semantic::kept(&kept, entries, vectors.encoder().dims(), topics_n));
    if let Some(semantic) = kept {
        return Ok(semantic);
    }
    let embedded = vectors.sentences(&entries.iter().map(|e| (e.purpose, e.text.clone())).collect::<Vec<_>>())?;
    let semantic = Semantic::learn(entries, &embedded, topics_n).ok_or(BuildError::Empty)?;
    if let Some(file) = file
        && let Err(error) = semantic.keep().save(&file, hash)
    {
        tracing::warn!(%error, "what was learnt cannot be kept: the next start will learn it again");
    }
    Ok(semantic)
}

/// Removes the indexes of content that is no longer there. What cannot be removed is left: it only takes room.
fn remove_all_but(folder: &Path, name: &str) {
    for entry in fs_err::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name() != name {
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
}

impl Retrieve for Retrieval {
    fn search(&self, lookup: &Lookup) -> Evidence {
        self.find(lookup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(shares: &[f32], favoured: usize, order: &[usize]) {
        let order_before = (0..shares.len()).collect();
        let mut ranking =
            Ranking { features: Features::new(shares.len()), shares: shares.to_vec(), order: order_before };
        ranking.lift(|at| at == favoured);
        assert_eq!(ranking.order, order);
        assert!((ranking.shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_page_decides_near_ties_only() {
        check(&[0.45, 0.35, 0.2], 1, &[1, 0, 2]);
        check(&[0.45, 0.35, 0.2], 2, &[0, 2, 1]);
        check(&[0.8, 0.15, 0.05], 1, &[0, 1, 2]);
        check(&[0.5, 0.5], 9, &[0, 1]);
    }
}
