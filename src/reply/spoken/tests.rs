use super::*;
use jiff::civil::date;

/// Says a text in which `{}` stands for the figures.
#[track_caller]
fn check(language: Language, text: &str, figures: &[FactValue], expected: &str) {
    let mut pieces = Vec::new();
    let mut figures = figures.iter();
    for (at, words) in text.split("{}").enumerate() {
        if 0 < at {
            pieces.push(Said::Figure(figures.next().unwrap()));
        }
        pieces.push(Said::Words(words));
    }
    assert_eq!(speak(&pieces, language), expected);
}

#[track_caller]
fn fi(text: &str, figure: FactValue, expected: &str) {
    check(Language::Fi, text, &[figure], expected);
}

#[track_caller]
fn sv(text: &str, figure: FactValue, expected: &str) {
    check(Language::Sv, text, &[figure], expected);
}

#[track_caller]
fn en(text: &str, figure: FactValue, expected: &str) {
    check(Language::En, text, &[figure], expected);
}

fn number(n: i64) -> FactValue {
    FactValue::Number(n * 1_000)
}

fn hours() -> FactValue {
    FactValue::Hours(Time::constant(8, 0, 0, 0), Time::constant(16, 0, 0, 0))
}

#[test]
fn money_in_three_languages() {
    let amount = || FactValue::Money(57_843);
    fi("Saat {}.", amount(), "Saat viisisataaseitsemänkymmentäkahdeksan euroa ja neljäkymmentäkolme senttiä.");
    sv("Du får {}.", amount(), "Du får femhundrasjuttioåtta euro och fyrtiotre cent.");
    en("You get {}.", amount(), "You get five hundred and seventy-eight euros and forty-three cents.");
    fi("{}", FactValue::Money(100), "yksi euro.");
    fi("{}", FactValue::Money(1), "yksi sentti.");
    fi("{}", FactValue::Money(120_000), "tuhat kaksisataa euroa.");
    fi(
        "{}",
        FactValue::Money(123_456_700),
        "miljoona kaksisataakolmekymmentäneljätuhatta viisisataakuusikymmentäseitsemän euroa.",
    );
    sv("{}", FactValue::Money(210_100), "tvåtusenetthundraen euro.");
    en("{}", FactValue::Money(101), "one euro and one cent.");
    en("{}", FactValue::Money(-50), "minus fifty cents.");
}

#[test]
fn finnish_numerals_agree_with_what_they_count() {
    for (text, n, expected) in [
        ("Sitä maksetaan {} päivää.", 320, "Sitä maksetaan kolmesataakaksikymmentä päivää."),
        ("Hae {} kuukauden kuluessa.", 6, "Hae kuuden kuukauden kuluessa."),
        ("Hae {} kuukauden kuluessa.", 1, "Hae yhden kuukauden kuluessa."),
        ("Saat sen {} päivältä.", 12, "Saat sen kahdeltatoista päivältä."),
        ("Se myönnetään {} vuodeksi.", 2, "Se myönnetään kahdeksi vuodeksi."),
        ("Maksu tulee {} pankkipäivässä.", 3, "Maksu tulee kolmessa pankkipäivässä."),
        ("Tuki päättyy {} vuoteen.", 5, "Tuki päättyy viiteen vuoteen."),
        ("Kun olet {}-vuotias, hae.", 18, "Kun olet kahdeksantoistavuotias, hae."),
        ("Alle {} vuoden iässä.", 25, "Alle kahdenkymmenenviiden vuoden iässä."),
        ("Hän on yli {}.", 65, "Hän on yli kuusikymmentäviisi."),
        ("Laske {} ensimmäistä.", 4, "Laske neljä ensimmäistä."),
        ("Korvaus {} kilometristä.", 100, "Korvaus sadasta kilometristä."),
    ] {
        fi(text, number(n), expected);
    }
    fi("Se on {} tuntia.", FactValue::Number(2_500), "Se on kaksi pilkku viisi tuntia.");
}

#[test]
fn ranges_are_said_from_and_to() {
    let pair = [number(6), number(8)];
    check(Language::Fi, "Se kestää {}–{} viikkoa.", &pair, "Se kestää kuudesta kahdeksaan viikkoa.");
    check(Language::Sv, "Det tar {}–{} veckor.", &pair, "Det tar sex till åtta veckor.");
    check(Language::En, "It takes {}–{} weeks.", &pair, "It takes six to eight weeks.");
    let ages = [number(16), number(67)];
    let said = "Sitä saa kuusitoista viiva kuusikymmentäseitsemänvuotias.";
    check(Language::Fi, "Sitä saa {}–{}-vuotias.", &ages, said);
    let shares = [FactValue::Percent(40_000), FactValue::Percent(60_000)];
    check(Language::Fi, "Noin {}–{}.", &shares, "Noin neljästäkymmenestä kuuteenkymmeneen prosenttiin.");
}

#[test]
fn dates_take_the_form_that_the_sentence_needs() {
    let day = || FactValue::Date(date(2027, 1, 31));
    let year = "tammikuuta kaksituhatta kaksikymmentäseitsemän";
    fi("Muutos tuli {}.", day(), &format!("Muutos tuli kolmantenakymmenentenäensimmäisenä {year}."));
    fi(
        "Se on voimassa {} alkaen.",
        day(),
        &format!("Se on voimassa kolmannestakymmenennestäensimmäisestä {year} alkaen."),
    );
    fi("Hae {} mennessä.", day(), &format!("Hae kolmanteenkymmenenteenensimmäiseen {year} mennessä."));
    fi("Määräpäivä on {}.", day(), &format!("Määräpäivä on kolmaskymmenesensimmäinen {year}."));
    fi("Hae viimeistään {}", FactValue::Day(8, 12), "Hae viimeistään kahdentenatoista elokuuta.");
    fi("Kuukauden {} päivänä.", FactValue::Ordinal(22), "Kuukauden kahdentenakymmenentenätoisena päivänä.");
    fi("Kuukauden {} päivä.", FactValue::Ordinal(7), "Kuukauden seitsemäs päivä.");
    sv("Från {}.", day(), "Från den trettioförsta januari tvåtusentjugosju.");
    sv("Senast den {}.", FactValue::Day(5, 20), "Senast den tjugonde maj.");
    en("By {}.", day(), "By the thirty-first of January twenty twenty-seven.");
    fi("Vuonna {}.", FactValue::Year(2026), "Vuonna kaksituhatta kaksikymmentäkuusi.");
    en("In {}.", FactValue::Year(1958), "In nineteen fifty-eight.");
    en("In {}.", FactValue::Year(2005), "In two thousand and five.");
    fi("Viimeksi: {}.", FactValue::Month(2026, 5), "Viimeksi: toukokuu kaksituhatta kaksikymmentäkuusi.");
}

#[test]
fn hours_percents_and_counts() {
    fi("Soita arkisin klo {}.", hours(), "Soita arkisin kello kahdeksasta kuuteentoista.");
    sv("Ring vardagar kl. {}.", hours(), "Ring vardagar klockan åtta till sexton.");
    en("Call on weekdays {}.", hours(), "Call on weekdays eight a.m. to four p.m.");
    let late = FactValue::Hours(Time::constant(12, 0, 0, 0), Time::constant(15, 30, 0, 0));
    fi("Chat klo {}.", late, "Chat kello kahdestatoista viiteentoista kolmeenkymmeneen.");
    fi("Se on {} tuloista.", FactValue::Percent(70_000), "Se on seitsemänkymmentä prosenttia tuloista.");
    fi("Se on {}.", FactValue::Percent(1_000), "Se on yksi prosentti.");
    sv("Det är {}.", FactValue::Percent(2_500), "Det är två komma fem procent.");
    sv("I {} år.", number(1), "I ett år.");
    sv("I {} månad.", number(1), "I en månad.");
    sv("I {} dagar.", number(21), "I tjugoen dagar.");
    sv("Fyllt {} år.", number(21), "Fyllt tjugoett år.");
    en("For {} days.", number(1_101), "For one thousand one hundred and one days.");
}

#[test]
fn numbers_of_phones_and_forms_are_read_digit_by_digit() {
    let text = |text: &str| FactValue::Text([text, text, text].map(str::to_owned));
    fi("Soita {}.", text("020 634 2650"), "Soita nolla kaksi nolla, kuusi kolme neljä, kaksi kuusi viisi nolla.");
    en("Call {}.", text("112"), "Call one one two.");
    sv("Blankett {}.", text("AT 1"), "Blankett AT ett.");
    fi("Kirjoita osoitteeseen {}.", text("tuki@kela.fi"), "Kirjoita osoitteeseen.");
    fi("{}-vuotias.", text("10–17"), "kymmenen viiva seitsemäntoistavuotias.");
    en("Aged {}.", text("10–17"), "Aged ten to seventeen.");
}

#[test]
fn what_is_for_the_eye_is_not_said() {
    let written = "Hae tukea:\n1. Kirjaudu [OmaKelaan](https://www.kela.fi/oma).\n2. Täytä **hakemus**\n- katso www.kela.fi/ohje, esim. illalla";
    let said = "Hae tukea: Kirjaudu OmaKelaan. Täytä hakemus. katso, esimerkiksi illalla.";
    check(Language::Fi, written, &[], said);
}

#[test]
fn a_line_leads_into_its_list() {
    check(
        Language::Fi,
        "Tarvitset\n- vuokrasopimuksen\n- palkkalaskelman",
        &[],
        "Tarvitset: vuokrasopimuksen. palkkalaskelman.",
    );
}

#[test]
fn only_whole_sentences_are_said() {
    let sentence = format!("{}. ", "sana ".repeat(40).trim_end());
    let said = speak(&[Said::Words(&sentence.repeat(5))], Language::Fi);
    assert_eq!(said.matches('.').count(), 2);
    assert!(said.ends_with("sana.") && said.chars().count() <= CHARS_MAX);
}
