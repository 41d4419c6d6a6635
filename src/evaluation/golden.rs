//! The golden questions: what the articles themselves say that they answer. Content that no longer finds its own questions is not let in.

use crate::domain::{Language, TopicId, Utterance};
use crate::evaluation::{Graded, Question};
use crate::knowledge::Knowledge;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file of the content that holds the recorded level.
pub const PATH: &str = "knowledge/golden.toml";
/// A recorded share may be missed by less than this: it is rounded.
const ROUNDING: f64 = 0.000_5;
/// A few questions may miss the recorded share by this much before content is refused: they are a sample.
const SAMPLE_MARGIN: f64 = 0.05;
/// What a sample must reach where no level is recorded.
const LEVEL_UNRECORDED: f64 = 0.9;

/// How well the golden questions were answered when the level was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// How it was obtained.
    pub obtained: String,
    /// By language.
    pub languages: BTreeMap<Language, Shares>,
}

/// Shares of the golden questions of one language, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// How many questions.
    pub questions_n: usize,
    /// Found their topic first.
    pub top_1: f64,
    /// Were answered with another topic.
    pub answered_wrong: f64,
}

impl Level {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Where it is no level.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// What graded questions reached.
    pub fn of(graded: &[Graded], obtained: String) -> Self {
        let of_language = |language: Language| {
            let graded: Vec<_> = graded.iter().filter(|graded| graded.language == language).collect();
            let of = |is: &dyn Fn(&Graded) -> bool| share(graded.iter().filter(|g| is(g)).count(), graded.len());
            let top_1 = of(&|graded: &Graded| graded.is_within(1));
            let answered_wrong = of(&Graded::is_answered_wrong);
            (language, Shares { questions_n: graded.len(), top_1, answered_wrong })
        };
        Self { obtained, languages: Language::ALL.map(of_language).into_iter().collect() }
    }

    /// Where this is below a recorded level, said for a person; empty where it is not.
    pub fn below(&self, recorded: &Self) -> Vec<String> {
        let mut below = Vec::new();
        for (language, recorded) in &recorded.languages {
            let Some(now) = self.languages.get(language).filter(|now| 0 < now.questions_n) else {
                below.push(format!("{language}: no golden questions are left"));
                continue;
            };
            if now.top_1 + ROUNDING < recorded.top_1 {
                below.push(format!(
                    "{language}: {:.1} % find their topic first, {:.1} % are recorded",
                    now.top_1 * 100.0,
                    recorded.top_1 * 100.0
                ));
            }
            if recorded.answered_wrong + ROUNDING < now.answered_wrong {
                below.push(format!(
                    "{language}: {:.1} % are answered with another topic, {:.1} % are recorded",
                    now.answered_wrong * 100.0,
                    recorded.answered_wrong * 100.0
                ));
            }
        }
        below
    }
}

/// All golden questions, topic by topic. A question that several topics claim is right with each of them.
pub fn questions(knowledge: &Knowledge) -> Vec<Question> {
    let mut places: BTreeMap<(Language, String), usize> = BTreeMap::new();
    let mut questions: Vec<Question> = Vec::new();
    for topic in &knowledge.topics {
        for article in &topic.articles {
            for text in article.questions.iter().chain(article.parts().flat_map(|part| &part.questions)) {
                let key = (article.language, text.to_lowercase());
                if let Some(question) = places.get(&key).and_then(|&at| questions.get_mut(at)) {
                    if !question.topics.contains(&topic.id) {
                        question.topics.push(topic.id.clone());
                    }
                    continue;
                }
                places.insert(key, questions.len());
                questions.push(Question {
                    number: questions.len() + 1,
                    language: article.language,
                    text: text.clone(),
                    topics: vec![topic.id.clone()],
                });
            }
        }
    }
    questions
}

/// The golden questions to ask before content is let in: those of the topics and languages that were touched, and a sample spread evenly over
/// the others.
pub fn sample(
    knowledge: &Knowledge,
    touched: &[(TopicId, Language)],
    touched_max: usize,
    others_max: usize,
) -> Vec<Question> {
    let is_touched = |question: &Question| {
        touched.iter().any(|(topic, language)| *language == question.language && question.topics.contains(topic))
    };
    let (of_touched, others): (Vec<_>, Vec<_>) = questions(knowledge).into_iter().partition(is_touched);
    let mut sample = spread(of_touched, touched_max);
    sample.extend(spread(others, others_max));
    sample
}

fn spread(questions: Vec<Question>, n_max: usize) -> Vec<Question> {
    let step = questions.len().div_ceil(n_max.max(1)).max(1);
    questions.into_iter().step_by(step).take(n_max).collect()
}

/// Whether a sample is as good as the recorded level lets expect; else the questions that were missed, at most `missed_max`, with what was
/// found instead.
///
/// # Errors
/// Where too many were missed.
pub fn judge(
    graded: &[Graded],
    questions: &[Question],
    recorded: Option<&Level>,
    missed_max: usize,
) -> Result<f64, Vec<String>> {
    let right_n = graded.iter().filter(|graded| graded.is_within(1)).count();
    let reached = share(right_n, graded.len());
    let level = recorded
        .and_then(|level| level.languages.values().map(|shares| shares.top_1).reduce(f64::min))
        .unwrap_or(LEVEL_UNRECORDED);
    if graded.is_empty() || level - SAMPLE_MARGIN <= reached {
        return Ok(reached);
    }
    let texts: BTreeMap<usize, &Question> = questions.iter().map(|question| (question.number, question)).collect();
    let missed = graded.iter().filter(|graded| !graded.is_within(1)).take(missed_max);
    Err(missed
        .filter_map(|graded| {
            let question = texts.get(&graded.number)?;
            let found = graded.found.first().map_or("nothing", TopicId::as_str);
            let right = question.topics.first().map_or("", TopicId::as_str);
            Some(format!("`{}` ({}) finds `{found}`, not `{right}`", question.text, question.language))
        })
        .collect())
}

/// The texts of questions as a turn reads them.
pub fn utterances(questions: &[Question]) -> impl Iterator<Item = (&Question, Utterance)> {
    questions.iter().filter_map(|question| Some((question, Utterance::parse(&question.text).ok()?)))
}

#[expect(clippy::cast_precision_loss, reason = "question counts are small")]
fn share(n: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { (n as f64 / of as f64 * 10_000.0).round() / 10_000.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Outcome;
    use std::time::Duration;

    fn graded(right_n: usize, wrong_n: usize) -> Vec<Graded> {
        let topic = |id: &str| vec![id.parse::<TopicId>().unwrap()];
        (0..right_n + wrong_n)
            .map(|at| Graded {
                language: Language::Fi,
                right: topic("a.right"),
                found: topic(if at < right_n { "a.right" } else { "a.wrong" }),
                outcome: Outcome::Answer,
                language_right: true,
                took: Duration::ZERO,
                confidence: 1.0,
                number: at + 1,
            })
            .collect()
    }

    #[test]
    fn falling_below_the_recorded_level_is_told() {
        let mut recorded = Level::of(&graded(98, 2), "test".to_owned());
        recorded.languages.retain(|language, _| *language == Language::Fi);
        assert_eq!(Level::parse(&toml::to_string(&recorded).unwrap()).unwrap(), recorded);
        assert_eq!(Level::of(&graded(98, 2), String::new()).below(&recorded), [""; 0]);
        assert_eq!(
            Level::of(&graded(95, 5), String::new()).below(&recorded),
            [
                "fi: 95.0 % find their topic first, 98.0 % are recorded",
                "fi: 5.0 % are answered with another topic, 2.0 % are recorded"
            ]
        );
    }

    #[test]
    fn a_sample_that_misses_its_topics_names_them() {
        let question = |number| Question {
            number,
            language: Language::Fi,
            text: format!("kysymys {number}"),
            topics: vec!["a.right".parse().unwrap()],
        };
        let questions: Vec<_> = (1..=20).map(question).collect();
        assert_eq!(judge(&graded(19, 1), &questions, None, 3), Ok(0.95));
        assert_eq!(
            judge(&graded(10, 10), &questions, None, 1),
            Err(vec!["`kysymys 11` (fi) finds `a.wrong`, not `a.right`".to_owned()])
        );
    }
}
