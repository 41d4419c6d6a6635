//! The course of a call, pure: no sockets, no clock of its own, nothing asynchronous. What happens goes in with the time at which it
//! happens, what is to be done comes out.
//!
//! [`words`] are the inputs and outputs, `mouth` is what is being said, `ear` what is being heard, [`script`] the phone's own texts;
//! `course` is the talk itself and `person` the way to a person and back.

pub mod script;
pub mod words;

mod course;
mod ear;
mod mouth;
mod person;

pub use script::{Script, Texts};
pub use words::{Answer, Counted, Deaf, Input, Kind, Output, Segment, SegmentId, Transferred, Words};

use crate::domain::{Language, Occasion};
use crate::speech::{Heard, Pace};
use ear::{Catch, Ear};
use mouth::Mouth;
use std::sync::Arc;
use std::time::Duration;

/// What a call may do.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The language of the number that was called; none lets the caller choose.
    pub language: Option<Language>,
    /// The longest that a call with the bot lasts.
    pub call_max: Duration,
    /// Questions of one call.
    pub questions_max: u32,
    /// Whether a link can be sent as a text message.
    pub has_sms: bool,
    /// Whether a call-back can be asked for.
    pub has_call_back: bool,
    /// Whether the caller's number is known, for a call-back.
    pub knows_number: bool,
    /// Below this certainty of the recogniser the topic is confirmed, 0 to 1.
    pub certain_from: f32,
    /// Below this confidence in the topic it is confirmed, 0 to 1.
    pub confident_from: f32,
}

/// Silence after which the caller is asked again.
const SILENCE: Duration = Duration::from_secs(8);
/// The same for who asked to hear it slower.
const SILENCE_SLOW: Duration = Duration::from_secs(13);
/// After so many misses in a row a person is called in.
const MISSES_MAX: u8 = 3;
/// After this long the caller is told that the answer is on its way.
const HOLD_AFTER: Duration = Duration::from_millis(1_200);
/// An answer that has not come after so long will not.
const ANSWER_MAX: Duration = Duration::from_secs(12);
/// Attempts to reach a person in one call.
const TRANSFERS_MAX: u8 = 3;
/// Text messages of one call.
const SMS_MAX: u8 = 3;
/// Confirmations of a miss that are not answered clearly.
const ASKED_MAX: u8 = 2;
/// The last words take no longer than this.
const LEAVE_MAX: Duration = Duration::from_mins(1);
/// A call with a person lasts no longer than gateways allow by default, which is four hours.
const AWAY_MAX: Duration = Duration::from_mins(245);
/// Digits of a phone number.
const NUMBER_MAX: usize = 15;
/// The fewest digits of a phone number.
const NUMBER_MIN: usize = 5;
/// The longest words that are read, in characters: more than anybody says in one breath.
const WORDS_MAX: usize = 600;

/// One call.
#[derive(Debug)]
pub struct Call {
    rules: Rules,
    script: Arc<Script>,
    language: Language,
    phase: Phase,
    mouth: Mouth,
    ear: Ear,
    now: Duration,
    /// Since when nobody says anything.
    quiet_since: Duration,
    misses_n: u8,
    questions_n: u32,
    transfers_n: u8,
    sms_n: u8,
    /// The words on the way to the assistant were recognised with this certainty, 0 to 1.
    certainty: f32,
    /// Whether the caller's last words were acknowledged before they were recognised, and how often that was done.
    is_acknowledged: bool,
    acknowledged_n: u32,
    /// What the last answer was about: title and page.
    about: Option<(String, String)>,
    /// What is left of the last answer.
    rest: Vec<mouth::Line>,
    /// Whether the first words are being said, that a bot speaks: they are heard to their end.
    disclosing: Option<SegmentId>,
    /// Whether what is being said was interrupted by a voice, which may have been a noise.
    is_cut_by_voice: bool,
    is_told_how: bool,
    out: Vec<Output>,
}

/// What the call is about at the moment.
#[derive(Debug)]
enum Phase {
    /// The line is not open yet.
    Ringing,
    /// The caller may ask.
    Open,
    /// The assistant thinks.
    Thinking { since: Duration, is_told: bool },
    /// The caller is asked whether this is the matter.
    Confirming { answer: Box<Answer>, asked_n: u8 },
    /// The caller may choose.
    Choosing(Vec<String>),
    /// The caller is offered a call-back.
    Offering { asked_n: u8 },
    /// The caller keys a number in.
    Keying(String),
    /// The number is read back.
    Checking { number: String, asked_n: u8 },
    /// A request for a call-back is on its way.
    Requesting { since: Duration },
    /// The last words are being said.
    Leaving { how: Leave, since: Duration },
    /// A person has the caller.
    Away { since: Duration },
    /// Nothing happens any more.
    Over,
}

/// How the bot leaves.
#[derive(Clone, Copy, Debug)]
enum Leave {
    Transfer(Occasion),
    End,
}

impl Call {
    /// A call that rings.
    pub fn new(rules: Rules, script: Arc<Script>) -> Self {
        let language = rules.language.unwrap_or(Language::Fi);
        Self {
            rules,
            script,
            language,
            phase: Phase::Ringing,
            mouth: Mouth::default(),
            ear: Ear::default(),
            now: Duration::ZERO,
            quiet_since: Duration::ZERO,
            misses_n: 0,
            questions_n: 0,
            transfers_n: 0,
            sms_n: 0,
            certainty: 1.0,
            is_acknowledged: false,
            acknowledged_n: 0,
            about: None,
            rest: Vec::new(),
            disclosing: None,
            is_cut_by_voice: false,
            is_told_how: false,
            out: Vec::new(),
        }
    }

    /// Takes what happens at a time since the call began, and says what is to be done. Times that go back are taken for the last one.
    pub fn take(&mut self, at: Duration, input: Input) -> Vec<Output> {
        if matches!(self.phase, Phase::Over) {
            return Vec::new();
        }
        self.now = self.now.max(at);
        match input {
            Input::Connected => self.connect(),
            Input::HungUp => self.end(),
            Input::Transferred(how) => self.come_back(how),
            _ if matches!(self.phase, Phase::Away { .. } | Phase::Ringing) => {}
            Input::Mark(id) | Input::Voiceless(id) => self.marked(id),
            Input::Hearing(hearing) => {
                let caught = self.ear.take(hearing, self.language, self.now, &mut self.out);
                self.caught(caught);
            }
            Input::Heard { utterance, heard } => {
                let caught = self.ear.recognised(utterance, heard);
                self.caught(caught);
            }
            Input::Said(heard) => self.caught(Catch::Over(Ok(heard))),
            Input::Silence => self.silent(),
            Input::Digit(digit) => self.pressed(digit),
            Input::Replied { question, answer } => self.replied(question, answer),
            Input::CallBack(done) => self.call_back_done(done),
            Input::Sent(done) => self.link_done(done),
            Input::Tick => {}
        }
        self.pass();
        std::mem::take(&mut self.out)
    }

    /// The language that is spoken now.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Whether the last words are being said: what the caller does changes nothing any more.
    pub const fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. })
    }

    /// Whether a person has the caller.
    pub const fn is_away(&self) -> bool {
        matches!(self.phase, Phase::Away { .. })
    }

    /// Whether the call is over.
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Whether keys are digits of a number now.
    pub const fn wants_number(&self) -> bool {
        matches!(self.phase, Phase::Keying(_))
    }

    /// What was given out to be said and is not known to have been heard.
    pub fn pending(&self) -> Vec<SegmentId> {
        self.mouth.pending().collect()
    }

    /// How often the caller's words were acknowledged while they were still being recognised.
    pub const fn acknowledged_n(&self) -> u32 {
        self.acknowledged_n
    }

    /// How many pieces of speech the caller has heard to their end.
    pub const fn played_n(&self) -> u32 {
        self.mouth.played_n()
    }

    /// What follows from time alone.
    fn pass(&mut self) {
        self.mouth.tick(self.now);
        match self.phase {
            Phase::Ringing if self.rules.call_max <= self.now => return self.end(),
            Phase::Over | Phase::Ringing => return,
            Phase::Away { since } => {
                if since + AWAY_MAX <= self.now {
                    self.end();
                }
                return;
            }
            Phase::Leaving { how, since } => {
                if !self.mouth.is_speaking() || since + LEAVE_MAX <= self.now {
                    self.leave(how);
                }
                return;
            }
            _ => {}
        }
        if self.rules.call_max <= self.now {
            return self.say_goodbye("time");
        }
        match self.phase {
            Phase::Thinking { since, .. } if since + ANSWER_MAX <= self.now => return self.trouble(),
            Phase::Thinking { since, is_told: false } if since + HOLD_AFTER <= self.now => {
                self.phase = Phase::Thinking { since, is_told: true };
                if !self.mouth.is_speaking() && self.ear.is_quiet() {
                    let line = self.script.line("hold", self.language);
                    self.mouth.go_on(vec![line], self.now, &mut self.out);
                }
            }
            Phase::Requesting { since } if since + ANSWER_MAX <= self.now => self.call_back_done(false),
            _ => {}
        }
        let caught = self.ear.tick(self.now, &mut self.out);
        self.caught(caught);
        self.acknowledge();
        let silence = if self.mouth.pace == Pace::Slow { SILENCE_SLOW } else { SILENCE };
        let waits = !matches!(self.phase, Phase::Thinking { .. } | Phase::Requesting { .. });
        if self.mouth.is_speaking() || !waits {
            self.quiet_since = self.now;
        } else if self.ear.is_quiet() && self.quiet_since + silence <= self.now {
            self.silent();
        }
    }

    /// Says a short word where recognising takes its time: silence on the line is taken for a broken one.
    fn acknowledge(&mut self) {
        if self.ear.waits() && !self.is_acknowledged && !self.mouth.is_speaking() {
            (self.is_acknowledged, self.acknowledged_n) = (true, self.acknowledged_n.saturating_add(1));
            let word = self.script.line("moment", self.language);
            self.mouth.acknowledge(word, self.now, &mut self.out);
        }
    }

    fn connect(&mut self) {
        match self.phase {
            Phase::Ringing => {}
            Phase::Away { .. } | Phase::Over => return,
            // The line broke and is there again: what was not heard is said anew.
            _ => {
                self.mouth.interrupt(&mut self.out);
                self.mouth.resume(self.now, &mut self.out);
                return self.ear.close(&mut self.out);
            }
        }
        self.phase = Phase::Open;
        self.quiet_since = self.now;
        let lines = if let Some(language) = self.rules.language {
            ["greeting", "can", "ask"].map(|id| self.script.line(id, language)).to_vec()
        } else {
            let each = Language::ALL.into_iter().map(|language| self.script.line("languages", language));
            let then = ["can", "ask"].map(|id| self.script.line(id, self.language));
            each.chain(then).collect()
        };
        self.say(lines);
        self.disclosing = self.mouth.pending().next();
    }

    fn marked(&mut self, id: SegmentId) {
        if self.mouth.is_speaking() {
            self.quiet_since = self.now;
        }
        self.mouth.mark(id, self.now);
        if self.disclosing.is_some_and(|first| first <= id) {
            self.disclosing = None;
        }
    }

    /// What the ear caught.
    fn caught(&mut self, caught: Catch) {
        let is_acknowledged = match caught {
            Catch::Over(_) => std::mem::take(&mut self.is_acknowledged),
            Catch::Nothing | Catch::Began | Catch::WentOn => false,
        };
        match caught {
            Catch::WentOn if self.mouth.is_acknowledging() => self.mouth.hush(&mut self.out),
            Catch::Nothing | Catch::WentOn => {}
            Catch::Began => {
                let may_interrupt = self.disclosing.is_none() && !matches!(self.phase, Phase::Leaving { .. });
                if may_interrupt && self.mouth.is_speaking() {
                    self.mouth.interrupt(&mut self.out);
                    self.is_cut_by_voice = true;
                    self.count(Counted::BargeIn);
                }
            }
            Catch::Over(_) if matches!(self.phase, Phase::Leaving { .. }) => {}
            Catch::Over(Ok(Heard::Words(transcript))) if !transcript.text.trim().is_empty() => {
                self.is_cut_by_voice = false;
                self.quiet_since = self.now;
                let text: String = transcript.text.trim().chars().take(WORDS_MAX).collect();
                self.said(&text, transcript.certainty);
            }
            // A noise: the bot goes on where it was interrupted.
            Catch::Over(Ok(Heard::Nothing | Heard::Words(_))) => {
                if std::mem::take(&mut self.is_cut_by_voice) && self.mouth.resume(self.now, &mut self.out) {
                    self.count(Counted::FalseBargeIn);
                } else if is_acknowledged {
                    self.quiet_since = self.now;
                    self.unclear();
                }
            }
            Catch::Over(Err(Deaf::Busy)) => {
                self.count(Counted::Busy);
                self.quiet_since = self.now;
                self.say_texts(&["busy"]);
            }
            Catch::Over(Err(Deaf::Failed)) => {
                self.quiet_since = self.now;
                self.unclear();
            }
        }
    }

    /// Says something instead of what is being said.
    fn say(&mut self, lines: Vec<mouth::Line>) {
        self.disclosing = None;
        self.mouth.say(lines, self.now, &mut self.out);
    }

    /// Says the phone's own texts.
    fn say_texts(&mut self, ids: &[&str]) {
        let lines = ids.iter().map(|id| self.script.line(id, self.language)).collect();
        self.say(lines);
    }

    fn say_goodbye(&mut self, text: &str) {
        self.ear.close(&mut self.out);
        self.say_texts(&[text]);
        self.phase = Phase::Leaving { how: Leave::End, since: self.now };
    }

    fn count(&mut self, what: Counted) {
        self.out.push(Output::Count(what));
    }

    fn end(&mut self) {
        self.ear.close(&mut self.out);
        self.phase = Phase::Over;
        self.out.push(Output::End);
    }
}

#[cfg(test)]
mod tests;
