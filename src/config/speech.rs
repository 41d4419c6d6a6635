//! What an operator sets about hearing and speaking.

use crate::speech::{RecogniserOptions, Voice, VoiceOptions};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Hearing and speaking, on the phone.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpeechConfig {
    /// A ggml file of Whisper, as whisper.cpp reads it.
    pub model: PathBuf,
    /// The ggml file of Silero, which tells speech from noise.
    pub activity: PathBuf,
    /// Utterances recognised at once, one core each; 0 takes as many as there are cores.
    pub recognisers_n: usize,
    /// Utterances that may wait for a recogniser.
    pub recognise_queue_len_max: usize,
    /// Seconds that recognising may take, waiting included.
    pub recognise_seconds_max: u64,
    /// The voice of each language.
    pub voices: VoicesConfig,
    /// Voices that speak at once.
    pub voices_n_max: usize,
    /// Texts that may wait for a voice.
    pub voice_queue_len_max: usize,
    /// Seconds that speaking a text into memory may take, waiting included.
    pub voice_seconds_max: u64,
    /// Bytes of spoken texts that are kept; 0 keeps none.
    pub voice_cache_bytes_max: u64,
}

/// The voice of each language.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct VoicesConfig {
    /// Of Finnish.
    pub fi: Voice,
    /// Of Swedish.
    pub sv: Voice,
    /// Of English.
    pub en: Voice,
}

impl Default for SpeechConfig {
    fn default() -> Self {
        Self {
            model: "models/whisper-base/ggml-base-q8_0.bin".into(),
            activity: "models/silero-vad/ggml-silero-v6.2.0.bin".into(),
            recognisers_n: 0,
            recognise_queue_len_max: 4,
            recognise_seconds_max: 10,
            voices: VoicesConfig::default(),
            voices_n_max: 4,
            voice_queue_len_max: 32,
            voice_seconds_max: 20,
            voice_cache_bytes_max: 32 << 20,
        }
    }
}

impl Default for VoicesConfig {
    fn default() -> Self {
        Self {
            fi: Voice::Festival("hy_fi_mv_diphone".to_owned()),
            sv: Voice::EspeakNg("sv".to_owned()),
            en: Voice::EspeakNg("en".to_owned()),
        }
    }
}

impl SpeechConfig {
    /// Makes relative paths start at a folder.
    pub(super) fn resolve(&mut self, base: &Path) {
        for file in [&mut self.model, &mut self.activity] {
            *file = base.join(&*file);
        }
    }

    /// Each number with its range and what to say where it is outside.
    pub(super) fn ranges(&self) -> [(&'static str, u64, std::ops::RangeInclusive<u64>, &'static str); 7] {
        [
            ("speech.recognisers_n", self.recognisers_n as u64, 0..=64, "expected 0 to 64"),
            ("speech.recognise_queue_len_max", self.recognise_queue_len_max as u64, 0..=1_000, "expected 0 to 1000"),
            ("speech.recognise_seconds_max", self.recognise_seconds_max, 1..=120, "expected 1 to 120"),
            ("speech.voices_n_max", self.voices_n_max as u64, 1..=64, "expected 1 to 64"),
            ("speech.voice_queue_len_max", self.voice_queue_len_max as u64, 0..=1_000, "expected 0 to 1000"),
            ("speech.voice_seconds_max", self.voice_seconds_max, 1..=120, "expected 1 to 120"),
            ("speech.voice_cache_bytes_max", self.voice_cache_bytes_max, 0..=1 << 34, "expected 0 to 17179869184"),
        ]
    }

    /// Whether a voice's name, program or address can be used.
    pub(super) fn has_voices(&self) -> bool {
        let plain = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
        };
        [&self.voices.fi, &self.voices.sv, &self.voices.en].into_iter().all(|voice| match voice {
            // These two become part of another program's arguments.
            Voice::Festival(name) | Voice::EspeakNg(name) => plain(name) && !name.starts_with('-'),
            Voice::Command(words) => words.first().is_some_and(|program| !program.is_empty()),
            Voice::Http(address) => address.starts_with("http://") || address.starts_with("https://"),
        })
    }

    /// What the recognisers are started with.
    pub fn recognisers(&self, cores_n: usize) -> RecogniserOptions {
        RecogniserOptions {
            model: self.model.clone(),
            threads_n: if self.recognisers_n == 0 { cores_n } else { self.recognisers_n },
            queue_len_max: self.recognise_queue_len_max,
            time_max: Duration::from_secs(self.recognise_seconds_max),
        }
    }

    /// What the voices are started with.
    pub fn voices(&self) -> VoiceOptions {
        let VoicesConfig { fi, sv, en } = self.voices.clone();
        VoiceOptions {
            voices: [fi, sv, en],
            running_n_max: self.voices_n_max,
            queue_len_max: self.voice_queue_len_max,
            time_max: Duration::from_secs(self.voice_seconds_max),
            cache_bytes_max: self.voice_cache_bytes_max,
        }
    }
}
