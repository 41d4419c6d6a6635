//! How callers' questions are spelt, learnt from the content: what sounds alike is told apart by what people ask here.
//!
//! A small recogniser hears sounds better than words. So each way to go on is also judged by an n-gram model of characters over the example
//! questions, smoothed after Witten and Bell (1991), whose log-probability counts a little beside the recogniser's: shallow fusion
//! (Gulcehre et al. 2015). Characters, because the recogniser cuts the same word in many ways.

use crate::domain::Language;
use std::collections::HashMap;

/// Characters that are looked at together.
const ORDER: usize = 6;
/// From this order on, what was seen once is not kept.
const PRUNED_FROM: usize = 4;
/// Bits of a character.
const BITS: u32 = 6;
/// The characters told apart: letters, a digit, a space, another letter.
const SYMBOLS_N: f32 = 32.0;
const DIGIT: u64 = 30;
const SPACE: u64 = 31;
const OTHER: u64 = 32;
/// The negative log-probability of a character that neither gains nor loses: about two bits, so that long texts lose nothing by their
/// length. Names and other words that the examples do not have lose at most [`LOSS_MAX`] a character.
const EVEN: f32 = 1.5;
const LOSS_MAX: f32 = 4.0;
/// The most texts of a language that are learnt from, and the most characters of one.
const TEXTS_MAX: usize = 200_000;
const CHARS_MAX: usize = 1_000;

/// The models of all languages, in the order of [`Language::ALL`].
#[derive(Default)]
pub struct Spellings([Model; 3]);

/// One language's model: empty, it gains nothing.
#[derive(Default)]
struct Model {
    /// How often each n-gram was seen.
    counts: HashMap<u64, u32>,
    /// How often each context was followed by anything, and by how many characters.
    contexts: HashMap<u64, (u32, u32)>,
}

/// Where a text stands: its last characters, bytes of an unfinished one, and what it has gained so far.
#[derive(Clone, Default)]
pub(crate) struct Spelt {
    last: Vec<u64>,
    unfinished: Vec<u8>,
    pub(crate) gain: f32,
}

impl Spellings {
    /// Learns from texts as people write them, with their languages.
    pub fn learn<'a>(texts: impl Iterator<Item = (Language, &'a str)>) -> Self {
        let mut models = Self::default();
        let mut texts_n = [0usize; 3];
        for (language, text) in texts {
            let at = language.index();
            if let (Some(model), Some(n)) = (models.0.get_mut(at), texts_n.get_mut(at))
                && *n < TEXTS_MAX
            {
                *n += 1;
                model.count(text);
            }
        }
        models.0.iter_mut().for_each(Model::finish);
        models
    }

    /// What a text has gained once it goes on with some bytes.
    pub(crate) fn go_on(&self, before: &Spelt, bytes: &[u8], language: Language) -> Spelt {
        let mut spelt = before.clone();
        let Some(model) = self.0.get(language.index()).filter(|model| !model.counts.is_empty()) else { return spelt };
        spelt.unfinished.extend(bytes);
        let whole = match str::from_utf8(&spelt.unfinished) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = spelt.unfinished.split_off(whole);
        let text = String::from_utf8(std::mem::replace(&mut spelt.unfinished, rest)).unwrap_or_default();
        for symbol in symbols(&text) {
            if symbol == SPACE && spelt.last.last().is_none_or(|last| *last == SPACE) {
                continue;
            }
            let history = if spelt.last.is_empty() { &[SPACE][..] } else { &spelt.last };
            spelt.gain += model.gain(history, symbol);
            if spelt.last.len() == ORDER - 1 {
                spelt.last.remove(0);
            }
            spelt.last.push(symbol);
        }
        spelt
    }
}

impl Model {
    fn count(&mut self, text: &str) {
        let mut all = vec![SPACE];
        for symbol in symbols(text).take(CHARS_MAX) {
            if symbol != SPACE || all.last() != Some(&SPACE) {
                all.push(symbol);
            }
        }
        for end in 1..all.len() {
            for start in end.saturating_sub(ORDER - 1)..=end {
                let seen = self.counts.entry(key(all.get(start..=end).unwrap_or_default())).or_default();
                *seen = seen.saturating_add(1);
            }
        }
    }

    fn finish(&mut self) {
        self.counts.retain(|gram, seen| 1 < *seen || length(*gram) < PRUNED_FROM);
        self.counts.shrink_to_fit();
        for (gram, seen) in &self.counts {
            let (total, kinds_n) = self.contexts.entry(gram >> BITS).or_default();
            (*total, *kinds_n) = (total.saturating_add(*seen), kinds_n.saturating_add(1));
        }
    }

    /// By how much the log-probability of a character after others is above [`EVEN`].
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    fn gain(&self, history: &[u64], symbol: u64) -> f32 {
        let mut p = 1.0 / SYMBOLS_N;
        for n in 0..=history.len() {
            let context = key(history.get(history.len() - n..).unwrap_or_default());
            let Some((total, kinds_n)) = self.contexts.get(&context) else { break };
            let seen = self.counts.get(&(context << BITS | symbol)).copied().unwrap_or_default();
            let (total, kinds_n) = (*total as f32, *kinds_n as f32);
            p = (seen as f32 + kinds_n * p) / (total + kinds_n);
        }
        (p.ln() + EVEN).max(-LOSS_MAX)
    }
}

/// The characters of a text as numbers: without case, marks as spaces.
fn symbols(text: &str) -> impl Iterator<Item = u64> {
    text.chars().flat_map(char::to_lowercase).map(|c| match c {
        'a'..='z' => u64::from(c) - u64::from('a') + 1,
        'å' => 27,
        'ä' => 28,
        'ö' => 29,
        c if c.is_numeric() => DIGIT,
        c if c.is_alphabetic() => OTHER,
        _ => SPACE,
    })
}

/// An n-gram as a number: a one, then its characters.
fn key(symbols: &[u64]) -> u64 {
    symbols.iter().fold(1, |key, symbol| key << BITS | symbol)
}

fn length(key: u64) -> usize {
    ((u64::BITS - 1 - key.leading_zeros()) / BITS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain(spellings: &Spellings, parts: &[&[u8]]) -> f32 {
        let begin = Spelt::default();
        parts.iter().fold(begin, |spelt, part| spellings.go_on(&spelt, part, Language::Fi)).gain
    }

    #[test]
    fn the_words_of_the_field_gain() {
        let texts = ["miten haen asumistukea", "paljonko asumistuki on", "Asumistuki?", "mihin hakemus lähetetään"];
        let spellings = Spellings::learn(texts.iter().cycle().take(40).map(|text| (Language::Fi, *text)));
        let (right, wrong) = (gain(&spellings, &[b" asumistukea"]), gain(&spellings, &[b" asumist", b"okaa"]));
        assert!(wrong + 2.0 < right, "{right} and {wrong}");
        // However the words are cut, also within a letter, and whatever their case.
        let (l, a) = "ä".as_bytes().split_at(1);
        let whole = gain(&spellings, &[" lähetetään".as_bytes()]);
        let cut = gain(&spellings, &[b" L", l, a, "hetetään".as_bytes()]);
        assert!((whole - cut).abs() < 1e-4, "{whole} and {cut}");
        assert!(gain(&spellings, &[b" 123 "]) < 0.0);
        assert!(gain(&Spellings::default(), &[b" asumistukea"]).abs() < 1e-6, "nothing was learnt");
    }

    #[test]
    fn lengths_of_keys() {
        for n in 0..=ORDER {
            assert_eq!(length(key(&vec![OTHER; n])), n);
        }
    }
}
