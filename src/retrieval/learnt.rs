//! What is learnt from all example questions at once: which topic a vector and its words mean.

use crate::domain::Lookup;
use crate::inference::softmax::{Sample, Softmax};
use crate::retrieval::analysis::{Analysis, Reading, TERMS_MAX};
use crate::retrieval::entries::{Entry, Kind};
use crate::retrieval::features::{Features, LEARNT};
use crate::retrieval::lexical::Lexical;
use crate::retrieval::semantic::Semantic;

/// Log-probabilities are cut off here, so that one feature cannot drown the others.
const LOG_SHARE_MIN: f32 = -20.0;

/// The model that was learnt.
pub struct Learnt {
    model: Softmax,
}

impl Learnt {
    /// Learns from the titles and example questions of all languages.
    pub fn train(entries: &[Entry], semantic: &Semantic, lexical: &[Lexical; 3], topics_n: usize) -> Self {
        let samples: Vec<(Sample, usize)> = entries
            .iter()
            .zip(semantic.whites())
            .filter(|(entry, _)| entry.kind != Kind::Passage)
            .filter_map(|(entry, white)| {
                let analysis = lexical.get(entry.language.index())?.analysis();
                Some((sample(white, analysis, &entry.text), entry.topic))
            })
            .collect();
        Self { model: Softmax::train(&samples, semantic.dims(), topics_n) }
    }

    /// Writes the learnt feature of all topics for a question.
    pub fn topics(&self, lookup: &Lookup, semantic: &Semantic, lexical: &Lexical, features: &mut Features) {
        let white = semantic.whiten(lookup);
        let sample = sample(&white, lexical.analysis(), lookup.utterance.as_str());
        for (topic, share) in self.model.log_shares(&sample).into_iter().enumerate() {
            if let Some(value) = features.at(topic, LEARNT) {
                // A quarter, so that it is of the size of the other features.
                *value = share.max(LOG_SHARE_MIN) / 4.0;
            }
        }
    }
}

fn sample(white: &[f32], analysis: &Analysis, text: &str) -> Sample {
    let stems = analysis.terms(Reading::Stems, text);
    let parts = analysis.terms(Reading::Parts, text);
    let grams = analysis.terms(Reading::Grams, text);
    let terms = stems.iter().chain(&parts).chain(&grams).map(String::as_str);
    Sample::new(white, terms.take(3 * TERMS_MAX))
}
