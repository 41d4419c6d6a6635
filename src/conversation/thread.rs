//! Keeps the thread: whether a message goes on with the topic of the conversation or stands alone, and what both readings found together.

use crate::domain::{Candidate, Cues, Evidence, Language, Lookup, QuickReply, Reading, TopicId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many numbers decide whether a message goes on with the topic so far.
pub const TIES_N: usize = 15;
/// Their names in the calibration.
pub const TIES: [&str; TIES_N] = [
    "follow-up",
    "reference",
    "correction",
    "back",
    "other",
    "same-subject",
    "new-subject",
    "up-to-3-words",
    "up-to-6-words",
    "over-12-words",
    "alone-confidence",
    "continued-confidence",
    "alone-stays",
    "continued-stays",
    "alone-guidance",
];

/// How a message reads that goes on with the topic so far: fitted with the ties.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Leaning {
    /// What the subject so far adds to the log-odds of its topics.
    pub kin_bonus: f32,
    /// What the topic so far adds to its own, beside that; up to twice as much in a short message.
    pub stay_bonus: f32,
    /// How the log-odds of the confidence carry over to a message that may go on with the topic so far: times this, plus that.
    pub certainty: [f32; 2],
    /// How much the message by itself counts beside the message with its subject.
    pub alone_weight: f32,
    /// How much the question of a long story counts beside the whole story.
    pub core_weight: f32,
}

impl Default for Leaning {
    fn default() -> Self {
        Self { kin_bonus: 2.0, stay_bonus: 0.5, certainty: [1.0, 0.0], alone_weight: 0.5, core_weight: 0.5 }
    }
}

impl Leaning {
    /// The calibrated probability that the best topic is right, of a message that may go on with the topic so far.
    pub fn certain(self, confidence: f32) -> f32 {
        let [slope, offset] = self.certainty;
        1.0 / (1.0 + (-(slope * log_odds(confidence) + offset)).exp())
    }

    /// The question that a message of some words is when it goes on with the topic so far; `kin` are the topics near it.
    pub fn lookup(
        self,
        (alone, continued): (&Reading, Reading),
        (topic, kin): (Option<&TopicId>, &[(TopicId, f32)]),
        words_n: usize,
        (language, day): (Language, Date),
    ) -> Lookup {
        // The shorter, the more is left unsaid.
        let stay_bonus = match words_n {
            0..=3 => 2.0 * self.stay_bonus,
            4..=6 => 1.5 * self.stay_bonus,
            _ => self.stay_bonus,
        };
        let bonus = |(other, near): &(TopicId, f32)| {
            let stays = if Some(other) == topic { stay_bonus } else { 0.0 };
            (other.clone(), near * self.kin_bonus + stays)
        };
        let favoured = kin.iter().map(bonus).collect();
        let beside = Some((alone.clone(), self.alone_weight));
        Lookup { beside, favoured, ..Lookup::of(continued, language, day) }
    }
}

/// What two readings of one message found: by itself, and as a continuation.
#[derive(Clone, Debug)]
pub struct Found {
    /// By itself.
    pub alone: Evidence,
    /// As a continuation, where it may be one.
    pub continued: Option<Evidence>,
    /// What questions after the first found.
    pub further: Vec<Evidence>,
}

impl Found {
    /// Takes out the topics of the further questions, as questions that can be asked by one tap.
    pub fn further_topics(&mut self) -> Vec<QuickReply> {
        let likely = |evidence: &Evidence| evidence.clarify_from <= evidence.confidence;
        let further = std::mem::take(&mut self.further).into_iter().filter(likely);
        let best = further.filter_map(|evidence| evidence.candidates.into_iter().next());
        best.map(|candidate| QuickReply { topic: candidate.topic, title: candidate.title }).collect()
    }
}

/// The weights by which a message is taken for a continuation, one for each of [`TIES`], then the intercept: fitted on dialogues.
#[derive(Clone, Debug, PartialEq)]
pub struct Ties(pub [f32; TIES_N + 1]);

impl Default for Ties {
    /// What the words say, before anything was fitted.
    fn default() -> Self {
        Self([1.5, 1.0, 0.5, 1.0, -2.0, 0.0, -1.5, 0.5, 0.5, -1.5, -3.0, 2.0, 0.0, 0.0, 0.0, 0.0])
    }
}

impl Ties {
    /// The probability that a message goes on with the topic so far.
    pub fn continuation(&self, cues: &Cues, alone: &Evidence, continued: &Evidence, topic: Option<&TopicId>) -> f32 {
        let ties = ties(cues, alone, continued, topic);
        let sum: f32 = self.0.iter().zip(ties.iter().chain(&[1.0])).map(|(weight, x)| weight * x).sum();
        1.0 / (1.0 + (-sum).exp())
    }
}

/// The numbers that decide, in the order of [`TIES`].
pub fn ties(cues: &Cues, alone: &Evidence, continued: &Evidence, topic: Option<&TopicId>) -> [f32; TIES_N] {
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    let stays = |evidence: &Evidence| {
        let best = evidence.candidates.first();
        flag(best.is_some_and(|best| topic.is_some_and(|topic| topic.benefit() == best.topic.benefit())))
    };
    [
        flag(cues.follow_up),
        flag(cues.reference),
        flag(cues.correction),
        flag(cues.back),
        flag(cues.other),
        flag(cues.same_subject),
        flag(cues.new_subject),
        flag(cues.words_n <= 3),
        flag(cues.words_n <= 6),
        flag(12 < cues.words_n),
        alone.confidence,
        continued.confidence,
        stays(alone),
        stays(continued),
        cues.guidance,
    ]
}

/// The log-odds of a probability.
pub fn log_odds(p: f32) -> f32 {
    let p = p.clamp(1e-4, 1.0 - 1e-4);
    (p / (1.0 - p)).ln()
}

/// Both readings as one: a mixture by the probability of a continuation. Passages are those of the reading whose best topic comes first.
pub fn blend(found: Found, continuation: f32) -> Evidence {
    let Some(continued) = found.continued else { return found.alone };
    let readings = [(found.alone, 1.0 - continuation), (continued, continuation)];
    let mut scores: BTreeMap<&TopicId, (f32, f32, &Candidate)> = BTreeMap::new();
    for (evidence, weight) in &readings {
        let first = evidence.candidates.first().map_or(0.0, |best| best.score);
        for (place, candidate) in evidence.candidates.iter().enumerate() {
            // What the best topic leaves is shared by the others.
            let certain = match place {
                0 => evidence.confidence,
                _ => (1.0 - evidence.confidence) * candidate.score / (1.0 - first).max(1e-3),
            };
            let (score, confidence, _) = scores.entry(&candidate.topic).or_insert((0.0, 0.0, candidate));
            *score += weight * candidate.score;
            *confidence += weight * certain.min(1.0);
        }
    }
    let mut order: Vec<(f32, f32, Candidate)> = scores
        .into_values()
        .map(|(score, confidence, candidate)| (score, confidence, Candidate { score, ..candidate.clone() }))
        .collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.total_cmp(&a.0)));
    let best = order.first().map(|(_, confidence, candidate)| (*confidence, candidate.topic.clone()));
    let [(alone, _), (continued, _)] = readings;
    let leads = |evidence: &Evidence| {
        evidence.candidates.first().map(|candidate| &candidate.topic) == best.as_ref().map(|(_, topic)| topic)
    };
    // A topic that neither reading puts first has no passages yet: then the likelier reading speaks.
    let (mut evidence, confidence) = match (leads(&continued), leads(&alone)) {
        (true, _) if 0.5 <= continuation || !leads(&alone) => (continued, best.map(|(confidence, _)| confidence)),
        (_, true) => (alone, best.map(|(confidence, _)| confidence)),
        _ if 0.5 <= continuation => return Evidence { confidence: continued.confidence * continuation, ..continued },
        _ => return Evidence { confidence: alone.confidence * (1.0 - continuation), ..alone },
    };
    evidence.confidence = confidence.unwrap_or_default().min(1.0);
    evidence.candidates = order.into_iter().map(|(_, _, candidate)| candidate).take(CANDIDATES_MAX).collect();
    evidence
}

/// How many candidates a turn shows.
const CANDIDATES_MAX: usize = 5;
