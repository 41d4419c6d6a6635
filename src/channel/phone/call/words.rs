//! What goes into the call machine and what comes out of it.

use crate::domain::{Language, Occasion};
use crate::speech::{Heard, Hearing, Pace, Pcm};
use std::fmt;
use std::sync::Arc;

/// Words of a caller or to one: `Debug` hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(pub String);

/// The number of a piece of speech in its call, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(pub u32);

/// A piece of speech, about a sentence: what is played whole or cut off.
#[derive(Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number. Later pieces have higher ones.
    pub id: SegmentId,
    /// What is said.
    pub text: Arc<str>,
    /// In which language.
    pub language: Language,
    /// How fast.
    pub pace: Pace,
}

/// Why an utterance was not recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deaf {
    /// All recognisers are busy.
    Busy,
    /// The recogniser failed or took too long.
    Failed,
}

/// How an attempt to reach a person went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transferred {
    /// They talked, and it is over.
    Done,
    /// All are talking.
    Busy,
    /// Nobody took the call.
    NoAnswer,
    /// It did not work.
    Failed,
    /// Nobody works now, or nobody is named in the configuration.
    Closed,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The caller can hear and be heard.
    Connected,
    /// The listener noticed something.
    Hearing(Hearing),
    /// The recogniser is done with an utterance.
    Heard {
        /// Which: the number that [`Output::Recognise`] gave it.
        utterance: u32,
        /// What it held.
        heard: Result<Heard, Deaf>,
    },
    /// The gateway recognised an utterance by itself.
    Said(Heard),
    /// The gateway waited and heard nothing.
    Silence,
    /// A key: `0` to `9`, `*` or `#`. Others are ignored.
    Digit(char),
    /// A piece of speech was played, or thrown away after [`Output::Clear`]: gateways report both alike.
    Mark(SegmentId),
    /// There is no voice for a piece of speech.
    Voiceless(SegmentId),
    /// The assistant is done with a question; none where it failed.
    Replied {
        /// Which: the number that [`Output::Ask`] gave it.
        question: u32,
        /// The answer.
        answer: Option<Box<Answer>>,
    },
    /// An attempt to reach a person ended.
    Transferred(Transferred),
    /// A call-back was requested, or could not be.
    CallBack(bool),
    /// The link was sent, or could not be.
    Sent(bool),
    /// The caller has hung up, or the line is gone.
    HungUp,
    /// Time goes on. Expected some times a second.
    Tick,
}

/// What a call wants done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Say this when all before it was said.
    Speak(Segment),
    /// Be quiet at once, and forget what was to be said.
    Clear,
    /// Recognise an utterance. What was recognised of an earlier one is of no use any more.
    Recognise {
        /// Its number.
        utterance: u32,
        /// The audio.
        pcm: Pcm,
        /// The language that is spoken.
        language: Language,
    },
    /// Give up recognising.
    Abandon,
    /// Listen anew.
    Listen,
    /// Ask the assistant.
    Ask {
        /// The number of the question.
        question: u32,
        /// The words.
        text: Words,
        /// The language of the call.
        language: Language,
    },
    /// Send the caller a text message.
    Sms(Words),
    /// Ask for a call-back to the caller's number, or to the one that was keyed in.
    CallBack(Option<Words>),
    /// Hand the call over to a person. [`Input::Transferred`] follows, perhaps after hours.
    Transfer(Occasion),
    /// Something to be counted.
    Count(Counted),
    /// The call is over: hang up if that is left to do. The last output.
    End,
}

/// What operators see of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counted {
    /// The caller said nothing.
    Silence,
    /// What was said was not understood.
    Unclear,
    /// The caller interrupted by voice.
    BargeIn,
    /// The interruption was none: the bot went on.
    FalseBargeIn,
    /// The caller was asked whether the topic is right.
    Confirm,
    /// It was not.
    Denied,
    /// All recognisers were busy.
    Busy,
    /// A person was called in.
    Transfer,
    /// Nobody came.
    ComeBack,
    /// A call-back was asked for.
    CallBack,
}

impl Counted {
    /// Its label in the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Unclear => "unclear",
            Self::BargeIn => "barge-in",
            Self::FalseBargeIn => "false-barge-in",
            Self::Confirm => "confirm",
            Self::Denied => "denied",
            Self::Busy => "busy",
            Self::Transfer => "transfer",
            Self::ComeBack => "come-back",
            Self::CallBack => "call-back",
        }
    }
}

/// What kind of answer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Guidance.
    Guidance,
    /// A question back, with choices.
    Choice,
    /// Not known.
    Unknown,
    /// Small talk and control.
    Chat,
    /// A person has to come.
    Person(Occasion),
}

/// What the assistant answers. Its `Debug` hides the words.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// What kind it is.
    pub kind: Kind,
    /// Its language; the call's from now on.
    pub language: Language,
    /// What is said, in its spoken form.
    pub parts: Vec<String>,
    /// What it is about.
    pub title: Option<String>,
    /// The page to read.
    pub link: Option<String>,
    /// What the caller can choose from.
    pub choices: Vec<String>,
    /// How sure the topic is, 0 to 1.
    pub confidence: f32,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} chars)", self.0.chars().count())
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment({}, {}, {} chars)", self.id.0, self.language, self.text.chars().count())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({:?}, {}, {} parts)", self.kind, self.language, self.parts.len())
    }
}
