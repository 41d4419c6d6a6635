//! What a message is about: a topic of the guidance, or something that is wanted of the conversation itself.
//!
//! One model over topics and intents together, so that each is told apart from all others; what it says of topics becomes the prior of
//! retrieval.

use crate::domain::{Intent, Language};
use crate::inference::discriminant::Example;
use crate::inference::linalg::{centred, mean};
use crate::inference::softmax::{Sample, Softmax};
use crate::inference::{Discriminant, Embedding, EncodeError, Kept};
use crate::knowledge::Knowledge;
use crate::understanding::Embed;
use crate::understanding::lesson::{Labelled, key, texts};
use crate::words::{Analysis, Reading, TERMS_MAX, words};
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// How far the covariance within classes is pulled towards a sphere.
const SHRINKAGE: f64 = 0.15;
/// Changes whenever the same examples teach something else.
const VERSION: &str = "intents 2";
/// An intent must be this likely to be followed without looking anything up.
const INTENT_FROM: f32 = 0.5;

/// Where guidance is this unlikely, the likeliest intent may be less likely: others of its kind share its mass.
const GUIDANCE_FEW: f32 = 0.25;
const INTENT_LIKELY: f32 = 0.35;

/// Tells topics and intents apart.
pub struct IntentModel {
    key: String,
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
    centre: Vec<f32>,
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
        let of_intents = examples.iter().filter(|example| topics_n <= example.class);
        let verbatim = of_intents.map(|e| (words(e.text).join(" "), e.class - topics_n)).collect();
        let analyses = Language::ALL.map(|language| {
            let of_language = examples.iter().filter(|example| example.language == language);
            Analysis::new(language, of_language.map(|example| example.text))
        });
        let intents: Vec<Intent> = knowledge.intents.intents.keys().map(|id| Intent::new(id)).collect();
        let classes_n = topics_n + intents.len();
        let key = key(&format!("{VERSION} {fingerprint}"), &examples);
        let kept = cache.and_then(|file| Learnt::kept(&Kept::load(file, &key)?, classes_n));
        if kept.is_some() {
            return Ok(Self { key, learnt: kept, analyses, topics_n, intents, verbatim });
        }
        let vectors = embed(&texts(&examples))?;
        let learnt = learn(&examples, &vectors, &analyses, classes_n);
        if let (Some(file), Some(learnt)) = (cache, &learnt)
            && let Err(error) = learnt.keep().save(file, &key)
        {
            tracing::warn!(%error, "what was learnt cannot be kept: the next start will learn it again");
        }
        Ok(Self { key, learnt, analyses, topics_n, intents, verbatim })
    }

    /// The key of what was learnt, for what builds on it.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// How many numbers a vector has; 0 where nothing was learnt.
    pub(super) fn dims(&self) -> usize {
        self.learnt.as_ref().map_or(0, |learnt| learnt.centre.len())
    }

    /// A message as the models read it: its whitened vector and its words. None where nothing was learnt.
    pub fn sample(&self, text: &str, language: Language, embedding: &Embedding) -> Option<Sample> {
        let analysis = self.analyses.get(language.index())?;
        let Learnt { centre, discriminant, .. } = self.learnt.as_ref()?;
        let white = discriminant.whiten_unit(&centred(embedding, centre));
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

fn examples(knowledge: &Knowledge) -> Vec<Labelled<'_>> {
    let mut examples = Vec::new();
    for (class, topic) in knowledge.topics.iter().enumerate() {
        for language in Language::ALL {
            let title = std::iter::once(&topic.article(language).title);
            examples.extend(topic.questions(language).chain(title).map(|text| Labelled { text, language, class }));
        }
    }
    for (at, intent) in knowledge.intents.intents.values().enumerate() {
        let class = knowledge.topics.len() + at;
        for (language, messages) in Language::ALL.into_iter().zip(&intent.examples) {
            examples.extend(messages.iter().map(|text| Labelled { text, language, class }));
        }
    }
    examples
}

impl Learnt {
    fn keep(&self) -> Kept {
        let mut kept = Kept::default();
        kept.put_f32("centre", &self.centre);
        self.discriminant.keep(&mut kept);
        self.model.keep(&mut kept);
        kept
    }

    fn kept(kept: &Kept, classes_n: usize) -> Option<Self> {
        let centre = kept.f32("centre")?;
        let discriminant = Discriminant::kept(kept, centre.len(), classes_n)?;
        Some(Self { discriminant, model: Softmax::kept(kept, centre.len(), classes_n)?, centre })
    }
}

fn learn(
    examples: &[Labelled<'_>],
    vectors: &[Embedding],
    analyses: &[Analysis; 3],
    classes_n: usize,
) -> Option<Learnt> {
    let centre = mean(vectors.iter().map(|vector| &**vector));
    let points: Vec<Vec<f32>> = vectors.iter().map(|vector| centred(vector, &centre)).collect();
    let labelled: Vec<Example<'_>> = points
        .iter()
        .zip(examples)
        .map(|(point, example)| Example { point, class: example.class, weight: 1.0 })
        .collect();
    let discriminant = Discriminant::train(&labelled, classes_n, SHRINKAGE)?;
    let whites = discriminant.whiten_all(&points.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let samples: Vec<(Sample, usize)> = whites
        .par_iter()
        .zip(examples)
        .filter_map(|(white, example)| {
            let analysis = analyses.get(example.language.index())?;
            Some((sample(white, analysis, example.text), example.class))
        })
        .collect();
    let model = Softmax::train(&samples, centre.len(), classes_n);
    Some(Learnt { centre, discriminant, model })
}

fn sample(white: &[f32], analysis: &Analysis, text: &str) -> Sample {
    let read = analysis.read(text);
    let terms = [Reading::Stems, Reading::Parts, Reading::Grams].into_iter().flat_map(|reading| read.of(reading));
    Sample::new(white, terms.map(String::as_str).take(3 * TERMS_MAX))
}
