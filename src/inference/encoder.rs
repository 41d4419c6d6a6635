//! What every sentence encoder promises.

use std::sync::Arc;

/// A sentence as a point: unit length (L2), [`Encode::dims`] numbers. Cheap to clone.
pub type Embedding = Arc<[f32]>;

/// What a text is embedded for: E5 models are trained with a prefix for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A question, or an example of one.
    Query,
    /// A text that may answer.
    Passage,
}

impl Purpose {
    /// The prefix that the model was trained with (E5: Wang et al. 2024, arXiv 2402.05672).
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Query => "query: ",
            Self::Passage => "passage: ",
        }
    }
}

/// Why a text could not be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The tokenizer refused the text.
    #[error("the tokenizer failed: {0}")]
    Tokenizer(String),
    /// The model failed.
    #[error("the model failed: {0}")]
    Model(#[from] candle_core::Error),
}

/// A sentence encoder. One question is computed on the calling thread; batches are spread over the cores.
pub trait Encode: Send + Sync {
    /// How many numbers an embedding has.
    fn dims(&self) -> usize;

    /// A name of engine and weights that changes whenever embeddings may: the key of caches.
    fn fingerprint(&self) -> &str;

    /// Embeds one text on the calling thread.
    ///
    /// # Errors
    /// When tokenizer or model fail.
    fn encode(&self, purpose: Purpose, text: &str) -> Result<Embedding, EncodeError>;

    /// Embeds many texts, over all cores, in order.
    ///
    /// # Errors
    /// When tokenizer or model fail on any of them.
    fn encode_all(&self, texts: &[(Purpose, String)]) -> Result<Vec<Embedding>, EncodeError>;
}
