//! What the models of understanding learn from: example messages with their classes.

use crate::domain::{Language, hex};
use sha2::{Digest, Sha256};

/// An example message with its class.
pub(super) struct Labelled<'a> {
    /// The message.
    pub(super) text: &'a str,
    /// Its language.
    pub(super) language: Language,
    /// Its class, from 0.
    pub(super) class: usize,
}

/// A hash of all that decides what is learnt: `origin` names the training and what it builds on.
pub(super) fn key(origin: &str, examples: &[Labelled<'_>]) -> String {
    let mut hash = Sha256::new_with_prefix(origin);
    for example in examples {
        hash.update((example.text.len() as u64).to_le_bytes());
        hash.update(example.text.as_bytes());
        hash.update([u8::try_from(example.language.index()).unwrap_or_default()]);
        hash.update((example.class as u64).to_le_bytes());
    }
    hex(&hash.finalize(), 32)
}

/// The texts of examples, for the encoder.
pub(super) fn texts(examples: &[Labelled<'_>]) -> Vec<String> {
    examples.iter().map(|example| example.text.to_owned()).collect()
}
