//! Words as index and classifier read them: folded words, stems, compound parts, character n-grams.
//!
//! Finnish inflects and compounds: *asumistukihakemuksen* must find *asumistuki* and *hakemus*. Snowball stems catch the endings, parts the
//! compounds, n-grams what is mistyped, spoken or dialect. Letters are folded (ä to a), so that a question without umlauts finds the same.

use crate::domain::Language;
use rust_stemmers::{Algorithm, Stemmer};
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The readings of a text, in the order of [`Reading::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Lower-case words with folded letters.
    Words,
    /// Snowball stems.
    Stems,
    /// Stems of the parts of compounds.
    Parts,
    /// Character four-grams with marked word ends.
    Grams,
}

impl Reading {
    /// All readings.
    pub const ALL: [Self; 4] = [Self::Words, Self::Stems, Self::Parts, Self::Grams];

    /// Its name in the schema.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Stems => "stems",
            Self::Parts => "parts",
            Self::Grams => "grams",
        }
    }
}

/// The most different terms of one reading that a question is searched with.
pub const TERMS_MAX: usize = 160;
/// Parts of compounds have at least this many letters.
const PART_CHARS_MIN: usize = 4;
/// Letters of one n-gram.
const GRAM_CHARS: usize = 4;

/// Reads texts of one language.
pub struct Analysis {
    stemmer: Stemmer,
    /// Stems that stand alone somewhere in the content: what a compound may end with.
    known: HashSet<String>,
}

impl Analysis {
    /// An analysis that knows the compound parts of the given texts.
    pub fn new<'a>(language: Language, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let stemmer = Stemmer::create(match language {
            Language::Fi => Algorithm::Finnish,
            Language::Sv => Algorithm::Swedish,
            Language::En => Algorithm::English,
        });
        let mut analysis = Self { stemmer, known: HashSet::new() };
        for text in texts {
            for word in words(text) {
                let stem = analysis.stem(&word);
                if PART_CHARS_MIN <= stem.chars().count() {
                    analysis.known.insert(stem);
                }
            }
        }
        analysis
    }

    /// The terms of a text in one reading, in order, with repetitions.
    pub fn terms(&self, reading: Reading, text: &str) -> Vec<String> {
        let words = words(text);
        match reading {
            Reading::Words => words.iter().map(|word| fold(word)).collect(),
            Reading::Stems => words.iter().map(|word| self.stem(word)).collect(),
            Reading::Parts => words.iter().flat_map(|word| self.parts(word)).collect(),
            Reading::Grams => words.iter().flat_map(|word| grams(&fold(word))).collect(),
        }
    }

    fn stem(&self, word: &str) -> String {
        fold(&self.stemmer.stem(word))
    }

    /// The parts of a compound: its longest known tail as a stem, and the head before it, split again. A word without parts gives none.
    fn parts(&self, word: &str) -> Vec<String> {
        let mut parts = Vec::new();
        let mut head = word;
        while let Some((before, tail)) = self.split(head) {
            parts.push(tail);
            head = before;
        }
        if !parts.is_empty() {
            parts.push(self.stem(head));
        }
        parts
    }

    fn split<'a>(&self, word: &'a str) -> Option<(&'a str, String)> {
        let starts = word.char_indices().map(|(at, _)| at).skip(PART_CHARS_MIN);
        for at in starts {
            let (before, tail) = word.split_at_checked(at)?;
            if tail.chars().count() < PART_CHARS_MIN {
                return None;
            }
            let stem = self.stem(tail);
            if self.known.contains(&stem) {
                return Some((before, stem));
            }
        }
        None
    }
}

/// The words of a text in lower case: runs of letters and digits.
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// A text without the marks on its letters: ä becomes a, å a, é e.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfd().filter(|c| !is_combining_mark(*c)).collect()
}

fn grams(word: &str) -> Vec<String> {
    let marked: Vec<char> = std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
    if marked.len() <= GRAM_CHARS {
        return vec![marked.into_iter().collect()];
    }
    marked.windows(GRAM_CHARS).map(|window| window.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(language: Language, reading: Reading, text: &str, expected: &[&str]) {
        let known = ["asumistuki asuminen tuki hakemus", "bostad bidrag", "housing allowance"];
        assert_eq!(Analysis::new(language, known).terms(reading, text), expected);
    }

    #[test]
    fn reads_words_in_four_ways() {
        check(Language::Fi, Reading::Words, "Eläkkeensaajan ASUMISTUKI!", &["elakkeensaajan", "asumistuki"]);
        check(Language::Fi, Reading::Stems, "asumistukea asumistuen", &["asumistuk", "asumistue"]);
        check(Language::Fi, Reading::Parts, "asumistukihakemus", &["hakemus", "tuki", "asumis"]);
        check(Language::Sv, Reading::Parts, "bostadsbidrag", &["bidrag", "bostad"]);
        check(Language::En, Reading::Parts, "allowance", &[]);
        check(Language::En, Reading::Grams, "rents", &["^ren", "rent", "ents", "nts$"]);
        check(Language::En, Reading::Grams, "a", &["^a$"]);
    }
}
