//! What is asked of retrieval and what comes back.

use crate::domain::{Citation, Language, QuickReply, Reading, TopicId, Utterance};
use jiff::civil::Date;
use std::sync::Arc;

/// A question for the guidance.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The words.
    pub utterance: Utterance,
    /// Their embedding.
    pub embedding: Arc<[f32]>,
    /// The language to answer in.
    pub language: Language,
    /// The probability that it asks for guidance at all, 0 to 1, as understood.
    pub guidance: f32,
    /// The log-probability of each topic as understood, in the order of the content's topics; empty where nothing was learnt.
    pub prior: Arc<[f32]>,
    /// The same by all layers of the encoder, without the words.
    pub variates: Arc<[f32]>,
    /// The benefit of the page that the citizen is on; near-ties go to its topics.
    pub benefit: Option<Arc<str>>,
    /// The day for which figures are given.
    pub day: Date,
    /// Another reading of the same message, and how much its ranking counts beside this one's.
    pub beside: Option<(Reading, f32)>,
    /// Topics that are likelier here than elsewhere, with what that adds to their log-odds: those that were offered.
    pub favoured: Vec<(TopicId, f32)>,
    /// The topic that is wanted for sure: it was named or chosen.
    pub wanted: Option<TopicId>,
    /// The parts of the wanted topic's article that answer the question before which it was chosen, best first: 0 is the lead.
    pub parts: Vec<u8>,
    /// Whether only the core of the answer is wanted.
    pub brief: bool,
}

impl Lookup {
    /// A lookup of a reading, to be answered in a language as of a day.
    pub fn of(reading: Reading, language: Language, day: Date) -> Self {
        let Reading { utterance, embedding, guidance, prior, variates } = reading;
        let (benefit, beside, favoured, wanted, parts, brief) = (None, None, Vec::new(), None, Vec::new(), false);
        Self {
            utterance,
            embedding,
            language,
            guidance,
            prior,
            variates,
            benefit,
            day,
            beside,
            favoured,
            wanted,
            parts,
            brief,
        }
    }
}

/// A topic that may be what the citizen means.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The topic.
    pub topic: TopicId,
    /// Its title in the language of the lookup.
    pub title: String,
    /// Its share of the probability among all topics, 0 to 1.
    pub score: f32,
    /// The parts of its article that answer the question, best first, where it may be offered to choose from: 0 is the lead.
    pub parts: Vec<u8>,
}

/// A part of an article with its figures filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// The heading; none for the lead.
    pub heading: Option<String>,
    /// The text in the small Markdown of the articles.
    pub text: String,
}

/// What retrieval found.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Topics, best first, at most five.
    pub candidates: Vec<Candidate>,
    /// The calibrated probability that the first candidate is right, 0 to 1.
    pub confidence: f32,
    /// From this confidence on the first candidate is answered.
    pub answer_from: f32,
    /// From this confidence on the citizen is asked which candidate was meant.
    pub clarify_from: f32,
    /// Of the first candidate's article: what answers the question.
    pub passages: Vec<Passage>,
    /// Where the passages come from.
    pub citation: Option<Citation>,
    /// What people ask next after the first candidate.
    pub next: Vec<QuickReply>,
}

/// A stage that gave no answer in time, or had no room to take the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stalled {
    /// The queue was full.
    #[error("the queue of the `{stage}` stage is full: try again in a moment")]
    Full {
        /// The stage's name.
        stage: &'static str,
    },
    /// The answer took too long.
    #[error("the `{stage}` stage gave no answer in time")]
    TimedOut {
        /// The stage's name.
        stage: &'static str,
    },
    /// The stage failed; the cause is in the log.
    #[error("the `{stage}` stage failed: the cause is in the log")]
    Failed {
        /// The stage's name.
        stage: &'static str,
    },
}
