//! Why a lookup found what it found: for editors, who see which words and which vectors speak for a topic and a passage.

use crate::domain::{Lookup, TopicId};
use crate::knowledge::Section;
use crate::retrieval::calibration::Mode;
use crate::retrieval::confidence::{SIGNALS, signals};
use crate::retrieval::entries::{self, Kind};
use crate::retrieval::features::{FEATURES_N, NAMES};
use crate::retrieval::part_model::Common;
use crate::retrieval::semantic::{NearPart, Semantic};
use crate::retrieval::{Ranking, Retrieval};
use serde::Serialize;

/// How many topics are explained.
const TOPICS_MAX: usize = 5;
/// How many example questions are shown.
const NEAR_N: usize = 5;

/// The way from a question to its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The best topics, best first.
    pub topics: Vec<ExplainedTopic>,
    /// The example questions whose vectors are nearest, nearest first.
    pub near: Vec<NearQuestion>,
    /// The parts of the best topic's article, lead first.
    pub parts: Vec<ExplainedPart>,
    /// What the confidence is computed from.
    pub signals: Vec<(&'static str, f32)>,
    /// The calibrated probability that the best topic is right, 0 to 1.
    pub confidence: f32,
    /// From this confidence on it is answered.
    pub answer_from: f32,
    /// From this confidence on the citizen is asked which topic was meant.
    pub clarify_from: f32,
}

/// A topic and what speaks for it.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedTopic {
    /// Its id.
    pub topic: TopicId,
    /// Its share of the probability among all topics, 0 to 1.
    pub share: f32,
    /// Its features, in the order in which they are computed.
    pub features: Vec<ExplainedFeature>,
}

/// A feature of a topic.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedFeature {
    /// Its name: a zone and reading of the index, or a comparison of vectors.
    pub name: &'static str,
    /// Its value.
    pub value: f32,
    /// What it adds to the topic's logit beyond the mean of all topics.
    pub adds: f32,
}

/// An example question near to what was asked.
#[derive(Clone, Debug, Serialize)]
pub struct NearQuestion {
    /// Its topic.
    pub topic: TopicId,
    /// Its words.
    pub text: String,
    /// The whitened cosine.
    pub cosine: f32,
}

/// A part of an article and what speaks for it.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedPart {
    /// Its heading; none for the lead.
    pub heading: Option<String>,
    /// The cosine to its text.
    pub text_cosine: f32,
    /// The highest cosine to its example questions.
    pub question_cosine: f32,
    /// The highest cosine to its sentences with figures.
    pub figure_cosine: f32,
    /// The cosine to its heading.
    pub heading_cosine: f32,
    /// A tenth of the log-probability that it is what is asked for, by what was learnt of all parts.
    pub asked: f32,
    /// The match of its words.
    pub words: f32,
    /// All of them and what kind of figure is asked for, weighed.
    pub score: f32,
}

impl Retrieval {
    /// Explains a lookup. It is slower than the lookup itself.
    pub fn explain(&self, lookup: &Lookup) -> Explanation {
        let probe = self.semantic.probe(lookup);
        let lexical = self.lexical(lookup.language);
        let terms = lexical.read(lookup.utterance.as_str());
        let ranking = self.rank_read(lookup, &probe, &terms, Mode::Fused);
        let best = ranking.order.first().copied();
        let article = best.and_then(|best| self.knowledge.topics.get(best)).map(|topic| topic.article(lookup.language));
        let parts = best.zip(article).map_or_else(Vec::new, |(best, article)| {
            let parts_n = article.sections.len() + 1;
            let near = self.semantic.parts(best, parts_n, &probe, lookup.language);
            let words = lexical.parts(best, parts_n, &terms);
            let scores = self.parts(best, lookup, &probe, &terms);
            let rows = article.parts().zip(near).zip(words).zip(scores);
            let explained = |(((part, near), words), score): (((&Section, NearPart), f32), f32)| {
                let NearPart { text: text_cosine, figure: figure_cosine, common } = near;
                let Common { question: question_cosine, heading: heading_cosine, asked } = common;
                ExplainedPart {
                    heading: part.heading.clone(),
                    text_cosine,
                    question_cosine,
                    figure_cosine,
                    heading_cosine,
                    asked,
                    words,
                    score,
                }
            };
            rows.map(explained).collect()
        });
        let questions: Vec<_> = entries::list(&self.knowledge)
            .into_iter()
            .filter(|entry| entry.language == lookup.language && entry.kind == Kind::Question)
            .collect();
        let near = Semantic::near(&probe, NEAR_N);
        let near = near.into_iter().filter_map(|(at, cosine)| {
            let entry = questions.get(at)?;
            let topic = self.knowledge.topics.get(entry.topic)?.id.clone();
            Some(NearQuestion { topic, text: entry.text.clone(), cosine })
        });
        Explanation {
            topics: self.explain_topics(&ranking),
            near: near.collect(),
            parts,
            signals: SIGNALS.into_iter().zip(signals(&ranking, lookup)).collect(),
            confidence: self.calibration.confidence(&ranking, lookup),
            answer_from: self.calibration.answer_from,
            clarify_from: self.calibration.clarify_from,
        }
    }

    fn explain_topics(&self, ranking: &Ranking) -> Vec<ExplainedTopic> {
        let weights = self.calibration.weights(Mode::Fused);
        let rows = ranking.features.rows();
        #[expect(clippy::cast_precision_loss, reason = "topic counts are small")]
        let topics_n = (rows.len() / FEATURES_N).max(1) as f32;
        let mean = |feature: usize| rows.iter().skip(feature).step_by(FEATURES_N).sum::<f32>() / topics_n;
        let explain = |&at: &usize| {
            let row = ranking.features.row(at);
            let features = NAMES.into_iter().zip(row).zip(weights).enumerate();
            Some(ExplainedTopic {
                topic: self.knowledge.topics.get(at)?.id.clone(),
                share: ranking.shares.get(at).copied()?,
                features: features
                    .map(|(feature, ((name, &value), weight))| ExplainedFeature {
                        name,
                        value,
                        adds: weight * (value - mean(feature)),
                    })
                    .collect(),
            })
        };
        ranking.order.iter().take(TOPICS_MAX).filter_map(explain).collect()
    }
}
