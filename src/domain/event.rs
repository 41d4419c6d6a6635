//! What happened in a conversation, in order: the form in which it is kept and shown again.

use crate::domain::{Card, Citation, ContentVersion, HandOff, Handover, Language, Outcome, QuickReply};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The random name of a conversation. It opens nothing: that takes the conversation's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConversationId(pub Uuid);

/// The name that a client gives a message, so that sending it twice writes it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub Uuid);

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One thing that happened in a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its place in the conversation, from 1 without gaps.
    pub seq: u64,
    /// When it was kept.
    pub at: Timestamp,
    /// The version of the content at the time.
    pub version: ContentVersion,
    /// What happened.
    pub kind: EventKind,
}

/// What can happen in a conversation.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum EventKind {
    /// The conversation was opened and its rules were told.
    Welcome(Welcome),
    /// The citizen wrote, personal details masked.
    Message(Message),
    /// The bot replied.
    Reply(Box<Answered>),
    /// A hand-off went on.
    Handoff(Box<Handover>),
    /// A person wrote.
    Expert(ExpertMessage),
    /// A partner's contact card was offered, shown or declined.
    Card(Box<Card>),
}

/// The first words of a conversation: that a bot answers, and how to reach a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The language of the text.
    pub language: Language,
    /// The text in the small Markdown of the content.
    pub markdown: String,
    /// The same as plain text.
    pub text: String,
}

/// A message of a citizen as it is kept: its `Debug` hides the words.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The client's name of it.
    pub id: MessageId,
    /// The words, personal details masked.
    pub text: String,
}

/// A message of an expert as it is kept: its `Debug` hides the words.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpertMessage {
    /// The console's name of it.
    pub id: MessageId,
    /// The words, personal details masked.
    pub text: String,
    /// The expert's first name.
    pub name: String,
}

/// A reply as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// How the turn ended.
    pub outcome: Outcome,
    /// The language of the reply.
    pub language: Language,
    /// The reply as plain text with its source.
    pub text: String,
    /// The reply in Markdown without its source.
    pub markdown: String,
    /// The reply as a voice says it, part by part. Not kept: empty where the reply was read from the store.
    #[serde(skip)]
    pub spoken: Vec<String>,
    /// Where an answer comes from.
    pub citation: Option<Citation>,
    /// The topics to choose from, where the citizen is asked back.
    pub choices: Vec<QuickReply>,
    /// What people ask next.
    pub next: Vec<QuickReply>,
    /// The calibrated probability that the best topic is right, 0 to 1.
    pub confidence: f32,
    /// Why a person is called in, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handoff: Option<HandOff>,
}

impl EventKind {
    /// Its name in contracts and in the store.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Welcome(_) => "welcome",
            Self::Message(_) => "message",
            Self::Reply(_) => "reply",
            Self::Handoff(_) => "handoff",
            Self::Expert(_) => "expert",
            Self::Card(_) => "card",
        }
    }
}

impl fmt::Debug for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({}, {} chars)", self.id, self.text.chars().count())
    }
}

impl fmt::Debug for ExpertMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExpertMessage({}, {} chars)", self.id, self.text.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_words() {
        let message = Message { id: MessageId(Uuid::nil()), text: "salaisuus".to_owned() };
        assert_eq!(format!("{message:?}"), "Message(00000000-0000-0000-0000-000000000000, 9 chars)");
        assert_eq!(format!("{:?}", EventKind::Message(message)), "message");
    }
}
