//! The two ends of a line with audio: what a gateway's adapter tells, and what it is told.

use crate::channel::phone::call::SegmentId;
use crate::speech::{FRAME_LEN, FRAME_MS, Pcm};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// What comes over a line.
#[derive(Debug)]
pub enum Event {
    /// Samples of the caller's voice, any number.
    Audio(Vec<i16>),
    /// A key.
    Digit(char),
    /// A piece was played, or thrown away.
    Mark(SegmentId),
}

/// What a line is to do.
#[derive(Debug)]
pub enum Command {
    /// Play this behind what is being played, then tell that it was.
    Play(SegmentId, Pcm),
    /// Be quiet at once.
    Clear,
}

/// The call's end of a line. It is closed when `events` is: the adapter ends when `commands` is dropped.
#[derive(Debug)]
pub struct Line {
    /// What comes in.
    pub events: mpsc::Receiver<Event>,
    /// What goes out.
    pub commands: mpsc::Sender<Command>,
}

/// The adapter's end of a line.
#[derive(Debug)]
pub struct Socket {
    /// What comes in.
    pub events: mpsc::Sender<Event>,
    /// What goes out.
    pub commands: mpsc::Receiver<Command>,
}

/// Some seconds of frames: a call that cannot follow loses its line.
const EVENTS_MAX: usize = 256;
/// More pieces than are said in one go.
const COMMANDS_MAX: usize = 64;
/// So much is sent ahead of time, so that a gateway has something to play: what is on its way when the caller interrupts.
const AHEAD_FRAMES: u32 = 3;

/// A line.
pub fn line() -> (Line, Socket) {
    let (to_call, events) = mpsc::channel(EVENTS_MAX);
    let (commands, to_line) = mpsc::channel(COMMANDS_MAX);
    (Line { events, commands }, Socket { events: to_call, commands: to_line })
}

/// Plays at the speed of speech, for gateways that neither queue nor tell what was played.
#[derive(Debug)]
pub struct Player {
    clock: Interval,
    ahead_n: u32,
    queue: VecDeque<(SegmentId, Pcm, usize)>,
}

/// What a player gives out.
#[derive(Debug)]
pub enum Played {
    /// A frame to send: little-endian samples.
    Frame(Vec<u8>),
    /// A piece has gone out whole.
    Whole(SegmentId),
}

impl Player {
    /// A player with nothing to play.
    pub fn new() -> Self {
        let mut clock = interval(Duration::from_millis(u64::from(FRAME_MS)));
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        Self { clock, ahead_n: 0, queue: VecDeque::new() }
    }

    /// Does what a line is told.
    pub fn obey(&mut self, command: Command) {
        match command {
            Command::Play(id, pcm) => {
                if self.queue.is_empty() {
                    // Time that passed in silence is no reason to hurry.
                    self.clock.reset_immediately();
                    self.ahead_n = AHEAD_FRAMES;
                }
                self.queue.push_back((id, pcm, 0));
            }
            Command::Clear => self.queue.clear(),
        }
    }

    /// Waits for the time of the next frame; forever while there is nothing to play.
    pub async fn next(&mut self) -> Played {
        let Some((id, pcm, at)) = self.queue.front_mut() else { return std::future::pending().await };
        if pcm.len() <= *at {
            let id = *id;
            self.queue.pop_front();
            return Played::Whole(id);
        }
        if self.ahead_n == 0 {
            self.clock.tick().await;
        } else {
            self.ahead_n -= 1;
        }
        // The last frame ends in silence.
        let samples = pcm.iter().copied().skip(*at).chain(std::iter::repeat(0)).take(FRAME_LEN);
        let bytes = samples.flat_map(i16::to_le_bytes).collect();
        *at += FRAME_LEN;
        Played::Frame(bytes)
    }
}

impl Default for Player {
    fn default() -> Self {
        Self::new()
    }
}
