//! Measures whether an answer shows the part of the article that answers: held-out questions with the sections that would.

use crate::assistant::Assistant;
use crate::conversation::Conversation;
use crate::domain::{Language, Reply, TopicId, Utterance};
use crate::evaluation::rows::{Row, Rows, RowsError};
use crate::knowledge::Knowledge;
use jiff::civil::Date;
use serde::Serialize;

/// A question with what answers it.
#[derive(Clone, Debug)]
pub struct SectionQuestion {
    /// Its line in the file.
    pub number: usize,
    /// Its language.
    pub language: Language,
    /// What is asked.
    pub text: String,
    /// Its topic.
    pub topic: TopicId,
    /// The parts of the topic's article that answer it, any of them: 0 is the lead.
    pub right: Vec<usize>,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The answer begins with a right part.
    First,
    /// A right part is shown, after another.
    Second,
    /// The right topic is answered by other parts.
    Other,
    /// The right topic was not answered at once.
    NotAnswered,
}

/// A question with what became of it.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The question.
    pub question: &'a SectionQuestion,
    /// What became of it.
    pub shown: Shown,
}

/// The shares of one group of questions.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// The group: a language or `all`.
    pub group: String,
    /// How many questions.
    pub questions_n: usize,
    /// How many of them were answered at once with their topic.
    pub answered_n: usize,
    /// Of these: the answer begins with a right part.
    pub first: f64,
    /// Of these: a right part is shown.
    pub shown: f64,
}

/// The column with the headings of the right parts, `a|b` where either is right.
const SECTION: &str = "section";
/// The lead's name in it.
const LEAD: &str = "(lead)";

/// Whether a header is that of questions with their sections.
pub fn is_header(header: &str) -> bool {
    header.split('\t').any(|column| column.trim() == SECTION)
}

/// Reads a set: columns `lang`, `text`, `topic` and `section`, the heading of the part that answers as it stands in the article, or `(lead)`.
///
/// # Errors
/// At the first line that is not of this form, or names a topic or section that is not there.
pub fn read(text: &str, knowledge: &Knowledge) -> Result<Vec<SectionQuestion>, RowsError> {
    let rows = Rows::read(text, &["lang", "text", "topic", SECTION])?;
    rows.iter().map(|row| question(&row, knowledge)).collect()
}

fn question(row: &Row<'_>, knowledge: &Knowledge) -> Result<SectionQuestion, RowsError> {
    let language = row.language()?;
    let topic: TopicId = row.cell("topic").parse().map_err(|error| row.fault(format!("{error}")))?;
    let content = knowledge.topic(&topic).ok_or_else(|| row.fault(format!("there is no topic `{topic}`")))?;
    let place = |heading: &str| {
        let wanted = (heading != LEAD).then_some(heading);
        content.article(language).parts().position(|part| part.heading.as_deref() == wanted).ok_or_else(|| {
            row.fault(format!("`{topic}` has no section `{heading}` in {language}: name one as its article does"))
        })
    };
    let right = row.cell(SECTION).split('|').map(place).collect::<Result<_, _>>()?;
    Ok(SectionQuestion { number: row.number, language, text: row.cell("text").to_owned(), topic, right })
}

/// Asks each question in a conversation of its own.
pub fn ask_all<'a>(assistant: &Assistant, questions: &'a [SectionQuestion], day: Date) -> Vec<Asked<'a>> {
    let content = assistant.content();
    let ask = |question: &'a SectionQuestion| -> Option<Asked<'a>> {
        let utterance = Utterance::parse(&question.text).ok()?;
        let turn = assistant.turn(&mut Conversation::default(), &utterance, Some(question.language), day);
        let article = content.knowledge.topic(&question.topic)?.article(turn.language);
        let headings: Vec<Option<&str>> = article.parts().map(|part| part.heading.as_deref()).collect();
        let is_right = |heading: Option<&str>| {
            question.right.iter().any(|part| headings.get(*part).is_some_and(|right| *right == heading))
        };
        let shown = match &turn.reply {
            Reply::Answer { passages, citation, .. } if citation.topic == question.topic => {
                match passages.iter().position(|passage| is_right(passage.heading.as_deref())) {
                    Some(0) => Shown::First,
                    Some(_) => Shown::Second,
                    None => Shown::Other,
                }
            }
            _ => Shown::NotAnswered,
        };
        Some(Asked { question, shown })
    };
    questions.iter().filter_map(ask).collect()
}

/// The shares by language, and of all.
pub fn figures(asked: &[Asked<'_>]) -> Vec<Figures> {
    let of = |group: &str, asked: &[&Asked<'_>]| {
        let count = |kinds: &[Shown]| asked.iter().filter(|one| kinds.contains(&one.shown)).count();
        let answered_n = count(&[Shown::First, Shown::Second, Shown::Other]);
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let share = |kinds: &[Shown]| count(kinds) as f64 / answered_n.max(1) as f64;
        let (first, shown) = (share(&[Shown::First]), share(&[Shown::First, Shown::Second]));
        Figures { group: group.to_owned(), questions_n: asked.len(), answered_n, first, shown }
    };
    let spoken = |language| asked.iter().filter(|one| one.question.language == language).collect::<Vec<_>>();
    let languages = Language::ALL.into_iter().map(|language| of(language.tag(), &spoken(language)));
    let all = of("all", &asked.iter().collect::<Vec<_>>());
    languages.chain([all]).filter(|figures| 0 < figures.questions_n).collect()
}
