//! What goes over the wire. Fields are added, never renamed: pages in browsers may be older than the server.

use crate::domain::{self, Card, CardState, Event, EventKind, Handover, HandoverState, Language, Outcome, QuickReply};
use crate::reply::markdown;
use crate::store::Exchanged;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One thing that happened in a conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum EventBody {
    /// The first words: that a bot answers, and how to reach a person
    Welcome(WelcomeBody),
    /// What the citizen wrote
    Message(MessageBody),
    /// What was replied
    Reply(ReplyBody),
    /// A hand-off to a person went on
    Handoff(HandoffBody),
    /// What a person wrote
    Expert(ExpertBody),
    /// A partner's contact card is offered, shown or declined
    Card(CardBody),
}

/// The first words of a conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WelcomeBody {
    /// Place in the conversation
    pub seq: u64,
    /// When
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// fi, sv or en
    #[schema(value_type = String, example = "fi")]
    pub lang: Language,
    /// Plain text
    pub text: String,
    /// The same in Markdown: paragraphs, lists, links, `##` headings
    pub markdown: String,
}

/// A message of the citizen.
#[derive(Clone, Serialize, ToSchema)]
pub struct MessageBody {
    /// Place in the conversation
    pub seq: u64,
    /// When
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The client's id of the message
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// The text as it is kept: identity codes, account and phone numbers and e-mail addresses are masked
    pub text: String,
}

/// A reply of the bot.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReplyBody {
    /// Place in the conversation
    pub seq: u64,
    /// When
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// answer, clarify, fallback, handoff or chat
    #[schema(value_type = String, example = "answer")]
    pub outcome: Outcome,
    /// fi, sv or en
    #[schema(value_type = String, example = "fi")]
    pub lang: Language,
    /// Plain text, an answer with its source
    pub text: String,
    /// Markdown without the source: paragraphs, lists, links, `##` headings
    pub markdown: String,
    /// Where an answer comes from; every answer has it
    pub citation: Option<CitationBody>,
    /// Topics to choose from, where the bot asks back
    pub choices: Vec<TopicBody>,
    /// What people ask next
    pub next: Vec<TopicBody>,
    /// Calibrated probability that the best topic is right, 0 to 1
    pub confidence: f32,
}

/// A step of a hand-off to a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HandoffBody {
    /// Place in the conversation
    pub seq: u64,
    /// When
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// requested, queued, claimed, transferred, returned, failed or closed
    #[schema(value_type = String, example = "queued")]
    pub state: HandoverState,
    /// Place in the queue, from 1
    pub position: Option<u32>,
    /// Wait in minutes, rounded up; nothing where no honest one can be told
    pub estimate_minutes: Option<u32>,
    /// First name of the person
    pub expert: Option<String>,
    /// Where nobody works now: when the queue opens, Helsinki time
    #[schema(value_type = Option<String>, example = "2026-11-23T09:00:00")]
    pub opens: Option<jiff::civil::DateTime>,
    /// fi, sv or en
    #[schema(value_type = String, example = "fi")]
    pub lang: Language,
    /// What to tell the citizen, plain text
    pub text: String,
}

/// A message of a person.
#[derive(Clone, Serialize, ToSchema)]
pub struct ExpertBody {
    /// Place in the conversation
    pub seq: u64,
    /// When
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// First name of the person
    pub name: String,
    /// Plain text
    pub text: String,
}

/// A partner's contact card.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CardBody {
    /// Place in the conversation
    pub seq: u64,
    /// When
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Which partner: send it with the answer to an offer
    #[schema(example = "partner-wellbeing-county")]
    pub partner: String,
    /// offered, shown or declined
    #[schema(value_type = String, example = "offered")]
    pub state: CardState,
    /// fi, sv or en
    #[schema(value_type = String, example = "fi")]
    pub lang: Language,
    /// The partner's name
    pub title: String,
    /// The question, the card, or a word that it is not shown; plain text
    pub text: String,
    /// The same in Markdown
    pub markdown: String,
}

/// Where an answer comes from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CitationBody {
    /// Topic of the article
    #[schema(example = "housing-allowance.apply")]
    pub topic: String,
    /// Title of the article
    pub title: String,
    /// The page that the article was held against
    pub url: String,
    /// The day on which it was last held against that page
    #[schema(value_type = String, format = Date)]
    pub checked: jiff::civil::Date,
    /// Version of the content
    pub version: String,
}

/// A topic that can be asked about by one tap.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TopicBody {
    /// Topic id
    pub topic: String,
    /// What the button says; send it as the next message
    pub title: String,
}

/// A message with its reply.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExchangedBody {
    /// Place of the message in the conversation
    pub seq: u64,
    /// The client's id of the message
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// The message as it is kept, masked
    pub text: String,
    /// The reply, with `kind` = `reply`; nothing while a person has the conversation or is waited for
    pub reply: Option<EventBody>,
}

impl From<Event> for EventBody {
    fn from(event: Event) -> Self {
        let Event { seq, at, .. } = event;
        match event.kind {
            EventKind::Welcome(welcome) => Self::Welcome(WelcomeBody {
                seq,
                at,
                lang: welcome.language,
                text: welcome.text,
                markdown: welcome.markdown,
            }),
            EventKind::Message(message) => Self::Message(MessageBody { seq, at, id: message.id.0, text: message.text }),
            EventKind::Reply(answered) => Self::Reply(reply(seq, at, *answered)),
            EventKind::Handoff(handover) => Self::Handoff(handoff(seq, at, *handover)),
            EventKind::Card(card) => Self::Card(card_body(seq, at, *card)),
            EventKind::Expert(message) => Self::Expert(ExpertBody { seq, at, name: message.name, text: message.text }),
        }
    }
}

impl EventBody {
    /// Its place in the conversation.
    pub const fn seq(&self) -> u64 {
        match self {
            Self::Welcome(body) => body.seq,
            Self::Message(body) => body.seq,
            Self::Reply(body) => body.seq,
            Self::Handoff(body) => body.seq,
            Self::Expert(body) => body.seq,
            Self::Card(body) => body.seq,
        }
    }

    /// What it is called in an event stream.
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

impl From<Exchanged> for ExchangedBody {
    fn from(exchanged: Exchanged) -> Self {
        let seq = exchanged.message.seq;
        let (id, text) = match exchanged.message.kind {
            EventKind::Message(message) => (message.id.0, message.text),
            // Only messages are exchanged for replies.
            _ => (Uuid::nil(), String::new()),
        };
        Self { seq, id, text, reply: exchanged.reply.map(EventBody::from) }
    }
}

impl std::fmt::Debug for ExpertBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ExpertBody({} chars)", self.text.chars().count())
    }
}

fn card_body(seq: u64, at: Timestamp, card: Card) -> CardBody {
    let Card { partner, state, language, title, text } = card;
    CardBody { seq, at, partner, state, lang: language, title, text: markdown::plain(&text), markdown: text }
}

/// Why a person was asked for is for experts only: it stays here.
fn handoff(seq: u64, at: Timestamp, handover: Handover) -> HandoffBody {
    let Handover { state, language, text, position, estimate_minutes, expert, opens, why: _ } = handover;
    HandoffBody { seq, at, state, position, estimate_minutes, expert, opens, lang: language, text }
}

impl std::fmt::Debug for MessageBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MessageBody({}, {} chars)", self.id, self.text.chars().count())
    }
}

fn reply(seq: u64, at: Timestamp, answered: domain::Answered) -> ReplyBody {
    let topics = |topics: Vec<QuickReply>| {
        topics.into_iter().map(|quick| TopicBody { topic: quick.topic.into(), title: quick.title }).collect()
    };
    ReplyBody {
        seq,
        at,
        outcome: answered.outcome,
        lang: answered.language,
        text: answered.text,
        markdown: answered.markdown,
        citation: answered.citation.map(|citation| CitationBody {
            topic: citation.topic.into(),
            title: citation.title,
            url: citation.url,
            checked: citation.checked,
            version: citation.version.as_str().to_owned(),
        }),
        choices: topics(answered.choices),
        next: topics(answered.next),
        confidence: answered.confidence,
    }
}
