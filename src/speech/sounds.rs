//! Sounds of a telephone line that are no speech, made by formula: what a listener must stay silent on.

use super::LINE_RATE_HZ;
use std::f32::consts::TAU;

/// A sound and what it is.
pub struct Sound {
    /// What it is and how loud, such as `white noise, -30 dB`.
    pub name: String,
    /// Five seconds of it, as the line carries it.
    pub samples: Vec<i16>,
}

const SECONDS: usize = 5;
const LEN: usize = SECONDS * LINE_RATE_HZ as usize;
/// Levels of the loudest sample, in decibels below the loudest there is.
const LEVELS_DB: [f32; 5] = [-6.0, -14.0, -22.0, -30.0, -40.0];
/// Frequencies of the telephone's keys, in hertz.
const KEYS_LOW_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const KEYS_HIGH_HZ: [f32; 3] = [1_209.0, 1_336.0, 1_477.0];
/// A scale for music, in hertz.
const NOTES_HZ: [f32; 8] = [261.6, 293.7, 329.6, 349.2, 392.0, 440.0, 493.9, 523.3];

/// Sixty clips: twelve kinds at five levels. The same at every call.
pub fn sounds_without_speech() -> Vec<Sound> {
    let kinds: [(&str, Vec<f32>); 12] = [
        ("silence", vec![0.0; LEN]),
        ("white noise", white()),
        ("pink noise", pink()),
        ("babble-shaped noise", shaped()),
        ("mains hum", tones(&[(50.0, 1.0), (100.0, 0.7), (150.0, 0.5), (250.0, 0.3)], |_| true)),
        ("clicks", clicks()),
        ("keys", keys()),
        ("ring tone", tones(&[(425.0, 1.0)], |ms| ms % 4_000 < 1_000)),
        ("busy tone", tones(&[(425.0, 1.0)], |ms| ms % 600 < 300)),
        ("dial tone", tones(&[(425.0, 1.0)], |_| true)),
        ("melody", melody()),
        ("chords", chords()),
    ];
    let mut sounds = Vec::new();
    for (name, shape) in kinds {
        for level_db in LEVELS_DB {
            let name = format!("{name}, {level_db:.0} dB");
            // Silence has a level as well: that of the noise of the line.
            let samples =
                if name.starts_with("silence") { scaled(&white(), level_db - 40.0) } else { scaled(&shape, level_db) };
            sounds.push(Sound { name, samples });
        }
    }
    sounds
}

/// A sound with its loudest sample at a level.
#[expect(clippy::cast_possible_truncation, reason = "the level keeps it within 16 bits")]
fn scaled(shape: &[f32], level_db: f32) -> Vec<i16> {
    let loudest = shape.iter().fold(1e-9_f32, |loudest, sample| loudest.max(sample.abs()));
    let factor = 10.0_f32.powf(level_db / 20.0) * 32_767.0 / loudest;
    shape.iter().map(|sample| (sample * factor) as i16).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a few ten thousand samples")]
fn seconds(i: usize) -> f32 {
    i as f32 / LINE_RATE_HZ as f32
}

/// White noise between -1 and 1, the same at every call.
pub fn white_noise(len: usize) -> Vec<f32> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // The upper 16 bits, around zero.
        f32::from(((state >> 48) as u16).cast_signed()) / 32_768.0
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn white() -> Vec<f32> {
    white_noise(LEN)
}

/// Noise whose power falls with its frequency: Kellet's three poles.
fn pink() -> Vec<f32> {
    let (mut slow, mut middle, mut quick) = (0.0, 0.0, 0.0);
    let filter = |white: f32| {
        slow = 0.997_65 * slow + white * 0.099_046;
        middle = 0.963 * middle + white * 0.296_516_4;
        quick = 0.57 * quick + white * 1.052_691_3;
        slow + middle + quick + white * 0.184_8
    };
    white().into_iter().map(filter).collect()
}

/// Pink noise that swells and fades four times a second, as the din of many people does.
fn shaped() -> Vec<f32> {
    let swell = |(i, sample): (usize, f32)| sample * (0.6 + 0.4 * (TAU * 4.0 * seconds(i)).sin());
    pink().into_iter().enumerate().map(swell).collect()
}

fn tones(parts: &[(f32, f32)], sounds: impl Fn(usize) -> bool) -> Vec<f32> {
    let sample = |i: usize| {
        let on = sounds(i * 1_000 / LINE_RATE_HZ as usize);
        if on { parts.iter().map(|(hz, share)| share * (TAU * hz * seconds(i)).sin()).sum() } else { 0.0 }
    };
    (0..LEN).map(sample).collect()
}

/// A click every 400 ms.
fn clicks() -> Vec<f32> {
    (0..LEN).map(|i| if i % 3_200 < 8 { if i % 2 == 0 { 1.0 } else { -1.0 } } else { 0.0 }).collect()
}

/// Keys pressed one after the other, 120 ms each.
fn keys() -> Vec<f32> {
    let sample = |i: usize| {
        let (key, within) = (i / 1_600, i % 1_600);
        let low = KEYS_LOW_HZ.iter().cycle().nth(key).copied().unwrap_or_default();
        let high = KEYS_HIGH_HZ.iter().cycle().nth(key).copied().unwrap_or_default();
        if within < 960 { (TAU * low * seconds(i)).sin() + (TAU * high * seconds(i)).sin() } else { 0.0 }
    };
    (0..LEN).map(sample).collect()
}

/// A scale of plucked notes.
fn melody() -> Vec<f32> {
    let sample = |i: usize| {
        let (note, within) = (i / 2_400, i % 2_400);
        let hz = NOTES_HZ.iter().cycle().nth(note).copied().unwrap_or_default();
        let fade = (-4.0 * seconds(within)).exp();
        fade * (1..=4_u8).map(|n| (TAU * hz * f32::from(n) * seconds(i)).sin() / f32::from(n)).sum::<f32>()
    };
    (0..LEN).map(sample).collect()
}

/// Three notes at once, a new chord each second, as hold music has them.
fn chords() -> Vec<f32> {
    let sample = |i: usize| {
        let root = i / LINE_RATE_HZ as usize * 3;
        let hz = |third: usize| NOTES_HZ.iter().cycle().nth(root + 2 * third).copied().unwrap_or_default();
        (0..3)
            .map(|third| (TAU * hz(third) * seconds(i)).sin() + 0.4 * (TAU * 2.0 * hz(third) * seconds(i)).sin())
            .sum()
    };
    (0..LEN).map(sample).collect()
}
