//! What citizens say about an answer, and about the conversation as a whole.

use crate::domain::mask;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether an answer helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// It did.
    Up,
    /// It did not.
    Down,
}

/// How Kela's feedback channel sorts feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedbackSort {
    /// Something could be better.
    Suggestion,
    /// Something went wrong.
    Complaint,
    /// Something was good.
    Praise,
}

/// Words of feedback: bounded, personal details masked. `Debug` hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedbackWords(String);

/// Feedback on one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerFeedback {
    /// Whether it helped.
    pub rating: Rating,
    /// Why; may be empty.
    pub words: FeedbackWords,
}

/// Feedback on a whole conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationFeedback {
    /// Its sort.
    pub sort: FeedbackSort,
    /// The words.
    pub words: FeedbackWords,
    /// Whether the citizen would like a reply.
    pub wants_reply: bool,
}

/// The words are more than are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the words have more than {chars_max} characters: shorten them")]
pub struct WordsTooLong {
    /// How many characters are read.
    pub chars_max: usize,
}

impl Rating {
    /// Its name in contracts and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl FeedbackSort {
    /// Its name in contracts and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suggestion => "suggestion",
            Self::Complaint => "complaint",
            Self::Praise => "praise",
        }
    }
}

impl FeedbackWords {
    /// The most characters about one answer.
    pub const ANSWER_CHARS_MAX: usize = 500;
    /// The most characters about a conversation.
    pub const CONVERSATION_CHARS_MAX: usize = 2_000;

    /// Masks words of at most `chars_max` characters.
    ///
    /// # Errors
    /// Where there are more.
    pub fn parse(text: &str, chars_max: usize) -> Result<Self, WordsTooLong> {
        if chars_max < text.chars().count() {
            return Err(WordsTooLong { chars_max });
        }
        Ok(Self(mask::mask(text.trim()).into_owned()))
    }

    /// The words, masked.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FeedbackWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FeedbackWords({} chars)", self.0.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_masked_bounded_and_hidden() {
        let words = FeedbackWords::parse(" soittakaa 040 123 4567 ", 500).unwrap();
        assert_eq!(words.as_str(), "soittakaa [phone]");
        assert_eq!(format!("{words:?}"), "FeedbackWords(17 chars)");
        assert_eq!(FeedbackWords::parse("aaa", 2), Err(WordsTooLong { chars_max: 2 }));
    }
}
