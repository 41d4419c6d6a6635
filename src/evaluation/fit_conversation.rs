//! Fits when a person is called in and when a message goes on with the topic so far, on messages and dialogues that no test set shares.

use crate::assistant::{Content, Understand};
use crate::conversation::course::{EVIDENCE_N, Weights};
use crate::conversation::thread::{self, BONDS_N, Bonds, Leaning, SURE_N, bonds, sureness};
use crate::conversation::{Before, Calibration, Conversation, Course};
use crate::domain::{
    Assessment, Candidate, Context, Cues, Evidence, Lookup, Outcome, SituationGroup, TopicId, Utterance,
};
use crate::evaluation::dialogues::{Expected, Turn};
use crate::evaluation::situations::Message;
use crate::inference::logit::{Choice, fit_binary, fit_choices, predict_binary};
use jiff::civil::Date;
use rayon::prelude::*;

/// How many of the messages that need no person, but look like it, may call one in by mistake; and how many turns of ordinary dialogues.
const MISTAKES_MAX: f32 = 0.02;
const TURN_MISTAKES_MAX: f32 = 0.01;
/// How many of the messages that need one are to lie well above the threshold.
const FOUND_MIN: f32 = 0.98;
/// How many of the turns that may go on with a topic may be answered wrong. More than of single questions: the right topic is near, and the
/// reply names its own.
const WRONG_MAX: f32 = 0.04;

/// The numbers that decide about one situation, by where they come from.
#[derive(Default)]
struct Evidences {
    /// Of single messages, and whether each is of that situation.
    messages: Vec<Graded>,
    /// Of turns of ordinary dialogues, of which none is.
    turns: Vec<Vec<f32>>,
}

/// Fits the weights and thresholds of situations.
pub fn situations(understanding: &dyn Understand, messages: &[Message], turns: &[Turn]) -> Weights {
    let shown = |text: &str| {
        let utterance = Utterance::parse(text).ok()?;
        understanding.understand(&utterance, Context::default()).ok()?.assessment
    };
    let (mut supported, mut crisis) = (Evidences::default(), Evidences::default());
    for message in messages {
        let Some(shown) = shown(&message.text) else { continue };
        let mut course = Course::default();
        course.take(&shown, &Weights::default());
        let row = |group| course.evidence(&shown, share(&shown, group)).to_vec();
        crisis.messages.push((row(SituationGroup::Crisis), message.group == SituationGroup::Crisis));
        // A crisis calls a person in before anything else is thought of.
        if message.group != SituationGroup::Crisis {
            supported.messages.push((row(SituationGroup::Supported), message.group == SituationGroup::Supported));
        }
    }
    for dialogue in turns.chunk_by(|a, b| a.dialogue == b.dialogue) {
        let mut course = Course::default();
        for turn in dialogue.iter().take_while(|turn| !turn.expected.outcomes.contains(&Outcome::Handoff)) {
            let Some(shown) = shown(&turn.text) else { continue };
            course.take(&shown, &Weights::default());
            crisis.turns.push(course.evidence(&shown, share(&shown, SituationGroup::Crisis)).to_vec());
            supported.turns.push(course.evidence(&shown, course.supported).to_vec());
        }
    }
    let (supported, supported_from) = fitted(&supported);
    let (crisis, crisis_from) = fitted(&crisis);
    Weights { supported, crisis, supported_from, crisis_from }
}

fn share(shown: &Assessment, group: SituationGroup) -> f32 {
    shown.shares.get(group.index()).copied().unwrap_or_default()
}

/// The weights of a binary model, and the probability from which a person is called in: what few enough calm messages reach, and a third of
/// the way from there to what nearly all reach that need a person. A person too many costs less than one too few, so it is no half.
fn fitted(evidences: &Evidences) -> ([f32; EVIDENCE_N + 1], f32) {
    let Evidences { messages, turns } = evidences;
    let rows: Vec<Graded> = messages.iter().cloned().chain(turns.iter().map(|x| (x.clone(), false))).collect();
    let mut weights = [0.0; EVIDENCE_N + 1];
    for (to, from) in weights.iter_mut().zip(fit_binary(&rows, EVIDENCE_N, 3e-3)) {
        *to = from;
    }
    let of = |wanted: bool| {
        let rows = messages.iter().filter(move |(_, is_it)| *is_it == wanted);
        rows.map(|(x, _)| predict_binary(&weights, x)).collect::<Vec<_>>()
    };
    let ordinary = turns.iter().map(|x| predict_binary(&weights, x)).collect();
    let calm = edge(of(false), MISTAKES_MAX).max(edge(ordinary, TURN_MISTAKES_MAX));
    let found = edge(of(true), FOUND_MIN);
    (weights, (calm + (found - calm).max(0.0) / 3.0).clamp(0.05, 0.95))
}

/// The probability above which a share of some messages lies: half way between the last that is above it and the next.
fn edge(mut probabilities: Vec<f32>, share: f32) -> f32 {
    probabilities.sort_by(|a, b| b.total_cmp(a));
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small counts"
    )]
    let above_n = (share * probabilities.len() as f32) as usize;
    let at = |place: usize| probabilities.get(place).copied().unwrap_or_default();
    let above = if above_n == 0 { 1.0 } else { at(above_n - 1) };
    if probabilities.is_empty() { 0.0 } else { f32::midpoint(at(above_n), above) }
}

/// A turn that may go on with the topic so far, with what both readings of it found.
struct Leant {
    /// The set, from 0: the bound on wrong answers holds in each.
    set: usize,
    /// The dialogue, by its place in the file.
    dialogue: usize,
    cues: Cues,
    before: (Option<TopicId>, Option<TopicId>),
    alone: Evidence,
    continued: Evidence,
    right: Vec<TopicId>,
}

impl Leant {
    fn readings(&self) -> (&Evidence, &Evidence) {
        (&self.alone, &self.continued)
    }

    fn before(&self) -> Before<'_> {
        let (subject, aside) = &self.before;
        Before { subject: subject.as_ref(), aside: aside.as_ref() }
    }

    /// The choice among the topics that were found; none where none of them is right.
    fn choice(&self) -> Option<Choice> {
        let rows = bonds(&self.cues, self.readings(), self.before());
        let is_right =
            |(at, (candidate, _)): (usize, &(&Candidate, _))| self.right.contains(&candidate.topic).then_some(at);
        let right: Vec<usize> = rows.iter().enumerate().filter_map(is_right).collect();
        let features = rows.iter().flat_map(|(_, row)| *row).collect();
        (!right.is_empty()).then_some(Choice { features, right, weight: 1.0 })
    }

    /// What says how sure the topic is that some weights choose, and whether it is right.
    fn graded(&self, chooser: &Bonds) -> Option<Graded> {
        let best = chooser.rank(&self.cues, self.readings(), self.before()).into_iter().next()?;
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
fn crossed(leant: &[Leant]) -> Vec<(usize, Graded)> {
    let fold = |fold: usize| {
        let weights = chooser(leant.iter().filter(|turn| turn.dialogue % FOLDS_N != fold));
        let mine = leant.iter().filter(move |turn| turn.dialogue % FOLDS_N == fold);
        mine.filter_map(|turn| Some((turn.set, turn.graded(&weights)?))).collect::<Vec<_>>()
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
fn threads(content: &Content, sets: &[Vec<Turn>], day: Date) -> Threads {
    let tried = |(kin_bonus, stay_bonus, alone_weight)| {
        let leaning = Leaning { kin_bonus, stay_bonus, alone_weight, ..Leaning::default() };
        let mut leant = lean(content, sets, (leaning, &Bonds::default()), day);
        for _ in 0..ROUNDS_N {
            leant = lean(content, sets, (leaning, &chooser(leant.iter())), day);
        }
        let graded = crossed(&leant);
        let right_n = graded.iter().filter(|(_, (_, right))| *right).count();
        (right_n, leaning, leant, graded)
    };
    let tried: Vec<_> = values().collect::<Vec<_>>().into_par_iter().map(tried).collect();
    // Of equals the first.
    let best = tried.into_iter().reduce(|best, next| if best.0 < next.0 { next } else { best });
    let Some((right_n, leaning, leant, graded)) = best else {
        return Threads { bonds: Bonds::default(), leaning: Leaning::default(), turns_n: 0, right_n: 0 };
    };
    let mut bonds = chooser(leant.iter());
    let of_set = |set: usize| graded.iter().filter(move |(of, _)| *of == set).map(|(_, graded)| graded.clone());
    let all: Vec<Graded> = (0..sets.len()).flat_map(of_set).collect();
    for (to, from) in bonds.sure.iter_mut().zip(fit_binary(&all, SURE_N, 1e-3)) {
        *to = from;
    }
    // Many easy dialogues excuse no wrong answers in the others.
    let lifts = (0..sets.len()).map(|set| lift(&of_set(set).collect::<Vec<_>>(), &bonds.sure, answer_from(&leant)));
    bonds.sure[SURE_N] += lifts.reduce(f32::min).unwrap_or_default();
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
fn lean(content: &Content, sets: &[Vec<Turn>], (leaning, bonds): (Leaning, &Bonds), day: Date) -> Vec<Leant> {
    let mut leant = Vec::new();
    let mut state = Conversation::default();
    let (mut dialogue, mut dialogues_n) = (None, 0);
    for (set, turn) in sets.iter().enumerate().flat_map(|(set, turns)| turns.iter().map(move |turn| (set, turn))) {
        if dialogue != Some(&turn.dialogue) {
            state = Conversation::default();
            dialogue = Some(&turn.dialogue);
            dialogues_n += 1;
        }
        let Expected { topics, .. } = &turn.expected;
        let Before { subject, aside } = state.before();
        let (topic, aside) = (subject.cloned(), aside.cloned());
        let before = Before { subject: topic.as_ref(), aside: aside.as_ref() };
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
            let ranked = bonds.rank(&cues, (&alone, &continued), before);
            chosen = ranked.into_iter().next().map(|best| best.topic);
            if !right.is_empty() {
                let before = (topic, aside);
                leant.push(Leant { set, dialogue: dialogues_n, cues, before, alone, continued, right });
            }
        }
        state.language = Some(language);
        // What guidance has no part in leaves the topic as it was.
        if !topics.is_empty() {
            state.go_on_with(chosen);
        }
    }
    leant
}

/// Fits everything, on messages and sets of dialogues; `obtained` says on what, for the file.
pub fn fit(content: &Content, messages: &[Message], sets: &[Vec<Turn>], day: Date, obtained: &str) -> Calibration {
    let situation = situations(content.understanding.as_ref(), messages, &sets.concat());
    let Threads { bonds, leaning, turns_n, right_n } = threads(content, sets, day);
    let obtained = format!(
        "{obtained}: {} messages; {turns_n} follow-up turns, {right_n} right by weights fitted without their dialogue; at most {} % handed over by mistake ({} % of the turns), {} % of each set's follow-ups answered wrong",
        messages.len(),
        MISTAKES_MAX * 100.0,
        TURN_MISTAKES_MAX * 100.0,
        WRONG_MAX * 100.0,
    );
    Calibration { situation, bonds, leaning, obtained }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_lies_between_what_is_let_through_and_the_next() {
        let check = |probabilities, share, expected: f32| {
            let edge = edge(probabilities, share);
            assert!((edge - expected).abs() < 1e-6, "{edge}, expected {expected}");
        };
        check(vec![0.1, 0.9, 0.0, 0.5], 0.25, 0.7);
        check(vec![0.2], 0.0, 0.6);
        check(Vec::new(), 0.5, 0.0);
    }

    #[test]
    fn few_are_called_in_by_mistake_and_ordinary_turns_fewer() {
        let row = |model: f32| {
            let mut evidence = vec![0.0; EVIDENCE_N];
            evidence[0] = model;
            evidence
        };
        let messages: Vec<Graded> = (0..100u8).map(|n| (row(f32::from(n) / 50.0 - 1.0), 60 <= n)).collect();
        let seen = |turns: Vec<Vec<f32>>| {
            let (weights, from) = fitted(&Evidences { messages: messages.clone(), turns });
            let called = |(x, _): &&Graded| from <= predict_binary(&weights, x);
            let [calm, needed] =
                [false, true].map(|is| messages.iter().filter(|row| row.1 == is).filter(called).count());
            (calm, needed)
        };
        let (calm, needed) = seen(Vec::new());
        assert!(calm == 0 && 38 <= needed, "{calm} by mistake, {needed} found");
        // Ordinary turns that look like it raise the threshold above them.
        let (_, needed) = seen(vec![row(0.5); 100]);
        assert!(needed < 30, "{needed}");
    }
}
