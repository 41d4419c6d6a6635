//! Measures the answers: held-out questions with their topics go in, shares of right and wrong come out, a language at a time.

pub mod confusion;
pub mod dialogues;
pub mod facts;
pub mod fit;
pub mod fit_conversation;
pub mod golden;
pub mod questions;
pub mod rows;
pub mod sections;
pub mod situations;
pub mod table;

pub use questions::Question;
pub use rows::RowsError;

use crate::assistant::{Assistant, Turn};
use crate::conversation::Conversation;
use crate::domain::{Language, Outcome, TopicId, Utterance};
use jiff::civil::Date;
use std::time::Duration;

/// What became of one question.
#[derive(Clone, Debug)]
pub struct Graded {
    /// The question's language.
    pub language: Language,
    /// The topics that would be right; empty for what guidance cannot answer.
    pub right: Vec<TopicId>,
    /// The topics found, best first.
    pub found: Vec<TopicId>,
    /// How the turn ended.
    pub outcome: Outcome,
    /// Whether the reply was in the question's language.
    pub language_right: bool,
    /// How long the turn took.
    pub took: Duration,
    /// The confidence of the first candidate.
    pub confidence: f32,
    /// Where the question stands, for reports: its number in its file.
    pub number: usize,
}

impl Graded {
    /// Whether the right topic was among the first `n`.
    pub fn is_within(&self, n: usize) -> bool {
        self.found.iter().take(n).any(|topic| self.right.contains(topic))
    }

    /// Answered with the right topic.
    pub fn is_answered_right(&self) -> bool {
        self.outcome == Outcome::Answer && self.is_within(1)
    }

    /// Answered with another topic, or at all where guidance has no answer.
    pub fn is_answered_wrong(&self) -> bool {
        self.outcome == Outcome::Answer && !self.is_within(1)
    }
}

/// Asks each question in a conversation of its own.
pub fn ask_all(assistant: &Assistant, questions: &[Question], day: Date) -> Vec<Graded> {
    let ask = |question: &Question| -> Option<Graded> {
        let utterance = Utterance::parse(&question.text).ok()?;
        Some(grade(question, &assistant.turn(&mut Conversation::default(), &utterance, None, day)))
    };
    questions.iter().filter_map(ask).collect()
}

/// How a question was replied to.
pub fn grade(question: &Question, turn: &Turn) -> Graded {
    Graded {
        language: question.language,
        right: question.topics.clone(),
        found: turn.candidates.iter().map(|candidate| candidate.topic.clone()).collect(),
        outcome: turn.reply.outcome(),
        language_right: turn.language == question.language,
        took: turn.took,
        confidence: turn.confidence,
        number: question.number,
    }
}
