//! Which of our languages a message is in: naive Bayes over character n-grams and words, learnt from the content itself.
//!
//! A general detector does not know that *Kela*, *OmaKela* or *omavastuu* turn up in every language here, and is unsure of three words. The
//! content is some 100,000 words of just this matter in each language, written by people who write like this.

use crate::domain::{Context, Language};
use crate::knowledge::Knowledge;
use crate::words::words;
use rustc_hash::FxHashMap;

/// Log-likelihoods of n-grams in the three languages.
pub struct LanguageModel {
    grams: FxHashMap<u64, [f32; 3]>,
    unseen: [f32; 3],
}

/// What the language so far adds to its log-likelihood: as much as a clear short word.
const SPOKEN_BONUS: f32 = 3.0;
/// What the channel's hint adds.
const HINT_BONUS: f32 = 2.0;
/// Words that are read: more tell nothing new.
const WORDS_MAX: usize = 80;
/// A word says at most as much as so many n-grams: in "asun Göteborgissa, miten försäkringskassan maksaa" the small words tell the language,
/// not the long name. Chosen on the tuning questions.
const WORD_GRAMS_MAX: f32 = 20.0;
/// n-grams overlap, so their evidence counts several times: it is scaled down.
const EVIDENCE_SCALE: f32 = 0.35;

impl LanguageModel {
    /// Learns from all texts of the content.
    pub fn learn(knowledge: &Knowledge) -> Self {
        let mut counts: FxHashMap<u64, [f32; 3]> = FxHashMap::default();
        let mut totals = [0.0f32; 3];
        let mut read = |language: Language, text: &str, weight: f32| {
            for gram in words(text).iter().flat_map(|word| grams(word)) {
                let count = counts.entry(gram).or_default();
                for (at, total) in totals.iter_mut().enumerate() {
                    if at == language.index() {
                        *total += weight;
                        if let Some(count) = count.get_mut(at) {
                            *count += weight;
                        }
                    }
                }
            }
        };
        for article in knowledge.topics.iter().flat_map(|topic| &topic.articles) {
            read(article.language, &article.title, 1.0);
            for part in article.parts() {
                for text in part.text.words().chain(part.heading.as_deref()) {
                    read(article.language, text, 1.0);
                }
            }
        }
        // How people ask tells more than how we write.
        for (topic, language) in knowledge.topics.iter().flat_map(|t| Language::ALL.map(|l| (t, l))) {
            for question in topic.questions(language) {
                read(language, question, 3.0);
            }
        }
        for (id, intent) in &knowledge.intents.intents {
            // Whoever asks for another language may do so in any.
            if intent.switch_to.is_some() || id == "other-language" {
                continue;
            }
            for (language, examples) in Language::ALL.into_iter().zip(&intent.examples) {
                for example in examples {
                    read(language, example, 3.0);
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a smoothing constant")]
        let vocabulary = counts.len() as f32 * 0.1;
        let log = |count: f32, total: f32| ((count + 0.1) / (total + vocabulary)).ln();
        let [fi, sv, en] = totals;
        let grams = counts.into_iter().map(|(gram, [f, s, e])| (gram, [log(f, fi), log(s, sv), log(e, en)])).collect();
        Self { grams, unseen: [log(0.0, fi), log(0.0, sv), log(0.0, en)] }
    }

    /// The language of a text.
    pub fn detect(&self, text: &str, context: Context<'_>) -> Language {
        if let (true, Some(language)) = (context.is_fixed, context.hint.or(context.spoken)) {
            return language;
        }
        let scores = self.scores(text, context);
        let best = |a: &Language, b: &Language| {
            let score = |l: &Language| scores.get(l.index()).copied().unwrap_or_default();
            score(a).total_cmp(&score(b))
        };
        Language::ALL.into_iter().rev().max_by(best).unwrap_or(Language::Fi)
    }

    /// The log-likelihood of each language, up to a constant.
    pub fn scores(&self, text: &str, context: Context<'_>) -> [f32; 3] {
        let mut scores = [0.0f32; 3];
        for word in words(text).iter().take(WORDS_MAX) {
            let grams = grams(word);
            #[expect(clippy::cast_precision_loss, reason = "a word has few n-grams")]
            let weight = EVIDENCE_SCALE * (WORD_GRAMS_MAX / grams.len() as f32).min(1.0);
            for gram in grams {
                let known = self.grams.get(&gram).unwrap_or(&self.unseen);
                for (score, log) in scores.iter_mut().zip(known) {
                    *score += weight * log;
                }
            }
        }
        for (language, bonus) in [(context.spoken, SPOKEN_BONUS), (context.hint, HINT_BONUS)] {
            if let Some(score) = language.and_then(|language| scores.get_mut(language.index())) {
                *score += bonus;
            }
        }
        scores
    }
}

/// Hashes of a word's n-grams of one to four letters with marked ends, and of the whole word.
pub(super) fn grams(word: &str) -> Vec<u64> {
    let marked: Vec<char> = std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
    let mut hashes = vec![hash(&marked)];
    for n in 1..=4 {
        hashes.extend(marked.windows(n).map(hash));
    }
    hashes
}

/// FNV-1a over code points.
fn hash(letters: &[char]) -> u64 {
    letters.iter().fold(0xcbf2_9ce4_8422_2325, |hash, letter| {
        (hash ^ u64::from(u32::from(*letter))).wrapping_mul(0x0100_0000_01b3)
    })
}
