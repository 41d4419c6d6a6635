//! The vectors' half: exact search over the embeddings of titles, example questions and passages, and a discriminant trained on them.
//!
//! Exact search reads every vector of the question's language: some 16,000 example questions of 384 numbers, in 8 bits. Of more topics than
//! [`COMPARED_MAX`] only the likeliest by the discriminant are compared with, so that ten times the content does not read ten times the memory.

use crate::domain::{Language, Lookup};
use crate::inference::linalg::{centred, mean, normalize};
use crate::inference::{Discriminant, Kept, Neighbours, Spread};
use crate::retrieval::entries::{Entry, Kind, NO_PART};
use crate::retrieval::features::Features;
use crate::retrieval::part_model::{Common, PartModel};
use std::ops::Range;
use std::sync::Arc;

/// How far the covariance within topics is pulled towards a sphere; chosen on the tuning questions.
const SHRINKAGE: f64 = 0.15;
/// The discriminant's log-probabilities are cut off here, so that one feature cannot drown the others.
const LOG_SHARE_MIN: f32 = -25.0;
/// The name under which the discriminant of the topics is kept.
const TOPICS: &str = "discriminant";
/// Examples that are added up at once.
const PART_N: usize = 2_048;
/// With the example questions of so many topics a question is compared.
const COMPARED_MAX: usize = 128;
/// How many near questions are averaged.
const NEAR_N: usize = 3;

/// The vectors of the content.
pub struct Semantic {
    topics_n: usize,
    /// The mean of each language's query vectors: the cone's axis, taken out before vectors are compared.
    centres: [Vec<f32>; 3],
    discriminant: Arc<Discriminant>,
    parts: Arc<PartModel>,
    languages: [Shelf; 3],
}

/// The vectors of one language.
struct Shelf {
    titles: Rows,
    passages: Rows,
    figures: Rows,
    /// Topic and part of each example question, topic by topic.
    question_places: Vec<(usize, usize)>,
    /// The whitened vectors of the example questions.
    questions: Arc<Neighbours>,
}

/// Vectors of unit length, centred by language, in 8 bits.
struct Rows {
    /// Topic and part of each.
    places: Vec<(usize, usize)>,
    vectors: Neighbours,
}

/// A question's vector, compared with all of its language.
pub struct Probe {
    /// The discriminant's score of each topic.
    scores: Vec<f32>,
    titles: Vec<f32>,
    passages: Vec<f32>,
    figures: Vec<f32>,
    questions: Vec<f32>,
    /// The vector itself, centred.
    centred: Vec<f32>,
}

/// How near a part of an article is to a question.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NearPart {
    /// The cosine to its text.
    pub text: f32,
    /// The highest cosine to its sentences with figures.
    pub figure: f32,
    /// By its heading and example questions in all languages.
    pub common: Common,
}

impl Semantic {
    /// Takes the vectors of all entries; none where there are no entries to learn from.
    pub fn learn(entries: &[Entry], vectors: &[Vec<f32>], topics_n: usize) -> Option<Self> {
        let centres = Language::ALL.map(|language| mean(of_kind(entries, vectors, language, Kind::is_asked)));
        let asked: Vec<(usize, Vec<f32>)> = entries
            .iter()
            .zip(vectors)
            .filter(|(entry, _)| entry.kind.is_asked())
            .map(|(entry, vector)| (entry.topic, centred(vector, centre(&centres, entry.language))))
            .collect();
        let dims = asked.first()?.1.len();
        let mut spread = Spread::new(dims, topics_n);
        for part in asked.chunks(PART_N) {
            spread.add(part.iter().map(|(topic, point)| (point.as_slice(), *topic))).ok()?;
        }
        let discriminant = Arc::new(Discriminant::learn(&spread, dims, SHRINKAGE)?);
        let parts = Arc::new(PartModel::learn(entries, vectors, &centres, topics_n)?);
        Some(Self::shelved((entries, vectors), topics_n, (centres, discriminant, parts), [None, None, None]))
    }

    /// Of which entries [`Semantic::renewed`] needs the vectors: example questions stay, mostly, and they are most of all texts.
    pub(super) fn wanted(&self, entries: &[Entry], same: [bool; 3]) -> Vec<bool> {
        let same_parts = self.parts.is_of(entries);
        let stays = |language: Language| same.get(language.index()).copied().unwrap_or_default();
        let wanted = |entry: &Entry| {
            entry.kind != Kind::Question || !stays(entry.language) || (!same_parts && entry.part != NO_PART)
        };
        entries.iter().map(wanted).collect()
    }

    /// The vectors of content with the same topics. What was learnt stays; so do the example questions of the languages in which `same` says
    /// that none differs. Vectors are empty where [`Semantic::wanted`] says so.
    #[must_use]
    pub fn renewed(&self, entries: &[Entry], vectors: &[Vec<f32>], same: [bool; 3]) -> Self {
        let [fi, sv, en] = &self.languages;
        let [of_fi, of_sv, of_en] = same;
        let kept =
            [(fi, of_fi), (sv, of_sv), (en, of_en)].map(|(shelf, same)| same.then(|| Arc::clone(&shelf.questions)));
        // That is quick, and other sections may have come.
        let parts = if self.parts.is_of(entries) {
            None
        } else {
            PartModel::learn(entries, vectors, &self.centres, self.topics_n)
        };
        let parts = parts.map_or_else(|| Arc::clone(&self.parts), Arc::new);
        let learnt = (self.centres.clone(), Arc::clone(&self.discriminant), parts);
        Self::shelved((entries, vectors), self.topics_n, learnt, kept)
    }

    /// Puts texts and their vectors in place, by what was learnt. `kept` are example questions that stay, in the order of languages.
    fn shelved(
        (entries, vectors): (&[Entry], &[Vec<f32>]),
        topics_n: usize,
        (centres, discriminant, parts): ([Vec<f32>; 3], Arc<Discriminant>, Arc<PartModel>),
        kept: [Option<Arc<Neighbours>>; 3],
    ) -> Self {
        let shelf = |(language, kept): (Language, Option<Arc<Neighbours>>)| {
            let passage_centre = mean(of_kind(entries, vectors, language, |kind| kind == Kind::Passage));
            let numbers = |kind: Kind| -> Vec<f32> {
                let of_kind = entries.iter().zip(vectors).filter(|(e, _)| e.language == language && e.kind == kind);
                let centre = if kind.is_asked() { centre(&centres, language) } else { &passage_centre };
                of_kind.flat_map(|(_, vector)| centred(vector, centre)).collect()
            };
            let dims = passage_centre.len().max(1);
            let questions = kept.unwrap_or_else(|| {
                let points = numbers(Kind::Question);
                let whites = discriminant.whiten_all(&points.chunks_exact(dims).collect::<Vec<_>>());
                Arc::new(Neighbours::new(&whites.concat(), dims))
            });
            let rows = |kind: Kind| Rows {
                places: places(entries, language, kind),
                vectors: Neighbours::new(&numbers(kind), dims),
            };
            Shelf {
                titles: rows(Kind::Title),
                passages: rows(Kind::Passage),
                figures: rows(Kind::Figure),
                question_places: places(entries, language, Kind::Question),
                questions,
            }
        };
        let [fi, sv, en] = kept;
        let languages = [(Language::Fi, fi), (Language::Sv, sv), (Language::En, en)].map(shelf);
        Self { topics_n, centres, discriminant, parts, languages }
    }

    /// What is to be kept of all this.
    pub fn keep(&self) -> Kept {
        let mut kept = Kept::default();
        self.discriminant.keep(TOPICS, &mut kept);
        self.parts.keep(&mut kept);
        for ((language, centre), shelf) in Language::ALL.into_iter().zip(&self.centres).zip(&self.languages) {
            kept.put_f32(&format!("{language}.centre"), centre);
            shelf.titles.vectors.keep(&format!("{language}.titles"), &mut kept);
            shelf.passages.vectors.keep(&format!("{language}.passages"), &mut kept);
            shelf.figures.vectors.keep(&format!("{language}.figures"), &mut kept);
            shelf.questions.keep(&format!("{language}.questions"), &mut kept);
        }
        kept
    }

    /// Reads what was kept for the same entries; none where it does not fit them.
    pub fn kept(kept: &Kept, entries: &[Entry], dims: usize, topics_n: usize) -> Option<Self> {
        let array = |language: Language, name: &str| kept.f32(&format!("{language}.{name}"));
        let shelf = |language: Language| {
            let rows = |kind: Kind, name: &str| {
                let places = places(entries, language, kind);
                let vectors = Neighbours::kept(kept, &format!("{language}.{name}"), places.len(), dims)?;
                Some(Rows { places, vectors })
            };
            let Rows { places: question_places, vectors: questions } = rows(Kind::Question, "questions")?;
            Some(Shelf {
                titles: rows(Kind::Title, "titles")?,
                passages: rows(Kind::Passage, "passages")?,
                figures: rows(Kind::Figure, "figures")?,
                questions: Arc::new(questions),
                question_places,
            })
        };
        let [fi, sv, en] = Language::ALL.map(shelf);
        let centre = |language| array(language, "centre").filter(|centre| centre.len() == dims);
        let [of_fi, of_sv, of_en] = Language::ALL.map(centre);
        Some(Self {
            topics_n,
            centres: [of_fi?, of_sv?, of_en?],
            discriminant: Arc::new(Discriminant::kept(TOPICS, kept, dims, topics_n)?),
            parts: Arc::new(PartModel::kept(kept, entries, dims, topics_n)?),
            languages: [fi?, sv?, en?],
        })
    }

    /// Compares a question's vector with all of its language.
    pub fn probe(&self, lookup: &Lookup) -> Probe {
        let at = lookup.language.index();
        let centred = centred(&lookup.embedding, self.centres.get(at).map_or(&[], Vec::as_slice));
        let white = self.discriminant.whiten(&centred);
        let scores = self.discriminant.scores(&white);
        let mut white_unit = white;
        normalize(&mut white_unit);
        let Some(shelf) = self.languages.get(at) else {
            let [titles, passages, figures, questions] = Default::default();
            return Probe { scores, titles, passages, figures, questions, centred };
        };
        let questions = shelf.questions.cosines_within(&white_unit, shelf.ranges(&likeliest(&scores)));
        Probe {
            scores,
            titles: shelf.titles.vectors.cosines(&centred),
            passages: shelf.passages.vectors.cosines(&centred),
            figures: shelf.figures.vectors.cosines(&centred),
            questions,
            centred,
        }
    }

    /// Writes the dense features of all topics for a question.
    pub fn topics(&self, probe: &Probe, language: Language, features: &mut Features) {
        let Some(shelf) = self.languages.get(language.index()) else { return };
        discriminant_shares(probe, features);
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

    /// The example questions of a language that are nearest, as their places among those of [`super::entries::list`], nearest first.
    pub fn near(probe: &Probe, questions_max: usize) -> Vec<(usize, f32)> {
        let mut near: Vec<_> = probe.questions.iter().copied().enumerate().collect();
        near.sort_by(|a, b| b.1.total_cmp(&a.1));
        near.truncate(questions_max);
        near
    }

    /// How near each part of a topic's article (lead first) is to a question.
    pub(super) fn parts(&self, topic: usize, parts_n: usize, probe: &Probe, language: Language) -> Vec<NearPart> {
        let mut parts = vec![NearPart::default(); parts_n];
        let Some(shelf) = self.languages.get(language.index()) else { return parts };
        let mut raise = |places: &[(usize, usize)], cosines: &[f32], field: fn(&mut NearPart) -> &mut f32| {
            let of_topic = places.iter().zip(cosines).filter(|((of, _), _)| *of == topic);
            for ((_, part), cosine) in of_topic {
                if let Some(value) = parts.get_mut(*part).map(field) {
                    *value = value.max(*cosine);
                }
            }
        };
        raise(&shelf.passages.places, &probe.passages, |part| &mut part.text);
        raise(&shelf.figures.places, &probe.figures, |part| &mut part.figure);
        for (part, common) in parts.iter_mut().zip(self.parts.compare(topic, parts_n, &probe.centred)) {
            part.common = common;
        }
        parts
    }
}

/// The discriminant's log-probability of each topic.
fn discriminant_shares(probe: &Probe, features: &mut Features) {
    let scores = &probe.scores;
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total = scores.iter().map(|score| (score - max).exp()).sum::<f32>().ln() + max;
    for (topic, score) in scores.iter().enumerate() {
        if let Some(value) = features.at(topic, 0) {
            // A tenth, so that it is of the size of the other features.
            *value = (score - total).max(LOG_SHARE_MIN) / 10.0;
        }
    }
}

impl Shelf {
    /// Where the example questions of some topics are.
    fn ranges(&self, topics: &[usize]) -> impl Iterator<Item = Range<usize>> {
        let first = |topic: usize| self.question_places.partition_point(|(of, _)| *of < topic);
        topics.iter().map(move |topic| first(*topic)..first(topic + 1))
    }
}

/// The topics with the highest scores.
fn likeliest(scores: &[f32]) -> Vec<usize> {
    let mut topics: Vec<usize> = (0..scores.len()).collect();
    if COMPARED_MAX < topics.len() {
        let score = |topic: &usize| scores.get(*topic).copied().unwrap_or(f32::NEG_INFINITY);
        topics.select_nth_unstable_by(COMPARED_MAX, |a, b| score(b).total_cmp(&score(a)));
        topics.truncate(COMPARED_MAX);
    }
    topics
}

fn centre(centres: &[Vec<f32>; 3], language: Language) -> &[f32] {
    centres.get(language.index()).map_or(&[], Vec::as_slice)
}

/// The vectors of a language's entries of some kinds.
fn of_kind<'a>(
    entries: &'a [Entry],
    vectors: &'a [Vec<f32>],
    language: Language,
    is_wanted: fn(Kind) -> bool,
) -> impl Iterator<Item = &'a [f32]> {
    entries
        .iter()
        .zip(vectors)
        .filter(move |(entry, _)| entry.language == language && is_wanted(entry.kind))
        .map(|(_, vector)| vector.as_slice())
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
