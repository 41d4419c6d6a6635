//! The voices: other programs on this machine, or a speech server, that turn text into sound.
//!
//! A program gets the text on its standard input, never in its arguments, and gives a WAV file on its standard output. It ends with its
//! caller, or after a while.

use super::{Pace, Pcm, Recording, SpeechError, Synthesise};
use crate::domain::Language;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::sync::Semaphore;

const WHAT: &str = "synthesis";
/// The longest text.
const CHARS_MAX: usize = 4_000;
/// The largest WAV file that is taken: some minutes.
const WAV_BYTES_MAX: usize = 32 << 20;
/// How much slower the slow pace is.
const SLOW: f32 = 1.3;
/// Words a minute of espeak-ng at the usual pace.
const ESPEAK_WORDS_A_MINUTE: f32 = 150.0;
/// The length of what one sample takes in the cache.
const SAMPLE_BYTES: usize = 2;

/// Where a voice comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Voice {
    /// festival with a voice of this name, such as `hy_fi_mv_diphone` of Suopuhe.
    Festival(String),
    /// espeak-ng with a voice of this name, such as `sv`.
    EspeakNg(String),
    /// A program with its arguments. It reads UTF-8 text and writes WAV; `{length}` in an argument becomes 1.0, or more for who asked to
    /// hear it slower, as Piper's `--length_scale` takes it.
    Command(Vec<String>),
    /// A server that takes `{"text": …, "length_scale": …}` by POST and gives WAV, as Piper's does.
    Http(String),
}

/// How voices are run.
#[derive(Clone, Debug)]
pub struct VoiceOptions {
    /// The voice of each language, in the order of [`Language::ALL`].
    pub voices: [Voice; 3],
    /// Programs or requests at once.
    pub running_n_max: usize,
    /// Texts that may wait for one of them.
    pub queue_len_max: usize,
    /// The longest that a text may take, waiting included.
    pub time_max: Duration,
    /// Bytes of sound that are kept.
    pub cache_bytes_max: u64,
}

/// The voices of the three languages.
#[derive(Clone)]
pub struct Voices(Arc<Inner>);

struct Inner {
    options: VoiceOptions,
    cache: Cache<Key, Pcm>,
    running: Semaphore,
    /// Texts that are running or waiting.
    inside_n: AtomicUsize,
    client: reqwest::Client,
}

type Key = (String, Language, Pace);

impl Voices {
    /// Voices that start nothing until they are asked.
    pub fn new(options: VoiceOptions) -> Self {
        let weigh = |key: &Key, pcm: &Pcm| u32::try_from(key.0.len() + SAMPLE_BYTES * pcm.len()).unwrap_or(u32::MAX);
        let cache = Cache::builder().max_capacity(options.cache_bytes_max).weigher(weigh).build();
        let running = Semaphore::new(options.running_n_max);
        let client = reqwest::Client::new();
        Self(Arc::new(Inner { options, cache, running, inside_n: AtomicUsize::new(0), client }))
    }
}

impl Synthesise for Voices {
    fn synthesise(&self, text: &str, language: Language, pace: Pace) -> BoxFuture<'static, Result<Pcm, SpeechError>> {
        let key = (text.trim().to_owned(), language, pace);
        let inner = Arc::clone(&self.0);
        async move {
            if key.0.is_empty() {
                return Ok(Pcm::from([]));
            }
            if let Some(pcm) = inner.cache.get(&key) {
                return Ok(pcm);
            }
            let time_max = inner.options.time_max;
            let slow = |_| SpeechError::TimedOut { what: WHAT, seconds: time_max.as_secs() };
            let pcm = tokio::time::timeout(time_max, inner.speak(&key)).await.map_err(slow)??;
            inner.cache.insert(key, Pcm::clone(&pcm));
            Ok(pcm)
        }
        .boxed()
    }
}

/// Counts a text for as long as it runs or waits.
struct Inside<'a>(&'a AtomicUsize);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Inner {
    async fn speak(&self, (text, language, pace): &Key) -> Result<Pcm, SpeechError> {
        if text.chars().count() > CHARS_MAX {
            return Err(failed(&format!("the text is longer than {CHARS_MAX} characters: say it in parts")));
        }
        let before_n = self.inside_n.fetch_add(1, Ordering::Relaxed);
        let _inside = Inside(&self.inside_n);
        if before_n >= self.options.running_n_max + self.options.queue_len_max {
            return Err(SpeechError::Busy { what: "voices" });
        }
        let _turn = self.running.acquire().await.map_err(|_| failed("the voices were stopped"))?;
        let [fi, sv, en] = &self.options.voices;
        let voice = match language {
            Language::Fi => fi,
            Language::Sv => sv,
            Language::En => en,
        };
        let length = if *pace == Pace::Slow { SLOW } else { 1.0 };
        let wav = match voice {
            Voice::Http(address) => self.ask(address, text, length).await?,
            Voice::Festival(name) => run(&festival(name, length), &latin1(text)).await?,
            Voice::EspeakNg(name) => run(&espeak(name, length), text.as_bytes()).await?,
            Voice::Command(words) => run(&with_length(words, length), text.as_bytes()).await?,
        };
        let spoken = tokio::task::spawn_blocking(move || Recording::read_piped(wav)?.line());
        let samples = spoken.await.map_err(|_| failed("the sound could not be read"))??;
        if samples.is_empty() {
            return Err(failed("the voice was silent: try it in a terminal"));
        }
        Ok(Pcm::from(samples))
    }

    async fn ask(&self, address: &str, text: &str, length: f32) -> Result<Vec<u8>, SpeechError> {
        let gone =
            |_| failed(&format!("`{address}` does not answer: start the speech server, or change `speech.voices`"));
        let request = self.client.post(address).json(&serde_json::json!({ "text": text, "length_scale": length }));
        let mut response = request.send().await.map_err(gone)?;
        if !response.status().is_success() {
            return Err(failed(&format!("`{address}` answered {}", response.status())));
        }
        let mut wav = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(gone)? {
            wav.extend(chunk);
            if wav.len() > WAV_BYTES_MAX {
                return Err(failed(&format!("`{address}` gave more than {WAV_BYTES_MAX} bytes")));
            }
        }
        Ok(wav)
    }
}

/// Runs a program with a text and takes what it writes. Dropping the future ends the program.
async fn run(words: &[String], text: &[u8]) -> Result<Vec<u8>, SpeechError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed("a voice of `speech.voices` names no program"));
    };
    let broken = |error: std::io::Error| failed(&format!("`{program}` cannot be used ({error})"));
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Some programs repeat there what they cannot say.
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            failed(&format!("`{program}` cannot be started ({error}): install it, or change `speech.voices`"))
        })?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("a pipe is missing"));
    };
    let write = async move {
        input.write_all(text).await?;
        input.shutdown().await
    };
    let mut wav = Vec::new();
    let mut output = output.take(WAV_BYTES_MAX as u64);
    let (written, read) = tokio::join!(write, output.read_to_end(&mut wav));
    read.map_err(broken)?;
    let status = child.wait().await.map_err(broken)?;
    if !status.success() {
        return Err(failed(&format!(
            "`{program}` ended with {status}: try it in a terminal, or change `speech.voices`"
        )));
    }
    written.map_err(broken)?;
    Ok(wav)
}

fn festival(name: &str, length: f32) -> Vec<String> {
    let begin = format!("(begin (voice_{name}) (Parameter.set 'Duration_Stretch {length:.2}))");
    ["text2wave", "-eval", &begin].map(str::to_owned).to_vec()
}

fn espeak(name: &str, length: f32) -> Vec<String> {
    let speed = format!("{:.0}", ESPEAK_WORDS_A_MINUTE / length);
    ["espeak-ng", "-b", "1", "-v", name, "-s", &speed, "--stdin", "--stdout"].map(str::to_owned).to_vec()
}

fn with_length(words: &[String], length: f32) -> Vec<String> {
    words.iter().map(|word| word.replace("{length}", &format!("{length:.1}"))).collect()
}

/// festival reads Latin-1. What has no place there is said in other words or left out.
fn latin1(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '–' | '—' | '−' => bytes.push(b'-'),
            '’' | '‘' => bytes.push(b'\''),
            '“' | '”' => bytes.push(b'"'),
            '…' => bytes.extend(b"..."),
            '€' => bytes.extend(b" euroa"),
            'š' => bytes.push(b's'),
            'ž' => bytes.push(b'z'),
            c => bytes.push(u8::try_from(c).unwrap_or(b' ')),
        }
    }
    bytes.push(b'\n');
    bytes
}

fn failed(message: &str) -> SpeechError {
    SpeechError::Failed { what: WHAT, message: message.to_owned() }
}

#[cfg(test)]
mod tests;
