//! What a citizen is answered. A reply that states guidance cannot be built without its citation.

use crate::domain::{Candidate, ContentVersion, HandOff, Passage, TopicId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Where an answer comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// The topic of the article.
    pub topic: TopicId,
    /// The article's title.
    pub title: String,
    /// The page that the article was held against.
    pub url: String,
    /// The day on which it was last held against that page.
    pub checked: Date,
    /// The version of the content.
    pub version: ContentVersion,
}

/// A question that the citizen can ask by one tap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReply {
    /// The topic that it asks about.
    pub topic: TopicId,
    /// What the button says.
    pub title: String,
}

/// One of the prepared texts that are no guidance: greetings, fallbacks, hand-over messages. The id of a text under `intents/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice(pub String);

/// What the program's contracts call the five ways in which a turn can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Answered from guidance.
    Answer,
    /// Asked back which topic was meant.
    Clarify,
    /// Not known: asked to rephrase, with ways to reach a person.
    Fallback,
    /// Handed over to a person.
    Handoff,
    /// Small talk and control of the conversation.
    Chat,
}

/// A reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Guidance, cited.
    Answer {
        /// What to read, in order.
        passages: Vec<Passage>,
        /// Where it comes from.
        citation: Citation,
        /// What people ask next.
        next: Vec<QuickReply>,
        /// What is said beside it: whom else to turn to.
        aside: Option<Notice>,
    },
    /// The last answer once more: in another language, or shorter. Small talk to contracts, guidance to the citizen.
    Again {
        /// What is said before it, where something is.
        notice: Option<Notice>,
        /// What to read, in order.
        passages: Vec<Passage>,
        /// Where it comes from.
        citation: Citation,
        /// What people ask next.
        next: Vec<QuickReply>,
    },
    /// A question back: two or three topics to choose from.
    Clarify(Vec<Candidate>),
    /// Not understood, or not covered, for so many turns in a row; with ways to reach a person.
    Rephrase(u8),
    /// Understood, but no matter of this guidance: says kindly where to go.
    Declined(Notice),
    /// The service could not look anything up just now.
    Unavailable,
    /// A person takes over.
    HandOff {
        /// What the citizen is told.
        notice: Notice,
        /// Why.
        why: HandOff,
    },
    /// A prepared text.
    Chat(Notice),
}

impl Reply {
    /// The outcome that contracts name.
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Answer { .. } => Outcome::Answer,
            Self::Clarify(_) => Outcome::Clarify,
            Self::Rephrase(_) | Self::Declined(_) | Self::Unavailable => Outcome::Fallback,
            Self::HandOff { .. } => Outcome::Handoff,
            Self::Again { .. } | Self::Chat(_) => Outcome::Chat,
        }
    }

    /// Where its guidance comes from, if it states any.
    pub const fn citation(&self) -> Option<&Citation> {
        match self {
            Self::Answer { citation, .. } | Self::Again { citation, .. } => Some(citation),
            Self::Clarify(_)
            | Self::Rephrase(_)
            | Self::Declined(_)
            | Self::Unavailable
            | Self::HandOff { .. }
            | Self::Chat(_) => None,
        }
    }
}
