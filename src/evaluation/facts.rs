//! Measures whether questions for a figure get it: held-out questions with a pattern that the reply must hold.

use crate::assistant::Assistant;
use crate::conversation::Conversation;
use crate::domain::{Language, Outcome, Reply, TopicId, Utterance};
use crate::evaluation::rows::{Rows, RowsError};
use jiff::civil::Date;
use regex::Regex;
use serde::Serialize;

/// A question for a figure.
#[derive(Clone, Debug)]
pub struct FactQuestion {
    /// Its line in the file.
    pub number: usize,
    /// Its language.
    pub language: Language,
    /// What is asked.
    pub text: String,
    /// The topics that would be right.
    pub topics: Vec<TopicId>,
    /// What a reply with the right figure holds.
    pub figure: Regex,
}

/// What became of a question for a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The reply holds the figure.
    Figure,
    /// It was asked which topic is meant; the reply to the right choice holds the figure.
    FigureAfterChoice,
    /// The reply to the question, or to the right choice, is of the right topic and lacks the figure.
    NoFigure,
    /// Another topic was answered, without the figure.
    Wrong,
    /// It was asked back without the right topic among the choices, or refused.
    Nothing,
}

/// A question with what became of it.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The question.
    pub question: &'a FactQuestion,
    /// What became of it.
    pub told: Told,
    /// The topic that came first.
    pub found: Option<TopicId>,
}

/// The shares of one group of questions.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// The group: a language or `all`.
    pub group: String,
    /// How many questions.
    pub questions_n: usize,
    /// Of all: answered with the right figure at once.
    pub figure: f64,
    /// Of those that were answered at once: with the right figure.
    pub figure_of_answered: f64,
    /// Of all: with the right figure at once or after one choice.
    pub figure_in_two: f64,
    /// Of all: the right topic was answered without the figure.
    pub no_figure: f64,
    /// Of all: another topic was answered.
    pub wrong: f64,
}

/// Whether a header is that of questions for a figure.
pub fn is_header(header: &str) -> bool {
    header.split('\t').any(|column| [PATTERN, MUST_CONTAIN].contains(&column.trim()))
}

/// The column with the pattern, and another name of it.
const PATTERN: &str = "pattern";
const MUST_CONTAIN: &str = "must_contain";

/// Reads a set: columns `question`, `lang`, `pattern` (or `must_contain`), a regular expression, and perhaps `topic` (`a|b` where both are
/// right).
///
/// # Errors
/// At the first line that is not of this form.
pub fn read(text: &str) -> Result<Vec<FactQuestion>, RowsError> {
    let header = text.lines().next().unwrap_or_default();
    let pattern = if header.contains(MUST_CONTAIN) { MUST_CONTAIN } else { PATTERN };
    let rows = Rows::read(text, &["question", "lang", pattern])?;
    rows.iter()
        .map(|row| {
            let topics =
                row.cell("topic").split('|').filter(|id| !id.is_empty()).map(str::parse).collect::<Result<_, _>>();
            Ok(FactQuestion {
                number: row.number,
                language: row.language()?,
                text: row.cell("question").to_owned(),
                topics: topics.map_err(|error| row.fault(format!("{error}")))?,
                figure: Regex::new(row.cell(pattern)).map_err(|error| row.fault(format!("the pattern: {error}")))?,
            })
        })
        .collect()
}

/// Asks each question in a conversation of its own; where it is asked back, the right topic is chosen.
pub fn ask_all<'a>(assistant: &Assistant, questions: &'a [FactQuestion], day: Date) -> Vec<Asked<'a>> {
    let ask = |question: &'a FactQuestion| -> Option<Asked<'a>> {
        let utterance = Utterance::parse(&question.text).ok()?;
        let mut conversation = Conversation::default();
        let hint = Some(question.language);
        let turn = assistant.turn(&mut conversation, &utterance, hint, day);
        let found = turn.candidates.first().map(|candidate| candidate.topic.clone());
        let is_right = |topic: &TopicId| question.topics.contains(topic);
        let told = match &turn.reply {
            _ if question.figure.is_match(&turn.text) => Told::Figure,
            Reply::Clarify(choices) => match choices.iter().position(|choice| is_right(&choice.topic)) {
                Some(at) => {
                    let choice = Utterance::parse(&(at + 1).to_string()).ok()?;
                    let chosen = assistant.turn(&mut conversation, &choice, hint, day);
                    if question.figure.is_match(&chosen.text) { Told::FigureAfterChoice } else { Told::NoFigure }
                }
                None => Told::Nothing,
            },
            reply if reply.outcome() == Outcome::Answer => {
                if question.topics.is_empty() || found.as_ref().is_some_and(is_right) {
                    Told::NoFigure
                } else {
                    Told::Wrong
                }
            }
            _ => Told::Nothing,
        };
        Some(Asked { question, told, found })
    };
    questions.iter().filter_map(ask).collect()
}

/// The shares by language, and of all.
pub fn figures(asked: &[Asked<'_>]) -> Vec<Figures> {
    let of = |group: &str, asked: Vec<&Asked<'_>>| {
        let share = |among: &[Told], of: &[Told]| {
            let count = |kinds: &[Told]| asked.iter().filter(|one| kinds.contains(&one.told)).count();
            #[expect(clippy::cast_precision_loss, reason = "small counts")]
            {
                count(among) as f64 / count(of).max(1) as f64
            }
        };
        let all = [Told::Figure, Told::FigureAfterChoice, Told::NoFigure, Told::Wrong, Told::Nothing];
        Figures {
            group: group.to_owned(),
            questions_n: asked.len(),
            figure: share(&[Told::Figure], &all),
            figure_of_answered: share(&[Told::Figure], &[Told::Figure, Told::NoFigure, Told::Wrong]),
            figure_in_two: share(&[Told::Figure, Told::FigureAfterChoice], &all),
            no_figure: share(&[Told::NoFigure], &all),
            wrong: share(&[Told::Wrong], &all),
        }
    };
    let languages = Language::ALL
        .into_iter()
        .map(|language| of(language.tag(), asked.iter().filter(|one| one.question.language == language).collect()));
    languages.chain([of("all", asked.iter().collect())]).filter(|figures| 0 < figures.questions_n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_patterns_and_names_a_broken_one() {
        let text = "question\tlang\ttopic\tpattern\npaljonko\tfi\thousing-allowance.amount\t50\\s€\n";
        assert!(is_header(text.lines().next().unwrap()));
        let questions = read(text).unwrap();
        assert!(questions[0].figure.is_match("saat 50\u{a0}€"));
        let broken = read("question\tlang\ttopic\tpattern\nmitä\tfi\tservice.contact\t(\n").unwrap_err();
        assert_eq!(broken.line, 2);
        assert!(broken.message.starts_with("the pattern:"), "{}", broken.message);
    }
}
