//! Reads what keeps the thread of a conversation: `knowledge/subjects.toml`, what messages name and what they ask of it, and
//! `intents/threads.toml`, the small words by which a message leans on the one before.

use crate::domain::{Language, TopicId};
use crate::knowledge::finding::Finding;
use crate::knowledge::situations::parse;
use crate::knowledge::source::Source;
use crate::phrases::{PhraseError, Phrases};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

const SUBJECTS: &str = "knowledge/subjects.toml";
/// The file of the small words.
pub(super) const CUES: &str = "intents/threads.toml";

/// A small word's work; phrases of `Threads::cues` mean its place in [`Cue::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cue {
    /// Begins like a continuation.
    FollowUp,
    /// Refers back.
    Reference,
    /// Corrects.
    Correction,
    /// Goes back to an earlier subject.
    Return,
    /// Announces another subject.
    Other,
    /// Begins a question.
    Question,
    /// Picks the first choice.
    #[serde(rename = "choice-1")]
    First,
    /// Picks the second choice.
    #[serde(rename = "choice-2")]
    Second,
    /// Picks the third choice.
    #[serde(rename = "choice-3")]
    Third,
    /// Picks none of the choices.
    ChoiceNone,
    /// Asks for a sum or a share: how much.
    AsksSum,
    /// Asks for a time: how long, by when, how many days.
    AsksTime,
    /// Asks what something is.
    AsksWhat,
}

impl Cue {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::FollowUp,
        Self::Reference,
        Self::Correction,
        Self::Return,
        Self::Other,
        Self::Question,
        Self::First,
        Self::Second,
        Self::Third,
        Self::ChoiceNone,
        Self::AsksSum,
        Self::AsksTime,
        Self::AsksWhat,
    ];
}

/// Subjects, facets and small words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Threads {
    /// What messages name, by language.
    pub subject_names: Vec<[String; 3]>,
    /// What the topics are called, by language, that have a name of their own within their subject.
    pub own_names: BTreeMap<TopicId, [String; 3]>,
    /// The subject of each topic.
    pub subject_of: BTreeMap<TopicId, usize>,
    /// What names a subject, by language: means its place in `subject_names`.
    pub subjects: [Phrases; 3],
    /// What is asked of topics, without their subject, by language.
    pub facet_names: Vec<[String; 3]>,
    /// The facet of each topic that has one.
    pub facet_of: BTreeMap<TopicId, usize>,
    /// What asks for a facet, by language: means its place in `facet_names`.
    pub facets: [Phrases; 3],
    /// The small words, by language: mean the place in [`Cue::ALL`].
    pub cues: [Phrases; 3],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectsFile {
    subject: Vec<WrittenSubject>,
    #[serde(default)]
    own_name: Vec<WrittenName>,
    #[serde(default)]
    facet: Vec<WrittenFacet>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSubject {
    id: String,
    topics: Vec<String>,
    fi: Named,
    sv: Named,
    en: Named,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenName {
    topic: String,
    fi: String,
    sv: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFacet {
    id: String,
    topics: Vec<String>,
    fi: Named,
    sv: Named,
    en: Named,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CuesFile {
    cues: BTreeMap<Cue, Words>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    fi: Vec<String>,
    sv: Vec<String>,
    en: Vec<String>,
}

/// Reads both files; content without them keeps no thread.
pub(super) fn read(source: &Source, topics: &BTreeSet<&TopicId>, findings: &mut Vec<Finding>) -> Threads {
    let mut threads = Threads::default();
    let texts: Vec<_> = source.with_ending("", ".toml").filter(|(path, _)| [SUBJECTS, CUES].contains(path)).collect();
    for (path, text) in texts {
        if path == CUES {
            if let Some(file) = parse::<CuesFile>(path, text, findings) {
                read_cues(&mut threads, &file, findings);
            }
        } else if let Some(file) = parse::<SubjectsFile>(path, text, findings) {
            read_subjects(&mut threads, file, topics, findings);
        }
    }
    threads
}

fn read_cues(threads: &mut Threads, file: &CuesFile, findings: &mut Vec<Finding>) {
    for (means, cue) in Cue::ALL.into_iter().enumerate() {
        let Some(words) = file.cues.get(&cue) else {
            findings.push(Finding::error(CUES, 0, format!("`{cue:?}` is missing: write its words in three languages")));
            continue;
        };
        for (phrases, written) in threads.cues.iter_mut().zip([&words.fi, &words.sv, &words.en]) {
            for phrase in written {
                if let Err(error) = phrases.add(phrase, means) {
                    findings.push(Finding::error(CUES, 0, format!("`{cue:?}`: {error}")));
                }
            }
        }
    }
}

fn read_subjects(threads: &mut Threads, file: SubjectsFile, topics: &BTreeSet<&TopicId>, findings: &mut Vec<Finding>) {
    let mut fault = |message: String| findings.push(Finding::error(SUBJECTS, 0, message));
    for written in file.subject {
        let subject = threads.subject_names.len();
        for id in known(&written.id, &written.topics, topics, &mut fault) {
            if threads.subject_of.insert(id.clone(), subject).is_some() {
                fault(format!("`{id}` has two subjects: keep it in one"));
            }
        }
        let versions = [written.fi, written.sv, written.en];
        add_words(&mut threads.subjects, &versions, subject, |error| {
            fault(format!("subject `{}`: {error}", written.id));
        });
        threads.subject_names.push(versions.map(|version| version.name));
    }
    for WrittenName { topic, fi, sv, en } in file.own_name {
        for id in known("own_name", &[topic], topics, &mut fault) {
            threads.own_names.insert(id, [fi.clone(), sv.clone(), en.clone()]);
        }
    }
    for written in file.facet {
        let facet = threads.facet_names.len();
        for id in known(&written.id, &written.topics, topics, &mut fault) {
            threads.facet_of.insert(id, facet);
        }
        let versions = [written.fi, written.sv, written.en];
        add_words(&mut threads.facets, &versions, facet, |error| fault(format!("facet `{}`: {error}", written.id)));
        threads.facet_names.push(versions.map(|version| version.name));
    }
    for id in topics.iter().filter(|id| !threads.subject_of.contains_key(**id)) {
        fault(format!("`{id}` has no subject: name it in one"));
    }
}

fn add_words(phrases: &mut [Phrases; 3], versions: &[Named; 3], means: usize, mut fault: impl FnMut(PhraseError)) {
    for (phrases, version) in phrases.iter_mut().zip(versions) {
        for phrase in &version.words {
            phrases.add(phrase, means).unwrap_or_else(&mut fault);
        }
    }
}

/// The topics of a subject or facet that have articles.
fn known(of: &str, written: &[String], topics: &BTreeSet<&TopicId>, fault: &mut impl FnMut(String)) -> Vec<TopicId> {
    let mut ids = Vec::with_capacity(written.len());
    for text in written {
        match text.parse::<TopicId>() {
            Ok(id) if topics.contains(&id) => ids.push(id),
            Ok(id) => fault(format!("`{of}` names `{id}`, which has no article: name another topic or write it")),
            Err(error) => fault(format!("`{of}`: {error}")),
        }
    }
    ids
}

impl Threads {
    /// What a topic is about, as people call it in a language.
    pub fn subject_name(&self, topic: &TopicId, language: Language) -> Option<&str> {
        let of_subject = || self.subject_names.get(*self.subject_of.get(topic)?);
        let names = self.own_names.get(topic).or_else(of_subject)?;
        names.get(language.index()).map(String::as_str)
    }

    /// Whether a subject is asked about in any conversation: processing times, appeals, contact.
    pub fn is_general(&self, subject: usize) -> bool {
        let mut topics = self.subject_of.iter().filter(|(_, of)| **of == subject);
        topics.all(|(topic, _)| topic.is_of_all())
    }

    /// What is asked of a topic, without its subject.
    pub fn facet(&self, topic: &TopicId, language: Language) -> Option<&str> {
        let names = self.facet_names.get(*self.facet_of.get(topic)?)?;
        names.get(language.index()).map(String::as_str)
    }
}
