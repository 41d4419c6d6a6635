//! Takes out what is for the eye: marks, links, addresses, abbreviations.

use regex::Regex;
use std::sync::LazyLock;

/// A link with its text.
static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\[([^\]]*)\]\([^)]*\)").ok());
/// An address of a page or a mailbox.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:https?://|www\.)[^\s)]*[^\s).,;:]|[\w.-]+@[\w.-]+\w|\b[\w-]+\.(?:fi|eu|com)(?:/[^\s).,]*)?").ok()
});

/// The text of lines and list items, each a sentence at least, without marks and addresses.
pub(super) fn plain(written: &str, abbreviations: &[(&str, &str)]) -> String {
    let lines: Vec<&str> = written.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said = lines.iter().enumerate().map(|(at, line)| {
        let introduces_list = lines.get(at + 1).is_some_and(|next| item(next) != *next) && item(line) == *line;
        let line = replace(&LINK, item(line), "$1");
        let line = replace(&ADDRESS, &line, "");
        let words = line.split(' ').map(|word| full(word, abbreviations));
        let line = words.collect::<Vec<_>>().join(" ").replace(['*', '_', '`'], "");
        match line.chars().next_back() {
            Some('.' | '!' | '?' | ':') => line,
            _ if introduces_list => format!("{line}:"),
            _ => format!("{line}."),
        }
    });
    said.collect::<Vec<_>>().join(" ")
}

/// Single spaces, none before a mark.
pub(super) fn tidy(said: &str) -> String {
    let mut tidy = String::with_capacity(said.len());
    for word in said.split_whitespace() {
        if !tidy.is_empty() && !word.starts_with([',', '.', ';', ':', '!', '?', ')']) {
            tidy.push(' ');
        }
        tidy.push_str(word);
    }
    tidy.replace("()", "").replace(":.", ".").replace("..", ".")
}

/// As many whole sentences as fit; the first always does.
pub(super) fn whole_sentences(said: &str, chars_max: usize) -> String {
    let mut kept = String::new();
    for sentence in said.split_inclusive(". ") {
        if !kept.is_empty() && chars_max < kept.chars().count() + sentence.trim_end().chars().count() {
            break;
        }
        kept.push_str(sentence);
    }
    kept.trim_end().to_owned()
}

/// A list item without its mark.
fn item(line: &str) -> &str {
    let numbered = line.split_once(". ").filter(|(number, _)| number.chars().all(|c| c.is_ascii_digit()));
    line.strip_prefix("- ").or(numbered.map(|(_, text)| text)).unwrap_or(line)
}

/// A word in full where it is an abbreviation, with the marks around it.
fn full(word: &str, abbreviations: &[(&str, &str)]) -> String {
    let core = word.trim_start_matches('(').trim_end_matches([')', ',', ';', ':']);
    match abbreviations.iter().find(|(short, _)| core.eq_ignore_ascii_case(short)) {
        Some((short, long)) => word.to_lowercase().replacen(&short.to_lowercase(), long, 1),
        None => word.to_owned(),
    }
}

fn replace(pattern: &LazyLock<Option<Regex>>, text: &str, with: &str) -> String {
    pattern.as_ref().map_or_else(|| text.to_owned(), |pattern| pattern.replace_all(text, with).into_owned())
}
