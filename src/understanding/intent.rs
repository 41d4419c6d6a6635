//! What a message is about: a topic of the guidance, or something that is wanted of the conversation itself.
//!
//! One model over topics and intents together, so that each is told apart from all others; what it says of topics becomes the prior of
//! retrieval. It reads the last layer of the encoder, whitened, the canonical variates of all layers that are read, and the words.

use crate::domain::{Intent, Language};
use crate::inference::linalg::{centred, softmax};
use crate::inference::softmax::{Sample, Softmax};
use crate::inference::{Discriminant, Embedding, EncodeError, Kept, Spread, Variates};
use crate::knowledge::Knowledge;
use crate::understanding::Embed;
use crate::understanding::lesson::{Labelled, key, texts};
use crate::words::{Analysis, Reading, TERMS_MAX, words};
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// How far the covariance within classes is pulled towards a sphere: of the last layer, and of all.
const SHRINKAGE: f64 = 0.15;
const SHRINKAGE_OF_ALL: f64 = 0.05;
/// What brings variates to the length of the whitened vector, about.
const VARIATES_SCALE: f32 = 0.05;
/// Examples that are read at once: their embeddings of all layers need not be in memory together.
const PART_N: usize = 2_048;
/// Changes whenever the same examples teach something else.
const VERSION: &str = "intents 4";
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
    directions: Directions,
    model: Softmax,
}

/// Where vectors are seen from.
struct Directions {
    /// How many numbers a layer has.
    dims: usize,
    /// The mean of each language's embeddings: the cone's axis, taken out before vectors are compared.
    centres: [Vec<f32>; 3],
    discriminant: Discriminant,
    variates: Variates,
}

/// A message as the models read it.
pub struct Read {
    /// Vectors and words, as they tell topics and intents apart.
    sample: Sample,
    /// The same without the variates: they point along what tells benefits apart, and a life situation is something else.
    pub person: Sample,
    /// Where it lies along the variates.
    along: Vec<f32>,
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
    /// The same by the variates alone.
    pub variates: Arc<[f32]>,
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
        let learnt = learn(&examples, embed, &analyses, classes_n)?;
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

    /// How many numbers the vectors of a message have; 0 where nothing was learnt.
    pub(super) fn dims(&self) -> usize {
        self.learnt.as_ref().map_or(0, |learnt| learnt.directions.len())
    }

    /// A message as the models read it. None where nothing was learnt.
    pub fn read(&self, text: &str, language: Language, embedding: &Embedding) -> Option<Read> {
        self.learnt.as_ref()?.directions.read(text, language, embedding, &self.analyses)
    }

    /// What a message means.
    pub fn classify(&self, text: &str, read: Option<&Read>) -> Meaning {
        let (Some(Learnt { directions, model }), Some(Read { sample, along, .. })) = (&self.learnt, read) else {
            return Meaning { intent: None, guidance: 1.0, prior: Arc::from([]), variates: Arc::from([]) };
        };
        let mut shares = directions.variates.scores(along);
        shares.truncate(self.topics_n);
        softmax(&mut shares);
        let variates = shares.into_iter().map(|share| share.max(f32::MIN_POSITIVE).ln()).collect();
        let log_shares = model.log_shares(sample);
        let (topics, intents) = log_shares.split_at(self.topics_n.min(log_shares.len()));
        let guidance: f32 = topics.iter().map(|share| share.exp()).sum();
        let log_guidance = guidance.max(f32::MIN_POSITIVE).ln();
        let prior = topics.iter().map(|share| share - log_guidance).collect();
        let key = words(text).join(" ");
        if let Some(intent) = self.verbatim.get(&key).filter(|_| !key.is_empty()).and_then(|&at| self.intents.get(at)) {
            return Meaning { intent: Some((intent.clone(), 1.0)), guidance, prior, variates };
        }
        let best = intents.iter().map(|share| share.exp()).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let intent = best
            .filter(|(_, share)| INTENT_FROM < *share || (guidance < GUIDANCE_FEW && INTENT_LIKELY < *share))
            .and_then(|(at, share)| Some((self.intents.get(at)?.clone(), share)));
        Meaning { intent, guidance, prior, variates }
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

impl Directions {
    /// How many numbers a message's vectors have.
    fn len(&self) -> usize {
        self.dims + self.variates.len()
    }

    fn read(&self, text: &str, language: Language, embedding: &Embedding, analyses: &[Analysis; 3]) -> Option<Read> {
        let analysis = analyses.get(language.index())?;
        let point = point(embedding, self.dims, self.centres.get(language.index())?);
        let mut dense = self.discriminant.whiten_unit(point.get(..self.dims)?);
        let along = self.variates.along(&point);
        dense.extend(along.iter().map(|x| x * VARIATES_SCALE));
        let sample = sample(&dense, analysis, text);
        Some(Read { person: sample.without(self.dims..dense.len()), sample, along })
    }

    fn keep(&self, kept: &mut Kept) {
        kept.put_u32("dims", u32::try_from(self.dims));
        for (language, centre) in Language::ALL.into_iter().zip(&self.centres) {
            kept.put_f32(&format!("{language}.centre"), centre);
        }
        self.discriminant.keep("discriminant", kept);
        self.variates.keep(kept);
    }

    fn kept(kept: &Kept, classes_n: usize) -> Option<Self> {
        let dims = *kept.u32("dims")?.first()? as usize;
        let [fi, sv, en] = Language::ALL.map(|language| kept.f32(&format!("{language}.centre")));
        let centres = [fi?, sv?, en?];
        let numbers_n = centres.iter().map(Vec::len).max()?;
        let variates = Variates::kept(kept, numbers_n, classes_n)?;
        Some(Self { discriminant: Discriminant::kept("discriminant", kept, dims, classes_n)?, dims, centres, variates })
    }
}

impl Learnt {
    fn keep(&self) -> Kept {
        let mut kept = Kept::default();
        self.directions.keep(&mut kept);
        self.model.keep(&mut kept);
        kept
    }

    fn kept(kept: &Kept, classes_n: usize) -> Option<Self> {
        let directions = Directions::kept(kept, classes_n)?;
        Some(Self { model: Softmax::kept(kept, directions.len(), classes_n)?, directions })
    }
}

/// Learns in three passes over the examples, a part at a time: where their languages lie, how they spread, what tells classes apart.
fn learn(
    examples: &[Labelled<'_>],
    embed: &Embed<'_>,
    analyses: &[Analysis; 3],
    classes_n: usize,
) -> Result<Option<Learnt>, EncodeError> {
    let Some(first) = examples.get(..1) else { return Ok(None) };
    let [first] =
        embed(&texts(first))?.try_into().map_err(|_| EncodeError::Tokenizer("no text was given".to_owned()))?;
    let first: Embedding = first;
    let (dims, numbers_n) = (first.sentence().len(), first.layers().len());
    let mut centres = [(); 3].map(|()| vec![0.0f32; numbers_n]);
    let mut counts = [0.0f32; 3];
    for part in examples.chunks(PART_N) {
        for (example, embedding) in part.iter().zip(embed(&texts(part))?) {
            let at = example.language.index();
            let (Some(centre), Some(count)) = (centres.get_mut(at), counts.get_mut(at)) else { continue };
            *count += 1.0;
            for (sum, x) in centre.iter_mut().zip(embedding.layers()) {
                *sum += x;
            }
        }
    }
    for (centre, count) in centres.iter_mut().zip(counts) {
        for x in centre {
            *x /= count.max(1.0);
        }
    }
    let mut spread = Spread::new(numbers_n, classes_n);
    for part in examples.chunks(PART_N) {
        let embeddings = embed(&texts(part))?;
        let points = part.par_iter().zip(&embeddings).map(|(example, embedding)| {
            let centre = centres.get(example.language.index()).map_or(&[] as &[f32], Vec::as_slice);
            (point(embedding, dims, centre), example.class)
        });
        let points: Vec<_> = points.collect();
        spread.add(points.iter().map(|(point, class)| (point.as_slice(), *class)))?;
    }
    let (discriminant, variates) =
        rayon::join(|| Discriminant::learn(&spread, dims, SHRINKAGE), || Variates::learn(&spread, SHRINKAGE_OF_ALL));
    let (Some(discriminant), Some(variates)) = (discriminant, variates) else { return Ok(None) };
    let directions = Directions { dims, centres, discriminant, variates };
    let mut samples: Vec<(Sample, usize)> = Vec::with_capacity(examples.len());
    for part in examples.chunks(PART_N) {
        let embeddings = embed(&texts(part))?;
        let read = part.par_iter().zip(&embeddings).filter_map(|(example, embedding)| {
            let read = directions.read(example.text, example.language, embedding, analyses)?;
            Some((read.sample, example.class))
        });
        samples.extend(read.collect::<Vec<_>>());
    }
    let model = Softmax::train(&samples, directions.len(), classes_n);
    Ok(Some(Learnt { directions, model }))
}

/// All layers of an embedding, each seen from its centre.
fn point(embedding: &Embedding, dims: usize, centre: &[f32]) -> Vec<f32> {
    let layers = embedding.layers().chunks(dims.max(1)).zip(centre.chunks(dims.max(1)));
    layers.flat_map(|(layer, centre)| centred(layer, centre)).collect()
}

fn sample(dense: &[f32], analysis: &Analysis, text: &str) -> Sample {
    let read = analysis.read(text);
    let terms = [Reading::Stems, Reading::Parts, Reading::Grams].into_iter().flat_map(|reading| read.of(reading));
    Sample::new(dense, terms.map(String::as_str).take(3 * TERMS_MAX))
}
