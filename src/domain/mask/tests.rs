use super::*;
use proptest::prelude::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(mask(text), expected, "from {text:?}");
}

/// Fictional test persons of the Digital and Population Data Services Agency, and the same codes as people type them.
#[test]
fn identity_codes_by_shape() {
    for code in [
        "010594Y9032",
        "020516C903K",
        "030516D9037",
        "020503F9037",
        "010190-999P",
        "010190Y999P",
        "010190+999K",
        "010594y9032",
        "020516c903k",
        "010190–999P",
        "010190 - 999P",
        "010190 -999p",
        "010190 999K",
        "010190999K",
        "010190999k",
        "010190—999P",
        "010190\u{2212}999P",
        "010190\u{a0}-\u{a0}999P",
        "010190 A 999 K",
        "010190-9999",
        "123456-abcd",
        "123456-789",
        "123456-123A",
        "01.01.90-999P",
        "1.1.1990-999P",
        "01011990-999P",
        "010190.999P",
        "0 1 0 1 9 0 - 9 9 9 P",
        "010190\u{200b}-999P",
        "010190-999",
        "010190/999P",
        "131052-308T",
        "010190U999P",
    ] {
        check(code, "[hetu]");
        check(&format!("hei, tunnukseni on {code}, mitä nyt"), "hei, tunnukseni on [hetu], mitä nyt");
        check(&format!("sotu:{code}."), "sotu:[hetu].");
    }
    check("henkilötunnus on 010190-999P ja vaimon 020290-998N", "henkilötunnus on [hetu] ja vaimon [hetu]");
    check("hetuni010190-999P", "hetuni[hetu]");
}

#[test]
fn accounts() {
    check("tili FI21 1234 5600 0007 85 kiitos", "tili [iban] kiitos");
    check("FI2112345600000785", "[iban]");
    check("fi21 1234 5600 000785", "[iban]");
    check("fi 21-1234-5600-0007-85", "[iban]");
    check("konto SE45 5000 0000 0583 9825 7466 tack", "konto [iban] tack");
    check("DE89370400440532013000", "[iban]");
    check("GB29 NWBK 6016 1331 9268 19 please", "[iban] please");
    check("viite 123456789012", "viite [number]");
    check("kortti 4111 1111 1111 1111", "kortti [number]");
}

#[test]
fn phone_numbers() {
    for number in [
        "0401234567",
        "040 1234567",
        "040-123 4567",
        "040 123 45 67",
        "040.123.4567",
        "050 123 4567",
        "0457 123 4567",
        "+358401234567",
        "+358 40 123 4567",
        "+358 (0)40 123 4567",
        "00358 40 1234567",
        "+46 70 123 45 67",
        "+372 5123 4567",
        "0046701234567",
        "09 123 4567",
        "09-1234567",
        "(09) 123 4567",
        "013 123 456",
        "020 634 2650",
        "0800 123 456",
        "+1 212 555 0123",
    ] {
        check(&format!("soita {number}, kiitos"), "soita [phone], kiitos");
    }
    check("numero 0401234567", "numero [phone]");
}

#[test]
fn addresses() {
    check("matti.meikalainen@example.com", "[email]");
    check("osoite on matti@example.fi.", "osoite on [email].");
    check("matti @ example.fi", "[email]");
    check("äiti.ö@esimerkki.fi, kiitos", "[email], kiitos");
    check("matti(at)example.fi", "[email]");
    check("matti [at] example.fi", "[email]");
    check("matti+kela@mail.example.co.uk", "[email]");
}

#[test]
fn keeps_what_the_question_is_about() {
    for text in [
        "tuloni ovat 1 250,50 euroa",
        "vuokra 650 € ja tulot 1200 e/kk",
        "saan 100 000 euroa",
        "200 000 - 150 000 euroa",
        "muutin 1.5.2026",
        "31.1.",
        "31.1.2026 mennessä",
        "01.05.2026-31.07.2026",
        "1.5.2026-2027",
        "1.5.2026 - 31.12.2026",
        "vuosi 2025-2026",
        "lomake AT 1, TT1, SV 8 ja Y 121",
        "2026-05-01",
        "05-06-2026",
        "klo 8-16 ja 09.00-15.30",
        "klo 08 00-16 00",
        "soita 112 tai 116117",
        "lukuvuosi 2026–2027 ja 60 opintopistettä",
        "3 lasta, 2, 5 ja 11 v",
        "1234567-8",
        "00100 Helsinki",
        "PL 10, 00056 KELA",
        "12 000 e, 15 000 e",
        "50 % ja 0,70 %",
        "09/2026",
        "?",
        "[hetu] [iban] [phone] [email]",
        "twitter @kelafpa",
        "A4 ja B2",
        "123456-asumistuki",
        "010126 alkaen",
    ] {
        check(text, text);
    }
}

#[test]
fn neighbours_do_not_hide_each_other() {
    check("x@0.@ö", "[email][email]");
}

proptest! {
    #[test]
    fn masking_twice_changes_nothing(text in "[0-9A-Fa-fxyFI +.@()äö-]{0,40}") {
        let once = mask(&text).into_owned();
        prop_assert_eq!(mask(&once), once.as_str());
    }

    #[test]
    fn every_code_of_the_shape_goes(
        day in 1..=31u8, month in 1..=12u8, year in 0..=99u8,
        mark in "[-+A-FU-Y]", number in 0..=999u16, check in "[0-9A-FHJ-NPR-Y]",
    ) {
        let code = format!("{day:02}{month:02}{year:02}{mark}{number:03}{check}");
        prop_assert_eq!(mask(&code), "[hetu]");
        let typed = format!("olen {}, apua", code.to_lowercase());
        prop_assert_eq!(mask(&typed), "olen [hetu], apua");
    }
}

#[track_caller]
fn across(parts: &[&str], expected: Option<&str>) {
    let masked = mask_across(parts).map(|masked| {
        let shown = masked.into_iter().zip(parts).map(|(masked, part)| masked.unwrap_or_else(|| (*part).to_owned()));
        shown.collect::<Vec<_>>().join("|")
    });
    assert_eq!(masked.as_deref(), expected, "from {parts:?}");
}

#[test]
fn codes_in_pieces_are_found() {
    for (parts, expected) in [
        (&["tunnus on 010190", "-999P kiitos"][..], "tunnus on [hetu]|[hetu] kiitos"),
        (&["131052", "-308T"], "[hetu]|[hetu]"),
        (&["010190-", "999P"], "[hetu]|[hetu]"),
        (&["010190", "999k"], "[hetu]|[hetu]"),
        (&["131052-3", "08T"], "[hetu]|[hetu]"),
        (&["131052-30", "8T"], "[hetu]|[hetu]"),
        (&["1310", "52-308T"], "[hetu]|[hetu]"),
        (&["131052", "A", "308T"], "[hetu]|[hetu]|[hetu]"),
        (&["131052", "-", "308T"], "[hetu]|[hetu]|[hetu]"),
        (&["13", "10", "52", "-308T."], "[hetu]|[hetu]|[hetu]|[hetu]."),
        (&["sotu 131052", "siis", "-308T"], "sotu [hetu]|siis|[hetu]"),
        (&["131052", "hetki", "-30", "8T"], "[hetu]|hetki|[hetu]|[hetu]"),
        (&["hei", "asun 2 lapsen kanssa", "131052", "-308T"], "hei|asun 2 lapsen kanssa|[hetu]|[hetu]"),
    ] {
        across(parts, Some(expected));
        assert!(may_go_on(parts.last().unwrap()), "{parts:?}");
    }
    for parts in [
        &["tukea tuli 1200", "300 euroa puuttuu"][..],
        &["010126", "1234 euroa"],
        &["vuonna 2026", "2027 alusta"],
        &["lomake", "010190-999P"],
        &["asuin siellä 010190", "ja muutin pois"],
        &["131052", "yksi", "kaksi", "kolme", "-308T"],
        &["7131052", "-308T"],
        &["131052", "-308Tampere"],
        &["-308T"],
        &[],
    ] {
        across(parts, None);
    }
    assert!(!may_go_on("entä 2026") && !may_go_on("kiitos") && !may_go_on("") && !may_go_on("- näin on"));
}

#[test]
fn streets_with_a_number_are_masked() {
    for (text, expected) in [
        ("Asun osoitteessa Mannerheimintie 12 A 3, 00100 Helsinki.", "Asun osoitteessa [address]."),
        ("muutin Koivukuja 5:een", "muutin [address]:een"),
        ("Jag bor på Storgatan 7 b", "Jag bor på [address]"),
        ("Osoite on Iso-Roobertinkatu 20", "Osoite on [address]"),
        ("mikä tie 5 on", "mikä tie 5 on"),
        ("Kunta maksaa 5 päivää", "Kunta maksaa 5 päivää"),
        ("työtie 3 oli vaikea", "työtie 3 oli vaikea"),
    ] {
        assert_eq!(mask(text), expected);
    }
}
