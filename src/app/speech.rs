//! Hearing and speaking, put together from the configuration.

use crate::channel::phone;
use crate::config::Config;
use crate::domain::Language;
use crate::knowledge::Knowledge;
use crate::speech::{
    FRAME_LEN, Heard, Hearing, LINE_RATE_HZ, Listen, Listener, Pcm, Recognise, Recognisers, Silero, SpeechError,
    Spellings, Synthesise, Voices,
};
use std::sync::Arc;

/// What a phone needs to hear and speak. Dropping the last copy stops the recognisers.
#[derive(Clone)]
pub struct Speech {
    activity: Arc<Silero>,
    /// Turns utterances into words.
    pub recognise: Arc<dyn Recognise>,
    /// Turns words into a voice.
    pub synthesise: Arc<dyn Synthesise>,
}

/// How the questions of the content are spelt: what recognisers are told.
pub fn spellings(knowledge: &Knowledge) -> Spellings {
    let of = |language: Language| {
        let topics = knowledge.topics.iter();
        topics.flat_map(move |topic| topic.questions(language)).map(move |text| (language, text.as_str()))
    };
    Spellings::learn(Language::ALL.into_iter().flat_map(of))
}

/// Hears nothing.
struct Deaf;

impl Listen for Deaf {
    fn push(&mut self, _frame: &[i16]) -> Option<Hearing> {
        None
    }

    fn reset(&mut self) {}
}

/// The longest recording that is recognised in one go, in samples of the line.
const WHOLE_LEN_MAX: usize = 28 * LINE_RATE_HZ as usize;

impl Speech {
    /// Loads the weights and starts the recognisers, which lean on the spellings of what callers ask; voices start when they are asked.
    ///
    /// # Errors
    /// Where weights are missing or are others.
    pub fn open(config: &Config, spellings: Spellings) -> Result<Self, SpeechError> {
        let cores_n = std::thread::available_parallelism().map_or(1, usize::from);
        let activity = Silero::open(&config.speech.activity)?;
        let recognisers = Recognisers::start(&config.speech.recognisers(cores_n), &activity, &Arc::new(spellings))?;
        let voices = Voices::new(config.speech.voices());
        Ok(Self { activity, recognise: Arc::new(recognisers), synthesise: Arc::new(voices) })
    }

    /// An ear for a call that begins.
    ///
    /// # Errors
    /// Never in practice: see [`Listener::new`].
    pub fn listener(&self) -> Result<Listener, SpeechError> {
        Listener::new(Arc::clone(&self.activity))
    }

    /// All of it as calls take it. A call whose ear cannot be made has keys only.
    pub fn of_calls(self) -> phone::Speech {
        let (recogniser, voice) = (Arc::clone(&self.recognise), Arc::clone(&self.synthesise));
        let listener = move || -> Box<dyn Listen> {
            match self.listener() {
                Ok(listener) => Box::new(listener),
                Err(error) => {
                    tracing::error!(%error, "a call is led by keys alone");
                    Box::new(Deaf)
                }
            }
        };
        phone::Speech { recogniser, voice, listener: Arc::new(listener) }
    }

    /// What is said in a recording: a short one as a whole, a longer one turn by turn, as in a call.
    ///
    /// # Errors
    /// Where recognition fails.
    pub async fn transcribe(&self, recording: &[i16], language: Language) -> Result<Vec<Heard>, SpeechError> {
        let utterances =
            if recording.len() <= WHOLE_LEN_MAX { vec![Pcm::from(recording)] } else { self.turns(recording)? };
        let mut heard = Vec::with_capacity(utterances.len());
        for utterance in utterances {
            heard.push(self.recognise.recognise(utterance, language).await?);
        }
        Ok(heard)
    }

    fn turns(&self, recording: &[i16]) -> Result<Vec<Pcm>, SpeechError> {
        let mut listener = self.listener()?;
        let (mut turns, mut said) = (Vec::new(), None);
        let silence = vec![[0; FRAME_LEN]; 100];
        let frames = recording.chunks_exact(FRAME_LEN).chain(silence.iter().map(<[i16; FRAME_LEN]>::as_slice));
        for frame in frames {
            match listener.push(frame) {
                Some(Hearing::Paused(pcm)) => said = Some(pcm),
                Some(Hearing::Ended) => {
                    turns.extend(said.take());
                    listener.reset();
                }
                Some(Hearing::Started | Hearing::Resumed) | None => {}
            }
        }
        Ok(turns)
    }
}
