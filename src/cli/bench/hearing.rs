//! Voice activity: whether speech is noticed in noise, silence is not taken for it, and turns end.

use super::speech::{Clip, processor_time_ms};
use crate::app::speech::Speech;
use crate::speech::sounds::white_noise;
use crate::speech::{FRAME_LEN, FRAME_MS, Hearing, LINE_RATE_HZ, Listen as _};
use anyhow::Result;
use serde::Serialize;
use std::fmt;

/// Silence before and after each clip, in frames.
const PADDING_FRAMES_N: usize = 100;
/// Noise below the speech, in decibels; the first is none to speak of.
const NOISES_DB: [f32; 4] = [99.0, 20.0, 10.0, 5.0];

/// What was measured with one noise.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    noise_db: f32,
    clips_n: usize,
    /// Clips whose turn began where they do, began in the silence before, and ended.
    started_n: usize,
    started_early_n: usize,
    ended_n: usize,
    /// From the last loud frame to the end of the turn.
    median_end_ms: u32,
    /// Processor time over the time that was heard.
    cost: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { noise_db, clips_n, started_n, started_early_n, ended_n, median_end_ms, cost } = self;
        write!(
            f,
            "noise {noise_db:.0} dB below: {started_n} of {clips_n} turns began, {started_early_n} too early, {ended_n} ended, \
             {median_end_ms} ms after the last loud frame (median); cost {cost:.4} of real time"
        )
    }
}

pub(super) fn measure(speech: &Speech, clips: &[Clip]) -> Result<Vec<Figures>> {
    NOISES_DB.into_iter().map(|noise_db| with_noise(speech, clips, noise_db)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "some minutes of sound")]
fn with_noise(speech: &Speech, clips: &[Clip], noise_db: f32) -> Result<Figures> {
    let (mut started_n, mut started_early_n, mut ended_n, mut samples_n) = (0, 0, 0, 0);
    let mut ends_ms = Vec::new();
    let before = processor_time_ms();
    for clip in clips {
        let sound = noisy(&clip.samples, noise_db);
        let last_loud = PADDING_FRAMES_N + last_loud_frame(&clip.samples);
        let mut listener = speech.listener()?;
        let (mut started, mut early, mut end) = (false, false, None);
        for (i, frame) in sound.chunks_exact(FRAME_LEN).enumerate() {
            match listener.push(frame) {
                Some(Hearing::Started) if i < PADDING_FRAMES_N => early = true,
                Some(Hearing::Started) => started = true,
                Some(Hearing::Ended) => {
                    end = Some(i);
                    listener.reset();
                }
                Some(Hearing::Paused(_) | Hearing::Resumed) | None => {}
            }
        }
        started_n += usize::from(started);
        started_early_n += usize::from(early);
        samples_n += sound.len();
        if let Some(end) = end {
            ended_n += 1;
            ends_ms.push(u32::try_from(end.saturating_sub(last_loud)).unwrap_or(u32::MAX).saturating_mul(FRAME_MS));
        }
    }
    ends_ms.sort_unstable();
    let median_end_ms = ends_ms.get(ends_ms.len() / 2).copied().unwrap_or_default();
    let cost = (processor_time_ms() - before) / (samples_n as f64 * 1e3 / f64::from(LINE_RATE_HZ));
    Ok(Figures { noise_db, clips_n: clips.len(), started_n, started_early_n, ended_n, median_end_ms, cost })
}

/// The clip with silence around it and white noise over all.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the cast saturates, and that is wanted"
)]
fn noisy(samples: &[i16], noise_db: f32) -> Vec<i16> {
    let power = samples.iter().map(|&sample| f32::from(sample).powi(2)).sum::<f32>() / samples.len().max(1) as f32;
    // White noise between -1 and 1 has a power of a third.
    let factor = (3.0 * power).sqrt() * 10.0_f32.powf(-noise_db / 20.0);
    let padding = vec![0; PADDING_FRAMES_N * FRAME_LEN];
    let whole = [padding.as_slice(), samples, padding.as_slice()].concat();
    let noise = white_noise(whole.len());
    whole.iter().zip(noise).map(|(&sample, noise)| (f32::from(sample) + factor * noise) as i16).collect()
}

/// The last frame with a thousandth of the loudest one's power.
fn last_loud_frame(samples: &[i16]) -> usize {
    let powers: Vec<f32> = samples
        .chunks_exact(FRAME_LEN)
        .map(|frame| frame.iter().map(|&sample| f32::from(sample).powi(2)).sum())
        .collect();
    let loudest = powers.iter().copied().fold(0.0, f32::max);
    powers.iter().rposition(|&power| power > loudest / 1_000.0).unwrap_or_default()
}
