//! What a gateway's requests mean for a call, whatever language the gateway speaks.
//!
//! Each address that is given out has the number of its request in the call. The same request again gets the same answer, whatever happened
//! meanwhile; status events may come twice and in any order.

use crate::channel::phone::call::{Input, Transferred};
use crate::channel::phone::calls::{CallKey, Found};
use crate::channel::phone::session::Session;
use crate::channel::phone::state::{Phone, Ring};
use crate::channel::phone::turns::{Next, Turn};
use crate::channel::phone::{effects, turns};
use crate::config::phone::{Mode, Person};
use crate::domain::{Language, Occasion};
use crate::speech::{Heard, Transcript};
use axum::http::StatusCode;
use std::sync::Arc;

/// How a gateway is told what to do.
pub(super) trait Dialect: Sync {
    /// The part of the addresses that is the gateway's.
    fn name(&self) -> &'static str;
    /// Audio or turns.
    fn mode(&self, phone: &Phone) -> Mode;
    /// Connects audio both ways; what the socket's end leads to is asked at `next`.
    fn connect(&self, phone: &Phone, token: &str, next: &str) -> String;
    /// Says something, then listens, hangs up or calls a person; what came of it is told at `here`.
    fn turn(&self, phone: &Phone, turn: Turn, here: &str) -> String;
    /// Calls a person, or hangs up where there is none; how it went is told at `dialled`, where that is of interest.
    fn leave(&self, person: Option<&Person>, dialled: Option<&str>) -> String;
    /// Says a text and calls a person, without any call of ours.
    fn refuse(&self, phone: &Phone, text: &str, language: Language, person: Option<&Person>) -> String;
}

/// What a request tells.
#[derive(Debug)]
pub(super) enum Event {
    /// A call comes in.
    Incoming {
        /// The number that was called.
        to: String,
        /// The caller's.
        from: String,
    },
    /// The socket was closed: by us, because the call is over or goes to a person, or because the line broke.
    Next,
    /// A turn of a call without a stream.
    Turn {
        /// What was recognised, and how surely.
        words: Option<(String, f32)>,
        /// The keys that were pressed.
        digits: String,
    },
    /// The attempt to reach a person is over.
    Dialled(Transferred),
}

/// Lines that may break before a person takes the call.
const BREAKS_MAX: u8 = 2;

/// Answers a request, or gives once more what was answered to it.
pub(super) async fn answer(
    phone: &Arc<Phone>,
    dialect: &dyn Dialect,
    key: &CallKey,
    step: u32,
    event: Event,
) -> Result<String, StatusCode> {
    let entry = match &event {
        Event::Incoming { to, from } => {
            let language = phone.language_of(to);
            match phone.ring(key, language, Some(from)).await {
                Ring::Call(entry) => entry,
                Ring::Over => return Ok(dialect.leave(None, None)),
                Ring::Full => return Ok(refuse(phone, dialect, language)),
            }
        }
        Event::Next | Event::Turn { .. } | Event::Dialled(_) => match phone.calls.find(key) {
            Found::Known(entry) => entry,
            Found::Over => return Ok(dialect.leave(None, None)),
            // Of another process, which is gone: a person takes the call.
            Found::New | Found::Full => return Ok(refuse(phone, dialect, None)),
        },
    };
    let mut session = entry.session.lock().await;
    if let Some(answered) = session.answers.get(&step) {
        phone.metrics.call_event("repeated");
        return Ok(answered.clone());
    }
    // Older than what is remembered.
    if step + 1 < session.step_n {
        return Err(StatusCode::CONFLICT);
    }
    let answer = go_on(phone, dialect, key, &mut session, event).await;
    session.remember(step, answer.clone());
    if session.call.is_over() {
        phone.finish(key);
    }
    Ok(answer)
}

async fn go_on(
    phone: &Arc<Phone>,
    dialect: &dyn Dialect,
    key: &CallKey,
    session: &mut Session,
    event: Event,
) -> String {
    let has_streams = dialect.mode(phone) == Mode::Stream && phone.speech().is_some();
    match event {
        Event::Incoming { .. } if has_streams => connect(phone, dialect, key, session),
        Event::Incoming { .. } => take(phone, dialect, session, Input::Connected).await,
        Event::Next if session.call.is_over() => dialect.leave(None, None),
        Event::Next if session.call.is_away() => {
            let dialled = address(phone, dialect, session, "dialled");
            // The line may have broken before it was known who takes the call.
            let anybody = || phone.person_of_any_time(Occasion::Asked, session.call.language());
            let person = session.person.clone().or_else(anybody);
            dialect.leave(person.as_ref(), Some(&dialled))
        }
        Event::Next => {
            session.breaks_n += 1;
            phone.metrics.call_event("broken");
            if session.breaks_n <= BREAKS_MAX && has_streams {
                return connect(phone, dialect, key, session);
            }
            let language = session.call.language();
            drop(session.take(Input::HungUp));
            refuse(phone, dialect, Some(language))
        }
        Event::Turn { words, digits } => {
            let input = match (words, digits.chars().next()) {
                (_, Some(_)) if session.call.wants_number() => {
                    for digit in digits.chars() {
                        drop(session.take(Input::Digit(digit)));
                    }
                    Input::Digit('#')
                }
                (_, Some(digit)) => Input::Digit(digit),
                (Some((text, certainty)), None) => {
                    Input::Said(Heard::Words(Transcript { text, others: Vec::new(), certainty }))
                }
                (None, None) => Input::Silence,
            };
            take(phone, dialect, session, input).await
        }
        Event::Dialled(Transferred::Done) => {
            // The call is over, and its conversation is the person's.
            phone.finish(key);
            dialect.leave(None, None)
        }
        Event::Dialled(how) => {
            session.person = None;
            effects::come_back(phone, &session.parties).await;
            if has_streams {
                session.back = Some(how);
                return connect(phone, dialect, key, session);
            }
            take(phone, dialect, session, Input::Transferred(how)).await
        }
    }
}

/// News of a call from its gateway: it may have vanished without a word.
pub(super) fn status(phone: &Arc<Phone>, key: &CallKey, status: &str, sequence: Option<u64>) {
    let Found::Known(entry) = phone.calls.find(key) else { return };
    let is_news = sequence.is_none_or(|sequence| entry.is_news(sequence));
    // A call never comes back from its end, whatever was sent before and arrives later.
    if matches!(status, "completed" | "busy" | "failed" | "no-answer" | "canceled") {
        phone.finish(key);
    } else if !is_news {
        phone.metrics.call_event("repeated");
    }
}

/// There is no room, or nothing is loaded: a person takes the call.
fn refuse(phone: &Phone, dialect: &dyn Dialect, language: Option<Language>) -> String {
    let spoken = language.unwrap_or(Language::Fi);
    let person = phone.person_of_any_time(Occasion::Misses, spoken);
    dialect.refuse(phone, &phone.text("full", spoken), spoken, person.as_ref())
}

/// The address of the request that follows.
fn address(phone: &Phone, dialect: &dyn Dialect, session: &mut Session, name: &str) -> String {
    let step = session.step_n;
    session.step_n += 1;
    phone.url(&format!("/phone/{}/{name}?n={step}", dialect.name()))
}

fn connect(phone: &Phone, dialect: &dyn Dialect, key: &CallKey, session: &mut Session) -> String {
    let token = phone.calls.token(key);
    let next = address(phone, dialect, session, "next");
    dialect.connect(phone, &token, &next)
}

/// Takes a turn and says what follows.
async fn take(phone: &Arc<Phone>, dialect: &dyn Dialect, session: &mut Session, input: Input) -> String {
    let turn = turns::take(phone, session, input).await;
    let name = if matches!(turn.next, Next::Person(_)) { "dialled" } else { "turn" };
    let here = address(phone, dialect, session, name);
    dialect.turn(phone, turn, &here)
}
