//! The core of a turn, pure: it never awaits, reads no clock and cannot fail. Trouble comes in as a value.
//!
//! [`Conversation::consider`] looks at an understood utterance and gives a reply at once or a question for the guidance;
//! [`Conversation::conclude`] makes a reply of what came back.

pub mod calibration;
pub mod course;
pub mod thread;

pub use calibration::Calibration;
pub use course::Course;
pub use thread::{Before, Found};

use crate::domain::{
    Candidate, Cues, Evidence, HandOff, Intent, Language, Lookup, Notice, Occasion, Outcome, QuickReply, Reply,
    Situation, SituationGroup, Stalled, TopicId, Understanding,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is remembered of a conversation: small, typed, stored after each turn. Holds no words of the citizen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conversation {
    /// The language of the last turn.
    pub language: Option<Language>,
    /// The topic of the last answer.
    pub topic: Option<TopicId>,
    /// The topic that the conversation goes on with: the last that is about a benefit of its own. "How long does that take" leaves it.
    pub subject: Option<TopicId>,
    /// What was offered to choose from, while the choice is open.
    pub offered: Vec<Offer>,
    /// How many turns in a row found nothing.
    pub misses_n: u8,
    /// How the citizen's situation showed so far.
    pub course: Course,
    /// Asides that were made already.
    pub told: Vec<Notice>,
    /// The benefit of the page on which it began.
    pub benefit: Option<Arc<str>>,
    /// Whether it is spoken: then the channel knows the language, and replies have a spoken form.
    pub by_voice: bool,
}

/// A topic that was offered to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The topic.
    pub topic: TopicId,
    /// The parts of its article that answer what was asked, best first.
    #[serde(default)]
    pub parts: Vec<u8>,
}

/// What `consider` decides.
#[derive(Debug)]
pub enum Move {
    /// A reply that needs no guidance.
    Reply(Reply),
    /// A question for the guidance.
    Lookup(Box<Question>),
}

/// A question for the guidance.
#[derive(Debug)]
pub struct Question {
    /// The message by itself, or what is wanted for sure.
    pub alone: Lookup,
    /// The message as a continuation.
    pub continued: Option<Lookup>,
    /// Questions after the first.
    pub further: Vec<Lookup>,
    /// What the reply will depend on.
    pub asked: Asked,
}

/// What a reply depends on besides the evidence.
#[derive(Debug, Default)]
pub struct Asked {
    /// How it leans on what was said before.
    pub cues: Cues,
    /// What is said beside an answer, or instead of one where none is found.
    pub aside: Option<Notice>,
    /// Whether the last answer is wanted once more, with what is said before it.
    pub again: Option<Option<Notice>>,
}

/// What an intent leads to, as the content says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// What the turn is called.
    pub outcome: Outcome,
    /// The language that it asks for.
    pub switch_to: Option<Language>,
    /// What it does with the conversation.
    pub control: Option<Control>,
}

/// What an intent does with the conversation itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Says the last answer again.
    Repeat,
    /// Says the core of the last answer only.
    Simpler,
    /// Forgets what was said.
    StartOver,
}

impl Control {
    /// The control with a name of the content.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "repeat" => Some(Self::Repeat),
            "simpler" => Some(Self::Simpler),
            "start-over" => Some(Self::StartOver),
            _ => None,
        }
    }
}

/// How many topics a citizen is asked to choose from.
const CHOICES_MAX: usize = 3;
/// After so many turns without an answer a person is called in.
const MISSES_MAX: u8 = 3;
/// A message of more words than this that asks for another language asks for something else, too.
const SWITCH_WORDS_MAX: usize = 6;
/// How much likelier an offered topic is than one that was not offered, as a logarithm.
const OFFERED_BONUS: f32 = 1.5;
/// From this probability on a message is taken for a professional's.
const PROFESSIONAL_FROM: f32 = 0.6;

impl Conversation {
    /// What the conversation was about so far.
    pub fn before(&self) -> Before<'_> {
        let topic = self.topic.as_ref();
        let subject = self.subject.as_ref().filter(|_| topic.is_some_and(TopicId::is_of_all)).or(topic);
        Before { subject, aside: topic.filter(|topic| Some(*topic) != subject) }
    }

    /// Goes on with a topic.
    pub fn go_on_with(&mut self, topic: Option<TopicId>) {
        if let Some(topic) = topic.as_ref().filter(|topic| !topic.is_of_all()) {
            self.subject = Some(topic.clone());
        }
        self.topic = topic;
    }

    /// Looks at an utterance. `consequence` is what the content says of an intent. Gives the move and the situation as it shows now.
    pub fn consider(
        &mut self,
        understanding: Understanding,
        day: Date,
        calibration: &Calibration,
        consequence: impl Fn(&Intent) -> Option<Consequence>,
    ) -> (Move, Option<Situation>) {
        let wish = understanding.intent.as_ref().filter(|_| understanding.asks_beside);
        let switch_to = wish.and_then(|(intent, _)| consequence(intent)?.switch_to);
        let language = switch_to.unwrap_or(understanding.language);
        self.language = Some(language);
        let situation = understanding.assessment.as_ref().map(|shown| self.course.take(shown, &calibration.situation));
        if let Some(reply) = self.call_person(&understanding, situation.as_ref()) {
            return (Move::Reply(reply), situation);
        }
        let aside = self.aside(&understanding, situation.as_ref());
        let ask = |topic: TopicId, language: Language, brief: bool, again: Option<Option<Notice>>| {
            let alone = Lookup::of(understanding.alone.clone(), language, day);
            let offer = self.offered.iter().find(|offer| offer.topic == topic);
            let parts = offer.map(|offer| offer.parts.clone()).unwrap_or_default();
            let alone = Lookup { wanted: Some(topic), parts, brief, ..alone };
            let cues = understanding.cues.clone();
            let asked = Asked { cues, aside: None, again };
            Move::Lookup(Box::new(Question { alone, continued: None, further: Vec::new(), asked }))
        };
        if let Some(topic) = understanding.named.clone().or_else(|| self.chosen(&understanding.cues)) {
            return (ask(topic, language, false, None), situation);
        }
        if understanding.cues.no_choice && !self.offered.is_empty() {
            return (Move::Reply(self.miss(Vec::new(), situation.as_ref())), situation);
        }
        if let Some((intent, _)) = &understanding.intent
            && let Some(consequence) = consequence(intent)
            && switch_to.is_none()
            && !continues(&understanding, &consequence)
        {
            let notice = Notice(intent.as_str().to_owned());
            if let Some(language) = consequence.switch_to {
                self.language = Some(language);
            }
            let language = consequence.switch_to.unwrap_or(understanding.language);
            let again = consequence.switch_to.is_some()
                || matches!(consequence.control, Some(Control::Repeat | Control::Simpler));
            if let (true, Some(topic)) = (again, self.topic.clone()) {
                let brief = consequence.control == Some(Control::Simpler);
                let notice = consequence.switch_to.is_some().then_some(notice);
                return (ask(topic, language, brief, Some(notice)), situation);
            }
            if consequence.control == Some(Control::StartOver) {
                let (language, by_voice) = (self.language, self.by_voice);
                *self = Self { language, by_voice, course: std::mem::take(&mut self.course), ..Self::default() };
            }
            let reply = match consequence.outcome {
                Outcome::Handoff => self.hand_off(notice, Occasion::Asked, situation.as_ref()),
                Outcome::Fallback => Reply::Declined(notice),
                Outcome::Answer | Outcome::Clarify | Outcome::Chat => Reply::Chat(notice),
            };
            return (Move::Reply(reply), situation);
        }
        let asked = (language, day);
        let (kin, words_n) = ((self.before().subject, understanding.kin.as_slice()), understanding.cues.words_n);
        let continued = understanding
            .continued
            .map(|reading| calibration.leaning.lookup((&understanding.alone, reading), kin, words_n, asked));
        let beside = understanding.core.map(|core| (core, calibration.leaning.core_weight));
        let favoured = self.offered.iter().map(|offer| (offer.topic.clone(), OFFERED_BONUS)).collect();
        let question = Question {
            alone: Lookup {
                favoured,
                beside,
                benefit: self.benefit.clone(),
                ..Lookup::of(understanding.alone, language, day)
            },
            continued,
            further: understanding.further.into_iter().map(|reading| Lookup::of(reading, language, day)).collect(),
            asked: Asked { cues: understanding.cues, aside, again: None },
        };
        (Move::Lookup(Box::new(question)), situation)
    }

    /// Makes a reply of what was found, or of its absence. Gives the evidence that decided, too.
    pub fn conclude(
        &mut self,
        asked: Asked,
        found: Result<Found, Stalled>,
        situation: Option<&Situation>,
        calibration: &Calibration,
    ) -> (Reply, Option<Evidence>) {
        let Ok(mut found) = found else { return (Reply::Unavailable, None) };
        let further = found.further_topics();
        let mut evidence = calibration.bonds.blend(found, &asked.cues, self.before());
        offer_first(&mut evidence, further);
        let reply = match (asked.again, evidence.citation.clone()) {
            (Some(notice), Some(citation)) => {
                let Evidence { passages, next, .. } = evidence.clone();
                Reply::Again { notice, passages, citation, next }
            }
            _ => self.decide(evidence.clone(), asked.aside, situation),
        };
        (reply, Some(evidence))
    }

    fn decide(&mut self, evidence: Evidence, aside: Option<Notice>, situation: Option<&Situation>) -> Reply {
        let offered = std::mem::take(&mut self.offered);
        match evidence.citation {
            Some(citation) if evidence.answer_from <= evidence.confidence && !evidence.passages.is_empty() => {
                self.misses_n = 0;
                self.go_on_with(Some(citation.topic.clone()));
                self.told.extend(aside.clone());
                Reply::Answer { passages: evidence.passages, citation, next: evidence.next, aside }
            }
            _ if evidence.clarify_from <= evidence.confidence && 1 < evidence.candidates.len() => {
                let choices: Vec<_> = evidence.candidates.into_iter().take(CHOICES_MAX).collect();
                if offered.iter().map(|offer| &offer.topic).eq(choices.iter().map(|choice| &choice.topic)) {
                    // The same question twice helps nobody.
                    return self.miss(Vec::new(), situation);
                }
                // Whoever goes on without choosing most likely meant the first.
                self.go_on_with(choices.first().map(|choice| choice.topic.clone()));
                self.offered = offers(&choices);
                Reply::Clarify(choices)
            }
            _ => match aside {
                Some(notice) => {
                    self.told.push(notice.clone());
                    Reply::Declined(notice)
                }
                None => self.miss(evidence.candidates, situation),
            },
        }
    }

    /// Nothing was found: first hints, then topics to choose from, then a person.
    fn miss(&mut self, candidates: Vec<Candidate>, situation: Option<&Situation>) -> Reply {
        self.offered.clear();
        self.misses_n = self.misses_n.saturating_add(1);
        if MISSES_MAX <= self.misses_n {
            return self.hand_off(Notice("misses".to_owned()), Occasion::Misses, situation);
        }
        let choices: Vec<_> = candidates.into_iter().take(CHOICES_MAX).collect();
        if self.misses_n == 1 || choices.len() < 2 {
            return Reply::Rephrase(self.misses_n);
        }
        self.offered = offers(&choices);
        Reply::Clarify(choices)
    }

    /// Calls a person in where there is danger, always, and once where life is hard in many ways.
    fn call_person(&mut self, understanding: &Understanding, situation: Option<&Situation>) -> Option<Reply> {
        match situation?.group {
            SituationGroup::Crisis => {
                let danger = understanding.assessment.as_ref()?.danger.as_deref().unwrap_or("self-harm");
                Some(self.hand_off(Notice(format!("crisis-{danger}")), Occasion::Crisis, situation))
            }
            SituationGroup::Supported if !self.course.called_for.contains(&Occasion::Supported) => {
                Some(self.hand_off(Notice("supported".to_owned()), Occasion::Supported, situation))
            }
            SituationGroup::Steady
            | SituationGroup::Changing
            | SituationGroup::Supported
            | SituationGroup::Employer => None,
        }
    }

    fn hand_off(&mut self, notice: Notice, occasion: Occasion, situation: Option<&Situation>) -> Reply {
        self.offered.clear();
        if !self.course.called_for.contains(&occasion) {
            self.course.called_for.push(occasion);
        }
        let why = HandOff { occasion, situation: situation.cloned(), signals: self.course.signals.clone() };
        Reply::HandOff { notice, why }
    }

    /// What employers and professionals are told beside an answer, once.
    fn aside(&self, understanding: &Understanding, situation: Option<&Situation>) -> Option<Notice> {
        let professional =
            understanding.assessment.as_ref().is_some_and(|shown| PROFESSIONAL_FROM <= shown.professional);
        let employer = situation.is_some_and(|situation| situation.group == SituationGroup::Employer);
        let id = match (professional, employer) {
            (true, _) => "professional",
            (_, true) => "employer",
            _ => return None,
        };
        let notice = Notice(id.to_owned());
        (!self.told.contains(&notice)).then_some(notice)
    }

    fn chosen(&self, cues: &Cues) -> Option<TopicId> {
        self.offered.get(usize::from(cues.choice?)).map(|offer| offer.topic.clone())
    }
}

fn offers(choices: &[Candidate]) -> Vec<Offer> {
    choices.iter().map(|choice| Offer { topic: choice.topic.clone(), parts: choice.parts.clone() }).collect()
}

/// Offers what else was asked before what others ask next.
fn offer_first(evidence: &mut Evidence, further: Vec<QuickReply>) {
    let answered = evidence.candidates.first().map(|best| best.topic.clone());
    let further = further.into_iter().filter(|quick| Some(&quick.topic) != answered.as_ref());
    let mut next: Vec<QuickReply> = further.collect();
    let others = std::mem::take(&mut evidence.next);
    let others = others.into_iter().filter(|other| next.iter().all(|quick| quick.topic != other.topic));
    let others: Vec<QuickReply> = others.collect();
    next.extend(others);
    evidence.next = next;
}

/// An intent that is surer than this is followed, however much the message leans on the one before.
const INTENT_SURE: f32 = 0.8;

/// Whether a message that seems to want something else goes on with the topic of the conversation, or asks more than a change of language.
fn continues(understanding: &Understanding, consequence: &Consequence) -> bool {
    let cues = &understanding.cues;
    let leans = cues.follow_up || cues.reference || cues.correction || cues.same_subject;
    let on_topic = understanding.continued.as_ref().is_some_and(|continued| 0.5 <= continued.guidance);
    let unsure = understanding.intent.as_ref().is_some_and(|(_, share)| *share < INTENT_SURE);
    if consequence.switch_to.is_some() {
        return SWITCH_WORDS_MAX < cues.words_n && (cues.follow_up || cues.new_subject);
    }
    match consequence.outcome {
        // Who asks for a person gets one.
        Outcome::Handoff => false,
        Outcome::Fallback => leans && on_topic,
        Outcome::Answer | Outcome::Clarify | Outcome::Chat => leans && on_topic && unsure,
    }
}

#[cfg(test)]
mod tests;
