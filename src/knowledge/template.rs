//! Texts with places for facts: `Yksin asuvan perusosa on {{basic-amount-alone}} kuukaudessa.`

use crate::domain::{Fact, Language, Said};
use crate::knowledge::figures;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// A text whose figures are filled in when it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `<benefit>/<name>`.
    Fact(String),
}

/// A fault in a template, with the byte at which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Where, in bytes from the start of the text.
    pub byte: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl Template {
    /// Parses a text; a fact without a `/` belongs to `benefit`.
    ///
    /// # Errors
    /// Where a brace pair is not closed or names no fact.
    pub fn parse(text: &str, benefit: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let byte = text.len() - after.len() - 2;
            let Some((name, behind)) = after.split_once("}}") else {
                let message = "`{{` is not closed: write `{{fact-id}}`".to_owned();
                return Err(TemplateError { byte, message });
            };
            let name = name.trim();
            let is_id = |id: &str| {
                !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            };
            let id = match name.split_once('/') {
                Some((other, id)) if is_id(other) && is_id(id) => name.to_owned(),
                None if is_id(name) => format!("{benefit}/{name}"),
                _ => {
                    let message = format!(
                        "`{name}` is not a fact id: expected `fact-id` or `benefit/fact-id` in lower-case letters"
                    );
                    return Err(TemplateError { byte, message });
                }
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Fact(id));
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self { pieces })
    }

    /// The ids of the facts that it names, in order.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Fact(id) => Some(id.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The words between the facts.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Fact(_) => None,
        })
    }

    /// The sentences in which facts stand, each fact replaced by what `stand_in` gives for its id.
    pub fn sentences_with_facts<'a>(&'a self, stand_in: impl Fn(&'a str) -> &'a str) -> Vec<String> {
        let mut sentences = vec![(String::new(), false)];
        for piece in &self.pieces {
            let Some((sentence, has_fact)) = sentences.last_mut() else { break };
            match piece {
                Piece::Fact(id) => {
                    sentence.push_str(stand_in(id));
                    *has_fact = true;
                }
                Piece::Text(text) => {
                    let mut parts = sentence_parts(text);
                    sentence.push_str(parts.next().unwrap_or_default());
                    sentences.extend(parts.map(|part| (part.to_owned(), false)));
                }
            }
        }
        let with_facts = sentences.into_iter().filter(|(_, has_fact)| *has_fact);
        with_facts.map(|(sentence, _)| sentence.trim().to_owned()).collect()
    }

    /// The text with the figures of a day in a language's convention; none where a fact does not hold on that day.
    pub fn fill(&self, facts: &BTreeMap<String, Fact>, language: Language, day: Date) -> Option<String> {
        let written = |piece: &Said<'_>| match piece {
            Said::Words(words) => (*words).to_owned(),
            Said::Figure(figure) => figures::write(figure, language),
        };
        Some(self.pieces(facts, day)?.iter().map(written).collect())
    }

    /// The words and the figures of a day, in order; none where a fact does not hold on that day.
    pub fn pieces<'a>(&'a self, facts: &'a BTreeMap<String, Fact>, day: Date) -> Option<Vec<Said<'a>>> {
        let piece = |piece: &'a Piece| match piece {
            Piece::Text(text) => Some(Said::Words(text)),
            Piece::Fact(id) => facts.get(id)?.on(day).map(Said::Figure),
        };
        self.pieces.iter().map(piece).collect()
    }
}

/// Cuts words between facts where a sentence ends: at the end of a line, and at a space behind a mark.
fn sentence_parts(text: &str) -> impl Iterator<Item = &str> {
    let mut before = None;
    text.split(move |c: char| {
        let ends = c == '\n' || (c == ' ' && matches!(before, Some('.' | '!' | '?')));
        before = Some(c);
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let template = Template::parse(text, "sickness-allowance").unwrap();
        assert_eq!(template.sentences_with_facts(|_| "2"), expected, "{text}");
    }

    #[test]
    fn sentences_with_facts_stand_alone() {
        check("No figure. Neither here", &[]);
        check("Apply within {{days}} days. Then wait. It is {{sum}}.", &["Apply within 2 days.", "It is 2."]);
        check("- one {{a}}\n- two\n- three {{b}}, {{c}}", &["- one 2", "- three 2, 2"]);
        check("{{a}}{{b}}", &["22"]);
        check("Wait {{a}}. {{b}} days?", &["Wait 2.", "2 days?"]);
    }
}
