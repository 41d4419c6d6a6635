//! A person takes a conversation over: why, and how it went.

use crate::domain::{Language, Situation};
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The occasion of a hand-off, the most urgent first: queues serve in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// Immediate danger.
    Crisis,
    /// A supported life situation: many lasting difficulties at once.
    Supported,
    /// The citizen asked for a person.
    Asked,
    /// The bot did not understand time after time.
    Misses,
}

impl Occasion {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Crisis, Self::Supported, Self::Asked, Self::Misses];

    /// Its name in contracts and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crisis => "crisis",
            Self::Supported => "supported",
            Self::Asked => "asked",
            Self::Misses => "misses",
        }
    }
}

/// A readable sign of a life situation, such as `debts` or `no-food`: the id of a table in `intents/situations/signals.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signal(Arc<str>);

impl Signal {
    /// A signal by its id.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A hand-off that is asked for, with what led to it. Names no words of the citizen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandOff {
    /// The occasion.
    pub occasion: Occasion,
    /// The life situation as it was understood, where it was.
    pub situation: Option<Situation>,
    /// The signals that were seen in the conversation, at most one of a kind.
    pub signals: Vec<Signal>,
}

/// Who answers a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// The bot.
    #[default]
    Bot,
    /// Nobody yet: it waits for a person. The bot is silent.
    Queued,
    /// A person. The bot is silent.
    Expert,
    /// A person closed it. What the citizen asks after that, the bot answers.
    Closed,
}

impl Owner {
    /// Its name in contracts and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Queued => "queued",
            Self::Expert => "expert",
            Self::Closed => "closed",
        }
    }

    /// The owner with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Bot, Self::Queued, Self::Expert, Self::Closed].into_iter().find(|owner| owner.as_str() == name)
    }

    /// Whether the bot replies.
    pub const fn is_bot(self) -> bool {
        matches!(self, Self::Bot | Self::Closed)
    }
}

/// How a hand-off stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HandoverState {
    /// A person was asked for.
    Requested,
    /// The conversation waits for one.
    Queued,
    /// One took it.
    Claimed,
    /// It went to a colleague or back into the queue.
    Transferred,
    /// The bot has it again.
    Returned,
    /// There is no person now: closed or full.
    Failed,
    /// The person closed it.
    Closed,
}

/// How a conversation with a person ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resolution {
    /// The matter was solved.
    Solved,
    /// The citizen knows how to go on.
    Advised,
    /// The citizen goes on with a partner or another service.
    Referred,
    /// The citizen will be called.
    Called,
    /// The citizen did not answer any more.
    Silent,
    /// It stays open.
    Unsolved,
}

impl Resolution {
    /// All of them, as they are offered.
    pub const ALL: [Self; 6] =
        [Self::Solved, Self::Advised, Self::Referred, Self::Called, Self::Silent, Self::Unsolved];

    /// Its name in contracts and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Solved => "solved",
            Self::Advised => "advised",
            Self::Referred => "referred",
            Self::Called => "called",
            Self::Silent => "silent",
            Self::Unsolved => "unsolved",
        }
    }
}

/// How the offer of a partner's contact card stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CardState {
    /// The citizen is asked whether it may be shown.
    Offered,
    /// The citizen wanted it: the text is the card.
    Shown,
    /// The citizen did not want it.
    Declined,
}

/// The contact card of a partner, such as the wellbeing services county: shown once the citizen agrees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Which partner: the id of its text in the content.
    pub partner: String,
    /// How the offer stands.
    pub state: CardState,
    /// The language of the text.
    pub language: Language,
    /// The partner's name.
    pub title: String,
    /// What the citizen is told, in the small Markdown of the content.
    pub text: String,
}

/// Who writes at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The citizen.
    Citizen,
    /// The expert.
    Expert,
}

/// A step of a hand-off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handover {
    /// How it stands now.
    pub state: HandoverState,
    /// The language of the text.
    pub language: Language,
    /// What the citizen is told, in plain text.
    pub text: String,
    /// The place in the queue, from 1.
    pub position: Option<u32>,
    /// The wait in minutes, rounded up.
    pub estimate_minutes: Option<u32>,
    /// The first name of the person.
    pub expert: Option<String>,
    /// Where it failed because nobody works now: when the queue opens, Helsinki time.
    pub opens: Option<DateTime>,
    /// Why, where a person was asked for. For experts only.
    pub why: Option<HandOff>,
}
