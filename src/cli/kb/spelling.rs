//! Spelling, by the programs of those who know: voikko for Finnish, hunspell for Swedish and English, where they are installed.

use crate::cli::output;
use crate::domain::Language;
use crate::knowledge::{Finding, Knowledge};
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A word that stands in this many articles is a term, not a slip.
const ARTICLES_OF_A_TERM: usize = 3;
/// Words shorter than this are abbreviations more often than slips.
const CHARS_MIN: usize = 4;
/// The most words of one language that are checked.
const WORDS_MAX: usize = 100_000;
/// A program that takes longer is stopped.
const TIME_MAX: Duration = Duration::from_mins(1);

/// Where a word stands first.
struct Place<'a> {
    path: &'a str,
    line: usize,
    articles: BTreeSet<&'a str>,
}

/// Warnings for words that the dictionaries do not know.
pub(super) fn check(knowledge: &Knowledge) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for language in Language::ALL {
        let words = words(knowledge, language);
        let command: &[&str] = match language {
            Language::Fi => &["voikkospell"],
            Language::Sv => &["hunspell", "-l", "-d", "sv_FI,sv_SE"],
            Language::En => &["hunspell", "-l", "-d", "en_GB"],
        };
        let Some(said) = ask(command, words.keys().map(String::as_str))? else {
            let program = command.first().copied().unwrap_or_default();
            output::note(&format!(
                "{program} or its dictionary is not installed: the spelling of {language} is not checked"
            ));
            continue;
        };
        let unknown = said.lines().filter_map(|line| match language {
            Language::Fi => line.strip_prefix("W: "),
            Language::Sv | Language::En => Some(line),
        });
        for word in unknown.map(str::trim).collect::<BTreeSet<_>>() {
            if let Some(place) = words.get(word).filter(|place| place.articles.len() < ARTICLES_OF_A_TERM) {
                let message = format!("`{word}` is in no dictionary: correct it, or leave it where it is a name");
                findings.push(Finding::warning(place.path, place.line, message));
            }
        }
    }
    findings.sort_by(|a, b| (&a.path, a.line, &a.message).cmp(&(&b.path, b.line, &b.message)));
    Ok(findings)
}

/// The words of all articles of a language; words with capitals inside are names.
fn words(knowledge: &Knowledge, language: Language) -> BTreeMap<String, Place<'_>> {
    let mut words: BTreeMap<String, Place<'_>> = BTreeMap::new();
    for article in knowledge.topics.iter().map(|topic| topic.article(language)) {
        for part in article.parts() {
            for text in part.text.words().chain(part.heading.as_deref()) {
                let links_left_out =
                    text.split("](").map(|piece| piece.split_once(')').map_or(piece, |(_, rest)| rest));
                for word in links_left_out.flat_map(str::split_whitespace) {
                    let word = word.trim_matches(|c: char| ".,;:!?()[]*»”\"'".contains(c));
                    // Halves of compounds, addresses and names.
                    let is_whole =
                        word.chars().all(char::is_alphabetic) && !word.chars().skip(1).any(char::is_uppercase);
                    if !is_whole || word.chars().count() < CHARS_MIN || WORDS_MAX <= words.len() {
                        continue;
                    }
                    let place = words.entry(word.to_owned()).or_insert_with(|| Place {
                        path: &article.path,
                        line: part.line,
                        articles: BTreeSet::new(),
                    });
                    place.articles.insert(&article.path);
                }
            }
        }
    }
    words
}

/// What a program says of words, one a line; none where it or its dictionary is not there.
fn ask<'a>(command: &[&str], words: impl Iterator<Item = &'a str>) -> Result<Option<String>> {
    let Some((program, arguments)) = command.split_first() else { return Ok(None) };
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("`{program}` cannot be started")),
    };
    let list = words.fold(String::new(), |list, word| list + word + "\n");
    let (mut input, mut answers) = (child.stdin.take(), child.stdout.take());
    // Both ends at once: a full pipe would hold up either.
    let writer = std::thread::Builder::new().name("spelling-in".to_owned()).spawn(move || {
        // A program that ends early has said why by its status.
        let _ = input.take().map(|mut input| input.write_all(list.as_bytes()));
    })?;
    let (told, said) = std::sync::mpsc::channel();
    let reader = std::thread::Builder::new().name("spelling-out".to_owned()).spawn(move || {
        let mut text = String::new();
        let read = answers.take().map_or(Ok(0), |mut answers| answers.read_to_string(&mut text));
        let _ = told.send(read.map(|_| text));
    })?;
    let text = said.recv_timeout(TIME_MAX);
    if text.is_err() {
        child.kill().with_context(|| format!("`{program}` hangs and cannot be stopped"))?;
    }
    let status = child.wait()?;
    for thread in [writer, reader] {
        let _ = thread.join();
    }
    let text = text.with_context(|| format!("`{program}` took over a minute and was stopped"))??;
    Ok(status.success().then_some(text))
}
