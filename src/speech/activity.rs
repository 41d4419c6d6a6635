//! Voice activity in one call's frames.

use super::silero::{RATE_HZ, Silero, SileroState, WINDOW_LEN};
use super::{FRAME_LEN, LINE_RATE_HZ, SpeechError};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};
use std::sync::Arc;

/// Samples of a frame at the network's rate.
const WIDE_LEN: usize = FRAME_LEN * (RATE_HZ / LINE_RATE_HZ) as usize;

/// Frames in, the probability of speech out. It lags by some 40 ms: the resampler's delay and the filling of a window.
pub struct Activity {
    weights: Arc<Silero>,
    resampler: Fft<f32>,
    network: SileroState,
    wide: [f32; WIDE_LEN],
    /// Samples that do not fill a window yet.
    waiting: Vec<f32>,
    probability: f32,
}

impl Activity {
    /// For a call that begins.
    ///
    /// # Errors
    /// Never in practice: the rates are fixed.
    pub fn new(weights: Arc<Silero>) -> Result<Self, SpeechError> {
        let resampler = Fft::new(LINE_RATE_HZ as usize, RATE_HZ as usize, FRAME_LEN, 1, FixedSync::Input)
            .map_err(|error| SpeechError::Failed { what: "voice activity", message: error.to_string() })?;
        let network = SileroState::new(Arc::clone(&weights));
        let waiting = Vec::with_capacity(WINDOW_LEN + WIDE_LEN);
        Ok(Self { weights, resampler, network, wide: [0.0; WIDE_LEN], waiting, probability: 0.0 })
    }

    /// The probability that there is speech at the end of this frame. A frame of another length than [`FRAME_LEN`] changes nothing.
    pub fn push(&mut self, frame: &[i16]) -> f32 {
        if self.widen(frame).is_none() {
            return self.probability;
        }
        self.waiting.extend(self.wide);
        if let Some(window) = self.waiting.first_chunk::<WINDOW_LEN>() {
            self.probability = self.network.window(window);
            self.waiting.drain(..WINDOW_LEN);
        }
        self.probability
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        self.resampler.reset();
        self.network = SileroState::new(Arc::clone(&self.weights));
        self.waiting.clear();
        self.probability = 0.0;
    }

    fn widen(&mut self, frame: &[i16]) -> Option<()> {
        let frame: &[i16; FRAME_LEN] = frame.try_into().ok()?;
        let narrow = frame.map(|sample| f32::from(sample) / 32_768.0);
        let input = InterleavedSlice::new(&narrow, 1, FRAME_LEN).ok()?;
        let mut output = InterleavedSlice::new_mut(&mut self.wide, 1, WIDE_LEN).ok()?;
        self.resampler.process_into_buffer(&input, &mut output, None).ok()?;
        Some(())
    }
}
