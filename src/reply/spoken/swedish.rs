//! Swedish as it is spoken in Finland: `en` or `ett` by what is counted, dates with `den`.

use super::{Beside, Voice, calendar, clock, copied, digits, entry, month, parts};
use crate::domain::FactValue;

/// The voice.
pub(super) struct Swedish;

const UNITS: [&str; 20] = [
    "noll", "ett", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv", "tretton",
    "fjorton", "femton", "sexton", "sjutton", "arton", "nitton",
];
const TENS: [&str; 10] = ["", "tio", "tjugo", "trettio", "fyrtio", "femtio", "sextio", "sjuttio", "åttio", "nittio"];
const ORDINALS: [&str; 20] = [
    "",
    "första",
    "andra",
    "tredje",
    "fjärde",
    "femte",
    "sjätte",
    "sjunde",
    "åttonde",
    "nionde",
    "tionde",
    "elfte",
    "tolfte",
    "trettonde",
    "fjortonde",
    "femtonde",
    "sextonde",
    "sjuttonde",
    "artonde",
    "nittonde",
];
const MONTHS: [&str; 12] = [
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
];
/// Beginnings of the words of which one is `ett`; without such a word counting itself says `ett`.
const NEUTER: [&str; 10] =
    ["år", "kalenderår", "läsår", "studieår", "barn", "besök", "dygn", "kvartal", "hushåll", "studiebesök"];

impl Voice for Swedish {
    fn figure(&self, value: &FactValue, beside: Beside<'_>) -> String {
        match value {
            FactValue::Money(cents) => money(*cents),
            FactValue::Percent(thousandths) => format!("{} procent", decimal(*thousandths, true)),
            FactValue::Number(thousandths) => {
                let noun = beside.word_after();
                decimal(*thousandths, !noun.is_empty() && !NEUTER.iter().any(|neuter| noun.starts_with(neuter)))
            }
            FactValue::Ordinal(n) => ordinal((*n).into()),
            FactValue::Date(date) => {
                let (day, month, year) = calendar(*date);
                format!("{} {}", day_of(day, month, beside), cardinal(year, false))
            }
            FactValue::Day(of, day) => day_of(day.unsigned_abs().into(), month(*of), beside),
            FactValue::Month(year, of) => {
                format!("{} {}", entry(&MONTHS, month(*of) as u64), cardinal(year.unsigned_abs().into(), false))
            }
            FactValue::Year(year) => cardinal(year.unsigned_abs().into(), false),
            FactValue::Hours(from, to) => format!("{} till {}", hour(clock(*from)), hour(clock(*to))),
            FactValue::Text([_, sv, _]) => copied(sv, self),
        }
    }

    fn range(&self, from: &FactValue, to: &FactValue, beside: Beside<'_>) -> String {
        let first = match from {
            FactValue::Percent(thousandths) => decimal(*thousandths, true),
            from => self.figure(from, beside),
        };
        format!("{first} till {}", self.figure(to, beside))
    }

    fn digit(&self, digit: u8) -> &'static str {
        entry(&UNITS, digit.into())
    }

    fn abbreviations(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("kl.", "klockan"),
            ("t.ex.", "till exempel"),
            ("bl.a.", "bland annat"),
            ("dvs.", "det vill säga"),
            ("m.m.", "med mera"),
            ("osv.", "och så vidare"),
            ("s.k.", "så kallad"),
            ("fr.o.m.", "från och med"),
            ("t.o.m.", "till och med"),
            ("ca", "cirka"),
            ("€", "euro"),
            ("%", "procent"),
            ("tfn", "telefon"),
        ]
    }
}

fn money(cents: i64) -> String {
    let (euros, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    let sign = if cents < 0 { "minus " } else { "" };
    match (euros, rest) {
        (euros, 0) => format!("{sign}{} euro", cardinal(euros, true)),
        (0, rest) => format!("{sign}{} cent", cardinal(rest, true)),
        (euros, rest) => format!("{sign}{} euro och {} cent", cardinal(euros, true), cardinal(rest, true)),
    }
}

fn decimal(thousandths: i64, common: bool) -> String {
    let sign = if thousandths < 0 { "minus " } else { "" };
    match parts(thousandths) {
        (whole, decimals) if decimals.is_empty() => format!("{sign}{}", cardinal(whole, common)),
        (whole, decimals) => format!("{sign}{} komma {}", cardinal(whole, false), digits(&decimals, &Swedish)),
    }
}

/// `common` says `en` where one is counted, else `ett`.
fn cardinal(n: u64, common: bool) -> String {
    let rest = |n: u64| if n == 0 { String::new() } else { cardinal(n, common) };
    match n {
        1 if common => "en".to_owned(),
        0..=19 => entry(&UNITS, n).to_owned(),
        20..=99 => format!("{}{}", entry(&TENS, n / 10), rest(n % 10)),
        100..=999 => format!("{}hundra{}", cardinal(n / 100, false), rest(n % 100)),
        1_000..=1_999 => format!("ettusen{}", rest(n % 1_000)),
        2_000..=999_999 => format!("{}tusen{}", cardinal(n / 1_000, false), rest(n % 1_000)),
        1_000_000..=1_999_999 => format!("en miljon {}", rest(n % 1_000_000)).trim_end().to_owned(),
        _ => format!("{} miljoner {}", cardinal(n / 1_000_000, true), rest(n % 1_000_000)).trim_end().to_owned(),
    }
}

fn ordinal(n: u64) -> String {
    match n {
        1..=19 => entry(&ORDINALS, n).to_owned(),
        20..=99 if n.is_multiple_of(10) => format!("{}nde", entry(&TENS, n / 10)),
        20..=99 => format!("{}{}", entry(&TENS, n / 10), entry(&ORDINALS, n % 10)),
        _ => cardinal(n, false),
    }
}

fn day_of(day: u64, month: usize, beside: Beside<'_>) -> String {
    let article = if beside.word_before() == "den" { "" } else { "den " };
    format!("{article}{} {}", ordinal(day), entry(&MONTHS, month as u64))
}

fn hour((hour, minute): (u64, u64)) -> String {
    match minute {
        0 => cardinal(hour, false),
        minute => format!("{} {}", cardinal(hour, false), cardinal(minute, false)),
    }
}
