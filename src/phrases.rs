//! Finds phrases in texts: some words, each whole or, ending in `*`, by its beginning. Letters are folded on both sides.
//!
//! What people can read and editors can extend: the signals of a life situation, the small words that tie a message to the one before.

use crate::words::{fold, words};
use std::collections::HashMap;

/// The most words of one phrase.
pub const WORDS_MAX: usize = 8;
/// The most words of a text that are read.
const TEXT_WORDS_MAX: usize = 400;

/// Phrases with what they stand for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Phrases {
    /// By the first word, folded, without its star.
    by_first: HashMap<String, Vec<Phrase>>,
    /// How many letters the first words have at least and at most.
    first_len: (usize, usize),
}

#[derive(Clone, Debug, PartialEq)]
struct Phrase {
    words: Vec<Word>,
    means: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Word {
    letters: String,
    by_beginning: bool,
}

/// A phrase that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it stands for: the number given with the phrase.
    pub means: usize,
    /// Its first word in the text, from 0.
    pub word: usize,
    /// How many words it has.
    pub words_n: usize,
}

/// A text that is no phrase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a phrase: write one to {WORDS_MAX} words, a `*` only at the end of a word with at least 2 letters"
)]
pub struct PhraseError {
    /// The text.
    pub text: String,
}

impl Phrases {
    /// Adds a phrase; `means` is given back where it is found.
    ///
    /// # Errors
    /// Where the text is no phrase.
    pub fn add(&mut self, text: &str, means: usize) -> Result<(), PhraseError> {
        let fault = || PhraseError { text: text.to_owned() };
        // A star splits no word, and what else is no letter or digit splits as in texts.
        let mut phrase = Vec::new();
        for token in text.split_whitespace() {
            let (body, starred) = token.strip_suffix('*').map_or((token, false), |body| (body, true));
            let parts = words(body);
            let last = parts.len().checked_sub(1).ok_or_else(fault)?;
            for (at, part) in parts.into_iter().enumerate() {
                phrase.push(Word { letters: fold(&part), by_beginning: starred && at == last });
            }
            if body.contains('*') || (starred && phrase.last().is_some_and(|word| word.letters.len() < 2)) {
                return Err(fault());
            }
        }
        let first = phrase.first().map(|word| word.letters.clone()).ok_or_else(fault)?;
        if WORDS_MAX < phrase.len() {
            return Err(fault());
        }
        let (shortest, longest) = self.first_len;
        self.first_len = if self.by_first.is_empty() {
            (first.len(), first.len())
        } else {
            (shortest.min(first.len()), longest.max(first.len()))
        };
        self.by_first.entry(first).or_default().push(Phrase { words: phrase, means });
        Ok(())
    }

    /// Of the phrases in a text those that stand in no longer one: *eläkkeensaajan asumistuki* is not *asumistuki*.
    pub fn find_longest(&self, text: &str) -> Vec<Found> {
        let all = self.find(text);
        let end = |found: &Found| found.word + found.words_n;
        let within = |inner: &Found, outer: &Found| {
            outer.word <= inner.word && end(inner) <= end(outer) && inner.words_n < outer.words_n
        };
        all.iter().filter(|found| !all.iter().any(|other| within(found, other))).copied().collect()
    }

    /// All phrases in a text, in the order in which they begin.
    pub fn find(&self, text: &str) -> Vec<Found> {
        let words: Vec<String> = words(text).iter().take(TEXT_WORDS_MAX).map(|word| fold(word)).collect();
        let mut found = Vec::new();
        let (shortest, longest) = self.first_len;
        for (at, first) in words.iter().enumerate() {
            let ends = (shortest..=longest.min(first.len())).filter(|end| first.is_char_boundary(*end));
            for beginning in ends.filter_map(|end| first.get(..end)) {
                for phrase in self.by_first.get(beginning).into_iter().flatten() {
                    if phrase.stands_at(words.get(at..).unwrap_or_default()) {
                        found.push(Found { means: phrase.means, word: at, words_n: phrase.words.len() });
                    }
                }
            }
        }
        found
    }
}

impl Phrase {
    fn stands_at(&self, words: &[String]) -> bool {
        self.words.len() <= words.len() && self.words.iter().zip(words).all(|(expected, word)| expected.is(word))
    }
}

impl Word {
    fn is(&self, word: &str) -> bool {
        if self.by_beginning { word.starts_with(&self.letters) } else { word == self.letters }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases() -> Phrases {
        let mut phrases = Phrases::default();
        for (means, text) in ["velka*", "ei ruokaa", "jo vuosi*", "sd-rahaa", "å"].into_iter().enumerate() {
            phrases.add(text, means).unwrap();
        }
        phrases
    }

    #[track_caller]
    fn check(text: &str, expected: &[(usize, usize)]) {
        let found: Vec<_> = phrases().find(text).into_iter().map(|found| (found.means, found.word)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn finds_whole_words_and_beginnings() {
        check("VELKAANTUNUT, eikä: ei ruokaa!", &[(0, 0), (1, 2)]);
        check("jo vuosia velkoja", &[(2, 0)]);
        check("ei ruokaakaan", &[]);
        check("sd rahaa, Å eller a", &[(3, 0), (4, 2), (4, 4)]);
        check("ei", &[]);
        check("", &[]);
    }

    #[test]
    fn refuses_what_is_no_phrase() {
        for text in ["", "*", "a*", "ve*ka", "1 2 3 4 5 6 7 8 9", "!!"] {
            assert_eq!(Phrases::default().add(text, 0), Err(PhraseError { text: text.to_owned() }), "{text}");
        }
    }
}
