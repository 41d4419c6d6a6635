//! Leads a call with audio both ways: hears, recognises, asks, speaks, all at once, until the line or the call ends.

use crate::channel::phone::call::{Deaf, Input, Output, Segment, SegmentId, Transferred};
use crate::channel::phone::effects::{self, Done};
use crate::channel::phone::line::{Command, Event, Line};
use crate::channel::phone::ports::Speech;
use crate::channel::phone::session::Session;
use crate::channel::phone::state::Phone;
use crate::speech::{FRAME_LEN, Heard, Hearing, Listen, Pcm, SpeechError};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use futures_util::{FutureExt as _, StreamExt as _};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The call does not need the line any more: it is over, or goes to a person.
    Left,
    /// The line is gone.
    Broken,
}

/// How often the call is told the time.
const TICK_TIME: Duration = Duration::from_millis(100);
/// Voices that are made ahead of what is being played.
const VOICES_AHEAD: usize = 2;

type Recognised = (u32, Result<Heard, SpeechError>);
type Voiced = (SegmentId, Result<Pcm, SpeechError>);

/// One call on one line.
struct Stream<'a> {
    phone: &'a Arc<Phone>,
    session: &'a mut Session,
    speech: &'a Speech,
    listener: Box<dyn Listen>,
    line: Line,
    /// Samples that do not make a frame yet.
    rest: Vec<i16>,
    recognising: Option<BoxFuture<'static, Recognised>>,
    voices: FuturesOrdered<BoxFuture<'static, Voiced>>,
    to_say: VecDeque<Segment>,
    doing: FuturesUnordered<BoxFuture<'static, Done>>,
    /// When the caller's turn ended.
    ended: Option<Instant>,
    /// The same of a question that waits for the first sound of its answer.
    asked: Option<Instant>,
    is_done: bool,
}

/// Leads a call on a line. `gone` ends it from outside.
pub(super) async fn lead(
    phone: &Arc<Phone>,
    session: &mut Session,
    speech: &Speech,
    line: Line,
    gone: &CancellationToken,
) -> Ended {
    let begins = session.back.take().map_or(Input::Connected, Input::Transferred);
    let mut stream = Stream {
        phone,
        session,
        speech,
        listener: (speech.listener)(),
        line,
        rest: Vec::new(),
        recognising: None,
        voices: FuturesOrdered::new(),
        to_say: VecDeque::new(),
        doing: FuturesUnordered::new(),
        ended: None,
        asked: None,
        is_done: false,
    };
    stream.take(begins).await;
    stream.run(gone).await
}

impl Stream<'_> {
    async fn run(&mut self, gone: &CancellationToken) -> Ended {
        let mut tick = interval(TICK_TIME);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while !self.is_done {
            tokio::select! {
                // A voice that has begun is to be heard at once, and what is heard comes before what is said.
                biased;
                () = gone.cancelled() => return Ended::Broken,
                event = self.line.events.recv() => match event {
                    Some(Event::Audio(samples)) => self.listen(&samples).await,
                    Some(Event::Digit(digit)) => {
                        self.ended = None;
                        self.take(Input::Digit(digit)).await;
                    }
                    Some(Event::Mark(id)) => self.take(Input::Mark(id)).await,
                    None => return Ended::Broken,
                },
                (utterance, heard) = of(&mut self.recognising) => {
                    self.recognising = None;
                    let heard = heard.map_err(|error| self.deaf(&error));
                    self.take(Input::Heard { utterance, heard }).await;
                }
                Some((id, voice)) = self.voices.next(), if !self.voices.is_empty() => self.voiced(id, voice).await,
                Some(done) = self.doing.next(), if !self.doing.is_empty() => self.did(done).await,
                _ = tick.tick() => self.take(Input::Tick).await,
            }
        }
        Ended::Left
    }

    /// Hears what came over the line, frame by frame.
    #[expect(clippy::disallowed_methods, reason = "times what a caller waits for")]
    async fn listen(&mut self, samples: &[i16]) {
        self.rest.extend_from_slice(samples);
        let rest = std::mem::take(&mut self.rest);
        let mut frames = rest.chunks_exact(FRAME_LEN);
        for frame in &mut frames {
            let Some(hearing) = self.listener.push(frame) else { continue };
            self.ended = (hearing == Hearing::Ended).then(Instant::now);
            self.take(Input::Hearing(hearing)).await;
        }
        self.rest.extend_from_slice(frames.remainder());
    }

    /// Puts something into the call and does what it wants.
    async fn take(&mut self, input: Input) {
        for output in self.session.take(input) {
            self.act(output).await;
        }
    }

    async fn act(&mut self, output: Output) {
        match output {
            Output::Speak(segment) => {
                self.to_say.push_back(segment);
                self.make_voices();
            }
            Output::Clear => {
                self.to_say.clear();
                self.voices = FuturesOrdered::new();
                self.send(Command::Clear).await;
            }
            Output::Recognise { utterance, pcm, language } => {
                let recognising = self.speech.recogniser.recognise(pcm, language);
                self.recognising = Some(recognising.map(move |heard| (utterance, heard)).boxed());
            }
            Output::Abandon => self.recognising = None,
            Output::Listen => self.listener.reset(),
            Output::End => self.is_done = true,
            output => {
                if matches!(output, Output::Ask { .. }) {
                    self.asked = self.ended.take();
                }
                let language = self.session.call.language();
                self.doing.extend(effects::begin(self.phone, &self.session.parties, language, output));
            }
        }
    }

    async fn did(&mut self, done: Done) {
        match done {
            Done::Input(input) => self.take(input).await,
            Done::Person(Some(person)) => {
                self.session.person = Some(person);
                self.is_done = true;
            }
            Done::Person(None) => self.take(Input::Transferred(Transferred::Closed)).await,
        }
    }

    fn make_voices(&mut self) {
        while self.voices.len() < VOICES_AHEAD {
            let Some(Segment { id, text, language, pace }) = self.to_say.pop_front() else { return };
            let voice = self.speech.voice.synthesise(&text, language, pace);
            self.voices.push_back(voice.map(move |voice| (id, voice)).boxed());
        }
    }

    async fn voiced(&mut self, id: SegmentId, voice: Result<Pcm, SpeechError>) {
        match voice {
            Ok(pcm) => {
                if let Some(asked) = self.asked.take() {
                    self.phone.metrics.call_answered(asked.elapsed());
                }
                self.send(Command::Play(id, pcm)).await;
            }
            Err(error) => {
                tracing::warn!(%error, "something could not be said to a caller");
                self.phone.metrics.call_event("voiceless");
                self.take(Input::Voiceless(id)).await;
            }
        }
        self.make_voices();
    }

    fn deaf(&self, error: &SpeechError) -> Deaf {
        match error {
            SpeechError::Busy { .. } => Deaf::Busy,
            SpeechError::TimedOut { .. } | SpeechError::Failed { .. } => {
                tracing::warn!(%error, "a caller could not be understood");
                self.phone.metrics.call_event("deaf");
                Deaf::Failed
            }
        }
    }

    /// Tells the line; one that is closed shows by its events.
    async fn send(&mut self, command: Command) {
        let _ = self.line.commands.send(command).await;
    }
}

/// Waits for what may be under way.
async fn of(recognising: &mut Option<BoxFuture<'static, Recognised>>) -> Recognised {
    match recognising {
        Some(recognising) => recognising.await,
        None => std::future::pending().await,
    }
}
