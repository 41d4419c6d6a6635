//! Messages in languages that neuvo does not answer in: which one, so that it can say so in that language.
//!
//! Naive Bayes over the character n-grams of the sample sentences in `intents/languages.toml`, against as many of our own. A message is
//! foreign only where its words are not ours either: a name or a typo makes no other language.

use crate::domain::{Intent, Language};
use crate::knowledge::Knowledge;
use crate::understanding::language::grams;
use crate::words::words;
use std::collections::{HashMap, HashSet};

/// Example questions of each of our languages that the samples are held against.
const OWN_EXAMPLES_N: usize = 900;
/// A message with more of its words known than this is ours.
const KNOWN_MAX: f32 = 0.5;
/// By how much a foreign language must be likelier, as a logarithm.
const MARGIN: f32 = 1.5;
/// n-grams overlap, so their evidence counts several times: it is scaled down.
const EVIDENCE_SCALE: f32 = 0.35;
/// Different n-grams that a language may have, for smoothing.
const GRAMS_N: f32 = 40_000.0;
/// Words that are read.
const WORDS_MAX: usize = 60;

/// Tells foreign languages apart.
pub struct ForeignModel {
    /// Counts of n-grams, a language each; the last is ours.
    counts: Vec<HashMap<u64, f32>>,
    totals: Vec<f32>,
    intents: Vec<Intent>,
    /// The words of our own content.
    known: HashSet<String>,
}

impl ForeignModel {
    /// Learns from the samples and from our own example questions.
    pub fn learn(knowledge: &Knowledge) -> Self {
        let mut counts: Vec<HashMap<u64, f32>> = Vec::new();
        let mut count = |texts: &mut dyn Iterator<Item = &String>| {
            let mut of_language: HashMap<u64, f32> = HashMap::new();
            for text in texts {
                for gram in words(text).iter().flat_map(|word| grams(word)) {
                    *of_language.entry(gram).or_default() += 1.0;
                }
            }
            counts.push(of_language);
        };
        for foreign in &knowledge.intents.foreign {
            count(&mut foreign.samples.iter());
        }
        for language in Language::ALL {
            let questions = knowledge.topics.iter().flat_map(|topic| topic.questions(language).take(8));
            count(&mut questions.take(OWN_EXAMPLES_N));
        }
        let totals = counts.iter().map(|counts| counts.values().sum()).collect();
        let intents = knowledge.intents.foreign.iter().map(|foreign| Intent::new(&foreign.text_id())).collect();
        let mut known = HashSet::new();
        for (topic, language) in knowledge.topics.iter().flat_map(|t| Language::ALL.map(|l| (t, l))) {
            let article = topic.article(language);
            let texts = article.parts().flat_map(|part| part.text.words());
            known.extend(topic.questions(language).map(String::as_str).chain(texts).flat_map(words));
        }
        for text in knowledge.intents.intents.values().flat_map(|intent| intent.examples.iter().flatten()) {
            known.extend(words(text));
        }
        Self { counts, totals, intents, known }
    }

    /// The foreign language of a message, as the id of the text that says so in it.
    pub fn detect(&self, text: &str) -> Option<Intent> {
        // Figures are of no language.
        let words = words(text).into_iter().filter(|word| !word.contains(char::is_numeric));
        let words: Vec<String> = words.take(WORDS_MAX).collect();
        let longer: Vec<&String> = words.iter().filter(|word| 2 < word.chars().count()).collect();
        let read = if longer.is_empty() { words.iter().collect() } else { longer };
        #[expect(clippy::cast_precision_loss, reason = "word counts are small")]
        let known = read.iter().filter(|word| self.known.contains(**word)).count() as f32 / read.len().max(1) as f32;
        if words.is_empty() || KNOWN_MAX < known {
            return None;
        }
        let grams: Vec<u64> = words.iter().flat_map(|word| grams(word)).collect();
        let scores: Vec<f32> =
            self.counts.iter().zip(&self.totals).map(|(c, total)| score(&grams, c, *total)).collect();
        let (foreign, ours) = scores.split_at_checked(self.intents.len())?;
        let ours = ours.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (best, score) = foreign.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        self.intents.get(best).filter(|_| ours + MARGIN < *score).cloned()
    }
}

fn score(grams: &[u64], counts: &HashMap<u64, f32>, total: f32) -> f32 {
    let log = |gram: &u64| ((counts.get(gram).copied().unwrap_or_default() + 0.1) / (total + 0.1 * GRAMS_N)).ln();
    grams.iter().map(log).sum::<f32>() * EVIDENCE_SCALE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::{self, Source};
    use std::path::Path;

    #[test]
    fn figures_are_of_no_language() {
        let source = Source::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let knowledge = knowledge::read(&source, jiff::civil::date(2026, 11, 23)).knowledge.unwrap();
        let model = ForeignModel::learn(&knowledge);
        for text in ["131052", "-308T", "2026", "12.5. 300 €", "0401234567", "A4"] {
            assert!(model.detect(text).is_none(), "{text}");
        }
        assert!(model.detect("Tere, kuidas ma saan taotleda eluasemetoetust? 131052").is_some());
    }
}
