//! Understands an utterance: its language, and whether it asks for guidance or wants something of the conversation itself.

pub mod intent;
pub mod language;

use crate::assistant::Understand;
use crate::domain::{Context, Language, Stalled, Understanding, Utterance};
use crate::inference::{Embedding, Encode, EncodeError, Purpose};
use crate::knowledge::Knowledge;
use intent::{IntentModel, Meaning};
use language::LanguageModel;
use std::path::Path;
use std::sync::Arc;

/// Gives the vectors of query texts, in order.
pub type Embed<'a> = dyn Fn(&[String]) -> Result<Vec<Embedding>, EncodeError> + 'a;

/// What was learnt from one version of the content.
pub struct Comprehension {
    encoder: Arc<dyn Encode>,
    language: LanguageModel,
    intent: Arc<IntentModel>,
}

impl Comprehension {
    /// Learns from the content; `embed` gives the vectors of query texts, and what is learnt is kept in the file `cache`.
    ///
    /// # Errors
    /// When a text cannot be embedded.
    pub fn learn(
        knowledge: &Knowledge,
        encoder: Arc<dyn Encode>,
        embed: &Embed<'_>,
        cache: Option<&Path>,
    ) -> Result<Self, EncodeError> {
        let language = LanguageModel::learn(knowledge);
        let intent = IntentModel::learn(knowledge, embed, encoder.fingerprint(), cache)?;
        Ok(Self { encoder, language, intent: Arc::new(intent) })
    }

    /// Learns from content that has the same titles and example messages: only the words of its texts are read anew.
    #[must_use]
    pub fn with_texts_of(&self, knowledge: &Knowledge) -> Self {
        Self {
            encoder: Arc::clone(&self.encoder),
            language: LanguageModel::learn(knowledge),
            intent: Arc::clone(&self.intent),
        }
    }
}

impl Understand for Comprehension {
    fn language(&self, utterance: &Utterance, context: Context) -> Language {
        self.language.detect(utterance.as_str(), context)
    }

    fn understand(&self, utterance: &Utterance, context: Context) -> Result<Understanding, Stalled> {
        let embedding = self.encoder.encode(Purpose::Query, utterance.as_str()).map_err(|error| {
            tracing::error!(%error, "cannot embed an utterance");
            Stalled::Failed { stage: "understanding" }
        })?;
        let language = self.language(utterance, context);
        let Meaning { intent, guidance, prior } = self.intent.classify(utterance.as_str(), language, &embedding);
        Ok(Understanding { language, intent, guidance, prior, situation: None, embedding })
    }
}
