//! Recordings in WAV files.

use super::resample::{integers, resample};
use super::{LINE_RATE_HZ, SpeechError};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use std::io::{Cursor, Read};

/// The longest recording that is read.
const SECONDS_MAX: u32 = 600;
/// The rates that are read.
const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// Bytes of the usual header.
const HEADER_LEN: usize = 44;

/// A recording.
#[derive(Clone)]
pub struct Recording {
    /// Samples a second.
    pub rate_hz: u32,
    /// Samples between -1 and 1, the channels mixed.
    pub samples: Vec<f32>,
}

impl Recording {
    /// Reads a WAV file of any rate with whole or floating numbers.
    ///
    /// # Errors
    /// Where it is no such file, or longer than ten minutes.
    pub fn read(reader: impl Read) -> Result<Self, SpeechError> {
        let failed = |message: String| SpeechError::Failed { what: "reading the recording", message };
        let mut reader = WavReader::new(reader).map_err(|error| failed(error.to_string()))?;
        let WavSpec { channels, sample_rate, bits_per_sample, sample_format } = reader.spec();
        if !RATES_HZ.contains(&sample_rate) || channels == 0 {
            return Err(failed(format!("it has {channels} channels and {sample_rate} samples a second")));
        }
        let samples_n_max = SECONDS_MAX as usize * sample_rate as usize * usize::from(channels);
        let wide: Vec<f32> = match sample_format {
            SampleFormat::Float => reader.samples::<f32>().take(samples_n_max + 1).collect::<Result<_, _>>(),
            SampleFormat::Int => {
                let scale = f32::from(bits_per_sample.saturating_sub(1)).exp2();
                #[expect(clippy::cast_precision_loss, reason = "24 bits suffice for speech")]
                let narrow = |sample: i32| sample as f32 / scale;
                reader.samples::<i32>().take(samples_n_max + 1).map(|sample| sample.map(narrow)).collect()
            }
        }
        .map_err(|error| failed(error.to_string()))?;
        if wide.len() > samples_n_max {
            return Err(failed(format!("it is longer than {SECONDS_MAX} s: cut it")));
        }
        let mix = |frame: &[f32]| frame.iter().sum::<f32>() / f32::from(channels);
        let samples = wide.chunks_exact(channels.into()).map(mix).collect();
        Ok(Self { rate_hz: sample_rate, samples })
    }

    /// Reads what a program wrote into a pipe, where it could not go back to put the length into the header: the sound goes to the end.
    ///
    /// # Errors
    /// As [`Recording::read`].
    pub(crate) fn read_piped(mut bytes: Vec<u8>) -> Result<Self, SpeechError> {
        let word = |bytes: &[u8], at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
        let mut at = 12;
        while let (Some(name), Some(len)) = (bytes.get(at..at + 4), word(&bytes, at + 4)) {
            let rest = bytes.len() - (at + 8);
            if name == b"data" {
                if len == 0 || len as usize > rest {
                    // festival then writes the header once more, at the end.
                    let again =
                        len == 0 && rest >= HEADER_LEN && bytes.get(bytes.len() - HEADER_LEN..).is_some_and(is_header);
                    let whole = if again { rest - HEADER_LEN } else { rest };
                    // Whole samples of 16 bits.
                    let len = u32::try_from(whole / 2 * 2).unwrap_or(u32::MAX).to_le_bytes();
                    if let Some(place) = bytes.get_mut(at + 4..at + 8) {
                        place.copy_from_slice(&len);
                    }
                }
                break;
            }
            at += 8 + len as usize;
        }
        Self::read(bytes.as_slice())
    }

    /// The recording as a telephone line carries it.
    ///
    /// # Errors
    /// Where it cannot be resampled.
    pub fn line(&self) -> Result<Vec<i16>, SpeechError> {
        Ok(integers(&resample(&self.samples, self.rate_hz, LINE_RATE_HZ)?))
    }

    /// How long it is.
    #[expect(clippy::cast_precision_loss, reason = "ten minutes at most")]
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate_hz)
    }
}

fn is_header(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF")
}

/// Audio of the line as a WAV file.
///
/// # Errors
/// Where it is too long for the form.
pub fn write_wav(samples: &[i16]) -> Result<Vec<u8>, SpeechError> {
    let failed = |error: hound::Error| SpeechError::Failed { what: "writing a recording", message: error.to_string() };
    let spec =
        WavSpec { channels: 1, sample_rate: LINE_RATE_HZ, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut bytes = Cursor::new(Vec::with_capacity(44 + 2 * samples.len()));
    let mut writer = WavWriter::new(&mut bytes, spec).map_err(failed)?;
    for &sample in samples {
        writer.write_sample(sample).map_err(failed)?;
    }
    writer.finalize().map_err(failed)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let samples: Vec<i16> = (0..800).map(|i| i * 40 - 16_000).collect();
        let read = Recording::read(write_wav(&samples).unwrap().as_slice()).unwrap();
        assert_eq!((read.rate_hz, read.line().unwrap()), (8_000, samples));
        assert!((read.seconds() - 0.1).abs() < 1e-9);
    }

    #[test]
    fn what_came_through_a_pipe_is_read_to_its_end() {
        let samples = [100_i16; 400];
        let file = write_wav(&samples).unwrap();
        let with_len = |len: u32| {
            let mut bytes = file.clone();
            bytes[40..44].copy_from_slice(&len.to_le_bytes());
            bytes
        };
        let festival = [with_len(0), file[..44].to_vec()].concat();
        for bytes in [file.clone(), with_len(0), with_len(0x7fff_f000), festival] {
            assert_eq!(Recording::read_piped(bytes).unwrap().line().unwrap(), samples);
        }
        assert!(Recording::read_piped(vec![0; 20]).is_err());
        assert!(Recording::read_piped(Vec::new()).is_err());
    }

    #[test]
    fn channels_are_mixed_and_rates_change() {
        let spec = WavSpec { channels: 2, sample_rate: 48_000, bits_per_sample: 24, sample_format: SampleFormat::Int };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
        for _ in 0..48_000 {
            writer.write_sample(1 << 22).unwrap();
            writer.write_sample(0).unwrap();
        }
        writer.finalize().unwrap();
        let line = Recording::read(bytes.into_inner().as_slice()).unwrap().line().unwrap();
        assert_eq!(line.len(), 8_000);
        assert!((line[4_000] - 8_192).abs() < 50, "{}", line[4_000]);
    }

    #[test]
    fn what_is_no_recording_is_refused() {
        for bytes in [b"".as_slice(), b"RIFF", &[0; 64]] {
            assert!(matches!(Recording::read(bytes), Err(SpeechError::Failed { .. })));
        }
    }
}
