//! Takes personal details out of what citizens write, before anything else sees it: identity codes, account numbers, phone numbers and
//! e-mail addresses give way to neutral marks.
//!
//! Codes are known by their shape, not by their check character: a mistyped one is personal data too. Amounts, dates, years and the
//! names of forms stay, because the question is lost without them.

use regex::{Captures, Regex};
use std::borrow::Cow;
use std::sync::LazyLock;

/// One kind of personal detail.
struct Rule {
    /// What its place is given to.
    mark: &'static str,
    shape: Regex,
    /// Looks at what the shape alone cannot tell.
    holds: fn(&str) -> bool,
    /// Whether letters just before it belong to another word, so that it is none.
    whole_word: bool,
}

/// Between digits people type spaces of all kinds, and copied text carries invisible marks.
const GAP: &str = r"[\p{Zs}\t\p{Cf}]";
/// Everything that looks like a hyphen, and what stands for one.
const DASH: &str = r"[-+‐‑‒–—−]";
/// Day and month of two digits each.
const DAY_MONTH: &str = r"(?:0[1-9]|[12]\d|3[01])GAP?(?:0[1-9]|1[0-2])";

/// The same with every digit on its own.
const SPACED_DAY_MONTH: &str = r"(?:0GAP?[1-9]|[12]GAP?\d|3GAP?[01])GAP?(?:0GAP?[1-9]|1GAP?[0-2])";

/// In this order: what contains other shapes comes first.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        rule(EMAIL, r"[\w.%+'-]+@[\w-]+(?:\.[\w-]+)*", always),
        rule(EMAIL, r"[\w.%+'-]+GAP?@GAP?[\w-]+(?:\.[\w-]+)+", always),
        rule(EMAIL, r"[\w.%+'-]+GAP?[(\[](?:at|ät|miukumauku)[)\]]GAP?[\w-]+(?:\.[\w-]+)*", always),
        Rule { whole_word: true, ..rule("[iban]", r"(?i)FIGAP?\d{2}(?:[GAPSET-]?\d){8,16}", always) },
        Rule {
            whole_word: true,
            ..rule("[iban]", r"(?i)[A-Z]{2}\d{2}(?:[GAPSET-]?[A-Z]{4})?(?:[GAPSET-]?[A-Z]{0,3}\d[A-Z\d]*)+", is_iban)
        },
        // 010190-999P, 010190 – 999p, 010190A999K, and with a letter or digit missing or too many.
        rule("[hetu]", r"\d{6}GAP?DASHGAP?(?:[\p{L}\d]{4}\b|\d{3,4}\p{L}?)", always),
        rule("[hetu]", r"(?i)\d{6}GAP?[A-FU-Y]GAP?\d{3}GAP?[\dA-Z]", always),
        rule("[hetu]", r"(?i)DAYMONSPACEDGAP?\dGAP?\dGAP?(?:DASH|[A-FU-Y._/:*])GAP?\dGAP?\dGAP?\dGAP?[\dA-Z]", always),
        // 01.01.90-999P, 01011990-999P
        rule("[hetu]", r"(?i)\d{1,2}[./]\d{1,2}[./](?:\d{2}|\d{4})GAP?(?:DASH|[A-FU-Y])GAP?\d{3}[\dA-Z]", is_no_period),
        rule("[hetu]", r"(?i)DAYMONTHGAP?(?:18|19|20)\d{2}GAP?(?:DASH|[A-FU-Y])?GAP?\d{3}[\dA-Z]", always),
        // Without a separator the date must be one: 010190 999K, 010190999K.
        rule("[hetu]", r"(?i)DAYMONTHGAP?\d{2}GAP?\d{3}[A-Z]", always),
        // Streets where it is certain: a capitalised name that ends like one, and a house number; stair, flat, postcode and town go along.
        rule(
            "[address]",
            r"\b\p{Lu}[\p{L}-]{2,}(?:katu|tie|kuja|polku|raitti|bulevardi|gatan|vägen|gränden|stigen)GAP\d{1,3}(?:GAP?[A-Za-z]\b)?(?:GAP\d{1,3}\b)?(?:,?GAP\d{5}GAP\p{Lu}\p{L}+)?",
            always,
        ),
        // Finnish numbers: mobile ones, then landlines and services.
        rule("[phone]", r"(?:\+|00)GAP?358(?:[GAPSET()-]{0,3}\d){5,12}", always),
        rule("[phone]", r"\+[1-9]\d{0,3}(?:[GAPSET()-]{0,2}\d){6,13}", always),
        rule("[phone]", r"00[1-9]\d(?:[GAPSET-]?\d){7,13}", always),
        rule("[phone]", r"\(?0(?:4\d|50)\)?(?:[GAPSET.DASHSET]?\d){5,9}", always),
        rule(
            "[phone]",
            r"\(?0(?:[235689]|1[03-9]|[27][0-9]|[368]00)\)?[GAPSETDASHSET]?\d{3,}(?:[GAPSETDASHSET]?\d{2,})*",
            is_phone,
        ),
        // Without a separator and with a digit for its last character it looks like a phone number, unless that was found before.
        rule("[hetu]", r"DAYMONTHGAP?\d{2}GAP?\d{4}", always),
        // Old account numbers, cards and customer numbers: no amount is written with so many digits together.
        rule("[number]", r"\d{6}-\d{7,8}|\d{4}(?:[GAPSET-]\d{4}){3}|\d{9,}", always),
    ]
});

#[expect(clippy::expect_used, reason = "the shapes are constants, compiled by a test; masking must never be skipped")]
fn rule(mark: &'static str, shape: &str, holds: fn(&str) -> bool) -> Rule {
    let shape = shape
        .replace("DAYMONSPACED", SPACED_DAY_MONTH)
        .replace("DAYMONTH", DAY_MONTH)
        .replace("GAPSET", r"\p{Zs}\t\p{Cf}")
        .replace("DASHSET", r"‐‑‒–—−-")
        .replace("GAP", GAP)
        .replace("DASH", DASH);
    Rule { mark, shape: Regex::new(&shape).expect("a shape is a valid expression"), holds, whole_word: false }
}

/// A text with personal details replaced. Masking twice changes nothing.
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    // Every shape has a digit or an at sign, or stands in for one.
    if !text.contains(|c: char| c.is_numeric() || c == '@') && !text.contains(['(', '[']) {
        return masked;
    }
    // What was found may have hidden its neighbour: then it is looked at again.
    for _ in 0..ROUNDS_MAX {
        let mut is_changed = false;
        for rule in RULES.iter() {
            if let Cow::Owned(changed) = apply(rule, &masked) {
                is_changed |= changed != masked;
                masked = Cow::Owned(changed);
            }
        }
        if !is_changed {
            break;
        }
    }
    masked
}

/// How often a text is gone through at most.
const ROUNDS_MAX: usize = 4;

/// How many messages back the beginning of a code may stand.
pub const PARTS_BEFORE_N: usize = 3;

/// Messages that came one after the other, the newest last, where an identity code stands in pieces in some of them: all with the pieces
/// replaced, the untouched ones as `None`. `None` where there is no such code. One counts only where its sign or its letter tells it from
/// other figures, and only where the newest message ends it. Others may stand between the pieces.
pub fn mask_across(parts: &[&str]) -> Option<Vec<Option<String>>> {
    let (newest, earlier) = parts.split_last()?;
    let earlier = earlier.get(earlier.len().saturating_sub(PARTS_BEFORE_N)..)?;
    let skipped_n = parts.len() - 1 - earlier.len();
    // Those with the most pieces first: the last bits choose from all that came before.
    for chosen in (1..1_u32 << earlier.len()).rev() {
        let taken: Vec<_> = (0..earlier.len()).filter(|at| chosen & (1 << at) != 0).collect();
        let pieces: Vec<_> = taken.iter().filter_map(|at| earlier.get(*at)).chain([newest]).copied().collect();
        if let Some(masked) = mask_joined(&pieces) {
            let mut all = vec![None; parts.len()];
            let places = taken.into_iter().map(|at| skipped_n + at).chain([parts.len() - 1]);
            for (place, piece) in places.zip(masked) {
                *all.get_mut(place)? = Some(piece);
            }
            return Some(all);
        }
    }
    None
}

/// The pieces with a code replaced that begins in the first and ends in the last.
fn mask_joined(pieces: &[&str]) -> Option<Vec<String>> {
    let joined = pieces.join(" ");
    let (first, last) = (pieces.first()?.len(), joined.len() - pieces.last()?.len());
    for rule in RULES.iter().filter(|rule| rule.mark == CODE) {
        for found in rule.shape.find_iter(&joined) {
            let spans = found.start() < first && last < found.end();
            let is_code = found.as_str().contains(|c: char| !c.is_numeric() && !c.is_whitespace());
            let before = joined.get(..found.start()).and_then(|head| head.chars().next_back());
            let after = joined.get(found.end()..).and_then(|tail| tail.chars().next());
            let cut = before.is_some_and(char::is_numeric) || after.is_some_and(char::is_alphanumeric);
            if spans && is_code && !cut && (rule.holds)(found.as_str()) {
                let (head, tail) = (joined.get(..found.start())?, joined.get(found.end()..)?);
                let between = pieces.len().checked_sub(2)?;
                let masked = [format!("{head}{CODE}")].into_iter().chain(vec![CODE.to_owned(); between]);
                return Some(masked.chain([format!("{CODE}{tail}")]).collect());
            }
        }
    }
    None
}

/// Whether a message could end a code that others began: it begins with a figure, or with what stands between figures.
pub fn may_go_on(text: &str) -> bool {
    let mut signs = text.chars().filter(|c| !c.is_whitespace());
    let first = signs.next();
    let is_sign = |c: char| "-+‐‑‒–—−._/:*".contains(c) || c.is_ascii_alphabetic();
    first.is_some_and(|c| c.is_numeric() || is_sign(c) && signs.next().is_none_or(char::is_numeric))
}

/// What an e-mail address gives way to.
const EMAIL: &str = "[email]";

/// What an identity code gives way to.
const CODE: &str = "[hetu]";

fn apply<'t>(rule: &Rule, text: &'t str) -> Cow<'t, str> {
    rule.shape.replace_all(text, |found: &Captures<'_>| {
        let Some(whole) = found.get(0) else { return String::new() };
        let before = text.get(..whole.start()).and_then(|head| head.chars().next_back());
        let after = text.get(whole.end()..).and_then(|tail| tail.chars().next());
        // A run of digits is one figure: a shape within a longer one is something else. An address takes all digits beside it along.
        let cut = rule.mark != EMAIL
            && (before.is_some_and(|c| c.is_numeric() || rule.whole_word && c.is_alphanumeric())
                || after.is_some_and(char::is_numeric));
        if cut || !(rule.holds)(whole.as_str()) { whole.as_str().to_owned() } else { rule.mark.to_owned() }
    })
}

fn always(_: &str) -> bool {
    true
}

fn digits_n(text: &str) -> usize {
    text.chars().filter(|c| c.is_numeric()).count()
}

/// 15 to 34 letters and digits.
fn is_iban(text: &str) -> bool {
    (15..=34).contains(&text.chars().filter(|c| c.is_alphanumeric()).count()) && 10 <= digits_n(text)
}

/// Seven digits or more: a month and a year have fewer.
fn is_phone(text: &str) -> bool {
    (7..=12).contains(&digits_n(text))
}

/// `1.5.2026-2027` names a period.
fn is_no_period(text: &str) -> bool {
    let ends_in_year = text.get(text.len().saturating_sub(4)..).is_some_and(|tail| {
        tail.chars().all(|c| c.is_ascii_digit()) && (tail.starts_with("19") || tail.starts_with("20"))
    });
    !ends_in_year
}

#[cfg(test)]
mod tests;
