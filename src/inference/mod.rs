//! Numbers: embeddings of sentences, linear classifiers over them, and the named threads on which they are computed.
//!
//! Only this module knows candle.

pub mod bert;
pub mod discriminant;
pub mod encoder;
pub mod int8;
pub mod linalg;
pub mod logit;
pub mod softmax;
pub mod weights;
pub mod workers;

pub use discriminant::Discriminant;
pub use encoder::{Embedding, Encode, EncodeError, Purpose};
pub use workers::Workers;
