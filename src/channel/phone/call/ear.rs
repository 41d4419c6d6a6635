//! What the caller is saying: from the first sound to recognised words.

use super::words::{Deaf, Output};
use crate::domain::Language;
use crate::speech::{Heard, Hearing, LINE_RATE_HZ, Pcm};
use std::time::Duration;

/// Speech shorter than this is a click or a cough.
const SPEECH_MIN: Duration = Duration::from_millis(200);
/// Whoever talks longer than this without a pause is not talking to the bot.
const SPEECH_MAX: Duration = Duration::from_secs(45);
/// A recogniser that has not answered after so long will not.
const RECOGNISE_MAX: Duration = Duration::from_secs(12);

/// A turn of at least this length was more than a noise, so that its end may be acknowledged before it is recognised.
const SAID_MIN: Duration = Duration::from_millis(1_200);

/// The state of the ear.
#[derive(Debug, Default)]
pub(super) struct Ear {
    last: u32,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Quiet,
    /// The caller speaks.
    Speech { since: Duration },
    /// The caller pauses: perhaps the end. The recogniser works ahead, or is done.
    Pause { since: Duration, pcm: Pcm, heard: Option<Result<Heard, Deaf>> },
    /// The caller is done after `length` of speech, the recogniser not yet.
    Waiting { since: Duration, length: Duration },
}

/// What became of what was heard.
#[derive(Debug, PartialEq)]
pub(super) enum Catch {
    /// Nothing yet.
    Nothing,
    /// The caller began.
    Began,
    /// The caller, who seemed to be done, goes on.
    WentOn,
    /// The caller's turn is over, with this.
    Over(Result<Heard, Deaf>),
}

impl Ear {
    /// Whether nothing is being said or recognised.
    pub(super) const fn is_quiet(&self) -> bool {
        matches!(self.state, State::Quiet)
    }

    /// Whether the caller is done and the words, of which there must be some, are still being recognised.
    pub(super) fn waits(&self) -> bool {
        matches!(self.state, State::Waiting { length, .. } if SAID_MIN <= length)
    }

    /// Takes what the listener noticed.
    pub(super) fn take(&mut self, hearing: Hearing, language: Language, now: Duration, out: &mut Vec<Output>) -> Catch {
        match (hearing, std::mem::take(&mut self.state)) {
            (Hearing::Started, State::Quiet) => {
                self.state = State::Speech { since: now };
                Catch::Began
            }
            // A caller who goes on while the last words are being recognised says more of the same.
            (Hearing::Started | Hearing::Resumed, State::Pause { since, .. } | State::Waiting { since, .. }) => {
                out.push(Output::Abandon);
                self.state = State::Speech { since };
                Catch::WentOn
            }
            (Hearing::Started | Hearing::Resumed, State::Speech { since }) => {
                self.state = State::Speech { since };
                Catch::Nothing
            }
            (Hearing::Paused(pcm), State::Speech { since } | State::Pause { since, .. }) => {
                if length(&pcm) < SPEECH_MIN {
                    self.state = State::Pause { since, pcm, heard: Some(Ok(Heard::Nothing)) };
                } else {
                    self.last = self.last.saturating_add(1);
                    out.push(Output::Recognise { utterance: self.last, pcm: Pcm::clone(&pcm), language });
                    self.state = State::Pause { since, pcm, heard: None };
                }
                Catch::Nothing
            }
            // Working ahead found no free recogniser: now it is in earnest.
            (Hearing::Ended, State::Pause { pcm, heard: Some(Err(Deaf::Busy)), .. }) => {
                self.last = self.last.saturating_add(1);
                let length = length(&pcm);
                out.push(Output::Recognise { utterance: self.last, pcm, language });
                self.state = State::Waiting { since: now, length };
                Catch::Nothing
            }
            (Hearing::Ended, State::Pause { heard: Some(heard), .. }) => Catch::Over(heard),
            (Hearing::Ended, State::Pause { pcm, heard: None, .. }) => {
                self.state = State::Waiting { since: now, length: length(&pcm) };
                Catch::Nothing
            }
            // Speech that ended without words.
            (Hearing::Ended, State::Speech { .. }) => Catch::Over(Ok(Heard::Nothing)),
            (Hearing::Resumed | Hearing::Paused(_) | Hearing::Ended, state) => {
                self.state = state;
                Catch::Nothing
            }
        }
    }

    /// Takes what the recogniser gives.
    pub(super) fn recognised(&mut self, utterance: u32, result: Result<Heard, Deaf>) -> Catch {
        if utterance != self.last {
            return Catch::Nothing;
        }
        match &mut self.state {
            State::Pause { heard, .. } => {
                heard.get_or_insert(result);
                Catch::Nothing
            }
            State::Waiting { .. } => {
                self.state = State::Quiet;
                Catch::Over(result)
            }
            State::Quiet | State::Speech { .. } => Catch::Nothing,
        }
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self, now: Duration, out: &mut Vec<Output>) -> Catch {
        let heard = match &self.state {
            State::Speech { since } if *since + SPEECH_MAX <= now => Ok(Heard::Nothing),
            State::Pause { since, .. } if *since + SPEECH_MAX <= now => Ok(Heard::Nothing),
            State::Waiting { since, .. } if *since + RECOGNISE_MAX <= now => Err(Deaf::Failed),
            State::Quiet | State::Speech { .. } | State::Pause { .. } | State::Waiting { .. } => return Catch::Nothing,
        };
        self.close(out);
        Catch::Over(heard)
    }

    /// Forgets what was being said.
    pub(super) fn close(&mut self, out: &mut Vec<Output>) {
        match std::mem::take(&mut self.state) {
            State::Quiet => {}
            State::Speech { .. } => out.push(Output::Listen),
            State::Pause { .. } | State::Waiting { .. } => out.extend([Output::Abandon, Output::Listen]),
        }
    }
}

fn length(pcm: &Pcm) -> Duration {
    Duration::from_millis(u64::try_from(pcm.len()).unwrap_or(u64::MAX).saturating_mul(1_000) / u64::from(LINE_RATE_HZ))
}
