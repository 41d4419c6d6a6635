//! The talk: what the caller says and presses, what the assistant answers.

use super::mouth::Line;
use super::script::{Command, sentences};
use super::words::{Answer, Counted, Kind, Output, Words};
use super::{ASKED_MAX, Call, MISSES_MAX, Phase, SMS_MAX};
use crate::domain::{Language, Occasion};
use crate::speech::Pace;

/// So much of an answer is said before the caller is asked whether to go on, in characters: some twenty seconds.
const ANSWER_CHARS_MAX: usize = 300;
/// As many choices are read out as there are texts for them.
const CHOICES: [&str; 3] = ["choice-1", "choice-2", "choice-3"];

impl Call {
    /// The caller said something.
    pub(super) fn said(&mut self, text: &str, certainty: f32) {
        let command = self.script.command(text, self.language);
        if let Some(command @ (Command::Person | Command::Language(_))) = command {
            return self.obey(command);
        }
        let yes_or_no = self.script.yes_or_no(text, self.language);
        match (&self.phase, yes_or_no) {
            (Phase::Confirming { .. } | Phase::Offering { .. } | Phase::Checking { .. }, Some(yes)) => {
                self.decided(yes);
            }
            (Phase::Requesting { .. }, _) => {}
            // What was meant is said right away.
            (Phase::Confirming { .. }, None) if command.is_none() && text.split_whitespace().nth(1).is_some() => {
                self.ask(text, certainty);
            }
            (Phase::Confirming { .. }, None)
            | (Phase::Offering { .. } | Phase::Checking { .. } | Phase::Keying(_), _) => self.ask_again(),
            _ => match command {
                None | Some(Command::Yes | Command::No) => self.ask(text, certainty),
                Some(command) => self.obey(command),
            },
        }
    }

    /// The caller pressed a key.
    pub(super) fn pressed(&mut self, digit: char) {
        if matches!(self.phase, Phase::Leaving { .. } | Phase::Requesting { .. })
            || !matches!(digit, '0'..='9' | '*' | '#')
        {
            return;
        }
        self.quiet_since = self.now;
        self.ear.close(&mut self.out);
        self.mouth.interrupt(&mut self.out);
        (self.disclosing, self.is_cut_by_voice) = (None, false);
        if let Phase::Keying(_) = self.phase {
            return self.keyed(digit);
        }
        let place = digit.to_digit(10).and_then(|n| usize::try_from(n).ok()).and_then(|n| n.checked_sub(1));
        let chosen = match &self.phase {
            Phase::Choosing(choices) => place.and_then(|place| choices.get(place)).cloned(),
            _ => None,
        };
        if let Some(choice) = chosen {
            return self.ask(&choice, 1.0);
        }
        let asks = matches!(self.phase, Phase::Confirming { .. } | Phase::Offering { .. } | Phase::Checking { .. });
        match digit {
            '0' => self.obey(Command::Person),
            '1' if asks => self.decided(true),
            '2' if asks => self.decided(false),
            '1' => self.obey(Command::Language(Language::Fi)),
            '2' => self.obey(Command::Language(Language::Sv)),
            '3' => self.obey(Command::Language(Language::En)),
            '4' | '*' => self.obey(Command::Repeat),
            '5' => self.obey(Command::Slower),
            '6' => self.obey(Command::Simpler),
            '7' => self.obey(Command::Link),
            '8' => self.obey(Command::More),
            '9' => self.obey(Command::Help),
            // Only silences the bot.
            _ => {}
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Person => self.call_person(Occasion::Asked),
            Command::Language(language) => {
                self.language = language;
                self.phase = Phase::Open;
                self.say_texts(&["language-set", "ask"]);
            }
            Command::Repeat => {
                if !self.mouth.repeat(self.now, &mut self.out) {
                    self.say_texts(&["ask"]);
                }
            }
            Command::Slower => {
                self.mouth.pace = Pace::Slow;
                let before = self.script.line("slower", self.language);
                self.mouth.interrupt(&mut self.out);
                self.mouth.repeat_after(before, self.now, &mut self.out);
            }
            Command::Simpler => {
                let words = self.script.phrase("simpler", self.language);
                self.ask(&words, 1.0);
            }
            Command::Link => self.send_link(),
            Command::More => {
                if self.mouth.resume(self.now, &mut self.out) {
                    return;
                }
                let rest = std::mem::take(&mut self.rest);
                if rest.is_empty() { self.say_texts(&["ask"]) } else { self.deliver(rest, false) }
            }
            Command::Help => self.say_texts(&["help"]),
            Command::Goodbye => self.say_goodbye("goodbye"),
            Command::Yes | Command::No => {}
        }
    }

    /// Asks the assistant.
    pub(super) fn ask(&mut self, text: &str, certainty: f32) {
        if self.rules.questions_max <= self.questions_n {
            return self.call_person(Occasion::Misses);
        }
        if !self.mouth.is_acknowledging() {
            self.mouth.interrupt(&mut self.out);
        }
        self.questions_n += 1;
        self.certainty = certainty;
        self.phase = Phase::Thinking { since: self.now, is_told: false };
        let (question, text) = (self.questions_n, Words(text.to_owned()));
        self.out.push(Output::Ask { question, text, language: self.language });
    }

    /// The assistant is done.
    pub(super) fn replied(&mut self, question: u32, answer: Option<Box<Answer>>) {
        if question != self.questions_n || !matches!(self.phase, Phase::Thinking { .. }) {
            return;
        }
        let Some(answer) = answer else { return self.trouble() };
        self.language = answer.language;
        self.phase = Phase::Open;
        match answer.kind {
            Kind::Guidance => {
                let unsure = self.certainty < self.rules.certain_from || answer.confidence < self.rules.confident_from;
                match &answer.title {
                    Some(title) if unsure => {
                        let text = self.script.filled("confirm", self.language, "{title}", title);
                        self.say(sentences(&text, self.language).collect());
                        self.count(Counted::Confirm);
                        self.phase = Phase::Confirming { answer, asked_n: 0 };
                    }
                    _ => self.guide(&answer),
                }
            }
            Kind::Choice => {
                self.misses_n = 0;
                let mut lines = vec![self.script.line("choose", self.language)];
                for (id, title) in CHOICES.iter().zip(&answer.choices) {
                    lines.push((self.script.filled(id, self.language, "{title}", title).into(), self.language));
                }
                lines.push(self.script.line("choose-else", self.language));
                self.say(lines);
                self.phase = Phase::Choosing(answer.choices.into_iter().take(CHOICES.len()).collect());
            }
            Kind::Unknown => {
                self.misses_n = self.misses_n.saturating_add(1);
                self.count(Counted::Unclear);
                if MISSES_MAX <= self.misses_n {
                    return self.call_person(Occasion::Misses);
                }
                self.say_parts(&answer);
            }
            Kind::Chat => {
                self.misses_n = 0;
                self.say_parts(&answer);
            }
            Kind::Person(occasion) => self.give_way(occasion, &answer),
        }
    }

    fn say_parts(&mut self, answer: &Answer) {
        let lines: Vec<Line> = answer.parts.iter().flat_map(|part| sentences(part, answer.language)).collect();
        self.deliver(lines, false);
    }

    /// Says guidance.
    fn guide(&mut self, answer: &Answer) {
        self.misses_n = 0;
        self.about = answer.title.clone().zip(answer.link.clone()).or_else(|| self.about.take());
        let lines: Vec<Line> = answer.parts.iter().flat_map(|part| sentences(part, answer.language)).collect();
        self.deliver(lines, true);
    }

    /// Says as much as one listens to, and keeps the rest.
    fn deliver(&mut self, mut lines: Vec<Line>, is_guidance: bool) {
        let mut chars_n = 0;
        let fits = lines.iter().take_while(|(text, _)| {
            let fits = chars_n < ANSWER_CHARS_MAX;
            chars_n += text.chars().count();
            fits
        });
        let fits_n = fits.count();
        self.rest = lines.split_off(fits_n);
        self.phase = Phase::Open;
        if !self.rest.is_empty() {
            lines.push(self.script.line("more", self.language));
        } else if is_guidance {
            let id = if self.is_told_how { "after" } else { "after-first" };
            self.is_told_how = true;
            lines.push(self.script.line(id, self.language));
        }
        self.say(lines);
    }

    /// Yes or no.
    fn decided(&mut self, yes: bool) {
        match std::mem::replace(&mut self.phase, Phase::Open) {
            Phase::Confirming { answer, .. } if yes => self.guide(&answer),
            Phase::Confirming { .. } => {
                self.count(Counted::Denied);
                self.misses_n = self.misses_n.saturating_add(1);
                if MISSES_MAX <= self.misses_n {
                    return self.call_person(Occasion::Misses);
                }
                self.say_texts(&["denied"]);
            }
            Phase::Offering { .. } => self.call_back_wanted(yes),
            Phase::Checking { number, .. } => self.number_checked(number, yes),
            other => self.phase = other,
        }
    }

    /// Neither yes nor no.
    fn ask_again(&mut self) {
        let (Phase::Confirming { asked_n, .. } | Phase::Offering { asked_n } | Phase::Checking { asked_n, .. }) =
            &mut self.phase
        else {
            return self.say_texts(&["callback-key"]);
        };
        *asked_n += 1;
        if *asked_n < ASKED_MAX { self.say_texts(&["yes-or-no"]) } else { self.decided(false) }
    }

    /// Nobody says anything.
    pub(super) fn silent(&mut self) {
        if matches!(self.phase, Phase::Leaving { .. } | Phase::Thinking { .. } | Phase::Requesting { .. }) {
            return;
        }
        self.count(Counted::Silence);
        self.quiet_since = self.now;
        self.miss(["silence-1", "silence-2"]);
    }

    /// What was said could not be understood.
    pub(super) fn unclear(&mut self) {
        self.count(Counted::Unclear);
        self.miss(["unclear-1", "unclear-2"]);
    }

    fn miss(&mut self, [first, second]: [&str; 2]) {
        self.misses_n = self.misses_n.saturating_add(1);
        match (&self.phase, self.misses_n) {
            // Who was offered a call-back and says nothing has perhaps gone.
            (Phase::Offering { .. } | Phase::Keying(_) | Phase::Checking { .. }, MISSES_MAX..) => {
                self.say_goodbye("goodbye");
            }
            (_, MISSES_MAX..) => self.call_person(Occasion::Misses),
            (Phase::Confirming { .. } | Phase::Offering { .. } | Phase::Keying(_) | Phase::Checking { .. }, _) => {
                self.ask_again();
            }
            (_, 0..=1) => self.say_texts(&[first]),
            _ => self.say_texts(&[second]),
        }
    }

    fn send_link(&mut self) {
        let Some((title, link)) = self.about.clone() else { return self.say_texts(&["link-none"]) };
        if self.rules.has_sms && self.rules.knows_number && self.sms_n < SMS_MAX {
            self.sms_n += 1;
            self.out.push(Output::Sms(Words(format!("{title}: {link}"))));
        } else {
            self.tell_where(&title);
        }
    }

    /// The link was sent, or not.
    pub(super) fn link_done(&mut self, done: bool) {
        let is_talking = matches!(self.phase, Phase::Open | Phase::Choosing(_));
        match self.about.clone().filter(|_| is_talking && self.ear.is_quiet()) {
            Some(_) if done => self.say_texts(&["link-sent", "after"]),
            Some((title, _)) => self.tell_where(&title),
            None => {}
        }
    }

    fn tell_where(&mut self, title: &str) {
        let text = self.script.filled("link-find", self.language, "{title}", title);
        self.say(sentences(&text, self.language).collect());
    }
}
