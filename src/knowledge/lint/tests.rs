use super::plain::without_links;
use super::*;
use crate::knowledge;
use crate::knowledge::tests::{FI, SV, article, source};
use jiff::civil::date;

/// What is found in sound content with changes, beside what always is.
#[track_caller]
fn check_on(day: Date, changes: &[(&str, &str)], expected: &str) {
    let source = source(changes);
    let loaded = knowledge::read(&source, day);
    let knowledge = loaded.knowledge.unwrap_or_else(|| panic!("{:?}", loaded.findings));
    let told: Vec<String> = check(&source, &knowledge, day).iter().map(ToString::to_string).collect();
    assert_eq!(told.join("\n"), expected);
}

#[track_caller]
fn in_finnish(lead: &str, expected: &str) {
    let text = article("Muutokset", &format!("{lead} {{{{rise}}}}.\n\n## Miten\n? miten ilmoitan\nOmaKelassa."));
    check_on(date(2026, 11, 22), &[(FI, &text)], expected);
}

#[test]
fn long_sentences_and_chains_of_passives_are_told() {
    let linked = format!("Ilmoita [muutos]({}) heti", "a ".repeat(30));
    let text = without_links(&linked);
    assert_eq!(text, "Ilmoita muutos heti");
    let long = format!("Ilmoita {} heti", "muutos ja ".repeat(10).trim());
    in_finnish(
        &long,
        "warning: knowledge/housing/changes.fi.md:10: a sentence of 23 words (`Ilmoita muutos ja muutos ja …`): split it, 20 are plain",
    );
    in_finnish(
        "Tuki lasketaan. Se maksetaan. Raja tarkistetaan.",
        "warning: knowledge/housing/changes.fi.md:10: 3 sentences in a row are in the passive (`Raja tarkistetaan. …`): say who does it",
    );
    in_finnish("Tuki lasketaan. Soita Kelaan. Se maksetaan enintään.", "");
}

#[test]
fn abbreviations_are_explained_once_or_known_to_all() {
    in_finnish(
        "Hae todistus, sanoo DVV.",
        "warning: knowledge/housing/changes.fi.md:10: `DVV` is not explained: write the words with `(DVV)` behind them, or add it to `abbreviations` in rules.toml",
    );
    in_finnish("Digi- ja väestötietovirasto (DVV). DVV vastaa.", "");
    let text = article("Muutokset", "DVV {{rise}}.\n\n## Miten\n? miten ilmoitan\nOmaKelassa.");
    let rules = ("knowledge/rules.toml", "[abbreviations]\nfi = [\"DVV\"]\n");
    check_on(date(2026, 11, 22), &[(FI, &text), rules], "");
}

#[test]
fn versions_have_the_same_steps_or_say_why_not() {
    let steps =
        article("Muutokset", "Ilmoita {{rise}} muutoksista.\n\n## Miten\n? miten ilmoitan\n1. OmaKelassa.\n2. Heti.");
    check_on(
        date(2026, 11, 22),
        &[(SV, &steps)],
        "warning: knowledge/housing/changes.sv.md:12: 2 steps, but the Finnish version has 0: make them the same, or give the reason as `differs.steps`",
    );
    let declared = steps.replace("next = []", "next = []\ndiffers = { steps = \"FPA:s tjänst har två steg\" }");
    check_on(date(2026, 11, 22), &[(SV, &declared)], "");
    let reasonless = declared.replace("FPA:s tjänst har två steg", " ");
    check_on(
        date(2026, 11, 22),
        &[(SV, &reasonless)],
        "error: knowledge/housing/changes.sv.md:9: `differs.steps` has no reason: write one",
    );
}

#[test]
fn a_question_belongs_to_one_topic() {
    let other = |language: &str| {
        let text = article("Muutto", "Ilmoita {{rise}}.").replace("housing.changes", "housing.moving");
        (
            format!("knowledge/housing/moving.{language}.md"),
            text.replace("\"a\"", &format!("\"Ilmoitan, miten? {language}\"")),
        )
    };
    let files: Vec<(String, String)> = ["fi", "sv", "en"].map(other).to_vec();
    let mut changes: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let own = article("Muutokset", "Ilmoita {{rise}}.\n\n## Miten\n? miten ilmoitan fi\nOmaKelassa.")
        .replace("[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]", "[\"g\", \"h\", \"i\", \"j\", \"k\", \"l\"]");
    changes.push((FI, &own));
    let findings = {
        let source = source(&changes);
        let knowledge = knowledge::read(&source, date(2026, 11, 22)).knowledge.unwrap();
        check(&source, &knowledge, date(2026, 11, 22))
    };
    let of_finnish: Vec<String> =
        findings.iter().filter(|finding| finding.path.ends_with("moving.fi.md")).map(ToString::to_string).collect();
    assert_eq!(
        of_finnish,
        [
            "warning: knowledge/housing/moving.fi.md:4: `Ilmoitan, miten? fi` is also claimed by `housing.changes` (`miten ilmoitan fi`): leave it to the topic that answers it",
        ]
    );
}

#[test]
fn late_reviews_and_ending_figures_are_told() {
    let text = article("Muutokset", "Ilmoita {{rise}}.\n\n## Miten\n? miten ilmoitan\nOmaKelassa.")
        .replace("2027-01-31", "2026-06-01");
    check_on(date(2026, 8, 30), &[(FI, &text)], "");
    check_on(
        date(2026, 8, 31),
        &[(FI, &text)],
        "error: knowledge/housing/changes.fi.md:7: was to be reviewed by 2026-06-01, over 90 days ago: hold it against https://www.kela.fi/muutokset",
    );
    let facts = "[rise]\nkind = \"money\"\nsource = \"https://kela.fi\"\nvalues = [{ from = 2024-01-01, to = 2026-12-31, value = 1 }]\n";
    check_on(
        date(2026, 11, 22),
        &[("knowledge/housing/facts.toml", facts)],
        "warning: knowledge/housing/facts.toml:1: fact `rise` has no value after 2026-12-31: add the next one as soon as it is known",
    );
}
