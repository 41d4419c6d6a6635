//! Leads a call turn by turn, for gateways that recognise and speak themselves: something happens, and what is said next comes back.

use crate::channel::phone::call::{Input, Output, Segment, Transferred};
use crate::channel::phone::effects::{self, Done};
use crate::channel::phone::session::Session;
use crate::channel::phone::state::Phone;
use crate::config::phone::Person;
use crate::domain::Language;
use std::collections::VecDeque;
use std::sync::Arc;

/// What the gateway does next.
pub(super) struct Turn {
    /// What it says.
    pub(super) says: Vec<Segment>,
    /// What follows.
    pub(super) next: Next,
    /// The language that it listens for.
    pub(super) language: Language,
    /// Whether it collects the digits of a number.
    pub(super) wants_number: bool,
}

/// What follows on what is said.
pub(super) enum Next {
    /// It listens.
    Listen,
    /// It calls a person.
    Person(Person),
    /// It hangs up.
    HangUp,
}

/// More steps are in no turn: a question, its answer, a person who is not at work.
const STEPS_MAX: usize = 64;

/// Takes a turn. Whatever was to be said before counts as heard: the gateway would not be asking otherwise.
pub(super) async fn take(phone: &Arc<Phone>, session: &mut Session, input: Input) -> Turn {
    let mut says: Vec<Segment> = Vec::new();
    let mut inputs: VecDeque<Input> = heard(session).into_iter().chain([input]).collect();
    let mut next = Next::Listen;
    for _ in 0..STEPS_MAX {
        // The last words are in the same answer as what follows on them.
        let Some(input) = inputs.pop_front().or_else(|| heard(session).filter(|_| session.call.is_leaving())) else {
            break;
        };
        for output in session.take(input) {
            match output {
                Output::Speak(segment) => says.push(segment),
                Output::Clear => says.clear(),
                Output::End => next = Next::HangUp,
                output => {
                    let language = session.call.language();
                    let Some(doing) = effects::begin(phone, &session.parties, language, output) else { continue };
                    match doing.await {
                        Done::Input(input) => inputs.push_back(input),
                        Done::Person(Some(person)) => {
                            session.person = Some(person.clone());
                            next = Next::Person(person);
                        }
                        Done::Person(None) => inputs.push_back(Input::Transferred(Transferred::Closed)),
                    }
                }
            }
        }
    }
    let (language, wants_number) = (session.call.language(), session.call.wants_number());
    Turn { says, next, language, wants_number }
}

fn heard(session: &Session) -> Option<Input> {
    session.call.pending().last().copied().map(Input::Mark)
}
