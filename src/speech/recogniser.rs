//! The recognisers: a few threads with one Whisper state each, behind a bounded queue.

use super::decode::{Abandoned, Decoder};
use super::resample::{floats, resample};
use super::search::Vocabulary;
use super::silero::{RATE_HZ, Silero, SileroState, WINDOW_LEN};
use super::spelling::Spellings;
use super::trust::trusted;
use super::{Heard, LINE_RATE_HZ, OTHERS_MAX, Pcm, Recognise, SpeechError, Transcript, prompt};
use crate::domain::Language;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use whisper_rs::{WhisperContext, WhisperContextParameters};

const WHAT: &str = "recognition";
/// How a ggml file begins, and how many tokens the multilingual models have.
const MAGIC: u32 = 0x6767_6d6c;
const WORDS_N: std::ops::RangeInclusive<u32> = 51_865..=51_866;
/// The longest utterance, which Whisper's window of 30 s bounds.
const SECONDS_MAX: usize = 29;
/// Probability from which a window holds speech, and how many are needed: about a tenth of a second.
const SPEECH_FROM: f32 = 0.5;
const SPEECH_WINDOWS_MIN: usize = 3;
/// Sound kept before and after the speech, in windows of 32 ms.
const MARGIN_WINDOWS_N: usize = 10;

/// What recognisers need.
#[derive(Clone, Debug)]
pub struct RecogniserOptions {
    /// A ggml file of Whisper, any size.
    pub model: PathBuf,
    /// Threads, each with a state of its own.
    pub threads_n: usize,
    /// Utterances that may wait for a thread.
    pub queue_len_max: usize,
    /// The longest that an utterance may take, waiting included.
    pub time_max: Duration,
}

/// A pool of recognisers. Dropping it stops its threads.
pub struct Recognisers {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    running: Vec<Abandoned>,
    stopped: Arc<AtomicBool>,
    time_max: Duration,
}

struct Job {
    utterance: Pcm,
    language: Language,
    gone: Arc<AtomicBool>,
    answer: oneshot::Sender<Result<Heard, SpeechError>>,
}

/// Raises the flag when whoever waits goes away.
struct Leaving(Arc<AtomicBool>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Recognisers {
    /// Loads the weights and starts the threads. `spellings` are those of what callers ask.
    ///
    /// # Errors
    /// Where the weights are missing or are no Whisper, or the system starts no thread.
    pub fn start(
        options: &RecogniserOptions,
        activity: &Arc<Silero>,
        spellings: &Arc<Spellings>,
    ) -> Result<Self, SpeechError> {
        let context = Arc::new(open(&options.model)?);
        let (hints, vocabulary) = (Arc::new(prompt::tokens(&context)), Arc::new(Vocabulary::new(&context)));
        let (sender, receiver) = bounded(options.queue_len_max);
        let stopped = Arc::new(AtomicBool::new(false));
        let mut pool =
            Self { jobs: None, threads: Vec::new(), running: Vec::new(), stopped, time_max: options.time_max };
        for n in 0..options.threads_n.max(1) {
            let running = Abandoned::default();
            let decoder = Decoder::new(&context, &vocabulary, &hints, spellings, running.clone());
            let decoder = decoder.map_err(|error| failed(&format!("there is no memory for its state ({error})")))?;
            let worker = Worker { decoder, activity: Arc::clone(activity), running: running.clone() };
            let (receiver, stopped) = (receiver.clone(), Arc::clone(&pool.stopped));
            let thread = std::thread::Builder::new().name(format!("recogniser-{n}"));
            let thread = thread.spawn(move || worker.work(&receiver, &stopped));
            pool.threads.push(thread.map_err(|error| failed(&error.to_string()))?);
            pool.running.push(running);
        }
        pool.jobs = Some(sender);
        Ok(pool)
    }
}

impl Recognise for Recognisers {
    fn recognise(&self, utterance: Pcm, language: Language) -> BoxFuture<'static, Result<Heard, SpeechError>> {
        let (answer, result) = oneshot::channel();
        let leaving = Leaving(Arc::new(AtomicBool::new(false)));
        let job = Job { utterance, language, gone: Arc::clone(&leaving.0), answer };
        let sent = self.jobs.as_ref().map(|jobs| jobs.try_send(job));
        let time_max = self.time_max;
        async move {
            let _leaving = leaving;
            match sent {
                Some(Ok(())) => {}
                Some(Err(TrySendError::Full(_))) => return Err(SpeechError::Busy { what: "recognisers" }),
                Some(Err(TrySendError::Disconnected(_))) | None => return Err(failed("the recognisers were stopped")),
            }
            let slow = |_| SpeechError::TimedOut { what: WHAT, seconds: time_max.as_secs() };
            let result = tokio::time::timeout(time_max, result).await.map_err(slow)?;
            result.unwrap_or_else(|_| Err(failed("the recogniser gave up; the next utterance gets a new try")))
        }
        .boxed()
    }
}

impl Drop for Recognisers {
    fn drop(&mut self) {
        self.jobs = None;
        self.stopped.store(true, Ordering::Relaxed);
        for running in &self.running {
            running.end();
        }
        for thread in self.threads.drain(..) {
            // The thread catches panics of jobs, so joining cannot fail.
            let _ = thread.join();
        }
    }
}

/// What one thread has.
struct Worker {
    decoder: Decoder,
    activity: Arc<Silero>,
    running: Abandoned,
}

impl Worker {
    fn work(self, jobs: &Receiver<Job>, stopped: &AtomicBool) {
        let Self { mut decoder, activity, running } = self;
        for job in jobs {
            if stopped.load(Ordering::Relaxed) || job.gone.load(Ordering::Relaxed) {
                continue;
            }
            running.watch(Arc::clone(&job.gone));
            let heard = catch_unwind(AssertUnwindSafe(|| {
                let speech = speech(&job.utterance, &activity)?;
                speech.map_or(Ok(Heard::Nothing), |speech| recognise(&mut decoder, &speech, job.language))
            }));
            // The caller may have left; then nobody wants the result. A panic drops the sender, which tells.
            if let Ok(heard) = heard {
                let _ = job.answer.send(heard);
            }
        }
    }
}

/// The part of an utterance that holds speech.
struct Speech {
    samples: Vec<f32>,
    seconds: f32,
}

/// Cuts silence off both ends; `None` where nobody speaks.
fn speech(utterance: &[i16], activity: &Arc<Silero>) -> Result<Option<Speech>, SpeechError> {
    let utterance = utterance.get(..SECONDS_MAX * LINE_RATE_HZ as usize).unwrap_or(utterance);
    let mut samples = resample(&floats(utterance), LINE_RATE_HZ, RATE_HZ)?;
    let mut network = SileroState::new(Arc::clone(activity));
    let (windows, _) = samples.as_chunks::<WINDOW_LEN>();
    let speaks: Vec<bool> = windows.iter().map(|window| network.window(window) >= SPEECH_FROM).collect();
    let speech_n = speaks.iter().filter(|&&speaks| speaks).count();
    let (first, last) = (speaks.iter().position(|&speaks| speaks), speaks.iter().rposition(|&speaks| speaks));
    let (Some(first), Some(last), true) = (first, last, speech_n >= SPEECH_WINDOWS_MIN) else { return Ok(None) };
    samples.truncate((last + 1 + MARGIN_WINDOWS_N) * WINDOW_LEN);
    samples.drain(..first.saturating_sub(MARGIN_WINDOWS_N) * WINDOW_LEN);
    #[expect(clippy::cast_precision_loss, reason = "half a minute at most")]
    let seconds = (speech_n * WINDOW_LEN) as f32 / RATE_HZ as f32;
    Ok(Some(Speech { samples, seconds }))
}

fn recognise(decoder: &mut Decoder, speech: &Speech, language: Language) -> Result<Heard, SpeechError> {
    // The message names a step of whisper.cpp, never a word.
    let found = decoder.decode(&speech.samples, language).map_err(|error| failed(&error.to_string()))?;
    let mut trusted = found.iter().filter_map(|one| Some((trusted(one, speech.seconds)?, one.log_probability)));
    let Some((text, log_probability)) = trusted.next() else { return Ok(Heard::Nothing) };
    let others = trusted.map(|(text, _)| text).take(OTHERS_MAX).collect();
    Ok(Heard::Words(Transcript { text, others, certainty: log_probability.exp().clamp(0.0, 1.0) }))
}

fn open(model: &Path) -> Result<WhisperContext, SpeechError> {
    // whisper.cpp writes to standard error otherwise, and at its debug level words too.
    whisper_rs::install_logging_hooks();
    let cannot =
        |what: &str| failed(&format!("`{}` {what}: run `neuvo models pull`, or set `speech.model`", model.display()));
    let mut head = [0; 8];
    let read = fs_err::File::open(model).and_then(|mut file| file.read_exact(&mut head));
    read.map_err(|_| cannot("cannot be read"))?;
    // whisper.cpp believes what the file says, so another kind of file is kept from it.
    let [magic, words_n] =
        [0, 4].map(|at| head.get(at..at + 4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes));
    if magic != Some(MAGIC) || !words_n.is_some_and(|words_n| WORDS_N.contains(&words_n)) {
        return Err(cannot("is no ggml file of multilingual Whisper"));
    }
    let mut parameters = WhisperContextParameters::default();
    parameters.use_gpu(false).flash_attn(false);
    WhisperContext::new_with_params(model, parameters).map_err(|_| cannot("is damaged"))
}

fn failed(message: &str) -> SpeechError {
    SpeechError::Failed { what: WHAT, message: message.to_owned() }
}
