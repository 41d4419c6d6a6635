//! The way to a person, and back where none comes.

use super::script::sentences;
use super::words::{Answer, Counted, Output, Transferred, Words};
use super::{Call, Leave, NUMBER_MAX, NUMBER_MIN, Phase, TRANSFERS_MAX};
use crate::domain::{FactValue, Occasion, Said};
use crate::reply::spoken;

impl Call {
    /// A person has to come: for what the assistant saw, with its words where there is danger, which begin with 112.
    pub(super) fn give_way(&mut self, occasion: Occasion, answer: &Answer) {
        if occasion == Occasion::Crisis {
            let lines = answer.parts.iter().flat_map(|part| sentences(part, answer.language));
            let lines = lines.chain([self.script.line("transfer", self.language)]).collect();
            self.say(lines);
            self.go(occasion);
        } else {
            self.call_person(occasion);
        }
    }

    /// A person is called in.
    pub(super) fn call_person(&mut self, occasion: Occasion) {
        let text = match occasion {
            Occasion::Supported => "transfer-supported",
            Occasion::Misses => "transfer-misses",
            Occasion::Crisis | Occasion::Asked => "transfer",
        };
        self.say_texts(&[text]);
        self.go(occasion);
    }

    /// Something is broken: only a person helps.
    pub(super) fn trouble(&mut self) {
        self.say_texts(&["transfer-trouble"]);
        self.go(Occasion::Misses);
    }

    fn go(&mut self, occasion: Occasion) {
        self.ear.close(&mut self.out);
        self.phase = Phase::Leaving { how: Leave::Transfer(occasion), since: self.now };
    }

    /// The last words were said, or nobody tells that they were.
    pub(super) fn leave(&mut self, how: Leave) {
        self.mouth.hush(&mut self.out);
        match how {
            Leave::Transfer(occasion) if self.transfers_n < TRANSFERS_MAX => {
                self.transfers_n += 1;
                self.phase = Phase::Away { since: self.now };
                self.count(Counted::Transfer);
                self.out.push(Output::Transfer(occasion));
            }
            // Nobody comes today.
            Leave::Transfer(_) => self.say_goodbye("back-failed"),
            Leave::End => self.end(),
        }
    }

    /// The attempt to reach a person is over.
    pub(super) fn come_back(&mut self, how: Transferred) {
        if !matches!(self.phase, Phase::Away { .. }) {
            return;
        }
        let text = match how {
            Transferred::Done => return self.end(),
            Transferred::Busy => "back-busy",
            Transferred::NoAnswer => "back-no-answer",
            Transferred::Failed => "back-failed",
            Transferred::Closed => "back-closed",
        };
        self.count(Counted::ComeBack);
        (self.quiet_since, self.misses_n) = (self.now, 0);
        if self.rules.has_call_back {
            self.say_texts(&[text, "callback-offer"]);
            self.phase = Phase::Offering { asked_n: 0 };
        } else {
            self.say_texts(&[text, "callback-declined"]);
            self.phase = Phase::Open;
        }
    }

    /// Whether a call-back is wanted.
    pub(super) fn call_back_wanted(&mut self, yes: bool) {
        self.misses_n = 0;
        if !yes {
            self.say_texts(&["callback-declined"]);
        } else if self.rules.knows_number {
            self.request(None);
        } else {
            self.say_texts(&["callback-key"]);
            self.phase = Phase::Keying(String::new());
        }
    }

    /// A digit of the number.
    pub(super) fn keyed(&mut self, digit: char) {
        let Phase::Keying(number) = &mut self.phase else { return };
        match digit {
            '#' if number.len() < NUMBER_MIN => {
                number.clear();
                self.say_texts(&["callback-key"]);
            }
            '#' => self.read_back(),
            // Begins anew.
            '*' => {
                number.clear();
                self.say_texts(&["callback-key"]);
            }
            digit => {
                number.push(digit);
                if NUMBER_MAX <= number.len() {
                    self.read_back();
                }
            }
        }
    }

    fn read_back(&mut self) {
        let Phase::Keying(number) = &self.phase else { return };
        let number = number.clone();
        let grouped: Vec<String> =
            number.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        let figure = FactValue::Text([(); 3].map(|()| grouped.join(" ")));
        let said = spoken::speak(&[Said::Figure(&figure)], self.language);
        let text = self.script.filled("callback-check", self.language, "{number}", &said);
        self.say(sentences(&text, self.language).collect());
        self.phase = Phase::Checking { number, asked_n: 0 };
    }

    /// Whether the number was read back right.
    pub(super) fn number_checked(&mut self, number: String, yes: bool) {
        if yes {
            return self.request(Some(Words(number)));
        }
        self.misses_n = self.misses_n.saturating_add(1);
        if super::MISSES_MAX <= self.misses_n {
            return self.say_goodbye("callback-failed");
        }
        self.say_texts(&["callback-key"]);
        self.phase = Phase::Keying(String::new());
    }

    fn request(&mut self, number: Option<Words>) {
        self.count(Counted::CallBack);
        self.phase = Phase::Requesting { since: self.now };
        self.out.push(Output::CallBack(number));
    }

    /// A call-back was asked for, or could not be.
    pub(super) fn call_back_done(&mut self, done: bool) {
        if matches!(self.phase, Phase::Requesting { .. }) {
            self.quiet_since = self.now;
            self.phase = Phase::Open;
            self.say_texts(&[if done { "callback-done" } else { "callback-failed" }, "after"]);
        }
    }
}
