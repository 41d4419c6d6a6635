//! Reads question sets: tab-separated, with a header that names the columns.

use crate::domain::{Language, TopicId};
use crate::evaluation::rows::{Rows, RowsError};

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

/// Reads a set. The header must have `lang` and `text` (or `question`), and may have `topic`, with `|` between topics that are equally right.
///
/// # Errors
/// At the first line that is not of this form.
pub fn read(text: &str) -> Result<Vec<Question>, RowsError> {
    let asked = if text.lines().next().is_some_and(|header| header.contains("question")) { "question" } else { "text" };
    let rows = Rows::read(text, &["lang", asked])?;
    rows.iter()
        .map(|row| {
            let ids = row.cell("topic");
            let topics = ids.split('|').filter(|id| !id.is_empty()).map(str::parse).collect::<Result<_, _>>();
            Ok(Question {
                number: row.number,
                language: row.language()?,
                text: row.cell(asked).to_owned(),
                topics: topics.map_err(|error| row.fault(format!("{error}")))?,
            })
        })
        .collect()
}
