//! Measures whether the thread is kept: held-out dialogues with the topic that each turn is about.

use crate::assistant::Assistant;
use crate::conversation::Conversation;
use crate::domain::{Language, Outcome, TopicId, Utterance};
use crate::evaluation::rows::{Rows, RowsError};
use jiff::civil::Date;
use serde::Serialize;

/// What a turn should come to: one of these topics first, or one of these outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Topics that would be right.
    pub topics: Vec<TopicId>,
    /// Outcomes that would be.
    pub outcomes: Vec<Outcome>,
}

/// One turn of a dialogue.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Its line in the file.
    pub number: usize,
    /// The dialogue.
    pub dialogue: String,
    /// Its place in the dialogue, from 1.
    pub place: usize,
    /// The language of the message.
    pub language: Language,
    /// The words.
    pub text: String,
    /// What it should come to.
    pub expected: Expected,
}

/// What became of a turn.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The turn.
    pub turn: Turn,
    /// The topics that were found, best first.
    pub found: Vec<TopicId>,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the reply was in the language of the message.
    pub language_right: bool,
}

impl Followed {
    /// Whether the expected topic came first, or the turn ended as expected.
    pub fn is_right(&self) -> bool {
        let Expected { topics, outcomes } = &self.turn.expected;
        outcomes.contains(&self.outcome) || self.found.first().is_some_and(|best| topics.contains(best))
    }

    /// Answered with another topic than expected, or where no answer was.
    pub fn is_answered_wrong(&self) -> bool {
        self.outcome == Outcome::Answer && !self.is_right()
    }
}

/// Reads a set: columns `dialogue_id`, `turn`, `lang`, `user_text`, `expected_topic`; the topic may be `a|b`, or `chat`, `handoff`, `clarify` or
/// `fallback`.
///
/// # Errors
/// At the first line that is not of this form.
pub fn read(text: &str) -> Result<Vec<Turn>, RowsError> {
    let rows = Rows::read(text, &["dialogue_id", "turn", "lang", "user_text", "expected_topic"])?;
    rows.iter()
        .map(|row| {
            let mut expected = Expected::default();
            for word in row.cell("expected_topic").split('|') {
                match word {
                    "chat" => expected.outcomes.push(Outcome::Chat),
                    "handoff" => expected.outcomes.push(Outcome::Handoff),
                    "clarify" => expected.outcomes.push(Outcome::Clarify),
                    "fallback" => expected.outcomes.push(Outcome::Fallback),
                    id => expected.topics.push(id.parse().map_err(|error| row.fault(format!("{error}")))?),
                }
            }
            Ok(Turn {
                number: row.number,
                dialogue: row.cell("dialogue_id").to_owned(),
                place: row.cell("turn").parse().map_err(|_| row.fault("`turn` is no number".to_owned()))?,
                language: row.language()?,
                text: row.cell("user_text").to_owned(),
                expected,
            })
        })
        .collect()
}

/// Goes through each dialogue from its start.
pub fn follow_all(assistant: &Assistant, turns: &[Turn], day: Date) -> Vec<Followed> {
    let mut conversation = Conversation::default();
    let mut dialogue = None;
    let mut followed = Vec::with_capacity(turns.len());
    for turn in turns {
        let Ok(utterance) = Utterance::parse(&turn.text) else { continue };
        if dialogue != Some(&turn.dialogue) {
            conversation = Conversation::default();
            dialogue = Some(&turn.dialogue);
        }
        let taken = assistant.turn(&mut conversation, &utterance, None, day);
        followed.push(Followed {
            turn: turn.clone(),
            found: taken.candidates.iter().map(|candidate| candidate.topic.clone()).collect(),
            outcome: taken.reply.outcome(),
            language_right: taken.language == turn.language,
        });
    }
    followed
}

/// The figures of one group of turns. Shares are 0 to 1.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// A language, or all.
    pub group: String,
    /// How many turns.
    pub turns_n: usize,
    /// Of the first turns: right.
    pub first_right: f64,
    /// How many later turns.
    pub later_n: usize,
    /// Of the later turns: right.
    pub later_right: f64,
    /// Of all: answered with a wrong topic.
    pub answered_wrong: f64,
    /// Replied in the language of the message.
    pub language_right: f64,
}

/// The figures of each language and of all.
pub fn figures(followed: &[Followed]) -> Vec<Figures> {
    let mut rows: Vec<Figures> = Language::ALL
        .into_iter()
        .map(|language| group(language.tag(), followed.iter().filter(|f| f.turn.language == language)))
        .filter(|figures| 0 < figures.turns_n)
        .collect();
    if 1 < rows.len() {
        rows.push(group("all", followed.iter()));
    }
    rows
}

#[expect(clippy::cast_precision_loss, reason = "turn counts are small")]
fn group<'a>(name: &str, followed: impl Iterator<Item = &'a Followed>) -> Figures {
    let followed: Vec<&Followed> = followed.collect();
    let (first, later): (Vec<&Followed>, Vec<&Followed>) = followed.iter().partition(|f| f.turn.place == 1);
    let share = |of: &[&Followed], is: &dyn Fn(&Followed) -> bool| {
        of.iter().filter(|f| is(f)).count() as f64 / of.len().max(1) as f64
    };
    Figures {
        group: name.to_owned(),
        turns_n: followed.len(),
        first_right: share(&first, &Followed::is_right),
        later_n: later.len(),
        later_right: share(&later, &Followed::is_right),
        answered_wrong: share(&followed, &Followed::is_answered_wrong),
        language_right: share(&followed, &|f| f.language_right),
    }
}
