//! Fits when a person is called in and when a message goes on with the topic so far, on messages and dialogues that no test set shares.

use crate::assistant::{Content, Understand};
use crate::conversation::course::{EVIDENCE_N, Weights};
use crate::conversation::thread::{self, Leaning, TIES_N, Ties, ties};
use crate::conversation::{Calibration, Conversation, Course, Found};
use crate::domain::{Context, Evidence, Lookup, SituationGroup, TopicId, Utterance};
use crate::evaluation::dialogues::{Expected, Turn};
use crate::evaluation::situations::Message;
use crate::inference::logit::{fit_binary, predict_binary};
use jiff::civil::Date;

/// How many of the messages that need no person may call one in by mistake.
const MISTAKES_MAX: f32 = 0.015;
/// How many of the turns that may go on with a topic may be answered wrong. More than of single questions: the right topic is near, and the
/// reply names its own.
const WRONG_MAX: f32 = 0.06;

/// Fits the weights and thresholds of situations.
pub fn situations(understanding: &dyn Understand, messages: &[Message]) -> Weights {
    let mut supported = Vec::new();
    let mut crisis = Vec::new();
    for message in messages {
        let understood = Utterance::parse(&message.text)
            .ok()
            .and_then(|utterance| understanding.understand(&utterance, Context::default()).ok());
        let Some(shown) = understood.and_then(|understood| understood.assessment) else { continue };
        let mut course = Course::default();
        course.take(&shown, &Weights::default());
        let share = |group: SituationGroup| shown.shares.get(group.index()).copied().unwrap_or_default();
        let row = |group: SituationGroup| course.evidence(&shown, share(group)).to_vec();
        crisis.push((row(SituationGroup::Crisis), message.group == SituationGroup::Crisis));
        // A crisis calls a person in before anything else is thought of.
        if message.group != SituationGroup::Crisis {
            supported.push((row(SituationGroup::Supported), message.group == SituationGroup::Supported));
        }
    }
    let (supported, supported_from) = fitted(&supported);
    let (crisis, crisis_from) = fitted(&crisis);
    Weights { supported, crisis, supported_from, crisis_from }
}

/// The weights of a binary model, and the lowest probability from which few enough are taken for what they are not.
fn fitted(rows: &[(Vec<f32>, bool)]) -> ([f32; EVIDENCE_N + 1], f32) {
    let mut weights = [0.0; EVIDENCE_N + 1];
    for (to, from) in weights.iter_mut().zip(fit_binary(rows, EVIDENCE_N, 3e-3)) {
        *to = from;
    }
    let mut calm: Vec<f32> = rows.iter().filter(|row| !row.1).map(|(x, _)| predict_binary(&weights, x)).collect();
    calm.sort_by(|a, b| b.total_cmp(a));
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small counts"
    )]
    let mistakes_n = (MISTAKES_MAX * calm.len() as f32) as usize;
    // Half way between the last that is let through and the next that is not.
    let edge = |at: usize| calm.get(at).copied().unwrap_or_default();
    let above = if mistakes_n == 0 { 1.0 } else { edge(mistakes_n - 1) };
    (weights, f32::midpoint(edge(mistakes_n), above).clamp(0.05, 0.95))
}

/// A turn that may go on with the topic so far, with what both readings of it found.
struct Leant {
    ties: [f32; TIES_N],
    found: Found,
    right: Vec<TopicId>,
}

impl Leant {
    fn is_right(&self, evidence: &Evidence) -> bool {
        evidence.candidates.first().is_some_and(|best| self.right.contains(&best.topic))
    }

    /// Whether the continuation alone is right, or the message by itself alone; none where both or neither are.
    fn tells(&self) -> Option<bool> {
        let continued = self.is_right(self.found.continued.as_ref()?);
        (continued != self.is_right(&self.found.alone)).then_some(continued)
    }

    /// What both readings say together.
    fn blended(&self, weights: &[f32]) -> Evidence {
        thread::blend(self.found.clone(), predict_binary(weights, &self.ties))
    }
}

/// Fits how a message reads that goes on with the topic so far: of some values, those with which most turns are right. Gives how many turns
/// the ties were learnt from, too.
fn leaning(content: &Content, turns: &[Turn], day: Date) -> (Ties, Leaning, usize) {
    let mut best: Option<(usize, Vec<f32>, Leaning, Vec<Leant>)> = None;
    for (kin_bonus, stay_bonus, alone_weight) in values() {
        let leaning = Leaning { kin_bonus, stay_bonus, alone_weight, ..Leaning::default() };
        let leant = lean(content, turns, leaning, day);
        let rows: Vec<_> = leant.iter().filter_map(|turn| Some((turn.ties.to_vec(), turn.tells()?))).collect();
        let weights = fit_binary(&rows, TIES_N, 1e-2);
        let right_n = leant.iter().filter(|turn| turn.is_right(&turn.blended(&weights))).count();
        if best.as_ref().is_none_or(|best| best.0 < right_n) {
            best = Some((right_n, weights, leaning, leant));
        }
    }
    let Some((_, weights, mut leaning, leant)) = best else { return Default::default() };
    let graded = |turn: &Leant| {
        let blended = turn.blended(&weights);
        (vec![thread::log_odds(blended.confidence)], turn.is_right(&blended))
    };
    let sure: Vec<(Vec<f32>, bool)> = leant.iter().map(graded).collect();
    if let [slope, offset] = fit_binary(&sure, 1, 1e-4)[..] {
        leaning.certainty = [slope, offset + lift(&sure, [slope, offset], answer_from(&leant))];
    }
    let mut ties = [0.0; TIES_N + 1];
    for (to, from) in ties.iter_mut().zip(&weights) {
        *to = *from;
    }
    (Ties(ties), leaning, leant.iter().filter(|turn| turn.tells().is_some()).count())
}

/// From which confidence on retrieval answers.
fn answer_from(leant: &[Leant]) -> f32 {
    leant.first().map_or(1.0, |turn| turn.found.alone.answer_from)
}

/// What is added to the log-odds of all turns, so that few enough are answered wrong: `sure` has the log-odds of each and whether it is right.
fn lift(sure: &[(Vec<f32>, bool)], [slope, offset]: [f32; 2], answer_from: f32) -> f32 {
    let mut wrong: Vec<f32> = sure.iter().filter(|(_, right)| !right).filter_map(|(x, _)| x.first().copied()).collect();
    wrong.sort_by(|a, b| b.total_cmp(a));
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small counts"
    )]
    let wrong_n = (WRONG_MAX * sure.len() as f32) as usize;
    let edge = wrong.get(wrong_n).map_or(0.0, |x| slope * x + offset);
    // Just above the first that may not be answered any more.
    thread::log_odds(answer_from) - edge - 1e-3
}

/// The values that are tried: what the subject adds, what the topic adds, how much the message by itself counts.
fn values() -> impl Iterator<Item = (f32, f32, f32)> {
    let kin = [2.0, 3.0, 5.0].into_iter();
    kin.flat_map(|kin| {
        [0.7, 1.4, 2.1].into_iter().flat_map(move |stay| [0.4, 0.8, 1.2].map(|alone| (kin, stay, alone)))
    })
}

/// Reads all turns that may go on with a topic. The dialogues go on as if every turn had been answered right.
fn lean(content: &Content, turns: &[Turn], leaning: Leaning, day: Date) -> Vec<Leant> {
    let mut leant = Vec::new();
    let mut state = Conversation::default();
    let mut dialogue = None;
    for turn in turns {
        if dialogue != Some(&turn.dialogue) {
            state = Conversation::default();
            dialogue = Some(&turn.dialogue);
        }
        let Expected { topics, .. } = &turn.expected;
        if topics.is_empty() {
            continue;
        }
        let topic = state.topic.clone();
        let context = Context { hint: None, spoken: state.language, topic: topic.as_ref(), is_fixed: false };
        let Ok(utterance) = Utterance::parse(&turn.text) else { continue };
        let Ok(understood) = content.understanding.understand(&utterance, context) else { continue };
        let language = understood.language;
        if let Some(continued) = understood.continued {
            let near = (topic.as_ref(), understood.kin.as_slice());
            let words_n = understood.cues.words_n;
            let continued = leaning.lookup((&understood.alone, continued), near, words_n, (language, day));
            let alone = content.retrieval.search(&Lookup::of(understood.alone, language, day));
            let continued = content.retrieval.search(&continued);
            let ties = ties(&understood.cues, &alone, &continued, topic.as_ref());
            let found = Found { alone, continued: Some(continued), further: Vec::new() };
            leant.push(Leant { ties, found, right: topics.clone() });
        }
        state.language = Some(language);
        state.topic = topics.first().cloned();
    }
    leant
}

/// Fits everything; `obtained` says on what, for the file.
pub fn fit(content: &Content, messages: &[Message], turns: &[Turn], day: Date, obtained: &str) -> Calibration {
    let situation = situations(content.understanding.as_ref(), messages);
    let (ties, leaning, turns_n) = leaning(content, turns, day);
    let obtained = format!(
        "{obtained}: {} messages, {turns_n} of {} turns in which one reading was right; at most {} % handed over by mistake, {} % of follow-ups answered wrong",
        messages.len(),
        turns.len(),
        MISTAKES_MAX * 100.0,
        WRONG_MAX * 100.0,
    );
    Calibration { situation, ties, leaning, obtained }
}
