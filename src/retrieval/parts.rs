//! Which part of an article answers a question: the lead, a section, or both.

use crate::domain::{Lookup, Passage};
use crate::knowledge::{Article, Knowledge};
use crate::retrieval::entries::filled;
use crate::retrieval::lexical::Lexical;
use crate::retrieval::semantic::Semantic;

/// The weights of a part's three scores: cosine to its text, to its example questions, and the words' match.
const WEIGHTS: [f32; 3] = [1.0, 1.0, 0.6];
/// A section must be better than the lead by this much to be shown without it.
const ALONE_MARGIN: f32 = 0.25;
/// A section this much worse than the lead is not shown.
const BESIDE_MARGIN: f32 = -0.25;

/// The score of each part of a topic's article for a question, lead first.
pub(super) fn scores(
    semantic: &Semantic,
    lexical: Option<&Lexical>,
    topic: usize,
    article: &Article,
    lookup: &Lookup,
) -> Vec<f32> {
    let parts_n = article.sections.len() + 1;
    let near = semantic.parts(topic, parts_n, lookup);
    let words = lexical.map_or_else(Vec::new, |l| l.parts(topic, parts_n, lookup.utterance.as_str()));
    let [text_weight, question_weight, words_weight] = WEIGHTS;
    near.iter()
        .enumerate()
        .map(|(part, [text, question])| {
            let words = words.get(part).copied().unwrap_or_default();
            text_weight * text + question_weight * question + words_weight * words
        })
        .collect()
}

/// The parts to show: the best section first where it clearly answers, the lead beside it where it may.
pub(super) fn choose(knowledge: &Knowledge, article: &Article, scores: &[f32], lookup: &Lookup) -> Vec<Passage> {
    let lead = scores.first().copied().unwrap_or_default();
    let best_section = scores
        .iter()
        .enumerate()
        .skip(1)
        .max_by(|a, b| a.1.total_cmp(b.1))
        .filter(|(_, score)| lead + BESIDE_MARGIN <= **score);
    let parts: Vec<usize> = match best_section {
        Some((part, score)) if lead + ALONE_MARGIN <= *score => vec![part],
        Some((part, score)) if lead < *score => vec![part, 0],
        Some((part, _)) => vec![0, part],
        None => vec![0],
    };
    parts
        .into_iter()
        .filter_map(|part| article.parts().nth(part))
        .map(|section| Passage {
            heading: section.heading.clone(),
            text: filled(knowledge, section, article.language, lookup.day),
        })
        .collect()
}
