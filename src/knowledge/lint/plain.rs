//! Plain language, as far as it can be counted: long sentences, chains of passives, abbreviations that nobody explained.

use crate::domain::Language;
use crate::knowledge::lint::Rules;
use crate::knowledge::{Article, Finding};
use std::collections::BTreeMap;

/// Endings of Finnish passive verbs in the present and the past.
const PASSIVE_ENDINGS: [&str; 12] =
    ["taan", "tään", "daan", "dään", "laan", "lään", "raan", "rään", "naan", "nään", "ttiin", "stiin"];
/// Words that end alike and are no passives.
const NO_PASSIVES: [&str; 24] = [
    "kelaan",
    "omakelaan",
    "ketään",
    "mitään",
    "itsestään",
    "aikaisintaan",
    "enintään",
    "vähintään",
    "viimeistään",
    "ainoastaan",
    "kuntaan",
    "sairaalaan",
    "palkkaan",
    "apteekkaan",
    "vuodelta",
    "kotimaahan",
    "maahan",
    "tilaan",
    "jonnekään",
    "häntään",
    "sellaisenaan",
    "erikseenkään",
    "kertaan",
    "hintaan",
];
/// Letters of an abbreviation.
const ABBREVIATION_CHARS: std::ops::RangeInclusive<usize> = 2..=6;

pub(super) fn check(article: &Article, lines: &[(usize, &str)], rules: &Rules, findings: &mut Vec<Finding>) {
    let mut warn = |line: usize, message: String| findings.push(Finding::warning(&article.path, line, message));
    let words_max = rules.sentence_words_max.get(&article.language).copied().unwrap_or(usize::MAX);
    for (number, line) in lines.iter().filter(|(_, line)| !line.starts_with('#')) {
        let text = without_links(line);
        let mut passives_n = 0;
        for sentence in sentences(&text) {
            let words_n = sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
            if words_max < words_n {
                warn(
                    *number,
                    format!("a sentence of {words_n} words (`{}`): split it, {words_max} are plain", start(sentence)),
                );
            }
            passives_n = if article.language == Language::Fi && is_passive(sentence) { passives_n + 1 } else { 0 };
            if passives_n == rules.passives_in_a_row_max + 1 {
                warn(
                    *number,
                    format!(
                        "{passives_n} sentences in a row are in the passive (`{}`): say who does it",
                        start(sentence)
                    ),
                );
            }
        }
    }
    for (short, line) in unexplained(article, lines, rules) {
        let message = format!(
            "`{short}` is not explained: write the words with `({short})` behind them, or add it to `abbreviations` in rules.toml"
        );
        warn(line, message);
    }
}

/// Sentences of one line: figures and marks inside do not end one.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(". ").flat_map(|part| part.split_inclusive(['!', '?', ':', ';'])).map(str::trim)
}

fn is_passive(sentence: &str) -> bool {
    sentence.split(|c: char| !c.is_alphanumeric()).any(|word| {
        let lower = word.to_lowercase();
        // A capital inside a sentence is a name.
        let is_name = !sentence.starts_with(word) && word.chars().next().is_some_and(char::is_uppercase);
        !is_name
            && PASSIVE_ENDINGS.iter().any(|ending| lower.len() > ending.len() + 1 && lower.ends_with(ending))
            && !NO_PASSIVES.contains(&lower.as_str())
    })
}

/// Abbreviations that neither the rules nor the article itself explain, each with its first line.
fn unexplained<'a>(article: &Article, lines: &[(usize, &'a str)], rules: &Rules) -> BTreeMap<&'a str, usize> {
    let whole = lines.iter().map(|(_, line)| *line).collect::<Vec<_>>().join("\n");
    let known = rules.abbreviations.get(&article.language);
    let in_brackets: Vec<&str> =
        whole.split('(').skip(1).filter_map(|behind| Some(behind.split_once(')')?.0)).collect();
    let is_explained = |short: &str| {
        let mut words = in_brackets.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        known.is_some_and(|known| known.contains(short))
            || words.any(|word| word == short)
            || whole.contains(&format!("{short} ("))
    };
    let mut found = BTreeMap::new();
    for (number, line) in lines {
        for word in line.split(|c: char| !c.is_alphanumeric()) {
            let is_abbreviation =
                ABBREVIATION_CHARS.contains(&word.chars().count()) && word.chars().all(char::is_uppercase);
            if is_abbreviation && !is_explained(word) {
                found.entry(word).or_insert(*number);
            }
        }
    }
    found
}

/// The text of links without their addresses, facts as one word.
pub(super) fn without_links(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once("](") {
        text.push_str(before);
        rest = behind.split_once(')').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    let mut plain = String::with_capacity(text.len());
    for (at, piece) in text.split("{{").enumerate() {
        match piece.split_once("}}") {
            Some((_, behind)) if 0 < at => {
                plain.push('1');
                plain.push_str(behind);
            }
            _ => plain.push_str(piece),
        }
    }
    plain.replace('[', "")
}

fn start(sentence: &str) -> String {
    let words: Vec<&str> = sentence.split_whitespace().take(5).collect();
    format!("{} …", words.join(" "))
}
