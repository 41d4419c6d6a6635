//! The vectors' half: exact search over the embeddings of titles, example questions and passages, and a discriminant trained on them.
//!
//! Exact search reads every vector of the question's language: some 7,000 of 384 numbers, a tenth of a millisecond. That stays right up to
//! about ten times the content; beyond, an approximate index would earn its place.

use crate::domain::{Language, Lookup};
use crate::inference::discriminant::Example;
use crate::inference::int8::dense::products;
use crate::inference::linalg::{centred, mean, normalize};
use crate::inference::{Discriminant, Embedding, Kept, Neighbours};
use crate::retrieval::entries::{Entry, Kind};
use crate::retrieval::features::Features;

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
    discriminant: Discriminant,
    languages: [Shelf; 3],
}

/// The vectors of one language.
struct Shelf {
    titles: Rows,
    passages: Rows,
    /// Topic and part of each example question.
    question_places: Vec<(usize, usize)>,
    /// The whitened vectors of the example questions.
    questions: Neighbours,
}

/// Vectors of unit length, centred by language.
#[derive(Default)]
struct Rows {
    /// Topic and part of each.
    places: Vec<(usize, usize)>,
    /// One after the other.
    numbers: Vec<f32>,
}

/// A question's vector, compared with all of its language.
pub struct Probe {
    white: Vec<f32>,
    titles: Vec<f32>,
    passages: Vec<f32>,
    questions: Vec<f32>,
}

impl Semantic {
    /// Takes the vectors of all entries; none where there are no entries to learn from.
    pub fn learn(entries: &[Entry], vectors: &[Embedding], topics_n: usize) -> Option<Self> {
        let of_kind = |language: Language, passages: bool| {
            entries
                .iter()
                .zip(vectors)
                .filter(move |(e, _)| e.language == language && (e.kind == Kind::Passage) == passages)
                .map(|(_, vector)| &**vector)
        };
        let centres = Language::ALL.map(|language| mean(of_kind(language, false)));
        let passage_centres = Language::ALL.map(|language| mean(of_kind(language, true)));
        let all: Vec<Vec<f32>> = entries
            .iter()
            .zip(vectors)
            .map(|(entry, vector)| {
                let by_purpose = if entry.kind == Kind::Passage { &passage_centres } else { &centres };
                centred(vector, by_purpose.get(entry.language.index()).map_or(&[], Vec::as_slice))
            })
            .collect();
        let examples: Vec<Example<'_>> = entries
            .iter()
            .zip(&all)
            .filter(|(entry, _)| entry.kind != Kind::Passage)
            .map(|(entry, point)| Example { point, class: entry.topic, weight: 1.0 })
            .collect();
        let discriminant = Discriminant::train(&examples, topics_n, SHRINKAGE)?;
        let languages = Language::ALL.map(|language| {
            let rows = |kind: Kind| {
                let of_kind = entries.iter().zip(&all).filter(move |(e, _)| e.language == language && e.kind == kind);
                of_kind.map(|(_, vector)| vector.as_slice())
            };
            let questions = discriminant.whiten_all(&rows(Kind::Question).collect::<Vec<_>>());
            Shelf {
                titles: Rows::new(entries, language, Kind::Title, rows(Kind::Title).collect::<Vec<_>>().concat()),
                passages: Rows::new(entries, language, Kind::Passage, rows(Kind::Passage).collect::<Vec<_>>().concat()),
                question_places: places(entries, language, Kind::Question),
                questions: Neighbours::new(&questions.concat(), all.first().map_or(0, Vec::len)),
            }
        });
        Some(Self { topics_n, centres, discriminant, languages })
    }

    /// What is to be kept of all this.
    pub fn keep(&self) -> Kept {
        let mut kept = Kept::default();
        self.discriminant.keep(&mut kept);
        for ((language, centre), shelf) in Language::ALL.into_iter().zip(&self.centres).zip(&self.languages) {
            kept.put_f32(&format!("{language}.centre"), centre);
            kept.put_f32(&format!("{language}.titles"), &shelf.titles.numbers);
            kept.put_f32(&format!("{language}.passages"), &shelf.passages.numbers);
            shelf.questions.keep(&format!("{language}.questions"), &mut kept);
        }
        kept
    }

    /// Reads what was kept for the same entries; none where it does not fit them.
    pub fn kept(kept: &Kept, entries: &[Entry], dims: usize, topics_n: usize) -> Option<Self> {
        let array = |language: Language, name: &str| kept.f32(&format!("{language}.{name}"));
        let shelf = |language: Language| {
            let rows = |kind: Kind, name: &str| {
                let rows = Rows::new(entries, language, kind, array(language, name)?);
                (rows.numbers.len() == rows.places.len() * dims).then_some(rows)
            };
            let question_places = places(entries, language, Kind::Question);
            Some(Shelf {
                titles: rows(Kind::Title, "titles")?,
                passages: rows(Kind::Passage, "passages")?,
                questions: Neighbours::kept(kept, &format!("{language}.questions"), question_places.len(), dims)?,
                question_places,
            })
        };
        let [fi, sv, en] = Language::ALL.map(shelf);
        let centre = |language| array(language, "centre").filter(|centre| centre.len() == dims);
        let [of_fi, of_sv, of_en] = Language::ALL.map(centre);
        Some(Self {
            topics_n,
            centres: [of_fi?, of_sv?, of_en?],
            discriminant: Discriminant::kept(kept, dims, topics_n)?,
            languages: [fi?, sv?, en?],
        })
    }

    /// Compares a question's vector with all of its language.
    pub fn probe(&self, lookup: &Lookup) -> Probe {
        let at = lookup.language.index();
        let centred = centred(&lookup.embedding, self.centres.get(at).map_or(&[], Vec::as_slice));
        let white = self.discriminant.whiten(&centred);
        let mut white_unit = white.clone();
        normalize(&mut white_unit);
        let Some(shelf) = self.languages.get(at) else {
            return Probe { white, titles: Vec::new(), passages: Vec::new(), questions: Vec::new() };
        };
        Probe {
            white,
            titles: products(&shelf.titles.numbers, &centred),
            passages: products(&shelf.passages.numbers, &centred),
            questions: shelf.questions.cosines(&white_unit),
        }
    }

    /// Writes the dense features of all topics for a question.
    pub fn topics(&self, probe: &Probe, language: Language, features: &mut Features) {
        let Some(shelf) = self.languages.get(language.index()) else { return };
        self.discriminant_shares(probe, features);
        let mut near = vec![[-1.0f32; NEAR_N]; self.topics_n];
        for ((topic, _), cosine) in shelf.question_places.iter().zip(&probe.questions) {
            features.nearest = features.nearest.max(*cosine);
            if let Some(best) = near.get_mut(*topic) {
                insert(best, *cosine);
            }
        }
        for (topic, best) in near.iter().enumerate() {
            let [nearest, ..] = best;
            raise(features, topic, 1, *nearest);
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            raise(features, topic, 2, best.iter().sum::<f32>() / NEAR_N as f32);
        }
        for ((topic, _), cosine) in shelf.passages.places.iter().zip(&probe.passages) {
            raise(features, *topic, 3, *cosine);
        }
        for ((topic, _), cosine) in shelf.titles.places.iter().zip(&probe.titles) {
            raise(features, *topic, 4, *cosine);
        }
    }

    /// For each part of a topic's article (lead first): the cosine to its text, and the highest to its example questions.
    pub fn parts(&self, topic: usize, parts_n: usize, probe: &Probe, language: Language) -> Vec<[f32; 2]> {
        let mut parts = vec![[0.0f32; 2]; parts_n];
        let Some(shelf) = self.languages.get(language.index()) else { return parts };
        let compared = [(&shelf.passages.places, &probe.passages), (&shelf.question_places, &probe.questions)];
        for (at, (places, cosines)) in compared.into_iter().enumerate() {
            let of_topic = places.iter().zip(cosines).filter(|((of, _), _)| *of == topic);
            for ((_, part), cosine) in of_topic {
                if let Some(best) = parts.get_mut(*part).and_then(|best| best.get_mut(at)) {
                    *best = best.max(*cosine);
                }
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

impl Rows {
    fn new(entries: &[Entry], language: Language, kind: Kind, numbers: Vec<f32>) -> Self {
        Self { places: places(entries, language, kind), numbers }
    }
}

/// Topic and part of each entry of a language and kind.
fn places(entries: &[Entry], language: Language, kind: Kind) -> Vec<(usize, usize)> {
    let of_kind = entries.iter().filter(|entry| entry.language == language && entry.kind == kind);
    of_kind.map(|entry| (entry.topic, entry.part)).collect()
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
