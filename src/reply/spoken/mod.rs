//! Texts as a voice says them: no addresses, no marks, figures as words in the form that the sentence needs.

mod english;
mod finnish;
mod swedish;
mod text;

use crate::domain::{FactValue, Language, Said};
use jiff::civil::{Date, Time};

/// The most characters that are said in one go: some half a minute.
const CHARS_MAX: usize = 420;
/// Stands for a figure while marks are taken out; counted up for each.
const PLACE: u32 = 0xE000;
/// Figures of one text: as many as there are places.
const PLACES_MAX: usize = 0x1000;

/// What stands beside a figure.
#[derive(Clone, Copy, Debug)]
struct Beside<'a> {
    /// The text before it.
    before: &'a str,
    /// The text behind it.
    after: &'a str,
}

impl Beside<'_> {
    /// The word before, in lower case; empty where a sentence begins.
    fn word_before(self) -> String {
        let before = self.before.trim_end_matches([' ', '\u{a0}']);
        before.rsplit(|c: char| !c.is_alphanumeric() && c != '.').next().unwrap_or_default().to_lowercase()
    }

    /// The word behind, in lower case; empty where a mark stands between.
    fn word_after(self) -> String {
        let after = self.after.strip_prefix([' ', '\u{a0}', '-']).unwrap_or(self.after);
        after.chars().take_while(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
    }

    /// Whether the figure is the first half of a compound: `18-vuotias`.
    fn is_compound(self) -> bool {
        let mut letters = self.after.chars();
        letters.next() == Some('-') && letters.next().is_some_and(char::is_alphabetic)
    }
}

/// What a language says for figures.
trait Voice {
    /// A figure.
    fn figure(&self, value: &FactValue, beside: Beside<'_>) -> String;
    /// Two figures with a dash between them.
    fn range(&self, from: &FactValue, to: &FactValue, beside: Beside<'_>) -> String;
    /// A digit by its name.
    fn digit(&self, digit: u8) -> &'static str;
    /// What is written short and said in full.
    fn abbreviations(&self) -> &'static [(&'static str, &'static str)];
}

/// A text as it is said, at most as long as people listen: whole sentences.
pub fn speak(pieces: &[Said<'_>], language: Language) -> String {
    let voice: &dyn Voice = match language {
        Language::Fi => &finnish::Finnish,
        Language::Sv => &swedish::Swedish,
        Language::En => &english::English,
    };
    let mut figures: Vec<&FactValue> = Vec::new();
    let mut written = String::new();
    for piece in pieces {
        match piece {
            Said::Words(words) => written.extend(words.chars().filter(|c| place(*c).is_none())),
            Said::Figure(figure) => {
                let at = u32::try_from(figures.len().min(PLACES_MAX)).unwrap_or_default();
                written.extend(char::from_u32(PLACE + at));
                figures.push(figure);
            }
        }
    }
    let plain = text::plain(&written, voice.abbreviations());
    text::whole_sentences(&fill(&plain, &figures, voice), CHARS_MAX)
}

/// Puts the figures' words into their places.
fn fill(plain: &str, figures: &[&FactValue], voice: &dyn Voice) -> String {
    let figure_at = |text: &str| text.chars().next().and_then(place).and_then(|at| figures.get(at).copied());
    let mut said = String::new();
    let mut rest = plain;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        let Some(figure) = figure_at(rest) else {
            said.push(c);
            rest = behind;
            continue;
        };
        let before = said.clone();
        let to = behind.strip_prefix('–').and_then(|text| Some((figure_at(text)?, text)));
        let (words, after) = match (figure, to) {
            (FactValue::Text(_), _) | (_, None) => {
                (voice.figure(figure, Beside { before: &before, after: behind }), behind)
            }
            (_, Some((to, text))) => {
                let after = text.get('\u{e000}'.len_utf8()..).unwrap_or_default();
                (voice.range(figure, to, Beside { before: &before, after }), after)
            }
        };
        let is_compound = Beside { before: "", after }.is_compound();
        said.push_str(&words);
        rest = if is_compound { after.get(1..).unwrap_or_default() } else { after };
    }
    text::tidy(&said)
}

fn place(c: char) -> Option<usize> {
    let at = usize::try_from(u32::from(c).checked_sub(PLACE)?).ok()?;
    (at < PLACES_MAX).then_some(at)
}

/// A text fact: numbers digit by digit in the groups in which they are written; nothing for addresses of the net, which nobody can note down.
fn copied(text: &str, voice: &dyn Voice) -> String {
    if text.contains('@') || text.contains("://") || text.contains("www.") {
        return String::new();
    }
    let is_phone = text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '+' || c == '-');
    let group = |group: &str| {
        let mut said = String::new();
        for c in group.chars() {
            match c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()) {
                Some(digit) => {
                    if !said.is_empty() && !said.ends_with(' ') {
                        said.push(' ');
                    }
                    said.push_str(voice.digit(digit));
                    said.push(' ');
                }
                None if c == '+' => said.push_str("plus "),
                None => said.push(c),
            }
        }
        said.trim_end().to_owned()
    };
    // A range such as 10–17 is of numbers; all other digits are names.
    let range = |text: &str| {
        let (from, to) = text.split_once('–')?;
        let number =
            |text: &str| text.parse().ok().filter(|_| text.len() <= 3).map(|n: i64| FactValue::Number(n * 1_000));
        Some(voice.range(&number(from)?, &number(to)?, Beside { before: "", after: "-a" }))
    };
    let groups: Vec<String> = text.split_whitespace().map(|word| range(word).unwrap_or_else(|| group(word))).collect();
    groups.join(if is_phone { ", " } else { " " })
}

/// Whole part and the decimals without trailing zeros.
fn parts(thousandths: i64) -> (u64, String) {
    let fraction = format!("{:03}", thousandths.unsigned_abs() % 1_000);
    (thousandths.unsigned_abs() / 1_000, fraction.trim_end_matches('0').to_owned())
}

/// Hours and minutes.
fn clock(time: Time) -> (u64, u64) {
    (time.hour().unsigned_abs().into(), time.minute().unsigned_abs().into())
}

/// Day, month and year.
fn calendar(date: Date) -> (u64, usize, u64) {
    (date.day().unsigned_abs().into(), month(date.month()), date.year().unsigned_abs().into())
}

/// The place of a month in a list.
fn month(month: i8) -> usize {
    usize::try_from(month - 1).unwrap_or_default()
}

/// An entry of a table of words.
fn entry(table: &[&'static str], at: u64) -> &'static str {
    usize::try_from(at).ok().and_then(|at| table.get(at)).copied().unwrap_or_default()
}

/// Decimals, digit by digit.
fn digits(decimals: &str, voice: &dyn Voice) -> String {
    let names = decimals.bytes().map(|digit| voice.digit(digit.saturating_sub(b'0')));
    names.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
