//! Which life situation a message shows: a multinomial logistic regression over the whitened sentence vector and the words, beside the
//! signals that people can read. What adds up over the turns is `conversation::course`'s.

use crate::domain::{Assessment, Language, Sign, SituationGroup};
use crate::inference::softmax::{Sample, Softmax};
use crate::inference::{Embedding, EncodeError, Kept};
use crate::knowledge::Knowledge;
use crate::understanding::Embed;
use crate::understanding::intent::IntentModel;
use crate::understanding::lesson::{Labelled, key, texts};
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Names what is learnt, and how.
const VERSION: &str = "situations 3";
/// Example questions of each topic and language that teach what is no situation of its own.
const GUIDANCE_EXAMPLES_N: usize = 5;
/// Example messages of each intent and language that do.
const INTENT_EXAMPLES_N: usize = 12;
/// The kind whose share is that of professionals.
const PROFESSIONAL: &str = "professional";

/// Tells life situations apart.
pub struct SituationModel {
    knowledge: Arc<Knowledge>,
    model: Option<Softmax>,
    /// The group of each class, and its kind's name; the last class is everything else.
    classes: Vec<(SituationGroup, Arc<str>)>,
}

impl SituationModel {
    /// Learns from the example messages, or takes what was learnt from the same before from the file `cache`. `reader` reads messages as it does
    /// its own.
    ///
    /// # Errors
    /// When a text cannot be embedded.
    pub fn learn(
        knowledge: Arc<Knowledge>,
        reader: &IntentModel,
        embed: &Embed<'_>,
        cache: Option<&Path>,
    ) -> Result<Self, EncodeError> {
        let kinds = &knowledge.situations.kinds;
        let mut classes: Vec<(SituationGroup, Arc<str>)> =
            kinds.iter().map(|kind| (kind.group, Arc::from(kind.name.as_str()))).collect();
        classes.push((SituationGroup::Steady, Arc::from("other")));
        if kinds.is_empty() {
            return Ok(Self { knowledge, model: None, classes });
        }
        let examples = examples(&knowledge);
        let key = key(&format!("{VERSION} {}", reader.key()), &examples);
        let kept = cache.and_then(|file| Softmax::kept(&Kept::load(file, &key)?, reader.dims(), classes.len()));
        if kept.is_some() {
            return Ok(Self { knowledge, model: kept, classes });
        }
        let model = train(&examples, &embed(&texts(&examples))?, reader, classes.len());
        let mut keep = Kept::default();
        model.keep(&mut keep);
        if let Some(Err(error)) = cache.map(|file| keep.save(file, &key)) {
            tracing::warn!(%error, "what was learnt cannot be kept: the next start will learn it again");
        }
        Ok(Self { knowledge, model: Some(model), classes })
    }

    /// What a message shows; none where nothing was learnt.
    pub fn assess(&self, text: &str, language: Language, sample: &Sample) -> Option<Assessment> {
        let model = self.model.as_ref()?;
        let mut assessment = Assessment { signals: self.signals(text, language), ..Assessment::default() };
        let mut danger = 0.0;
        for ((group, kind), log_share) in self.classes.iter().zip(model.log_shares(sample)) {
            let share = log_share.exp();
            if let Some(sum) = assessment.shares.get_mut(group.index()) {
                *sum += share;
            }
            if *group == SituationGroup::Crisis && danger < share {
                danger = share;
                assessment.danger = Some(Arc::clone(kind));
            }
            if **kind == *PROFESSIONAL {
                assessment.professional = share;
            }
        }
        Some(assessment)
    }

    /// The signals that a message names, each once, in the order of the content.
    fn signals(&self, text: &str, language: Language) -> Vec<Sign> {
        let situations = &self.knowledge.situations;
        let Some(phrases) = situations.phrases.get(language.index()) else { return Vec::new() };
        let mut places: Vec<usize> = phrases.find(text).into_iter().map(|found| found.means).collect();
        places.sort_unstable();
        places.dedup();
        let signs = places.into_iter().filter_map(|at| situations.signals.get(at));
        signs.map(|content| Sign { signal: content.signal.clone(), lasting: content.lasting }).collect()
    }
}

/// The messages of all kinds, and questions and messages that show nothing.
fn examples(knowledge: &Knowledge) -> Vec<Labelled<'_>> {
    let mut examples = Vec::new();
    let kinds = &knowledge.situations.kinds;
    for (class, kind) in kinds.iter().enumerate() {
        for (language, texts) in Language::ALL.into_iter().zip(&kind.examples) {
            examples.extend(texts.iter().map(|text| Labelled { text, language, class }));
        }
    }
    let employer = kinds.iter().position(|kind| kind.group == SituationGroup::Employer);
    for topic in &knowledge.topics {
        let class = employer.filter(|_| topic.id.benefit() == "employer").unwrap_or(kinds.len());
        for language in Language::ALL {
            let questions = topic.questions(language).take(GUIDANCE_EXAMPLES_N);
            examples.extend(questions.map(|text| Labelled { text, language, class }));
        }
    }
    for intent in knowledge.intents.intents.values() {
        for (language, texts) in Language::ALL.into_iter().zip(&intent.examples) {
            let texts = texts.iter().take(INTENT_EXAMPLES_N);
            examples.extend(texts.map(|text| Labelled { text, language, class: kinds.len() }));
        }
    }
    examples
}

fn train(examples: &[Labelled<'_>], vectors: &[Embedding], reader: &IntentModel, classes_n: usize) -> Softmax {
    let samples: Vec<(Sample, usize)> = examples
        .par_iter()
        .zip(vectors)
        .filter_map(|(example, vector)| {
            let read = reader.read(example.text, example.language, vector)?;
            Some((read.person, example.class))
        })
        .collect();
    Softmax::train(&samples, reader.dims(), classes_n)
}
