//! What every sentence encoder promises.

use std::sync::Arc;

/// A sentence as points, one for each layer of the encoder that is read, each of unit length (L2). Cheap to clone.
///
/// The last layer is trained for comparing sentences. Those below keep more of their words, which tells classes apart that the last one has
/// brought together (Tenney et al. 2019, arXiv 1905.05950): sentences are compared by the last, and learnt from by all.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    numbers: Arc<[f32]>,
    dims: usize,
}

impl Embedding {
    /// An embedding of layers one after the other, the last layer first, `dims` numbers each.
    pub fn new(numbers: impl Into<Arc<[f32]>>, dims: usize) -> Self {
        Self { numbers: numbers.into(), dims }
    }

    /// The sentence as the last layer has it: what is compared.
    pub fn sentence(&self) -> &[f32] {
        self.numbers.get(..self.dims).unwrap_or_default()
    }

    /// All layers, the last one first.
    pub fn layers(&self) -> &[f32] {
        &self.numbers
    }
}

/// One layer.
impl From<Vec<f32>> for Embedding {
    fn from(numbers: Vec<f32>) -> Self {
        let dims = numbers.len();
        Self::new(numbers, dims)
    }
}

/// The layers below the last that are read, as how many layers lie below their outputs: three quarters and half of all.
pub fn layers_read(layers_n: usize) -> Vec<usize> {
    let mut read = vec![layers_n * 3 / 4, layers_n / 2];
    read.dedup();
    read.retain(|&n| 0 < n && n < layers_n);
    read
}

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
    /// How many numbers an embedding has for each layer.
    fn dims(&self) -> usize;

    /// How many layers an embedding has.
    fn layers_n(&self) -> usize {
        1
    }

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
