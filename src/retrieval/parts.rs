//! Which parts of an article answer a question: the lead, and the section that fits best.

use crate::domain::{Lookup, Passage};
use crate::knowledge::{Article, Knowledge};
use crate::retrieval::entries::filled;

/// The weights of a part's three scores: cosine to its text, to its example questions, and the words' match.
const WEIGHTS: [f32; 3] = [1.0, 1.0, 0.2];
/// A section must be better than the lead by this much to come before it.
const BEFORE_MARGIN: f32 = 0.4;
/// A section this much worse than the lead is not shown.
const BESIDE_MARGIN: f32 = -0.25;

/// The score of each part by its vectors' cosines and the match of its words.
pub(super) fn scores(near: &[[f32; 2]], words: &[f32]) -> Vec<f32> {
    let [text_weight, question_weight, words_weight] = WEIGHTS;
    near.iter()
        .zip(words)
        .map(|([text, question], words)| text_weight * text + question_weight * question + words_weight * words)
        .collect()
}

/// The parts to show: the lead, which answers the main question, and the best section where it may answer; the section first where it is
/// clearly better. The lead is always there: it has the main figure, and a section alone may be the wrong one.
pub(super) fn choose(knowledge: &Knowledge, article: &Article, scores: &[f32], lookup: &Lookup) -> Vec<Passage> {
    let lead = scores.first().copied().unwrap_or_default();
    let best_section = scores
        .iter()
        .enumerate()
        .skip(1)
        .max_by(|a, b| a.1.total_cmp(b.1))
        .filter(|(_, score)| lead + BESIDE_MARGIN <= **score);
    let parts: Vec<usize> = match best_section.filter(|_| !lookup.brief) {
        Some((part, score)) if lead + BEFORE_MARGIN <= *score => vec![part, 0],
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
