//! The core of a turn, pure: it never awaits, reads no clock and cannot fail. Trouble comes in as a value.
//!
//! [`Conversation::consider`] looks at an understood utterance and gives a reply at once or a question for the guidance;
//! [`Conversation::conclude`] makes a reply of what came back.

use crate::domain::{
    Evidence, Intent, Language, Lookup, Notice, Outcome, Reply, Stalled, TopicId, Understanding, Utterance,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is remembered of a conversation: small, typed, stored after each turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// The language of the last turn.
    pub language: Option<Language>,
    /// The topic of the last answer.
    pub topic: Option<TopicId>,
    /// The topics that were offered to choose from, while the choice is open.
    pub offered: Vec<TopicId>,
    /// How many turns in a row found nothing.
    pub misses_n: u8,
    /// The benefit of the page on which it began.
    #[serde(default)]
    pub benefit: Option<Arc<str>>,
}

/// What `consider` decides.
#[derive(Debug)]
pub enum Move {
    /// A reply that needs no guidance.
    Reply(Reply),
    /// A question for the guidance.
    Lookup(Lookup),
}

/// What an intent leads to, as the content says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// What the turn is called.
    pub outcome: Outcome,
    /// The language that it asks for.
    pub switch_to: Option<Language>,
}

impl Conversation {
    /// Looks at an utterance. `consequence` is what the content says of an intent.
    pub fn consider(
        &mut self,
        utterance: Utterance,
        understanding: Understanding,
        day: Date,
        consequence: impl Fn(&Intent) -> Option<Consequence>,
    ) -> Move {
        self.language = Some(understanding.language);
        if let Some((intent, _)) = &understanding.intent
            && let Some(consequence) = consequence(intent)
        {
            let notice = Notice(intent.as_str().to_owned());
            if let Some(language) = consequence.switch_to {
                self.language = Some(language);
            }
            return Move::Reply(match consequence.outcome {
                Outcome::Handoff => Reply::HandOff(notice),
                Outcome::Fallback => Reply::Declined(notice),
                Outcome::Answer | Outcome::Clarify | Outcome::Chat => Reply::Chat(notice),
            });
        }
        Move::Lookup(Lookup {
            utterance,
            embedding: understanding.embedding,
            language: understanding.language,
            guidance: understanding.guidance,
            prior: understanding.prior,
            benefit: self.benefit.clone(),
            day,
        })
    }

    /// Makes a reply of the evidence, or of its absence.
    pub fn conclude(&mut self, evidence: Result<Evidence, Stalled>) -> Reply {
        let Ok(evidence) = evidence else { return Reply::Unavailable };
        self.offered.clear();
        match evidence.citation {
            Some(citation) if evidence.answer_from <= evidence.confidence && !evidence.passages.is_empty() => {
                self.misses_n = 0;
                self.topic = Some(citation.topic.clone());
                Reply::Answer { passages: evidence.passages, citation, next: evidence.next }
            }
            _ if evidence.clarify_from <= evidence.confidence && 1 < evidence.candidates.len() => {
                let choices: Vec<_> = evidence.candidates.into_iter().take(CHOICES_MAX).collect();
                self.offered = choices.iter().map(|candidate| candidate.topic.clone()).collect();
                Reply::Clarify(choices)
            }
            _ => {
                self.misses_n = self.misses_n.saturating_add(1);
                Reply::Rephrase
            }
        }
    }
}

/// How many topics a citizen is asked to choose from.
const CHOICES_MAX: usize = 3;

#[cfg(test)]
mod tests;
