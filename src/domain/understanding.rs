//! What an utterance was understood to be.

use crate::domain::{Language, Signal, TopicId, Utterance};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the citizen wants of the conversation itself, apart from guidance: the id of an intent under `intents/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Intent(Arc<str>);

impl Intent {
    /// An intent by its id.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Kela's groups of customers by life situation, and crisis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SituationGroup {
    /// *Tasainen arki*.
    Steady,
    /// *Muuttuva arki*: illness, unemployment, a divorce, a move.
    Changing,
    /// *Tuettava arki*: many lasting difficulties at once.
    Supported,
    /// An employer's matter.
    Employer,
    /// Immediate danger.
    Crisis,
}

impl SituationGroup {
    /// All groups; arrays that hold one value a group are in this order.
    pub const ALL: [Self; 5] = [Self::Steady, Self::Changing, Self::Supported, Self::Employer, Self::Crisis];

    /// The position in [`SituationGroup::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name in contracts and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Changing => "changing",
            Self::Supported => "supported",
            Self::Employer => "employer",
            Self::Crisis => "crisis",
        }
    }
}

/// The life situation that a conversation shows, with a calibrated score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Situation {
    /// The group.
    pub group: SituationGroup,
    /// How sure, 0 to 1.
    pub score: f32,
}

/// What one message shows of the citizen's life, before the rest of the conversation is thought of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assessment {
    /// The probability of each group by the learnt model, 0 to 1, in the order of [`SituationGroup::ALL`].
    pub shares: [f32; 5],
    /// If it is a crisis, the likeliest kind: `violence`.
    pub danger: Option<Arc<str>>,
    /// The probability that a professional asks for a client, 0 to 1.
    pub professional: f32,
    /// The signals that it names, each once.
    pub signals: Vec<Sign>,
}

/// A signal with what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// The signal.
    pub signal: Signal,
    /// Whether it is a difficulty that lasts.
    pub lasting: bool,
}

/// One way to read a message as a question for the guidance.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The words.
    pub utterance: Utterance,
    /// The sentence embedding by the last layer: unit length, as many numbers as the model has dimensions.
    pub embedding: Arc<[f32]>,
    /// The probability that it asks for guidance, 0 to 1.
    pub guidance: f32,
    /// The log-probability of each topic, if it is guidance, in the order of the content's topics; empty where nothing was learnt.
    pub prior: Arc<[f32]>,
    /// The log-probability of each topic as far as it shows in all layers of the encoder, in the same order; empty where nothing was learnt.
    pub variates: Arc<[f32]>,
}

/// The small words by which a message leans on what was said before.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent observations, each a number of the model that weighs them"
)]
pub struct Cues {
    /// It begins like a continuation: *entä jos*, *och om*, *what about*.
    pub follow_up: bool,
    /// It refers back: *siitä*, *det*, *it*.
    pub reference: bool,
    /// It corrects: *ei kun*, *jag menar*, *I meant*.
    pub correction: bool,
    /// It goes back to an earlier subject by name.
    pub back: bool,
    /// It announces another subject.
    pub other: bool,
    /// It names the subject of the conversation.
    pub same_subject: bool,
    /// It names a subject that the conversation is not on.
    pub new_subject: bool,
    /// It picks one of offered choices, from 0.
    pub choice: Option<u8>,
    /// It picks none of them.
    pub no_choice: bool,
    /// The topics near the one so far that have what it asks for: how much, how to apply, what changes.
    pub asked: Vec<TopicId>,
    /// How many words it has.
    pub words_n: usize,
    /// The probability that it asks for guidance, read by itself, 0 to 1.
    pub guidance: f32,
}

/// An utterance understood.
#[derive(Clone, Debug)]
pub struct Understanding {
    /// The language to answer in.
    pub language: Language,
    /// A wish about the conversation itself, when it is sure enough.
    pub intent: Option<(Intent, f32)>,
    /// Whether it asks for guidance beside that; then all readings are of what it asks.
    pub asks_beside: bool,
    /// The message by itself.
    pub alone: Reading,
    /// The message as a continuation of the conversation's topic, where there is one that it may continue.
    pub continued: Option<Reading>,
    /// The question of a long story by itself.
    pub core: Option<Reading>,
    /// Questions after the first.
    pub further: Vec<Reading>,
    /// How it leans on what was said before.
    pub cues: Cues,
    /// The topics near the one of the conversation, with how near they are, 0 to 1.
    pub kin: Vec<(TopicId, f32)>,
    /// The topic whose title it repeats, as quick replies do.
    pub named: Option<TopicId>,
    /// What it shows of the citizen's life, where that was learnt.
    pub assessment: Option<Assessment>,
}

/// What is known before the words are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context<'a> {
    /// The language that the channel says: the page's, or the number called.
    pub hint: Option<Language>,
    /// The language of the conversation so far.
    pub spoken: Option<Language>,
    /// The topic of the conversation so far.
    pub topic: Option<&'a TopicId>,
    /// Whether the language is settled: what was recognised of a voice is in the language that was listened for, however it reads.
    pub is_fixed: bool,
}
