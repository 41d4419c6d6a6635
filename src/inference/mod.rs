//! Numbers: embeddings of sentences, linear classifiers over them, and the named threads on which they are computed.
//!
//! Only this module knows candle.

pub mod bert;
pub mod cache;
pub mod discriminant;
pub mod encoder;
pub mod int8;
pub mod kept;
pub mod linalg;
pub mod logit;
mod means;
pub mod softmax;
pub mod spread;
pub mod unigram;
pub mod variates;
pub mod weights;
pub mod workers;

pub use cache::Remembering;
pub use discriminant::Discriminant;
pub use encoder::{Embedding, Encode, EncodeError, Purpose};
pub use int8::{Int8Bert, Neighbours};
pub use kept::Kept;
pub use spread::Spread;
pub use variates::Variates;
pub use workers::Workers;
