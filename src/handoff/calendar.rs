//! Finland's public holidays and eves, computed for any year.

use jiff::civil::{Date, Weekday, date};
use jiff::{Span, ToSpan as _};

/// What kind of day it is for a service that works on weekdays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind {
    /// Monday to Friday, no holiday.
    Working,
    /// A working day that ends early: New Year's Eve and Maundy Thursday.
    Short,
    /// A weekend, a public holiday, Midsummer Eve or Christmas Eve.
    Closed,
}

/// The kind of a day.
pub fn kind(day: Date) -> DayKind {
    let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    if is_weekend || is_holiday(day) || is_closed_eve(day) {
        return DayKind::Closed;
    }
    let is_maundy_thursday = from_easter(day.year(), -3) == Some(day);
    if is_maundy_thursday || (day.month(), day.day()) == (12, 31) { DayKind::Short } else { DayKind::Working }
}

/// Whether a day is a public holiday, Sundays that have a name included.
pub fn is_holiday(day: Date) -> bool {
    let fixed = [(1, 1), (1, 6), (5, 1), (12, 6), (12, 25), (12, 26)];
    // Good Friday, Easter, Easter Monday, Ascension Day, Pentecost.
    let movable = [-2, 0, 1, 39, 49];
    fixed.contains(&(day.month(), day.day()))
        || movable.iter().any(|&days| from_easter(day.year(), days) == Some(day))
        || is_midsummer(day)
        || is_all_saints(day)
}

/// Midsummer Day: the Saturday from 20 to 26 June.
fn is_midsummer(day: Date) -> bool {
    day.weekday() == Weekday::Saturday && day.month() == 6 && (20..=26).contains(&day.day())
}

/// All Saints' Day: the Saturday from 31 October to 6 November.
fn is_all_saints(day: Date) -> bool {
    let is_in = (day.month(), day.day()) == (10, 31) || day.month() == 11 && day.day() <= 6;
    day.weekday() == Weekday::Saturday && is_in
}

/// The eves on which offices are closed.
fn is_closed_eve(day: Date) -> bool {
    (day.month(), day.day()) == (12, 24) || day.tomorrow().is_ok_and(is_midsummer)
}

fn from_easter(year: i16, days: i64) -> Option<Date> {
    let span: Span = days.days();
    easter(year)?.checked_add(span).ok()
}

/// Easter Sunday by the anonymous Gregorian computus (Meeus, Jones, Butcher); `None` outside the years that can be written.
#[expect(clippy::many_single_char_names, reason = "the letters of the published rule")]
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let a = y % 19;
    let (b, c) = (y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    let (month, day) = (i8::try_from(n / 31).ok()?, i8::try_from(n % 31 + 1).ok()?);
    matches!(month, 3 | 4).then(|| date(year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(days: &str, expected: DayKind) {
        for day in days.split_whitespace() {
            assert_eq!(kind(day.parse().unwrap()), expected, "{day}");
        }
    }

    #[test]
    fn easter_moves() {
        for day in ["1954-04-18", "2000-04-23", "2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25"] {
            let day: Date = day.parse().unwrap();
            assert_eq!(easter(day.year()), Some(day));
        }
    }

    #[test]
    fn days_are_told_apart() {
        check("2026-01-01 2026-01-06 2026-04-03 2026-04-06 2026-05-01 2026-05-14 2026-12-25", DayKind::Closed);
        check("2025-06-20 2026-06-19 2027-06-25 2025-12-24 2026-12-24", DayKind::Closed);
        check("2026-11-21 2026-11-22 2026-10-31 2026-12-06", DayKind::Closed);
        check("2025-12-31 2026-12-31 2026-04-02 2027-03-25", DayKind::Short);
        check("2026-11-23 2026-04-30 2026-06-18 2026-12-23 2026-01-05 2026-04-07 2027-12-27", DayKind::Working);
        // A holiday on a weekend moves no other day in Finland.
        check("2027-12-25 2027-12-26", DayKind::Closed);
    }

    #[test]
    fn a_year_has_its_holidays() {
        for year in 2020..2040 {
            let days = date(year, 1, 1).series(1.day()).take_while(|day| day.year() == year);
            let holidays_n = days.filter(|&day| is_holiday(day)).count();
            // Thirteen, unless two fall on one day: Ascension Day on May Day.
            assert!((12..=13).contains(&holidays_n), "{year}: {holidays_n}");
        }
    }
}
