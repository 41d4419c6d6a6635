//! Keeps the thread: whether a message goes on with the topic of the conversation or stands alone, and what both readings found together.

use crate::domain::{Candidate, Cues, Evidence, Language, Lookup, QuickReply, Reading, TopicId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// How many numbers speak for or against a topic in a message that may go on with the topic so far.
pub const BONDS_N: usize = 27;
/// Their names in the calibration.
pub const BONDS: [&str; BONDS_N] = [
    "alone",
    "alone-short",
    "alone-sure",
    "alone-guidance",
    "continued",
    "continued-short",
    "continued-sure",
    "same",
    "same-up-to-3-words",
    "same-up-to-6-words",
    "same-over-12-words",
    "same-follow-up",
    "same-reference",
    "same-correction",
    "same-new-subject",
    "same-same-subject",
    "same-alone-sure",
    "kin",
    "kin-leans",
    "kin-new-subject",
    "general",
    "general-leans",
    "asked",
    "asked-short",
    "not-asked",
    "aside",
    "aside-leans",
];

/// How many numbers say how sure the chosen topic is.
pub const SURE_N: usize = 4;
/// Their names in the calibration.
pub const SURE: [&str; SURE_N] = ["share", "alone-agrees", "continued-agrees", "neither-agrees"];

/// How a message reads that goes on with the topic so far: fitted with the ties.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Leaning {
    /// What the subject so far adds to the log-odds of its topics.
    pub kin_bonus: f32,
    /// What the topic so far adds to its own, beside that; up to twice as much in a short message.
    pub stay_bonus: f32,
    /// How much the message by itself counts beside the message with its subject.
    pub alone_weight: f32,
    /// How much the question of a long story counts beside the whole story.
    pub core_weight: f32,
}

impl Default for Leaning {
    fn default() -> Self {
        Self { kin_bonus: 2.0, stay_bonus: 0.5, alone_weight: 0.5, core_weight: 0.5 }
    }
}

impl Leaning {
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

/// What a conversation was about before a message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before<'a> {
    /// The topic that it goes on with.
    pub subject: Option<&'a TopicId>,
    /// The topic of the last answer, where that was about all benefits and the conversation is about one: processing times, payment days.
    pub aside: Option<&'a TopicId>,
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

/// What chooses a topic where a message may go on with the topic so far: the weights of a conditional logit over the topics that either
/// reading found, and of the logistic model that says how sure the choice is. Fitted on dialogues.
#[derive(Clone, Debug, PartialEq)]
pub struct Bonds {
    /// One for each of [`BONDS`].
    pub topic: [f32; BONDS_N],
    /// One for each of [`SURE`], then the intercept.
    pub sure: [f32; SURE_N + 1],
}

impl Default for Bonds {
    /// Both readings count alike, before anything was fitted.
    fn default() -> Self {
        let mut topic = [0.0; BONDS_N];
        (topic[0], topic[4]) = (0.5, 0.5);
        Self { topic, sure: [1.0, 0.0, 0.0, 0.0, 0.0] }
    }
}

/// The topics that either reading found, and what speaks for each, in the order of [`BONDS`].
pub fn bonds<'a>(
    cues: &Cues,
    (alone, continued): (&'a Evidence, &'a Evidence),
    before: Before<'_>,
) -> Vec<(&'a Candidate, [f32; BONDS_N])> {
    let mut found: Vec<&Candidate> = alone.candidates.iter().collect();
    found.extend(
        continued.candidates.iter().filter(|one| alone.candidates.iter().all(|other| other.topic != one.topic)),
    );
    let Before { subject: before, aside } = before;
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    let leans = cues.follow_up || cues.reference || cues.words_n <= 3;
    let of = |candidate: &'a Candidate| {
        let topic = &candidate.topic;
        let [by_itself, as_continuation] = [alone, continued].map(|evidence| log_share(evidence, topic));
        let same = flag(before == Some(topic));
        let is_kin = before.is_some_and(|before| before != topic && before.benefit() == topic.benefit());
        let is_general = topic.is_of_all() && before.is_some_and(|before| !before.is_of_all());
        let is_asked = cues.asked.contains(topic);
        let short = flag(cues.words_n <= 6);
        let bonds = [
            by_itself,
            by_itself * short,
            by_itself * alone.confidence,
            by_itself * cues.guidance,
            as_continuation,
            as_continuation * short,
            as_continuation * continued.confidence,
            same,
            same * flag(cues.words_n <= 3),
            same * short,
            same * flag(12 < cues.words_n),
            same * flag(cues.follow_up),
            same * flag(cues.reference),
            same * flag(cues.correction),
            same * flag(cues.new_subject),
            same * flag(cues.same_subject),
            same * alone.confidence,
            flag(is_kin),
            flag(is_kin && leans),
            flag(is_kin && cues.new_subject),
            flag(is_general),
            flag(is_general && leans),
            flag(is_asked),
            flag(is_asked) * short,
            flag(!is_asked && !cues.asked.is_empty() && (is_kin || before == Some(topic))),
            flag(aside == Some(topic)),
            flag(aside == Some(topic) && leans),
        ];
        (candidate, bonds)
    };
    found.into_iter().map(of).collect()
}

/// The share of the probability that a topic has at least where it was not found.
const SHARE_MIN: f32 = 0.005;

fn log_share(evidence: &Evidence, topic: &TopicId) -> f32 {
    let found = evidence.candidates.iter().find(|candidate| candidate.topic == *topic);
    found.map_or(0.0, |candidate| candidate.score).max(SHARE_MIN).ln()
}

/// What says how sure a chosen topic with a share of the probability is, in the order of [`SURE`].
pub fn sureness((alone, continued): (&Evidence, &Evidence), chosen: &TopicId, share: f32) -> [f32; SURE_N] {
    let [by_itself, as_continuation] =
        [alone, continued].map(|evidence| leads(evidence, chosen).then(|| log_odds(evidence.confidence)));
    let neither = if by_itself.is_none() && as_continuation.is_none() { 1.0 } else { 0.0 };
    [log_odds(share), by_itself.unwrap_or_default(), as_continuation.unwrap_or_default(), neither]
}

/// Whether a topic comes first.
fn leads(evidence: &Evidence, topic: &TopicId) -> bool {
    evidence.candidates.first().is_some_and(|best| best.topic == *topic)
}

/// The log-odds of a probability.
pub fn log_odds(p: f32) -> f32 {
    let p = p.clamp(1e-4, 1.0 - 1e-4);
    (p / (1.0 - p)).ln()
}

impl Bonds {
    /// Both readings as one. Passages are those of the reading whose best topic was chosen; where neither has it first there are none, and it
    /// is asked about.
    pub fn blend(&self, found: Found, cues: &Cues, before: Before<'_>) -> Evidence {
        let Found { alone, continued: Some(continued), .. } = found else { return found.alone };
        let mut order = self.rank(cues, (&alone, &continued), before);
        let Some((best, share)) = order.first().map(|best| (best.topic.clone(), best.score)) else { return alone };
        let sure = sureness((&alone, &continued), &best, share);
        let confidence = sigmoid(weigh(&self.sure, &sure) + self.sure[SURE_N]);
        order.truncate(CANDIDATES_MAX);
        let (is_continued, is_alone) = (leads(&continued, &best), leads(&alone, &best));
        let mut evidence = if is_continued { continued } else { alone };
        if !is_continued && !is_alone {
            evidence.passages.clear();
            evidence.citation = None;
        }
        Evidence { confidence, candidates: order, ..evidence }
    }

    /// The topics that either reading found, the likeliest first, each with its share of the probability.
    pub fn rank(&self, cues: &Cues, readings: (&Evidence, &Evidence), before: Before<'_>) -> Vec<Candidate> {
        let rows = bonds(cues, readings, before);
        let sums: Vec<f32> = rows.iter().map(|(_, row)| weigh(&self.topic, row)).collect();
        let max = sums.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f32 = sums.iter().map(|sum| (sum - max).exp()).sum();
        let share = |sum: f32| (sum - max).exp() / total;
        let mut order: Vec<Candidate> =
            rows.iter().zip(&sums).map(|((one, _), sum)| Candidate { score: share(*sum), ..(*one).clone() }).collect();
        order.sort_by(|a, b| b.score.total_cmp(&a.score));
        order
    }
}

fn weigh(weights: &[f32], row: &[f32]) -> f32 {
    weights.iter().zip(row).map(|(weight, x)| weight * x).sum()
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// How many candidates a turn shows.
const CANDIDATES_MAX: usize = 5;
