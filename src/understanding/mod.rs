//! Understands an utterance: its language, whether it asks for guidance or wants something of the conversation itself, how it leans on
//! what was said before, and what it shows of the citizen's life.

pub mod foreign;
pub mod intent;
pub mod language;
mod lesson;
pub mod questions;
pub mod situation;
pub mod thread;

use crate::assistant::Understand;
use crate::domain::{Context, Cues, Language, Reading, Stalled, Understanding, Utterance};
use crate::inference::softmax::Sample;
use crate::inference::{Embedding, Encode, EncodeError, Purpose};
use crate::knowledge::Knowledge;
use foreign::ForeignModel;
use intent::{IntentModel, Meaning};
use language::LanguageModel;
use situation::SituationModel;
use std::path::PathBuf;
use std::sync::Arc;
use thread::ThreadReader;

/// Gives the vectors of query texts, in order.
pub type Embed<'a> = dyn Fn(&[String]) -> Result<Vec<Embedding>, EncodeError> + Sync + 'a;

/// Of a message that asks for another language so many clauses are looked at, and those that are this likely to ask for guidance are answered.
const CLAUSES_MAX: usize = 4;
const GUIDANCE_FROM: f32 = 0.5;

/// What was learnt from one version of the content.
pub struct Comprehension {
    encoder: Arc<dyn Encode>,
    knowledge: Arc<Knowledge>,
    language: LanguageModel,
    foreign: ForeignModel,
    intent: Arc<IntentModel>,
    situation: Arc<SituationModel>,
    thread: ThreadReader,
}

impl Comprehension {
    /// Learns from the content; `embed` gives the vectors of query texts, and what is learnt is kept in the file that `cache` gives for a name.
    ///
    /// # Errors
    /// When a text cannot be embedded.
    pub fn learn(
        knowledge: &Arc<Knowledge>,
        encoder: Arc<dyn Encode>,
        embed: &Embed<'_>,
        cache: &(dyn Fn(&str) -> Option<PathBuf> + Sync),
    ) -> Result<Self, EncodeError> {
        let language = LanguageModel::learn(knowledge);
        let foreign = ForeignModel::learn(knowledge);
        let intent = IntentModel::learn(knowledge, embed, encoder.fingerprint(), cache("intents").as_deref())?;
        let file = cache("situations");
        let situation = SituationModel::learn(Arc::clone(knowledge), &intent, embed, file.as_deref())?;
        let (intent, situation) = (Arc::new(intent), Arc::new(situation));
        let thread = ThreadReader::new(Arc::clone(knowledge));
        Ok(Self { encoder, knowledge: Arc::clone(knowledge), language, foreign, intent, situation, thread })
    }

    /// Learns from content that teaches the same: only the words of its texts are read anew.
    #[must_use]
    pub fn with_texts_of(&self, knowledge: &Arc<Knowledge>) -> Self {
        Self {
            encoder: Arc::clone(&self.encoder),
            knowledge: Arc::clone(knowledge),
            language: LanguageModel::learn(knowledge),
            foreign: ForeignModel::learn(knowledge),
            intent: Arc::clone(&self.intent),
            situation: Arc::clone(&self.situation),
            thread: ThreadReader::new(Arc::clone(knowledge)),
        }
    }

    /// Reads a message as a question for the guidance; with what the models read.
    fn read(&self, utterance: &Utterance, language: Language) -> Result<(Meaning, Reading, Option<Sample>), Stalled> {
        let embedding = self.encoder.encode(Purpose::Query, utterance.as_str()).map_err(|error| {
            tracing::error!(%error, "cannot embed an utterance");
            Stalled::Failed { stage: "understanding" }
        })?;
        let read = self.intent.read(utterance.as_str(), language, &embedding);
        let meaning = self.intent.classify(utterance.as_str(), read.as_ref());
        let reading = Reading {
            utterance: utterance.clone(),
            embedding: embedding.sentence().into(),
            guidance: meaning.guidance,
            prior: Arc::clone(&meaning.prior),
            variates: Arc::clone(&meaning.variates),
        };
        Ok((meaning, reading, read.map(|read| read.person)))
    }

    /// What a message asks beside its wish for another language: "voitko vastata suomeksi, entä äitiyspakkaus".
    fn beside(
        &self,
        meaning: &Meaning,
        utterance: &Utterance,
        language: Language,
    ) -> Result<Option<(Utterance, Reading)>, Stalled> {
        let intents = &self.knowledge.intents.intents;
        let wish = meaning.intent.as_ref().and_then(|(intent, _)| intents.get(intent.as_str()));
        if wish.is_none_or(|wish| wish.switch_to.is_none()) {
            return Ok(None);
        }
        let clauses: Vec<&str> = questions::clauses(utterance.as_str()).collect();
        if clauses.len() < 2 {
            return Ok(None);
        }
        let mut asked = Vec::new();
        for clause in clauses.into_iter().take(CLAUSES_MAX) {
            let Ok(text) = Utterance::parse(clause) else { continue };
            let (meaning, ..) = self.read(&text, language)?;
            if meaning.intent.is_none() && GUIDANCE_FROM <= meaning.guidance {
                asked.push(clause);
            }
        }
        let Ok(rest) = Utterance::parse(&asked.join(", ")) else { return Ok(None) };
        let (_, reading, _) = self.read(&rest, language)?;
        Ok(Some((rest, reading)))
    }
}

impl Understand for Comprehension {
    fn language(&self, utterance: &Utterance, context: Context<'_>) -> Language {
        self.language.detect(utterance.as_str(), context)
    }

    fn understand(&self, utterance: &Utterance, context: Context<'_>) -> Result<Understanding, Stalled> {
        let language = self.language(utterance, context);
        let find = |utterance: &Utterance| questions::find(&self.knowledge.threads, utterance, language);
        let mut questions = find(utterance);
        let (mut meaning, mut alone, sample) = self.read(utterance, language)?;
        let sample = sample.as_ref();
        let assessment = sample.and_then(|sample| self.situation.assess(utterance.as_str(), language, sample));
        if let Some(first) = &questions.first {
            let (of_first, reading, _) = self.read(first, language)?;
            (meaning.intent, alone) = (of_first.intent, reading);
        }
        let beside = self.beside(&meaning, utterance, language)?;
        let asks_beside = beside.is_some();
        if let Some((rest, reading)) = &beside {
            questions = find(rest);
            alone = reading.clone();
        }
        let utterance = beside.as_ref().map_or(utterance, |(rest, _)| rest);
        let thread = self.thread.read(utterance, language, context.topic);
        let continued = match &thread.continued {
            Some(text) if text == utterance => None,
            Some(text) => Some(self.read(text, language)?.1),
            None => None,
        };
        let read = |question: &Utterance| Ok::<_, Stalled>(self.read(question, language)?.1);
        let core = questions.core.as_ref().map(read).transpose()?;
        let further = questions.further.iter().map(read).collect::<Result<_, _>>()?;
        let foreign = if context.is_fixed { None } else { self.foreign.detect(utterance.as_str()) };
        let cues = Cues { guidance: alone.guidance, ..thread.cues };
        Ok(Understanding {
            language,
            intent: foreign.map(|intent| (intent, 1.0)).or(meaning.intent),
            asks_beside,
            alone,
            continued,
            core,
            further,
            cues,
            kin: thread.kin,
            named: thread.named,
            assessment,
        })
    }
}
