//! What of a `tokenizer.json` is known.

use super::pieces::Pieces;
use crate::models::AddedToken;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;
use tokenizers::normalizers::Precompiled;

/// The parts of the file.
#[derive(Deserialize)]
pub(super) struct TokenizerFile<'a> {
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    normalizer: Option<Normalizer>,
    pre_tokenizer: PreTokenizer,
    post_processor: Option<PostProcessor>,
    #[serde(borrow)]
    model: Model<'a>,
}

/// A step of normalising.
#[derive(Clone)]
pub(super) enum Step {
    /// The character map of `SentencePiece`.
    Precompiled(Precompiled),
    /// What takes the place of a run of spaces.
    Spaces(String),
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Normalizer {
    Precompiled { precompiled_charsmap: String },
    Replace { pattern: Pattern, content: String },
    Sequence { normalizers: Vec<Normalizer> },
}

#[derive(Deserialize)]
enum Pattern {
    Regex(String),
    String(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum PreTokenizer {
    Metaspace { replacement: char, add_prefix_space: Option<bool>, prepend_scheme: Option<String>, split: Option<bool> },
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum PostProcessor {
    TemplateProcessing { single: Vec<Part>, special_tokens: HashMap<String, SpecialToken> },
}

#[derive(Deserialize)]
enum Part {
    SpecialToken { id: String },
    Sequence {},
}

#[derive(Deserialize)]
struct SpecialToken {
    ids: Vec<u32>,
}

#[derive(Deserialize)]
struct Model<'a> {
    #[serde(rename = "type")]
    kind: String,
    unk_id: Option<u32>,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(borrow)]
    vocab: Vec<(Text<'a>, f64)>,
}

/// A text that is only copied where it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl TokenizerFile<'_> {
    /// The steps of normalising.
    pub(super) fn steps(&self) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        match &self.normalizer {
            None => {}
            Some(Normalizer::Sequence { normalizers }) => {
                for normalizer in normalizers {
                    steps.push(normalizer.step()?);
                }
            }
            Some(normalizer) => steps.push(normalizer.step()?),
        }
        Some(steps)
    }

    /// What stands before and after every text.
    pub(super) fn around(&self) -> Option<(Vec<u32>, Vec<u32>)> {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        if let Some(PostProcessor::TemplateProcessing { single, special_tokens }) = &self.post_processor {
            let mut texts_n = 0;
            for part in single {
                match part {
                    Part::Sequence {} => texts_n += 1,
                    Part::SpecialToken { id } if texts_n == 0 => before.extend(&special_tokens.get(id)?.ids),
                    Part::SpecialToken { id } => after.extend(&special_tokens.get(id)?.ids),
                }
            }
            if texts_n != 1 {
                return None;
            }
        }
        Some((before, after))
    }

    /// Texts that are tokens wherever they stand.
    pub(super) fn specials(&self) -> Option<Vec<(String, u32)>> {
        let plain = |t: &AddedToken| t.special && !(t.single_word || t.lstrip || t.rstrip || t.normalized);
        let special = |t: &AddedToken| {
            let fits = plain(t) && !t.content.is_empty();
            fits.then(|| Some((t.content.clone(), u32::try_from(t.id).ok()?))).flatten()
        };
        self.added_tokens.iter().map(special).collect()
    }

    /// Whether words are what stands between spaces, each with the space before it.
    pub(super) fn is_split_at_spaces(&self) -> bool {
        let PreTokenizer::Metaspace { replacement, add_prefix_space, prepend_scheme, split } = &self.pre_tokenizer;
        *replacement == super::SPACE
            && *add_prefix_space != Some(false)
            && prepend_scheme.as_ref().is_none_or(|scheme| scheme == "always")
            && *split != Some(false)
    }

    /// The pieces.
    pub(super) fn into_pieces(self) -> Option<Pieces> {
        let model = self.model;
        if model.kind != "Unigram" || model.byte_fallback {
            return None;
        }
        Pieces::new(model.vocab.iter().map(|(text, score)| (text.0.as_ref(), *score)), model.unk_id?)
    }
}

impl Normalizer {
    fn step(&self) -> Option<Step> {
        match self {
            Self::Precompiled { precompiled_charsmap } => {
                // The map is only read from text.
                let map = serde_json::json!({ "type": "Precompiled", "precompiled_charsmap": precompiled_charsmap });
                serde_json::from_str(&map.to_string()).ok().map(Step::Precompiled)
            }
            Self::Replace { pattern: Pattern::Regex(regex), content } if regex == " {2,}" => {
                Some(Step::Spaces(content.clone()))
            }
            Self::Replace { .. } | Self::Sequence { .. } => None,
        }
    }
}
