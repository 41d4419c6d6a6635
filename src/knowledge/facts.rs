//! Reads `knowledge/<benefit>/facts.toml`.

use crate::domain::fact::Dated;
use crate::domain::{Fact, FactKind, FactValue, Language};
use crate::knowledge::finding::{Finding, line_at};
use crate::knowledge::source::Source;
use jiff::civil::{Date, Time};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::value::Datetime;

/// A fact as an editor writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: FactKind,
    source: String,
    note: Option<String>,
    values: Vec<WrittenValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenValue {
    from: Datetime,
    to: Option<Datetime>,
    value: toml::Value,
}

/// Reads all fact files; a fact must hold on `day`.
pub(super) fn read(source: &Source, day: Date, findings: &mut Vec<Finding>) -> BTreeMap<String, Fact> {
    let mut facts = BTreeMap::new();
    for (path, text) in source.with_ending("knowledge/", "/facts.toml") {
        let benefit = path.split('/').nth(1).unwrap_or_default();
        let written: BTreeMap<String, Spanned<Written>> = match toml::from_str(text) {
            Ok(written) => written,
            Err(error) => {
                let line = error.span().map_or(0, |span| line_at(text, span.start));
                findings.push(Finding::error(path, line, error.message()));
                continue;
            }
        };
        for (name, spanned) in written {
            let line = line_of_table(text, &name).unwrap_or_else(|| line_at(text, spanned.span().start));
            let id = format!("{benefit}/{name}");
            match build(id.clone(), spanned.into_inner()) {
                Ok(fact) => {
                    if fact.on(day).is_none() {
                        findings.push(Finding::error(
                            path,
                            line,
                            format!(
                                "fact `{name}` has no value on {day}: add the value that holds now, with its source"
                            ),
                        ));
                    }
                    facts.insert(id, fact);
                }
                Err(message) => {
                    findings.push(Finding::error(path, line, format!("fact `{name}`: {message}")));
                }
            }
        }
    }
    facts
}

fn line_of_table(text: &str, name: &str) -> Option<usize> {
    let header = format!("[{name}]");
    text.lines().position(|line| line.trim() == header).map(|at| at + 1)
}

fn build(id: String, written: Written) -> Result<Fact, String> {
    if !written.source.starts_with("https://") {
        return Err(format!("source `{}` is not an https address: name the page", written.source));
    }
    if written.values.is_empty() {
        return Err("it has no values: give at least one with `from`".to_owned());
    }
    let mut values = Vec::with_capacity(written.values.len());
    for value in written.values {
        let from = date(value.from)?;
        let to = value.to.map(date).transpose()?;
        if to.is_some_and(|to| to < from) {
            return Err(format!("a value ends before it begins on {from}: swap `from` and `to`"));
        }
        values.push(Dated { from, to, value: parse(written.kind, &value.value)? });
    }
    values.sort_by_key(|dated| dated.from);
    if values.windows(2).any(|pair| matches!(pair, [a, b] if a.from == b.from)) {
        return Err("two values begin on the same day: keep one".to_owned());
    }
    Ok(Fact { id, kind: written.kind, source: written.source, note: written.note, values })
}

pub(super) fn date(datetime: Datetime) -> Result<Date, String> {
    datetime.to_string().parse().map_err(|_| format!("`{datetime}` is not a date: expected YYYY-MM-DD without quotes"))
}

fn parse(kind: FactKind, value: &toml::Value) -> Result<FactValue, String> {
    let wrong = |expected: &str| format!("`{value}` is not a value of this kind: expected {expected}");
    match kind {
        FactKind::Money => scaled(value, 100)
            .map(FactValue::Money)
            .ok_or_else(|| wrong("euros with at most two decimals, such as 578.43")),
        FactKind::Percent => scaled(value, 1_000)
            .map(FactValue::Percent)
            .ok_or_else(|| wrong("a percentage with at most three decimals, such as 70")),
        FactKind::Number => scaled(value, 1_000)
            .map(FactValue::Number)
            .ok_or_else(|| wrong("a number with at most three decimals, such as 320")),
        FactKind::Ordinal => value
            .as_integer()
            .and_then(|n| u32::try_from(n).ok())
            .map(FactValue::Ordinal)
            .ok_or_else(|| wrong("a whole number from 0")),
        FactKind::Year => value
            .as_integer()
            .and_then(|n| i16::try_from(n).ok())
            .map(FactValue::Year)
            .ok_or_else(|| wrong("a year, such as 2026")),
        FactKind::Date => value
            .as_datetime()
            .map(ToString::to_string)
            .or_else(|| value.as_str().map(str::to_owned))
            .and_then(|text| text.parse().ok())
            .map(FactValue::Date)
            .ok_or_else(|| wrong("a date, such as 2027-01-31")),
        FactKind::Day => value
            .as_str()
            // A leap year, so that 29 February is a day too.
            .and_then(|text| format!("2028-{text}").parse::<Date>().ok())
            .map(|date| FactValue::Day(date.month(), date.day()))
            .ok_or_else(|| wrong("month and day, such as \"01-31\"")),
        FactKind::Month => value
            .as_str()
            .and_then(|text| format!("{text}-01").parse::<Date>().ok())
            .map(|date| FactValue::Month(date.year(), date.month()))
            .ok_or_else(|| wrong("year and month, such as \"2026-05\"")),
        FactKind::Hours => value
            .as_str()
            .and_then(|text| text.split_once('-'))
            .and_then(|(from, to)| {
                let (from, to): (Time, Time) = (from.parse().ok()?, to.parse().ok()?);
                (from < to).then_some(FactValue::Hours(from, to))
            })
            .ok_or_else(|| wrong("opening and closing time, such as \"09:00-16:00\"")),
        FactKind::Phone | FactKind::Code => {
            texts(value).map(FactValue::Text).ok_or_else(|| wrong("a text, or { fi, sv, en } with one each"))
        }
    }
}

/// A decimal times `scale`, if it has no more decimals than that.
fn scaled(value: &toml::Value, scale: u32) -> Option<i64> {
    if let Some(whole) = value.as_integer() {
        return whole.checked_mul(i64::from(scale));
    }
    let scaled = value.as_float()? * f64::from(scale);
    let rounded = scaled.round();
    // Floats of this size hold the product exactly enough: what is off by more had further decimals.
    #[expect(clippy::cast_possible_truncation, reason = "the bound keeps it within 64 bits")]
    (rounded.abs() < 1e15 && (scaled - rounded).abs() < 1e-6).then_some(rounded as i64)
}

fn texts(value: &toml::Value) -> Option<[String; 3]> {
    if let Some(text) = value.as_str() {
        return Some([text, text, text].map(str::to_owned));
    }
    let table = value.as_table()?;
    let text = |language: Language| table.get(language.tag())?.as_str().map(str::to_owned);
    Some([text(Language::Fi)?, text(Language::Sv)?, text(Language::En)?])
}
