//! Words as index and classifier read them: folded words, stems, compound parts, character n-grams.
//!
//! Finnish inflects and compounds: *asumistukihakemuksen* must find *asumistuki* and *hakemus*. Snowball stems catch the endings, parts the
//! compounds, n-grams what is mistyped, spoken or dialect. Letters are folded (ä to a), so that a question without umlauts finds the same.

use crate::domain::Language;
use rust_stemmers::{Algorithm, Stemmer};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::OnceLock;
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
/// Letters by which it is told whether a word may end a compound.
const BEGINNING_CHARS: usize = 4;
/// Stands where a word has no letter any more.
const END: char = '\0';
/// Letters of one n-gram.
const GRAM_CHARS: usize = 4;

/// Reads texts of one language.
pub struct Analysis {
    stemmer: Stemmer,
    is_swedish: bool,
    /// Stems that stand alone somewhere in the content: what a compound may end with.
    known: FxHashSet<String>,
    /// How known stems begin: see [`Analysis::may_be_known`].
    beginnings: FxHashSet<[char; BEGINNING_CHARS]>,
    /// The words of the content, each read once.
    lexicon: FxHashMap<String, Word>,
}

/// A text in all readings.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    readings: [Vec<String>; 4],
}

/// What is known of a word of the content.
struct Word {
    stem: String,
    /// Found when the word is first met.
    parts: OnceLock<Box<[String]>>,
}

impl Terms {
    /// The terms of one reading, in order, with repetitions.
    pub fn of(&self, reading: Reading) -> &[String] {
        let [words, stems, parts, grams] = &self.readings;
        match reading {
            Reading::Words => words,
            Reading::Stems => stems,
            Reading::Parts => parts,
            Reading::Grams => grams,
        }
    }
}

impl Analysis {
    /// An analysis that knows the compound parts of the given texts.
    pub fn new<'a>(language: Language, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let stemmer = Stemmer::create(match language {
            Language::Fi => Algorithm::Finnish,
            Language::Sv => Algorithm::Swedish,
            Language::En => Algorithm::English,
        });
        let mut analysis = Self {
            stemmer,
            is_swedish: language == Language::Sv,
            known: FxHashSet::default(),
            beginnings: FxHashSet::default(),
            lexicon: FxHashMap::default(),
        };
        for text in texts {
            for word in words(text) {
                if analysis.lexicon.contains_key(&word) {
                    continue;
                }
                let stem = analysis.stem(&word);
                if PART_CHARS_MIN <= stem.chars().count() {
                    analysis.beginnings.insert(beginning(&stem));
                    analysis.known.insert(stem.clone());
                }
                analysis.lexicon.insert(word, Word { stem, parts: OnceLock::new() });
            }
        }
        analysis
    }

    /// A text in all readings.
    pub fn read(&self, text: &str) -> Terms {
        let mut terms = Terms::default();
        let [folded, stems, parts, letters] = &mut terms.readings;
        for word in words(text) {
            if let Some(known) = self.lexicon.get(&word) {
                stems.push(known.stem.clone());
                parts.extend_from_slice(known.parts.get_or_init(|| self.parts(&word).into()));
            } else {
                stems.push(self.stem(&word));
                parts.extend(self.parts(&word));
            }
            let word = if word.is_ascii() { word } else { fold(&word) };
            grams(&word, letters);
            folded.push(word);
        }
        terms
    }

    fn stem(&self, word: &str) -> String {
        let mut stem = fold(&self.stemmer.stem(word));
        if self.is_swedish {
            cut_neuter(&mut stem);
        }
        stem
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
            if !self.may_be_known(tail) {
                continue;
            }
            let stem = self.stem(tail);
            if self.known.contains(&stem) {
                return Some((before, stem));
            }
        }
        None
    }

    /// Whether the stem of a word may be known, by how the word begins: stemming a word takes a hundred times as long as this.
    ///
    /// Snowball changes the ends of words: but for its last letter, the stem is how the word begins. The Finnish one also makes a double
    /// consonant single, so a word with one up here is let through.
    fn may_be_known(&self, word: &str) -> bool {
        let mut letters = [END; BEGINNING_CHARS + 1];
        for (to, letter) in letters.iter_mut().zip(word.chars()) {
            *to = folded(letter);
        }
        if letters.array_windows().any(|[letter, next]| letter == next) {
            return true;
        }
        let [beginning @ .., _] = letters;
        let [three @ .., _] = beginning;
        let [first, second, third] = three;
        self.beginnings.contains(&beginning) || self.beginnings.contains(&[first, second, third, END])
    }
}

/// Cuts the ending of the Swedish neuter's definite form, which Snowball leaves: *bidraget*, *stödet*, *beslutet*.
fn cut_neuter(stem: &mut String) {
    let cut = stem.strip_suffix("ets").or_else(|| stem.strip_suffix("et")).map(str::len);
    if let Some(len) = cut.filter(|len| NEUTER_BYTES_MIN <= *len) {
        stem.truncate(len);
    }
}

/// What is left of a neuter has at least so many letters (folded, nearly all of them are one byte).
const NEUTER_BYTES_MIN: usize = 4;

/// How a stem of at least [`PART_CHARS_MIN`] letters begins: four letters that stemming leaves alone, or three where the fourth is its last.
fn beginning(stem: &str) -> [char; BEGINNING_CHARS] {
    let mut letters = [END; BEGINNING_CHARS];
    for (to, letter) in letters.iter_mut().zip(stem.chars()) {
        *to = letter;
    }
    if let ([.., last], BEGINNING_CHARS) = (&mut letters, stem.chars().count()) {
        *last = END;
    }
    letters
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

/// A letter without its marks.
fn folded(letter: char) -> char {
    if letter.is_ascii() { letter } else { std::iter::once(letter).nfd().next().unwrap_or(letter) }
}

fn grams(word: &str, to: &mut Vec<String>) {
    let marked = format!("^{word}$");
    let starts = marked.char_indices().map(|(at, _)| at);
    let ends = starts.clone().skip(GRAM_CHARS).chain([marked.len()]);
    if marked.chars().nth(GRAM_CHARS).is_none() {
        to.push(marked);
        return;
    }
    to.extend(starts.zip(ends).filter_map(|(from, end)| marked.get(from..end)).map(str::to_owned));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(language: Language, reading: Reading, text: &str, expected: &[&str]) {
        let known = ["asumistuki asuminen tuki hakemus", "bostad bidrag", "housing allowance"];
        assert_eq!(Analysis::new(language, known).read(text).of(reading), expected);
    }

    #[test]
    fn reads_words_in_four_ways() {
        check(Language::Fi, Reading::Words, "Eläkkeensaajan ASUMISTUKI!", &["elakkeensaajan", "asumistuki"]);
        check(Language::Fi, Reading::Stems, "asumistukea asumistuen", &["asumistuk", "asumistue"]);
        check(Language::Fi, Reading::Parts, "asumistukihakemus", &["hakemus", "tuki", "asumis"]);
        check(Language::Sv, Reading::Parts, "bostadsbidrag", &["bidrag", "bostad"]);
        check(Language::Sv, Reading::Stems, "bidraget bidragets stödet talet", &["bidrag", "bidrag", "stod", "talet"]);
        check(Language::Sv, Reading::Parts, "bostadsbidraget", &["bidrag", "bostad"]);
        check(Language::En, Reading::Parts, "allowance", &[]);
        check(Language::En, Reading::Grams, "rents", &["^ren", "rent", "ents", "nts$"]);
        check(Language::En, Reading::Grams, "a", &["^a$"]);
    }

    #[test]
    fn no_known_ending_is_passed_over() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge");
        for language in Language::ALL {
            let ending = format!(".{language}.md");
            let files = fs_err::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
            let files = files.filter(|path| path.is_dir()).flat_map(|path| fs_err::read_dir(path).unwrap());
            let files = files.map(|entry| entry.unwrap().path());
            let texts: Vec<String> = files
                .filter(|path| path.to_string_lossy().ends_with(&ending))
                .map(|path| fs_err::read_to_string(path).unwrap())
                .collect();
            let analysis = Analysis::new(language, texts.iter().map(String::as_str));
            assert!(1_000 < analysis.known.len());
            for word in analysis.lexicon.keys() {
                for (at, _) in word.char_indices() {
                    let tail = word.split_at(at).1;
                    if analysis.known.contains(&analysis.stem(tail)) {
                        assert!(analysis.may_be_known(tail), "{tail} of {word}");
                    }
                }
            }
        }
    }
}
