//! Fits when a person is called in and when a message goes on with the topic so far, on messages and dialogues that no test set shares.

use crate::assistant::{Content, Understand};
use crate::conversation::course::{EVIDENCE_N, Weights};
use crate::conversation::thread::{Leaning, TIES_N, Ties, ties};
use crate::conversation::{Calibration, Conversation, Course};
use crate::domain::{Context, Lookup, SituationGroup, Utterance};
use crate::evaluation::dialogues::{Expected, Turn};
use crate::evaluation::situations::Message;
use crate::inference::logit::{fit_binary, predict_binary};
use jiff::civil::Date;

/// How many of the messages that need no person may call one in by mistake.
const MISTAKES_MAX: f32 = 0.015;

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

/// Fits how a message reads that goes on with the topic so far: of some values, those with which most turns are right.
fn leaning(content: &Content, turns: &[Turn], day: Date) -> (Ties, Leaning, usize) {
    let mut best: Option<(usize, Ties, Leaning, usize)> = None;
    for (kin_bonus, stay_bonus, alone_weight) in values() {
        let leaning = Leaning { kin_bonus, stay_bonus, alone_weight, ..Leaning::default() };
        let (ties, right_n, rows_n) = continuations(content, turns, leaning, day);
        if best.as_ref().is_none_or(|best| best.0 < right_n) {
            best = Some((right_n, ties, leaning, rows_n));
        }
    }
    best.map_or_else(Default::default, |(_, ties, leaning, rows_n)| (ties, leaning, rows_n))
}

/// The values that are tried: what the subject adds, what the topic adds, how much the message by itself counts.
fn values() -> impl Iterator<Item = (f32, f32, f32)> {
    let kin = [2.0, 3.0, 5.0].into_iter();
    kin.flat_map(|kin| {
        [0.0, 0.7, 1.4].into_iter().flat_map(move |stay| [0.4, 0.8, 1.2].map(|alone| (kin, stay, alone)))
    })
}

/// Fits the weights of continuations: of all turns in which just one of the two readings finds the right topic, which one it is. Gives how
/// many turns are right with them, too, and how many were learnt from.
fn continuations(content: &Content, turns: &[Turn], leaning: Leaning, day: Date) -> (Ties, usize, usize) {
    let mut rows = Vec::new();
    let mut right_n = 0;
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
        let context = Context { hint: None, spoken: state.language, topic: topic.as_ref() };
        let Ok(utterance) = Utterance::parse(&turn.text) else { continue };
        let Ok(understood) = content.understanding.understand(&utterance, context) else { continue };
        let language = understood.language;
        if let Some(continued) = understood.continued {
            let continued =
                leaning.lookup(&understood.alone, continued, (topic.as_ref(), &understood.kin), (language, day));
            let alone = content.retrieval.search(&Lookup::of(understood.alone, language, day));
            let continued = content.retrieval.search(&continued);
            let is_right = |evidence: &crate::domain::Evidence| {
                evidence.candidates.first().is_some_and(|best| topics.contains(&best.topic))
            };
            if is_right(&alone) == is_right(&continued) {
                right_n += usize::from(is_right(&alone));
            } else {
                let row = ties(&understood.cues, &alone, &continued, topic.as_ref());
                rows.push((row.to_vec(), is_right(&continued)));
            }
        }
        // The dialogue goes on as if the turn had been answered right.
        state.language = Some(language);
        state.topic = topics.first().cloned();
    }
    let mut weights = [0.0; TIES_N + 1];
    for (to, from) in weights.iter_mut().zip(fit_binary(&rows, TIES_N, 1e-2)) {
        *to = from;
    }
    right_n += rows.iter().filter(|(x, continues)| (0.5 <= predict_binary(&weights, x)) == *continues).count();
    (Ties(weights), right_n, rows.len())
}

/// Fits everything; `obtained` says on what, for the file.
pub fn fit(content: &Content, messages: &[Message], turns: &[Turn], day: Date, obtained: &str) -> Calibration {
    let situation = situations(content.understanding.as_ref(), messages);
    let (ties, leaning, turns_n) = leaning(content, turns, day);
    let obtained = format!(
        "{obtained}: {} messages, {turns_n} of {} turns in which one reading was right; at most {} % handed over by mistake",
        messages.len(),
        turns.len(),
        MISTAKES_MAX * 100.0,
    );
    Calibration { situation, ties, leaning, obtained }
}
