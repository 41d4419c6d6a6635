//! What a citizen wrote or said, parsed once at the edge.

use std::fmt;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// A message of a citizen: not empty, of bounded length, NFC, without control characters. Cheap to clone.
///
/// Neither `Debug` nor any other trait shows its words: what citizens say never reaches a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Utterance(Arc<str>);

/// Why a text is no utterance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UtteranceError {
    /// Nothing but white space and control characters.
    #[error("the message is empty: write a question")]
    Empty,
    /// More than [`Utterance::CHARS_MAX`] characters.
    #[error("the message has {chars_n} characters: at most {} are read, send it in parts", Utterance::CHARS_MAX)]
    TooLong {
        /// How many characters it had.
        chars_n: usize,
    },
}

impl Utterance {
    /// The longest message that is read, in characters.
    pub const CHARS_MAX: usize = 2_000;

    /// Parses a message: composes letters (NFC), turns control characters into spaces, trims.
    pub fn parse(text: &str) -> Result<Self, UtteranceError> {
        // A byte bound first, so that a hostile text is never walked through: a character has at most four bytes, and one may be written decomposed.
        let chars_n = if text.len() > Self::CHARS_MAX * 16 { text.len() / 4 } else { text.chars().count() };
        if chars_n > Self::CHARS_MAX {
            return Err(UtteranceError::TooLong { chars_n });
        }
        let composed: String = text.nfc().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
        match composed.trim() {
            "" => Err(UtteranceError::Empty),
            trimmed => Ok(Self(trimmed.into())),
        }
    }

    /// The same message without identity codes, account numbers, phone numbers and e-mail addresses.
    #[must_use]
    pub fn masked(&self) -> Self {
        match crate::domain::mask::mask(&self.0) {
            std::borrow::Cow::Borrowed(_) => self.clone(),
            std::borrow::Cow::Owned(masked) => Self(masked.into()),
        }
    }

    /// The words. Keep them out of logs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Utterance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Utterance({} chars)", self.0.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_at_the_edge() {
        assert_eq!(Utterance::parse("  hei\u{0}maailma \n").unwrap().as_str(), "hei maailma");
        assert_eq!(Utterance::parse("a\u{308}iti").unwrap().as_str(), "äiti");
        assert_eq!(Utterance::parse(" \u{7} "), Err(UtteranceError::Empty));
        assert!(Utterance::parse(&"ä".repeat(2_000)).is_ok());
        assert_eq!(Utterance::parse(&"ä".repeat(2_001)), Err(UtteranceError::TooLong { chars_n: 2_001 }));
    }

    #[test]
    fn debug_hides_the_words() {
        assert_eq!(format!("{:?}", Utterance::parse("salaisuus").unwrap()), "Utterance(9 chars)");
    }
}
