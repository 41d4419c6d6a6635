//! Brings audio to another rate.

use super::SpeechError;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};

const CHUNK_LEN: usize = 1_024;

/// Audio at another rate: band-limited, without the resampler's delay, as long in time as it was.
///
/// # Errors
/// Where a rate is none.
pub(crate) fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Result<Vec<f32>, SpeechError> {
    if from_hz == to_hz || samples.is_empty() {
        return Ok(samples.to_vec());
    }
    let failed = |error: &dyn std::error::Error| SpeechError::Failed { what: "resampling", message: error.to_string() };
    let (from, to) = (from_hz as usize, to_hz as usize);
    let mut resampler = Fft::<f32>::new(from, to, CHUNK_LEN, 1, FixedSync::Input).map_err(|error| failed(&error))?;
    let input = InterleavedSlice::new(samples, 1, samples.len()).map_err(|error| failed(&error))?;
    let output = resampler.process_all(&input, samples.len(), None).map_err(|error| failed(&error))?;
    Ok(output.take_data())
}

/// Linear 16-bit samples between -1 and 1.
pub(crate) fn floats(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|&sample| f32::from(sample) / 32_768.0).collect()
}

/// Samples between -1 and 1 as 16-bit ones; what is louder is clipped.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and that is wanted")]
pub(crate) fn integers(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|sample| (sample * 32_768.0).round() as i16).collect()
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "some ten thousand samples")]
mod tests {
    use super::*;

    /// The level of a tone of so many hertz.
    fn level(samples: &[f32], rate_hz: f32, hz: f32) -> f32 {
        let angle = |i: usize| std::f32::consts::TAU * hz * i as f32 / rate_hz;
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (i, sample) in samples.iter().enumerate() {
            sine += sample * angle(i).sin();
            cosine += sample * angle(i).cos();
        }
        sine.hypot(cosine) * 2.0 / samples.len() as f32
    }

    fn tone(rate_hz: u32, hz: f32) -> Vec<f32> {
        (0..rate_hz).map(|i| 0.5 * (std::f32::consts::TAU * hz * i as f32 / rate_hz as f32).sin()).collect()
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_level_and_has_no_image() {
        let wide = resample(&tone(8_000, 1_000.0), 8_000, 16_000).unwrap();
        assert_eq!(wide.len(), 16_000);
        assert!((level(&wide, 16_000.0, 1_000.0) - 0.5).abs() < 0.01);
        assert!(level(&wide, 16_000.0, 7_000.0) < 0.001);
        // Above half of the new rate nothing folds back.
        let narrow = resample(&tone(44_100, 6_000.0), 44_100, 8_000).unwrap();
        assert_eq!(narrow.len(), 8_000);
        assert!(level(&narrow, 8_000.0, 2_000.0) < 0.002);
    }

    #[test]
    fn loud_samples_are_clipped() {
        assert_eq!(integers(&[1.5, -1.5, 0.0, 0.5]), [32_767, -32_768, 0, 16_384]);
    }
}
