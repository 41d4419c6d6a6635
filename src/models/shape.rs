//! The sizes of a BERT-type encoder, and the weights that follow from them.

use serde::Deserialize;
use thiserror::Error;

/// Which of the two kinds of encoder a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BertFamily {
    /// Positions count from 0.
    Bert,
    /// Positions count from the padding id plus one.
    XlmRoberta,
}

/// The sizes of an encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct BertShape {
    /// BERT or XLM-RoBERTa.
    pub family: BertFamily,
    /// Width of a hidden state.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads in a layer; `hidden` is a multiple of it.
    pub heads: usize,
    /// Width of the feed-forward layer.
    pub feed_forward: usize,
    /// Rows of the word embedding.
    pub vocabulary: usize,
    /// Rows of the position embedding.
    pub positions: usize,
    /// The row of the first token: 0 for BERT, padding id plus one for XLM-RoBERTa.
    pub position_offset: usize,
    /// Rows of the token-type embedding.
    pub token_types: usize,
    /// What layer normalisation adds to the variance.
    pub layer_norm_eps: f64,
    /// The padding token.
    pub pad_id: u32,
}

/// The name and dimensions of one tensor, `[out, in]` for a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorShape {
    /// Hugging Face name without a prefix.
    pub name: String,
    /// Outermost dimension first.
    pub dims: Vec<usize>,
}

/// What can be wrong with a `config.json`.
#[derive(Debug, Error)]
pub enum ShapeError {
    /// It is not JSON, or a size is missing.
    #[error("config.json is not a BERT configuration: {0}")]
    Json(#[from] serde_json::Error),
    /// Another kind of model.
    #[error("config.json: `model_type` is `{0}`: expected bert, roberta or xlm-roberta")]
    ModelType(String),
    /// Another activation.
    #[error("config.json: `hidden_act` is `{0}`: only gelu is supported")]
    Activation(String),
    /// Relative positions.
    #[error("config.json: `position_embedding_type` is `{0}`: only absolute is supported")]
    Positions(String),
    /// A size that no model has.
    #[error("config.json: `{field}` is {value}: expected {expected}")]
    Size {
        /// The field.
        field: &'static str,
        /// Its value.
        value: usize,
        /// What it should be.
        expected: String,
    },
    /// The layer-norm constant.
    #[error("config.json: `layer_norm_eps` is {0}: expected a small positive number such as 1e-12")]
    Epsilon(f64),
}

#[derive(Deserialize)]
struct ConfigFile {
    model_type: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    #[serde(default = "default_eps")]
    layer_norm_eps: f64,
    pad_token_id: Option<u32>,
    hidden_act: Option<String>,
    position_embedding_type: Option<String>,
}

/// What Hugging Face assumes.
fn default_eps() -> f64 {
    1e-12
}

impl BertShape {
    /// Reads a Hugging Face `config.json`.
    pub fn from_config(json: &str) -> Result<Self, ShapeError> {
        let file: ConfigFile = serde_json::from_str(json)?;
        let (family, default_pad) = match file.model_type.as_str() {
            "bert" => (BertFamily::Bert, 0),
            "roberta" | "xlm-roberta" => (BertFamily::XlmRoberta, 1),
            _ => return Err(ShapeError::ModelType(file.model_type)),
        };
        if let Some(other) = file.hidden_act.filter(|name| name != "gelu") {
            return Err(ShapeError::Activation(other));
        }
        if let Some(other) = file.position_embedding_type.filter(|name| name != "absolute") {
            return Err(ShapeError::Positions(other));
        }
        let pad_id = file.pad_token_id.unwrap_or(default_pad);
        let position_offset = match family {
            BertFamily::Bert => 0,
            BertFamily::XlmRoberta => pad_id as usize + 1,
        };
        let shape = Self {
            family,
            hidden: file.hidden_size,
            layers: file.num_hidden_layers,
            heads: file.num_attention_heads,
            feed_forward: file.intermediate_size,
            vocabulary: file.vocab_size,
            positions: file.max_position_embeddings,
            position_offset,
            token_types: file.type_vocab_size,
            layer_norm_eps: file.layer_norm_eps,
            pad_id,
        };
        shape.check()?;
        Ok(shape)
    }

    /// The longest text in tokens, the special ones included.
    pub fn tokens_max(&self) -> usize {
        self.positions.saturating_sub(self.position_offset)
    }

    /// Every tensor that the encoder needs; a pooler is not among them.
    pub fn tensors(&self) -> Vec<TensorShape> {
        let (hidden, wide) = (self.hidden, self.feed_forward);
        let mut tensors = Vec::with_capacity(5 + 16 * self.layers);
        let mut add = |name: String, dims: &[usize]| tensors.push(TensorShape { name, dims: dims.to_vec() });
        add("embeddings.word_embeddings.weight".to_owned(), &[self.vocabulary, hidden]);
        add("embeddings.position_embeddings.weight".to_owned(), &[self.positions, hidden]);
        add("embeddings.token_type_embeddings.weight".to_owned(), &[self.token_types, hidden]);
        add("embeddings.LayerNorm.weight".to_owned(), &[hidden]);
        add("embeddings.LayerNorm.bias".to_owned(), &[hidden]);
        for layer in 0..self.layers {
            for (part, out, input) in [
                ("attention.self.query", hidden, hidden),
                ("attention.self.key", hidden, hidden),
                ("attention.self.value", hidden, hidden),
                ("attention.output.dense", hidden, hidden),
                ("intermediate.dense", wide, hidden),
                ("output.dense", hidden, wide),
            ] {
                add(format!("encoder.layer.{layer}.{part}.weight"), &[out, input]);
                add(format!("encoder.layer.{layer}.{part}.bias"), &[out]);
            }
            for part in ["attention.output.LayerNorm", "output.LayerNorm"] {
                add(format!("encoder.layer.{layer}.{part}.weight"), &[hidden]);
                add(format!("encoder.layer.{layer}.{part}.bias"), &[hidden]);
            }
        }
        tensors
    }

    /// Refuses sizes that no model has, before anything is multiplied or allocated.
    pub(crate) fn check(&self) -> Result<(), ShapeError> {
        for (field, value, max) in [
            ("hidden_size", self.hidden, 16_384),
            ("num_hidden_layers", self.layers, 256),
            ("num_attention_heads", self.heads, 256),
            ("intermediate_size", self.feed_forward, 131_072),
            ("vocab_size", self.vocabulary, 4_194_304),
            ("max_position_embeddings", self.positions, 131_072),
            ("type_vocab_size", self.token_types, 256),
        ] {
            if value == 0 || value > max {
                return Err(ShapeError::Size { field, value, expected: format!("1 to {max}") });
            }
        }
        if !self.hidden.is_multiple_of(self.heads) {
            let expected = format!("a divisor of the hidden size {}", self.hidden);
            return Err(ShapeError::Size { field: "num_attention_heads", value: self.heads, expected });
        }
        if self.pad_id as usize >= self.vocabulary {
            let expected = format!("less than the vocabulary of {}", self.vocabulary);
            return Err(ShapeError::Size { field: "pad_token_id", value: self.pad_id as usize, expected });
        }
        if self.tokens_max() == 0 {
            let expected = format!("more than {}, where positions begin", self.position_offset);
            return Err(ShapeError::Size { field: "max_position_embeddings", value: self.positions, expected });
        }
        // A NaN is refused as well.
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 0.1) {
            return Err(ShapeError::Epsilon(self.layer_norm_eps));
        }
        Ok(())
    }
}
