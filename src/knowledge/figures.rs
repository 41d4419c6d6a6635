//! Figures as each language writes them: `1 200,50 €`, `1,200.50 euros`, `31.1.2027`, `31 January 2027`.

use crate::domain::{FactValue, Language};
use jiff::civil::Time;

/// A space that does not break a line between the figure and its unit.
const NBSP: char = '\u{a0}';

const MONTHS: [[&str; 12]; 3] = [
    [
        "tammikuu",
        "helmikuu",
        "maaliskuu",
        "huhtikuu",
        "toukokuu",
        "kesäkuu",
        "heinäkuu",
        "elokuu",
        "syyskuu",
        "lokakuu",
        "marraskuu",
        "joulukuu",
    ],
    [
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
    ],
    [
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
    ],
];

/// Writes a figure in the convention of a language, as Kela's pages do.
pub fn write(value: &FactValue, language: Language) -> String {
    match value {
        FactValue::Money(cents) => money(*cents, language),
        FactValue::Number(thousandths) => decimal(*thousandths, language),
        FactValue::Percent(thousandths) => percent(*thousandths, language),
        FactValue::Ordinal(n) => ordinal(*n, language),
        FactValue::Date(date) => match language {
            Language::Fi | Language::Sv => {
                format!("{}.{}.{}", date.day(), date.month(), date.year())
            }
            Language::En => {
                format!("{} {} {}", date.day(), month_name(date.month(), language), date.year())
            }
        },
        FactValue::Day(month, day) => match language {
            Language::Fi => format!("{day}.{month}."),
            Language::Sv => format!("{day}.{month}"),
            Language::En => format!("{day} {}", month_name(*month, language)),
        },
        FactValue::Month(year, month) => format!("{} {year}", month_name(*month, language)),
        FactValue::Year(year) => year.to_string(),
        FactValue::Hours(from, to) => match language {
            Language::Fi | Language::Sv => format!("{}–{}", hour(*from), hour(*to)),
            Language::En => format!("{}–{}", from.strftime("%-H:%M"), to.strftime("%-H:%M")),
        },
        FactValue::Text([fi, sv, en]) => match language {
            Language::Fi => fi.clone(),
            Language::Sv => sv.clone(),
            Language::En => en.clone(),
        },
    }
}

fn percent(thousandths: i64, language: Language) -> String {
    match language {
        Language::Fi | Language::Sv => format!("{}{NBSP}%", decimal(thousandths, language)),
        Language::En => format!("{}%", decimal(thousandths, language)),
    }
}

fn money(cents: i64, language: Language) -> String {
    let euros = grouped(cents.unsigned_abs() / 100, language);
    let sign = if cents < 0 { "−" } else { "" };
    let fraction = match (cents.unsigned_abs() % 100, language) {
        (0, _) => String::new(),
        (rest, Language::En) => format!(".{rest:02}"),
        (rest, Language::Fi | Language::Sv) => format!(",{rest:02}"),
    };
    match language {
        Language::Fi | Language::Sv => format!("{sign}{euros}{fraction}{NBSP}€"),
        Language::En if cents == 100 => format!("1{NBSP}euro"),
        Language::En => format!("{sign}{euros}{fraction}{NBSP}euros"),
    }
}

fn decimal(thousandths: i64, language: Language) -> String {
    let whole = grouped(thousandths.unsigned_abs() / 1_000, language);
    let sign = if thousandths < 0 { "−" } else { "" };
    let fraction = format!("{:03}", thousandths.unsigned_abs() % 1_000);
    let fraction = fraction.trim_end_matches('0');
    match (fraction, language) {
        ("", _) => format!("{sign}{whole}"),
        (fraction, Language::En) => format!("{sign}{whole}.{fraction}"),
        (fraction, Language::Fi | Language::Sv) => format!("{sign}{whole},{fraction}"),
    }
}

/// Digits in groups of three: with a comma in English, else with a space that does not break.
fn grouped(n: u64, language: Language) -> String {
    let separator = match language {
        Language::Fi | Language::Sv => NBSP,
        Language::En => ',',
    };
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    for (at, digit) in digits.chars().enumerate() {
        if 0 < at && (digits.len() - at).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

fn ordinal(n: u32, language: Language) -> String {
    match language {
        Language::Fi => format!("{n}."),
        Language::Sv => n.to_string(),
        Language::En => {
            let ending = match (n % 10, n % 100) {
                (_, 11..=13) => "th",
                (1, _) => "st",
                (2, _) => "nd",
                (3, _) => "rd",
                _ => "th",
            };
            format!("{n}{ending}")
        }
    }
}

fn hour(time: Time) -> String {
    match time.minute() {
        0 => time.hour().to_string(),
        minute => format!("{}.{minute:02}", time.hour()),
    }
}

fn month_name(month: i8, language: Language) -> &'static str {
    let at = usize::try_from(month - 1).unwrap_or_default();
    MONTHS.get(language.index()).and_then(|names| names.get(at)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[track_caller]
    fn check(value: &FactValue, expected: [&str; 3]) {
        let written = Language::ALL.map(|language| write(value, language).replace(NBSP, " "));
        assert_eq!(written, expected);
    }

    #[test]
    fn figures_follow_each_language() {
        check(&FactValue::Money(120_050), ["1 200,50 €", "1 200,50 €", "1,200.50 euros"]);
        check(&FactValue::Money(40_000), ["400 €", "400 €", "400 euros"]);
        check(&FactValue::Money(100), ["1 €", "1 €", "1 euro"]);
        check(&FactValue::Money(-105), ["−1,05 €", "−1,05 €", "−1.05 euros"]);
        check(&FactValue::Percent(70_000), ["70 %", "70 %", "70%"]);
        check(&FactValue::Number(12_345_250), ["12 345,25", "12 345,25", "12,345.25"]);
        check(&FactValue::Ordinal(22), ["22.", "22", "22nd"]);
        check(&FactValue::Ordinal(12), ["12.", "12", "12th"]);
        check(&FactValue::Date(date(2027, 1, 31)), ["31.1.2027", "31.1.2027", "31 January 2027"]);
        check(&FactValue::Day(1, 31), ["31.1.", "31.1", "31 January"]);
        check(&FactValue::Month(2026, 5), ["toukokuu 2026", "maj 2026", "May 2026"]);
        let hours = FactValue::Hours(Time::constant(9, 0, 0, 0), Time::constant(15, 30, 0, 0));
        check(&hours, ["9–15.30", "9–15.30", "9:00–15:30"]);
    }
}
