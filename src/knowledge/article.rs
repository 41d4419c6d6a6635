//! Reads `knowledge/<benefit>/<topic>.<lang>.md`: TOML front matter, a lead, sections.

use crate::domain::{Language, TopicId};
use crate::knowledge::facts::date;
use crate::knowledge::finding::{Finding, line_at};
use crate::knowledge::source::Source;
use crate::knowledge::template::Template;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::value::Datetime;

/// The guidance on one topic in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// Its topic.
    pub topic: TopicId,
    /// Its language.
    pub language: Language,
    /// What it is about.
    pub title: String,
    /// How people ask for it; answered by the lead.
    pub questions: Vec<String>,
    /// The page that it was held against.
    pub source: String,
    /// When it was last held against that page.
    pub checked: Date,
    /// When it must be looked at again.
    pub review_by: Date,
    /// The topics that people ask about next.
    pub next: Vec<TopicId>,
    /// Where this version differs from the Finnish one for a reason: `steps`, `items`, `links`, `sections`, `facts` or `next`, with the reason.
    pub differs: BTreeMap<String, String>,
    /// What answers the main question.
    pub lead: Section,
    /// What answers further questions, in order.
    pub sections: Vec<Section>,
    /// The file, from the content root.
    pub path: String,
}

/// A part of an article that can be shown alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its heading; none for the lead.
    pub heading: Option<String>,
    /// How people ask for just this part.
    pub questions: Vec<String>,
    /// The text.
    pub text: Template,
    /// The line on which it begins.
    pub line: usize,
}

impl Article {
    /// The lead and the sections, in order.
    pub fn parts(&self) -> impl Iterator<Item = &Section> {
        std::iter::once(&self.lead).chain(&self.sections)
    }
}

/// The front matter as an editor writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    topic: String,
    title: String,
    questions: Vec<String>,
    source: String,
    checked: Datetime,
    review_by: Datetime,
    #[serde(default)]
    next: Vec<String>,
    #[serde(default)]
    differs: BTreeMap<String, String>,
}

/// What `neuvo kb new` writes where an editor has to write: an error until it is gone.
pub const TO_WRITE: &str = "TO-WRITE";

/// The most example questions one list may have.
const QUESTIONS_MAX: usize = 24;
/// The most characters of a title.
const TITLE_CHARS_MAX: usize = 90;

/// Reads all articles.
pub(super) fn read(source: &Source, findings: &mut Vec<Finding>) -> Vec<Article> {
    let mut articles = Vec::new();
    for (path, text) in source.with_ending("knowledge/", ".md") {
        for (at, line) in text.lines().enumerate().filter(|(_, line)| line.contains(TO_WRITE)) {
            let what = line.trim().trim_start_matches(['?', '#', '"', ' ']);
            findings.push(Finding::error(path, at + 1, format!("`{what}` is not written yet: write it in its place")));
        }
        match parse(path, text) {
            Ok(article) => articles.push(article),
            Err(finding) => findings.push(finding),
        }
    }
    articles
}

/// Parses one article.
///
/// # Errors
/// The first fault that keeps it from being an article.
pub fn parse(path: &str, text: &str) -> Result<Article, Finding> {
    let fault = |line: usize, message: String| Finding::error(path, line, message);
    let (topic, language) = name(path).map_err(|message| fault(0, message))?;
    let Some((front, body)) = text.strip_prefix("+++\n").and_then(|rest| rest.split_once("\n+++\n")) else {
        let message = "no front matter: begin with a line `+++`, then TOML, then a line `+++`";
        return Err(fault(1, message.to_owned()));
    };
    let front_line = |key: &str| front.lines().position(|line| line.starts_with(key)).map_or(1, |at| at + 2);
    let matter: FrontMatter = toml::from_str(front).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(front, span.start) + 1);
        fault(line, error.message().to_owned())
    })?;
    if matter.topic != topic.as_str() {
        let message = format!("topic `{}` does not match the file's name: expected `{topic}`", matter.topic);
        return Err(fault(front_line("topic"), message));
    }
    let title = matter.title.trim().to_owned();
    if title.is_empty() || TITLE_CHARS_MAX < title.chars().count() {
        let message = format!("the title must have 1 to {TITLE_CHARS_MAX} characters: shorten or write it");
        return Err(fault(front_line("title"), message));
    }
    if !(6..=QUESTIONS_MAX).contains(&matter.questions.len()) {
        let message = format!("{} questions: write 6 to {QUESTIONS_MAX}, as people really ask", matter.questions.len());
        return Err(fault(front_line("questions"), message));
    }
    if !matter.source.starts_with("https://") {
        let message = format!("source `{}` is not an https address: name the page", matter.source);
        return Err(fault(front_line("source"), message));
    }
    let mut next = Vec::with_capacity(matter.next.len());
    for id in &matter.next {
        next.push(id.parse().map_err(|error| fault(front_line("next"), format!("{error}")))?);
    }
    let body_line = front.lines().count() + 3;
    let mut parts = sections(body, body_line, topic.benefit()).map_err(|(line, m)| fault(line, m))?;
    let lead = parts.remove(0);
    Ok(Article {
        checked: date(matter.checked).map_err(|m| fault(front_line("checked"), m))?,
        review_by: date(matter.review_by).map_err(|m| fault(front_line("review_by"), m))?,
        topic,
        language,
        title,
        questions: matter.questions,
        source: matter.source,
        next,
        differs: matter.differs,
        lead,
        sections: parts,
        path: path.to_owned(),
    })
}

/// Topic and language by the file's name.
fn name(path: &str) -> Result<(TopicId, Language), String> {
    let wrong = || "the name must be `knowledge/<benefit>/<topic>.<fi|sv|en>.md`".to_owned();
    let mut folders = path.trim_start_matches("knowledge/").split('/');
    let (Some(benefit), Some(file), None) = (folders.next(), folders.next(), folders.next()) else {
        return Err(wrong());
    };
    let stem = file.strip_suffix(".md").ok_or_else(wrong)?;
    let (topic, tag) = stem.rsplit_once('.').ok_or_else(wrong)?;
    let language = tag.parse().map_err(|error| format!("{error}"))?;
    let id = format!("{benefit}.{topic}").parse().map_err(|error| format!("{error}"))?;
    Ok((id, language))
}

/// The lead, then the sections; at least the lead.
fn sections(body: &str, first_line: usize, benefit: &str) -> Result<Vec<Section>, (usize, String)> {
    let mut parts = Vec::new();
    let mut draft = Draft { heading: None, questions: Vec::new(), text: String::new(), line: first_line };
    for (at, line) in body.lines().enumerate() {
        let number = first_line + at;
        if let Some(heading) = line.strip_prefix("## ") {
            let next = Draft {
                heading: Some(heading.trim().to_owned()),
                questions: Vec::new(),
                text: String::new(),
                line: number,
            };
            parts.push(std::mem::replace(&mut draft, next).finish(benefit)?);
        } else if line.starts_with('#') {
            return Err((number, "only `## ` headings are read: use two number signs".to_owned()));
        } else if let Some(question) = line.strip_prefix("? ") {
            draft.questions.push(question.trim().to_owned());
        } else {
            draft.text.push_str(line);
            draft.text.push('\n');
        }
    }
    parts.push(draft.finish(benefit)?);
    Ok(parts)
}

struct Draft {
    heading: Option<String>,
    questions: Vec<String>,
    text: String,
    line: usize,
}

impl Draft {
    fn finish(self, benefit: &str) -> Result<Section, (usize, String)> {
        let what = if self.heading.is_some() { "section" } else { "lead" };
        let text = self.text.trim();
        if text.is_empty() {
            return Err((self.line, format!("the {what} has no text: write it, the lead first")));
        }
        let before = self.text.len() - self.text.trim_start().len();
        let template = Template::parse(text, benefit).map_err(|error| {
            let behind_heading = usize::from(self.heading.is_some()) + self.questions.len();
            let line = self.line + behind_heading + line_at(&self.text, before + error.byte) - 1;
            (line, error.message)
        })?;
        Ok(Section { heading: self.heading, questions: self.questions, text: template, line: self.line })
    }
}
