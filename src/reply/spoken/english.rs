//! English, as it is spoken in Europe.

use super::{Beside, Voice, calendar, clock, copied, digits, entry, month, parts};
use crate::domain::FactValue;

/// The voice.
pub(super) struct English;

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ORDINALS: [&str; 20] = [
    "",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];
const TENTHS: [&str; 10] =
    ["", "tenth", "twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Voice for English {
    fn figure(&self, value: &FactValue, beside: Beside<'_>) -> String {
        match value {
            FactValue::Money(cents) => money(*cents),
            FactValue::Percent(thousandths) => format!("{} per cent", decimal(*thousandths)),
            FactValue::Number(thousandths) => decimal(*thousandths),
            FactValue::Ordinal(n) => ordinal((*n).into()),
            FactValue::Date(date) => {
                let (day, month, of) = calendar(*date);
                format!("{} {}", day_of(day, month, beside), year(of))
            }
            FactValue::Day(of, day) => day_of(day.unsigned_abs().into(), month(*of), beside),
            FactValue::Month(of, at) => {
                format!("{} {}", entry(&MONTHS, month(*at) as u64), year(of.unsigned_abs().into()))
            }
            FactValue::Year(of) => year(of.unsigned_abs().into()),
            FactValue::Hours(from, to) => format!("{} to {}", hour(clock(*from)), hour(clock(*to))),
            FactValue::Text([_, _, en]) => copied(en, self),
        }
    }

    fn range(&self, from: &FactValue, to: &FactValue, beside: Beside<'_>) -> String {
        let first = match from {
            FactValue::Percent(thousandths) => decimal(*thousandths),
            from => self.figure(from, beside),
        };
        format!("{first} to {}", self.figure(to, beside))
    }

    fn digit(&self, digit: u8) -> &'static str {
        entry(&UNITS, digit.into())
    }

    fn abbreviations(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("e.g.", "for example"),
            ("i.e.", "that is"),
            ("etc.", "and so on"),
            ("approx.", "approximately"),
            ("€", "euros"),
            ("%", "per cent"),
            ("tel.", "telephone"),
        ]
    }
}

fn money(cents: i64) -> String {
    let (euros, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    let counted = |n: u64, unit: &str| format!("{} {unit}{}", cardinal(n), if n == 1 { "" } else { "s" });
    let sign = if cents < 0 { "minus " } else { "" };
    match (euros, rest) {
        (euros, 0) => format!("{sign}{}", counted(euros, "euro")),
        (0, rest) => format!("{sign}{}", counted(rest, "cent")),
        (euros, rest) => format!("{sign}{} and {}", counted(euros, "euro"), counted(rest, "cent")),
    }
}

fn decimal(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "minus " } else { "" };
    match parts(thousandths) {
        (whole, decimals) if decimals.is_empty() => format!("{sign}{}", cardinal(whole)),
        (whole, decimals) => format!("{sign}{} point {}", cardinal(whole), digits(&decimals, &English)),
    }
}

fn cardinal(n: u64) -> String {
    let rest = |n: u64, joint: &str| if n == 0 { String::new() } else { format!("{joint}{}", cardinal(n)) };
    // British English says `and` before the last two digits.
    let low = |n: u64| rest(n, if n < 100 { " and " } else { " " });
    match n {
        0..=19 => entry(&UNITS, n).to_owned(),
        20..=99 => format!("{}{}", entry(&TENS, n / 10), rest(n % 10, "-")),
        100..=999 => format!("{} hundred{}", cardinal(n / 100), rest(n % 100, " and ")),
        1_000..=999_999 => format!("{} thousand{}", cardinal(n / 1_000), low(n % 1_000)),
        _ => format!("{} million{}", cardinal(n / 1_000_000), low(n % 1_000_000)),
    }
}

fn year(n: u64) -> String {
    match (n / 100, n % 100) {
        (_, _) if !(1_100..=2_099).contains(&n) || (2_000..2_010).contains(&n) => cardinal(n),
        (century, 0) => format!("{} hundred", cardinal(century)),
        (century, rest @ 1..=9) => format!("{} oh {}", cardinal(century), cardinal(rest)),
        (century, rest) => format!("{} {}", cardinal(century), cardinal(rest)),
    }
}

fn ordinal(n: u64) -> String {
    match (n / 10, n % 10) {
        (0 | 1, _) => entry(&ORDINALS, n).to_owned(),
        (tens @ 2..=9, 0) => entry(&TENTHS, tens).to_owned(),
        (tens @ 2..=9, units) => format!("{}-{}", entry(&TENS, tens), entry(&ORDINALS, units)),
        _ => cardinal(n),
    }
}

fn day_of(day: u64, month: usize, beside: Beside<'_>) -> String {
    let article = if beside.word_before() == "the" { "" } else { "the " };
    format!("{article}{} of {}", ordinal(day), entry(&MONTHS, month as u64))
}

fn hour((hour, minute): (u64, u64)) -> String {
    let half = if hour < 12 { "a.m." } else { "p.m." };
    let of_half = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
    match minute {
        0 => format!("{} {half}", cardinal(of_half)),
        minute => format!("{} {} {half}", cardinal(of_half), cardinal(minute)),
    }
}
