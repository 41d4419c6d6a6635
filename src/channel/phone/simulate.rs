//! A call without a gateway: a recording is played into the same machine, frame by frame at the speed of speech, and what is said is told.

use crate::channel::phone::line::{self, Command, Event, Socket};
use crate::channel::phone::ports::Speech;
use crate::channel::phone::state::Phone;
use crate::channel::phone::stream;
use crate::domain::{EventKind, Language};
use crate::exchange::{Exchange, Refusal};
use crate::speech::{FRAME_LEN, FRAME_MS, LINE_RATE_HZ, Pcm};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// When nobody has said anything for so long behind the recording, the caller hangs up: before the bot would ask why it is silent.
const QUIET_MAX: Duration = Duration::from_secs(6);
/// The most pieces of speech whose beginning is noted.
const SOUNDS_MAX: usize = 100;
/// The most events of one call that are told.
const EVENTS_MAX: u32 = 400;

/// A call that was led.
#[derive(Debug)]
pub struct Simulated {
    /// What happened in its conversation.
    pub events: Vec<EventKind>,
    /// How long the caller waited from the last sound of the recording to the first of the bot; none where it said nothing.
    pub waited: Option<Duration>,
    /// The same to the first sound of the answer, behind a short acknowledgement.
    pub answered: Option<Duration>,
}

/// Leads a call over a recording.
///
/// # Errors
/// Where the conversation cannot be kept.
pub async fn call(
    phone: &Arc<Phone>,
    exchange: &Arc<Exchange>,
    speech: &Speech,
    language: Option<Language>,
    recording: Pcm,
) -> Result<Simulated, Refusal> {
    let admitted = exchange.open_call(language).await?;
    let mut session = phone.session(exchange, admitted, language, None);
    let (line, ends) = line::line();
    let gone = CancellationToken::new();
    let leading = stream::lead(phone, &mut session, speech, line, &gone);
    let (_, sounds) = tokio::join!(leading, play(ends, recording));
    let language = session.call.language();
    let acknowledged_n = usize::try_from(session.call.acknowledged_n()).unwrap_or(usize::MAX);
    exchange.hang_up(admitted, language).await?;
    let events = exchange.events(admitted, 0, EVENTS_MAX).await?;
    let [waited, answered] = [0, acknowledged_n].map(|at| sounds.get(at).copied());
    Ok(Simulated { events: events.into_iter().map(|event| event.kind).collect(), waited, answered })
}

/// The caller: waits until the bot has asked, then plays the recording, listens to the answer and hangs up. Gives how long after the
/// recording's last sound each piece of speech began to come.
async fn play(ends: Socket, recording: Pcm) -> Vec<Duration> {
    let Socket { events, mut commands } = ends;
    let mut clock = interval(Duration::from_millis(u64::from(FRAME_MS)));
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut until_quiet = Duration::ZERO;
    let mut pending = Vec::new();
    let (mut at, mut quiet, mut has_spoken) = (0, Duration::ZERO, false);
    let frame_time = Duration::from_millis(u64::from(FRAME_MS));
    let (mut fell_silent, mut sounds) = (None::<Instant>, Vec::new());
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(Command::Play(id, pcm)) => {
                    sounds.extend(fell_silent.filter(|_| sounds.len() < SOUNDS_MAX).map(|since| since.elapsed()));
                    let samples_n = u32::try_from(pcm.len()).unwrap_or(u32::MAX);
                    until_quiet += Duration::from_secs_f64(f64::from(samples_n) / f64::from(LINE_RATE_HZ));
                    pending.push((until_quiet, id));
                }
                Some(Command::Clear) => {
                    pending.clear();
                    until_quiet = Duration::ZERO;
                }
                None => return sounds,
            },
            _ = clock.tick() => {
                until_quiet = until_quiet.saturating_sub(frame_time);
                for (left, _) in &mut pending {
                    *left = left.saturating_sub(frame_time);
                }
                let played = pending.iter().take_while(|(left, _)| left.is_zero()).count();
                for (_, id) in pending.drain(..played) {
                    has_spoken = true;
                    if events.send(Event::Mark(id)).await.is_err() {
                        return sounds;
                    }
                }
                let speaks = has_spoken && (at > 0 || (pending.is_empty() && until_quiet.is_zero()));
                let frame = match recording.get(at..).filter(|_| speaks) {
                    Some(rest) if !rest.is_empty() => {
                        at += FRAME_LEN;
                        if rest.len() <= FRAME_LEN {
                            fell_silent = Some(Instant::now());
                        }
                        rest.iter().take(FRAME_LEN).copied().collect()
                    }
                    _ => vec![0; FRAME_LEN],
                };
                let is_quiet = recording.len() <= at && pending.is_empty();
                quiet = if is_quiet { quiet + frame_time } else { Duration::ZERO };
                if QUIET_MAX <= quiet || events.send(Event::Audio(frame)).await.is_err() {
                    return sounds;
                }
            }
        }
    }
}
