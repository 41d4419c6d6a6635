//! Reads question sets: tab-separated, with a header that names the columns.

use crate::domain::{Language, TopicId};

/// A held-out question.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its line in the file.
    pub number: usize,
    /// Its language.
    pub language: Language,
    /// What is asked.
    pub text: String,
    /// The topics that would be right; empty where guidance has no answer.
    pub topics: Vec<TopicId>,
}

/// A fault of a question set.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct QuestionError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what is expected.
    pub message: String,
}

/// Reads a set. The header must have `lang` and `text` (or `question`), and may have `topic`, with `|` between topics that are equally right.
///
/// # Errors
/// At the first line that is not of this form.
pub fn read(text: &str) -> Result<Vec<Question>, QuestionError> {
    let mut lines = text.lines().enumerate();
    let header: Vec<&str> = lines.next().map(|(_, line)| line.split('\t').collect()).unwrap_or_default();
    let column = |names: &[&str]| header.iter().position(|cell| names.contains(&cell.trim()));
    let (Some(language_at), Some(text_at)) = (column(&["lang"]), column(&["text", "question"])) else {
        let message = "the header must name the columns `lang` and `text`, separated by tabs".to_owned();
        return Err(QuestionError { line: 1, message });
    };
    let topic_at = column(&["topic"]);
    let mut questions = Vec::new();
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |at: usize| cells.get(at).map(|cell| cell.trim()).unwrap_or_default();
        let fault = |message: String| QuestionError { line: at + 1, message };
        let language = cell(language_at).parse().map_err(|error| fault(format!("{error}")))?;
        let topics = match topic_at.map(cell) {
            None | Some("") => Vec::new(),
            Some(ids) => {
                ids.split('|').map(str::parse).collect::<Result<_, _>>().map_err(|error| fault(format!("{error}")))?
            }
        };
        questions.push(Question { number: at + 1, language, text: cell(text_at).to_owned(), topics });
    }
    Ok(questions)
}
