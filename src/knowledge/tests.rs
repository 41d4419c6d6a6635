use super::*;
use crate::domain::FactValue;
use jiff::civil::date;

const TODAY: Date = date(2026, 11, 22);

const FACTS: &str = r#"
[rise]
kind = "money"
source = "https://www.kela.fi/muutokset"
values = [{ from = 2024-01-01, value = 400 }, { from = 2027-01-01, value = 410.5 }]
"#;

pub(super) fn article(title: &str, body: &str) -> String {
    format!(
        "+++\ntopic = \"housing.changes\"\ntitle = \"{title}\"\nquestions = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]\n\
         source = \"https://www.kela.fi/muutokset\"\nchecked = 2026-05-24\nreview_by = 2027-01-31\nnext = []\n+++\n{body}\n"
    )
}

/// Sound content in which some files are replaced or, with an empty text, left out.
pub(super) fn source(changes: &[(&str, &str)]) -> Source {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    files.insert("knowledge/housing/facts.toml".to_owned(), FACTS.to_owned());
    for language in Language::ALL {
        let path = format!("knowledge/housing/changes.{language}.md");
        files.insert(
            path,
            article("Muutokset", "Ilmoita {{rise}} muutoksista.\n\n## Miten\n? miten ilmoitan\nOmaKelassa."),
        );
    }
    let texts =
        intents::required().map(|(_, id)| format!("[[text]]\nid = \"{id}\"\nfi = \"x\"\nsv = \"x\"\nen = \"x\"\n"));
    files.insert("intents/texts.toml".to_owned(), texts.collect());
    for (path, text) in changes {
        if text.is_empty() {
            files.remove(*path);
        } else {
            files.insert((*path).to_owned(), (*text).to_owned());
        }
    }
    Source::from_files(files)
}

/// Reads content with changes and compares what the editor is told.
#[track_caller]
fn check(changes: &[(&str, &str)], expected: &str) {
    let findings: Vec<String> = read(&source(changes), TODAY).findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings.join("\n"), expected);
}

pub(super) const FI: &str = "knowledge/housing/changes.fi.md";
pub(super) const SV: &str = "knowledge/housing/changes.sv.md";

#[test]
fn sound_content_has_no_findings() {
    let loaded = read(&source(&[]), TODAY);
    assert_eq!(loaded.findings, []);
    let knowledge = loaded.knowledge.unwrap();
    let article = knowledge.topics[0].article(Language::En);
    assert_eq!(article.sections[0].questions, ["miten ilmoitan"]);
    let lead = |language, day| article.lead.text.fill(&knowledge.facts, language, day).unwrap().replace('\u{a0}', " ");
    assert_eq!(lead(Language::En, TODAY), "Ilmoita 400 euros muutoksista.");
    assert_eq!(lead(Language::Fi, date(2027, 1, 1)), "Ilmoita 410,50 € muutoksista.");
}

#[test]
fn every_fault_names_file_line_and_way_out() {
    check(
        &[("knowledge/housing/changes.sv.md", "")],
        "error: knowledge/housing/changes.sv.md: `housing.changes` has no sv version: write this file\n\
         warning: knowledge/housing/facts.toml: fact `rise` is used nowhere: use or remove it",
    );
    check(
        &[(FI, "Otsikko")],
        "error: knowledge/housing/changes.fi.md: `housing.changes` has no fi version: write this file\n\
         error: knowledge/housing/changes.fi.md:1: no front matter: begin with a line `+++`, then TOML, then a line `+++`\n\
         warning: knowledge/housing/facts.toml: fact `rise` is used nowhere: use or remove it",
    );
    check(
        &[(FI, &article("Muutokset", "Ilmoita {{rise}} muutoksista.\n\n## Miten\nYli 400 euron {{nothing}}."))],
        "error: knowledge/housing/changes.en.md:1: facts differ from the Finnish version: housing/nothing\n\
         error: knowledge/housing/changes.fi.md:12: a figure stands in the text (`Yli 400 euron`): make it a fact and write {{fact-id}}\n\
         error: knowledge/housing/changes.fi.md:12: fact `housing/nothing` is not in any facts.toml: add it there with its source\n\
         error: knowledge/housing/changes.sv.md:1: facts differ from the Finnish version: housing/nothing",
    );
    check(
        &[(FI, &article("Muutokset", "Ilmoita {{rise muutoksista."))],
        "error: knowledge/housing/changes.fi.md: `housing.changes` has no fi version: write this file\n\
         error: knowledge/housing/changes.fi.md:10: `{{` is not closed: write `{{fact-id}}`\n\
         warning: knowledge/housing/facts.toml: fact `rise` is used nowhere: use or remove it",
    );
}

#[test]
fn a_list_number_and_an_address_are_no_figures() {
    let body = "Ilmoita {{rise}} muutoksista.\n\n## Miten\n1. Kirjaudu.\n2. Lue [ohje](https://kela.fi/ohje-2026).";
    check(&[(FI, &article("Muutokset", body))], "");
}

#[test]
fn facts_are_read_strictly() {
    let fault = |value: &str| {
        let text = format!("[rise]\nkind = \"money\"\nsource = \"https://kela.fi\"\nvalues = [{value}]\n");
        let findings = read(&source(&[("knowledge/housing/facts.toml", &text)]), TODAY).findings;
        findings.iter().find(|finding| finding.path.ends_with("facts.toml")).unwrap().to_string()
    };
    assert_eq!(
        fault("{ from = 2024-01-01, value = 1.005 }"),
        "error: knowledge/housing/facts.toml:1: fact `rise`: `1.005` is not a value of this kind: \
         expected euros with at most two decimals, such as 578.43"
    );
    assert_eq!(
        fault("{ from = 2027-01-01, value = 1 }"),
        "error: knowledge/housing/facts.toml:1: fact `rise` has no value on 2026-11-22: add the value that holds now, with its source"
    );
    assert_eq!(
        fault("{ from = 2024-01-01, to = 2023-01-01, value = 1 }"),
        "error: knowledge/housing/facts.toml:1: fact `rise`: a value ends before it begins on 2024-01-01: swap `from` and `to`"
    );
}

#[test]
fn a_fact_holds_between_its_days() {
    let fact = Fact {
        id: "housing/rise".to_owned(),
        kind: crate::domain::FactKind::Money,
        source: "https://kela.fi".to_owned(),
        note: None,
        values: vec![crate::domain::fact::Dated {
            from: date(2025, 1, 1),
            to: Some(date(2025, 12, 31)),
            value: FactValue::Money(1),
        }],
    };
    assert_eq!(fact.on(date(2024, 12, 31)), None);
    assert_eq!(fact.on(date(2025, 12, 31)), Some(&FactValue::Money(1)));
    assert_eq!(fact.on(date(2026, 1, 1)), None);
}

#[test]
fn the_version_is_the_content() {
    assert_eq!(source(&[]).version(), source(&[]).version());
    assert_ne!(source(&[]).version(), source(&[(FI, "x")]).version());
}

#[test]
fn what_is_not_written_yet_is_listed() {
    let text = article("Muutokset", "TO-WRITE lead {{rise}}\n\n## Miten\n? miten ilmoitan\nOmaKelassa.");
    check(
        &[(FI, &text)],
        "error: knowledge/housing/changes.fi.md:10: `TO-WRITE lead {{rise}}` is not written yet: write it in its place",
    );
}
