//! The vectors' half: exact search over the embeddings of titles, example questions and passages, and a discriminant trained on them.
//!
//! Exact search reads every vector of the question's language: some 3,000 of 384 numbers, a third of a millisecond. That stays right up to
//! about ten times the content; beyond, an approximate index would earn its place.

use crate::domain::{Language, Lookup};
use crate::inference::discriminant::Example;
use crate::inference::linalg::{dot, normalize};
use crate::inference::nearest::Neighbours;
use crate::inference::{Discriminant, Embedding};
use crate::retrieval::entries::{Entry, Kind};
use crate::retrieval::features::Features;
use std::sync::Arc;

/// How far the covariance within topics is pulled towards a sphere; chosen on the tuning questions.
const SHRINKAGE: f64 = 0.15;
/// The discriminant's log-probabilities are cut off here, so that one feature cannot drown the others.
const LOG_SHARE_MIN: f32 = -25.0;
/// How many near questions are averaged.
const NEAR_N: usize = 3;

/// The vectors of the content.
pub struct Semantic {
    topics_n: usize,
    /// The mean of each language's query vectors: the cone's axis, taken out before vectors are compared.
    centres: [Vec<f32>; 3],
    discriminant: Arc<Discriminant>,
    languages: [Shelf; 3],
}

/// The vectors of one language.
struct Shelf {
    titles: Vec<Row>,
    passages: Vec<Row>,
    questions: Arc<Questions>,
}

/// The example questions of one language.
struct Questions {
    /// Topic and part of each.
    places: Vec<(usize, usize)>,
    /// Their whitened vectors.
    vectors: Neighbours,
}

struct Row {
    topic: usize,
    part: usize,
    /// Centred by language, unit length.
    centred: Vec<f32>,
}

/// A question's vector in the forms in which it is compared.
pub struct Probe {
    centred: Vec<f32>,
    white: Vec<f32>,
    white_unit: Vec<f32>,
}

impl Semantic {
    /// Takes the vectors of all entries; none where there are no entries to learn from.
    pub fn build(entries: &[Entry], vectors: &[Embedding], topics_n: usize) -> Option<Self> {
        let centres = Language::ALL.map(|language| mean(of_kind(entries, vectors, language, false)));
        let examples: Vec<(&Entry, Vec<f32>)> = entries
            .iter()
            .zip(vectors)
            .filter(|(entry, _)| entry.kind != Kind::Passage)
            .map(|(entry, vector)| (entry, centre(vector, centres.get(entry.language.index()))))
            .collect();
        let examples: Vec<Example<'_>> =
            examples.iter().map(|(entry, point)| Example { point, class: entry.topic, weight: 1.0 }).collect();
        let discriminant = Arc::new(Discriminant::train(&examples, topics_n, SHRINKAGE)?);
        drop(examples);
        Some(Self::shelved((entries, vectors), topics_n, (centres, discriminant), std::iter::empty()))
    }

    /// The vectors of content with the same topics. What was learnt stays; so do the example questions of the languages in which `same` says
    /// that none differs.
    #[must_use]
    pub fn renewed(&self, entries: &[Entry], vectors: &[Embedding], same: [bool; 3]) -> Self {
        let kept = self.languages.iter().zip(same).map(|(shelf, same)| same.then(|| Arc::clone(&shelf.questions)));
        let learnt = (self.centres.clone(), Arc::clone(&self.discriminant));
        Self::shelved((entries, vectors), self.topics_n, learnt, kept)
    }

    /// Puts texts and their vectors in place, by what was learnt. `kept` are example questions that stay, in the order of languages.
    fn shelved(
        (entries, vectors): (&[Entry], &[Embedding]),
        topics_n: usize,
        (centres, discriminant): ([Vec<f32>; 3], Arc<Discriminant>),
        mut kept: impl Iterator<Item = Option<Arc<Questions>>>,
    ) -> Self {
        let languages = Language::ALL.map(|language| {
            let passage_centre = mean(of_kind(entries, vectors, language, true));
            let query_centre = centres.get(language.index());
            let of_language = || entries.iter().zip(vectors).filter(move |(entry, _)| entry.language == language);
            let rows = |kind: Kind, mean: Option<&Vec<f32>>| {
                let of_kind = of_language().filter(|(entry, _)| entry.kind == kind);
                let row = |(entry, vector): (&Entry, &Embedding)| Row {
                    topic: entry.topic,
                    part: entry.part,
                    centred: centre(vector, mean),
                };
                of_kind.map(row).collect()
            };
            let questions = kept.next().flatten().unwrap_or_else(|| {
                let questions = of_language().filter(|(entry, _)| entry.kind == Kind::Question);
                let (places, points): (Vec<_>, Vec<_>) =
                    questions.map(|(entry, vector)| ((entry.topic, entry.part), centre(vector, query_centre))).unzip();
                let mut whitened = Neighbours::new(centres.first().map_or(0, Vec::len));
                for white in discriminant.whiten_all(&points.iter().map(Vec::as_slice).collect::<Vec<_>>()) {
                    whitened.push(&white);
                }
                Arc::new(Questions { places, vectors: whitened })
            });
            Shelf {
                titles: rows(Kind::Title, query_centre),
                passages: rows(Kind::Passage, Some(&passage_centre)),
                questions,
            }
        });
        Self { topics_n, centres, discriminant, languages }
    }

    /// A question's vector, ready to be compared.
    pub fn probe(&self, lookup: &Lookup) -> Probe {
        let centred = centre(&lookup.embedding, self.centres.get(lookup.language.index()));
        let white = self.discriminant.whiten(&centred);
        let mut white_unit = white.clone();
        normalize(&mut white_unit);
        Probe { centred, white, white_unit }
    }

    /// Writes the dense features of all topics for a question.
    pub fn topics(&self, probe: &Probe, language: Language, features: &mut Features) {
        let Some(shelf) = self.languages.get(language.index()) else { return };
        self.discriminant_shares(probe, features);
        let mut near = vec![[-1.0f32; NEAR_N]; self.topics_n];
        for ((topic, _), cosine) in
            shelf.questions.places.iter().zip(shelf.questions.vectors.cosines(&probe.white_unit))
        {
            features.nearest = features.nearest.max(cosine);
            if let Some(best) = near.get_mut(*topic) {
                insert(best, cosine);
            }
        }
        for (topic, best) in near.iter().enumerate() {
            let [nearest, ..] = best;
            raise(features, topic, 1, *nearest);
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            raise(features, topic, 2, best.iter().sum::<f32>() / NEAR_N as f32);
        }
        for row in &shelf.passages {
            raise(features, row.topic, 3, dot(&row.centred, &probe.centred));
        }
        for row in &shelf.titles {
            raise(features, row.topic, 4, dot(&row.centred, &probe.centred));
        }
    }

    /// The example questions of a language that are nearest, as their places among those of [`super::entries::list`], nearest first.
    pub fn near(&self, probe: &Probe, language: Language, questions_max: usize) -> Vec<(usize, f32)> {
        let Some(shelf) = self.languages.get(language.index()) else { return Vec::new() };
        let mut near: Vec<_> = shelf.questions.vectors.cosines(&probe.white_unit).enumerate().collect();
        near.sort_by(|a, b| b.1.total_cmp(&a.1));
        near.truncate(questions_max);
        near
    }

    /// For each part of a topic's article (lead first): the cosine to its text, and the highest to its example questions.
    pub fn parts(&self, topic: usize, parts_n: usize, probe: &Probe, language: Language) -> Vec<[f32; 2]> {
        let mut parts = vec![[0.0f32; 2]; parts_n];
        let Some(shelf) = self.languages.get(language.index()) else { return parts };
        for row in shelf.passages.iter().filter(|row| row.topic == topic) {
            if let Some([text, _]) = parts.get_mut(row.part) {
                *text = text.max(dot(&row.centred, &probe.centred));
            }
        }
        for ((of, part), cosine) in
            shelf.questions.places.iter().zip(shelf.questions.vectors.cosines(&probe.white_unit))
        {
            if *of == topic
                && let Some([_, question]) = parts.get_mut(*part)
            {
                *question = question.max(cosine);
            }
        }
        parts
    }

    /// The discriminant's log-probability of each topic.
    fn discriminant_shares(&self, probe: &Probe, features: &mut Features) {
        let scores = self.discriminant.scores(&probe.white);
        let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total = scores.iter().map(|score| (score - max).exp()).sum::<f32>().ln() + max;
        for (topic, score) in scores.iter().enumerate() {
            if let Some(value) = features.at(topic, 0) {
                // A tenth, so that it is of the size of the other features.
                *value = (score - total).max(LOG_SHARE_MIN) / 10.0;
            }
        }
    }
}

/// The vectors of a language's passages, or of its titles and questions.
fn of_kind<'a>(
    entries: &'a [Entry],
    vectors: &'a [Embedding],
    language: Language,
    passages: bool,
) -> impl Iterator<Item = &'a [f32]> {
    entries
        .iter()
        .zip(vectors)
        .filter(move |(entry, _)| entry.language == language && (entry.kind == Kind::Passage) == passages)
        .map(|(_, vector)| &**vector)
}

fn raise(features: &mut Features, topic: usize, feature: usize, to: f32) {
    if let Some(value) = features.at(topic, feature) {
        *value = value.max(to);
    }
}

/// Keeps the highest values, falling.
fn insert(best: &mut [f32; NEAR_N], mut value: f32) {
    for place in best {
        if *place < value {
            std::mem::swap(place, &mut value);
        }
    }
}

fn mean<'a>(vectors: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    let mut vectors_n = 0.0f32;
    for vector in vectors {
        sum.resize(vector.len(), 0.0);
        for (sum, x) in sum.iter_mut().zip(vector) {
            *sum += x;
        }
        vectors_n += 1.0;
    }
    for x in &mut sum {
        *x /= vectors_n;
    }
    sum
}

fn centre(vector: &[f32], centre: Option<&Vec<f32>>) -> Vec<f32> {
    let mut centred = match centre {
        Some(centre) if centre.len() == vector.len() => vector.iter().zip(centre).map(|(x, c)| x - c).collect(),
        _ => vector.to_vec(),
    };
    normalize(&mut centred);
    centred
}
