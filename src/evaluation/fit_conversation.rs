//! Fits when a person is called in and when a message goes on with the topic so far, on messages and dialogues that no test set shares.

use crate::assistant::{Content, Understand};
use crate::conversation::course::{EVIDENCE_N, Weights};
use crate::conversation::thread::{self, BONDS_N, Bonds, Leaning, SURE_N, bonds, sureness};
use crate::conversation::{Calibration, Conversation, Course};
use crate::domain::{Candidate, Context, Cues, Evidence, Lookup, SituationGroup, TopicId, Utterance};
use crate::evaluation::dialogues::{Expected, Turn};
use crate::evaluation::situations::Message;
use crate::inference::logit::{Choice, fit_binary, fit_choices, predict_binary};
use jiff::civil::Date;

/// How many of the messages that need no person may call one in by mistake.
const MISTAKES_MAX: f32 = 0.015;
/// How many of the turns that may go on with a topic may be answered wrong. More than of single questions: the right topic is near, and the
/// reply names its own.
const WRONG_MAX: f32 = 0.04;

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
    /// The dialogue, by its place in the file.
    dialogue: usize,
    cues: Cues,
    before: Option<TopicId>,
    alone: Evidence,
    continued: Evidence,
    right: Vec<TopicId>,
}

impl Leant {
    fn readings(&self) -> (&Evidence, &Evidence) {
        (&self.alone, &self.continued)
    }

    /// The choice among the topics that were found; none where none of them is right.
    fn choice(&self) -> Option<Choice> {
        let rows = bonds(&self.cues, self.readings(), self.before.as_ref());
        let is_right =
            |(at, (candidate, _)): (usize, &(&Candidate, _))| self.right.contains(&candidate.topic).then_some(at);
        let right: Vec<usize> = rows.iter().enumerate().filter_map(is_right).collect();
        let features = rows.iter().flat_map(|(_, row)| *row).collect();
        (!right.is_empty()).then_some(Choice { features, right })
    }

    /// What says how sure the topic is that some weights choose, and whether it is right.
    fn graded(&self, chooser: &Bonds) -> Option<Graded> {
        let best = chooser.rank(&self.cues, self.readings(), self.before.as_ref()).into_iter().next()?;
        let sure = sureness(self.readings(), &best.topic, best.score);
        Some((sure.to_vec(), self.right.contains(&best.topic)))
    }
}

/// What says how sure a chosen topic is, and whether it is right.
type Graded = (Vec<f32>, bool);

/// The weights that choose among the topics of some turns.
fn chooser<'a>(turns: impl Iterator<Item = &'a Leant>) -> Bonds {
    let choices: Vec<Choice> = turns.filter_map(Leant::choice).collect();
    let mut topic = [0.0; BONDS_N];
    for (to, from) in topic.iter_mut().zip(fit_choices(&choices, BONDS_N, CHOICE_PENALTY)) {
        *to = from;
    }
    Bonds { topic, ..Bonds::default() }
}

/// How strongly large weights are held down: chosen by leaving dialogues out.
const CHOICE_PENALTY: f64 = 4e-3;
/// Into how many parts dialogues are cut: each part is judged by weights that were fitted on the others.
const FOLDS_N: usize = 8;

/// Each turn as weights judge it that were fitted without its dialogue.
fn crossed(leant: &[Leant]) -> Vec<Graded> {
    let fold = |fold: usize| {
        let weights = chooser(leant.iter().filter(|turn| turn.dialogue % FOLDS_N != fold));
        let mine = leant.iter().filter(move |turn| turn.dialogue % FOLDS_N == fold);
        mine.filter_map(|turn| turn.graded(&weights)).collect::<Vec<_>>()
    };
    (0..FOLDS_N).flat_map(fold).collect()
}

/// What was fitted on dialogues.
struct Threads {
    bonds: Bonds,
    leaning: Leaning,
    turns_n: usize,
    right_n: usize,
}

/// Fits how a message reads that goes on with the topic so far: of some values, those with which most turns of left-out dialogues are right.
fn threads(content: &Content, turns: &[Turn], day: Date) -> Threads {
    let mut best: Option<(usize, Leaning, Vec<Leant>, Vec<Graded>)> = None;
    for (kin_bonus, stay_bonus, alone_weight) in values() {
        let leaning = Leaning { kin_bonus, stay_bonus, alone_weight, ..Leaning::default() };
        let mut leant = lean(content, turns, (leaning, &Bonds::default()), day);
        for _ in 0..ROUNDS_N {
            leant = lean(content, turns, (leaning, &chooser(leant.iter())), day);
        }
        let graded = crossed(&leant);
        let right_n = graded.iter().filter(|(_, right)| *right).count();
        if best.as_ref().is_none_or(|best| best.0 < right_n) {
            best = Some((right_n, leaning, leant, graded));
        }
    }
    let Some((right_n, leaning, leant, graded)) = best else {
        return Threads { bonds: Bonds::default(), leaning: Leaning::default(), turns_n: 0, right_n: 0 };
    };
    let mut bonds = chooser(leant.iter());
    for (to, from) in bonds.sure.iter_mut().zip(fit_binary(&graded, SURE_N, 1e-3)) {
        *to = from;
    }
    bonds.sure[SURE_N] += lift(&graded, &bonds.sure, answer_from(&leant));
    Threads { bonds, leaning, turns_n: leant.len(), right_n }
}

/// From which confidence on retrieval answers.
fn answer_from(leant: &[Leant]) -> f32 {
    leant.first().map_or(1.0, |turn| turn.alone.answer_from)
}

/// What is added to the log-odds of all turns, so that few enough are answered wrong.
fn lift(graded: &[Graded], sure: &[f32; SURE_N + 1], answer_from: f32) -> f32 {
    let log_odds = |x: &[f32]| thread::log_odds(predict_binary(sure, x));
    let mut wrong: Vec<f32> = graded.iter().filter(|(_, right)| !right).map(|(x, _)| log_odds(x)).collect();
    wrong.sort_by(|a, b| b.total_cmp(a));
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small counts"
    )]
    let wrong_n = (WRONG_MAX * graded.len() as f32) as usize;
    // Just above the first that may not be answered any more.
    wrong.get(wrong_n).map_or(0.0, |edge| thread::log_odds(answer_from) - edge - 1e-3)
}

/// The values that are tried: what the subject adds, what the topic adds, how much the message by itself counts.
fn values() -> impl Iterator<Item = (f32, f32, f32)> {
    let kin = [0.5, 1.5].into_iter();
    kin.flat_map(|kin| [0.0, 0.7, 1.5].into_iter().flat_map(move |stay| [0.4, 1.2].map(|alone| (kin, stay, alone))))
}

/// How often the dialogues are gone through with the weights of the time before. Once more changes next to nothing.
const ROUNDS_N: usize = 2;

/// Reads all turns that may go on with a topic. The dialogues go on with what the weights choose, as they will: weights that were fitted as if
/// every turn had been right hold on to a wrong topic.
fn lean(content: &Content, turns: &[Turn], (leaning, bonds): (Leaning, &Bonds), day: Date) -> Vec<Leant> {
    let mut leant = Vec::new();
    let mut state = Conversation::default();
    let (mut dialogue, mut dialogues_n) = (None, 0);
    for turn in turns {
        if dialogue != Some(&turn.dialogue) {
            state = Conversation::default();
            dialogue = Some(&turn.dialogue);
            dialogues_n += 1;
        }
        let Expected { topics, .. } = &turn.expected;
        let topic = state.topic.clone();
        let context = Context { hint: None, spoken: state.language, topic: topic.as_ref(), is_fixed: false };
        let Ok(utterance) = Utterance::parse(&turn.text) else { continue };
        let Ok(understood) = content.understanding.understand(&utterance, context) else { continue };
        let language = understood.language;
        let alone = content.retrieval.search(&Lookup::of(understood.alone.clone(), language, day));
        let mut chosen = alone.candidates.first().map(|best| best.topic.clone());
        if let Some(continued) = understood.continued {
            let near = (topic.as_ref(), understood.kin.as_slice());
            let words_n = understood.cues.words_n;
            let continued = leaning.lookup((&understood.alone, continued), near, words_n, (language, day));
            let continued = content.retrieval.search(&continued);
            let (cues, right) = (understood.cues, topics.clone());
            let ranked = bonds.rank(&cues, (&alone, &continued), topic.as_ref());
            chosen = ranked.into_iter().next().map(|best| best.topic);
            if !right.is_empty() {
                leant.push(Leant { dialogue: dialogues_n, cues, before: topic, alone, continued, right });
            }
        }
        state.language = Some(language);
        // What guidance has no part in leaves the topic as it was.
        if !topics.is_empty() {
            state.topic = chosen;
        }
    }
    leant
}

/// Fits everything; `obtained` says on what, for the file.
pub fn fit(content: &Content, messages: &[Message], turns: &[Turn], day: Date, obtained: &str) -> Calibration {
    let situation = situations(content.understanding.as_ref(), messages);
    let Threads { bonds, leaning, turns_n, right_n } = threads(content, turns, day);
    let obtained = format!(
        "{obtained}: {} messages; {turns_n} follow-up turns, {right_n} right by weights fitted without their dialogue; at most {} % handed over by mistake, {} % of follow-ups answered wrong",
        messages.len(),
        MISTAKES_MAX * 100.0,
        WRONG_MAX * 100.0,
    );
    Calibration { situation, bonds, leaning, obtained }
}
