//! What the bot is saying: pieces on their way to the caller's ear, and what became of each.

use super::words::{Output, Segment, SegmentId};
use crate::domain::Language;
use crate::speech::Pace;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// A sentence in a language.
pub(super) type Line = (Arc<str>, Language);

/// A piece that was not reported as played after so long was played, or never will be.
const SEGMENT_MAX: Duration = Duration::from_mins(1);
/// More pieces are never said in one go.
const LINES_MAX: usize = 40;

/// The bot's mouth. It says one thing at a time: what is new takes the place of what was being said.
#[derive(Debug, Default)]
pub(super) struct Mouth {
    /// The pace from now on.
    pub(super) pace: Pace,
    last_id: u32,
    /// Said, and not yet reported as played.
    pending: VecDeque<Segment>,
    /// A short word that says that the caller was heard, while nothing else is said.
    acknowledging: Option<SegmentId>,
    /// Cut off by the caller.
    cut: Vec<Line>,
    /// All of what was said last, to say it again.
    last: Vec<Line>,
    /// When a piece was last played, or the first of them began.
    moved: Duration,
    played_n: u32,
}

impl Mouth {
    /// Says something instead of what is being said; behind a short acknowledgement, which is heard to its end.
    pub(super) fn say(&mut self, lines: Vec<Line>, now: Duration, out: &mut Vec<Output>) {
        if !self.is_acknowledging() {
            self.hush(out);
        }
        self.cut.clear();
        self.last.clear();
        self.go_on(lines, now, out);
    }

    /// Says something behind what is being said.
    pub(super) fn go_on(&mut self, lines: Vec<Line>, now: Duration, out: &mut Vec<Output>) {
        if self.pending.is_empty() {
            self.moved = now;
        }
        for line in lines.into_iter().filter(|(text, _)| !text.trim().is_empty()) {
            if LINES_MAX <= self.last.len() {
                return;
            }
            self.last.push(line.clone());
            self.push(line, out);
        }
    }

    /// Says a short word that is no part of what is said: it is neither repeated nor resumed.
    pub(super) fn acknowledge(&mut self, word: Line, now: Duration, out: &mut Vec<Output>) {
        self.moved = now;
        self.push(word, out);
        self.acknowledging = self.pending.back().map(|segment| segment.id);
    }

    /// Whether nothing but an acknowledgement is being said.
    pub(super) fn is_acknowledging(&self) -> bool {
        self.acknowledging.is_some() && self.pending.back().map(|segment| segment.id) == self.acknowledging
    }

    /// Is quiet at once. What was not heard, or not to its end, can be resumed.
    pub(super) fn interrupt(&mut self, out: &mut Vec<Output>) {
        if self.is_acknowledging() {
            self.hush(out);
        } else if self.is_speaking() {
            let of_words = self.pending.iter().filter(|segment| Some(segment.id) != self.acknowledging);
            self.cut = of_words.map(|segment| (Arc::clone(&segment.text), segment.language)).collect();
            self.hush(out);
        }
    }

    /// Goes on from the sentence in which it was interrupted. Says whether there was one.
    pub(super) fn resume(&mut self, now: Duration, out: &mut Vec<Output>) -> bool {
        let cut = std::mem::take(&mut self.cut);
        self.moved = now;
        let has = !cut.is_empty();
        for line in cut {
            self.push(line, out);
        }
        has
    }

    /// Says the last words once more. Says whether there were any.
    pub(super) fn repeat(&mut self, now: Duration, out: &mut Vec<Output>) -> bool {
        let last = std::mem::take(&mut self.last);
        let has = !last.is_empty();
        self.say(last, now, out);
        has
    }

    /// Says the last words once more, behind something.
    pub(super) fn repeat_after(&mut self, before: Line, now: Duration, out: &mut Vec<Output>) {
        let last = std::mem::take(&mut self.last);
        self.say(std::iter::once(before).chain(last.clone()).collect(), now, out);
        self.last = last;
    }

    /// A mark came back. One that was cleared tells nothing; one of a later piece tells that the earlier were played, too.
    pub(super) fn mark(&mut self, id: SegmentId, now: Duration) {
        while self.pending.front().is_some_and(|segment| segment.id <= id) {
            self.pending.pop_front();
            self.played_n = self.played_n.saturating_add(1);
            self.moved = now;
        }
    }

    /// Takes a piece that was never reported as played.
    pub(super) fn tick(&mut self, now: Duration) {
        if let Some(front) = self.pending.front().filter(|_| self.moved + SEGMENT_MAX <= now) {
            self.mark(front.id, now);
        }
    }

    /// Whether something is being said.
    pub(super) fn is_speaking(&self) -> bool {
        !self.pending.is_empty()
    }

    /// What is being said, and not yet reported as played.
    pub(super) fn pending(&self) -> impl Iterator<Item = SegmentId> {
        self.pending.iter().map(|segment| segment.id)
    }

    /// How many pieces the caller has heard to their end.
    pub(super) const fn played_n(&self) -> u32 {
        self.played_n
    }

    /// Is quiet at once, for good.
    pub(super) fn hush(&mut self, out: &mut Vec<Output>) {
        if !self.pending.is_empty() {
            self.pending.clear();
            out.push(Output::Clear);
        }
    }

    fn push(&mut self, (text, language): Line, out: &mut Vec<Output>) {
        self.last_id = self.last_id.saturating_add(1);
        let segment = Segment { id: SegmentId(self.last_id), text, language, pace: self.pace };
        self.pending.push_back(segment.clone());
        out.push(Output::Speak(segment));
    }
}
