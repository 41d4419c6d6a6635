//! Finnish: numerals agree in case with what they count, and ordinals with what the date is for.

use super::{Beside, Voice, calendar, clock, copied, digits, entry, month, parts};
use crate::domain::FactValue;

/// The voice.
pub(super) struct Finnish;

/// The cases that figures take in guidance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Nominative,
    Genitive,
    Essive,
    Inessive,
    Elative,
    Illative,
    Adessive,
    Ablative,
    Allative,
    Translative,
}

/// A numeral: nominative, the stem of most other cases, the illative, and the nominative behind a multiplier.
struct Numeral(&'static str, &'static str, &'static str, &'static str);

const NUMERALS: [Numeral; 10] = [
    Numeral("nolla", "nolla", "nollaan", "nollaa"),
    Numeral("yksi", "yhde", "yhteen", "yksi"),
    Numeral("kaksi", "kahde", "kahteen", "kaksi"),
    Numeral("kolme", "kolme", "kolmeen", "kolme"),
    Numeral("neljä", "neljä", "neljään", "neljä"),
    Numeral("viisi", "viide", "viiteen", "viisi"),
    Numeral("kuusi", "kuude", "kuuteen", "kuusi"),
    Numeral("seitsemän", "seitsemä", "seitsemään", "seitsemän"),
    Numeral("kahdeksan", "kahdeksa", "kahdeksaan", "kahdeksan"),
    Numeral("yhdeksän", "yhdeksä", "yhdeksään", "yhdeksän"),
];
const TEN: Numeral = Numeral("kymmenen", "kymmene", "kymmeneen", "kymmentä");
const HUNDRED: Numeral = Numeral("sata", "sada", "sataan", "sataa");
const THOUSAND: Numeral = Numeral("tuhat", "tuhanne", "tuhanteen", "tuhatta");
const MILLION: Numeral = Numeral("miljoona", "miljoona", "miljoonaan", "miljoonaa");

/// Stems of ordinals; the first two are words of their own.
const ORDINALS: [&str; 11] =
    ["", "yhde", "kahde", "kolma", "neljä", "viide", "kuude", "seitsemä", "kahdeksa", "yhdeksä", "kymmene"];

const MONTHS: [&str; 12] = [
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
];

/// What figures count: a numeral takes the case of these words only.
const UNITS: [&str; 22] = [
    "kuukau",
    "päiv",
    "arkipäiv",
    "pankkipäiv",
    "kalenteripäiv",
    "vuo",
    "kalenterivuo",
    "lukuvuo",
    "lukukau",
    "viik",
    "raskausviik",
    "tun",
    "minuut",
    "kilometr",
    "kerr",
    "kert",
    "euro",
    "opintopiste",
    "käyn",
    "vuorokau",
    "tukikuukau",
    "hoitojakso",
];

impl Voice for Finnish {
    fn figure(&self, value: &FactValue, beside: Beside<'_>) -> String {
        match value {
            FactValue::Money(cents) => money(*cents),
            FactValue::Percent(thousandths) => {
                let unit = if *thousandths == 1_000 { "prosentti" } else { "prosenttia" };
                format!("{} {unit}", decimal(*thousandths, Case::Nominative))
            }
            FactValue::Number(thousandths) => decimal(*thousandths, counted(beside)),
            FactValue::Ordinal(n) => ordinal((*n).into(), of_noun(&beside.word_after())),
            FactValue::Date(date) => {
                let (day, month, year) = calendar(*date);
                format!("{} {}", day_of(day, month, of_date(beside)), cardinal(year, Case::Nominative))
            }
            FactValue::Day(of, day) => day_of(day.unsigned_abs().into(), month(*of), of_date(beside)),
            FactValue::Month(year, of) => {
                format!(
                    "{} {}",
                    entry(&MONTHS, month(*of) as u64),
                    cardinal(year.unsigned_abs().into(), Case::Nominative)
                )
            }
            FactValue::Year(year) => cardinal(year.unsigned_abs().into(), Case::Nominative),
            FactValue::Hours(from, to) => {
                format!("{} {}", hour(clock(*from), Case::Elative), hour(clock(*to), Case::Illative))
            }
            FactValue::Text([fi, _, _]) => copied(fi, self),
        }
    }

    fn range(&self, from: &FactValue, to: &FactValue, beside: Beside<'_>) -> String {
        match (from, to) {
            (FactValue::Number(from), FactValue::Number(to)) if !beside.is_compound() => {
                format!("{} {}", decimal(*from, Case::Elative), decimal(*to, Case::Illative))
            }
            (FactValue::Percent(from), FactValue::Percent(to)) => {
                format!("{} {} prosenttiin", decimal(*from, Case::Elative), decimal(*to, Case::Illative))
            }
            (FactValue::Day(from_month, from), FactValue::Day(to_month, to)) => {
                let day = |day: i8, of: i8, case| day_of(day.unsigned_abs().into(), month(of), case);
                format!("{} {}", day(*from, *from_month, Case::Elative), day(*to, *to_month, Case::Illative))
            }
            // A compound such as `16–67-vuotias` has no cases in its first half.
            (from, to) => {
                let plain = Beside { before: beside.before, after: "" };
                format!("{} viiva {}", self.figure(from, plain), self.figure(to, beside))
            }
        }
    }

    fn digit(&self, digit: u8) -> &'static str {
        NUMERALS.get(usize::from(digit)).map_or("", |numeral| numeral.0)
    }

    fn abbreviations(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("klo", "kello"),
            ("esim.", "esimerkiksi"),
            ("ks.", "katso"),
            ("mm.", "muun muassa"),
            ("ym.", "ynnä muuta"),
            ("ns.", "niin sanottu"),
            ("ts.", "toisin sanoen"),
            ("n.", "noin"),
            ("eur", "euroa"),
            ("€", "euroa"),
            ("%", "prosenttia"),
            ("puh.", "puhelin"),
        ]
    }
}

fn money(cents: i64) -> String {
    let (euros, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    let counted = |n: u64, one: &str, many: &str| {
        format!("{} {}", cardinal(n, Case::Nominative), if n == 1 { one } else { many })
    };
    let sign = if cents < 0 { "miinus " } else { "" };
    match (euros, rest) {
        (euros, 0) => format!("{sign}{}", counted(euros, "euro", "euroa")),
        (0, rest) => format!("{sign}{}", counted(rest, "sentti", "senttiä")),
        (euros, rest) => format!("{sign}{} ja {}", counted(euros, "euro", "euroa"), counted(rest, "sentti", "senttiä")),
    }
}

/// The case of a numeral by the word that it counts: the counted word is in the partitive where the numeral is in the nominative.
fn counted(beside: Beside<'_>) -> Case {
    let noun = beside.word_after();
    if beside.is_compound() || !UNITS.iter().any(|unit| noun.starts_with(unit)) {
        return Case::Nominative;
    }
    of_noun(&noun)
}

fn of_noun(noun: &str) -> Case {
    let ends = |endings: [&str; 2]| endings.iter().any(|ending| noun.ends_with(ending));
    let before_n: Vec<char> = noun.strip_suffix('n').unwrap_or_default().chars().rev().take(2).collect();
    match before_n.as_slice() {
        [a, b] if a == b => return Case::Illative,
        [_, ..] => return Case::Genitive,
        [] => {}
    }
    match noun {
        _ if ends(["ssa", "ssä"]) => Case::Inessive,
        _ if ends(["sta", "stä"]) => Case::Elative,
        _ if ends(["lla", "llä"]) => Case::Adessive,
        _ if ends(["lta", "ltä"]) => Case::Ablative,
        _ if noun.ends_with("lle") => Case::Allative,
        _ if noun.ends_with("ksi") => Case::Translative,
        _ if ends(["na", "nä"]) => Case::Essive,
        _ => Case::Nominative,
    }
}

/// A date says when something is, unless a postposition or a verb says otherwise.
fn of_date(beside: Beside<'_>) -> Case {
    match (beside.word_after().as_str(), beside.word_before().as_str()) {
        ("alkaen" | "lähtien", _) => Case::Elative,
        ("asti" | "saakka" | "mennessä", _) => Case::Illative,
        (_, "on" | "oli" | "eräpäivä") => Case::Nominative,
        _ => Case::Essive,
    }
}

fn day_of(day: u64, month: usize, case: Case) -> String {
    format!("{} {}ta", ordinal(day, case), entry(&MONTHS, month as u64))
}

fn hour((hour, minute): (u64, u64), case: Case) -> String {
    match minute {
        0 => cardinal(hour, case),
        minute => format!("{} {}", cardinal(hour, case), cardinal(minute, case)),
    }
}

fn decimal(thousandths: i64, case: Case) -> String {
    let sign = if thousandths < 0 { "miinus " } else { "" };
    match parts(thousandths) {
        (whole, decimals) if decimals.is_empty() => format!("{sign}{}", cardinal(whole, case)),
        (whole, decimals) => {
            format!("{sign}{} pilkku {}", cardinal(whole, Case::Nominative), digits(&decimals, &Finnish))
        }
    }
}

fn cardinal(n: u64, case: Case) -> String {
    let multiple = |n: u64, of: &Numeral| match n {
        0 => String::new(),
        1 => of.form(case),
        n if case == Case::Nominative => format!("{}{}", cardinal(n, case), of.3),
        n => format!("{}{}", cardinal(n, case), of.form(case)),
    };
    let unit = |n: u64| usize::try_from(n).ok().and_then(|n| NUMERALS.get(n)).map(|numeral| numeral.form(case));
    match n {
        0..=9 => unit(n).unwrap_or_default(),
        10 => TEN.form(case),
        11..=19 => format!("{}toista", unit(n - 10).unwrap_or_default()),
        20..=99 => together(multiple(n / 10, &TEN), n % 10, case, ""),
        100..=999 => together(multiple(n / 100, &HUNDRED), n % 100, case, ""),
        1_000..=999_999 => together(multiple(n / 1_000, &THOUSAND), n % 1_000, case, " "),
        _ => together(multiple(n / 1_000_000, &MILLION), n % 1_000_000, case, " "),
    }
}

fn together(head: String, rest: u64, case: Case, between: &str) -> String {
    if rest == 0 { head } else { format!("{head}{between}{}", cardinal(rest, case)) }
}

/// Ordinals up to 39: days and places.
fn ordinal(n: u64, case: Case) -> String {
    let first =
        |nominative: &str, stem: &str| if case == Case::Nominative { nominative.to_owned() } else { with(stem, case) };
    let regular = |stem: &str| {
        let back = !stem.contains(['ä', 'ö', 'y']) && stem.contains(['a', 'o', 'u']);
        let vowel = if back { 'a' } else { 'ä' };
        match case {
            Case::Nominative => format!("{stem}s"),
            Case::Essive => format!("{stem}nten{vowel}"),
            Case::Illative => format!("{stem}nteen"),
            _ => with(&format!("{stem}nne"), case),
        }
    };
    match n {
        1 => first("ensimmäinen", "ensimmäise"),
        2 => first("toinen", "toise"),
        3..=10 => regular(entry(&ORDINALS, n)),
        11..=19 => format!("{}toista", regular(entry(&ORDINALS, n - 10))),
        20 | 30 => format!("{}{}", regular(entry(&ORDINALS, n / 10)), regular("kymmene")),
        21..=39 => format!("{}{}", ordinal(n / 10 * 10, case), ordinal(n % 10, case)),
        _ => cardinal(n, case),
    }
}

impl Numeral {
    fn form(&self, case: Case) -> String {
        let Self(nominative, stem, illative, _) = self;
        match case {
            Case::Nominative => (*nominative).to_owned(),
            Case::Illative => (*illative).to_owned(),
            // The essive keeps the strong stem, which the illative shows.
            Case::Essive => format!("{}n{}", strong(illative), vowel(stem)),
            case => with(stem, case),
        }
    }
}

/// The strong stem: the illative without its ending.
fn strong(illative: &str) -> &str {
    let without_n = illative.strip_suffix('n').unwrap_or(illative);
    without_n.char_indices().next_back().and_then(|(at, _)| without_n.get(..at)).unwrap_or(without_n)
}

/// A stem with the ending of a case, by vowel harmony.
fn with(stem: &str, case: Case) -> String {
    let a = vowel(stem);
    match case {
        Case::Nominative => stem.to_owned(),
        Case::Genitive => format!("{stem}n"),
        Case::Essive => format!("{stem}n{a}"),
        Case::Inessive => format!("{stem}ss{a}"),
        Case::Elative => format!("{stem}st{a}"),
        Case::Illative => format!("{stem}en"),
        Case::Adessive => format!("{stem}ll{a}"),
        Case::Ablative => format!("{stem}lt{a}"),
        Case::Allative => format!("{stem}lle"),
        Case::Translative => format!("{stem}ksi"),
    }
}

fn vowel(stem: &str) -> char {
    let last_clear = stem.chars().rev().find(|c| "aouäöy".contains(*c));
    if last_clear.is_some_and(|c| "aou".contains(c)) { 'a' } else { 'ä' }
}
