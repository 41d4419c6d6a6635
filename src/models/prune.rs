//! Cuts a vocabulary down to Latin script.
//!
//! neuvo answers in Finnish, Swedish and English. More than half of a multilingual vocabulary is in
//! other scripts: it costs memory and loading time and is never the answer to a question. A text in
//! Latin script has no use for a piece with another letter in it, so its segmentation stays the
//! same; other scripts become the unknown token.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::e5s1::Piece;

/// The rule in words, for the record.
pub(crate) const RULE: &str = "keep <s>, </s>, <pad>, <unk> and every piece whose characters are all Latin letters, \
                               combining marks, digits, punctuation, symbols, emoji or the space mark U+2581";

/// Tokens of a question or passage; the position embedding has no more rows.
pub(crate) const TOKENS_MAX: usize = 512;

/// A letter outside these blocks sends its piece away. The table is written out, so that a newer
/// version of Unicode does not change what a pull writes.
const KEPT: [(char, char); 24] = [
    ('\u{20}', '\u{7e}'),       // ASCII
    ('\u{a0}', '\u{24f}'),      // Latin-1, Latin Extended-A and -B
    ('\u{250}', '\u{2af}'),     // IPA extensions, some of them letters of names
    ('\u{2b0}', '\u{2ff}'),     // modifier letters
    ('\u{300}', '\u{36f}'),     // combining marks
    ('\u{1ab0}', '\u{1aff}'),   // combining marks, extended
    ('\u{1d00}', '\u{1dff}'),   // phonetic extensions, combining marks
    ('\u{1e00}', '\u{1eff}'),   // Latin Extended Additional
    ('\u{2000}', '\u{206f}'),   // general punctuation
    ('\u{2070}', '\u{209f}'),   // superscripts and subscripts
    ('\u{20a0}', '\u{20cf}'),   // currency signs
    ('\u{20d0}', '\u{20ff}'),   // combining marks for symbols, keycaps
    ('\u{2100}', '\u{214f}'),   // letter-like symbols
    ('\u{2150}', '\u{218f}'),   // fractions and Roman numerals
    ('\u{2190}', '\u{2bff}'),   // arrows to dingbats; U+2581, the space mark, is among them
    ('\u{2c60}', '\u{2c7f}'),   // Latin Extended-C
    ('\u{2e00}', '\u{2e7f}'),   // supplemental punctuation
    ('\u{a720}', '\u{a7ff}'),   // Latin Extended-D
    ('\u{ab30}', '\u{ab6f}'),   // Latin Extended-E
    ('\u{fb00}', '\u{fb06}'),   // Latin ligatures
    ('\u{fe00}', '\u{fe0f}'),   // variation selectors of emoji
    ('\u{fe20}', '\u{fe2f}'),   // combining half marks
    ('\u{fffd}', '\u{fffd}'),   // the replacement character
    ('\u{1f000}', '\u{1faff}'), // emoji
];

/// Needed for training only.
const MASK: &str = "<mask>";

/// What can be wrong with a tokenizer.
#[derive(Debug, Error)]
pub enum PruneError {
    /// It is not JSON, or not a unigram tokenizer.
    #[error("tokenizer.json is not a unigram tokenizer: {0}")]
    Json(#[from] serde_json::Error),
    /// Another algorithm.
    #[error("tokenizer.json has a model of type `{0}`: expected Unigram")]
    Type(String),
    /// It does not belong to the weights.
    #[error("tokenizer.json does not belong to these weights: {0}")]
    Mismatch(String),
    /// It refers to a token that is not kept.
    #[error("tokenizer.json needs the token with id {0}, which is not kept")]
    Lost(u64),
}

/// A vocabulary after the cut.
#[derive(Debug)]
pub(crate) struct Pruned {
    /// The old ids that stay, in order: the place of an old id here is its new id.
    pub kept: Vec<usize>,
}

impl Pruned {
    /// Decides what stays.
    pub(crate) fn of(pieces: &[Piece<'_>], specials: &[usize]) -> Self {
        let stays = |id: &usize, text: &str| specials.contains(id) || (text != MASK && text.chars().all(is_kept));
        let kept = pieces.iter().enumerate().filter(|(id, piece)| stays(id, piece.text)).map(|(id, _)| id);
        Self { kept: kept.collect() }
    }

    /// The new id of an old one.
    pub(crate) fn new_id(&self, old: usize) -> Option<usize> {
        self.kept.binary_search(&old).ok()
    }

    /// The rows that stay of a matrix.
    pub(crate) fn rows(&self, matrix: &[u8], row_bytes: usize) -> Option<Vec<u8>> {
        let mut rows = Vec::with_capacity(self.kept.len().checked_mul(row_bytes)?.min(matrix.len()));
        for &id in &self.kept {
            let start = id.checked_mul(row_bytes)?;
            rows.extend_from_slice(matrix.get(start..start.checked_add(row_bytes)?)?);
        }
        Some(rows)
    }

    /// A `tokenizer.json` with the pieces that stay, new ids, and truncation.
    pub(crate) fn tokenizer(&self, json: &[u8], pieces: &[Piece<'_>]) -> Result<Vec<u8>, PruneError> {
        let mut file: TokenizerFile = serde_json::from_slice(json)?;
        if file.model.kind != "Unigram" {
            return Err(PruneError::Type(file.model.kind));
        }
        same_vocabulary(&file.model.vocab, pieces)?;
        file.truncation = json!({
            "direction": "Right", "max_length": TOKENS_MAX, "strategy": "LongestFirst", "stride": 0,
        });
        file.padding = Value::Null;
        file.added_tokens.retain(|token| self.remap(token.id).is_ok());
        for token in &mut file.added_tokens {
            token.id = self.remap(token.id)?;
        }
        self.remap_post_processor(&mut file.post_processor)?;
        file.model.unk_id = self.remap(file.model.unk_id)?;
        let stay = self.kept.iter().filter_map(|&id| pieces.get(id));
        file.model.vocab = stay.map(|piece| (piece.text.to_owned(), f64::from(piece.score))).collect();
        for part in [&mut file.normalizer, &mut file.pre_tokenizer, &mut file.post_processor, &mut file.decoder] {
            *part = sorted(part.take());
        }
        Ok(serde_json::to_vec(&file)?)
    }

    fn remap(&self, old: u64) -> Result<u64, PruneError> {
        let new = usize::try_from(old).ok().and_then(|old| self.new_id(old));
        new.map(|id| id as u64).ok_or(PruneError::Lost(old))
    }

    fn remap_post_processor(&self, post_processor: &mut Value) -> Result<(), PruneError> {
        let tokens = post_processor.get_mut("special_tokens").and_then(Value::as_object_mut);
        for token in tokens.into_iter().flat_map(Map::values_mut) {
            for id in token.get_mut("ids").and_then(Value::as_array_mut).into_iter().flatten() {
                *id = self.remap(id.as_u64().unwrap_or(u64::MAX))?.into();
            }
        }
        Ok(())
    }
}

fn is_kept(letter: char) -> bool {
    KEPT.iter().any(|&(first, last)| (first..=last).contains(&letter))
}

/// Row numbers are token ids, so the tokenizer has to be the very one that the weights were trained
/// with.
#[expect(clippy::cast_possible_truncation, reason = "scores are `f32` written with all their digits")]
fn same_vocabulary(vocab: &[(String, f64)], pieces: &[Piece<'_>]) -> Result<(), PruneError> {
    if vocab.len() != pieces.len() {
        let counts = format!("it has {} pieces, they have {}", vocab.len(), pieces.len());
        return Err(PruneError::Mismatch(counts));
    }
    let differs = |((text, score), piece): (&(String, f64), &Piece<'_>)| {
        text != piece.text || (*score as f32).to_bits() != piece.score.to_bits()
    };
    match vocab.iter().zip(pieces).position(differs) {
        None => Ok(()),
        Some(id) => Err(PruneError::Mismatch(format!("the pieces with id {id} differ"))),
    }
}

/// Puts the keys of objects in order, so that the file is the same however `serde_json` keeps them.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        leaf @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => leaf,
    }
}

#[derive(Serialize, Deserialize)]
struct TokenizerFile {
    version: String,
    #[serde(default)]
    truncation: Value,
    #[serde(default)]
    padding: Value,
    added_tokens: Vec<AddedToken>,
    normalizer: Value,
    pre_tokenizer: Value,
    post_processor: Value,
    decoder: Value,
    model: Unigram,
}

/// A text that is a token beside the pieces of the model, as `tokenizer.json` has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the form is that of the file")]
pub struct AddedToken {
    /// Its id.
    pub id: u64,
    /// The text.
    pub content: String,
    /// Only as a whole word.
    pub single_word: bool,
    /// With the spaces before it.
    pub lstrip: bool,
    /// With the spaces behind it.
    pub rstrip: bool,
    /// Looked for in the normalised text.
    pub normalized: bool,
    /// Left out where a text is put together from tokens.
    pub special: bool,
}

#[derive(Serialize, Deserialize)]
struct Unigram {
    #[serde(rename = "type")]
    kind: String,
    unk_id: u64,
    vocab: Vec<(String, f64)>,
}

#[cfg(test)]
mod tests;
