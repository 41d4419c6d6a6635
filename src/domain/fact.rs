//! Dated figures. Texts name facts; only facts hold figures.

use jiff::civil::{Date, Time};

/// What kind of figure a fact is: decides how it is written in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FactKind {
    /// Euros.
    Money,
    /// A share of a hundred.
    Percent,
    /// A count or measure; its unit stands in the text, where it can be inflected.
    Number,
    /// A place in an order, such as a day of the month.
    Ordinal,
    /// A calendar date.
    Date,
    /// A day of every year, such as 31 January.
    Day,
    /// A month of one year.
    Month,
    /// A year.
    Year,
    /// A telephone number.
    Phone,
    /// Opening hours of a day.
    Hours,
    /// Names with digits that are copied as they are: form codes, postal addresses, periods.
    Code,
}

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub enum FactValue {
    /// Cents.
    Money(i64),
    /// A percentage in thousandths.
    Percent(i64),
    /// A number in thousandths.
    Number(i64),
    /// A place in an order, from 1.
    Ordinal(u32),
    /// A calendar date.
    Date(Date),
    /// Month and day of every year.
    Day(i8, i8),
    /// Year and month.
    Month(i16, i8),
    /// A year.
    Year(i16),
    /// Opening and closing time.
    Hours(Time, Time),
    /// Text by language, in the order of [`crate::domain::Language::ALL`].
    Text([String; 3]),
}

/// A piece of a text in which figures are still values: written or spoken, each is put in its own form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Said<'a> {
    /// Words between figures.
    Words(&'a str),
    /// A figure.
    Figure(&'a FactValue),
}

/// A value with the days on which it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Dated {
    /// The first day.
    pub from: Date,
    /// The last day, where it is known.
    pub to: Option<Date>,
    /// What holds then.
    pub value: FactValue,
}

/// A figure with its history, source and future.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// `<benefit>/<name>`.
    pub id: String,
    /// How it is written.
    pub kind: FactKind,
    /// The page that states it.
    pub source: String,
    /// What an editor should know about it.
    pub note: Option<String>,
    /// At least one, by first day.
    pub values: Vec<Dated>,
}

impl Fact {
    /// The value that holds on a day: the newest that has begun and not ended.
    pub fn on(&self, day: Date) -> Option<&FactValue> {
        self.values
            .iter()
            .rev()
            .find(|dated| dated.from <= day)
            .filter(|dated| dated.to.is_none_or(|to| day <= to))
            .map(|dated| &dated.value)
    }
}
