//! How a message leans on what was said before, and how it reads when it goes on with the topic of the conversation.

use crate::domain::{Cues, Language, TopicId, Utterance};
use crate::knowledge::Knowledge;
use crate::knowledge::threads::{Cue, Threads};
use crate::words::words;
use std::collections::HashMap;
use std::sync::Arc;

/// A message of more words than this stands alone.
const CONTINUED_WORDS_MAX: usize = 30;
/// An answer to a choice has at most this many words.
const CHOICE_WORDS_MAX: usize = 6;
/// What begins a continuation stands among the first words.
const BEGINNING_WORDS: usize = 3;

/// Reads how messages hang together.
pub struct ThreadReader {
    knowledge: Arc<Knowledge>,
    /// Topics by the words of their titles, by language: quick replies are sent as titles.
    titles: [HashMap<String, TopicId>; 3],
}

/// A message beside the topic of the conversation.
#[derive(Clone, Debug)]
pub struct Reading {
    /// How it leans on what was said before.
    pub cues: Cues,
    /// The message with what it leaves unsaid.
    pub continued: Option<Utterance>,
    /// The topic whose title it repeats.
    pub named: Option<TopicId>,
    /// The topics near the one so far, with how near they are.
    pub kin: Vec<(TopicId, f32)>,
}

impl ThreadReader {
    /// A reader of conversations about some content.
    pub fn new(knowledge: Arc<Knowledge>) -> Self {
        let titles = Language::ALL.map(|language| {
            let titled = |topic: &crate::knowledge::Topic| (key(&topic.article(language).title), topic.id.clone());
            knowledge.topics.iter().map(titled).collect()
        });
        Self { knowledge, titles }
    }

    /// Reads a message in a language beside the topic so far.
    pub fn read(&self, utterance: &Utterance, language: Language, topic: Option<&TopicId>) -> Reading {
        let text = utterance.as_str();
        let threads = &self.knowledge.threads;
        let mut cues = Cues { words_n: words(text).len(), ..Cues::default() };
        note_cues(&mut cues, threads, language, text);
        let subject = topic.and_then(|topic| threads.subject_of.get(topic)).copied();
        let subjects = threads.subjects.get(language.index());
        let mut names_general = false;
        for found in subjects.map(|subjects| subjects.find_longest(text)).unwrap_or_default() {
            if Some(found.means) == subject {
                cues.same_subject = true;
            } else if threads.is_general(found.means) {
                names_general = true;
            } else {
                cues.new_subject = true;
            }
        }
        let continued = topic.filter(|_| cues.words_n <= CONTINUED_WORDS_MAX);
        let continued = continued.and_then(|topic| continued_text(threads, &cues, text, language, topic));
        let titles = Language::ALL.into_iter().filter(|other| *other == language).chain(Language::ALL);
        let mut titles = titles.filter_map(|language| self.titles.get(language.index()));
        let named = titles.find_map(|titles| titles.get(&key(text))).cloned();
        let mut kin = topic.map(|topic| self.kin(topic, names_general)).unwrap_or_default();
        let facets = threads.facets.get(language.index()).map(|facets| facets.find(text)).unwrap_or_default();
        for (topic, near) in &mut kin {
            if facets.iter().any(|found| threads.facet_of.get(topic) == Some(&found.means)) {
                *near += ASKED_BONUS;
                cues.asked.push(topic.clone());
            }
        }
        Reading { cues, continued: continued.and_then(|text| Utterance::parse(&text).ok()), named, kin }
    }

    /// The topics near a topic, with how near they are: those of its subject, those that people ask about next, those of its benefit. What is
    /// asked in any conversation (how long, when, where) belongs to the topic so far, unless the general subject is named.
    fn kin(&self, topic: &TopicId, names_general: bool) -> Vec<(TopicId, f32)> {
        let subject_of = &self.knowledge.threads.subject_of;
        let subject = subject_of.get(topic);
        let next =
            self.knowledge.topic(topic).map(|topic| topic.article(Language::Fi).next.as_slice()).unwrap_or_default();
        let near = |other: &TopicId| match subject.is_some() && subject_of.get(other) == subject {
            true => Some(1.0),
            false if next.contains(other) => Some(0.7),
            false if other.benefit() == topic.benefit() => Some(0.5),
            false if !names_general && other.is_of_all() => Some(-0.5),
            false => None,
        };
        self.knowledge.topics.iter().filter_map(|other| Some((other.id.clone(), near(&other.id)?))).collect()
    }
}

/// How much nearer a topic is that has what the message asks for.
const ASKED_BONUS: f32 = 1.0;

fn note_cues(cues: &mut Cues, threads: &Threads, language: Language, text: &str) {
    let found = threads.cues.get(language.index()).map(|phrases| phrases.find(text)).unwrap_or_default();
    for found in found {
        let begins = found.word < BEGINNING_WORDS;
        let answers = cues.words_n <= CHOICE_WORDS_MAX;
        match Cue::ALL.get(found.means) {
            Some(Cue::FollowUp) if begins => cues.follow_up = true,
            Some(Cue::Reference) => cues.reference = true,
            Some(Cue::Correction) if begins => cues.correction = true,
            Some(Cue::Return) => cues.back = true,
            Some(Cue::Other) => cues.other = true,
            Some(Cue::First) if answers => cues.choice = cues.choice.or(Some(0)),
            Some(Cue::Second) if answers => cues.choice = cues.choice.or(Some(1)),
            Some(Cue::Third) if answers => cues.choice = cues.choice.or(Some(2)),
            Some(Cue::ChoiceNone) if answers => cues.no_choice = true,
            _ => {}
        }
    }
}

/// A message with the subject that it leaves unsaid; or, where it names another subject, with what was asked of the one before.
fn continued_text(threads: &Threads, cues: &Cues, text: &str, language: Language, topic: &TopicId) -> Option<String> {
    if cues.new_subject {
        let leans = cues.follow_up || cues.correction || cues.words_n <= 4;
        return threads.facet(topic, language).filter(|_| leans).map(|facet| format!("{text}, {facet}"));
    }
    let subject = threads.subject_name(topic, language)?;
    Some(if cues.same_subject { text.to_owned() } else { format!("{subject}: {text}") })
}

fn key(text: &str) -> String {
    words(text).join(" ")
}
