//! The reference encoder: candle's `BertModel` in `f32`, mean pooling, L2. Exact and slow; faster engines are held against it.

use crate::inference::encoder::{Embedding, Encode, EncodeError, Purpose, layers_read};
use crate::inference::linalg::normalize;
use crate::inference::weights;
use crate::models::{BertShape, ModelError, ModelFiles};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertEncoder, BertModel, Config, HiddenAct, PositionEmbeddingType};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokenizers::Tokenizer;

/// Tokens of one text, special ones included: what the model was trained with.
pub const TOKENS_MAX: usize = 512;

/// candle's BERT with its tokenizer.
pub struct Bert {
    /// Up to the lowest layer that is read.
    model: BertModel,
    /// From one layer that is read to the next.
    further: Vec<BertEncoder>,
    tokenizer: Tokenizer,
    fingerprint: String,
    dims: usize,
    /// One thread: candle spreads a matrix product over the pool that it is called in.
    single: ThreadPool,
    /// All cores, for batches.
    all: ThreadPool,
}

/// Why an encoder could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder is not a model.
    #[error(transparent)]
    Files(#[from] ModelError),
    /// The tokenizer is not one.
    #[error("`{path}`: {message}: run `neuvo models pull` again")]
    Tokenizer {
        /// The file.
        path: String,
        /// What the tokenizer library said.
        message: String,
    },
    /// The weights do not fit the configuration.
    #[error("the weights do not fit config.json: {0}: run `neuvo models pull` again")]
    Weights(#[from] candle_core::Error),
    /// A file cannot be read.
    #[error("cannot read the model: {0}")]
    Read(#[from] std::io::Error),
    /// The processor lacks instructions.
    #[error(transparent)]
    Kernel(#[from] crate::inference::int8::NoKernel),
    /// No threads could be started.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl Bert {
    /// Loads a model folder.
    ///
    /// # Errors
    /// Where files are missing or do not fit each other.
    pub fn load(files: &ModelFiles) -> Result<Self, LoadError> {
        let tokenizer = load_tokenizer(files)?;
        let config = candle_config(&files.config);
        let weights = VarBuilder::from_tensors(weights::read(files)?, DType::F32, &Device::Cpu);
        let mut read: Vec<usize> = layers_read(files.config.layers).into_iter().rev().collect();
        read.push(files.config.layers);
        let all = BertEncoder::load(weights.pp("encoder"), &config)?;
        let further = read.iter().zip(read.iter().skip(1)).map(|(&from, &to)| {
            // A copy shares its weights.
            let mut part = all.clone();
            part.layers = part.layers.into_iter().take(to).skip(from).collect();
            part
        });
        let further = further.collect();
        let lowest = Config { num_hidden_layers: read.first().copied().unwrap_or_default(), ..config };
        let model = BertModel::load(weights, &lowest)?;
        let pool = |threads_n: usize, name: &'static str| {
            ThreadPoolBuilder::new().num_threads(threads_n).thread_name(move |n| format!("{name}-{n}")).build()
        };
        Ok(Self {
            model,
            further,
            tokenizer,
            fingerprint: format!("candle-f32-2 {}", weights::fingerprint(files)?),
            dims: files.config.hidden,
            single: pool(1, "embed")?,
            all: pool(0, "embed-all")?,
        })
    }

    fn forward(&self, purpose: Purpose, text: &str) -> Result<Embedding, EncodeError> {
        let prefixed = format!("{}{text}", purpose.prefix());
        let encoding =
            self.tokenizer.encode(prefixed, true).map_err(|error| EncodeError::Tokenizer(error.to_string()))?;
        Ok(self.of_tokens(encoding.get_ids())?)
    }

    /// Embeds a text that is tokens already, on one thread.
    ///
    /// # Errors
    /// Where the model fails.
    pub fn embed(&self, ids: &[u32]) -> Result<Embedding, EncodeError> {
        Ok(self.single.install(|| self.of_tokens(ids))?)
    }

    fn of_tokens(&self, ids: &[u32]) -> Result<Embedding, candle_core::Error> {
        let ids = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
        let mut hidden = self.model.forward(&ids, &ids.zeros_like()?, None)?;
        // One text: there is nothing to hide from it.
        let mask = Tensor::zeros((1, 1, 1, ids.dim(1)?), hidden.dtype(), &Device::Cpu)?;
        let mut layers = vec![Self::pool(&hidden)?];
        for part in &self.further {
            hidden = part.forward(&hidden, &mask)?;
            layers.push(Self::pool(&hidden)?);
        }
        layers.reverse();
        Ok(Embedding::new(layers.concat(), self.dims))
    }

    /// The mean of a text's hidden states, as a unit vector.
    fn pool(hidden: &Tensor) -> Result<Vec<f32>, candle_core::Error> {
        let mut mean = hidden.squeeze(0)?.mean(0)?.to_vec1()?;
        normalize(&mut mean);
        Ok(mean)
    }
}

impl Encode for Bert {
    fn dims(&self) -> usize {
        self.dims
    }

    fn layers_n(&self) -> usize {
        1 + self.further.len()
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn encode(&self, purpose: Purpose, text: &str) -> Result<Embedding, EncodeError> {
        self.single.install(|| self.forward(purpose, text))
    }

    fn encode_all(&self, texts: &[(Purpose, String)]) -> Result<Vec<Embedding>, EncodeError> {
        // Texts side by side, each without padding: little is to be won by stacking what differs in length.
        self.all.install(|| texts.par_iter().map(|(purpose, text)| self.forward(*purpose, text)).collect())
    }
}

/// Loads a folder's tokenizer with truncation at [`TOKENS_MAX`] and without padding.
pub fn load_tokenizer(files: &ModelFiles) -> Result<Tokenizer, LoadError> {
    let fault = |error: tokenizers::Error| LoadError::Tokenizer {
        path: files.tokenizer.display().to_string(),
        message: error.to_string(),
    };
    let mut tokenizer = Tokenizer::from_file(&files.tokenizer).map_err(fault)?;
    let truncation = tokenizers::TruncationParams { max_length: TOKENS_MAX, ..Default::default() };
    tokenizer.with_truncation(Some(truncation)).map_err(fault)?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

/// The sizes in candle's words. Positions always count from 0: [`weights::read`] cuts off the rows that XLM-RoBERTa skips.
fn candle_config(shape: &BertShape) -> Config {
    Config {
        vocab_size: shape.vocabulary,
        hidden_size: shape.hidden,
        num_hidden_layers: shape.layers,
        num_attention_heads: shape.heads,
        intermediate_size: shape.feed_forward,
        hidden_act: HiddenAct::Gelu,
        hidden_dropout_prob: 0.0,
        max_position_embeddings: shape.tokens_max(),
        type_vocab_size: shape.token_types,
        initializer_range: 0.02,
        layer_norm_eps: shape.layer_norm_eps,
        pad_token_id: shape.pad_id as usize,
        position_embedding_type: PositionEmbeddingType::Absolute,
        use_cache: false,
        classifier_dropout: None,
        model_type: None,
    }
}
