//! A compact tokenizer for `SentencePiece`-type `tokenizer.json` files: unigram pieces, found by the best path through each word.
//!
//! It gives the ids that the `tokenizers` crate gives, loads in a tenth of the time and takes a tenth of the memory. What it does not know
//! (other models, normalisers, splitters) is left to that crate: see [`Tokens`].

mod file;
mod pieces;

use crate::inference::bert::LoadError;
use crate::inference::encoder::EncodeError;
use crate::models::ModelFiles;
use file::Step;
use pieces::Pieces;
use std::borrow::Cow;
use tokenizers::normalizers::Precompiled;

/// What stands for a space.
const SPACE: char = '▁';
/// Up to here a character never joins with others to one that is seen as a whole.
const SIMPLE_MAX: usize = 0x300;

/// Cuts texts into tokens.
#[expect(clippy::large_enum_variant, reason = "there is one of them")]
pub enum Tokens {
    /// What is read here.
    Unigram(Unigram),
    /// All else.
    Library(Box<tokenizers::Tokenizer>),
}

impl Tokens {
    /// Loads a folder's tokenizer.
    ///
    /// # Errors
    /// Where neither can read it.
    pub fn load(files: &ModelFiles) -> Result<Self, LoadError> {
        match Unigram::parse(&fs_err::read(&files.tokenizer)?) {
            Some(unigram) => Ok(Self::Unigram(unigram)),
            None => Ok(Self::Library(Box::new(crate::inference::bert::load_tokenizer(files)?))),
        }
    }

    /// The ids of a text, special ones included, at most `tokens_max`.
    ///
    /// # Errors
    /// Where the library refuses the text.
    pub fn ids(&self, text: &str, tokens_max: usize) -> Result<Vec<u32>, EncodeError> {
        match self {
            Self::Unigram(unigram) => Ok(unigram.ids(text, tokens_max)),
            Self::Library(tokenizer) => {
                let fault = |error: tokenizers::Error| EncodeError::Tokenizer(error.to_string());
                let encoding = tokenizer.encode_fast(text, true).map_err(fault)?;
                let mut ids = encoding.get_ids().to_vec();
                if tokens_max < ids.len() {
                    // The last token closes the text.
                    let last = ids.last().copied();
                    ids.truncate(tokens_max);
                    if let (Some(to), Some(last)) = (ids.last_mut(), last) {
                        *to = last;
                    }
                }
                Ok(ids)
            }
        }
    }
}

/// A unigram tokenizer.
pub struct Unigram {
    pieces: Pieces,
    steps: Vec<Step>,
    /// Characters below [`SIMPLE_MAX`] that no step changes.
    unchanged: [bool; SIMPLE_MAX],
    /// Texts that are tokens wherever they stand, with their ids.
    specials: Vec<(String, u32)>,
    before: Vec<u32>,
    after: Vec<u32>,
}

impl Unigram {
    /// Reads a `tokenizer.json`. None where it says something that is not known here.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let file: file::TokenizerFile<'_> = serde_json::from_slice(json).ok()?;
        let steps = file.steps()?;
        let (before, after) = file.around()?;
        let specials = file.specials()?;
        if !file.is_split_at_spaces() {
            return None;
        }
        let pieces = file.into_pieces()?;
        let mut unchanged = [false; SIMPLE_MAX];
        for (is_unchanged, c) in unchanged.iter_mut().zip('\0'..) {
            let alone = |step: &Step| match step {
                Step::Precompiled(map) => map.transform(c.encode_utf8(&mut [0; 4])).is_none(),
                Step::Spaces(_) => true,
            };
            *is_unchanged = !c.is_control() && steps.iter().all(alone);
        }
        Some(Self { pieces, steps, unchanged, specials, before, after })
    }

    /// The ids of a text, special ones included, at most `tokens_max`.
    pub fn ids(&self, text: &str, tokens_max: usize) -> Vec<u32> {
        let mut ids = self.before.clone();
        let mut rest = text;
        while let Some((at, special, id)) = self.next_special(rest) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.stretch(before, &mut ids);
            ids.push(id);
            rest = from.strip_prefix(special).unwrap_or_default();
        }
        self.stretch(rest, &mut ids);
        ids.truncate(tokens_max.saturating_sub(self.after.len()));
        ids.extend(&self.after);
        ids
    }

    /// Bytes in memory, but for the normaliser's.
    pub fn bytes_n(&self) -> usize {
        self.pieces.bytes_n()
    }

    /// The first special text, and of those that begin there the longest.
    fn next_special(&self, text: &str) -> Option<(usize, &str, u32)> {
        let found = self.specials.iter().filter_map(|(special, id)| Some((text.find(special)?, special.as_str(), *id)));
        found.min_by_key(|(at, special, _)| (*at, std::cmp::Reverse(special.len())))
    }

    /// A text without special ones in it.
    fn stretch(&self, text: &str, ids: &mut Vec<u32>) {
        let normal = self.normal(text);
        let mut word = String::with_capacity(normal.len() + SPACE.len_utf8());
        // Every space begins a word, and the first word gets one.
        for c in normal.chars() {
            if c == ' ' || c == SPACE {
                if !word.is_empty() {
                    self.pieces.cut(&word, ids);
                    word.clear();
                }
                word.push(SPACE);
            } else {
                if word.is_empty() {
                    word.push(SPACE);
                }
                word.push(c);
            }
        }
        if !word.is_empty() {
            self.pieces.cut(&word, ids);
        }
    }

    fn normal<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let is_unchanged = |c: char| self.unchanged.get(c as usize).copied().unwrap_or(false);
        let mut normal = Cow::Borrowed(text);
        let simple = text.chars().all(is_unchanged);
        for step in &self.steps {
            match step {
                Step::Precompiled(_) if simple => {}
                Step::Precompiled(map) => normal = Cow::Owned(mapped(map, &normal)),
                Step::Spaces(by) if normal.contains("  ") => normal = Cow::Owned(joined(&normal, by)),
                Step::Spaces(_) => {}
            }
        }
        normal
    }
}

fn mapped(map: &Precompiled, text: &str) -> String {
    map.normalize_string(text)
}

/// Replaces each run of two or more spaces.
fn joined(text: &str, by: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut spaces_n = 0;
    for c in text.chars().map(Some).chain([None]) {
        if c == Some(' ') {
            spaces_n += 1;
            continue;
        }
        match spaces_n {
            0 => {}
            1 => out.push(' '),
            _ => out.push_str(by),
        }
        spaces_n = 0;
        out.extend(c);
    }
    out
}

#[cfg(test)]
mod tests;
