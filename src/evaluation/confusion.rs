//! Which topics are taken for which.

use crate::domain::TopicId;
use crate::evaluation::Graded;
use std::collections::BTreeMap;

/// A pair of topics and how often the one was taken for the other.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Confusion {
    /// The right topic.
    pub right: TopicId,
    /// The topic that was found first.
    pub found: TopicId,
    /// How often.
    pub times_n: usize,
    /// The lines of the questions.
    pub numbers: Vec<usize>,
}

/// All confusions, the most frequent first.
pub fn confusions(graded: &[Graded]) -> Vec<Confusion> {
    let mut pairs: BTreeMap<(TopicId, TopicId), Vec<usize>> = BTreeMap::new();
    for question in graded.iter().filter(|question| !question.is_within(1)) {
        if let (Some(right), Some(found)) = (question.right.first(), question.found.first()) {
            pairs.entry((right.clone(), found.clone())).or_default().push(question.number);
        }
    }
    let mut confusions: Vec<Confusion> = pairs
        .into_iter()
        .map(|((right, found), numbers)| Confusion { right, found, times_n: numbers.len(), numbers })
        .collect();
    confusions.sort_by_key(|confusion| std::cmp::Reverse(confusion.times_n));
    confusions
}
