//! One turn: an utterance goes in, a reply comes out, along one straight line on one thread.
//!
//! Understanding and retrieval are computation, not waiting, so a turn hops between threads once, not at every stage: channels put it on
//! [`crate::inference::Workers`], whose full queue is a polite refusal at once.

use crate::conversation::{self, Asked, Consequence, Control, Conversation, Found, Move, Question};
use crate::domain::{
    Candidate, ContentVersion, Context, Evidence, Intent, Language, Lookup, Outcome, Reply, Situation, Stalled,
    TopicId, Understanding, Utterance,
};
use crate::knowledge::template::Template;
use crate::knowledge::{Knowledge, phone};
use crate::reply::{Texts, spoken};
use jiff::civil::Date;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// The stage that understands.
pub trait Understand: Send + Sync {
    /// The language of an utterance.
    fn language(&self, utterance: &Utterance, context: Context<'_>) -> Language;

    /// Understands an utterance.
    ///
    /// # Errors
    /// Where the model failed; the cause was logged.
    fn understand(&self, utterance: &Utterance, context: Context<'_>) -> Result<Understanding, Stalled>;
}

/// The stage that looks up.
pub trait Retrieve: Send + Sync {
    /// Finds the guidance for a question.
    fn search(&self, lookup: &Lookup) -> Evidence;
}

impl<T: Understand> Understand for Arc<T> {
    fn language(&self, utterance: &Utterance, context: Context<'_>) -> Language {
        (**self).language(utterance, context)
    }

    fn understand(&self, utterance: &Utterance, context: Context<'_>) -> Result<Understanding, Stalled> {
        (**self).understand(utterance, context)
    }
}

impl<T: Retrieve> Retrieve for Arc<T> {
    fn search(&self, lookup: &Lookup) -> Evidence {
        (**self).search(lookup)
    }
}

/// One version of the content with the stages that learnt from it: swapped as a whole, so that a turn sees one version only.
pub struct Content {
    /// The checked content.
    pub knowledge: Arc<Knowledge>,
    /// Understands by it.
    pub understanding: Box<dyn Understand>,
    /// Searches it.
    pub retrieval: Box<dyn Retrieve>,
    /// The weights and thresholds of the conversation.
    pub conversation: conversation::Calibration,
}

/// Replies to utterances.
pub struct Assistant {
    content: RwLock<Arc<Content>>,
}

/// A finished turn.
#[derive(Clone, Debug)]
pub struct Turn {
    /// What is replied.
    pub reply: Reply,
    /// The language of the reply.
    pub language: Language,
    /// The topics that came into question, best first.
    pub candidates: Vec<Candidate>,
    /// The calibrated probability that the first candidate is right.
    pub confidence: f32,
    /// The life situation, where it was classified.
    pub situation: Option<Situation>,
    /// The version of the content that replied.
    pub version: ContentVersion,
    /// The reply as plain text with its source.
    pub text: String,
    /// The reply in Markdown without its source.
    pub body: String,
    /// The reply as a voice says it, part by part; empty where the conversation is written.
    pub spoken: Vec<String>,
    /// How long the turn took.
    pub took: Duration,
}

impl Assistant {
    /// An assistant that replies from some content.
    pub fn new(content: impl Into<Arc<Content>>) -> Self {
        Self { content: RwLock::new(content.into()) }
    }

    /// The content that replies now.
    pub fn content(&self) -> Arc<Content> {
        Arc::clone(&self.content.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets other content reply from the next turn on. Turns under way finish with the old.
    pub fn swap(&self, content: impl Into<Arc<Content>>) {
        *self.content.write().unwrap_or_else(PoisonError::into_inner) = content.into();
    }

    /// Takes one turn of a conversation on the calling thread.
    #[expect(clippy::disallowed_methods, reason = "the assistant times its turns")]
    pub fn turn(
        &self,
        conversation: &mut Conversation,
        utterance: &Utterance,
        hint: Option<Language>,
        day: Date,
    ) -> Turn {
        let began = Instant::now();
        let content = self.content();
        let topic = conversation.before().subject.cloned();
        let is_fixed = conversation.by_voice;
        let context = Context { hint, spoken: conversation.language, topic: topic.as_ref(), is_fixed };
        let mut found = (Vec::new(), 0.0);
        let mut situation = None;
        let calibration = &content.conversation;
        let reply = match content.understanding.understand(utterance, context) {
            Ok(understanding) => {
                let consequence = |intent: &Intent| content.consequence(intent);
                let alone = understanding.alone.clone();
                let (decided, shown) = conversation.consider(understanding, day, calibration, consequence);
                situation = shown;
                match decided {
                    Move::Reply(reply) => {
                        // Whoever takes over sees what it is about, and the queue knows whose field it is.
                        if matches!(reply, Reply::HandOff { .. }) {
                            let lookup = Lookup::of(alone, conversation.language.unwrap_or(Language::Fi), day);
                            let evidence = content.retrieval.search(&lookup);
                            found = (evidence.candidates, evidence.confidence);
                        }
                        reply
                    }
                    Move::Lookup(question) => {
                        let Question { alone, continued, further, asked } = *question;
                        let alone = content.retrieval.search(&alone);
                        let continued = continued.map(|lookup| content.retrieval.search(&lookup));
                        let further = further.iter().map(|lookup| content.retrieval.search(lookup)).collect();
                        let evidence = Ok(Found { alone, continued, further });
                        let concluded = conversation.conclude(asked, evidence, situation.as_ref(), calibration);
                        if let Some(evidence) = concluded.1 {
                            found = (evidence.candidates, evidence.confidence);
                        }
                        concluded.0
                    }
                }
            }
            Err(stalled) => {
                conversation.language = Some(content.understanding.language(utterance, context));
                conversation.conclude(Asked::default(), Err(stalled), None, calibration).0
            }
        };
        let language = conversation.language.or(hint).unwrap_or(Language::Fi);
        let texts = ContentTexts { knowledge: &content.knowledge, language, day };
        let (candidates, confidence) = found;
        Turn {
            text: crate::reply::plain(&reply, &texts),
            body: crate::reply::body(&reply, &texts),
            spoken: if conversation.by_voice { crate::reply::said(&reply, &texts) } else { Vec::new() },
            reply,
            language,
            candidates,
            confidence,
            situation,
            version: content.knowledge.version.clone(),
            took: began.elapsed(),
        }
    }
}

impl Content {
    /// A prepared text with the figures of a day; empty where there is none, which the content check prevents.
    pub fn text(&self, id: &str, language: Language, day: Date) -> String {
        ContentTexts { knowledge: &self.knowledge, language, day }.text(id)
    }

    /// The same as a voice says it.
    pub fn said(&self, id: &str, language: Language, day: Date) -> String {
        ContentTexts { knowledge: &self.knowledge, language, day }.said(id)
    }

    fn consequence(&self, intent: &Intent) -> Option<Consequence> {
        let intents = &self.knowledge.intents;
        if intents.foreign.iter().any(|foreign| foreign.text_id() == intent.as_str()) {
            return Some(Consequence { outcome: Outcome::Fallback, switch_to: None, control: None });
        }
        let content = intents.intents.get(intent.as_str())?;
        let control = content.control.as_deref().and_then(Control::named);
        Some(Consequence { outcome: content.outcome, switch_to: content.switch_to, control })
    }
}

struct ContentTexts<'a> {
    knowledge: &'a Knowledge,
    language: Language,
    day: Date,
}

impl Texts for ContentTexts<'_> {
    fn text(&self, id: &str) -> String {
        let template = self.knowledge.intents.text(id, self.language);
        template.and_then(|template| template.fill(&self.knowledge.facts, self.language, self.day)).unwrap_or_default()
    }

    fn said(&self, id: &str) -> String {
        let intents = &self.knowledge.intents;
        let by_voice = intents.text(&format!("{}{}{id}", phone::PREFIX, phone::SAY), self.language);
        by_voice.or_else(|| intents.text(id, self.language)).map(|template| self.speak(template)).unwrap_or_default()
    }

    fn part_said(&self, topic: &TopicId, heading: Option<&str>) -> String {
        let article = self.knowledge.topic(topic).map(|topic| topic.article(self.language));
        let part = article.and_then(|article| article.parts().find(|part| part.heading.as_deref() == heading));
        part.map(|part| self.speak(&part.text)).unwrap_or_default()
    }
}

impl ContentTexts<'_> {
    fn speak(&self, template: &Template) -> String {
        let pieces = template.pieces(&self.knowledge.facts, self.day).unwrap_or_default();
        spoken::speak(&pieces, self.language)
    }
}
