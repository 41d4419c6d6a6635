//! How sure a ranking is of its best topic: signals that a fitted logistic model weighs to a probability.
//!
//! The shares of a ranking are too sure of themselves where everything rests on one reading of the question, so the signals ask how far the
//! best topic is ahead, and which readings name it on their own.

use super::Ranking;
use super::features::{DENSE_N, FEATURES_N, PRIOR, VARIATES};
use crate::domain::Lookup;
use crate::inference::logit::{fit_binary, predict_binary};
use std::ops::Range;

/// What the confidence is computed from. Those named `says-…` are 1 where that reading alone puts the same topic first, else 0.
pub(super) const SIGNALS: [&str; 17] = [
    "best-logit",
    "second-logit",
    "third-logit",
    "margin-logit",
    "nearest-question",
    "best-near-question",
    "known-share",
    "best-questions-stems",
    "guidance",
    "short",
    "says-discriminant",
    "says-nearest-question",
    "says-near-questions",
    "says-nearest-passage",
    "says-words",
    "says-prior",
    "says-variates",
];

/// The columns of each reading, in the order of the signals named `says-…`; a topic's columns are added up.
const READINGS: [Range<usize>; 7] = [
    0..1,
    NEAREST_QUESTION..NEAREST_QUESTION + 1,
    2..3,
    3..4,
    DENSE_N + 4..DENSE_N + 8,
    PRIOR..PRIOR + 1,
    VARIATES..VARIATES + 1,
];
const NEAREST_QUESTION: usize = 1;
const QUESTIONS_STEMS: usize = DENSE_N + 5;
/// In so many parts the data are cut, each judged by what was learnt from the others.
const FOLDS_N: usize = 10;
const PENALTY: f64 = 1e-4;

/// What tells how sure a ranking is.
pub(super) fn signals(ranking: &Ranking, lookup: &Lookup) -> [f32; SIGNALS.len()] {
    let share = |place: usize| {
        let topic = ranking.order.get(place);
        topic.and_then(|&at| ranking.shares.get(at)).copied().unwrap_or_default().clamp(1e-6, 1.0 - 1e-6)
    };
    let logit = |p: f32| (p / (1.0 - p)).ln() / 4.0;
    let best = ranking.order.first().copied().unwrap_or_default();
    let feature = |at: usize| ranking.features.row(best).get(at).copied().unwrap_or_default();
    let says = READINGS.map(|columns| if first_by(ranking, &columns) == Some(best) { 1.0 } else { 0.0 });
    let [discriminant, nearest, near, passage, words, prior, variates] = says;
    [
        logit(share(0)),
        logit(share(1)),
        logit(share(2)),
        (share(0) / share(1)).ln() / 4.0,
        ranking.features.nearest * 2.0,
        feature(NEAREST_QUESTION) * 2.0,
        ranking.features.known_share,
        feature(QUESTIONS_STEMS),
        logit(lookup.guidance.clamp(1e-4, 1.0 - 1e-4)),
        if ranking.features.words_n < 3 { 1.0 } else { 0.0 },
        discriminant,
        nearest,
        near,
        passage,
        words,
        prior,
        variates,
    ]
}

/// The topic that some columns alone put first.
fn first_by(ranking: &Ranking, columns: &Range<usize>) -> Option<usize> {
    let rows = ranking.features.rows().chunks_exact(FEATURES_N).enumerate();
    let sums = rows.map(|(topic, row)| (topic, row.get(columns.clone()).unwrap_or_default().iter().sum::<f32>()));
    // Of equals the first, so that the same question is always judged alike.
    sums.reduce(|first, next| if first.1 < next.1 { next } else { first }).map(|(topic, _)| topic)
}

/// Rankings by their signals, with whether the best topic was right: the weights learnt from all of them, and the confidence in each that
/// is learnt from the other nine tenths. A threshold is to be read off the latter, since no weight has seen the answer.
pub(super) fn fit(rows: &[(Vec<f32>, bool)]) -> (Vec<f32>, Vec<f32>) {
    let mut unseen = vec![0.0; rows.len()];
    for fold in 0..FOLDS_N {
        let others: Vec<_> =
            rows.iter().enumerate().filter(|(at, _)| at % FOLDS_N != fold).map(|(_, row)| row.clone()).collect();
        let weights = fit_binary(&others, SIGNALS.len(), PENALTY);
        for (to, (signals, _)) in unseen.iter_mut().zip(rows).skip(fold).step_by(FOLDS_N) {
            *to = predict_binary(&weights, signals);
        }
    }
    (fit_binary(rows, SIGNALS.len(), PENALTY), unseen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_judged_was_not_learnt_from() {
        // One signal that tells, except in one row: learnt from all it would pull its own verdict towards itself.
        let row = |x: f32, right| {
            let mut signals = vec![0.0; SIGNALS.len()];
            signals[0] = x;
            (signals, right)
        };
        let mut rows: Vec<_> = (0..40u8).map(|n| row(if n % 2 == 0 { 1.0 } else { -1.0 }, n % 2 == 0)).collect();
        rows.push(row(3.0, false));
        let (weights, unseen) = fit(&rows);
        let seen = predict_binary(&weights, &rows[40].0);
        assert!(seen < unseen[40], "{seen} of all, {} of the others", unseen[40]);
        assert!(unseen[0] > 0.9 && unseen[1] < 0.1, "{unseen:?}");
    }
}
