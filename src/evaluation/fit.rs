//! Fits the weights of retrieval and its thresholds on tuning questions, which no test set shares.

use crate::assistant::Understand;
use crate::domain::{Context, Language, Lookup, TopicId, Utterance};
use crate::evaluation::Question;
use crate::evaluation::facts::FactQuestion;
use crate::evaluation::sections::SectionQuestion;
use crate::knowledge::Knowledge;
use crate::retrieval::calibration::Tuned;
use crate::retrieval::{Calibration, Mode, Retrieval, parts};
use jiff::civil::Date;

/// Ranks the questions of a set as a turn would, and notes what would have been right.
pub fn rank(
    knowledge: &Knowledge,
    understanding: &dyn Understand,
    retrieval: &Retrieval,
    (set, questions): (usize, &[Question]),
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
        Some(Tuned { ranking: retrieval.rank(&lookup, Mode::Fused), lookup, right, set })
    };
    questions.iter().filter_map(tuned).collect()
}

/// What the parts of an article are chosen by, of each question for a figure, where the parts that hold it are right, and of each question with its
/// sections.
pub fn parts(
    knowledge: &Knowledge,
    understanding: &dyn Understand,
    retrieval: &Retrieval,
    (for_figures, for_sections): (&[FactQuestion], &[SectionQuestion]),
    day: Date,
) -> Vec<parts::Tuned> {
    let lookup = |text: &str, language: Language| -> Option<Lookup> {
        let utterance = Utterance::parse(text).ok()?;
        let context = Context { hint: Some(language), ..Context::default() };
        let understood = understanding.understand(&utterance, context).ok()?;
        Some(Lookup::of(understood.alone, language, day))
    };
    let place = |id: &TopicId| knowledge.topics.binary_search_by(|topic| topic.id.cmp(id)).ok();
    let for_figure = |question: &FactQuestion| -> Option<parts::Tuned> {
        let lookup = lookup(&question.text, question.language)?;
        let topic = place(question.topics.first()?)?;
        let texts = retrieval.texts_of_parts(topic, question.language, day);
        let holds = texts.iter().enumerate().filter(|(_, text)| question.figure.is_match(text));
        let right: Vec<usize> = holds.map(|(part, _)| part).collect();
        let rows = retrieval.parts_of(topic, &lookup);
        (!right.is_empty()).then_some(parts::Tuned { rows, right, topic, for_figure: true })
    };
    let for_section = |question: &SectionQuestion| -> Option<parts::Tuned> {
        let topic = place(&question.topic)?;
        let rows = retrieval.parts_of(topic, &lookup(&question.text, question.language)?);
        Some(parts::Tuned { rows, right: question.right.clone(), topic, for_figure: false })
    };
    let of_figures = for_figures.iter().filter_map(for_figure);
    of_figures.chain(for_sections.iter().filter_map(for_section)).collect()
}

/// Fits weights, confidence and thresholds, so that at most a share of `wrong_max` of the messages of each set is answered wrong. `obtained` says on
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
