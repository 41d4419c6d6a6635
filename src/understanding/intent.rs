//! Whether a message asks for guidance or wants something else: a discriminant over topics and intents together.

use crate::domain::utterance::words;
use crate::domain::{Intent, Language};
use crate::inference::discriminant::Example;
use crate::inference::linalg::{normalize, softmax};
use crate::inference::{Discriminant, Embedding, EncodeError};
use crate::knowledge::Knowledge;
use std::collections::HashMap;

/// How far the covariance within classes is pulled towards a sphere.
const SHRINKAGE: f64 = 0.15;
/// Likelihoods of the discriminant are too sure of themselves: the embedding's dimensions are not independent.
const TEMPERATURE: f32 = 6.0;

/// Tells intents from questions for guidance.
pub struct IntentModel {
    discriminant: Option<Discriminant>,
    centre: Vec<f32>,
    /// Classes below this are topics, the others intents in order.
    topics_n: usize,
    intents: Vec<Intent>,
    /// The words of example messages, for what is said word for word.
    verbatim: HashMap<String, usize>,
}

impl IntentModel {
    /// Learns from the example questions of all topics and the example messages of all intents.
    ///
    /// # Errors
    /// When a text cannot be embedded.
    pub fn learn(
        knowledge: &Knowledge,
        embed: &dyn Fn(&[String]) -> Result<Vec<Embedding>, EncodeError>,
    ) -> Result<Self, EncodeError> {
        let topics_n = knowledge.topics.len();
        let mut texts: Vec<String> = Vec::new();
        let mut classes = Vec::new();
        for (class, topic) in knowledge.topics.iter().enumerate() {
            for question in Language::ALL.into_iter().flat_map(|language| topic.questions(language)) {
                texts.push(question.clone());
                classes.push(class);
            }
        }
        let mut verbatim = HashMap::new();
        let intents: Vec<Intent> = knowledge.intents.intents.keys().map(|id| Intent::new(id)).collect();
        for (at, intent) in knowledge.intents.intents.values().enumerate() {
            for language in Language::ALL {
                for example in intent.examples.get(language.index()).into_iter().flatten() {
                    verbatim.insert(words(example).join(" "), at);
                    texts.push(example.clone());
                    classes.push(topics_n + at);
                }
            }
        }
        let vectors = embed(&texts)?;
        let centre = mean(&vectors);
        let centred: Vec<Vec<f32>> = vectors.iter().map(|vector| centred(vector, &centre)).collect();
        let examples: Vec<Example<'_>> =
            centred.iter().zip(&classes).map(|(point, &class)| Example { point, class, weight: 1.0 }).collect();
        let discriminant = Discriminant::train(&examples, topics_n + intents.len(), SHRINKAGE);
        Ok(Self { discriminant, centre, topics_n, intents, verbatim })
    }

    /// The likeliest intent with its probability, if it is likelier than guidance; and the probability of guidance.
    pub fn classify(&self, text: &str, embedding: &Embedding) -> (Option<(Intent, f32)>, f32) {
        if let Some(intent) = self.verbatim.get(&words(text).join(" ")).and_then(|&at| self.intents.get(at)) {
            return (Some((intent.clone(), 1.0)), 0.0);
        }
        let Some(discriminant) = &self.discriminant else { return (None, 1.0) };
        let mut shares = discriminant.scores(&discriminant.whiten(&centred(embedding, &self.centre)));
        for share in &mut shares {
            *share /= TEMPERATURE;
        }
        softmax(&mut shares);
        let (topics, intents) = shares.split_at(self.topics_n.min(shares.len()));
        let guidance: f32 = topics.iter().sum();
        let best = intents.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let intent = best
            .filter(|(_, share)| guidance < *share)
            .and_then(|(at, share)| Some((self.intents.get(at)?.clone(), share)));
        (intent, guidance)
    }
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
