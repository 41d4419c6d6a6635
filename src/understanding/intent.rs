//! What a message is about: a topic of the guidance, or something that is wanted of the conversation itself.
//!
//! One model over topics and intents together, so that each is told apart from all others; what it says of topics becomes the prior of
//! retrieval.

use crate::domain::{Intent, Language};
use crate::inference::discriminant::Example;
use crate::inference::linalg::normalize;
use crate::inference::softmax::{Sample, Softmax};
use crate::inference::{Discriminant, Embedding, EncodeError};
use crate::knowledge::Knowledge;
use crate::understanding::Embed;
use crate::words::{Analysis, Reading, TERMS_MAX, words};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// How far the covariance within classes is pulled towards a sphere.
const SHRINKAGE: f64 = 0.15;
/// An intent must be this likely to be followed without looking anything up.
const INTENT_FROM: f32 = 0.5;

/// Where guidance is this unlikely, the likeliest intent may be less likely: others of its kind share its mass.
const GUIDANCE_FEW: f32 = 0.35;
const INTENT_LIKELY: f32 = 0.25;

/// Tells topics and intents apart.
pub struct IntentModel {
    centre: Vec<f32>,
    learnt: Option<Learnt>,
    analyses: [Analysis; 3],
    /// Classes below this are topics, the others intents in order.
    topics_n: usize,
    intents: Vec<Intent>,
    /// The words of example messages, for what is said word for word.
    verbatim: HashMap<String, usize>,
}

/// What is learnt from examples: the directions that tell classes apart, and the model over them.
struct Learnt {
    discriminant: Discriminant,
    model: Softmax,
}

/// What a message means.
#[derive(Clone, Debug)]
pub struct Meaning {
    /// An intent with its probability, where it is likely enough.
    pub intent: Option<(Intent, f32)>,
    /// The probability of guidance.
    pub guidance: f32,
    /// The log-probability of each topic, if it is guidance.
    pub prior: Arc<[f32]>,
}

/// An example message with its class.
struct Labelled {
    text: String,
    language: Language,
    class: usize,
}

impl IntentModel {
    /// Learns from the example questions of all topics and the example messages of all intents, or takes what was learnt from the same before
    /// from the file `cache`. `fingerprint` names the encoder.
    ///
    /// # Errors
    /// When a text cannot be embedded.
    pub fn learn(
        knowledge: &Knowledge,
        embed: &Embed<'_>,
        fingerprint: &str,
        cache: Option<&Path>,
    ) -> Result<Self, EncodeError> {
        let topics_n = knowledge.topics.len();
        let examples = examples(knowledge);
        let vectors = embed(&examples.iter().map(|example| example.text.clone()).collect::<Vec<_>>())?;
        let of_intents = examples.iter().filter(|example| topics_n <= example.class);
        let verbatim = of_intents.map(|e| (words(&e.text).join(" "), e.class - topics_n)).collect();
        let analyses = Language::ALL.map(|language| {
            let of_language = examples.iter().filter(|example| example.language == language);
            Analysis::new(language, of_language.map(|example| example.text.as_str()))
        });
        let intents: Vec<Intent> = knowledge.intents.intents.keys().map(|id| Intent::new(id)).collect();
        let centre = mean(&vectors);
        let key = key(&examples, fingerprint);
        let cached = cache.and_then(|file| Softmax::load(file, &key));
        let fresh = cached.is_none();
        let learnt = learn(
            &Lesson { examples: &examples, vectors: &vectors, centre: &centre, analyses: &analyses },
            topics_n + intents.len(),
            cached,
        );
        if let (true, Some(file), Some(learnt)) = (fresh, cache, &learnt)
            && let Err(error) = learnt.model.save(file, &key)
        {
            tracing::warn!(%error, "what was learnt cannot be kept: the next start will learn it again");
        }
        Ok(Self { centre, learnt, analyses, topics_n, intents, verbatim })
    }

    /// A message as the models read it: its whitened vector and its words. None where nothing was learnt.
    pub fn sample(&self, text: &str, language: Language, embedding: &Embedding) -> Option<Sample> {
        let analysis = self.analyses.get(language.index())?;
        let white = self.learnt.as_ref()?.discriminant.whiten_unit(&centred(embedding, &self.centre));
        Some(sample(&white, analysis, text))
    }

    /// What a message means.
    pub fn classify(&self, text: &str, sample: Option<&Sample>) -> Meaning {
        let (Some(Learnt { model, .. }), Some(sample)) = (&self.learnt, sample) else {
            return Meaning { intent: None, guidance: 1.0, prior: Arc::from([]) };
        };
        let log_shares = model.log_shares(sample);
        let (topics, intents) = log_shares.split_at(self.topics_n.min(log_shares.len()));
        let guidance: f32 = topics.iter().map(|share| share.exp()).sum();
        let log_guidance = guidance.max(f32::MIN_POSITIVE).ln();
        let prior = topics.iter().map(|share| share - log_guidance).collect();
        let key = words(text).join(" ");
        if let Some(intent) = self.verbatim.get(&key).filter(|_| !key.is_empty()).and_then(|&at| self.intents.get(at)) {
            return Meaning { intent: Some((intent.clone(), 1.0)), guidance, prior };
        }
        let best = intents.iter().map(|share| share.exp()).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let intent = best
            .filter(|(_, share)| INTENT_FROM < *share || (guidance < GUIDANCE_FEW && INTENT_LIKELY < *share))
            .and_then(|(at, share)| Some((self.intents.get(at)?.clone(), share)));
        Meaning { intent, guidance, prior }
    }
}

fn examples(knowledge: &Knowledge) -> Vec<Labelled> {
    let mut examples = Vec::new();
    for (class, topic) in knowledge.topics.iter().enumerate() {
        for language in Language::ALL {
            let title = std::iter::once(&topic.article(language).title);
            examples.extend(topic.questions(language).chain(title).map(|text| Labelled {
                text: text.clone(),
                language,
                class,
            }));
        }
    }
    for (at, intent) in knowledge.intents.intents.values().enumerate() {
        let class = knowledge.topics.len() + at;
        for (language, messages) in Language::ALL.into_iter().zip(&intent.examples) {
            examples.extend(messages.iter().map(|text| Labelled { text: text.clone(), language, class }));
        }
    }
    examples
}

/// What is learnt from.
struct Lesson<'a> {
    examples: &'a [Labelled],
    vectors: &'a [Embedding],
    centre: &'a [f32],
    analyses: &'a [Analysis; 3],
}

/// A hash of all that decides what is learnt.
fn key(examples: &[Labelled], fingerprint: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(fingerprint.as_bytes());
    for example in examples {
        hash.update((example.text.len() as u64).to_le_bytes());
        hash.update(example.text.as_bytes());
        hash.update([u8::try_from(example.language.index()).unwrap_or_default()]);
        hash.update((example.class as u64).to_le_bytes());
    }
    hash.finalize().into()
}

fn learn(lesson: &Lesson<'_>, classes_n: usize, cached: Option<Softmax>) -> Option<Learnt> {
    let Lesson { examples, vectors, centre, analyses } = *lesson;
    let points: Vec<Vec<f32>> = vectors.iter().map(|vector| centred(vector, centre)).collect();
    let labelled: Vec<Example<'_>> = points
        .iter()
        .zip(examples)
        .map(|(point, example)| Example { point, class: example.class, weight: 1.0 })
        .collect();
    let discriminant = Discriminant::train(&labelled, classes_n, SHRINKAGE)?;
    let model = cached.unwrap_or_else(|| {
        let whites = discriminant.whiten_all(&points.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let samples: Vec<(Sample, usize)> = whites
            .par_iter()
            .zip(examples)
            .filter_map(|(white, example)| {
                let analysis = analyses.get(example.language.index())?;
                Some((sample(white, analysis, &example.text), example.class))
            })
            .collect();
        Softmax::train(&samples, centre.len(), classes_n)
    });
    Some(Learnt { discriminant, model })
}

fn sample(white: &[f32], analysis: &Analysis, text: &str) -> Sample {
    let stems = analysis.terms(Reading::Stems, text);
    let parts = analysis.terms(Reading::Parts, text);
    let grams = analysis.terms(Reading::Grams, text);
    let terms = stems.iter().chain(&parts).chain(&grams).map(String::as_str);
    Sample::new(white, terms.take(3 * TERMS_MAX))
}

fn mean(vectors: &[Embedding]) -> Vec<f32> {
    let dims = vectors.first().map_or(0, |vector| vector.len());
    let mut sum = vec![0.0; dims];
    for vector in vectors {
        for (sum, x) in sum.iter_mut().zip(vector.iter()) {
            *sum += x;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "example counts are small")]
    for x in &mut sum {
        *x /= vectors.len() as f32;
    }
    sum
}

fn centred(vector: &[f32], centre: &[f32]) -> Vec<f32> {
    let mut centred: Vec<f32> = vector.iter().zip(centre).map(|(x, c)| x - c).collect();
    normalize(&mut centred);
    centred
}
