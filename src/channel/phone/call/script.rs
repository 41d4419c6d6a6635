//! The phone's own words: what it says, and the phrases by which a caller steers the call. They come from the content.

use super::mouth::Line;
use crate::domain::Language;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The texts of one language, by id without the prefix `phone-`.
pub type Texts = BTreeMap<String, String>;

/// What the phone says and understands by itself.
#[derive(Debug, Default)]
pub struct Script {
    spoken: [Texts; 3],
    written: [Texts; 3],
    phrases: Vec<Phrase>,
}

#[derive(Debug)]
struct Phrase {
    words: Vec<String>,
    language: Language,
    command: Command,
}

/// What a caller can say, or press, at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// A person is wanted.
    Person,
    /// Another language is wanted.
    Language(Language),
    /// The last words once more.
    Repeat,
    /// Slower.
    Slower,
    /// In simpler words.
    Simpler,
    /// The link as a text message.
    Link,
    /// Go on.
    More,
    /// What the keys do.
    Help,
    /// Yes.
    Yes,
    /// No.
    No,
    /// The caller is done.
    Goodbye,
}

/// Words around a command are allowed up to this many words in all: whoever says more has a matter.
const AROUND_MAX: usize = 4;
/// The commands with the ids of their phrases behind `words-`.
const COMMANDS: [(Command, &str); 10] = [
    (Command::Person, "person"),
    (Command::Repeat, "repeat"),
    (Command::Slower, "slower"),
    (Command::Simpler, "simpler"),
    (Command::Link, "link"),
    (Command::More, "more"),
    (Command::Help, "help"),
    (Command::Yes, "yes"),
    (Command::No, "no"),
    (Command::Goodbye, "goodbye"),
];

impl Script {
    /// A script of the texts in their spoken form and as they are written.
    pub fn new(spoken: [Texts; 3], written: [Texts; 3]) -> Self {
        let mut phrases = Vec::new();
        for (language, texts) in Language::ALL.into_iter().zip(&written) {
            let mut learn = |command: Command, id: &str| {
                let list = texts.get(&format!("words-{id}")).map(String::as_str).unwrap_or_default();
                let of_list = list.split(',').map(words).filter(|words| !words.is_empty());
                phrases.extend(of_list.map(|words| Phrase { words, language, command }));
            };
            for (command, id) in COMMANDS {
                learn(command, id);
            }
            learn(Command::Language(language), "language");
        }
        Self { spoken, written, phrases }
    }

    /// A text as it is said.
    pub(super) fn line(&self, id: &str, language: Language) -> Line {
        (self.filled(id, language, "", "").into(), language)
    }

    /// A text as it is said.
    pub fn text(&self, id: &str, language: Language) -> String {
        self.filled(id, language, "", "")
    }

    /// A text as it is said, with a place filled in.
    pub(super) fn filled(&self, id: &str, language: Language, place: &str, with: &str) -> String {
        let text = self.spoken.get(language.index()).and_then(|texts| texts.get(id));
        let text = text.map(String::as_str).unwrap_or_default();
        if place.is_empty() { text.to_owned() } else { text.replace(place, with.trim_end_matches(['.', '?', '!'])) }
    }

    /// The first phrase of a command, as the assistant understands it.
    pub(super) fn phrase(&self, id: &str, language: Language) -> String {
        let list = self.written.get(language.index()).and_then(|texts| texts.get(&format!("words-{id}")));
        list.and_then(|list| list.split(',').next()).unwrap_or_default().trim().to_owned()
    }

    /// What a caller wants who says just this. A person and a language can be asked for in any language.
    pub(super) fn command(&self, said: &str, language: Language) -> Option<Command> {
        let said = words(said);
        let here = |phrase: &&Phrase| {
            phrase.language == language || matches!(phrase.command, Command::Person | Command::Language(_))
        };
        let exact = self.phrases.iter().filter(here).find(|phrase| phrase.words == said);
        let within = |phrase: &&Phrase| {
            // Yes and no stand in many sentences that are neither.
            !matches!(phrase.command, Command::Yes | Command::No | Command::More | Command::Simpler)
                && said.len() <= AROUND_MAX
                && said.windows(phrase.words.len()).any(|window| window == phrase.words)
        };
        exact.or_else(|| self.phrases.iter().filter(here).find(within)).map(|phrase| phrase.command)
    }

    /// Whether a caller who was asked says yes or no: the first such word counts.
    pub(super) fn yes_or_no(&self, said: &str, language: Language) -> Option<bool> {
        let said = words(said);
        let starts = |wanted: Command| {
            let phrases = self.phrases.iter().filter(|phrase| phrase.language == language && phrase.command == wanted);
            phrases.filter(|phrase| said.starts_with(&phrase.words)).map(|phrase| phrase.words.len()).max()
        };
        match (starts(Command::Yes), starts(Command::No)) {
            (None, None) => None,
            (yes, no) => Some(no <= yes),
        }
    }
}

/// The sentences of a text.
pub(super) fn sentences(text: &str, language: Language) -> impl Iterator<Item = Line> {
    let ends = |text: &str| text.ends_with(['.', '!', '?', ':']);
    let mut sentences: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match sentences.last_mut().filter(|sentence| !ends(sentence)) {
            Some(sentence) => {
                sentence.push(' ');
                sentence.push_str(word);
            }
            None => sentences.push(word.to_owned()),
        }
    }
    sentences.into_iter().map(move |sentence| (Arc::from(sentence), language))
}

/// Lower-case words without marks.
fn words(text: &str) -> Vec<String> {
    let cut = text.split(|c: char| !c.is_alphanumeric());
    cut.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}
