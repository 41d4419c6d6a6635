//! Which parts of an article answer a question: the lead and the sections that fit best.
//!
//! Weights are fitted twice: for questions that ask for a figure and for those that ask for anything else; on questions whose right parts a
//! reader named, and on questions for figures, where the parts that hold it are right.

use crate::domain::{FactKind, Lookup, Passage};
use crate::inference::logit::{Choice, fit_choices, product};
use crate::knowledge::threads::Cue;
use crate::knowledge::{Article, Knowledge, Section};
use crate::retrieval::entries::filled;
use crate::retrieval::part_model::Common;
use crate::retrieval::semantic::NearPart;
use crate::words::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many numbers say how well a part answers.
pub const PARTS_N: usize = 12;
/// Their names in the calibration: the cosine to its text, to its example questions and to its heading in any language, the log-probability that
/// it is what is asked for, the match of its text, whether it is the lead, whether it has sums where a sum is asked
/// for, whether it has times where a time is, the cosine to its nearest sentence with a figure, whether it has one, whether it is the lead where
/// it is asked what something is, and where hardly more than its name is said.
const NAMES: [&str; PARTS_N] = [
    "text",
    "questions",
    "heading",
    "asked",
    "text-words",
    "lead",
    "sum-asked",
    "time-asked",
    "figure",
    "has-figure",
    "lead-what-asked",
    "lead-few-words",
];
/// So many words are hardly more than a name.
const FEW_WORDS_MAX: usize = 3;
/// Who asks in more words what something is mostly asks for a detail.
const WHAT_WORDS_MAX: usize = 5;
/// What holds before anything was fitted.
const UNFITTED: [f32; PARTS_N] = [10.0, 10.0, 2.0, 1.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0];

/// A part that is less likely than this is not shown beside a likelier one. Cross-validated on 499 tuning questions that ask for no figure, 88 %
/// are shown a right part so, by 2.2 parts on average; 84 % by two parts at most, 85 % by three from 0.15 on. Where a figure is asked for, it is
/// 98 % by 1.7 parts, where two parts were always shown 96 %.
const SHOWN_FROM: f32 = 0.1;
/// How many parts are shown at most.
const SHOWN_MAX: usize = 3;
/// The L2 penalty of the fit.
const PENALTY: f64 = 1e-3;
/// How much questions for figures count, and how much the others: where the question's words ask for a figure, and where not.
const SHARES_ASKED: [f64; 2] = [0.6, 0.4];
const SHARES: [f64; 2] = [0.3, 0.7];
/// Into how many folds the topics are cut to judge the fit.
const FOLDS_N: usize = 5;
/// The match of words is divided by this, so that it is of the size of the other numbers.
const WORDS_SCALE: f32 = 10.0;

/// What the parts are chosen by, one weight for each of [`NAMES`].
#[derive(Clone, Debug)]
pub struct Weights {
    /// Where a figure is asked for.
    figure: [f32; PARTS_N],
    /// Where none is.
    other: [f32; PARTS_N],
}

/// The weights in the calibration file, by name.
#[derive(Serialize, Deserialize)]
pub(super) struct Written {
    figure: BTreeMap<String, f32>,
    other: BTreeMap<String, f32>,
}

/// The numbers of each part of an article for one question, lead first.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// One row of [`PARTS_N`] a part.
    pub rows: Vec<[f32; PARTS_N]>,
    /// Whether the question asks for a figure.
    pub asks_figure: bool,
}

/// A question with the parts that answer it.
pub struct Tuned {
    /// What the parts are chosen by.
    pub rows: Rows,
    /// The parts that answer it; at least one.
    pub right: Vec<usize>,
    /// Its topic's place: the fit is judged on topics that it has not seen.
    pub topic: usize,
    /// Whether it comes from a set of questions for figures.
    pub for_figure: bool,
}

/// What a question asks for by its small words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WordsAsk {
    sum: bool,
    time: bool,
    what: bool,
    words_n: usize,
}

impl WordsAsk {
    /// Reads a question's small words.
    pub(super) fn read(knowledge: &Knowledge, lookup: &Lookup) -> Self {
        let phrases = knowledge.threads.cues.get(lookup.language.index());
        let found = phrases.map(|phrases| phrases.find(lookup.utterance.as_str())).unwrap_or_default();
        let asks = |cue: Cue| found.iter().any(|found| Cue::ALL.get(found.means) == Some(&cue));
        let (sum, time) = (asks(Cue::AsksSum), asks(Cue::AsksTime));
        let words_n = words(lookup.utterance.as_str()).len();
        Self { sum, time, what: asks(Cue::AsksWhat) && words_n <= WHAT_WORDS_MAX, words_n }
    }

    fn figure(self) -> bool {
        self.sum || self.time
    }
}

/// The numbers of each part, lead first, by how near its texts are and how the words of its text match.
pub(super) fn features(
    (knowledge, article): (&Knowledge, &Article),
    near: &[NearPart],
    matches: &[f32],
    asks: WordsAsk,
) -> Rows {
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    let of = |at: usize, part: &Section, near: &NearPart, matched: f32| {
        let NearPart { text, figure, common: Common { question, heading, asked } } = *near;
        let text_words = matched / WORDS_SCALE;
        let has = |is_kind: fn(FactKind) -> bool| {
            part.text.facts().filter_map(|id| knowledge.facts.get(id)).any(|fact| is_kind(fact.kind))
        };
        let sum = asks.sum && has(|kind| matches!(kind, FactKind::Money | FactKind::Percent));
        let time = asks.time && has(is_time);
        let (lead, has_figure) = (flag(at == 0), flag(part.text.facts().next().is_some()));
        [
            text,
            question,
            heading,
            asked,
            text_words,
            lead,
            flag(sum),
            flag(time),
            figure,
            has_figure,
            lead * flag(asks.what),
            lead * flag(asks.words_n <= FEW_WORDS_MAX),
        ]
    };
    let parts = article.parts().zip(near).zip(matches).enumerate();
    let rows = parts.map(|(at, ((part, near), matched))| of(at, part, near, *matched)).collect();
    Rows { rows, asks_figure: asks.figure() }
}

/// Counts are mostly of days and months; their unit stands in the text.
fn is_time(kind: FactKind) -> bool {
    use FactKind::{Date, Day, Hours, Month, Number, Ordinal, Year};
    matches!(kind, Number | Ordinal | Date | Day | Month | Year | Hours)
}

impl Weights {
    /// What holds before anything was fitted.
    pub(super) const UNFITTED: Self = Self { figure: UNFITTED, other: UNFITTED };

    /// Reads what is written, or says what is missing.
    pub(super) fn read(written: &Written) -> Result<Self, &'static str> {
        let read = |by_name: &BTreeMap<String, f32>| {
            let mut row = [0.0; PARTS_N];
            for (weight, name) in row.iter_mut().zip(NAMES) {
                *weight = *by_name.get(name).ok_or(name)?;
            }
            Ok::<_, &'static str>(row)
        };
        Ok(Self { figure: read(&written.figure)?, other: read(&written.other)? })
    }

    /// The weights by name, each made shorter by `rounded`.
    pub(super) fn written(&self, rounded: fn(f32) -> f32) -> Written {
        let named =
            |row: &[f32; PARTS_N]| NAMES.into_iter().zip(row).map(|(n, w)| (n.to_owned(), rounded(*w))).collect();
        Written { figure: named(&self.figure), other: named(&self.other) }
    }

    /// The scores of an article's parts, lead first.
    pub(super) fn scores(&self, Rows { rows, asks_figure }: &Rows) -> Vec<f32> {
        let weights = if *asks_figure { &self.figure } else { &self.other };
        rows.iter().map(|row| product(weights, row)).collect()
    }

    /// Fits both on questions whose right parts are known. How much examples count beside questions for figures, say the shares above.
    pub(super) fn fit(tuned: &[&Tuned]) -> Self {
        let fit = |asks_figure: bool| {
            let of_kind = || tuned.iter().filter(|tuned| tuned.rows.asks_figure == asks_figure);
            let shares = if asks_figure { SHARES_ASKED } else { SHARES };
            #[expect(clippy::cast_precision_loss, reason = "counts are small")]
            let each = |for_figure: bool, share: f64| {
                share / of_kind().filter(|tuned| tuned.for_figure == for_figure).count().max(1) as f64
            };
            let [figures, others] = shares;
            let (figures, others) = (each(true, figures), each(false, others));
            let choices: Vec<Choice> = of_kind()
                .map(|tuned| Choice {
                    features: tuned.rows.rows.concat(),
                    right: tuned.right.clone(),
                    weight: if tuned.for_figure { figures } else { others },
                })
                .collect();
            let mut weights = [0.0; PARTS_N];
            for (to, from) in weights.iter_mut().zip(fit_choices(&choices, PARTS_N, PENALTY)) {
                *to = from;
            }
            weights
        };
        Self { figure: fit(true), other: fit(false) }
    }
}

/// The share of questions that are shown a right part, of those for figures and of the others, each judged by weights that were fitted on
/// other topics.
pub fn unseen(tuned: &[Tuned]) -> [f64; 2] {
    let is_in = |tuned: &Tuned, fold: usize| tuned.topic % FOLDS_N == fold;
    let (mut all_n, mut right_n) = ([0.0; 2], [0.0; 2]);
    for fold in 0..FOLDS_N {
        let weights = Weights::fit(&tuned.iter().filter(|tuned| !is_in(tuned, fold)).collect::<Vec<_>>());
        for tuned in tuned.iter().filter(|tuned| is_in(tuned, fold)) {
            let shown = shown(&weights.scores(&tuned.rows));
            let kind = usize::from(!tuned.for_figure);
            if let (Some(all_n), Some(right_n)) = (all_n.get_mut(kind), right_n.get_mut(kind)) {
                *all_n += 1.0;
                *right_n += f64::from(u8::from(shown.iter().any(|part| tuned.right.contains(part))));
            }
        }
    }
    let [figures, others] = all_n.map(|n: f64| n.max(1.0));
    let [of_figures, of_others] = right_n;
    [of_figures / figures, of_others / others]
}

/// The parts to show, likeliest first: those that may answer, at most [`SHOWN_MAX`]; none where there are none.
pub(super) fn shown(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let score = |part: &usize| scores.get(*part).copied().unwrap_or_default();
    order.sort_by(|a, b| score(b).total_cmp(&score(a)));
    let best = order.first().map(score).unwrap_or_default();
    let total: f32 = scores.iter().map(|score| (score - best).exp()).sum();
    let is_likely = |(place, part): &(usize, usize)| *place == 0 || SHOWN_FROM <= (score(part) - best).exp() / total;
    order.into_iter().take(SHOWN_MAX).enumerate().take_while(is_likely).map(|(_, part)| part).collect()
}

/// The parts to show of an article: those that were noted with a choice, or those that the scores speak for.
pub(super) fn choose(knowledge: &Knowledge, article: &Article, scores: &[f32], lookup: &Lookup) -> Vec<Passage> {
    let noted = lookup.parts.iter().map(|part| usize::from(*part)).filter(|part| *part <= article.sections.len());
    let parts: Vec<usize> = match noted.collect::<Vec<_>>() {
        _ if lookup.brief => vec![0],
        noted if !noted.is_empty() => noted,
        _ => shown(scores),
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

    #[track_caller]
    fn check(scores: &[f32], expected: &[usize]) {
        assert_eq!(shown(scores), expected, "{scores:?}");
    }

    #[test]
    fn the_parts_that_may_answer_are_shown_likeliest_first() {
        check(&[], &[]);
        check(&[1.0], &[0]);
        check(&[1.0, 0.9, -9.0], &[0, 1]);
        check(&[3.0, -0.9, -0.2], &[0]);
        check(&[0.0, -1.0, 2.0], &[2, 0]);
        check(&[0.0, 9.0, 1.0], &[1]);
        check(&[1.0, 1.2, 1.1, 1.3, 1.4], &[4, 3, 1]);
    }
}
