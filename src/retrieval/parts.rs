//! Which parts of an article answer a question: the lead, and the section that fits best.

use crate::domain::{FactKind, Lookup, Passage};
use crate::knowledge::threads::Cue;
use crate::knowledge::{Article, Knowledge, Section};
use crate::retrieval::entries::filled;

/// How many numbers say how well a part answers.
pub const PARTS_N: usize = 6;
/// Their names in the calibration: the cosine to its text, to its example questions, the match of its words, whether it is the lead, whether
/// it has sums where a sum is asked for, whether it has times where a time is.
pub const PARTS: [&str; PARTS_N] = ["text", "questions", "words", "lead", "sum-asked", "time-asked"];
/// What holds before anything was fitted.
pub const UNFITTED: [f32; PARTS_N] = [10.0, 10.0, 2.0, 2.0, 0.0, 0.0];

/// A section that is less likely than this beside the lead is not shown.
const BESIDE_FROM: f32 = 0.2;
/// A section that is likelier than this beside the lead comes before it.
const BEFORE_FROM: f32 = 0.7;
/// The match of words is divided by this, so that it is of the size of the other numbers.
const WORDS_SCALE: f32 = 10.0;

/// What kind of figure a question asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FigureAsked {
    sum: bool,
    time: bool,
}

impl FigureAsked {
    /// Reads a question's small words.
    pub(super) fn read(knowledge: &Knowledge, lookup: &Lookup) -> Self {
        let phrases = knowledge.threads.cues.get(lookup.language.index());
        let found = phrases.map(|phrases| phrases.find(lookup.utterance.as_str())).unwrap_or_default();
        let asks = |cue: Cue| found.iter().any(|found| Cue::ALL.get(found.means) == Some(&cue));
        Self { sum: asks(Cue::AsksSum), time: asks(Cue::AsksTime) }
    }
}

/// The numbers of each part, lead first, by its vectors' cosines to text and questions, and the match of its words.
pub(super) fn features(
    (knowledge, article): (&Knowledge, &Article),
    near: &[[f32; 2]],
    words: &[f32],
    asked: FigureAsked,
) -> Vec<[f32; PARTS_N]> {
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    let of = |(at, ((part, [text, questions]), words)): (usize, ((&Section, &[f32; 2]), &f32))| {
        let has = |is_kind: fn(FactKind) -> bool| {
            part.text.facts().filter_map(|id| knowledge.facts.get(id)).any(|fact| is_kind(fact.kind))
        };
        let sum = asked.sum && has(|kind| matches!(kind, FactKind::Money | FactKind::Percent));
        let time = asked.time && has(is_time);
        [*text, *questions, words / WORDS_SCALE, flag(at == 0), flag(sum), flag(time)]
    };
    article.parts().zip(near).zip(words).enumerate().map(of).collect()
}

/// Counts are mostly of days and months; their unit stands in the text.
fn is_time(kind: FactKind) -> bool {
    use FactKind::{Date, Day, Hours, Month, Number, Ordinal, Year};
    matches!(kind, Number | Ordinal | Date | Day | Month | Year | Hours)
}

/// The part that fits best: a section only where it may answer.
pub(super) fn best(scores: &[f32]) -> Option<usize> {
    let lead = *scores.first()?;
    Some(section(scores, lead).map_or(0, |(part, _)| part))
}

/// The best section, where it may answer, and how likely it is beside the lead.
fn section(scores: &[f32], lead: f32) -> Option<(usize, f32)> {
    let (part, score) = scores.iter().copied().enumerate().skip(1).max_by(|a, b| a.1.total_cmp(&b.1))?;
    let likely = 1.0 / (1.0 + (lead - score).exp());
    (BESIDE_FROM <= likely).then_some((part, likely))
}

/// The parts to show: the lead, which answers the main question, and the best section where it may answer; the section first where it is
/// clearly better. The lead is always there: it has the main figure, and a section alone may be the wrong one.
pub(super) fn choose(knowledge: &Knowledge, article: &Article, scores: &[f32], lookup: &Lookup) -> Vec<Passage> {
    let lead = scores.first().copied().unwrap_or_default();
    let chosen = lookup.part.map(usize::from);
    let parts: Vec<usize> = match section(scores, lead) {
        _ if lookup.brief || chosen == Some(0) => vec![0],
        _ if chosen.is_some_and(|part| part < scores.len()) => chosen.into_iter().chain([0]).collect(),
        Some((part, likely)) if BEFORE_FROM <= likely => vec![part, 0],
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_shown_where_it_may_answer() {
        assert_eq!(best(&[]), None);
        assert_eq!(best(&[1.0]), Some(0));
        assert_eq!(best(&[1.0, 0.9, 0.2]), Some(1));
        assert_eq!(best(&[3.0, 0.9, 0.2]), Some(0));
        let (part, likely) = section(&[0.0, -1.0, 2.0], 0.0).unwrap();
        assert_eq!(part, 2);
        assert!((likely - 0.880_797).abs() < 1e-5, "{likely}");
    }
}
