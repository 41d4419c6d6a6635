//! Fits the weights of retrieval and its thresholds on tuning questions, which no test set shares.

use crate::assistant::Understand;
use crate::domain::{Context, Lookup, Utterance};
use crate::evaluation::Question;
use crate::evaluation::facts::FactQuestion;
use crate::inference::logit::Choice;
use crate::knowledge::Knowledge;
use crate::retrieval::calibration::Tuned;
use crate::retrieval::{Calibration, Mode, Retrieval};
use jiff::civil::Date;

/// Ranks the questions as a turn would, and notes what would have been right.
pub fn rank(
    knowledge: &Knowledge,
    understanding: &dyn Understand,
    retrieval: &Retrieval,
    questions: &[Question],
    day: Date,
) -> Vec<Tuned> {
    let tuned = |question: &Question| -> Option<Tuned> {
        let utterance = Utterance::parse(&question.text).ok()?;
        let understood = understanding.understand(&utterance, Context::default()).ok()?;
        let lookup = Lookup::of(understood.alone, understood.language, day);
        let right: Vec<usize> = question
            .topics
            .iter()
            .filter_map(|id| knowledge.topics.binary_search_by(|topic| topic.id.cmp(id)).ok())
            .collect();
        // A question on a topic that has no article yet teaches nothing.
        if right.is_empty() && !question.topics.is_empty() {
            return None;
        }
        Some(Tuned { ranking: retrieval.rank(&lookup, Mode::Fused), lookup, right })
    };
    questions.iter().filter_map(tuned).collect()
}

/// The choice among the parts of the right article, of each question for a figure: right are those that hold it.
pub fn parts(
    knowledge: &Knowledge,
    understanding: &dyn Understand,
    retrieval: &Retrieval,
    questions: &[FactQuestion],
    day: Date,
) -> Vec<Choice> {
    let choice = |question: &FactQuestion| -> Option<Choice> {
        let utterance = Utterance::parse(&question.text).ok()?;
        let context = Context { hint: Some(question.language), ..Context::default() };
        let understood = understanding.understand(&utterance, context).ok()?;
        let lookup = Lookup::of(understood.alone, question.language, day);
        let topic = question.topics.first()?;
        let topic = knowledge.topics.binary_search_by(|other| other.id.cmp(topic)).ok()?;
        let texts = retrieval.texts_of_parts(topic, question.language, day);
        let holds = texts.iter().enumerate().filter(|(_, text)| question.figure.is_match(text));
        let right: Vec<usize> = holds.map(|(part, _)| part).collect();
        let features = retrieval.parts_of(topic, &lookup).into_iter().flatten().collect();
        (!right.is_empty()).then_some(Choice { features, right })
    };
    questions.iter().filter_map(choice).collect()
}

/// Fits weights, confidence and thresholds, so that at most a share of `wrong_max` of the messages is answered wrong. `obtained` says on
/// what, for the file.
///
/// The confidence is learnt from the ranking that the fitted weights give, so the questions are ordered anew in between.
pub fn fit(tuned: &mut [Tuned], wrong_max: f32, obtained: String) -> Calibration {
    let mut calibration = Calibration::unfitted();
    calibration.fit_weights(tuned);
    for question in tuned.iter_mut() {
        question.ranking = calibration.rank(question.ranking.features.clone(), Mode::Fused);
    }
    calibration.fit_confidence(tuned, wrong_max);
    calibration.obtained = obtained;
    calibration
}

/// The share of on-topic questions whose right topic a mode ranks first.
#[expect(clippy::cast_precision_loss, reason = "question counts are small")]
pub fn top_1(calibration: &Calibration, tuned: &[Tuned], mode: Mode) -> f64 {
    let on_topic: Vec<&Tuned> = tuned.iter().filter(|tuned| !tuned.right.is_empty()).collect();
    let right = on_topic
        .iter()
        .filter(|tuned| {
            let ranking = calibration.rank(tuned.ranking.features.clone(), mode);
            ranking.order.first().is_some_and(|best| tuned.right.contains(best))
        })
        .count();
    right as f64 / on_topic.len().max(1) as f64
}
