//! One call with its conversation, from the first ring to the hang-up. It outlives the line: a call may be away with a person and come back.

use crate::channel::phone::call::{Answer, Call, Input, Kind, Output, Transferred};
use crate::config::phone::Person;
use crate::domain::{Answered, EventKind, Language, Outcome, Said};
use crate::exchange::Admitted;
use crate::reply::spoken;
use crate::store::Exchanged;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One call.
pub(super) struct Session {
    pub(super) call: Call,
    pub(super) parties: Parties,
    began: Instant,
    /// Where the call is going, or has gone.
    pub(super) person: Option<Person>,
    /// How the last attempt to reach a person went, until the caller is told.
    pub(super) back: Option<Transferred>,
    /// How often the line broke.
    pub(super) breaks_n: u8,
    /// The number of the next request that the gateway will make.
    pub(super) step_n: u32,
    /// What was answered to the last requests: the same request gets the same answer.
    pub(super) answers: BTreeMap<u32, String>,
}

/// Who talks.
#[derive(Clone)]
pub(super) struct Parties {
    /// The conversation.
    pub(super) admitted: Admitted,
    /// The caller's number, where it is told. Kept in memory only.
    pub(super) caller: Option<Arc<str>>,
}

/// So many answered requests are remembered: a retry comes at once or never.
const ANSWERS_MAX: usize = 4;

impl Session {
    #[expect(clippy::disallowed_methods, reason = "a channel reads the clock for the machine behind it")]
    pub(super) fn new(call: Call, parties: Parties) -> Self {
        let began = Instant::now();
        Self { call, parties, began, person: None, back: None, breaks_n: 0, step_n: 1, answers: BTreeMap::new() }
    }

    /// Puts something into the call.
    pub(super) fn take(&mut self, input: Input) -> Vec<Output> {
        self.call.take(self.age(), input)
    }

    /// How long ago the call began.
    #[expect(clippy::disallowed_methods, reason = "a channel reads the clock for the machine behind it")]
    pub(super) fn age(&self) -> Duration {
        Instant::now().saturating_duration_since(self.began)
    }

    /// Remembers the answer to a request.
    pub(super) fn remember(&mut self, step: u32, answer: String) {
        self.answers.insert(step, answer);
        while ANSWERS_MAX < self.answers.len() {
            self.answers.pop_first();
        }
    }
}

/// The assistant's answer as a caller hears it; none where nobody answered, because a person has the conversation.
pub(super) fn answer(exchanged: Exchanged) -> Option<Box<Answer>> {
    match exchanged.reply?.kind {
        EventKind::Reply(answered) => Some(Box::new(of(*answered))),
        EventKind::Welcome(_)
        | EventKind::Message(_)
        | EventKind::Handoff(_)
        | EventKind::Expert(_)
        | EventKind::Card(_) => None,
    }
}

fn of(answered: Answered) -> Answer {
    let kind = match (&answered.handoff, answered.outcome) {
        (Some(why), _) => Kind::Person(why.occasion),
        (None, Outcome::Answer) => Kind::Guidance,
        (None, Outcome::Clarify) => Kind::Choice,
        (None, Outcome::Fallback) => Kind::Unknown,
        (None, Outcome::Chat | Outcome::Handoff) if answered.citation.is_some() => Kind::Guidance,
        (None, Outcome::Chat | Outcome::Handoff) => Kind::Chat,
    };
    // What is said again was sure before.
    let confidence = if answered.outcome == Outcome::Answer { answered.confidence } else { 1.0 };
    let is_spoken = answered.spoken.iter().any(|part| !part.is_empty());
    let parts = if is_spoken { answered.spoken } else { vec![read_out(&answered.markdown, answered.language)] };
    let (title, link) = answered.citation.map(|citation| (citation.title, citation.url)).unzip();
    let choices = answered.choices.into_iter().map(|choice| choice.title).collect();
    Answer { kind, language: answered.language, parts, title, link, choices, confidence }
}

/// A written reply, read out as it stands.
fn read_out(markdown: &str, language: Language) -> String {
    spoken::speak(&[Said::Words(markdown)], language)
}
